package person_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	"muster/reports/person"
)

var update = flag.Bool("update", false, "write the golden text anew")

func day(month time.Month, n int) time.Time { return time.Date(2026, month, n, 1, 0, 0, 0, time.UTC) }

func TestWhatChangedInHR(t *testing.T) {
	p := access.Person{ID: "W-1", DisplayName: "Maja Lind", Department: "Finance", Status: access.StatusPrehire, StartDate: day(time.February, 2)}
	at := func(n int, there bool, change func(*access.Person)) person.Known {
		if change != nil {
			change(&p)
		}
		return person.Known{At: day(time.March, n), Snapshot: fmt.Sprintf("S-%d", n), There: there, Person: p}
	}
	history := []person.Known{at(1, false, nil), at(2, true, nil), at(3, true, func(p *access.Person) { p.Status = access.StatusActive }), at(4, true, nil),
		at(5, true, func(p *access.Person) { p.Department, p.ManagerID = "Procurement", "W-9" }), at(6, false, nil), at(7, false, nil),
		at(8, true, func(p *access.Person) { p.EndDate = day(time.March, 7) }), at(9, true, func(p *access.Person) { p.Status = access.StatusTerminated })}
	got := ""
	for _, c := range person.Changes(history, day(time.April, 1)) {
		got += fmt.Sprintf("%s %s %s %s>%s %s\n", c.At.Format(time.DateOnly), c.Kind, c.What, c.From, c.To, c.Snapshot)
	}
	want := `2026-02-02 joiner first day at work > 
2026-03-02 joiner listed by HR for the first time >prehire S-2
2026-03-03 joiner status prehire>active S-3
2026-03-05 mover department Finance>Procurement S-5
2026-03-05 mover manager >W-9 S-5
2026-03-06 leaver no longer listed by HR active> S-6
2026-03-07 leaver last day at work > 
2026-03-08 joiner listed by HR again >active S-8
2026-03-08 other last day none>2026-03-07 S-8
2026-03-09 leaver status active>terminated S-9
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWhenWhatWasHeld(t *testing.T) {
	pay, read := access.HeldRef{ID: "1", Name: "PAY"}, access.HeldRef{ID: "2", Name: "READ"}
	renamed := access.HeldRef{ID: "1", Name: "PAY_VENDOR"}
	then := func(n int, there bool, held ...access.HeldRef) person.Then {
		return person.Then{At: day(time.May, n), Snapshot: fmt.Sprintf("S-%d", n), There: there, Held: held}
	}
	history := []person.Then{then(1, true, pay), then(2, true, read, pay), then(3, true, read), then(4, false), then(5, true, read, pay), then(6, true, renamed)}
	got := ""
	for _, s := range person.Stretches(history) {
		until := "still"
		if !s.Until.IsZero() {
			until = s.Until.Format(time.DateOnly) + " by " + s.Snapshot
		}
		got += fmt.Sprintf("%s from %s %t until %s\n", s.Entitlement.Name, s.From.Format(time.DateOnly), s.AtFirst, until)
	}
	want := `PAY from 2026-05-01 true until 2026-05-03 by S-3
READ from 2026-05-02 false until 2026-05-04 by S-4
PAY_VENDOR from 2026-05-05 false until still
READ from 2026-05-05 false until 2026-05-06 by S-6
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if since, first, there := person.Present(history); !there || first || !since.Equal(day(time.May, 5)) {
		t.Errorf("the account is there since %s, from the first: %t, there: %t", since, first, there)
	}
	if _, _, there := person.Present(history[:4]); there {
		t.Error("an account that the last snapshot lacks is there")
	}
}

// maja moved from Accounts Payable to Procurement, keeps what she had, and has something by request.
func maja() person.Model {
	value := []person.Value{{Field: "department", Value: "Procurement"}}
	approved := person.Decision{ID: "D-1", Verdict: "approve", By: "W-3", Name: "Jonas Lindqvist", Role: "manager", Channel: "slack", At: day(time.October, 2), Reason: "quarter end"}
	m := person.Model{
		Person: person.Subject{ID: "W-01442", Name: "Maja Lind", Title: "Buyer", Department: "Procurement", Location: "Malmö", EmploymentType: access.Employee, Status: access.StatusActive, Manager: "W-3",
			ManagerName: "Jonas Lindqvist", StartDate: time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC), Row: 212},
		History: person.History{Snapshots: 90, First: day(time.August, 24), Last: day(time.November, 22)},
		Changes: []person.Change{{At: time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC), Kind: person.Joiner, What: "first day at work"},
			{At: day(time.September, 1), Kind: person.Mover, What: "department", From: "Accounts Payable", To: "Procurement", Snapshot: "S-20260901-hr"}},
		Accounts: []person.Account{{System: "erp", ID: "e1", Name: "MLIND", State: "enabled", Kind: "human", Privileged: true, MFA: "no", LastLogin: day(time.November, 20), FirstSeen: day(time.August, 24), AtFirst: true,
			Key: "employee_id", Evidence: []string{`employee_id "w-01442": 1 person`}, Held: 3, Findings: []string{"F-3"}}},
		Held: []person.Grant{
			{System: "erp", Account: "MLIND", AccountID: "e1", Entitlement: "BUY", Kind: "role", Effective: true, Path: []string{}, Since: day(time.September, 2), LastUse: day(time.November, 20),
				Then:  person.Policy{Run: "R-9", RulesSHA256: strings.Repeat("ab", 32), ConfigSHA256: strings.Repeat("cd", 32), SameConfig: true},
				Basis: []person.Basis{{Kind: "bundle", Name: "buyers", Title: "Buyers", When: `person.department == "Procurement"`, Values: value}}},
			{System: "erp", Account: "MLIND", AccountID: "e1", Entitlement: "PAY_VENDOR", Kind: "role", Privileged: true, Effective: true, Path: []string{"AP_SENIOR"}, Paths: 2, Since: day(time.August, 24), AtFirst: true,
				LastUse: day(time.November, 20), Findings: []string{"F-1", "F-2"}, Once: []person.Once{{Name: "ap-senior", Title: "AP senior", When: `person.department == "Accounts Payable"`, Values: value, Until: day(time.September, 1)}}},
			{System: "erp", Account: "MLIND", AccountID: "e1", Entitlement: "REPORTS", Effective: true, Since: day(time.October, 3), LastUse: day(time.November, 20), Basis: []person.Basis{{Kind: "request", Name: "RQ-1", Until: day(time.December, 31)}}},
			{System: "erp", Account: "MLIND", AccountID: "e1", Entitlement: "ARCHIVE", Effective: true, Since: day(time.October, 3), NeverUsed: true, Basis: []person.Basis{{Kind: "exception", Name: "EX-1", Until: day(time.December, 31)}, {Kind: "review", Name: "C-1.7"}}}},
		Exceptions: []person.Exception{{ID: "EX-1", Rule: "privilege-creep", System: "erp", Subject: "MLIND", Detail: "ARCHIVE", Owner: "it@example.com", Approver: "audit@example.com", Reason: "hand-over", Expires: day(time.December, 31), State: "valid"}},
		Missing:    []person.Grant{{System: "saas", Entitlement: "catalogue", Basis: []person.Basis{{Kind: "bundle", Name: "buyers", Title: "Buyers", When: `person.department == "Procurement"`, Values: value}}, Findings: []string{"F-4"}}},
		Past:       []person.Past{{System: "erp", Account: "MLIND", AccountID: "e1", Entitlement: "POST", From: day(time.August, 24), AtFirst: true, Until: day(time.October, 20), Snapshot: "S-20261020-erp"}},
		Requests:   []person.Request{{ID: "RQ-1", System: "erp", Entitlement: "REPORTS", Reason: "quarter end reports", By: "W-01442", ByName: "Maja Lind", At: day(time.October, 1), From: day(time.October, 2), Until: day(time.December, 31), State: "active", Decisions: []person.Decision{approved}, Entries: []uint64{1204, 1207}}},
		Reviews: []person.Review{{Item: "C-1.7", Campaign: "Q3 payments", System: "erp", Account: "MLIND", AccountID: "e1", Entitlement: "ARCHIVE", State: "kept", EndedAt: day(time.September, 20),
			Decisions: []person.Decision{{ID: "D-2", Verdict: "keep", By: "W-4", Name: "Leila Haddad", Role: "owner", Channel: "cli", At: day(time.September, 12), Reason: "hand-over"}}, Entries: []uint64{988}}},
		Actions: []person.Action{{ID: "A-1", Kind: "remove-entitlement", System: "erp", Account: "MLIND", AccountID: "e1", Entitlement: "POST", Reason: "no bundle gives it", Rule: "privilege-creep", Finding: "F-9", Policy: "creep", Mode: "approve",
			State: "verified", Why: "by snapshot S-20261020-erp", ChangedAt: day(time.October, 20), Decisions: []person.Decision{{ID: "D-3", Verdict: "approve", Name: "Leila Haddad", By: "W-4", Role: "owner", Channel: "slack", At: day(time.October, 19)}},
			Receipt: &person.Receipt{Outcome: "done", At: day(time.October, 19).Add(time.Hour), Said: "REVOKE ROLE"}, Entries: []uint64{1300, 1301, 1340}}},
		Findings: []person.Finding{{ID: "F-1", Rule: "sod-conflict", Severity: access.High, State: "open", System: "erp", Message: "Maja Lind can buy and pay", FirstSeen: day(time.September, 1)},
			{ID: "F-8", Rule: "dormant-account", Severity: access.Low, State: "resolved", System: "erp", FirstSeen: day(time.September, 1), ResolvedAt: day(time.November, 22)}},
		Policies: []person.Text{{Name: "bundles/01-bundles.yaml", SHA256: strings.Repeat("12", 32)}, {Name: "exceptions/01-exceptions.yaml", SHA256: strings.Repeat("34", 32), Cut: true}},
	}
	m.Finish()
	return m
}

func base() frame.Input {
	run := access.Run{ID: "R-1", AsOf: day(time.November, 22), StartedAt: day(time.November, 22), ConfigDigest: strings.Repeat("c0", 32), RulesDigest: strings.Repeat("d1", 32)}
	ev := evidence.Evidence{Organisation: "Example", Run: run, GeneratedBy: "muster test", Scope: evidence.Scope{Persons: []string{"W-01442"}}}
	file := evidence.NewFile(ev)
	file.Pack, file.Renderer = "P-TEST", "a printer"
	return frame.Input{Evidence: ev, File: file, Tally: evidence.NewTally(run.AsOf, 10)}
}

func TestTheModelCountsAndFindsWhatTookAccessAway(t *testing.T) {
	m := maja()
	if want := (person.Totals{Accounts: 1, Held: 4, NoBasis: 1, Kept: 1, Privileged: 1, Missing: 1, Open: 1}); m.Totals != want {
		t.Errorf("totals %+v, want %+v", m.Totals, want)
	}
	if m.Held[0].Entitlement != "PAY_VENDOR" || m.Past[0].Action != "A-1" {
		t.Errorf("first %s, taken away by %q", m.Held[0].Entitlement, m.Past[0].Action)
	}
	late := maja()
	late.Actions[0].Receipt.At = day(time.October, 21) // after the snapshot that no longer shows it
	late.Past[0].Action = ""
	if late.Finish(); late.Past[0].Action != "" {
		t.Error("an action took away what was gone before it")
	}
	for _, outcome := range []access.Outcome{access.OutcomeAlready, access.OutcomeOrdered} { // neither changed anything
		none := maja()
		none.Actions[0].Receipt.Outcome, none.Past[0].Action = string(outcome), ""
		if none.Finish(); none.Past[0].Action != "" {
			t.Errorf("an action whose receipt is %q took something away", outcome)
		}
	}
}

// TestNothingIsCleanWhereNothingWasLookedAt: what is not known is said to be so, and not to be well.
func TestNothingIsCleanWhereNothingWasLookedAt(t *testing.T) {
	system := func(used string) evidence.Source {
		return evidence.Source{System: access.SystemFacts{Name: "erp", Tonight: access.Snapshot{State: access.Failed}, Used: access.Snapshot{ID: used}}}
	}
	for name, tt := range map[string]struct {
		spoil     func(*person.Model)
		used      string
		want, not []string
	}{
		"what is due is not known": {func(m *person.Model) { m.Unsure, m.Missing = "bundle buyers: no such field", nil }, "S-1",
			[]string{"What all is due is not known: bundle buyers", "of them with no basis: not known", "Basis not known", "That no basis is told below does not say that there is none"},
			[]string{"Everything that is due is held", "Why there is none", "and gave it until", "given by nothing"}},
		"no system was read": {func(m *person.Model) { m.Accounts, m.Held, m.Missing, m.Past = nil, nil, nil, nil }, "",
			[]string{"No system was read whole: which accounts are Maja Lind's is not known", "It is not known: no system was read whole."}, []string{"Nothing is held", "Everything that is due is held", "The run linked no account"}},
		"nothing is due": {func(m *person.Model) { m.Missing, m.Held = nil, m.Held[:2] }, "S-1", []string{"No bundle and no request makes anything due"}, []string{"Everything that is due is held"}},
		"no rule":        {func(m *person.Model) { m.Findings = nil }, "S-1", []string{"No rule was enabled: nothing was judged."}, []string{"The run found nothing"}},
		"one HR snapshot": {func(m *person.Model) { m.History.Snapshots, m.Changes = 1, nil }, "S-1", []string{"nothing can be said of changes before it"},
			[]string{"Nothing changed in that time"}},
		"all is held": {func(m *person.Model) { m.Missing = nil }, "S-1", []string{"Everything that is due is held, in the systems that were read."}, nil},
	} {
		m, in := maja(), base()
		tt.spoil(&m)
		m.Finish()
		in.Evidence.Sources = []evidence.Source{system(tt.used)}
		said := fmt.Sprintf("%+v", person.Document(in, m))
		for _, want := range tt.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s: the report does not say %q", name, want)
			}
		}
		for _, not := range tt.not {
			if strings.Contains(said, not) {
				t.Errorf("%s: the report says %q", name, not)
			}
		}
	}
}

func TestTheReportIsThatOfTheModel(t *testing.T) {
	m := maja()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var again person.Model
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	print := func(m person.Model) ([]byte, document.Document) {
		d := person.Document(base(), m)
		data, _, err := pdf.Print(d)
		if err != nil {
			t.Fatal(err)
		}
		return data, d
	}
	data, d := print(m)
	if second, _ := print(again); !bytes.Equal(data, second) {
		t.Error("the report of the model that was written and read again is another")
	}
	var page bytes.Buffer
	if err := html.Write(&page, d); err != nil || !strings.Contains(page.String(), "PAY_VENDOR") {
		t.Errorf("the twin: %v", err)
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
		if err := os.WriteFile(filepath.Join(dir, "person.pdf"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/person.txt"
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
	for _, c := range []struct {
		fill func(*sheet.Table, person.Model) error
		rows int
		has  string
	}{{person.HeldTable, 6, "bundle ap-senior: gave it until 2026-09-01"}, {person.EventsTable, 13, "remove entitlement POST in erp, done"}} {
		var out bytes.Buffer
		table := sheet.NewTable(&out)
		if err := c.fill(table, maja()); err != nil {
			t.Fatal(err)
		}
		if _, err := table.Close(); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(rows) != c.rows {
			t.Errorf("%d rows, want %d (%v)\n%q", len(rows), c.rows, err, rows)
		}
		if !strings.Contains(fmt.Sprint(rows), c.has) {
			t.Errorf("no row has %q", c.has)
		}
	}
}
