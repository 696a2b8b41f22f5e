package wire

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadPage(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Page
		err        error
	}{
		{"whole", `{"totalResults":2,"startIndex":1,"itemsPerPage":2,"Resources":[{},{"a":[1,{"b":2}]}]}`, Page{2, 1, 2, "", 2}, nil},
		{"any order and case, unknown members", `{"RESOURCES":[1],"x":{"y":[]},"TotalResults":"7","nextCursor":"c"}`, Page{7, -1, -1, "c", 1}, nil},
		{"nulls", `{"totalResults":null,"Resources":null,"nextCursor":null}`, Page{-1, -1, -1, "", 0}, nil},
		{"cut in an item", `{"totalResults":2,"Resources":[{"a":1},{"b`, Page{}, ErrCut},
		{"cut between items", `{"totalResults":2,"Resources":[{"a":1}`, Page{}, ErrCut},
		{"cut before the end", `{"totalResults":2,"Resources":[{"a":1}]`, Page{}, ErrCut},
		{"empty", ``, Page{}, ErrCut},
		{"two documents", `{"totalResults":0}{}`, Page{}, ErrFormat},
		{"a list", `[]`, Page{}, ErrFormat},
		{"negative total", `{"totalResults":-1}`, Page{}, ErrFormat},
		{"resources that are no list", `{"Resources":{"a":1}}`, Page{}, ErrFormat},
		{"neither", `{"schemas":[]}`, Page{}, ErrFormat},
	} {
		t.Run(c.name, func(t *testing.T) {
			items := int64(0)
			got, err := ReadPage(iotest.OneByteReader(strings.NewReader(c.text)), func(dec *json.Decoder) error {
				items++
				var raw json.RawMessage
				return dec.Decode(&raw)
			})
			if !errors.Is(err, c.err) || c.err == nil && (err != nil || got != c.want || items != got.Items) {
				t.Errorf("got %+v, %v; want %+v, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestReadPageKnowsABrokenConnection(t *testing.T) {
	broken := errors.New("reset")
	r := iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(`{"totalResults":2,"Resources":[]}`)))
	if _, err := ReadPage(r, nil); !errors.Is(err, ErrRead) {
		t.Errorf("got %v", err)
	}
	if _, err := ReadPage(iotest.ErrReader(broken), nil); !errors.Is(err, ErrRead) || !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// FuzzReadPage compares what the stream saw with what a plain decoder makes of the same text.
func FuzzReadPage(f *testing.F) {
	for _, s := range []string{`{"totalResults":2,"Resources":[{},{}]}`, `{"Resources":[1,"a",null],"nextCursor":"x"}`, `{"totalResults":"3"}`,
		`{"resources":[],"Resources":[1]}`, `{`, `[]`, `{"totalResults":1e3}`, "{\"Resources\":[{\"id\":\"\\u0000\"}]} "} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var items []json.RawMessage
		p, err := ReadPage(strings.NewReader(string(data)), func(dec *json.Decoder) error {
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				return err
			}
			items = append(items, raw)
			return nil
		})
		if err != nil {
			if !errors.Is(err, ErrCut) && !errors.Is(err, ErrFormat) {
				t.Fatalf("unclassified error %v", err)
			}
			return
		}
		if !json.Valid(data) {
			t.Fatalf("accepted %q, which is not JSON", data)
		}
		if int64(len(items)) != p.Items || p.Total < -1 {
			t.Fatalf("page %+v with %d items", p, len(items))
		}
	})
}
