// Package halt is the kill switch: a file in the data folder. While it is there nothing is changed in any system; an apply that is under way
// looks for it between two changes. Anybody who may write the folder may make the file, by hand too; no ledger is needed for that, because
// the process that holds the ledger may be the one to stop. Whoever meets it enters it on the ledger.
package halt

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"muster/internal/access"
	"muster/internal/ledger/durable"
	"muster/remediate"
)

const file = "STOP"

// Why reports whether the switch is set, and what its file says. A folder that cannot be read counts as set.
func Why(dir string) (string, bool) {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if errors.Is(err, os.ErrNotExist) {
		return "", false
	}
	if err != nil {
		return "the kill switch cannot be read: " + err.Error(), true
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	if line == "" {
		line = "no reason given"
	}
	return line, true
}

// Set sets the switch. by is who does.
func Set(dir, reason, by string) error {
	if err := remediate.CheckReason("set the kill switch", reason); err != nil {
		return err
	}
	disk := durable.New(dir)
	if err := errors.Join(disk.Write(file, []byte(strings.TrimSpace(reason)+" ("+by+")\n"), 0o644), disk.Flush()); err != nil {
		return &access.Error{Op: "set the kill switch", Kind: access.Denied, Hint: "make the file by hand: touch " + filepath.Join(dir, file), Err: err}
	}
	return nil
}

// Lift takes the file away.
func Lift(dir string) error {
	if err := durable.Remove(filepath.Join(dir, file)); err != nil {
		return &access.Error{Op: "lift the kill switch", Kind: access.Denied, Hint: "remove it by hand: rm " + filepath.Join(dir, file), Err: err}
	}
	return nil
}
