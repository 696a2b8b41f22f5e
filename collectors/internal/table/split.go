package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxRow is the longest row in bytes. A lost quote makes the rest of a file one field; this keeps it out of memory.
const maxRow = 1 << 20

// Row is one row of the file. Fields are only valid until the next one is read; the strings may be kept.
type Row struct {
	Line   int64 // where the row starts, 1-based, the header included
	Fields []string
	Fault  string // why the row cannot be read; empty for a good row

	places []place // where the fields start, of a row with quotes; a plain row's follow from its fields
}

type place struct {
	line int64
	col  int
}

// Place is where a field starts: line and column, 1-based, columns in runes. A field that the row has not is at the row's start.
func (r *Row) Place(field int) (line int64, col int) {
	switch {
	case field < 0 || field >= len(r.Fields):
		return r.Line, 1
	case len(r.places) > field:
		return r.places[field].line, r.places[field].col
	}
	col = 1
	for _, f := range r.Fields[:field] {
		col += utf8.RuneCountInString(f) + 1
	}
	return r.Line, col
}

// splitter cuts delimited text into rows (RFC 4180, and LF as well as CRLF). It reads on after a faulty row.
type splitter struct {
	src   *bufio.Reader
	comma byte
	line  int64 // physical lines read
	ended bool  // the last line read ended with a newline
	muddy string
	row   Row
	buf   []byte // the fields of a quoted row, unescaped
	ends  []int
	long  []byte // a line longer than the buffer of src
}

func newSplitter(r io.Reader, comma byte) *splitter {
	return &splitter{src: bufio.NewReaderSize(r, 256<<10), comma: comma, ended: true}
}

// next gives the next row that is not blank. The error is io.EOF at the end, else of the reader.
func (s *splitter) next() (*Row, error) {
	for {
		line, err := s.readLine()
		if err != nil {
			return nil, err
		}
		s.row.Line, s.row.Fault, s.row.Fields, s.row.places = s.line, "", s.row.Fields[:0], s.row.places[:0]
		if len(line) == 0 {
			continue
		}
		if bytes.IndexByte(line, 0) >= 0 {
			s.row.Fault = "a NUL byte; the file is damaged or UTF-16"
			return &s.row, nil
		}
		if bytes.IndexByte(line, '"') < 0 {
			s.plain(line)
			return &s.row, nil
		}
		return &s.row, s.quoted(line)
	}
}

// plain splits a line without quotes: one allocation a row.
func (s *splitter) plain(line []byte) {
	text := string(line)
	start := 0
	for i := range len(text) {
		if text[i] == s.comma {
			s.row.Fields = append(s.row.Fields, text[start:i])
			start = i + 1
		}
	}
	s.row.Fields = append(s.row.Fields, text[start:])
}

// quoted splits a row that holds quotes and may go on over several lines.
func (s *splitter) quoted(line []byte) error {
	s.buf, s.ends = s.buf[:0], s.ends[:0]
	first := s.line
	i := 0
	for {
		s.row.places = append(s.row.places, place{s.line, column(line, i)})
		if i >= len(line) || line[i] != '"' {
			end := i + indexOrEnd(line[i:], s.comma)
			if q := bytes.IndexByte(line[i:end], '"'); q >= 0 {
				s.row.Fault = fmt.Sprintf("column %d: a quote inside a field that does not start with one", column(line, i+q))
				return nil
			}
			s.buf = append(s.buf, line[i:end]...)
			i = end
		} else {
			opened, at := s.line, column(line, i)
			var closed bool
			var err error
			line, i, closed, err = s.insideQuotes(line, i+1)
			if err != nil {
				return err
			}
			switch {
			case !closed && len(s.buf) > maxRow:
				s.fault(first, "the quote opened on line %d, column %d, is not closed within %d KiB", opened, at, maxRow>>10)
				return nil
			case !closed:
				s.fault(first, "the quote opened on line %d, column %d, is never closed", opened, at)
				s.muddy = s.row.Fault
				return nil
			case i < len(line) && line[i] != s.comma:
				where := ""
				if s.line > first {
					where = fmt.Sprintf("line %d, ", s.line)
				}
				s.fault(first, "%scolumn %d: text after the closing quote of a field", where, column(line, i))
				return nil
			}
		}
		s.ends = append(s.ends, len(s.buf))
		if i >= len(line) {
			break
		}
		i++
	}
	text, start := string(s.buf), 0
	for _, end := range s.ends {
		s.row.Fields = append(s.row.Fields, text[start:end])
		start = end
	}
	return nil
}

// insideQuotes copies a quoted field from behind its opening quote to behind its closing one, over lines if need be.
func (s *splitter) insideQuotes(line []byte, i int) (rest []byte, at int, closed bool, err error) {
	for {
		q := bytes.IndexByte(line[i:], '"')
		if q >= 0 {
			s.buf = append(s.buf, line[i:i+q]...)
			i += q + 1
			if i < len(line) && line[i] == '"' {
				s.buf = append(s.buf, '"')
				i++
				continue
			}
			return line, i, true, nil
		}
		s.buf = append(append(s.buf, line[i:]...), '\n')
		if len(s.buf) > maxRow {
			return nil, 0, false, nil
		}
		line, err = s.readLine()
		if errors.Is(err, io.EOF) {
			return nil, 0, false, nil
		}
		if err != nil {
			return nil, 0, false, err
		}
		i = 0
	}
}

// fault refuses the row. One that took several lines may have swallowed good rows: the file can then not be told apart into
// rows, and no number of tolerated rejections makes it whole.
func (s *splitter) fault(first int64, format string, args ...any) {
	s.row.Fields = s.row.Fields[:0]
	s.row.Fault = fmt.Sprintf(format, args...)
	if s.line > first && s.muddy == "" {
		s.muddy = fmt.Sprintf("lines %d to %d cannot be told apart: %s", first, s.line, s.row.Fault)
	}
}

// readLine gives one line without its LF or CRLF, valid until the next call.
func (s *splitter) readLine() ([]byte, error) {
	line, err := s.src.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		s.long = append(s.long[:0], line...)
		for errors.Is(err, bufio.ErrBufferFull) {
			line, err = s.src.ReadSlice('\n')
			if len(s.long) <= maxRow {
				s.long = append(s.long, line...)
			}
		}
		ended := err == nil
		line = s.long
		if ended && (len(line) == 0 || line[len(line)-1] != '\n') {
			line = append(line, '\n')
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(line) == 0 {
		return nil, io.EOF
	}
	s.line++
	s.ended = line[len(line)-1] == '\n'
	if s.ended {
		line = line[:len(line)-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, nil
}

func indexOrEnd(b []byte, c byte) int {
	if i := bytes.IndexByte(b, c); i >= 0 {
		return i
	}
	return len(b)
}

// column is the 1-based column in characters of a byte of a line.
func column(line []byte, i int) int { return utf8.RuneCount(line[:i]) + 1 }
