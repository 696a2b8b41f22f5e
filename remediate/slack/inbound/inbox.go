package inbound

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"muster/internal/access"
)

// Inbox keeps accepted interactions in files, one each, until they are handled. A file is there whole or not at all, and stays through a
// loss of power. It holds what was pressed and the reason of a denial, and can be read by its owner only.
type Inbox struct {
	dir   string
	held  atomic.Int64
	names flusher
}

const (
	inboxEnd  = ".json"
	badEnd    = ".bad"
	tempStart = ".tmp-"
	// maxHeld is how many interactions may wait. More than that is no work of people.
	maxHeld = 10000
)

// OpenInbox makes the folder when it is not there, and removes what a crash left half written.
func OpenInbox(dir string) (*Inbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, inboxError("make the inbox", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, inboxError("read the inbox", err)
	}
	b := &Inbox{dir: dir}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempStart) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, inboxError("clear the inbox", err)
			}
		} else if strings.HasSuffix(e.Name(), inboxEnd) {
			b.held.Add(1)
		}
	}
	return b, syncDir(filepath.Dir(dir))
}

func inboxError(op string, err error) error {
	return &access.Error{System: "slack", Op: op, Kind: access.Denied, Hint: "the data folder must be writable and have room", Err: err}
}

// Put writes an interaction durably. It reports fs.ErrExist for one that is there.
func (b *Inbox) Put(x Interaction) error {
	if b.held.Load() >= maxHeld {
		return inboxError("keep an interaction", fmt.Errorf("%d wait already", maxHeld))
	}
	text, err := json.Marshal(x)
	if err != nil {
		return inboxError("keep an interaction", err)
	}
	path, temp := filepath.Join(b.dir, x.ID+inboxEnd), filepath.Join(b.dir, tempStart+x.ID)
	if _, err := os.Lstat(path); err == nil {
		return inboxError("keep an interaction", fs.ErrExist)
	}
	if err := writeNew(temp, text); err != nil { // two at the same time meet here
		return inboxError("keep an interaction", err)
	}
	if err := os.Rename(temp, path); err != nil {
		return inboxError("keep an interaction", errors.Join(err, os.Remove(temp)))
	}
	b.held.Add(1)
	return b.names.flush(func() error { return syncDir(b.dir) })
}

func writeNew(path string, text []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			_ = os.Remove(path) // best effort: the next start removes it too
		}
	}()
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Sync()
}

func syncDir(dir string) (err error) {
	f, err := os.Open(dir)
	if err != nil {
		return inboxError("flush the inbox", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // some file systems have no such thing
		return inboxError("flush the inbox", err)
	}
	return nil
}

// Remove takes a handled interaction out. Should the removal be lost in a crash, it is handled again, and refused.
func (b *Inbox) Remove(id string) error {
	if err := os.Remove(filepath.Join(b.dir, id+inboxEnd)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return inboxError("clear an interaction", err)
	}
	b.held.Add(-1)
	return nil
}

// Has reports whether an interaction waits.
func (b *Inbox) Has(id string) bool {
	_, err := os.Lstat(filepath.Join(b.dir, id+inboxEnd))
	return !errors.Is(err, fs.ErrNotExist)
}

// List gives what waits, the oldest first, without those that skip names. A file that cannot be read as an interaction is set aside and
// named in the error; the others are given all the same.
func (b *Inbox) List(skip func(id string) bool) ([]Interaction, error) {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return nil, inboxError("read the inbox", err)
	}
	var out []Interaction
	var errs []error
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), inboxEnd)
		if !ok || strings.HasPrefix(id, ".") || skip(id) {
			continue
		}
		path := filepath.Join(b.dir, e.Name())
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // handled meanwhile
		}
		var x Interaction
		if err == nil {
			err = json.Unmarshal(text, &x)
		}
		if err == nil && x.ID != id {
			err = fmt.Errorf("it says that it is %q", x.ID)
		}
		if err != nil {
			errs = append(errs, inboxError("read "+e.Name()+", set aside", errors.Join(err, os.Rename(path, strings.TrimSuffix(path, inboxEnd)+badEnd))))
			b.held.Add(-1)
			continue
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(x, y Interaction) int { return x.At.Compare(y.At) })
	return out, errors.Join(errs...)
}
