// Package export hands a log's entries on, each once and in order, to a system that collects them. Where an export ended is a Cursor: how
// many entries were handed on, and the root hash over them. The next export goes on from there only if the log still begins with those
// entries; a log that was cut or written anew is noticed by whoever collects, without any key.
package export

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/tiles"
)

// Cursor is the end of an export. The zero Cursor is the beginning of every log.
type Cursor struct {
	Size uint64    // entries that were handed on; the index of the next
	Root tlog.Hash // over them (RFC 6962 §2.1)
}

// String is the cursor's only spelling: size, colon, root hash in base64; empty at the beginning.
func (c Cursor) String() string {
	if c.Size == 0 {
		return ""
	}
	return strconv.FormatUint(c.Size, 10) + ":" + c.Root.String()
}

// ParseCursor reads what String wrote.
func ParseCursor(text string) (c Cursor, err error) {
	if text == "" {
		return c, nil
	}
	size, root, _ := strings.Cut(text, ":")
	c.Size, err = strconv.ParseUint(size, 10, 62)
	if err == nil {
		c.Root, err = tlog.ParseHash(root)
	}
	if err == nil && c.String() != text {
		err = errors.New("it is misspelt")
	}
	if err != nil {
		return Cursor{}, failed(access.Invalid, "read cursor", "give the cursor that the last export printed", fmt.Errorf("%q: %w", text, err))
	}
	return c, nil
}

// At is the cursor behind everything that the Reader sees.
func At(r *ledger.Reader) (Cursor, error) { return at(r, r.Size()) }

func at(r *ledger.Reader, size uint64) (Cursor, error) {
	if size == 0 {
		return Cursor{0, tiles.Edge{}.Root()}, nil
	}
	root, err := tlog.TreeHash(int64(size), r)
	if err != nil {
		return Cursor{}, failed(access.Invalid, "compute root", "run muster ledger verify", err)
	}
	return Cursor{size, root}, nil
}

// Check wants the log to begin with the entries that the cursor counts.
func Check(r *ledger.Reader, after Cursor) error {
	if after.Size == 0 {
		return nil
	}
	const hint = "the log was cut, restored from a backup or written anew; find out by muster ledger verify, then export from the beginning"
	if after.Size > r.Size() {
		return failed(access.Conflict, "continue export", hint, fmt.Errorf("%d entries were exported, the log has %d", after.Size, r.Size()))
	}
	have, err := at(r, after.Size)
	if err != nil {
		return err
	}
	if have.Root != after.Root {
		return failed(access.Conflict, "continue export", hint, fmt.Errorf("the log's first %d entries are not those that were exported: their root is %s, it was %s", after.Size, have.Root, after.Root))
	}
	return nil
}

// Raw writes the exact bytes of each entry behind the cursor, a line each, and returns the cursor behind them. What commits to personal data stays
// a commitment. When it cannot read on or ctx is over, it ends behind a whole line, with the cursor behind that and the error.
func Raw(ctx context.Context, w io.Writer, r *ledger.Reader, after Cursor) (Cursor, error) {
	if err := Check(r, after); err != nil || after.Size == r.Size() {
		return after, err
	}
	out := bufio.NewWriter(w)
	size := after.Size
	var broke error
	for leaf, err := range r.Leaves(ctx, after.Size, r.Size()-1) {
		if broke = err; err != nil {
			break
		}
		_, _ = out.Write(leaf)  // Flush tells
		_ = out.WriteByte('\n') // Flush tells
		size++
	}
	if err := out.Flush(); err != nil {
		return after, failed(access.Internal, "write entries", "", err)
	}
	return reached(r, after, size, broke)
}

// Stream hands the entries behind the cursor to yield, one by one.
type Stream func(yield func(ledger.Entry) error) error

// Entries lets write make whole lines of the entries behind the cursor, and returns the cursor behind them. When it cannot read on or ctx is
// over, the stream ends for write as if there were no more entries, and the error comes with the cursor behind those that write took.
func Entries(ctx context.Context, r *ledger.Reader, after Cursor, write func(Stream) error) (Cursor, error) {
	if err := Check(r, after); err != nil {
		return after, err
	}
	size := after.Size
	var broke error
	err := write(func(yield func(ledger.Entry) error) error {
		var refused error
		broke = r.Entries(ctx, after.Size, func(e ledger.Entry) error {
			if refused = yield(e); refused == nil {
				size++
			}
			return refused
		})
		return refused
	})
	if err != nil {
		return after, err
	}
	return reached(r, after, size, broke)
}

// reached is where an export ended, and why there.
func reached(r *ledger.Reader, after Cursor, size uint64, broke error) (Cursor, error) {
	if size == after.Size {
		return after, broke
	}
	c, err := at(r, size)
	if err != nil {
		return after, errors.Join(broke, err)
	}
	return c, broke
}

func failed(kind access.Kind, op, hint string, err error) error {
	return &access.Error{System: "ledger", Op: op, Kind: kind, Hint: hint, Err: err}
}
