package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// RunDigest commits to what a run says of itself: its clock and counts, the sources with their completeness, the rules, controls, bundles, accepted
// risks and inputs. The run enters it on the ledger before any pack is made, so every pack of the run, of whatever kind, must have it. It is
// the hex SHA-256 of evidence.json's members that are the same in all of them, as compact JSON. What the ledger of the run or the pack adds is
// left out. A pack that holds only some persons has other inputs, and no such digest.
func (f File) RunDigest() (string, error) {
	f.Kind, f.Subject, f.Pack, f.GeneratedBy, f.Renderer, f.Scope = "", "", "", "", "", Scope{}
	f.Totals, f.FindingsSHA256, f.Annexes, f.Ledger, f.Later, f.Detail = Totals{}, "", nil, LedgerFile{}, nil, nil
	f.Run.FinishedAt, f.Run.State = time.Time{}, ""
	text, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("encode what a run says of itself: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// inputs names the inputs with their digests.
func inputs(list []Input) []Annex {
	out := []Annex{}
	for _, in := range list {
		sum := sha256.Sum256([]byte(in.Content))
		out = append(out, Annex{File: InputFolder + in.Name, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(in.Content))})
	}
	return out
}

// InputFolder is the folder of the inputs in a pack.
const InputFolder = "inputs/"
