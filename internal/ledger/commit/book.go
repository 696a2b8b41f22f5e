package commit

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"muster/internal/ledger/canonical"
	"muster/internal/ledger/durable"
)

// perFile is how many entries' openings one file of a Book holds.
const perFile = 1 << 16

// Book is the folder that keeps openings: files of one JSON object a line, of 65,536 entries each, mode 0600; while one is written, zeros follow.
// One process writes, the one
// that holds the log's lock; any may read. It is used by one goroutine at a time.
type Book struct {
	dir  string
	disk *durable.Disk
	tail *durable.Tail
	at   uint64 // number of the open file
}

// NewBook keeps openings in dir, which is made when the first is kept.
func NewBook(dir string) *Book { return &Book{dir: dir, disk: durable.New(dir)} }

// line is an opening as it is kept.
type line struct {
	Entry      uint64          `json:"n"`
	Commitment string          `json:"c"`
	Field      string          `json:"f,omitempty"`
	Value      json.RawMessage `json:"v,omitempty"`
	Salt       []byte          `json:"s,omitempty"`
	Persons    []string        `json:"p,omitempty"`
	Erased     bool            `json:"erased,omitempty"`
}

func name(n uint64) string { return fmt.Sprintf("%06d.ndjson", n) }

// Add keeps openings, durably. They are in the order of their entries.
func (b *Book) Add(list []Opening) error {
	for len(list) > 0 {
		n := list[0].Entry / perFile
		end := slices.IndexFunc(list, func(o Opening) bool { return o.Entry/perFile != n })
		if end < 0 {
			end = len(list)
		}
		if err := b.add(n, list[:end]); err != nil {
			return fmt.Errorf("keep openings: %w", err)
		}
		list = list[end:]
	}
	return nil
}

func (b *Book) add(n uint64, list []Opening) error {
	if err := b.open(n); err != nil {
		return err
	}
	var text []byte
	for _, o := range list {
		text = o.append(text)
	}
	if _, err := b.tail.Write(text); err != nil {
		return err
	}
	if err := b.tail.Sync(); err != nil {
		return errors.Join(err, b.tail.Cut(int64(len(text))))
	}
	return nil
}

// append appends the line of an opening, as encoding/json would write a line.
func (o Opening) append(dst []byte) []byte {
	dst = strconv.AppendUint(append(dst, `{"n":`...), o.Entry, 10)
	dst = canonical.AppendString(append(dst, `,"c":`...), o.Commitment)
	if o.Field != "" {
		dst = canonical.AppendString(append(dst, `,"f":`...), o.Field)
	}
	if len(o.Value) > 0 {
		dst = append(append(dst, `,"v":`...), o.Value...)
	}
	if len(o.Salt) > 0 {
		dst = append(base64.StdEncoding.AppendEncode(append(dst, `,"s":"`...), o.Salt), '"')
	}
	for i, p := range o.Persons {
		if i == 0 {
			dst = append(dst, `,"p":[`...)
		} else {
			dst = append(dst, ',')
		}
		if dst = canonical.AppendString(dst, string([]rune(p))); i == len(o.Persons)-1 {
			dst = append(dst, ']')
		}
	}
	if o.Erased {
		dst = append(dst, `,"erased":true`...)
	}
	return append(dst, '}', '\n')
}

// open opens file n for appending, behind its last whole line: a crash may have left a piece of one.
func (b *Book) open(n uint64) error {
	if b.tail != nil && b.at == n {
		return nil
	}
	if err := b.Close(); err != nil {
		return err
	}
	if err := b.make(name(n)); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(b.dir, name(n)), os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	end, err := cutPiece(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	b.tail, b.at = durable.NewTail(f, end), n
	return nil
}

// cutPiece cuts a file behind its last whole line.
func cutPiece(f *os.File) (whole int64, err error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	whole, err = lineStart(f, end)
	if err == nil && whole < end {
		err = f.Truncate(whole)
	}
	return whole, err
}

// make makes a file that is not there, and its name durable: a process that died may have made it and not waited for it.
func (b *Book) make(file string) error {
	if b.disk.Exists(file) {
		return errors.Join(b.disk.Mkdir(b.dir), b.disk.SyncRoot())
	}
	if err := os.MkdirAll(filepath.Dir(b.dir), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(b.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return errors.Join(b.disk.Write(file, nil, 0o600), b.disk.Flush())
}

// Close closes the file that is open; the Book can be used again.
func (b *Book) Close() error {
	if b.tail == nil {
		return nil
	}
	t := b.tail
	b.tail = nil
	return t.Close()
}

// Openings gives what is kept of an entry's commitments, by commitment; what was erased says so, what was never kept is missing.
func (b *Book) Openings(entry uint64) (map[string]Opening, error) {
	out := map[string]Opening{}
	err := b.each(name(entry/perFile), func(o Opening) error {
		if o.Entry == entry {
			out[o.Commitment] = o
		}
		return nil
	})
	return out, err
}

// Of gives what is kept of the commitments of several entries, in the order of the files; only the files that have them are read.
func (b *Book) Of(entries []uint64, yield func(Opening) error) error {
	wanted, files := map[uint64]bool{}, map[string]bool{}
	for _, n := range entries {
		wanted[n], files[name(n/perFile)] = true, true
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		err := b.each(file, func(o Opening) error {
			if !wanted[o.Entry] {
				return nil
			}
			return yield(o)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Each gives every opening that is kept, file by file, with what was erased.
func (b *Book) Each(ctx context.Context, yield func(Opening) error) error {
	files, err := b.files()
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := errors.Join(ctx.Err(), b.each(file, yield)); err != nil {
			return err
		}
	}
	return nil
}

// files lists the Book's files in the order of their entries.
func (b *Book) files() ([]string, error) {
	entries, err := os.ReadDir(b.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read openings: %w", err)
	}
	var out []string
	for _, e := range entries {
		number, ok := strings.CutSuffix(e.Name(), ".ndjson")
		if n, err := strconv.ParseUint(number, 10, 64); ok && err == nil && name(n) == e.Name() {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

func (b *Book) each(file string, yield func(Opening) error) (err error) {
	f, err := os.Open(filepath.Join(b.dir, file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read openings: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	in := bufio.NewReaderSize(f, 1<<16)
	for {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // what has no end was never kept
		}
		if err != nil {
			return fmt.Errorf("read openings: %w", err)
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil && torn(text) {
			continue
		} else if err != nil {
			return fmt.Errorf("read openings of %s: %w", file, err)
		}
		o := Opening{Entry: l.Entry, Field: l.Field, Value: l.Value, Salt: l.Salt, Persons: l.Persons, Erased: l.Erased, Commitment: l.Commitment}
		if err := yield(o); err != nil {
			return err
		}
	}
}

// Erase removes the values, salts and persons of all openings that drop chooses, by writing the files that have any anew. It returns how many
// there were; with dry set, nothing is removed.
func (b *Book) Erase(ctx context.Context, dry bool, drop func(Opening) bool) (erased int, err error) {
	if err := b.Close(); err != nil {
		return 0, err
	}
	files, err := b.files()
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		var text []byte
		here := 0
		err := b.each(file, func(o Opening) error {
			if !o.Erased && drop(o) {
				here++
				o = Opening{Entry: o.Entry, Commitment: o.Commitment, Erased: true}
			}
			text = o.append(text)
			return nil
		})
		if err == nil && here > 0 && !dry {
			err = errors.Join(b.disk.Write(file, text, 0o600), b.disk.Flush())
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return erased, fmt.Errorf("erase openings: %w", err)
		}
		erased += here
	}
	return erased, nil
}
