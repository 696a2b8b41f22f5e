package listen

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"muster/internal/access"
	"muster/internal/ledger/durable"
	"muster/remediate/approve"
)

// Spool keeps refusals on disk until the ledger takes them: one file each, in the order of their arrival.
type Spool struct {
	dir    string
	number atomic.Uint64
}

// maxSpool is how many refusals are kept: a flood of forgeries must not fill the disk. What comes beyond is an error, which is logged.
const maxSpool = 10_000

// OpenSpool opens the spool in a folder.
func OpenSpool(dir string) (*Spool, error) {
	if err := durable.New(dir).Mkdir(dir); err != nil {
		return nil, &access.Error{Op: "open spool of refusals", Kind: access.Denied, Hint: "the data folder must be writable", Err: err}
	}
	return &Spool{dir: dir}, nil
}

// Put keeps a refusal.
func (s *Spool) Put(a approve.Attempt) error {
	n := s.number.Add(1)
	if n > maxSpool {
		return &access.Error{Op: "spool refusal", Kind: access.Throttled, Err: fmt.Errorf("%d refusals wait for the ledger already", maxSpool)}
	}
	text, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode refusal: %w", err)
	}
	disk := durable.New(s.dir)
	name := fmt.Sprintf("%s-%08d.json", time.Now().UTC().Format("20060102T150405.000000000"), n)
	if err := errors.Join(disk.Write(name, text, 0o600), disk.Flush()); err != nil {
		return fmt.Errorf("spool refusal: %w", err)
	}
	return nil
}

// Empty hands every refusal to enter, the oldest first, and removes it then. A file that cannot be read is left for people to look at.
func (s *Spool) Empty(enter func(approve.Attempt) error) error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("read spool of refusals: %w", err)
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		path := filepath.Join(s.dir, e.Name())
		text, err := os.ReadFile(path)
		var a approve.Attempt
		if err != nil || filepath.Ext(e.Name()) != ".json" || json.Unmarshal(text, &a) != nil {
			continue
		}
		if err := enter(a); err != nil {
			return err
		}
		if err := durable.Remove(path); err != nil {
			return fmt.Errorf("remove spooled refusal: %w", err)
		}
	}
	s.number.Store(0)
	return nil
}
