package reports

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/reports/evidence"
)

// asOf is the night of the fixture.
var asOf = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

// fixture is an invented run: an Evidence, its findings, and populations of any size. It implements evidence.Data.
type fixture struct {
	ev       evidence.Evidence
	findings []access.Finding
	before   []access.Finding
	rows     map[string]int // rows of each population
	cell     string         // put into every population
	done     evidence.Activities
	dir      string // of the ledger
	busy     bool
	hostile  bool
}

// job is the pack of the run.
func (f *fixture) job() Job { return Reconciliation(f.ev.Run, nil, f.done) }

// shape says what a fixture should look like.
type shape struct {
	findings   int
	incomplete bool
	hostile    bool
	vast       bool // long names everywhere, many systems, none of them read whole
	grants     int
}

func names() []string {
	return []string{"Maja Lind", "Kofi Okafor", "Ana Silva", "Petr Novák", "Nguyễn Thị Hạnh", "Ελένη Παπαδοπούλου", "Олена Шевченко", "Siobhán O'Neill",
		"Aisha Rahman", "Zoltán Kővári", "Þóra Björnsdóttir", "María-José de la Fuente y Álvarez-Montenegro", "Li Wei", "Fatou N'Diaye", "Tomasz Wiśniewski", "Noa Levi"}
}

// hostileNames try to break the page or its reader.
func hostileNames() []string {
	return []string{"=HYPERLINK(\"http://acme.example\")", "@SUM(1)", "-2+3", "'quoted", "a\u202Egpj.exe", "😀 Emoji", "日本 太郎", "عمر خالد", "tab\there", "line\r\nbreak",
		"x\u200By", "\xff\xfebytes", strings.Repeat("Wolfeschlegelsteinhausenbergerdorff", 6), "{nb}", "⟦U+0041⟧", "\\(paren)\\", "é\u0301combining", "\u0000nul"}
}

func ruleSet() []evidence.Rule {
	rule := func(id, title string, severity access.Severity, scope access.Scope, when string, controls ...string) evidence.Rule {
		return evidence.Rule{ID: id, Title: title, Severity: severity, Scope: scope, When: when, Controls: controls, File: "builtin",
			Digest: fmt.Sprintf("%064x", len(id)*7919), Evaluated: 4321, Remediation: "Disable the account, then let its owner confirm; see the run book for " + id + "."}
	}
	return []evidence.Rule{
		rule("leaver-active", "Leaver with an active account", access.Critical, access.ScopeAccount, `account.enabled && person.status == "terminated" && account.kind != "break-glass"`, "SOC 2 CC6.2", "SOC 2 CC6.3", "ISO 27001 A.5.18", "PCI DSS 8.2.5", "NIST 800-53 PS-4"),
		rule("post-termination-login", "Login after the last day", access.Critical, access.ScopeAccount, `has(person.end_date) && account.last_login > person.end_date`, "SOC 2 CC6.3", "NIST 800-53 PS-4"),
		rule("sod-conflict", "Conflicting duties in one hand", access.High, access.ScopePerson, `conflict.functions.all(f, f in person.functions)`, "SOC 2 CC6.3", "ISO 27001 A.5.3", "NIST 800-53 AC-5"),
		rule("orphaned-account", "Account that belongs to nobody", access.High, access.ScopeAccount, `account.kind == "human" && account.enabled && link.result == "unmatched"`, "SOC 2 CC6.2", "ISO 27001 A.5.16"),
		rule("privileged-without-mfa", "Privileged account without a second factor", access.High, access.ScopeAccount, `account.privileged && account.mfa == "no"`, "SOC 2 CC6.1", "ISO 27001 A.8.2"),
		rule("snapshot-incomplete", "Source that could not be read whole", access.High, access.ScopeSystem, `system.tonight.state != "complete"`, "SOC 2 CC7.2"),
		rule("privilege-creep", "Access beyond what the role calls for", access.Medium, access.ScopeGrant, `grant.governed && grant.actual && grant.effective && !grant.expected && account.enabled && person.status != "terminated"`, "SOC 2 CC6.3", "PCI DSS 7.2.4", "NIST 800-53 AC-6"),
		rule("missing-access", "Access that is due and missing", access.Medium, access.ScopeGrant, `grant.expected && !grant.actual`, "SOC 2 CC6.2"),
		rule("shared-account", "Account used by several people", access.Medium, access.ScopeAccount, `account.kind == "shared" && account.enabled`, "ISO 27001 A.5.16"),
		rule("dormant-account", "Account that nobody uses", access.Low, access.ScopeAccount, `account.idle_days >= params.days`, "NIST 800-53 AC-2"),
		rule("hr-missing-manager", "Person without a manager", access.Low, access.ScopePerson, `quality.manager_missing`, "SOC 2 CC1.3"),
	}
}

func systemNames() []string {
	return []string{"directory", "saas", "warehouse", "vpn", "erp", "codehost"}
}

func newFixture(t testing.TB, s shape) *fixture {
	t.Helper()
	f := &fixture{rows: map[string]int{"persons": 40, "accounts": 60, "entitlements": 20, "grants": max(100, s.grants), "links": 60, "profiles": 9, "expectations": 80, "rejections": 3}, cell: "value", busy: s.findings >= 30 && !s.vast, hostile: s.hostile}
	if s.hostile {
		f.cell = "=1+1"
	}
	f.ev = evidence.Evidence{Organisation: "Acme", Classification: "Confidential", RanBy: "muster nightly, started by the schedule", GeneratedBy: "muster 0.1.0",
		Rules: ruleSet(), Controls: []evidence.Control{
			{ID: "ISO 27001 A.5.16", Says: "every identity has an owner and a managed life cycle"},
			{ID: "SOC 2 CC6.2", Says: "people are registered and authorised before they get access, and lose it when they no longer need it"},
			{ID: "SOC 2 CC6.3", Says: "access follows roles, least privilege and separation of duties, and changes with them"},
		}, Bundles: []evidence.Bundle{
			{Name: "everyone", Title: "Everyone", When: `person.status != "terminated"`, LeadDays: 3, Entitlements: 4},
			{Name: "finance-staff", Title: "Finance staff", When: `person.department == "Finance" && person.employment_type == "employee" && person.location in ["Malmö", "Accra", "Porto"]`, LeadDays: 7, Entitlements: 12}},
		Exceptions: []evidence.Exception{
			{ID: "EX-1", Rule: "dormant-account", System: "erp", Subject: "MLIND", Owner: "it-ops@acme.example", Approver: "p.novak@acme.example", Reason: "Seasonal year-end closing account", Control: "Password sealed, opened under four eyes", Expires: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC), State: "valid"},
			{ID: "EX-2", Rule: "shared-account", System: "vpn", Subject: "reception", Owner: "facilities@acme.example", Approver: "p.novak@acme.example", Reason: "Front desk shifts", Expires: time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC), State: "expired"}},
		Mitigations: []evidence.Mitigation{{Conflict: "vendor-pay", Person: "W-01442", PersonName: "Maja Lind", Owner: "cfo@acme.example", Approver: "audit@acme.example", Reason: "Small team in Malmö", Control: "Weekly report of vendor changes reviewed by the controller", Expires: time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC), State: "valid"}},
	}
	f.ev.Run = access.Run{ID: "R-20261122T010002Z-a1b2c3", Organisation: "Acme", State: access.RunCompleted, AsOf: asOf, StartedAt: asOf.Add(2 * time.Second),
		FinishedAt: asOf.Add(14 * time.Second), Version: "0.1.0", ConfigDigest: strings.Repeat("c0", 32), RulesDigest: strings.Repeat("d1", 32), Persons: 2011, Accounts: 9876, Grants: 54321}
	f.sources(s)
	if s.vast {
		f.inflate()
	}
	f.makeFindings(s)
	f.ev.Trust = keys(t, 7)
	f.enter(t)
	return f
}

func (f *fixture) sources(s shape) {
	source := func(name, title, collector string, claimed int64) evidence.Source {
		snap := access.Snapshot{ID: "S-20261122T010003Z-" + name, RunID: f.ev.Run.ID, System: name, Collector: collector, CollectorVersion: "1", TakenAt: asOf,
			StartedAt: asOf.Add(3 * time.Second), FinishedAt: asOf.Add(9 * time.Second), State: access.Complete, Digest: fmt.Sprintf("%064x", len(title)*104729)}
		snap.Coverage = access.Coverage{Source: title + " 4.2, 127.0.0.1", Queries: []string{"SEARCH base=ou=people,dc=acme,dc=example scope=sub filter=(objectClass=inetOrgPerson) attributes=entryUUID,uid,cn,mail,employeeNumber,pwdAccountLockedTime pageSize=500",
			"SEARCH base=ou=groups,dc=acme,dc=example scope=sub filter=(objectClass=groupOfNames) attributes=entryUUID,cn,member pageSize=500"}}
		classes := []access.Class{access.ClassAccount, access.ClassEntitlement, access.ClassGrant}
		if collector == "hr" {
			classes = []access.Class{access.ClassPerson}
		}
		src := evidence.Source{System: access.SystemFacts{Name: name, Title: title, Collector: collector, Owner: "it-ops@acme.example", Criticality: "high", IsHR: collector == "hr"}}
		for i, class := range classes {
			n := claimed * int64(i*i+1)
			cover := access.ClassCoverage{Class: class, Claimed: n, Fetched: n, Parsed: n - 1, Rejected: 1, State: access.Complete}
			if i == 2 {
				cover.Claimed = access.NoClaim
			}
			snap.Coverage.Classes = append(snap.Coverage.Classes, cover)
			src.InScope = append(src.InScope, evidence.Count{Class: class, N: n - 1})
			src.Tested = append(src.Tested, evidence.Count{Class: class, N: n - 1})
			snap.Rejections = append(snap.Rejections, access.Rejection{Of: class, Ref: fmt.Sprintf("line %d", 212+i), Reason: `date "31.02.2026" is no day; expected YYYY-MM-DD`})
		}
		src.System.Tonight, src.System.Used = snap, snap
		src.Previous = access.Snapshot{ID: "S-20261121T010003Z-" + name, TakenAt: asOf.AddDate(0, 0, -1), State: access.Complete}
		return src
	}
	f.ev.Sources = append(f.ev.Sources, source("hr", "HR", "hr", 2011))
	for i, name := range systemNames() {
		title := []string{"Corporate directory", "Collaboration suite", "Data warehouse", "VPN concentrator", "ERP", "Code host"}[i]
		f.ev.Sources = append(f.ev.Sources, source(name, title, []string{"ldap", "scim", "postgres", "csv", "csv", "csv"}[i], int64(300+217*i)))
	}
	if s.incomplete {
		snap := &f.ev.Sources[2].System.Tonight
		snap.State, snap.Reason, snap.Hint = access.Partial, "page 3 of 6: 503 after 5 tries", "run muster collect saas when the service answers again"
		snap.Coverage.Classes[0] = access.ClassCoverage{Class: access.ClassAccount, Claimed: 1050, Fetched: 611, Parsed: 611, State: access.Partial, Reason: "page 3 of 6: 503 after 5 tries"}
		f.ev.Sources[2].System.Used = f.ev.Sources[2].Previous
		failed := &f.ev.Sources[4].System.Tonight
		*failed = access.Snapshot{ID: failed.ID, RunID: failed.RunID, System: "vpn", Collector: "csv", CollectorVersion: "1", TakenAt: asOf, StartedAt: failed.StartedAt, FinishedAt: failed.FinishedAt,
			State: access.Failed, Reason: "open vpn/accounts.csv: no such file or directory"}
		f.ev.Sources[4].System.Used = access.Snapshot{}
		f.ev.Sources[4].Previous = access.Snapshot{}
		f.ev.Run.Incomplete, f.ev.Suppressed = true, 7
	}
}

// inflate makes everything long and many.
func (f *fixture) inflate() {
	long := "A very long name of something that an organisation with many subsidiaries and a taste for completeness could give it, " + strings.Repeat("and_more", 12)
	f.ev.Organisation, f.ev.Classification, f.ev.RanBy, f.ev.GeneratedBy = long, long, long, long
	for i := range 30 {
		s := f.ev.Sources[1+i%6]
		s.System.Name, s.System.Title, s.System.Owner = fmt.Sprintf("subsidiary-%02d-%s", i, s.System.Name), long, long
		s.System.Tonight.ID = fmt.Sprintf("S-20261122T010003Z-%02d", i)
		s.System.Tonight.State, s.System.Tonight.Reason, s.System.Tonight.Hint = access.Held, long, long
		s.System.Tonight.Coverage.Queries = []string{strings.Repeat("SELECT something FROM somewhere WHERE it = 'so'\n", 90)}
		for n := range 70 {
			s.System.Tonight.Rejections = append(s.System.Tonight.Rejections, access.Rejection{Of: access.ClassGrant, Ref: fmt.Sprintf("row %d", n), Reason: long})
		}
		f.ev.Sources = append(f.ev.Sources, s)
	}
	for i := range f.ev.Rules {
		f.ev.Rules[i].Title, f.ev.Rules[i].Remediation, f.ev.Rules[i].When = long, long, strings.Repeat(f.ev.Rules[i].When+" && ", 20)+"true"
		f.ev.Rules[i].Controls = append(f.ev.Rules[i].Controls, long, long)
	}
	for i := range 60 {
		f.ev.Exceptions = append(f.ev.Exceptions, evidence.Exception{ID: fmt.Sprintf("EX-%03d", i), Rule: "dormant-account", System: long, Subject: long, Detail: long, Owner: long, Approver: long, Reason: long, Control: long, Expires: asOf, State: "expired"})
		f.ev.Mitigations = append(f.ev.Mitigations, evidence.Mitigation{Conflict: long, Person: "W-1", PersonName: long, Owner: long, Approver: long, Reason: long, Control: long, Expires: asOf, State: "valid"})
	}
}

func (f *fixture) makeFindings(s shape) {
	rnd := rand.New(rand.NewPCG(7, 11))
	rules, people := ruleSet(), names()
	if s.hostile {
		people = append(people, hostileNames()...)
	}
	counts := map[[2]string]*access.RuleCount{}
	for i := range s.findings {
		r := rules[(i*i+rnd.IntN(4))%len(rules)]
		system := systemNames()[rnd.IntN(len(systemNames()))]
		if s.vast {
			system = f.ev.Sources[7+rnd.IntN(30)].System.Name
		}
		if r.ID == "sod-conflict" {
			system = []string{"erp", "erp+warehouse"}[rnd.IntN(2)]
		}
		name := people[i%len(people)]
		worker := fmt.Sprintf("W-%05d", 1000+i)
		subject := strings.ToLower(strings.Fields(name + " x")[0])
		fd := access.Finding{Rule: r.ID, Scope: r.Scope, Severity: r.Severity, State: access.Open, Change: access.ChangeStill, System: system, Subject: subject, SubjectID: worker,
			Person: worker, PersonName: name, Message: name + ` still holds access as "` + subject + `" in ` + system + `, which nothing in HR data calls for`, Hint: r.Remediation, Controls: r.Controls,
			Evidence:  []access.Evidence{{Expr: "account.enabled", Value: "true", Source: system + " snapshot, row 212"}},
			FirstSeen: asOf.AddDate(0, 0, -rnd.IntN(200)), LastSeen: asOf, RunID: f.ev.Run.ID}
		switch rnd.IntN(9) {
		case 0:
			fd.Change, fd.FirstSeen = access.ChangeNew, asOf
		case 1:
			fd.State, fd.Change, fd.ResolvedAt = access.Resolved, access.ChangeResolved, asOf
		case 2:
			fd.State, fd.Exception = access.Excepted, "EX-1"
		case 3:
			if s.incomplete && system == "saas" {
				fd.Change = access.ChangeUnverified
			}
		}
		fd.Fingerprint = access.Fingerprint(fd.Rule, fd.Scope, fd.System, fd.SubjectID, fd.Detail)
		fd.ID = access.ShortID(fd.Fingerprint)
		f.findings = append(f.findings, fd)
		key := [2]string{fd.Rule, fd.System}
		if counts[key] == nil {
			counts[key] = &access.RuleCount{Rule: fd.Rule, System: fd.System, Severity: fd.Severity}
		}
		tallyCount(counts[key], fd)
	}
	slices.SortFunc(f.findings, access.CompareFindings)
	for _, c := range counts {
		f.ev.Run.Counts = append(f.ev.Run.Counts, *c)
	}
	slices.SortFunc(f.ev.Run.Counts, func(a, b access.RuleCount) int { return strings.Compare(a.Rule+a.System, b.Rule+b.System) })
}

func tallyCount(c *access.RuleCount, f access.Finding) {
	switch f.State {
	case access.Resolved:
		c.Resolved++
		return
	case access.Excepted:
		c.Excepted++
	default:
		c.Open++
	}
	switch f.Change {
	case access.ChangeNew:
		c.New++
	case access.ChangeUnverified:
		c.Unverified++
	}
}

// enter makes a real ledger with the run's entries and proves them.
func (f *fixture) enter(t testing.TB) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ledger")
	f.dir = dir
	l, err := ledger.Open(dir, ledger.Options{Origin: "muster.example/acme", Now: func() time.Time { return asOf }, Rand: rand.NewChaCha8([32]byte{1})})
	if err != nil {
		t.Fatal(err)
	}
	var digest access.FindingsDigest
	for _, x := range f.findings {
		digest.Add(x)
	}
	run := f.ev.Run
	entry := func(kind ledger.Type, data map[string]any) ledger.Event {
		return ledger.Event{Type: kind, Run: run.ID, Data: data}
	}
	events := []ledger.Event{entry(ledger.RunStart, map[string]any{"organisation": "Acme"}), entry(ledger.Config, map[string]any{"sha256": run.ConfigDigest}),
		entry(ledger.Rules, map[string]any{"sha256": run.RulesDigest, "count": len(f.ev.Rules)})}
	for _, s := range f.ev.Sources {
		events = append(events, entry(ledger.Snapshot, map[string]any{"snapshot": s.System.Tonight.ID, "system": s.System.Name, "sha256": s.System.Tonight.Digest}))
	}
	of, err := evidence.NewFile(f.ev).RunDigest()
	if err != nil {
		t.Fatal(err)
	}
	events = append(events, entry(ledger.Findings, map[string]any{"sha256": digest.Sum(), "count": len(f.findings), "suppressed": f.ev.Suppressed, "run_sha256": of}), entry(ledger.RunEnd, map[string]any{"state": "completed"}))
	if _, err := l.Append(context.Background(), ledger.Event{Type: "other"}, ledger.Event{Type: "other"}); err != nil {
		t.Fatal(err)
	}
	first, err := l.Append(context.Background(), events...)
	if err != nil {
		t.Fatal(err)
	}
	f.ev.Run.FirstEntry, f.ev.Run.LastEntry, f.ev.Run.Checkpoint = first, first+uint64(len(events))-1, l.Checkpoint()
	f.ev.Ledger = evidence.Ledger{Checkpoint: l.Checkpoint(), VerifierKey: l.VerifierKey()}
	r, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		p, err := r.Prove(first + uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		f.ev.Ledger.Proofs = append(f.ev.Ledger.Proofs, p)
	}
	f.done = evidence.Activities{From: 1, Until: l.Size(), List: []evidence.Activity{}}
	if f.busy {
		f.act(t, l, dir)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// act enters what was asked, decided and done after the run, and proves it.
func (f *fixture) act(t testing.TB, l *ledger.Log, dir string) {
	t.Helper()
	finding, maja := f.findings[0].ID, commit.Of("W-00007", "W-00007")
	type one struct {
		kind ledger.Type
		data map[string]any
		is   evidence.Activity
	}
	lind := evidence.Activity{System: "erp", Person: "W-01442", Account: "MLIND", Entitlement: "AP_CREATE_VENDOR", Finding: finding, Policy: "remove-excess (approve)"}
	noah := evidence.Activity{System: "directory", Person: "W-00231", Account: "n.okafor", Finding: f.findings[1].ID, Policy: "disable-leavers (auto)"}
	asked := evidence.Activity{System: "erp", Person: "W-00310", Entitlement: f.names()[0], By: "W-00310", ByName: "Ida Berg"}
	all := []one{
		{ledger.Request, map[string]any{"request": "RQ-7QK2M4ZD", "approval": "AP-2B7Y4K9Q", "system": "erp", "what": "asked", "by": commit.Of("W-00310", "W-00310")}, asked},
		{ledger.Decision, map[string]any{"decision": "D-5X2R8T1W", "approval": "AP-9K3M7N2P", "verdict": "approve", "by": maja, "role": "owner", "channel": "slack"},
			evidence.Activity{By: "W-00007", ByName: "Maja Ström", System: "erp", Person: "W-01442", Finding: finding, About: "Maja Lind would lose AP_CREATE_VENDOR in erp"}},
		{ledger.Decision, map[string]any{"decision": "D-6Y3S9V2X", "approval": "AP-2B7Y4K9Q", "verdict": "expire", "channel": "clock"},
			evidence.Activity{System: "erp", Person: "W-00310", About: "Ida Berg would get " + f.names()[0] + " in erp"}},
		{ledger.Intent, map[string]any{"action": "A-3F6H8J1L", "kind": "revoke-entitlement", "system": "erp", "inverse": true, "try": 1}, lind},
		{ledger.Intent, map[string]any{"action": "A-8M1P4R7T", "kind": "disable-account", "system": "directory", "inverse": true, "try": 1}, noah},
		{ledger.Receipt, map[string]any{"action": "A-3F6H8J1L", "kind": "revoke-entitlement", "system": "erp", "state": "done", "outcome": "changed"}, lind},
		{ledger.Receipt, map[string]any{"action": "A-8M1P4R7T", "kind": "disable-account", "system": "directory", "state": "failed", "outcome": "refused"}, noah},
		{ledger.Accept, map[string]any{"exception": "RX-4D7G2J5M", "approval": "AP-1C4F7H2K", "what": "approved", "expires": "2027-01-31"},
			evidence.Activity{System: "vpn", Person: "W-00512", Account: "reception", Finding: f.findings[2].ID}},
	}
	var events []ledger.Event
	for _, x := range all {
		events = append(events, ledger.Event{Type: x.kind, Run: f.ev.Run.ID, Data: x.data})
	}
	first, err := l.Append(context.Background(), events...)
	if err != nil {
		t.Fatal(err)
	}
	if f.done.Until = l.Size(); f.hostile {
		all[0].is.ByName = hostileNames()[0]
	}
	r, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	later := &evidence.Later{Checkpoint: l.Checkpoint()}
	if later.Growth, err = r.ProveConsistency(f.ev.Run.Checkpoint); err != nil {
		t.Fatal(err)
	}
	var indices []uint64
	for i, x := range all {
		index := first + uint64(i)
		e, err := r.Entry(index)
		if err != nil {
			t.Fatal(err)
		}
		said, _, err := evidence.ReadActivity(e)
		if err != nil {
			t.Fatal(err)
		}
		x.is.Entry, x.is.At, x.is.Type, x.is.Said = said.Entry, said.At, said.Type, said.Said
		f.done.List = append(f.done.List, x.is)
		p, err := r.Prove(index)
		if err != nil {
			t.Fatal(err)
		}
		later.Proofs, indices = append(later.Proofs, p), append(indices, index)
	}
	err = commit.NewBook(ledger.PrivateDir(dir)).Of(indices, func(o commit.Opening) error {
		later.Opened = append(later.Opened, evidence.Opened{Entry: o.Entry, Field: o.Field, Value: o.Value, Salt: o.Salt})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f.ev.Later = later
}

// names are ordinary entitlements, or hostile ones.
func (f *fixture) names() []string {
	if f.hostile {
		return hostileNames()
	}
	return []string{"GL_REPORTS"}
}

// Findings implements evidence.Data.
func (f *fixture) Findings(_ context.Context, yield func(access.Finding) error) error {
	for _, x := range f.findings {
		if err := yield(x); err != nil {
			return err
		}
	}
	return nil
}

// Before implements evidence.Data.
func (f *fixture) Before(_ context.Context, yield func(access.Finding) error) error {
	for _, x := range f.before {
		if err := yield(x); err != nil {
			return err
		}
	}
	return nil
}

// Population implements evidence.Data.
func (f *fixture) Population(_ context.Context, table string, head func([]string) error, row func([]string) error) error {
	if err := head([]string{"system", "id", table}); err != nil {
		return err
	}
	values := make([]string, 3)
	for i := range f.rows[table] {
		values[0], values[1], values[2] = "directory", fmt.Sprintf("%s-%07d", table, i), f.cell
		if err := row(values); err != nil {
			return err
		}
	}
	return nil
}
