package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// errRead marks a failure of the transport under the JSON, which another try may mend.
var errRead = errors.New("the connection ended early")

// errCut says that the JSON ends before it is whole.
var errCut = errors.New("the answer is cut off")

// errFormat says that the answer is not what RFC 7644 §3.4.2 says.
var errFormat = errors.New("the answer is not a SCIM ListResponse")

// page is what a ListResponse says about itself; -1 is a number that it does not give.
type page struct {
	total      int64
	start      int64
	perPage    int64
	nextCursor string
	items      int64 // how many resources it carried
}

// readPage streams a ListResponse and hands the decoder to item in front of every resource; item must consume exactly that
// value. Members may come in any order and unknown ones are skipped.
func readPage(r io.Reader, item func(*json.Decoder) error) (page, error) {
	p := page{total: -1, start: -1, perPage: -1}
	source := &watched{r: r}
	err := p.read(json.NewDecoder(source), item)
	switch {
	case err == nil:
		return p, nil
	case source.err != nil:
		return p, fmt.Errorf("%w: %w", errRead, source.err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return p, errCut
	}
	return p, err
}

func (p *page) read(dec *json.Decoder, item func(*json.Decoder) error) error {
	if err := open(dec, '{'); err != nil {
		return err
	}
	known := false
	for dec.More() {
		key, err := token[string](dec)
		if err != nil {
			return err
		}
		switch strings.ToLower(key) {
		case "totalresults":
			known = true
			err = number(dec, &p.total)
		case "startindex":
			err = number(dec, &p.start)
		case "itemsperpage":
			err = number(dec, &p.perPage)
		case "nextcursor":
			var s *string
			if err = dec.Decode(&s); err == nil && s != nil {
				p.nextCursor = *s
			}
		case "resources":
			known = true
			err = p.resources(dec, item)
		default:
			var skip json.RawMessage
			err = dec.Decode(&skip)
		}
		if err != nil {
			return format(err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return format(err)
	}
	if !known {
		return fmt.Errorf("%w: it has neither totalResults nor Resources", errFormat)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more follows its end", errFormat)
	}
	return nil
}

func (p *page) resources(dec *json.Decoder, item func(*json.Decoder) error) error {
	return elements(dec, func() error {
		p.items++
		return item(dec)
	})
}

// elements walks a JSON array, or null, which is an empty one (RFC 7643 §2.5).
func elements(dec *json.Decoder, each func() error) error {
	t, err := dec.Token()
	if err != nil {
		return format(err)
	}
	if t == nil {
		return nil
	}
	if t != json.Delim('[') {
		return fmt.Errorf("%w: expected a list", errFormat)
	}
	for dec.More() {
		if err := each(); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return format(err)
	}
	return nil
}

// format calls what the decoder says about bad JSON by our name; other errors, such as emit's, pass.
func format(err error) error {
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		if strings.Contains(err.Error(), "unexpected end") {
			return errCut
		}
		return fmt.Errorf("%w: it is not JSON: %s", errFormat, err.Error())
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%w: a %s where a %s belongs", errFormat, e.Value, e.Type)
	}
	return err
}

func open(dec *json.Decoder, delim json.Delim) error {
	t, err := dec.Token()
	if err != nil {
		return format(err)
	}
	if t != delim {
		return fmt.Errorf("%w: it does not start with %s", errFormat, delim)
	}
	return nil
}

func token[T any](dec *json.Decoder) (T, error) {
	var zero T
	t, err := dec.Token()
	if err != nil {
		return zero, format(err)
	}
	v, ok := t.(T)
	if !ok {
		return zero, fmt.Errorf("%w: unexpected %v", errFormat, t)
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
		return fmt.Errorf("%w: %.20q is no count", errFormat, text)
	}
	*into = n
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
