package main

import (
	"archive/zip"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"muster/cmd/muster/cli"
	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/orggen"
	"muster/internal/reconcile/dossier"
	"muster/internal/reconcile/reperform"
	"muster/remediate"
	"muster/reports"
	"muster/reports/controls"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/reports/pack/check"
	"muster/reports/person"
)

// session opens the organisation as a command does; a writing one has the ledger.
func (o *org) session(write bool, do func(s *cli.Session)) {
	o.t.Helper()
	a := &cli.App{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Now: time.Now, Version: "test"}
	a.ConfigFile = filepath.Join(o.dir, "muster.yaml")
	s, err := a.Open(o.t.Context(), write)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			o.t.Error(err)
		}
	}()
	do(s)
}

// ground is what a pack of the last run rests on.
func (o *org) ground(s *cli.Session) dossier.Ground {
	o.t.Helper()
	run, err := s.Runner.Completed(o.t.Context(), "")
	if err != nil {
		o.t.Fatal(err)
	}
	world, _, err := s.Store.WorldOfRun(o.t.Context(), run.ID)
	if err != nil {
		o.t.Fatal(err)
	}
	ev, err := s.Runner.Evidence(o.t.Context(), run)
	if err != nil {
		o.t.Fatal(err)
	}
	trail, err := ledger.Read(s.LedgerDir())
	if err != nil {
		o.t.Fatal(err)
	}
	return dossier.Ground{Store: s.Store, Trail: trail, Run: run, World: world, Evidence: ev}
}

// others are the worker ids and names of everybody but those named.
func (o *org) others(s *cli.Session, g dossier.Ground, known ...string) []string {
	o.t.Helper()
	var out []string
	keep := map[string]bool{}
	err := s.Store.Population(o.t.Context(), g.World, "persons", func([]string) error { return nil }, func(row []string) error {
		name := row[4]
		if slices.Contains(known, row[0]) {
			keep[row[0]], keep[name] = true, true
			return nil
		}
		out = append(out, row[0], name, row[5])
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return slices.DeleteFunc(out, func(text string) bool { return len(text) < 5 || keep[text] })
}

// unpacked are the files of a pack as text; the PDF as it is read aloud.
func unpacked(t *testing.T, p reports.Pack) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(p.ZipPath)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }() // it was only read
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(text)
	}
	if path, err := exec.LookPath("pdftotext"); err == nil {
		text, err := exec.Command(path, p.PDFPath, "-").Output()
		if err != nil {
			t.Fatal(err)
		}
		out["report.pdf"] = string(text)
	} else if os.Getenv("CI") == "true" {
		t.Fatal("pdftotext is missing, and CI must not skip")
	}
	return out
}

// TestAPackAboutOnePersonHoldsNobodyElse: of every kind of person in a generated organisation the pack verifies, its findings come out of it again, and
// no file of it names anybody who did not act on that person's access.
func TestAPackAboutOnePersonHoldsNobodyElse(t *testing.T) {
	o := generate(t, orggen.Options{Persons: 300})
	o.nightly(cli.ExitClean)
	mended, gone := o.takenAway(), o.dropped()
	o.nightly(cli.ExitClean)
	subjects := map[string]string{"": mended.Person} // rule to a person whom it found
	for _, f := range o.findings() {
		if f.Person != "" && f.State != access.Resolved && subjects[f.Rule] == "" {
			subjects[f.Rule] = f.Person
		}
	}
	if len(subjects) < 8 {
		t.Fatalf("the organisation has too few kinds of findings: %v", subjects)
	}
	o.session(true, func(s *cli.Session) {
		g := o.ground(s)
		t.Run("controls", func(t *testing.T) { o.controls(t, s, g) })
		seen := map[string]bool{}
		for _, rule := range slices.Sorted(maps.Keys(subjects)) {
			if id := subjects[rule]; !seen[id] && len(seen) < 7 {
				seen[id] = true
				t.Run(rule, func(t *testing.T) { o.onePerson(t, s, g, id, mended) })
			}
		}
	})
	t.Run("commands", func(t *testing.T) { o.reportCommands(t, mended.Person, gone) })
}

// reportCommands: a report on a period that is over rests on the last run of it; one on a person names their pack after them.
func (o *org) reportCommands(t *testing.T, id, gone string) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"controls", "--period", "2026-11-01..2026-11-22", "--control", "SOC 2 CC6.3"}, 0, "2026-11-01-to-2026-11-22-controls-soc2_cc6_3.zip"},
		{[]string{"controls", "--period", "2026-10-01..2026-10-31"}, 1, "2026-10-01 to 2026-10-31"},
		{[]string{"person", "--person", id}, 0, "2026-11-23-person-" + strings.ToLower(id) + ".zip"},
		{[]string{"person", "--person", "nobody@acme.example"}, 1, "0 persons match"},
		{[]string{"person", "--person", gone}, 1, "HR listed them last on 2026-11-22"},
	} {
		dir := t.TempDir()
		code, stdout, stderr := o.muster(append([]string{"report", "--out", dir}, c.args...)...)
		if text := strings.Join(strings.Fields(stdout+stderr), " "); code != c.code || !strings.Contains(text, c.says) {
			t.Errorf("%v ended with %d and said %s", c.args, code, text)
		}
		packs, err := filepath.Glob(filepath.Join(dir, "*.zip"))
		if err != nil || len(packs) != 1-c.code {
			t.Errorf("%v left %v (%v)", c.args, packs, err)
			continue
		}
		for _, path := range packs {
			rep, err := reperform.Verify(t.Context(), path, "")
			if err != nil || c.args[0] == "controls" && !strings.HasPrefix(rep.File.Run.AsOf.Format(time.DateOnly), "2026-11-22") {
				t.Errorf("%v rests on the run of %s (%v)", c.args, rep.File.Run.AsOf, err)
			}
		}
	}
}

// dropped lets HR list somebody no more, whom it had as having left; it is their worker id.
func (o *org) dropped() string {
	o.t.Helper()
	files, err := filepath.Glob(filepath.Join(o.dir, "hr", "*.csv"))
	if err != nil || len(files) == 0 {
		o.t.Fatalf("there is no HR export: %v", err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		o.t.Fatal(err)
	}
	rows := strings.SplitAfter(string(text), "\n")
	for i := len(rows) - 1; i > 0; i-- {
		id := regexp.MustCompile(`W-\d{5}`).FindString(rows[i])
		if id == "" || !strings.Contains(strings.ToLower(rows[i]), "terminated") || strings.Count(string(text), id) != 1 {
			continue
		}
		if err := os.WriteFile(files[0], []byte(strings.Replace(string(text), rows[i], "", 1)), 0o600); err != nil {
			o.t.Fatal(err)
		}
		return id
	}
	o.t.Fatal("HR has nobody as having left")
	return ""
}

// takenAway lets somebody take a grant away that no bundle gives, and a day pass; it is the finding about it.
func (o *org) takenAway() access.Finding {
	o.t.Helper()
	swap := func(file, old, now string) {
		path := filepath.Join(o.dir, file)
		text, err := os.ReadFile(path)
		if err == nil && strings.Count(string(text), old) != 1 {
			o.t.Fatalf("%s has %q %d times", file, old, strings.Count(string(text), old))
		}
		if err == nil {
			err = os.WriteFile(path, []byte(strings.Replace(string(text), old, now, 1)), 0o600)
		}
		if err != nil {
			o.t.Fatal(err)
		}
	}
	for _, f := range o.findings() {
		if f.Rule == "privilege-creep" && f.System == "erp" && f.Person != "" && f.State == access.Open {
			swap("muster.yaml", "as_of: 2026-11-22T", "as_of: 2026-11-23T")
			swap("erp/grants.csv", "\n"+f.SubjectID+";"+f.Detail+";", "\n"+f.SubjectID+";GL_READ;")
			return f
		}
	}
	o.t.Fatal("nobody holds in erp what no bundle gives")
	return access.Finding{}
}

func (o *org) onePerson(t *testing.T, s *cli.Session, g dossier.Ground, id string, mended access.Finding) {
	who, err := dossier.Person(t.Context(), g, id)
	if err != nil {
		t.Fatal(err)
	}
	if id == mended.Person {
		past := who.Model.Past
		if len(past) != 1 || past[0].Entitlement != mended.Detail || !past[0].Until.Equal(g.Run.AsOf) || !past[0].From.Before(g.Run.AsOf) {
			t.Errorf("what they held before is %+v, want %s until tonight", past, mended.Detail)
		}
		if !slices.ContainsFunc(who.Model.Findings, func(f person.Finding) bool { return f.ID == mended.ID && f.State == string(access.Resolved) }) {
			t.Errorf("%s is not among what was resolved: %+v", mended.ID, who.Model.Findings)
		}
	}
	if len(who.Model.Held) > 0 {
		who = decided(t, s, g, who)
	}
	p, err := s.Runner.Pack(t.Context(), g.Run, who.Job(), who.Narrow, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	keepPack(t, p)
	rep, err := reperform.Verify(t.Context(), p.ZipPath, "")
	if err != nil {
		t.Fatalf("%v\n%+v", err, rep.Steps)
	}
	last := strings.Join(rep.Steps[len(rep.Steps)-1].Details, " ")
	if !strings.Contains(last, "findings, 0 differ") || !strings.Contains(last, "not checked: the pack holds one person of the run") || strings.HasPrefix(last, "re-performed: 0 ") {
		t.Errorf("the last step says %q", last)
	}
	files := unpacked(t, p)
	spoiled(t, files, rep.File, id)
	known := []string{id, who.Model.Person.Manager}
	for _, c := range who.Model.Changes {
		known = append(known, c.From, c.To)
	}
	for _, x := range who.Model.Findings { // a finding may be that somebody shares a value with them
		if x.Rule == "hr-duplicate-email" || x.Rule == "hr-manager-cycle" {
			for _, q := range rep.File.Scope.Quality {
				known = append(append(known, q.DuplicateEmail...), q.ManagerCycle...)
			}
		}
	}
	others := o.others(s, g, known...)
	if len(others) < 500 {
		t.Fatalf("only %d others are looked for", len(others))
	}
	for name, text := range files {
		for _, other := range others {
			if strings.Contains(text, other) {
				t.Errorf("%s names %q", name, other)
				break
			}
		}
	}
}

// keepPack copies a pack to where somebody wants to look at it: MUSTER_KEEP_PACKS.
func keepPack(t *testing.T, p reports.Pack) {
	t.Helper()
	dir := os.Getenv("MUSTER_KEEP_PACKS")
	if dir == "" {
		return
	}
	text, err := os.ReadFile(p.ZipPath)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, filepath.Base(p.ZipPath)), text, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}

// controls: what the report counts for each control is what the findings say, and its pack verifies.
func (o *org) controls(t *testing.T, s *cli.Session, g dossier.Ground) {
	period := frame.Period{From: g.Run.AsOf.UTC().Truncate(24*time.Hour).AddDate(0, 0, -20), To: g.Run.AsOf.UTC().Truncate(24 * time.Hour)}
	if run, err := dossier.LastRunIn(t.Context(), s.Store, period); err != nil || run.ID != g.Run.ID {
		t.Fatalf("the last run is %s (%v), want %s", run.ID, err, g.Run.ID)
	}
	c, err := dossier.Controls(t.Context(), g, period, "")
	if err != nil {
		t.Fatal(err)
	}
	open, excepted := map[string]int{}, map[string]int{}
	if err := s.Store.FindingsOfRun(t.Context(), g.Run.ID, func(f access.Finding) error {
		for _, id := range f.Controls {
			switch f.State {
			case access.Resolved:
			case access.Excepted:
				excepted[id]++
			default:
				open[id]++
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, x := range c.Model.Controls {
		want := controls.NoDeviation
		switch {
		case slices.Contains([]string{"PCI-DSS 7.2.3", "PCI-DSS 7.2.4", "PCI-DSS 8.4.2", "NIST-800-53 AC-6(7)"}, x.ID):
			want = controls.NotTested
		case open[x.ID]+excepted[x.ID] > 0:
			want = controls.Deviations
		}
		if x.Count.Open != open[x.ID] || x.Count.Excepted != excepted[x.ID] || x.Conclusion != want || !x.Count.Balanced() {
			t.Errorf("%s: %d open, %d excepted, %s; want %d, %d, %s", x.ID, x.Count.Open, x.Count.Excepted, x.Conclusion, open[x.ID], excepted[x.ID], want)
		}
	}
	if n := c.Model.Totals; n.Controls < 25 || n.Deviations < 10 || n.NotCovered != 4 {
		t.Errorf("totals %+v", n)
	}
	p, err := s.Runner.Pack(t.Context(), g.Run, c.Job(), nil, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	keepPack(t, p)
	if rep, err := reperform.Verify(t.Context(), p.ZipPath, ""); err != nil {
		t.Errorf("%v\n%+v", err, rep.Steps)
	}
	one, err := dossier.Controls(t.Context(), g, period, "SOC 2 CC6.3")
	if err != nil || len(one.Model.Controls) != 1 || one.Model.Controls[0].ID != "SOC2 CC6.3" {
		t.Errorf("one control: %+v (%v)", one.Model.Controls, err)
	}
	if _, err := dossier.Controls(t.Context(), g, period, "SOC 2 CC99"); access.KindOf(err) != access.NotFound {
		t.Errorf("a control that there is not: %v", err)
	}
}

// decided lets people ask for, review and take away access of a person, and gathers the person again.
func decided(t *testing.T, s *cli.Session, g dossier.Ground, who dossier.Personal) dossier.Personal {
	t.Helper()
	id, held := who.Model.Person.ID, who.Model.Held[0]
	at := g.Run.AsOf.Add(-time.Hour)
	d := access.Decision{ID: "D-" + id, Approval: "AP-" + id, Verdict: access.Approve, By: "W-99998", ByName: "Decider Named Elsewhere", Role: "owner", Channel: access.ChannelCLI, At: at, Reason: "needed for the audit"}
	item := access.ReviewItem{ID: "C-TEST." + id, Campaign: "C-TEST", Key: "k" + id, System: held.System, Account: access.AccountRef{ID: held.AccountID, Name: held.Account}, Entitlement: access.HeldRef{Name: held.Entitlement}, Person: id,
		State: access.ItemKept, EndedAt: at, Version: 1, Decisions: []access.ReviewDecision{{ID: "D-R" + id, Verdict: access.ReviewKeep, By: d.By, ByName: d.ByName, Role: "owner", Channel: access.ChannelCLI, At: at}}}
	record := remediate.Record{Action: access.Action{ID: "A-" + id, Kind: access.RemoveEntitlement, System: held.System, Account: item.Account, Entitlement: item.Entitlement, Person: id, Reason: "nothing gives it"},
		State: remediate.Verified, Why: "by snapshot S-1", Approval: d.Approval, ChangedAt: at, Version: 1, Receipt: &access.Receipt{Action: "A-" + id, Outcome: access.OutcomeDone, At: at, Said: "done"}}
	var docs []access.Document
	for _, one := range []func() (access.Document, error){
		func() (access.Document, error) {
			return remediate.ApprovalDocument(access.Approval{ID: d.Approval, Person: id, State: access.ApprovalApproved, Decisions: []access.Decision{d}, Version: 1}, at)
		},
		func() (access.Document, error) {
			return remediate.RequestDocument(access.Request{ID: "RQ-" + id, Person: id, Ref: access.EntitlementRef{System: held.System, Name: held.Entitlement}, Reason: "quarter end", By: id, At: at, From: at, Until: at, Approval: d.Approval,
				State: access.RequestEnded, Version: 1}, at)
		},
		func() (access.Document, error) { return remediate.ItemDocument(item, g.Run.ID, at) },
		record.Document,
	} {
		doc, err := one()
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	if err := s.Store.SaveDocuments(t.Context(), docs...); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Ledger.Append(t.Context(), ledger.Event{Time: at, Type: ledger.Intent, Data: map[string]any{"action": record.ID}}, ledger.Event{Time: at, Type: ledger.Receipt, Data: map[string]any{"action": record.ID}}); err != nil {
		t.Fatal(err)
	}
	trail, err := ledger.Read(s.LedgerDir())
	if err != nil {
		t.Fatal(err)
	}
	g.Trail = trail
	again, err := dossier.Person(t.Context(), g, id)
	if err != nil {
		t.Fatal(err)
	}
	m := again.Model
	if len(m.Requests) != 1 || len(m.Requests[0].Decisions) != 1 || len(m.Reviews) != 1 || len(m.Actions) != 1 || len(m.Actions[0].Entries) != 2 || m.Actions[0].Receipt == nil || m.Actions[0].Decisions[0].Name != d.ByName {
		t.Fatalf("what was decided is %+v %+v %+v", m.Requests, m.Reviews, m.Actions)
	}
	for _, x := range m.Held {
		if x.Entitlement != held.Entitlement || x.AccountID != held.AccountID {
			continue
		}
		if kinds := x.Basis; !held.Due() && (len(kinds) == 0 || kinds[len(kinds)-1].Kind != "review") {
			t.Errorf("%s is kept by %+v", x.Entitlement, kinds)
		}
	}
	return again
}

// spoiled: what is changed in the tables of such a pack does not come out again, though less can be worked out than of a whole one.
func spoiled(t *testing.T, files map[string]string, file evidence.File, id string) {
	t.Helper()
	for name, change := range map[string]func(map[string]string){
		"another person": func(f map[string]string) {
			f["annexes/persons.csv"] = strings.ReplaceAll(f["annexes/persons.csv"], id, "W-99999")
		},
		"a finding gone": func(f map[string]string) { f["annexes/findings.csv"] = firstLines(f["annexes/findings.csv"], 1) },
		"a link gone":    func(f map[string]string) { f["annexes/links.csv"] = firstLines(f["annexes/links.csv"], 1) },
		"nothing due": func(f map[string]string) {
			f["annexes/expectations.csv"] = firstLines(f["annexes/expectations.csv"], 1)
		},
		"other rules": func(f map[string]string) {
			f["inputs/rules/01-accounts.yaml"] = strings.Replace(f["inputs/rules/01-accounts.yaml"], "critical", "low", 1)
		},
	} {
		changed := fstest.MapFS{}
		copied := maps.Clone(files)
		change(copied)
		same := true
		for path, text := range copied {
			same = same && text == files[path]
			changed[path] = &fstest.MapFile{Data: []byte(text)}
		}
		if same {
			continue // the person has no such row
		}
		if !slices.ContainsFunc(reperform.Steps(t.Context(), changed, file), func(s check.Step) bool { return s.State == check.Differs }) {
			t.Errorf("%s: no step says so", name)
		}
	}
}

// firstLines keeps the first lines of a text.
func firstLines(text string, n int) string {
	return strings.Join(strings.SplitAfter(text, "\n")[:n], "")
}
