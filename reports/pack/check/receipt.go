package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"muster/internal/ledger"
	"muster/reports/pack"
	"muster/reports/pack/cosign"
)

// mostBeside bounds the files beside a pack.
const mostBeside = 1 << 20

// beside reads a file beside the pack.
func (c *check) beside(suffix string) (string, error) {
	f, err := os.Open(c.report.Path + suffix)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, mostBeside+1))
	if err == nil && len(text) > mostBeside {
		err = errors.New("it is too long")
	}
	return string(text), err
}

// receipt checks the proof beside the pack that the ledger has exactly this zip file. Without one, or of an unpacked folder, nobody can tell from the
// pack alone.
func (c *check) receipt(s *Step) error {
	if c.report.SHA256 == "" {
		return skip(s, "this is an unpacked folder; the ledger has the digest of the zip file")
	}
	text, err := c.beside(pack.ReceiptSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return skip(s, fmt.Sprintf("there is no %s beside the pack; ask for it, or compare the SHA-256 %s with the ledger", pack.ReceiptSuffix, c.report.SHA256))
	}
	if err != nil {
		return finish(s, []string{fmt.Sprintf("%s: %v", pack.ReceiptSuffix, err)}, "")
	}
	key, err := c.text(pack.VerifierFile)
	if err != nil {
		return finish(s, []string{err.Error()}, "")
	}
	p, err := ledger.ParseProof(text)
	if err != nil {
		return finish(s, []string{fmt.Sprintf("the receipt (%s): %v", pack.ReceiptSuffix, err)}, "")
	}
	own, others := cosign.Parts(p.Checkpoint)
	e, err := ledger.VerifyProof(p, own, strings.TrimSuffix(key, "\n"))
	if err != nil {
		return finish(s, []string{fmt.Sprintf("the receipt (%s): %v", pack.ReceiptSuffix, err)}, "")
	}
	var said struct {
		Pack   string `json:"pack"`
		SHA256 string `json:"sha256"`
	}
	switch err := json.Unmarshal(e.Data, &said); {
	case err != nil || e.Type != ledger.Pack:
		return finish(s, []string{fmt.Sprintf("the receipt (%s): it proves an entry of type %s", pack.ReceiptSuffix, e.Type)}, "")
	case said.SHA256 != c.report.SHA256:
		return finish(s, []string{fmt.Sprintf("the zip file: its SHA-256 is %s; the one that was handed out, %s, has %s on the ledger", c.report.SHA256, said.Pack, said.SHA256)}, "")
	}
	c.proof = &p
	if len(others) > 0 {
		return finish(s, nil, "entry %d has the SHA-256 of this file; %d further signatures of the checkpoint are for --witness to check", e.Index, len(others))
	}
	return finish(s, nil, "entry %d has the SHA-256 of this file", e.Index)
}

// witnessed checks that witnesses cosigned the checkpoint of the receipt, and that the checkpoint of the pack's run is of the same history.
func (c *check) witnessed(s *Step) error {
	s.Name = fmt.Sprintf("witnesses: none of the %d given keys cosigned the checkpoint of the receipt", len(c.witnesses))
	if c.proof == nil {
		return finish(s, []string{"there is no receipt that holds, so nobody is known to have cosigned its checkpoint"}, "")
	}
	key, err := c.text(pack.VerifierFile)
	if err != nil {
		return finish(s, []string{err.Error()}, "")
	}
	key = strings.TrimSuffix(key, "\n")
	own, others := cosign.Parts(c.proof.Checkpoint)
	by, problems := cosign.By(own, others, key, c.witnesses)
	for i := range problems {
		problems[i] = fmt.Sprintf("the receipt (%s): %s", pack.ReceiptSuffix, problems[i])
	}
	if len(by) == 0 {
		const hint = "the organisation makes the receipt anew by muster ledger receipt, after muster ledger cosign"
		return finish(s, append(problems, fmt.Sprintf("the receipt (%s): its checkpoint has no cosignature of these witnesses; %s", pack.ReceiptSuffix, hint)), "")
	}
	s.Name = fmt.Sprintf("witnesses: %d of the %d given keys cosigned the checkpoint of the receipt", len(by), len(c.witnesses))
	growth, err := c.beside(pack.GrowthSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return partly(s, problems, fmt.Sprintf("there is no %s beside the pack, so that its run's checkpoint may be of another history than the one that they saw", pack.GrowthSuffix), "%s", strings.Join(by, ", "))
	}
	if err == nil {
		err = c.grew(own, growth, key)
	}
	if err != nil {
		problems = append(problems, fmt.Sprintf("the receipt's companion (%s): %v", pack.GrowthSuffix, err))
	}
	return finish(s, problems, "%s; the ledger only grew from the run's checkpoint to this one", strings.Join(by, ", "))
}

// grew checks that the checkpoint of a receipt continues the newest one of the pack.
func (c *check) grew(newer, growth, key string) error {
	old, err := c.text(pack.CheckpointFile)
	if err == nil && c.report.File.Later != nil {
		old, err = c.text(pack.LaterCheckpointFile)
	}
	if err != nil {
		return err
	}
	proof, err := ledger.ParseConsistency(old, newer, growth)
	if err != nil {
		return err
	}
	return ledger.VerifyConsistency(proof, key)
}
