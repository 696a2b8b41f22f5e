package sheet

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// maxRecord bounds one row, so that a file that never closes a quote does not fill the memory.
const maxRecord = 1 << 26

// Reader reads a table that Table wrote, byte for byte. encoding/csv cannot: it makes a line feed of every CR LF inside a value. It takes
// RFC 4180 with CR LF only, and every row must be as long as the head. A Reader is used by one goroutine at a time.
type Reader struct {
	in     *bufio.Reader
	record []byte
	values []string
	rows   int64 // the head included
}

// NewReader reads from in.
func NewReader(in io.Reader) *Reader { return &Reader{in: bufio.NewReaderSize(in, 1<<16)} }

// Read gives the values of the next row as they were before Neutral, the head first, and io.EOF after the last. The slice is used again by
// the next Read; the strings are not.
func (r *Reader) Read() ([]string, error) {
	if err := r.next(); err != nil {
		if err == io.EOF {
			return nil, err
		}
		return nil, fmt.Errorf("read csv: row %d: %w", r.rows+1, err)
	}
	before := len(r.values)
	r.values = r.values[:0]
	for rest, more := string(r.record), true; more; {
		var value string
		var err error
		if value, rest, more, err = cell(rest); err != nil {
			return nil, fmt.Errorf("read csv: row %d: column %d: %w", r.rows+1, len(r.values)+1, err)
		}
		r.values = append(r.values, Original(value))
	}
	if r.rows > 0 && len(r.values) != before {
		return nil, fmt.Errorf("read csv: row %d has %d values, the head has %d", r.rows+1, len(r.values), before)
	}
	r.rows++
	return r.values, nil
}

// next takes the bytes of one row, without its line end: up to the first CR LF that does not stand between quotes.
func (r *Reader) next() error {
	r.record = r.record[:0]
	quotes := 0
	for {
		line, err := r.in.ReadSlice('\n')
		r.record = append(r.record, line...)
		quotes += bytes.Count(line, []byte{'"'})
		switch {
		case len(r.record) > maxRecord:
			return fmt.Errorf("it is longer than %d bytes", maxRecord)
		case err == bufio.ErrBufferFull:
		case err == io.EOF && len(r.record) == 0:
			return io.EOF
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		case quotes%2 == 0:
			if !bytes.HasSuffix(r.record, []byte("\r\n")) {
				return fmt.Errorf("it does not end with CR LF")
			}
			r.record = r.record[:len(r.record)-2]
			return nil
		}
	}
}

// cell cuts the first cell off a row and says whether another follows.
func cell(row string) (value, rest string, more bool, err error) {
	if !strings.HasPrefix(row, `"`) {
		value, rest, more = strings.Cut(row, ",")
		if strings.ContainsAny(value, "\"\r\n") {
			return "", "", false, fmt.Errorf("a quote or a line break stands outside of quotes")
		}
		return value, rest, more, nil
	}
	row = row[1:]
	var b strings.Builder
	for {
		part, after, closed := strings.Cut(row, `"`)
		if !closed {
			return "", "", false, fmt.Errorf("a quote is not closed")
		}
		doubled := strings.HasPrefix(after, `"`)
		if !doubled && b.Len() == 0 {
			value = part // nothing to copy
		} else {
			b.WriteString(part)
			value = b.String()
		}
		if doubled {
			b.WriteByte('"')
			row = after[1:]
			continue
		}
		switch {
		case after == "":
			return value, "", false, nil
		case after[0] == ',':
			return value, after[1:], true, nil
		}
		return "", "", false, fmt.Errorf("something follows a closing quote")
	}
}
