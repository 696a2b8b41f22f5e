package seal

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// file is a PDF with one classic cross-reference table, as package pdf writes it: the only kind that is sealed.
type file struct {
	data    []byte
	offsets []int // by object number
	startAt int   // where the table begins
	root    int   // object number of the catalog
	info    string
}

var (
	tail    = regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`)
	section = regexp.MustCompile(`^xref\n0 (\d+)\n`)
	row     = regexp.MustCompile(`^(\d{10}) \d{5} ([nf]) \n$`)
	rootRef = regexp.MustCompile(`/Root (\d+) 0 R`)
	infoRef = regexp.MustCompile(`/Info \d+ 0 R`)
	ref     = regexp.MustCompile(`(\d+) 0 R`)
)

// open reads where the objects of a PDF are.
func open(data []byte) (*file, error) {
	f := &file{data: data}
	m := tail.FindSubmatch(data[max(0, len(data)-64):])
	if m == nil || !bytes.HasPrefix(data, []byte("%PDF-1.")) {
		return nil, errors.New("it is no PDF with a cross-reference table at its end")
	}
	f.startAt, _ = strconv.Atoi(string(m[1]))
	if f.startAt >= len(data) {
		return nil, errors.New("its cross-reference table lies beyond its end")
	}
	rest := data[f.startAt:]
	head := section.FindSubmatch(rest)
	if head == nil {
		return nil, errors.New("its cross-reference table is not one section from 0")
	}
	count, _ := strconv.Atoi(string(head[1]))
	rest = rest[len(head[0]):]
	if count > len(rest)/20 {
		return nil, errors.New("its cross-reference table is cut")
	}
	for i := range count {
		m := row.FindSubmatch(rest[i*20 : i*20+20])
		if m == nil {
			return nil, fmt.Errorf("row %d of its cross-reference table is malformed", i)
		}
		at, _ := strconv.Atoi(string(m[1]))
		f.offsets = append(f.offsets, at)
	}
	trailer := rest[count*20:]
	root := rootRef.FindSubmatch(trailer)
	if root == nil || bytes.Contains(trailer, []byte("/Prev")) || bytes.Contains(trailer, []byte("/Encrypt")) {
		return nil, errors.New("its trailer names no catalog, an older revision or an encryption")
	}
	f.root, _ = strconv.Atoi(string(root[1]))
	f.info = string(infoRef.Find(trailer))
	return f, nil
}

// dict is the inside of an object that is a dictionary, without the outer brackets.
func (f *file) dict(n int) (string, error) {
	if n <= 0 || n >= len(f.offsets) || f.offsets[n] >= len(f.data) {
		return "", fmt.Errorf("it has no object %d", n)
	}
	text, ok := bytes.CutPrefix(f.data[f.offsets[n]:], fmt.Appendf(nil, "%d 0 obj\n", n))
	if !ok || !bytes.HasPrefix(text, []byte("<<")) {
		return "", fmt.Errorf("its object %d is no dictionary", n)
	}
	end, err := skip(text, 0)
	if err != nil {
		return "", fmt.Errorf("its object %d: %w", n, err)
	}
	return string(text[2 : end-2]), nil
}

// value finds the value of a key at the top of a dictionary's inside.
func value(dict, key string) (from, to int, ok bool) {
	text := []byte(dict)
	for at := space(text, 0); at < len(text); at = space(text, at) {
		end, err := skip(text, at)
		if err != nil || text[at] != '/' {
			return 0, 0, false
		}
		name := string(text[at:end])
		at = space(text, end)
		end, err = skip(text, at)
		if err != nil {
			return 0, 0, false
		}
		if next := ref.FindIndex(text[at:]); next != nil && next[0] == 0 {
			end = at + next[1]
		}
		if name == key {
			return at, end, true
		}
		at = end
	}
	return 0, 0, false
}

func space(text []byte, at int) int {
	for at < len(text) && bytes.IndexByte([]byte(" \n\r\t\f\x00"), text[at]) >= 0 {
		at++
	}
	return at
}

// deepest is how many arrays and dictionaries of a PDF may lie in one another.
const deepest = 100

// skip gives the end of the token at a place: a string, an array, a dictionary, a name, a number or a word.
func skip(text []byte, at int) (int, error) { return skipIn(text, at, 0) }

func skipIn(text []byte, at, depth int) (int, error) {
	if at >= len(text) {
		return at, errors.New("it ends within a value")
	}
	if depth > deepest {
		return at, fmt.Errorf("its values lie more than %d deep", deepest)
	}
	switch {
	case bytes.HasPrefix(text[at:], []byte("<<")):
		return skipTo(text, at+2, ">>", depth)
	case text[at] == '[':
		return skipTo(text, at+1, "]", depth)
	case text[at] == '(':
		depth := 0
		for i := at; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case '(':
				depth++
			case ')':
				if depth--; depth == 0 {
					return i + 1, nil
				}
			}
		}
		return at, errors.New("a string has no end")
	case text[at] == '<':
		end := bytes.IndexByte(text[at:], '>')
		if end < 0 {
			return at, errors.New("a string has no end")
		}
		return at + end + 1, nil
	}
	i := at + 1
	for i < len(text) && bytes.IndexByte([]byte(" \n\r\t\f\x00/<>[]()"), text[i]) < 0 {
		i++
	}
	return i, nil
}

func skipTo(text []byte, at int, end string, depth int) (int, error) {
	for {
		at = space(text, at)
		if bytes.HasPrefix(text[at:], []byte(end)) {
			return at + len(end), nil
		}
		var err error
		if at, err = skipIn(text, at, depth+1); err != nil {
			return at, err
		}
	}
}

// refs lists the object numbers in a text.
func refs(text string) []int {
	var out []int
	for _, m := range ref.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1])
		out = append(out, n)
	}
	return out
}

// page finds the object of a page: 1 is the first one, -1 the last one.
func (f *file) page(n int) (int, error) {
	catalog, err := f.dict(f.root)
	if err != nil {
		return 0, err
	}
	from, to, ok := value(catalog, "/Pages")
	if !ok || len(refs(catalog[from:to])) != 1 {
		return 0, errors.New("its catalog names no pages")
	}
	pages, err := f.dict(refs(catalog[from:to])[0])
	if err != nil {
		return 0, err
	}
	from, to, ok = value(pages, "/Kids")
	if !ok {
		return 0, errors.New("it has no list of pages")
	}
	kids := refs(pages[from:to])
	if n < 0 {
		n += len(kids) + 1
	}
	if n < 1 || n > len(kids) {
		return 0, fmt.Errorf("it has %d pages, none of them is %d", len(kids), n)
	}
	return kids[n-1], nil
}
