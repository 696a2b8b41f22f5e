package ledger

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/access"
	"muster/internal/ledger/keys"
)

// Checkpoint is a signed statement of the log's size and root hash (C2SP tlog-checkpoint).
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   tlog.Hash
	Text   string // the signed note
}

// ParseCheckpoint reads a signed checkpoint and checks its signature against a signed-note verifier key, which also fixes
// the origin. There is exactly one spelling of a valid checkpoint: any changed byte is an error.
func ParseCheckpoint(text, verifierKey string) (Checkpoint, error) {
	c, err := parseCheckpoint(text, verifierKey)
	if err != nil {
		return Checkpoint{}, failed(access.Invalid, "check checkpoint", "", err)
	}
	return c, nil
}

func parseCheckpoint(text, verifierKey string) (Checkpoint, error) {
	body, origin, err := keys.OpenNote(text, verifierKey)
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := parseBody(body)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != origin {
		return Checkpoint{}, fmt.Errorf("its origin is %q, the key's is %q", c.Origin, origin)
	}
	c.Text = text
	return c, nil
}

// parseBody reads the three lines of the note's text.
func parseBody(body string) (Checkpoint, error) {
	lines := strings.Split(body, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Checkpoint{}, fmt.Errorf("it should have three lines: origin, size, root hash")
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	if err != nil || strconv.FormatUint(size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("its size %q is no number", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil || root.String() != lines[2] {
		return Checkpoint{}, fmt.Errorf("its root hash %q is no hash", lines[2])
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

// sign makes the checkpoint of a tree.
func sign(signer note.Signer, size uint64, root tlog.Hash) (Checkpoint, error) {
	body := fmt.Sprintf("%s\n%d\n%s\n", signer.Name(), size, root)
	text, err := note.Sign(&note.Note{Text: body}, signer)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("sign checkpoint: %w", err)
	}
	return Checkpoint{Origin: signer.Name(), Size: size, Root: root, Text: string(text)}, nil
}

// failed is the package's error: what was tried on the ledger, what it means, and what may be done.
func failed(kind access.Kind, op, hint string, err error) error {
	return &access.Error{System: "ledger", Op: op, Kind: kind, Hint: hint, Err: err}
}
