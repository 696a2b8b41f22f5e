package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/store"
)

var written = time.Date(2026, 11, 22, 1, 2, 3, 456000000, time.UTC)

// doc makes a version of an action; the body says which.
func doc(id string, version uint64, state string) access.Document {
	return access.Document{Kind: access.DocAction, ID: id, Version: version, State: state, Key: "key of " + id, System: "erp", Person: "W-1", Run: "R-1", At: written,
		Body: json.RawMessage(fmt.Sprintf(`{"id":%q,"version":%d,"text":"a \"quoted\" line\\n✓"}`, id, version))}
}

func saveDocs(t testing.TB, s *store.Store, docs ...access.Document) {
	t.Helper()
	if err := s.SaveDocuments(t.Context(), docs...); err != nil {
		t.Fatalf("save documents: %v", err)
	}
}

// docs lists what matches as "id version state".
func docs(t testing.TB, s *store.Store, q access.DocumentQuery) []string {
	t.Helper()
	out := []string{}
	err := s.Documents(t.Context(), q, func(d access.Document) error {
		out = append(out, fmt.Sprintf("%s %d %s", d.ID, d.Version, d.State))
		return nil
	})
	if err != nil {
		t.Fatalf("read documents: %v", err)
	}
	return out
}

func history(t testing.TB, s *store.Store, kind access.DocumentKind, id string) []access.Document {
	t.Helper()
	var out []access.Document
	if err := s.DocumentHistory(t.Context(), kind, id, func(d access.Document) error { out = append(out, d); return nil }); err != nil {
		t.Fatalf("read history: %v", err)
	}
	return out
}

func TestTheNewestVersionOfADocumentCounts(t *testing.T) {
	s := open(t)
	saveDocs(t, s, doc("A-1", 1, "planned"), doc("A-2", 1, "waiting"))
	saveDocs(t, s, doc("A-1", 2, "applying"))
	saveDocs(t, s, doc("A-1", 10, "done"), doc("A-3", 1, "planned")) // 10 comes after 2
	if got := docs(t, s, access.DocumentQuery{Kind: access.DocAction}); !slices.Equal(got, []string{"A-1 10 done", "A-2 1 waiting", "A-3 1 planned"}) {
		t.Errorf("it reads %v", got)
	}
	var versions []uint64
	for _, d := range history(t, s, access.DocAction, "A-1") {
		versions = append(versions, d.Version)
	}
	if !slices.Equal(versions, []uint64{1, 2, 10}) {
		t.Errorf("its history is %v", versions)
	}
}

func TestADocumentComesBackAsItWasSaved(t *testing.T) {
	s := open(t)
	want := doc("A-1", 1, "planned")
	saveDocs(t, s, want)
	got := history(t, s, access.DocAction, "A-1")
	if len(got) != 1 || string(got[0].Body) != string(want.Body) || !got[0].At.Equal(want.At) {
		t.Fatalf("it is %+v", got)
	}
	got[0].Body, want.Body, got[0].At, want.At = nil, nil, time.Time{}, time.Time{}
	if fmt.Sprint(got[0]) != fmt.Sprint(want) {
		t.Errorf("it is %+v, was %+v", got[0], want)
	}
}

func TestTheSameVersionTwiceIsStoredOnce(t *testing.T) {
	s := open(t)
	saveDocs(t, s, doc("A-1", 1, "planned"))
	saveDocs(t, s, doc("A-1", 1, "planned"))                           // the same call again
	saveDocs(t, s, doc("A-2", 1, "planned"), doc("A-1", 1, "planned")) // in another company
	if got := docs(t, s, access.DocumentQuery{}); !slices.Equal(got, []string{"A-1 1 planned", "A-2 1 planned"}) {
		t.Errorf("it reads %v", got)
	}
	if got := history(t, s, access.DocAction, "A-1"); len(got) != 1 {
		t.Errorf("%d versions", len(got))
	}
}

func TestDocumentsAreNarrowedByWhatTheNewestSays(t *testing.T) {
	s := open(t)
	elsewhere, moved, hold := doc("A-2", 1, "planned"), doc("A-1", 2, "done"), doc("H-1", 1, "open")
	elsewhere.System, elsewhere.Person, elsewhere.Run = "vpn", "W-2", "R-2"
	hold.Kind = access.DocHold
	saveDocs(t, s, doc("A-1", 1, "planned"), elsewhere, doc("A-10", 1, "planned"), hold)
	saveDocs(t, s, moved)
	for _, c := range []struct {
		name string
		q    access.DocumentQuery
		want []string
	}{
		{"all", access.DocumentQuery{}, []string{"A-1 2 done", "A-10 1 planned", "A-2 1 planned", "H-1 1 open"}},
		{"kind", access.DocumentQuery{Kind: access.DocHold}, []string{"H-1 1 open"}},
		{"state of an old version", access.DocumentQuery{States: []string{"planned"}}, []string{"A-10 1 planned", "A-2 1 planned"}},
		{"states", access.DocumentQuery{Kind: access.DocAction, States: []string{"done", "waiting"}}, []string{"A-1 2 done"}},
		{"id", access.DocumentQuery{ID: "A-1"}, []string{"A-1 2 done"}},
		{"id in another case", access.DocumentQuery{ID: "a-1"}, []string{}},
		{"any of some ids", access.DocumentQuery{IDs: []string{"A-2", "A-10", "A-9"}}, []string{"A-10 1 planned", "A-2 1 planned"}},
		{"none of no ids", access.DocumentQuery{IDs: []string{}}, []string{}},
		{"prefix", access.DocumentQuery{IDPrefix: "a-1"}, []string{"A-1 2 done", "A-10 1 planned"}},
		{"prefix that is no pattern", access.DocumentQuery{IDPrefix: "A-%"}, []string{}},
		{"keys", access.DocumentQuery{Keys: []string{"key of A-2", "key of A-10", "none"}}, []string{"A-10 1 planned", "A-2 1 planned"}},
		{"no keys at all", access.DocumentQuery{Keys: []string{}}, []string{}},
		{"system", access.DocumentQuery{System: "vpn"}, []string{"A-2 1 planned"}},
		{"person", access.DocumentQuery{Person: "W-2"}, []string{"A-2 1 planned"}},
		{"run", access.DocumentQuery{Run: "R-2"}, []string{"A-2 1 planned"}},
		{"several", access.DocumentQuery{Kind: access.DocAction, System: "erp", Run: "R-1", States: []string{"planned"}}, []string{"A-10 1 planned"}},
		{"quotes", access.DocumentQuery{ID: `A-1' OR '1'='1`, Keys: []string{`\`, "\n", `'`}}, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := docs(t, s, c.q); !slices.Equal(got, c.want) {
				t.Errorf("it reads %v, want %v", got, c.want)
			}
		})
	}
}

func TestNoDocumentsAreNoWork(t *testing.T) {
	s := open(t)
	saveDocs(t, s)
	if got := docs(t, s, access.DocumentQuery{}); len(got) != 0 {
		t.Errorf("it reads %v", got)
	}
}

func TestReadingStopsWhereTheReaderDoes(t *testing.T) {
	s := open(t)
	saveDocs(t, s, doc("A-1", 1, "planned"), doc("A-2", 1, "planned"))
	enough, n := errors.New("enough"), 0
	err := s.Documents(t.Context(), access.DocumentQuery{}, func(access.Document) error { n++; return enough })
	if !errors.Is(err, enough) || n != 1 {
		t.Errorf("read %d: %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.SaveDocuments(ctx, doc("A-3", 1, "planned")); !errors.Is(err, context.Canceled) {
		t.Errorf("saving says %v", err)
	}
}

// More than one insert holds, each with two versions, as a night of a large organisation leaves them.
func TestManyDocuments(t *testing.T) {
	s := open(t)
	const n = 5000
	var first, second []access.Document
	var keys []string
	for i := range n {
		id := fmt.Sprintf("A-%05d", i)
		d := doc(id, 1, "planned")
		d.Body = json.RawMessage(`{"pad":"` + strings.Repeat("x", 1500) + `"}`)
		first = append(first, d)
		d.Version, d.State = 2, "done"
		if i%10 == 0 {
			d.State = "failed"
			keys = append(keys, d.Key)
		}
		second = append(second, d)
	}
	start := time.Now()
	saveDocs(t, s, first...)
	saveDocs(t, s, second...)
	saveDocs(t, s, second...) // again, as after an answer that was lost
	saved := time.Now()
	if got := docs(t, s, access.DocumentQuery{Kind: access.DocAction}); len(got) != n || got[0] != "A-00000 2 failed" || got[n-1] != "A-04999 2 done" {
		t.Errorf("it reads %d documents, from %s to %s", len(got), got[0], got[len(got)-1])
	}
	if got := docs(t, s, access.DocumentQuery{Kind: access.DocAction, States: []string{"planned"}}); len(got) != 0 {
		t.Errorf("%d are still planned", len(got))
	}
	all := time.Now()
	if got := docs(t, s, access.DocumentQuery{Kind: access.DocAction, Keys: keys}); len(got) != n/10 {
		t.Errorf("%d of %d keys", len(got), n/10)
	}
	t.Logf("saved in %s, all read in %s, a tenth by key in %s", saved.Sub(start), all.Sub(saved), time.Since(all))
}
