package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"muster/internal/ledger"
	"muster/reports/pack"
)

// receipt checks the proof beside the pack that the ledger has exactly this zip file. Without one, or of an unpacked folder, the step says that
// nobody can tell from the pack alone.
func (c *check) receipt(s *Step) error {
	if c.report.SHA256 == "" {
		return finish(s, nil, "not checked: this is an unpacked folder; the ledger has the digest of the zip file")
	}
	text, err := os.ReadFile(c.report.Path + pack.ReceiptSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return finish(s, nil, "not checked: there is no %s beside the pack; ask for it, or compare the SHA-256 %s with the ledger", pack.ReceiptSuffix, c.report.SHA256)
	}
	if err != nil {
		return finish(s, []string{fmt.Sprintf("%s: %v", pack.ReceiptSuffix, err)}, "")
	}
	key, err := c.text(pack.VerifierFile)
	if err != nil {
		return finish(s, []string{err.Error()}, "")
	}
	p, err := ledger.ParseProof(string(text))
	if err != nil {
		return finish(s, []string{fmt.Sprintf("the receipt (%s): %v", pack.ReceiptSuffix, err)}, "")
	}
	e, err := ledger.VerifyProof(p, p.Checkpoint, strings.TrimSuffix(key, "\n"))
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
	return finish(s, nil, "entry %d has the SHA-256 of this file", e.Index)
}
