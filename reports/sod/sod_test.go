package sod

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
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
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/reports/html"
	"muster/reports/pdf"
)

var update = flag.Bool("update", false, "write the golden files")

var asOf = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

func day(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }

func use(system, account, entitlement string, since, login int) Use {
	u := Use{System: system, AccountID: "id-" + account, Account: account, ID: "id-" + entitlement, Entitlement: entitlement}
	if since > 0 {
		u.Since = day(since)
	}
	if login > 0 {
		u.LastLogin = day(login).Add(9 * time.Hour)
	}
	return u
}

// fixture is a small organisation with one of everything.
func fixture() Facts {
	never := use("bank", "tanaka", "approver", 5, 0)
	never.Never = true
	older := use("erp", "NOVAK", "CREATE_VENDOR", 1, 0)
	older.LastLogin, older.Oldest = day(1).Add(-time.Hour), true
	side := func(function string, uses ...Use) Side { return Side{Function: function, Uses: uses} }
	sum := strings.Repeat("ab12", 16)
	found := func(id, conflict, person string, state access.FindingState, by string) access.Finding {
		return access.Finding{ID: id, Rule: "sod-conflict", Detail: conflict, Person: person, State: state, Severity: access.High, FirstSeen: day(3), Exception: by}
	}
	return Facts{Run: "R-1", AsOf: asOf, Matrix: Digest{"inputs/sod/01-sod.yaml", sum},
		Rules: []Rule{{ID: "sod-conflict", Title: "Duties that one person may not combine", When: "conflict.functions.all(f, f in person.functions)", File: "builtin/sod.yaml", SHA256: sum, Enabled: true}},
		Functions: []Function{{Name: "create", Title: "Create vendors", Entitlements: []string{"erp/CREATE_VENDOR", "erp/VENDOR_ALL"}}, {Name: "pay", Title: "Pay vendors", Entitlements: []string{"bank/approver", "erp/PAY_VENDOR", "erp/VENDOR_ALL"}},
			{Name: "audit", Title: "Audit payments", Entitlements: []string{"erp/AUDIT"}}},
		Conflicts: []Conflict{{"pay-audit", "Pay and audit payments", []string{"audit", "pay"}, access.High, nil}, {"vendor-pay", "Create a vendor and pay it", []string{"create", "pay"}, access.Critical, []string{"SOC2 CC6.3"}}},
		Mitigations: []Mitigation{{ID: "M-1", Conflict: "vendor-pay", Person: "W-1", Name: "Amara Diallo", Control: "Monthly review of payments by the controller", Owner: "W-9", Approver: "W-8", Reason: "Small office", Expires: day(30)},
			{ID: "M-2", Conflict: "vendor-pay", Person: "W-2", Name: "Mei Tanaka", Control: "Review", Owner: "W-9", Approver: "W-8", Reason: "Cover in summer", Expires: day(1), Expired: true}},
		Versions: []Version{{Run: "R-0", At: day(1), Last: "R-0", LastAt: day(9), Runs: 9, Matrix: strings.Repeat("cd34", 16), Rules: sum, Rule: sum, Entry: 2, OnFile: true},
			{Run: "R-1", At: day(10), Last: "R-1", LastAt: asOf, Runs: 13, Matrix: sum, Rules: sum, Rule: sum, Entry: 1234, OnFile: true, Changes: []string{"conflict pay-audit added", "function audit added"}}},
		Systems: []System{{Name: "bank", Title: "Bank portal (bank)", Snapshot: "S-1", At: asOf}, {Name: "erp", Title: "ERP", Governed: true, Snapshot: "S-2", At: asOf}, {Name: "old", Title: "Old ledger"}, {Name: "wiki", Title: "Wiki", Snapshot: "S-3", At: asOf}},
		Entitlements: []Entitlement{{System: "bank", ID: "1", Name: "approver", Kind: "role", Privileged: true, Functions: []string{"pay"}}, {System: "bank", ID: "2", Name: "admin", Kind: "role", Privileged: true},
			{System: "erp", ID: "3", Name: "CREATE_VENDOR", Kind: "role", Functions: []string{"create"}}, {System: "erp", ID: "4", Name: "PAY_VENDOR", Kind: "role", Functions: []string{"pay"}}, {System: "erp", ID: "5", Name: "AUDIT", Kind: "role", Functions: []string{"audit"}},
			{System: "erp", ID: "6", Name: "BASIS", Kind: "role", Privileged: true}, {System: "wiki", ID: "7", Name: "admins", Kind: "group", Privileged: true}},
		Named:   []Named{{"bank", "approver", []string{"pay"}, There}, {"erp", "VENDOR_ALL", []string{"create", "pay"}, NotThere}, {"old", "LEDGER", []string{"audit"}, NotRead}, {"erp", "AUDIT", []string{"audit"}, There}},
		Holders: map[string]int{"create": 4, "pay": 5, "audit": 1},
		Held: []Held{
			{Conflict: "pay-audit", Person: "W-4", Name: "Rosa Vidal", Dept: "Finance", Sides: []Side{side("audit", use("erp", "VIDAL", "AUDIT", 4, 20)), side("pay", use("erp", "VIDAL", "PAY_VENDOR", 4, 20))}},
			{Conflict: "vendor-pay", Person: "W-1", Name: "Amara Diallo", Dept: "Finance", Sides: []Side{side("create", use("erp", "DIALLO", "CREATE_VENDOR", 4, 20)), side("pay", use("bank", "diallo", "approver", 6, 7))}},
			{Conflict: "vendor-pay", Person: "W-2", Name: "Mei Tanaka", Dept: "Finance", Sides: []Side{side("create", use("erp", "TANAKA", "CREATE_VENDOR", 4, 20)), side("pay", never)}},
			{Conflict: "vendor-pay", Person: "W-3", Name: "Pavel Novák", Dept: "Procurement", Sides: []Side{side("create", older), side("pay", use("bank", "novak", "approver", 6, 7))}}},
		Findings: []access.Finding{found("F-4", "pay-audit", "W-4", access.Open, ""), found("F-1", "vendor-pay", "W-1", access.Excepted, "M-1"), found("F-2", "vendor-pay", "W-2", access.Open, ""), found("F-9", "vendor-pay", "W-7", access.Open, ""),
			found("F-8", "vendor-pay", "W-6", access.Resolved, "")},
		Seeds: []Seed{{Conflict: "pay-audit", Kind: Violation, What: "erp/AUDIT as audit", Holds: []string{"erp/AUDIT", "erp/PAY_VENDOR"}, Expected: []string{"pay-audit"}, Fired: []string{"pay-audit"}, OK: true},
			{Conflict: "pay-audit", Kind: Control, What: "without audit", Holds: []string{"erp/PAY_VENDOR"}, OK: true}, {Conflict: "vendor-pay", Kind: Control, What: "without pay", Why: "whatever gives create gives pay too"},
			{Conflict: "vendor-pay", Kind: Covered, What: "M-1", Holds: []string{"erp/CREATE_VENDOR", "bank/approver"}, Expected: []string{"vendor-pay (accepted)"}, Fired: []string{"vendor-pay (accepted)"}, OK: true}},
	}
}

func TestTheModelSaysWhatIsKnown(t *testing.T) {
	m := Sum(fixture())
	want := map[string]Exercised{"W-1": Possible, "W-2": No, "W-3": Unknown, "W-4": Possible}
	for _, h := range m.Held {
		if h.Exercised != want[h.Person] {
			t.Errorf("%s: %s, want %s", h.Person, h.Exercised, want[h.Person])
		}
	}
	if h := m.Held[1]; h.State != "excepted" || h.Until == nil || !h.Until.Equal(day(30)) || len(h.Systems) != 2 {
		t.Errorf("%+v", h)
	}
	if x := m.Totals; x.Persons != 4 || x.Held != 4 || x.Open != 2 || x.Accepted != 1 || x.Expired != 1 || x.Failed != 0 || x.Untested != 1 {
		t.Errorf("%+v", x)
	}
	if len(m.Unfound) != 1 || m.Unfound[0] != "vendor-pay W-3" || len(m.Stale) != 1 || !strings.HasPrefix(m.Stale[0], "F-9") {
		t.Errorf("unfound %q, stale %q", m.Unfound, m.Stale)
	}
	if len(m.Bare) != 2 || len(m.Missing) != 2 || m.Systems[0].Privileged != 2 || m.Systems[0].Covered != 1 || !m.Mitigations[1].Held {
		t.Errorf("bare %+v, missing %+v, %+v", m.Bare, m.Missing, m.Systems)
	}
	f := fixture()
	f.Seeds[0].OK, f.Seeds[0].Fired = false, nil
	if v := Document(base(t, Sum(f)), Sum(f)).Cover.Verdict; !strings.Contains(v, "cannot be relied on") {
		t.Errorf("a rule that does not fire: %s", v)
	}
}

// base is what every report opens and closes with, of a run of nothing, with the annexes as the pack has them.
func base(t *testing.T, m Model) frame.Input {
	t.Helper()
	run := access.Run{ID: "R-1", AsOf: asOf, StartedAt: asOf}
	ev := evidence.Evidence{Organisation: "Example", Classification: "Confidential", Run: run, GeneratedBy: "muster test", Controls: []evidence.Control{{ID: "PCI-DSS 7.2.1", Says: "duties are kept apart"}},
		Rules: []evidence.Rule{{ID: "sod-conflict", Title: "Duties that one person may not combine", Severity: access.High, Scope: access.ScopePerson, When: "conflict.functions.all(f, f in person.functions)", Controls: []string{"NIST-800-53 AC-5", "PCI-DSS 7.2.1"}, Evaluated: 8}}}
	in := frame.Input{Evidence: ev, File: evidence.NewFile(ev), Tally: evidence.NewTally(run.AsOf, 10)}
	in.File.Pack, in.File.Renderer = "P-TEST1234", "a renderer"
	for _, a := range []struct {
		name string
		fill func(*sheet.Table, Model) error
		rows int
	}{{ConflictsAnnex, Conflicts, 8}, {MappingAnnex, Mapping, 9}, {SeedsAnnex, Seeds, 4}} {
		var out bytes.Buffer
		table := sheet.NewTable(&out)
		if err := a.fill(table, m); err != nil {
			t.Fatal(err)
		}
		n, err := table.Close()
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(bytes.NewReader(out.Bytes())).ReadAll()
		if err != nil || len(rows) != a.rows+1 || n != int64(a.rows) {
			t.Errorf("%s has %d rows, want %d: %v", a.name, n, a.rows, err)
		}
		sum := sha256.Sum256(out.Bytes())
		in.File.Annexes = append(in.File.Annexes, evidence.Annex{File: a.name, Rows: n, SHA256: hex.EncodeToString(sum[:])})
	}
	return in
}

func TestThePagesSayWhatTheModelSays(t *testing.T) {
	m := Sum(fixture())
	in := base(t, m)
	d := Document(in, m)
	text, pages, err := pdf.Print(d)
	if err != nil || pages < 6 {
		t.Fatalf("%d pages: %v", pages, err)
	}
	var page bytes.Buffer
	if err := html.Write(&page, d); err != nil || !strings.Contains(page.String(), "Rosa Vidal") {
		t.Errorf("the twin: %v", err)
	}
	kept, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var second Model
	if err := json.Unmarshal(kept, &second); err != nil {
		t.Fatal(err)
	}
	if other, _, err := pdf.Print(Document(in, second)); err != nil || !bytes.Equal(other, text) {
		t.Errorf("the model that was written and read again gives another report: %v", err)
	}
	golden(t, "small", text)
	// Nothing at all is a report too.
	none := Sum(Facts{Run: "R-1", AsOf: asOf, Conflicts: fixture().Conflicts})
	empty := in
	empty.File.Annexes = nil
	if _, _, err := pdf.Print(Document(empty, none)); err != nil {
		t.Error(err)
	}
}

// TestASampleIsDrawnAgainWhateverPeopleAreCalled runs the printed command: names of several lines, which look like rows of the annex, are not drawn.
func TestASampleIsDrawnAgainWhateverPeopleAreCalled(t *testing.T) {
	f := fixture()
	f.Held[0].Name, f.Held[1].Name, f.Held[2].Name = "Rosa\nC-99999", "\"\nC-99998", "Mei \"x\"\r\nC-99997,\""
	m := Sum(f)
	var want []string
	command := ""
	for _, b := range Document(base(t, m), m).Blocks {
		switch b := b.(type) {
		case document.Paragraph:
			if b.Style == document.Mono && strings.Contains(b.Text, "openssl dgst") {
				command = b.Text
			}
		case document.Table:
			if b.Caption == "The sample" {
				for _, row := range b.Rows {
					want = append(want, row[1].Text)
				}
			}
		}
	}
	var annex bytes.Buffer
	table := sheet.NewTable(&annex)
	if err := Conflicts(table, m); err != nil {
		t.Fatal(err)
	}
	if _, err := table.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "annexes"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ConflictsAnnex), annex.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), "sh", "-c", command)
	run.Dir = dir
	out, err := run.CombinedOutput()
	if got := strings.Fields(string(out)); err != nil || len(want) != 4 || !slices.Equal(got, want) {
		t.Errorf("drawn again %q, want %q: %v", got, want, err)
	}
}

// TestAConflictOverTwoSystemsIsOne: the chart's numbers have it in both, and count one person.
func TestAConflictOverTwoSystemsIsOne(t *testing.T) {
	m := Sum(fixture())
	for _, b := range Document(base(t, m), m).Blocks {
		c, ok := b.(document.Chart)
		if !ok {
			continue
		}
		last := len(c.Data.Columns) - 1
		if c.Data.Columns[last].Title != "persons" || c.Data.Rows[0][last].Text != "1" || c.Data.Rows[1][last].Text != "3" {
			t.Errorf("%+v", c.Data)
		}
		return
	}
	t.Error("there is no chart")
}

// TestNothingIsCleanWhereNothingWasLookedFor: without conflicts, or with no system read, nobody is said to have none.
func TestNothingIsCleanWhereNothingWasLookedFor(t *testing.T) {
	unread := Facts{Run: "R-1", AsOf: asOf, Conflicts: fixture().Conflicts, Functions: fixture().Functions, Systems: []System{{Name: "old"}}, Named: []Named{{"old", "LEDGER", []string{"audit"}, NotRead}}}
	for name, tt := range map[string]struct {
		f    Facts
		want string
	}{
		"no conflict":  {Facts{Run: "R-1", AsOf: asOf}, "The matrix has no conflict: nothing was looked for."},
		"nothing read": {unread, "No system that the matrix names was read whole: who has a conflict is not known."},
	} {
		in := base(t, Sum(fixture()))
		d := Document(in, Sum(tt.f))
		said := fmt.Sprintf("%+v", d)
		if d.Cover.Verdict != tt.want || strings.Contains(said, "Nobody has a conflict") || strings.Contains(said, "Nobody can exercise") || strings.Contains(said, "Every privileged entitlement") || strings.Contains(said, "Every entitlement that the matrix") {
			t.Errorf("%s: %s", name, d.Cover.Verdict)
		}
	}
}

// golden compares the text of the pages with the committed one.
func golden(t *testing.T, name string, printed []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(file, printed, 0o600); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("MUSTER_LOOK"); dir != "" { // to look at the pages
		if err := os.WriteFile(filepath.Join(dir, "sod.pdf"), printed, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := exec.LookPath("pdftotext"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("pdftotext is not installed")
	}
	got, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		a, b := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("line %d of %s\n got %q\nwant %q\nlook at the PDF, then run the test with -update", i+1, path, a[i], b[i])
			}
		}
		t.Fatalf("%s has %d lines, want %d", path, len(a), len(b))
	}
}
