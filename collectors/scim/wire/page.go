package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	dial "muster/internal/dial/scim"
	"muster/internal/dial/scim/resource"
)

// ErrRead marks a failure of the transport under the JSON, which another try may mend.
var ErrRead = dial.ErrRead

// ErrCut says that the JSON ends before it is whole.
var ErrCut = errors.New("the answer is cut off")

// ErrFormat says that the answer is not what RFC 7644 §3.4.2 says.
var ErrFormat = errors.New("the answer is not a SCIM ListResponse")

// Page is what a ListResponse says about itself; -1 is a number that it does not give.
type Page struct {
	Total      int64  // totalResults
	Start      int64  // startIndex
	PerPage    int64  // itemsPerPage
	NextCursor string // RFC 9865; empty on the last page
	Items      int64  // how many resources it carried
}

// ReadPage streams a ListResponse and hands the decoder to item in front of every resource; item must consume exactly that
// value. Members may come in any order and unknown ones are skipped.
func ReadPage(r io.Reader, item func(*json.Decoder) error) (Page, error) {
	p := Page{Total: -1, Start: -1, PerPage: -1}
	source := &watched{r: r}
	err := p.read(json.NewDecoder(source), item)
	switch {
	case err == nil:
		return p, nil
	case source.err != nil:
		return p, fmt.Errorf("%w: %w", ErrRead, source.err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return p, ErrCut
	}
	return p, err
}

func (p *Page) read(dec *json.Decoder, item func(*json.Decoder) error) error {
	if err := Open(dec, '{'); err != nil {
		return err
	}
	known := false
	for dec.More() {
		key, err := Token[string](dec)
		if err != nil {
			return err
		}
		switch strings.ToLower(key) {
		case "totalresults":
			known = true
			err = number(dec, &p.Total)
		case "startindex":
			err = number(dec, &p.Start)
		case "itemsperpage":
			err = number(dec, &p.PerPage)
		case "nextcursor":
			err = text(dec, &p.NextCursor)
		case "resources":
			known = true
			err = p.resources(dec, item)
		default:
			var skip json.RawMessage
			err = dec.Decode(&skip)
		}
		if err != nil {
			return Format(err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return Format(err)
	}
	if !known {
		return fmt.Errorf("%w: it has neither totalResults nor Resources", ErrFormat)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more follows its end", ErrFormat)
	}
	return nil
}

func (p *Page) resources(dec *json.Decoder, item func(*json.Decoder) error) error {
	return Elements(dec, func() error {
		p.Items++
		return item(dec)
	})
}

// Elements walks a JSON array, or null, which is an empty one (RFC 7643 §2.5).
func Elements(dec *json.Decoder, each func() error) error {
	t, err := dec.Token()
	if err != nil {
		return Format(err)
	}
	if t == nil {
		return nil
	}
	if t != json.Delim('[') {
		return fmt.Errorf("%w: expected a list", ErrFormat)
	}
	for dec.More() {
		if err := each(); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return Format(err)
	}
	return nil
}

// Format calls what the decoder says about bad JSON by our name; other errors, such as emit's, pass.
func Format(err error) error {
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		if strings.Contains(err.Error(), "unexpected end") {
			return ErrCut
		}
		return fmt.Errorf("%w: it is not JSON: %s", ErrFormat, err.Error())
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%w: a %s where a %s belongs", ErrFormat, e.Value, e.Type)
	}
	return err
}

// Open reads the token that starts an object.
func Open(dec *json.Decoder, delim json.Delim) error {
	t, err := dec.Token()
	if err != nil {
		return Format(err)
	}
	if t != delim {
		return fmt.Errorf("%w: it does not start with %s", ErrFormat, delim)
	}
	return nil
}

// Token reads the next token, which must be of type T.
func Token[T any](dec *json.Decoder) (T, error) {
	var zero T
	t, err := dec.Token()
	if err != nil {
		return zero, Format(err)
	}
	v, ok := t.(T)
	if !ok {
		return zero, fmt.Errorf("%w: unexpected %v", ErrFormat, t)
	}
	return v, nil
}

// number reads a whole number that is not negative, also as text, because some servers write "12".
func number(dec *json.Decoder, into *int64) error {
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return err
	}
	text := string(bytes.Trim(raw, `"`))
	if text == "null" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("%w: %.20q is no count", ErrFormat, text)
	}
	*into = n
	return nil
}

// text reads a text, or null, which is an empty one. It is given back to the server as it came, hence byte for byte.
func text(dec *json.Decoder, into *string) error {
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return err
	}
	if raw[0] != '"' && raw[0] != 'n' {
		return fmt.Errorf("%w: %.20q is no text", ErrFormat, raw)
	}
	*into = resource.String(raw)
	return nil
}

// watched remembers an error of the reader that is not its end.
type watched struct {
	r   io.Reader
	err error
}

// Read passes on.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		w.err = err
	}
	return n, err
}
