package rules

import (
	"sync"
	"testing"
)

// loaded is the built-in pack, which tests share because a Set does not change.
var loaded = sync.OnceValues(func() (*Set, error) {
	docs, err := Builtin()
	if err != nil {
		return nil, err
	}
	return Load(docs, nil)
})

func builtin(t testing.TB) *Set {
	t.Helper()
	set, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestTheBuiltinPackLoads(t *testing.T) {
	set := builtin(t)
	if n := len(set.Rules()); n != 22 {
		t.Errorf("%d rules, want 22", n)
	}
}

func TestControlsOfTheBuiltinPackAreExplained(t *testing.T) {
	used := map[string]bool{}
	for _, r := range builtin(t).All() {
		for _, c := range r.Controls {
			used[c] = true
		}
	}
	last := ""
	for _, c := range Controls() {
		if used[c.ID] == c.Untested || c.Says == "" || c.ID <= last {
			t.Errorf("%s: used %v, says %q, after %s", c.ID, used[c.ID], c.Says, last)
		}
		delete(used, c.ID)
		last = c.ID
	}
	for c := range used {
		t.Errorf("%s has no paraphrase", c)
	}
}

func TestFieldsDocKnowsEveryObject(t *testing.T) {
	for _, o := range Objects() {
		docs, ok := FieldsDoc(o)
		if !ok || len(docs) == 0 {
			t.Errorf("no fields of %s", o)
		}
		for _, d := range docs {
			if d.Name == "" || d.Type == "" || d.Doc == "" {
				t.Errorf("%s: %+v", o, d)
			}
		}
	}
	if _, ok := FieldsDoc("profile"); ok {
		t.Error("profile is no object of rules")
	}
}
