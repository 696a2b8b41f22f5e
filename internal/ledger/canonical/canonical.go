// Package canonical writes JSON in one spelling only, RFC 8785 restricted to integers, so that the same facts always have the
// same bytes and so the same digest. It is pure and safe for concurrent use.
package canonical

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf16"
)

// maxInteger is the greatest integer that every JSON reader keeps exactly (RFC 8785 §3.2.2.3, RFC 7493 §2.2).
const maxInteger = 1<<53 - 1

// JSON renders v as JSON with one spelling only: object keys sorted by UTF-16 code units, no space, strings escaped as
// little as possible, integers in decimal (RFC 8785). Numbers that are not integers below 2^53 are refused, because their
// spelling is what readers disagree about; write them as text.
func JSON(v any) ([]byte, error) {
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode json: %w", err)
	}
	return Rewrite(plain.Bytes())
}

// Rewrite spells any JSON text canonically.
func Rewrite(text []byte) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("decode json: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("decode json: more than one value")
	}
	return appendValue(make([]byte, 0, len(text)), v)
}

func appendValue(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return AppendString(dst, v), nil
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil || n > maxInteger || n < -maxInteger || strconv.FormatInt(n, 10) != v.String() {
			return nil, fmt.Errorf("encode number %s: not an integer below 2^53; write it as text", v)
		}
		return strconv.AppendInt(dst, n, 10), nil
	case []any:
		return appendArray(dst, v)
	case map[string]any:
		return appendObject(dst, v)
	}
	return nil, fmt.Errorf("encode %T: not a json value", v)
}

func appendArray(dst []byte, v []any) ([]byte, error) {
	dst = append(dst, '[')
	var err error
	for i, e := range v {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendValue(dst, e); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func appendObject(dst []byte, v map[string]any) ([]byte, error) {
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareUTF16)
	dst = append(dst, '{')
	var err error
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, k), ':')
		if dst, err = appendValue(dst, v[k]); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// compareUTF16 orders as RFC 8785 §3.2.3 wants it; it differs from byte order only beyond the Basic Multilingual Plane.
func compareUTF16(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

// AppendString escapes what RFC 8785 §3.2.2.2 says must be escaped, and nothing else. It appends s, which must be UTF-8, as a JSON string to dst.
func AppendString(dst []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	dst = append(dst, '"')
	for i := range len(s) {
		c := s[i]
		if short := shortEscape(c); short != 0 {
			dst = append(dst, '\\', short)
		} else if c < 0x20 {
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// shortEscape is the letter of a two-character escape, 0 when there is none.
func shortEscape(c byte) byte {
	switch c {
	case '"', '\\':
		return c
	case '\b':
		return 'b'
	case '\t':
		return 't'
	case '\n':
		return 'n'
	case '\f':
		return 'f'
	case '\r':
		return 'r'
	}
	return 0
}
