// Package ldif reads directory content from LDIF (RFC 2849), one record after the other, without holding the file.
//
// It reads folded lines, comments, base64 values, options and `version: 1`, with LF or CRLF. Values by URL are refused,
// because they would make the reader open other files; so are change records. What ldapsearch prints after the entries
// (`search:`, `result:`, `ref:`) is understood too, since many an export is a redirected ldapsearch: a result other than 0
// and references mean that entries are missing.
//
// A broken record is a *RecordError and reading goes on after the next empty line; every other error ends it. Lines are
// 1-based. A Reader belongs to one goroutine.
package ldif

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"muster/internal/dial/ldap/entry"
)

// maxRecord bounds the bytes of one record, so that a file without empty lines cannot take all memory.
const maxRecord = 64 << 20

// maxName is the longest name, in bytes, that a message quotes.
const maxName = 1024

// RecordError says what is wrong with one record. Reading can go on.
type RecordError struct {
	Line int    // where the problem is
	DN   string // of the record, when it could be read
	Msg  string
}

// Error is "line 12: ...".
func (e *RecordError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Msg) }

// Reader reads the records of one file.
type Reader struct {
	br        *bufio.Reader
	line      int // of the line read last
	cut       bool
	result    int
	refs      int
	entry     entry.Entry
	versioned bool
}

// NewReader reads from r.
func NewReader(r io.Reader) *Reader { return &Reader{br: bufio.NewReaderSize(r, 256<<10)} }

// Cut reports, after io.EOF, whether the last line has no newline, which RFC 2849 demands: the file was cut off.
func (r *Reader) Cut() bool { return r.cut }

// Result is the result code that ldapsearch printed, 0 when there is none.
func (r *Reader) Result() int { return r.result }

// References is the number of search references that ldapsearch printed.
func (r *Reader) References() int { return r.refs }

// Next gives the next entry and the line of its dn. The entry may be used until the next call. At the end err is io.EOF.
func (r *Reader) Next() (*entry.Entry, int, error) {
	for {
		lines, start, err := r.record()
		if err != nil {
			return nil, start, err
		}
		name, _, _ := strings.Cut(lines[0].text, ":")
		if strings.EqualFold(name, "version") {
			if err := r.version(lines[0]); err != nil {
				return nil, start, err
			}
			if lines = lines[1:]; len(lines) == 0 {
				continue
			}
			name, _, _ = strings.Cut(lines[0].text, ":")
		}
		switch strings.ToLower(name) {
		case "search", "result", "ref", "control":
			r.trailer(lines)
			continue
		}
		if err := r.decode(lines); err != nil {
			return nil, lines[0].no, err
		}
		return &r.entry, lines[0].no, nil
	}
}

// version must stand first and be 1.
func (r *Reader) version(l logical) error {
	_, v, _ := strings.Cut(l.text, ":")
	if strings.TrimSpace(v) != "1" {
		return fmt.Errorf("read LDIF: line %d: version %q is not supported, only 1", l.no, strings.TrimSpace(v))
	}
	if r.versioned {
		return &RecordError{Line: l.no, Msg: "a second version line"}
	}
	r.versioned = true
	return nil
}

func (r *Reader) trailer(lines []logical) {
	for _, l := range lines {
		name, value, _ := strings.Cut(l.text, ":")
		switch strings.ToLower(name) {
		case "result":
			code, _, _ := strings.Cut(strings.TrimSpace(value), " ")
			if n, err := strconv.Atoi(code); err == nil && n != 0 {
				r.result = n
			}
		case "ref":
			r.refs++
		}
	}
}

// logical is a line after unfolding.
type logical struct {
	text string
	no   int
}

// record collects the lines up to the next empty one, without comments.
func (r *Reader) record() ([]logical, int, error) {
	var lines []logical
	comment, size := false, 0
	for {
		text, err := r.readLine()
		if err == io.EOF {
			if len(lines) == 0 {
				return nil, r.line, io.EOF
			}
			return lines, lines[0].no, nil
		}
		if err != nil {
			return nil, r.line, fmt.Errorf("read LDIF: line %d: %w", r.line, err)
		}
		if size += len(text); size > maxRecord {
			return nil, r.line, fmt.Errorf("read LDIF: line %d: the record is longer than %d bytes", r.line, maxRecord)
		}
		switch {
		case text == "":
			if len(lines) > 0 {
				return lines, lines[0].no, nil
			}
			comment = false
		case text[0] == ' ':
			switch {
			case comment:
			case len(lines) == 0:
				lines = append(lines, logical{text: text, no: r.line}) // decode refuses it with its place
			default:
				lines[len(lines)-1].text += text[1:]
			}
		case text[0] == '#':
			comment = true
		default:
			comment = false
			lines = append(lines, logical{text: text, no: r.line})
		}
	}
}

func (r *Reader) readLine() (string, error) {
	var long []byte
	for {
		part, err := r.br.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			if long = append(long, part...); len(long) > maxRecord {
				return "", fmt.Errorf("the line is longer than %d bytes", maxRecord)
			}
			continue
		}
		if err == io.EOF && len(part)+len(long) > 0 {
			r.cut, err = true, nil
		}
		if err != nil {
			return "", err
		}
		r.line++
		if long != nil {
			part = append(long, part...)
		}
		n := len(part)
		if n > 0 && part[n-1] == '\n' {
			n--
		}
		if n > 0 && part[n-1] == '\r' {
			n--
		}
		if r.line == 1 && n >= 3 && string(part[:3]) == "\ufeff" {
			part, n = part[3:], n-3
		}
		return string(part[:n]), nil
	}
}

func (r *Reader) decode(lines []logical) error {
	e := &r.entry
	e.DN = ""
	e.Attrs = e.Attrs[:0]
	for i, l := range lines {
		name, value, err := attrval(l.text)
		if err != nil {
			return &RecordError{Line: l.no, DN: e.DN, Msg: err.Error()}
		}
		if i == 0 {
			if !strings.EqualFold(name, "dn") {
				return &RecordError{Line: l.no, Msg: fmt.Sprintf("expected dn:, found %s:", quoted(name))}
			}
			if !utf8.ValidString(value) {
				return &RecordError{Line: l.no, Msg: foreign(value)}
			}
			e.DN = value
			continue
		}
		if i == 1 && (strings.EqualFold(name, "changetype") || strings.EqualFold(name, "control")) {
			return &RecordError{Line: l.no, DN: e.DN, Msg: "a change record; expected directory content"}
		}
		r.add(name, value)
	}
	if len(e.Attrs) == 0 {
		return &RecordError{Line: lines[0].no, DN: e.DN, Msg: "the record has no attributes"}
	}
	return nil
}

// add appends to the attribute of that name; the values of one attribute nearly always follow each other.
func (r *Reader) add(name, value string) {
	attrs := r.entry.Attrs
	for i := len(attrs) - 1; i >= 0; i-- {
		if strings.EqualFold(attrs[i].Name, name) {
			attrs[i].Values = append(attrs[i].Values, value)
			return
		}
	}
	if n := len(attrs); n < cap(attrs) {
		attrs = attrs[:n+1]
		attrs[n].Name, attrs[n].Values = name, append([]string(nil), value)
		r.entry.Attrs = attrs
		return
	}
	r.entry.Attrs = append(attrs, entry.Attr{Name: name, Values: []string{value}})
}

func attrval(line string) (name, value string, err error) {
	name, rest, ok := strings.Cut(line, ":")
	if !ok || name == "" || strings.ContainsAny(name, " \t") {
		return "", "", fmt.Errorf("expected attribute: value, found %s", quoted(line))
	}
	switch {
	case strings.HasPrefix(rest, ":"):
		text := strings.Trim(rest[1:], " ")
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return "", "", fmt.Errorf("the value of %s is not base64", name)
		}
		return name, string(raw), nil
	case strings.HasPrefix(rest, "<"):
		return "", "", fmt.Errorf("the value of %s is a URL; it is not followed", name)
	}
	return name, strings.TrimLeft(rest, " "), nil
}

// quoted shows the start of a line. Not its end: the line may be a password hash.
func quoted(s string) string {
	if len(s) > 24 {
		s = s[:24] + "..."
	}
	return strconv.Quote(s)
}

// foreign refuses a name and holds its bytes as they are.
func foreign(dn string) string {
	if len(dn) > maxName {
		return fmt.Sprintf("the dn, of %d bytes, is not UTF-8", len(dn))
	}
	return fmt.Sprintf("the dn \"%s\" is not UTF-8", dn)
}
