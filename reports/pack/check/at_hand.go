package check

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"muster/internal/ledger"
	"muster/reports/pack"
)

// OnLedger compares a verified pack with a ledger that is at hand: its checkpoint must be one that this ledger went through, and the ledger must
// have the SHA-256 of the zip file. It finds what the pack alone cannot show: another ledger made with the same key, and a pack that was
// made later than the one that was handed out.
func OnLedger(ctx context.Context, rep Report, dir string) []Step {
	past := Step{Name: "ledger at hand: it went through the pack's checkpoint"}
	entered := Step{Name: "ledger at hand: it has the digest of this pack"}
	r, err := ledger.Read(dir)
	if err != nil {
		past.Details, entered.Details = []string{"ledger at hand: " + err.Error()}, []string{"not checked"}
		return []Step{past, entered}
	}
	past.OK, past.Details = extends(r, rep)
	found := ""
	err = r.Entries(ctx, 0, func(e ledger.Entry) error {
		var data struct {
			SHA256 string `json:"sha256"`
		}
		if e.Type == ledger.Pack && json.Unmarshal(e.Data, &data) == nil && data.SHA256 == rep.SHA256 && rep.SHA256 != "" {
			found = fmt.Sprintf("entry %d of %s", e.Index, e.Time.Format(time.RFC3339))
		}
		return nil
	})
	switch {
	case err != nil:
		entered.Details = []string{"ledger at hand: " + err.Error()}
	case found == "":
		entered.Details = []string{fmt.Sprintf("ledger at hand: no entry has the digest %s of this pack", rep.SHA256)}
	default:
		entered.OK, entered.Details = true, []string{found}
	}
	return []Step{past, entered}
}

// extends reports whether a ledger went through the checkpoint of a pack.
func extends(r *ledger.Reader, rep Report) (bool, []string) {
	files, shut, err := Files(rep.Path)
	if err != nil {
		return false, []string{err.Error()}
	}
	defer func() { _ = shut() }() // it was only read
	text, err := fs.ReadFile(files, pack.CheckpointFile)
	if err != nil {
		return false, []string{pack.CheckpointFile + ": " + err.Error()}
	}
	if _, err := r.At(string(text)); err != nil {
		return false, []string{fmt.Sprintf("ledger at hand: it did not go through the checkpoint of the pack: %s", strings.TrimSpace(err.Error()))}
	}
	return true, []string{fmt.Sprintf("%d of its %d entries", rep.File.Ledger.Size, r.Size())}
}
