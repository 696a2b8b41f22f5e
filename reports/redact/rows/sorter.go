// Package rows sorts rows of tables by what is in them, on disk where they are too many.
package rows

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"muster/internal/sheet"
)

// spill is how many bytes of rows are sorted in memory; more go to disk, sorted by so many.
const spill = 32 << 20

// Sorter sorts rows by their cells, from the first to the last. The zero value has none.
type Sorter struct {
	rows  [][]string
	size  int
	width int // of a row
	runs  []*os.File
}

// Add takes a row, which must not change any more.
func (s *Sorter) Add(row []string) error {
	s.rows, s.width = append(s.rows, row), len(row)
	for _, c := range row {
		s.size += len(c) + 16
	}
	if s.size < spill {
		return nil
	}
	return s.flush()
}

// flush writes the rows that are held to a file that has no name any more.
func (s *Sorter) flush() error {
	slices.SortFunc(s.rows, slices.Compare)
	f, err := os.CreateTemp("", "muster-sort-*")
	if err != nil {
		return fmt.Errorf("sort rows: %w", err)
	}
	s.runs = append(s.runs, f)
	w := bufio.NewWriterSize(f, 1<<18)
	for _, row := range s.rows {
		for _, c := range row {
			_, _ = w.Write(binary.AppendUvarint(nil, uint64(len(c)))) // the error is sticky: Flush returns it
			_, _ = w.WriteString(c)
		}
	}
	if err := errors.Join(os.Remove(f.Name()), w.Flush()); err != nil {
		return fmt.Errorf("sort rows: %w", err)
	}
	s.rows, s.size = s.rows[:0], 0
	return nil
}

// Each yields all rows in order, once.
func (s *Sorter) Each(yield func([]string) error) error {
	slices.SortFunc(s.rows, slices.Compare)
	if len(s.runs) == 0 {
		for _, row := range s.rows {
			if err := yield(row); err != nil {
				return err
			}
		}
		return nil
	}
	heads, err := s.open()
	for err == nil {
		least := -1
		for i, h := range heads {
			if h.row != nil && (least < 0 || slices.Compare(h.row, heads[least].row) < 0) {
				least = i
			}
		}
		if least < 0 {
			return nil
		}
		if err = yield(heads[least].row); err == nil {
			err = heads[least].next(s.width)
		}
	}
	return err
}

// run is one sorted run that is read again.
type run struct {
	in  *bufio.Reader
	row []string // the next; nil at the end
}

// open reads the first row of every run.
func (s *Sorter) open() ([]*run, error) {
	if err := s.flush(); err != nil {
		return nil, err
	}
	heads := make([]*run, len(s.runs))
	for i, f := range s.runs {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("sort rows: %w", err)
		}
		heads[i] = &run{in: bufio.NewReaderSize(f, 1<<18)}
		if err := heads[i].next(s.width); err != nil {
			return nil, err
		}
	}
	return heads, nil
}

// next reads the next row.
func (h *run) next(width int) error {
	row := make([]string, width)
	for i := range row {
		n, err := binary.ReadUvarint(h.in)
		if err == io.EOF && i == 0 {
			h.row = nil
			return nil
		}
		cell := make([]byte, n)
		if err == nil {
			_, err = io.ReadFull(h.in, cell)
		}
		if err != nil {
			return fmt.Errorf("sort rows: %w", err)
		}
		row[i] = string(cell)
	}
	h.row = row
	return nil
}

// Discard closes the files.
func (s *Sorter) Discard() {
	for _, f := range s.runs {
		_ = f.Close() // it has no name, and was read to its end or is not wanted
	}
}

// Of yields the rows of a table that fill fills, the head first.
func Of(fill func(*sheet.Table) error, yield func([]string) error) error {
	var b bytes.Buffer
	t := sheet.NewTable(&b)
	if err := fill(t); err != nil {
		return err
	}
	if _, err := t.Close(); err != nil {
		return err
	}
	in := sheet.NewReader(&b)
	for {
		row, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = yield(row)
		}
		if err != nil {
			return err
		}
	}
}
