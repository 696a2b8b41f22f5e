package tamper

import (
	"os"
	"testing"

	"muster/internal/drill/drilltest"
	"muster/internal/store/engine"
)

func TestMain(m *testing.M) {
	if engine.IsChild() {
		os.Exit(engine.ChildMain(os.Args))
	}
	os.Exit(m.Run())
}

// TestEveryChangeOfAPackIsFound is a shorter `make tamper`: some mutations of every kind, by everybody who may try.
func TestEveryChangeOfAPackIsFound(t *testing.T) {
	r, err := Run(t.Context(), Options{Persons: 200, Seed: 7, Every: 12, Muster: drilltest.Program(t)}, drilltest.Lines{T: t})
	if err != nil {
		t.Fatal(err)
	}
	for _, missed := range r.Missed {
		t.Errorf("not detected: %s", missed)
	}
	for _, like := range []string{"careless bit", "careless row dropped", "tidy row changed", "stranger row doubled", "insider cell", "insider model", "insider input", "insider ledger truncated",
		"forger ledger forked", "careless re-zipped", "insider swapped", "insider column", "insider row before another", "careless zip", "insider part", "insider decision dropped",
		"insider cell of the kind", "insider model of the kind", "insider guide", "insider place of a row"} {
		if r.Kinds[like] == 0 {
			t.Errorf("no mutation was made of the kind %q", like)
		}
	}
	t.Log(r)
}
