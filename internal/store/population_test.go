package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/store"
)

func population(t *testing.T, s *store.Store, w store.World, table string) []string {
	t.Helper()
	var out []string
	width := 0
	err := s.Population(t.Context(), w, table, func(head []string) error {
		width = len(head)
		out = append(out, strings.Join(head, "|"))
		return nil
	}, func(row []string) error {
		if len(row) != width {
			t.Errorf("%s: a row of %d columns under a head of %d", table, len(row), width)
		}
		out = append(out, strings.Join(row, "|"))
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", table, err)
	}
	return out
}

func TestPopulation(t *testing.T) {
	s := open(t)
	w := office(t, s)
	if n := profileCount(t, s, w, []string{"department"}); n != 2 {
		t.Fatalf("%d profiles", n)
	}
	es := []access.Expectation{{Ref: access.EntitlementRef{System: "erp", Name: "GL"}, Basis: []access.Basis{{Kind: "bundle", Name: "fin"}, {Kind: "request", Name: "R-1", Until: at(30)}}}}
	bundles := []access.Bundle{{Name: "fin", When: "true", LeadDays: 7, Entitlements: []access.EntitlementRef{{System: "erp", Name: "GL"}}}}
	for range 2 { // saved twice, stored once
		if err := s.SaveExpectations(t.Context(), w, bundles, func(yield func(uint64, []access.Expectation) error) error { return yield(42, es) }); err != nil {
			t.Fatal(err)
		}
	}
	rows := map[string]int{"persons": 5, "accounts": 8, "entitlements": 2, "grants": 7, "links": 8, "profiles": 2, "expectations": 1, "rejections": 0, "snapshots": 4, "previous": 2}
	for _, table := range store.PopulationTables() {
		t.Run(table, func(t *testing.T) {
			first, second := population(t, s, w, table), population(t, s, w, table)
			if len(first) != rows[table]+1 || !slices.Equal(first, second) {
				t.Errorf("%d rows, want %d, twice the same:\n%s", len(first)-1, rows[table], strings.Join(first, "\n"))
			}
		})
	}
	for table, want := range map[string]string{
		"grants":       `directory|u1|g2|admins|["b","a"]|true|true||dir-1`,
		"grants ":      `directory|u1|unlisted||[]|false|false|9999-12-31T00:00:00Z|dir-1`,
		"expectations": `42|erp|GL|["bundle fin","request R-1"]|[null,`,
		"accounts":     `directory|u1|ada|Ada|a@acme.example|ada@corp|W-1|x|human|true|true|true|true|2026-11-01T01:00:00Z|2026-11-02T01:00:00Z|true|2026-11-03T01:00:00Z|9999-12-31T23:59:59Z|{"k":"v"}|row 2|dir-1`,
		"persons":      `W-1|2|Ada|Lind|Ada Lind|a@acme.example|ada@corp|ada|CFO|Finance|100|Acme|Oslo|employee|terminated||1899-05-01|9999-12-31|{"badge":"7","empty":""}|`,
		"links":        `directory|u5|service-owned|W-1||["owner \"w-1\": 1 person"]|dir-1`,
		"previous":     `directory|u1|1`,
		"snapshots":    `directory|dir-0|previous|complete||csv|1|2026-11-15T01:00:00Z|2026-11-15T01:00:00Z|2026-11-15T01:01:00Z|false|d-dir-0|`,
	} {
		table = strings.TrimSpace(table)
		if !slices.ContainsFunc(population(t, s, w, table), func(row string) bool { return strings.HasPrefix(row, want) }) {
			t.Errorf("%s has no row %s:\n%s", table, want, strings.Join(population(t, s, w, table), "\n"))
		}
	}
	if err := s.Population(t.Context(), w, "salaries", func([]string) error { return nil }, func([]string) error { return nil }); access.KindOf(err) != access.Invalid {
		t.Errorf("got %v", err)
	}
	t.Run("empty world", func(t *testing.T) {
		for _, table := range store.PopulationTables() {
			if got := population(t, s, store.World{RunID: "nothing"}, table); len(got) != 1 {
				t.Errorf("%s has rows: %q", table, got)
			}
		}
		if got := factsOf(t, s, store.World{RunID: "nothing"}, store.FactsQuery{}); len(got) != 0 {
			t.Errorf("facts of nothing: %+v", got)
		}
	})
}

// TestPopulationOrder: the same facts loaded in another order give the same text.
func TestPopulationOrder(t *testing.T) {
	s := open(t)
	recs := many(500)
	recs = append(recs, access.Account{System: "vpn", ID: "acc-0000001", Name: "twice", SourceRef: "page 2", CreatedAt: time.Date(1960, 1, 1, 0, 0, 0, 5e6, time.UTC)})
	a := worldOf(access.Snapshot{}, load(t, s, "A", "vpn", at(22), recs...))
	slices.Reverse(recs)
	b := worldOf(access.Snapshot{}, load(t, s, "B", "vpn", at(22), recs...))
	for _, table := range []string{"accounts", "grants"} {
		x, y := population(t, s, a, table), population(t, s, b, table)
		for i := range y {
			y[i] = strings.TrimSuffix(y[i], "|B") + "|A"
		}
		y[0] = x[0]
		if !slices.Equal(x, y) {
			t.Errorf("%s depends on the order of arrival", table)
		}
	}
	if !slices.ContainsFunc(population(t, s, a, "accounts"), func(r string) bool { return strings.Contains(r, "1960-01-01T00:00:00.005Z") }) {
		t.Error("milliseconds are lost")
	}
}
