package controls_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/controls"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/reports/html"
	"muster/reports/pdf"
)

var update = flag.Bool("update", false, "write the golden text anew")

func night(n int) time.Time { return time.Date(2026, 11, n, 1, 0, 0, 0, time.UTC) }

func source(name string, hr bool, state access.SnapshotState) evidence.Source {
	class, n := access.ClassAccount, int64(40)
	if hr {
		class, n = access.ClassPerson, 30
	}
	return evidence.Source{System: access.SystemFacts{Name: name, IsHR: hr, Tonight: access.Snapshot{ID: "S", State: state}}, Tested: []evidence.Count{{Class: class, N: n}}}
}

// period is three nights, of which one did not read erp, with a leaver's account that was closed, a shared account that was accepted, and a
// control each that nothing tests and that only a source tests which was never read.
func period() controls.Facts {
	rule := func(id, title string, scope access.Scope, digest string, asked int64, names ...string) evidence.Rule {
		return evidence.Rule{ID: id, Title: title, Severity: access.High, Scope: scope, Digest: strings.Repeat(digest, 32), Evaluated: asked, Controls: names}
	}
	run := func(n int, digest string, erp access.SnapshotState) controls.RunFacts {
		r := controls.RunFacts{Run: controls.Run{ID: fmt.Sprintf("R-%d", n), AsOf: night(n), Incomplete: []string{}, RulesSHA256: strings.Repeat(digest, 32), ConfigSHA256: strings.Repeat("c0", 32)},
			Rules: []evidence.Rule{rule("leaver-active", "Leaver with an active account", access.ScopeAccount, digest, 40, "SOC2 CC6.2", "PCI-DSS 8.2.5"),
				rule("shared-account", "Account that several people use", access.ScopeAccount, "aa", 40, "PCI-DSS 8.2.2"), rule("hr-missing-manager", "Person without a manager", access.ScopePerson, "bb", 0, "COBIT DSS05.04"),
				rule("snapshot-incomplete", "Source that was not read whole", access.ScopeSystem, "dd", 2, "OWN 7", "SOC2 CC7.2")},
			Sources: []evidence.Source{source("hr", true, access.Complete), source("erp", false, erp)}}
		if erp != access.Complete {
			r.Run.Incomplete = []string{"erp"}
		}
		return r
	}
	finding := func(id, rule string, state access.FindingState, seen time.Time, names ...string) access.Finding {
		return access.Finding{ID: id, Fingerprint: id, Rule: rule, Severity: access.High, Scope: access.ScopeAccount, State: state, System: "erp", Subject: "LOGIN" + id, Message: "account LOGIN" + id + " can be used", FirstSeen: seen, Controls: names}
	}
	closed, accepted, old := finding("F-1", "leaver-active", access.Resolved, night(1), "SOC2 CC6.2", "PCI-DSS 8.2.5"), finding("F-2", "shared-account", access.Excepted, night(1), "PCI-DSS 8.2.2"),
		finding("F-3", "leaver-active", access.Open, night(1).AddDate(0, -1, 0), "SOC2 CC6.2", "PCI-DSS 8.2.5")
	accepted.Exception = "EX-1"
	return controls.Facts{Period: frame.Period{From: night(1).Truncate(24 * time.Hour), To: night(3).Truncate(24 * time.Hour)},
		Catalogue: []evidence.Control{{ID: "COBIT DSS05.04", Says: "access follows from the work"}, {ID: "PCI-DSS 7.2.3", Says: "access is approved first"}, {ID: "PCI-DSS 7.2.4", Says: "access is reviewed"}, {ID: "PCI-DSS 8.2.2", Says: "shared accounts are an exception"},
			{ID: "PCI-DSS 8.2.5", Says: "leavers lose access at once"}, {ID: "SOC2 CC6.2", Says: "people are registered before they get access"}, {ID: "SOC2 CC7.2", Says: "systems are watched"}},
		Reviews:   map[string]bool{"PCI-DSS 7.2.4": true},
		Campaigns: []controls.Campaign{{ID: "C-7Q2K4MZD", Name: "Quarter", Scope: "grant.privileged", ClosedAt: night(2), Items: 12, Silent: 2, Revoked: 3, Standing: 1, Systems: []string{"erp"}}},
		Runs:      []controls.RunFacts{run(1, "d1", access.Complete), run(2, "d1", access.Partial), run(3, "d2", access.Complete)},
		Nights:    []controls.Night{{At: night(1), Open: map[access.Severity]int{access.High: 3}}, {At: night(2), Open: map[access.Severity]int{access.High: 2}}, {At: night(3), Open: map[access.Severity]int{access.High: 1}}},
		Findings: []controls.Seen{{Finding: closed, Steps: []controls.Step{{At: night(1), State: access.Open, Change: access.ChangeNew}, {At: night(3), State: access.Resolved, Change: access.ChangeResolved}}},
			{Finding: accepted, Steps: []controls.Step{{At: night(1), State: access.Excepted, Change: access.ChangeNew, Covered: true}}}, {Finding: old, Before: access.Open}},
		Accepted: map[string]controls.Accepted{"EX-1": {Reason: "front desk shifts", Instead: "log book", Owner: "desk@example.com", Approver: "audit@example.com", Expires: night(30)}}}
}

func find(t *testing.T, m controls.Model, id string) controls.Control {
	t.Helper()
	for _, c := range m.Controls {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("there is no control %s", id)
	return controls.Control{}
}

func TestEachControlIsCountedAndConcluded(t *testing.T) {
	m := controls.Sum(period())
	for _, x := range []struct {
		id         string
		conclusion controls.Conclusion
		why        string
		runs       int
		count      controls.Count
	}{
		{"SOC2 CC6.2", controls.Deviations, "", 2, controls.Count{Opened: 1, Before: 1, Resolved: 1, Open: 1, MeanMS: 48 * 3600 * 1000}},
		{"PCI-DSS 8.2.2", controls.Deviations, "", 2, controls.Count{Opened: 1, Accepted: 1, Excepted: 1}},
		{"PCI-DSS 7.2.3", controls.NotTested, "no enabled rule gives evidence for it", 0, controls.Count{}},
		{"PCI-DSS 7.2.4", controls.Partly, "nobody decided 2 of 12 items that were to be reviewed", 0, controls.Count{}},
		{"COBIT DSS05.04", controls.NotTested, "its rules had no answer in any run of the period that read HR and a system whole", 0, controls.Count{}},
		{"SOC2 CC7.2", controls.NoDeviation, "", 3, controls.Count{}},
		{"OWN 7", controls.NoDeviation, "", 3, controls.Count{}},
	} {
		if c := find(t, m, x.id); c.Conclusion != x.conclusion || c.Why != x.why || c.Runs != x.runs || c.Count != x.count {
			t.Errorf("%s: %s (%s) in %d runs, %+v", x.id, c.Conclusion, c.Why, c.Runs, c.Count)
		}
	}
	if want := (controls.Totals{Controls: 8, Tested: 6, Partly: 1, NoDeviation: 2, Deviations: 3, NotTested: 2, NotCovered: 2, Whole: 2}); m.Totals != want {
		t.Errorf("totals %+v, want %+v", m.Totals, want)
	}
	c := find(t, m, "SOC2 CC6.2")
	if x := c.Tests[0]; x.Versions != 2 || x.Runs != 3 || x.Evaluated != 120 || x.Last != 40 || c.Whole != 2 || fmt.Sprint(c.Limits) != "[erp was not read whole in 1 of 3 runs]" || c.Population[0].N != 40 {
		t.Errorf("CC6.2 is %+v", c)
	}
	if a := find(t, m, "PCI-DSS 8.2.2").Excepted; len(a) != 1 || a[0].Findings != 1 || a[0].Reason != "front desk shifts" {
		t.Errorf("accepted: %+v", a)
	}
	if m.Controls[0].Framework != "SOC 2" || m.Controls[len(m.Controls)-1].Framework != "Others" {
		t.Errorf("the frameworks come as %s ... %s", m.Controls[0].Framework, m.Controls[len(m.Controls)-1].Framework)
	}
}

func TestSpellingsOfAControl(t *testing.T) {
	f := period()
	for only, want := range map[string]int{"SOC 2 CC6.2": 1, "soc2 cc6.2": 1, "PCI DSS 8.2.5": 1, "PCI-DSS 8.2": 0, "PCI DSS 4.0.1 8.2.5": 1, "": 8} {
		f.Only = only
		if n := len(controls.Sum(f).Controls); n != want {
			t.Errorf("%q: %d controls, want %d", only, n, want)
		}
	}
}

func TestNothingIsConcludedWithoutRuns(t *testing.T) {
	f := period()
	f.Runs, f.Findings, f.Nights = nil, nil, nil
	for _, c := range controls.Sum(f).Controls {
		if c.Conclusion != controls.NotTested {
			t.Errorf("%s: %s", c.ID, c.Conclusion)
		}
	}
}

func base() frame.Input {
	run := access.Run{ID: "R-3", AsOf: night(3), StartedAt: night(3), ConfigDigest: strings.Repeat("c0", 32), RulesDigest: strings.Repeat("d2", 32)}
	ev := evidence.Evidence{Organisation: "Example", Run: run, GeneratedBy: "muster test"}
	file := evidence.NewFile(ev)
	file.Pack, file.Renderer = "P-TEST", "a printer"
	return frame.Input{Evidence: ev, File: file, Tally: evidence.NewTally(run.AsOf, 10)}
}

func TestTheReportSaysWhatTheModelSaysAndNeverThatSomebodyComplies(t *testing.T) {
	m := controls.Sum(period())
	d := controls.Document(base(), m)
	data, _, err := pdf.Print(d)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var again controls.Model
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	again.Deviations = m.Deviations // the annex has them
	if second, _, err := pdf.Print(controls.Document(base(), again)); err != nil || !bytes.Equal(data, second) {
		t.Errorf("the report of the model that was written and read again is another (%v)", err)
	}
	var page bytes.Buffer
	if err := html.Write(&page, d); err != nil || !strings.Contains(page.String(), "LOGINF-3") {
		t.Errorf("the twin: %v", err)
	}
	for _, word := range []string{"compliant", "is effective"} {
		if strings.Contains(strings.ToLower(page.String()), word) {
			t.Errorf("the report says %q", word)
		}
	}
	links := map[string]bool{}
	for _, b := range d.Blocks {
		if h, ok := b.(document.Heading); ok {
			links[h.ID] = true
		}
	}
	for _, b := range d.Blocks {
		if table, ok := b.(document.Table); ok {
			for _, row := range table.Rows {
				for _, cell := range row {
					if strings.HasPrefix(cell.Link, "control-") && !links[cell.Link] {
						t.Errorf("%s leads nowhere", cell.Link)
					}
				}
			}
		}
	}
	golden(t, data)
}

// golden compares what a document says, laid out, with the committed text.
func golden(t *testing.T, data []byte) {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("pdftotext is missing, and CI must not skip")
		}
		t.Skip("pdftotext is not installed (poppler-utils)")
	}
	path := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("MUSTER_LOOK"); dir != "" { // to look at the pages
		if err := os.WriteFile(filepath.Join(dir, "controls.pdf"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/controls.txt"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the text is not that of %s (%v); look at the pages, then run with -update", file, err)
	}
}

func TestTheAnnexesHaveEveryRow(t *testing.T) {
	m := controls.Sum(period())
	for _, c := range []struct {
		fill func(*sheet.Table, controls.Model) error
		rows int
		has  []string
	}{{controls.ControlsTable, 9, []string{"48.0", "not tested"}}, {controls.DeviationsTable, 6, []string{"F-1", "2026-11-03T01:00:00Z"}}} {
		var out bytes.Buffer
		table := sheet.NewTable(&out)
		if err := c.fill(table, m); err != nil {
			t.Fatal(err)
		}
		if _, err := table.Close(); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(rows) != c.rows {
			t.Errorf("%d rows, want %d (%v)", len(rows), c.rows, err)
		}
		all := slices.Concat(rows...)
		for _, cell := range c.has {
			if !slices.Contains(all, cell) {
				t.Errorf("no cell is %q: %q", cell, rows)
			}
		}
	}
}
