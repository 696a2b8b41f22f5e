// Package table reads exports as delimited text (RFC 4180 and its common dialects) for the collectors of files.
//
// It streams: one row is in memory at a time. Lines are counted physically, from 1, the header included, also through quoted
// newlines. Row faults (a stray quote, a wrong number of fields) are values of the row, and reading goes on behind them; damage
// of the file as a whole (cut off, changed while it was read) is in the Summary. Errors are *access.Error.
//
// Encodings: UTF-8 with or without a byte order mark, and windows-1252. Bytes that are neither are kept as they are. Delimiters: comma, semicolon, tab, bar or any other
// ASCII character; without one configured, the one that the header has most of.
//
// A Table is used by one goroutine.
package table

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"muster/internal/access"
)

// Format says how a file is written.
type Format struct {
	Delimiter byte // 0 finds it
	Encoding  string
	CutIsFine bool // a last line without a newline does not mean that the file was cut
}

// The encodings.
const (
	UTF8        = "utf-8"
	Windows1252 = "windows-1252"
)

// Table is an open file.
type Table struct {
	system string
	path   string
	name   string
	format Format
	file   *os.File
	before fs.FileInfo
	count  counter
	split  *splitter
	header []string
	rows   int64
	short  bool // the last row had too few fields
}

// Summary says what was read and whether the file was whole.
type Summary struct {
	Rows    int64
	Bytes   int64
	SHA256  string // hex, of the bytes as they are in the file
	Damage  string // why rows are missing or cannot be trusted to be all; empty for a whole file
	Changed bool   // the damage is that someone wrote to the file
}

// Open opens the file at path, seen from dir, and reads its header.
func Open(system, dir, path string, f Format) (*Table, error) {
	t := &Table{system: system, path: path, name: display(dir, path), format: f}
	if !filepath.IsAbs(path) {
		t.path = filepath.Join(dir, path)
	}
	info, err := os.Stat(t.path)
	if err != nil {
		return nil, t.openError(err)
	}
	if !info.Mode().IsRegular() {
		return nil, t.Error(access.Invalid, "give the path of one file", errors.New("this is no regular file"))
	}
	if t.file, err = os.Open(t.path); err != nil {
		return nil, t.openError(err)
	}
	if err := t.start(); err != nil {
		t.file.Close()
		return nil, err
	}
	return t, nil
}

// display is the name for people and evidence: never the folders of this machine.
func display(dir, path string) string {
	if !filepath.IsAbs(path) {
		return filepath.ToSlash(filepath.Clean(path))
	}
	if rel, err := filepath.Rel(dir, path); err == nil && !strings.HasPrefix(rel, "..") && filepath.IsAbs(dir) {
		return filepath.ToSlash(rel)
	}
	return filepath.Base(path)
}

func (t *Table) start() (err error) {
	if t.before, err = t.file.Stat(); err != nil {
		return t.openError(err)
	}
	t.count = counter{src: t.file, hash: sha256.New()}
	raw := bufio.NewReaderSize(&t.count, 64<<10)
	head, err := raw.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return t.readError(err)
	}
	switch {
	case len(head) == 0:
		return t.Error(access.Incomplete, "ask for the export again", errors.New("the file is empty, without even a header row"))
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return t.Error(access.Invalid, "export or save it as UTF-8", errors.New("the file is UTF-16"))
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return t.Error(access.Invalid, "save the sheet as CSV (UTF-8)", errors.New("the file is an Excel workbook or a zip archive"))
	case bytes.HasPrefix(head, []byte{0x1F, 0x8B}):
		return t.Error(access.Invalid, "unpack it", errors.New("the file is compressed with gzip"))
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		raw.Discard(3)
	}
	var text io.Reader = raw
	if t.format.Encoding == Windows1252 {
		text = &windows{src: raw}
	}
	t.split = newSplitter(text, t.format.Delimiter)
	if t.format.Delimiter == 0 {
		peeked, _ := t.split.src.Peek(64 << 10) // a short file is an error of Peek and none of ours
		t.split.comma = detect(peeked)
		t.format.Delimiter = t.split.comma
	}
	return t.readHeader()
}

func (t *Table) readHeader() error {
	row, err := t.split.next()
	if errors.Is(err, io.EOF) {
		return t.Error(access.Incomplete, "ask for the export again", errors.New("the file holds no header row"))
	}
	if err != nil {
		return t.readError(err)
	}
	if row.Fault != "" {
		return t.Error(access.Invalid, "check the first line of the file", fmt.Errorf("the header cannot be read: %s", row.Fault))
	}
	for _, h := range row.Fields {
		if strings.ContainsRune(h, '\r') {
			return t.Error(access.Invalid, "save it with LF or CRLF line ends", errors.New("the lines end with a lone CR"))
		}
		t.header = append(t.header, strings.TrimSpace(h))
	}
	return nil
}

// detect finds the delimiter that the first line has most of outside quotes; a comma when there is none.
func detect(text []byte) byte {
	candidates := []byte{',', ';', '\t', '|'}
	n := map[byte]int{}
	inside := false
	for _, c := range text {
		if c == '"' {
			inside = !inside
		}
		if inside {
			continue
		}
		if c == '\n' {
			break
		}
		n[c]++
	}
	best := candidates[0]
	for _, c := range candidates[1:] {
		if n[c] > n[best] {
			best = c
		}
	}
	return best
}

// Name is what the file is called in messages.
func (t *Table) Name() string { return t.name }

// Header is the names of the columns without surrounding space.
func (t *Table) Header() []string { return t.header }

// Measure says how many bytes of the file were read, and how many there were at the start.
func (t *Table) Measure() (done, total int64) { return t.count.n, t.before.Size() }

// Next gives the next row; one with the wrong number of fields, and one that may be cut, has a Fault. The error is io.EOF at the end.
func (t *Table) Next() (*Row, error) {
	row, err := t.split.next()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, t.readError(err)
	}
	t.rows++
	t.short = false
	if n := len(row.Fields); row.Fault == "" && n != len(t.header) {
		row.Fault = fmt.Sprintf("%d fields, the header has %d", n, len(t.header))
		t.short = n < len(t.header)
	}
	if !t.split.ended && !t.format.CutIsFine && row.Fault == "" {
		row.Fault = "the line does not end with a newline: its last field may be cut off"
	}
	return row, nil
}

// Finish says, after io.EOF, what was read, and looks whether the file is still the one that was opened.
func (t *Table) Finish() Summary {
	s := Summary{Rows: t.rows, Bytes: t.count.n, SHA256: hex.EncodeToString(t.count.hash.Sum(nil)), Damage: t.split.muddy}
	if !t.split.ended && s.Damage == "" && (!t.format.CutIsFine || t.short) {
		s.Damage = fmt.Sprintf("the file is cut off: line %d does not end with a newline", t.split.line)
	}
	now, err := os.Stat(t.path)
	if err != nil || !os.SameFile(t.before, now) || now.Size() != t.before.Size() || !now.ModTime().Equal(t.before.ModTime()) ||
		s.Bytes != now.Size() {
		s.Damage, s.Changed = "the file was changed while it was read", true
	}
	return s
}

// Verdict is nil when the file was whole and not too many rows were rejected; else the error that says why it is partial. first
// is the first rejection.
func (t *Table) Verdict(s Summary, rejected, tolerated int64, first string) *access.Error {
	switch {
	case s.Changed:
		return t.Error(access.Incomplete, "let the export finish before muster reads it: write it under another name and rename it", errors.New(s.Damage))
	case s.Damage != "":
		hint := "ask for the export again"
		if !t.split.ended {
			hint += "; if this system never ends its last line, set final_newline: optional"
		}
		return t.Error(access.Incomplete, hint, errors.New(s.Damage))
	case rejected > tolerated:
		return t.Error(access.Incomplete, "correct the rows or the settings; max_rejected tolerates some",
			fmt.Errorf("%d of %d rows were rejected, max_rejected is %d; the first: %s", rejected, s.Rows, tolerated, first))
	}
	return nil
}

// Query is the line of the coverage that says what was read.
func (t *Table) Query(s Summary) string {
	enc := t.format.Encoding
	if enc == "" {
		enc = UTF8
	}
	return fmt.Sprintf("read %s: %d rows, %d bytes, SHA-256 %s, delimiter %s, encoding %s", t.name, s.Rows, s.Bytes, s.SHA256,
		strconv.QuoteRune(rune(t.format.Delimiter)), enc)
}

// Close closes the file.
func (t *Table) Close() error { return t.file.Close() }

// Error makes an error about this file.
func (t *Table) Error(k access.Kind, hint string, err error) *access.Error {
	return &access.Error{System: t.system, Op: "read " + t.name, Kind: k, Hint: hint, Err: err}
}

func (t *Table) openError(err error) error {
	kind, hint := access.Invalid, "check the path; relative paths are taken from the folder of the configuration"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		kind = access.NotFound
	case errors.Is(err, fs.ErrPermission):
		kind, hint = access.Denied, "let the user that runs muster read the file"
	}
	return t.Error(kind, hint, bare(err))
}

func (t *Table) readError(err error) error {
	return t.Error(access.Transient, "check the disk or share that holds the file", bare(err))
}

// bare takes the path out of a path error: the message names the file already, in its short form.
func bare(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// counter counts and hashes the bytes of the file.
type counter struct {
	src  io.Reader
	hash hash.Hash
	n    int64
}

// Read passes on what it counted.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.hash.Write(p[:n])
	c.n += int64(n)
	return n, err
}
