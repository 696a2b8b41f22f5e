package scim_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collectors"
	"muster/internal/access"
	"muster/internal/octets"
)

// sink keeps what a snapshot is made of.
type sink []access.Record

// Add keeps r.
func (s *sink) Add(_ context.Context, r access.Record) error {
	*s = append(*s, r)
	return nil
}

// TestBytesThatAreNotUTF8: RFC 8259 §8.1 forbids them and servers send them. Texts keep them; ids and names that hold them are refused, each for
// itself, and so are those that only look like it.
func TestBytesThatAreNotUTF8(t *testing.T) {
	o := &odd{n: 6, hook: func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		_, _ = io.WriteString(w, `{"totalResults":6,"Resources":[`+"{\"id\":\"u\xf6\",\"userName\":\"a\"},{\"id\":\"u\xe4\",\"userName\":\"b\"},{\"id\":\"u-3\",\"userName\":\"K\xf6ln\"},"+
			"{\"id\":\"u-4\",\"userName\":\"dee\",\"displayName\":\"D\xe9e \\u27e6E9\\u27e7\",\"emails\":[{\"value\":\"d\xe9e@acme.example\"}],\"title\":\"\\ud800\",\"K\xf6ln\":\"\xf6\"},"+
			`{"id":"\u27e6F6\u27e7","userName":"f"},{"id":"\ud800","userName":"g"}]}`)
		return true
	}, groups: func(w http.ResponseWriter, _ *http.Request) bool {
		_, _ = io.WriteString(w, `{"totalResults":2,"Resources":[`+"{\"id\":\"g\",\"displayName\":\"all\",\"members\":[{\"value\":\"u\xf6\"},{\"value\":\"u-4\"},{\"value\":\"u\xff\"}]},{\"id\":\"h\",\"displayName\":\"K\xf6ln\"}]}")
		return true
	}}
	var got sink
	spec := collectors.RunSpec{System: "crm", TakenAt: time.Now(), Now: time.Now}
	snap, err := collectors.Run(t.Context(), spec, serve(t, o, "page_size: 10"), &got)
	if err != nil || snap.State != access.Partial {
		t.Fatal(err, snap.State)
	}
	var said []string
	for _, r := range got {
		switch v := r.(type) {
		case access.Account:
			said = append(said, fmt.Sprintf("account %s %s %s %s", v.ID, v.DisplayName, v.Email, v.Attributes["title"]))
			if octets.Decode(v.DisplayName) != "D\xe9e ⟦E9⟧" || octets.Decode(v.Email) != "d\xe9e@acme.example" || octets.Decode(v.Attributes["title"]) != "\xed\xa0\x80" {
				t.Errorf("account %+v", v)
			}
		case access.Grant:
			said = append(said, "grant "+v.AccountID+" "+v.EntitlementID)
		case access.Entitlement:
			said = append(said, "entitlement "+v.ID)
		case access.Rejection:
			said = append(said, fmt.Sprintf("no %s: %s: %s", v.Of, octets.Decode(v.Ref), octets.Decode(v.Reason)))
		}
	}
	want := []string{
		"account u-4 D⟦E9⟧e ⟦E2⟧⟦9F⟧⟦A6⟧E9⟧ d⟦E9⟧e@acme.example ⟦ED⟧⟦A0⟧⟦80⟧",
		"entitlement g",
		"grant u-4 g",
		"no account: /Users/\xed\xa0\x80: the account id \"\xed\xa0\x80\" is not UTF-8",
		"no account: /Users/u-3: the account name \"K\xf6ln\" is not UTF-8",
		"no account: /Users/u\xe4: the account id \"u\xe4\" is not UTF-8",
		"no account: /Users/u\xf6: the account id \"u\xf6\" is not UTF-8",
		"no account: /Users/⟦F6⟧: the account id \"⟦F6⟧\" looks like one that is not UTF-8",
		"no entitlement: /Groups/h: the entitlement name \"K\xf6ln\" is not UTF-8",
		"no grant: /Groups/g: member \"u\\xff\" is neither a user nor a group of this server",
		"no grant: : the account id \"u\xf6\" is not UTF-8",
	}
	slices.Sort(said)
	slices.Sort(want)
	if !slices.Equal(said, want) {
		t.Errorf("got\n%q\nwant\n%q", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
}

// TestCursorComesBackByteForByte: a server that is given another cursor than its own starts again, or answers for other people.
func TestCursorComesBackByteForByte(t *testing.T) {
	var asked []string
	o := &odd{n: 2, provider: `{"pagination":{"cursor":true}}`, hook: func(w http.ResponseWriter, r *http.Request, _ int) bool {
		cursor := r.URL.Query().Get("cursor")
		asked = append(asked, cursor)
		if next := "c\xf6/⟦F6⟧"; cursor == "" {
			fmt.Fprintf(w, `{"totalResults":2,"nextCursor":"%s","Resources":[{"id":"1","userName":"a"}]}`, next)
		} else {
			fmt.Fprint(w, `{"totalResults":2,"nextCursor":null,"Resources":[{"id":"2","userName":"b"}]}`)
		}
		return true
	}, groups: func(w http.ResponseWriter, _ *http.Request) bool {
		fmt.Fprint(w, `{"totalResults":0,"Resources":[]}`)
		return true
	}}
	got := collect(t, serve(t, o, ""))
	if got.err != nil || len(got.accounts) != 2 || !slices.Equal(asked, []string{"", "c\xf6/⟦F6⟧"}) {
		t.Errorf("%v, %d accounts, asked %q", got.err, len(got.accounts), asked)
	}
}
