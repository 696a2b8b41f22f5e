package rows

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/access"
)

// Export reads the tables from the files of a folder.
type Export struct {
	System string
	Dir    string
}

// errCut says that a file lacks its last newline: it was cut, or is still being written.
var errCut = errors.New("the file does not end with a newline: it is cut off")

// Read hands every row to each, in the columns' order of the table; ref is "roles.csv line 12". A row with another number of
// fields than the header is nil. What is not CSV ends it.
func (e Export) Read(ctx context.Context, t Table, each func(ref string, row []string) error) error {
	name := t.name + ".csv"
	op := "read " + name
	f, err := os.Open(filepath.Join(e.Dir, name))
	if err != nil {
		return e.fileError("open "+name, err)
	}
	defer f.Close()
	err = readCSV(f, t, func(line int, row []string) error {
		if err := ctx.Err(); err != nil {
			return &stopped{err}
		}
		if err := each(fmt.Sprintf("%s line %d", name, line), row); err != nil {
			return &stopped{err}
		}
		return nil
	})
	if s, ok := errors.AsType[*stopped](err); ok {
		return s.err
	}
	pe, isParse := errors.AsType[*csv.ParseError](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errCut):
		return &access.Error{System: e.System, Op: op, Kind: access.Incomplete, Err: err, Hint: "make the export again"}
	case isParse:
		return &access.Error{System: e.System, Op: op, Kind: access.Invalid, Err: fmt.Errorf("line %d: %w", pe.Line, pe.Err), Hint: "export it as CSV with a header"}
	}
	return &access.Error{System: e.System, Op: op, Kind: access.Invalid, Err: err, Hint: "the columns are " + strings.Join(t.columns, ",")}
}

// stopped carries an error of the receiver through the CSV reader.
type stopped struct{ err error }

// Error is the receiver's.
func (s *stopped) Error() string { return s.err.Error() }

// readCSV reads a file with a header; columns may stand in any order, unknown ones are passed over and optional ones may be
// missing.
func readCSV(r io.Reader, t Table, each func(line int, row []string) error) error {
	last := &lastByte{r: r}
	in := csv.NewReader(bufio.NewReaderSize(last, 1<<16))
	in.FieldsPerRecord = -1
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty: it has no header")
	}
	if err != nil {
		return last.cut(err)
	}
	at := make([]int, len(t.columns))
	for i, column := range t.columns {
		at[i] = slices.IndexFunc(header, func(h string) bool {
			return strings.EqualFold(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")), column)
		})
		if at[i] < 0 && i < t.required {
			return fmt.Errorf("the header has no column %q", column)
		}
	}
	var held func() error // the row before: the last one counts only when its line is whole
	for {
		record, err := in.Read()
		ended := errors.Is(err, io.EOF)
		if ended && last.b != '\n' {
			return errCut
		}
		if held != nil {
			if err := held(); err != nil {
				return err
			}
		}
		if ended {
			return nil
		}
		if err != nil {
			return last.cut(err)
		}
		line, _ := in.FieldPos(0)
		held = func() error { return each(line, arrange(record, at, len(header))) }
	}
}

// arrange puts a record in the columns' order; nil is a record with another number of fields than the header.
func arrange(record []string, at []int, fields int) []string {
	if len(record) != fields {
		return nil
	}
	row := make([]string, len(at))
	for i, j := range at {
		if j >= 0 {
			row[i] = record[j]
		}
	}
	return row
}

func (e Export) fileError(op string, err error) error {
	out := &access.Error{System: e.System, Op: op, Kind: access.Invalid, Err: errors.New("cannot read the file")}
	switch {
	case errors.Is(err, os.ErrNotExist):
		out.Kind, out.Err, out.Hint = access.NotFound, errors.New("no such file"), "export: is a folder with roles.csv, members.csv and grants.csv"
	case errors.Is(err, os.ErrPermission):
		out.Kind, out.Err, out.Hint = access.Denied, errors.New("permission denied"), "let the user that runs muster read the file"
	}
	return out
}

// lastByte remembers the last byte that went through, and whether that was all.
type lastByte struct {
	r   io.Reader
	b   byte
	eof bool
}

// Read passes on.
func (l *lastByte) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if n > 0 {
		l.b = p[n-1]
	}
	l.eof = l.eof || errors.Is(err, io.EOF)
	return n, err
}

// cut says whether bad CSV comes from a file that ends too early, inside a quoted field.
func (l *lastByte) cut(err error) error {
	if _, isParse := errors.AsType[*csv.ParseError](err); isParse && l.eof && l.b != '\n' {
		return errCut
	}
	return err
}
