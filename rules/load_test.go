package rules

import (
	"testing"
)

func builtin(t testing.TB) *Set {
	t.Helper()
	docs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	set, err := Load(docs, nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return set
}

func TestTheBuiltinPackLoads(t *testing.T) {
	set := builtin(t)
	if n := len(set.Rules()); n != 22 {
		t.Errorf("%d rules, want 22", n)
	}
}
