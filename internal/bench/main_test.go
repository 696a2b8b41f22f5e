package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/access"
)

func TestFiguresThatArePromisedExist(t *testing.T) {
	var names []string
	for _, m := range measurements() {
		names = append(names, m.names...)
	}
	for _, name := range []string{"load_ratio", "ldap_ratio", "apply_scim_ratio", "apply_ldap_ratio", "slack_ack_p99_ms", "pdf_100k_s", "pdf_100k_rss_mb", "pdf_vs_chromium_ratio", "ledger_append_per_s", "ledger_proof_100k_bytes", "ledger_proof_100k_ms", "pack_1m_s", "pack_1m_rss_mb",
		"nightly_20k_wall_s", "nightly_20k_cpu_s", "nightly_20k_rss_mb", "nightly_20k_engine_rss_mb"} {
		if !slices.Contains(names, name) {
			t.Errorf("nothing measures %s", name)
		}
		if chosen, err := choose(name); err != nil || len(chosen) != 1 {
			t.Errorf("-only %s chooses %d measurements, %v", name, len(chosen), err)
		}
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != len(names) {
		t.Error("a figure is measured twice")
	}
}

func TestUnknownFigureIsBadUsage(t *testing.T) {
	var out, problems bytes.Buffer
	if code := run(t.Context(), []string{"-only", "speed"}, &out, &problems); code != 4 || !strings.Contains(problems.String(), "load_ratio") {
		t.Errorf("code %d, %s", code, problems.String())
	}
}

func TestFileHoldsWhatWasPrinted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench.json")
	pair := measurement{[]string{"a", "b"}, func(context.Context, string) ([]figure, error) {
		return []figure{{"a", 1.5, "s", "none", ""}, {"b", 2, "MB", "none", "how"}}, nil
	}}
	var out bytes.Buffer
	figures, err := measure(t.Context(), []measurement{pair}, "b", &out)
	if err != nil || len(figures) != 1 || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("%v, %v, %q", figures, err, out.String())
	}
	if err := write(path, figures); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(text, &got); err != nil || len(got) != 1 || got[0]["name"] != "b" || got[0]["value"] != 2.0 {
		t.Errorf("%s, %v", text, err)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 9}, 3}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
}

func TestSearchesAreReadFromTheCoverage(t *testing.T) {
	people := `search base="ou=people,dc=acme,dc=example" scope=sub filter="(objectClass=inetOrgPerson)" attributes=uid,mail page=1000`
	found, err := searches(access.Coverage{Queries: []string{`bind dn="cn=x"`, people, strings.ReplaceAll(people, "people", "groups")}})
	if err != nil || len(found) != 2 || found[0].filter != "(objectClass=inetOrgPerson)" || !slices.Equal(found[1].attributes, []string{"uid", "mail"}) {
		t.Errorf("%v, %v", found, err)
	}
	if _, err := searches(access.Coverage{Queries: []string{people}}); err == nil {
		t.Error("one search instead of two passes")
	}
}

func TestGrantsAreTheSameEveryTimeAndAllDifferent(t *testing.T) {
	one, two := newGrantSource(), newGrantSource()
	seen := map[[2]string]bool{}
	for i := range 100_000 {
		a, b := one.at(i), two.at(i)
		if a.AccountID != b.AccountID || a.EntitlementID != b.EntitlementID || !slices.Equal(a.Path, b.Path) {
			t.Fatalf("grant %d differs", i)
		}
		key := [2]string{a.AccountID, a.EntitlementID}
		if seen[key] {
			t.Fatalf("grant %d was there before", i)
		}
		seen[key] = true
	}
}
