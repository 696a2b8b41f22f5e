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
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxInteger is the greatest integer that every JSON reader keeps exactly (RFC 8785 §3.2.2.3, RFC 7493 §2.2).
const maxInteger = 1<<53 - 1

// JSON renders v as JSON with one spelling only: object keys sorted by UTF-16 code units, no space, strings escaped as
// little as possible, integers in decimal (RFC 8785). Numbers that are not integers below 2^53 are refused, because their
// spelling is what readers disagree about; write them as text.
func JSON(v any) ([]byte, error) {
	if text, ok := appendPlain(make([]byte, 0, 256), v); ok {
		return text, nil
	}
	return slowly(v)
}

// slowly renders any value, by what encoding/json makes of it.
func slowly(v any) ([]byte, error) {
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode json: %w", err)
	}
	return Rewrite(plain.Bytes())
}

// appendPlain appends values of the types that most entries are made of; false for others, and for what must be refused.
func appendPlain(dst []byte, v any) ([]byte, bool) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), true
	case bool:
		return strconv.AppendBool(dst, v), true
	case string:
		if !utf8.ValidString(v) {
			v = string([]rune(v)) // as encoding/json does
		}
		return AppendString(dst, v), true
	case int:
		return strconv.AppendInt(dst, int64(v), 10), v <= maxInteger && v >= -maxInteger
	case int64:
		return strconv.AppendInt(dst, v, 10), v <= maxInteger && v >= -maxInteger
	case uint64:
		return strconv.AppendUint(dst, v, 10), v <= maxInteger
	case []any:
		return appendList(dst, v)
	case []map[string]any:
		return appendList(dst, v)
	case []string:
		return appendList(dst, v)
	case map[string]any:
		return appendPlainObject(dst, v)
	}
	return dst, false
}

func appendList[T any](dst []byte, list []T) ([]byte, bool) {
	if list == nil {
		return append(dst, "null"...), true
	}
	dst = append(dst, '[')
	ok := true
	for i, e := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, ok = appendPlain(dst, e); !ok {
			return dst, false
		}
	}
	return append(dst, ']'), true
}

func appendPlainObject(dst []byte, v map[string]any) ([]byte, bool) {
	if v == nil {
		return append(dst, "null"...), true
	}
	var few [16]string
	keys := few[:0]
	for k := range v {
		if !utf8.ValidString(k) { // two may become one
			return dst, false
		}
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareUTF16)
	dst = append(dst, '{')
	ok := true
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, k), ':')
		if dst, ok = appendPlain(dst, v[k]); !ok {
			return dst, false
		}
	}
	return append(dst, '}'), true
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
	if below(a) && below(b) {
		return strings.Compare(a, b)
	}
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

// below reports whether all of s lies below U+E000, where both orders are the same.
func below(s string) bool {
	for i := range len(s) {
		if s[i] >= 0xEE {
			return false
		}
	}
	return true
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
