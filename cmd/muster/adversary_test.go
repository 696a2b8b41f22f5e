package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/cmd/muster/cli"
	"muster/collectors"
	"muster/internal/access"
)

// small writes an organisation of four workers and one system, of which every finding can be counted by hand: a leaver, an orphan,
// creep, missing access and a head without a manager.
func small(t testing.TB) *org {
	t.Helper()
	t.Setenv("MUSTER_ENGINE_LIB", library(t))
	o := &org{t: t, dir: t.TempDir()}
	for name, text := range map[string]string{
		"muster.yaml": `organisation: Acme
as_of: 2026-11-22T01:00:00Z
hr: {shrink_percent: 40, settings: {format: plain, path: workers.csv, final_newline: required}}
systems:
  - name: vpn
    collector: csv
    shrink_percent: 40
    settings:
      final_newline: required
      accounts:
        path: vpn.csv
        columns: {id: id, name: login, email: email, owner: owner, kind: kind, enabled: enabled}
        entitlements: {column: groups, separator: ";"}
linking: {keys: [email]}
bundles: [bundles.yaml]
exceptions: exceptions.yaml
`,
		"bundles.yaml":    "bundles:\n  - {name: staff, when: person.status != \"terminated\", entitlements: {vpn: [users]}}\n",
		"exceptions.yaml": "exceptions: []\n",
		"workers.csv": `worker_id,given_name,family_name,display_name,email,upn,username,title,department,cost_centre,company,location,employment_type,status,manager_id,start_date,end_date
W-1,Ann,One,Ann One,ann@acme.example,,,,Ops,7,,,employee,active,,2020-01-01,
W-2,Bob,Two,Bob Two,bob@acme.example,,,,Ops,7,,,employee,active,W-1,2020-01-01,
W-3,Cy,Three,Cy Three,cy@acme.example,,,,Ops,7,,,employee,terminated,W-1,2020-01-01,2026-11-01
W-4,Di,Four,Di Four,di@acme.example,,,,Ops,none,,,employee,active,W-1,2020-01-01,
`,
		"vpn.csv": `id,login,email,owner,kind,enabled,groups
1,ann,ann@acme.example,,human,true,users
2,bob,bob@acme.example,,human,true,users;extra
3,cy,cy@acme.example,,human,true,users
4,di,di@acme.example,,human,true,
5,ghost,ghost@acme.example,,human,true,users
6,svc-x,,di@acme.example,service,true,users
`,
	} {
		if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// replace changes a text in a file of the organisation.
func (o *org) replace(file, old, new string) {
	o.t.Helper()
	o.edit(file, func(s string) string { return strings.ReplaceAll(s, old, new) })
}

// at sets the clock of the runs.
func (o *org) at(day string) {
	o.t.Helper()
	o.edit("muster.yaml", func(s string) string {
		before, after, _ := strings.Cut(s, "as_of: ")
		_, rest, _ := strings.Cut(after, "\n")
		return before + "as_of: " + day + "T01:00:00Z\n" + rest
	})
}

// ok runs a command that must end with the exit code.
func (o *org) ok(want int, args ...string) string {
	o.t.Helper()
	code, stdout, stderr := o.muster(args...)
	if code != want {
		o.t.Fatalf("%s ended with %d, want %d\n%s\n%s", strings.Join(args, " "), code, want, stdout, stderr)
	}
	return stdout
}

// states gives each finding as "rule system/subject detail" with its state and change.
func (o *org) states() map[string]access.Finding {
	o.t.Helper()
	out := map[string]access.Finding{}
	for _, f := range o.findings() {
		key := strings.TrimSpace(f.Rule + " " + f.System + "/" + f.Subject + " " + f.Detail)
		if _, twice := out[key]; twice {
			o.t.Errorf("%s is there twice", key)
		}
		out[key] = f
	}
	return out
}

// TestClockThatGoesBackConcludesNothing runs a night whose clock is before that of the snapshots that are stored. What it reads itself is
// judged as on any other night: a cut file is incomplete, a halved one is held, though nothing is older.
func TestClockThatGoesBackConcludesNothing(t *testing.T) {
	for name, spoil := range map[string]func(string) string{
		"cut":    func(s string) string { return s[:len(s)-20] },
		"halved": func(s string) string { return strings.Join(strings.SplitAfter(s, "\n")[:3], "") },
		"empty":  func(string) string { return "" },
	} {
		for _, file := range []string{"workers.csv", "vpn.csv"} {
			t.Run(name+" "+file, func(t *testing.T) {
				o := small(t)
				o.nightly(cli.ExitClean)
				before := o.findings()
				o.at("2026-11-21")
				o.edit(file, spoil)
				o.nightly(cli.ExitIncomplete)
				source := map[string]string{"workers.csv": "hr", "vpn.csv": "vpn"}[file]
				checkNothingConcluded(t, before, o.findings(), source)
				o.ok(cli.ExitIncomplete, "reconcile")
				checkNothingConcluded(t, before, o.findings(), source)
			})
		}
	}
}

// TestHeldSnapshotOfAnEarlierClockCanBeReleased is the way out of a hold when the clock went back: what was read last is released, not
// what has the latest time.
func TestHeldSnapshotOfAnEarlierClockCanBeReleased(t *testing.T) {
	o := small(t)
	o.nightly(cli.ExitClean)
	o.at("2026-11-21")
	o.edit("vpn.csv", func(s string) string { return strings.Join(strings.SplitAfter(s, "\n")[:3], "") })
	o.nightly(cli.ExitIncomplete)
	o.ok(cli.ExitClean, "release", "vpn", "--reason", "the gateway was retired, CHG-1")
	if code, _, stderr := o.muster("release", "vpn", "--reason", "once more, by mistake"); code != cli.ExitError || !strings.Contains(stderr, "no held snapshot") {
		t.Errorf("a second release: exit %d, %s", code, stderr)
	}
	o.nightly(cli.ExitClean)
	if f := o.states()["leaver-active vpn/cy"]; f.State != access.Resolved {
		t.Errorf("leaver-active is %s after the release, want resolved", f.State)
	}
}

func TestBaselineOfTheFutureIsRefused(t *testing.T) {
	o := small(t)
	o.edit("muster.yaml", func(s string) string {
		s = strings.Replace(s, "as_of: 2026-11-22T01:00:00Z\n", "", 1)
		return strings.Replace(s, "linking:", "    baseline: {taken_at: 2999-01-01T00:00:00Z, settings: {accounts: {path: vpn.csv, columns: {name: login}}}}\nlinking:", 1)
	})
	if code, _, stderr := o.muster("nightly"); code != cli.ExitUsage || !strings.Contains(stderr, "the baseline lies in the future") {
		t.Errorf("ended with %d: %s", code, stderr)
	}
}

func TestClockThatGoesBackReadsWhatIsThere(t *testing.T) {
	o := small(t)
	o.nightly(cli.ExitClean)
	o.at("2026-11-21")
	o.replace("vpn.csv", "3,cy,cy@acme.example,,human,true", "3,cy,cy@acme.example,,human,false")
	o.nightly(cli.ExitClean)
	for key, f := range o.states() {
		if want := map[bool]access.Change{true: access.ChangeResolved, false: access.ChangeStill}[f.Rule == "leaver-active"]; f.Change != want {
			t.Errorf("%s is %s, want %s", key, f.Change, want)
		}
	}
}

// TestFindingsOfASystemThatWasNotReadStayAsTheyWere shows that a finding in a system that could not be read was not seen tonight, even
// when the older snapshot still has it; an exception that runs out meanwhile runs out.
func TestFindingsOfASystemThatWasNotReadStayAsTheyWere(t *testing.T) {
	o := small(t)
	o.edit("exceptions.yaml", func(string) string {
		return "exceptions:\n  - {id: EX-1, rule: leaver-active, system: vpn, subject: cy, owner: a@acme.example, approver: b@acme.example, reason: hands over until Sunday, expires: 2026-11-22}\n"
	})
	o.nightly(cli.ExitClean)
	if f := o.states()["leaver-active vpn/cy"]; f.State != access.Excepted {
		t.Fatalf("leaver-active is %s, want excepted", f.State)
	}
	for _, day := range []string{"2026-11-23", "2026-11-24"} {
		o.at(day)
		if day == "2026-11-23" {
			o.edit("vpn.csv", func(s string) string { return s[:len(s)-3] })
		}
		o.nightly(cli.ExitIncomplete)
		for key, f := range o.states() {
			if f.System == "vpn" && f.Scope != access.ScopeSystem && (f.Change != access.ChangeUnverified || f.LastSeen.Format(time.DateOnly) != "2026-11-22") {
				t.Errorf("%s: %s is %s, last seen %s; nobody has seen it since 2026-11-22", day, key, f.Change, f.LastSeen.Format(time.DateOnly))
			}
			if f.System == "hr" && f.LastSeen.Format(time.DateOnly) != day {
				t.Errorf("%s: %s was last seen %s", day, key, f.LastSeen.Format(time.DateOnly))
			}
		}
		if f := o.states()["leaver-active vpn/cy"]; f.State != access.Open || f.Exception != "" {
			t.Errorf("%s: leaver-active is %s by %q, and its exception has run out", day, f.State, f.Exception)
		}
	}
}

// TestBundlesOfEveryKind runs nights whose bundles read nothing, and whose conditions fail for somebody.
func TestBundlesOfEveryKind(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		o := small(t)
		o.replace("muster.yaml", "bundles: [bundles.yaml]\n", "")
		o.nightly(cli.ExitClean)
		if all := o.states(); len(all) != 3 {
			t.Errorf("%d findings, want leaver, orphan and manager: %v", len(all), all)
		}
	})
	t.Run("for everybody", func(t *testing.T) {
		o := small(t)
		o.replace("bundles.yaml", `person.status != "terminated"`, `"true"`)
		o.nightly(cli.ExitClean)
		all := o.states()
		if len(all) != 5 || all["missing-access vpn/W-4 users"].ID == "" || all["privilege-creep vpn/bob extra"].ID == "" {
			t.Errorf("%d findings, want 5: %v", len(all), all)
		}
	})
	t.Run("fails for one person", func(t *testing.T) {
		o := small(t)
		o.nightly(cli.ExitClean)
		o.edit("bundles.yaml", func(s string) string {
			return s + "  - {name: seven, when: int(person.cost_centre) == 7, entitlements: {vpn: [extra]}}\n"
		})
		out := o.nightly(cli.ExitClean)
		if !strings.Contains(flat(out), "missing-access could not be evaluated 1 times") || !strings.Contains(flat(out), "expected access of W-4: bundle seven") {
			t.Errorf("the run does not say that a bundle failed for W-4:\n%s", out)
		}
		for key, want := range map[string]access.Change{"missing-access vpn/W-4 users": access.ChangeUnverified, "privilege-creep vpn/bob extra": access.ChangeUnverified,
			"missing-access vpn/W-1 extra": access.ChangeNew, "leaver-active vpn/cy": access.ChangeStill} {
			if f := o.states()[key]; f.Change != want {
				t.Errorf("%s is %q, want %q", key, f.Change, want)
			}
		}
		if code, _, stderr := o.muster("why", "W-4"); code != cli.ExitError || !strings.Contains(stderr, "bundle seven") {
			t.Errorf("why W-4 ended with %d: %s", code, stderr)
		}
		o.ok(cli.ExitClean, "why", "W-2")
	})
}

// TestReportOfAnOldRunIsTheSame renders a night's pack again after the configuration changed, a snapshot of it was released, and other
// nights followed.
func TestReportOfAnOldRunIsTheSame(t *testing.T) {
	o := small(t)
	packs := map[string][]byte{} // by run
	remember := func() {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(o.dir, ".muster/packs/*/*.zip"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			if id := filepath.Base(filepath.Dir(path)); packs[id] == nil {
				if packs[id], err = os.ReadFile(path); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	o.nightly(cli.ExitClean)
	remember()
	o.at("2026-11-23")
	o.edit("vpn.csv", func(s string) string { return strings.Join(strings.SplitAfter(s, "\n")[:3], "") })
	o.nightly(cli.ExitIncomplete)
	remember()
	o.ok(cli.ExitClean, "release", "vpn", "--reason", "the gateway was retired, CHG-1")
	o.replace("bundles.yaml", "users", "extra")
	o.edit("muster.yaml", func(s string) string {
		return s + "report: {classification: Public}\nrules: {set: {leaver-active: {severity: low}, orphaned-account: {enabled: false}}}\n"
	})
	o.at("2026-11-24")
	o.nightly(cli.ExitClean)
	remember()
	if len(packs) != 3 {
		t.Fatalf("%d packs, want 3", len(packs))
	}
	for id, want := range packs {
		dir := t.TempDir()
		o.ok(cli.ExitClean, "report", "reconciliation", "--run", id, "--out", dir)
		found, _ := filepath.Glob(filepath.Join(dir, "*.zip"))
		if len(found) != 1 {
			t.Fatalf("%d packs of run %s", len(found), id)
		}
		if got, err := os.ReadFile(found[0]); err != nil || !bytes.Equal(got, want) {
			t.Errorf("the pack of run %s is not the same bytes (%v)", id, err)
		}
		o.ok(cli.ExitClean, "verify", found[0], "--ledger", filepath.Join(o.dir, ".muster/ledger"))
	}
}

// TestUnwritableLedgerStopsTheRun closes the ledger under a run at its start, while it collects, and before it records. Nothing may come
// of such a run, and the next one is right.
func TestUnwritableLedgerStopsTheRun(t *testing.T) {
	for _, stage := range []string{"start", "collect", "record"} {
		t.Run(stage, func(t *testing.T) {
			o := small(t)
			o.withoutLedger(stage)
			if list := o.findings(); len(list) != 0 {
				t.Errorf("%d findings are visible", len(list))
			}
			o.nightly(cli.ExitClean)
			if all := o.states(); len(all) != 5 {
				t.Errorf("%d findings after the next night, want 5", len(all))
			}
			o.ok(cli.ExitClean, "ledger", "verify")
		})
	}
}

// withoutLedger runs a night that loses its ledger at a stage.
func (o *org) withoutLedger(stage string) {
	o.t.Helper()
	ctx := o.t.Context()
	a := &cli.App{Stdout: &strings.Builder{}, Stderr: &strings.Builder{}, Now: time.Now, ConfigFile: filepath.Join(o.dir, "muster.yaml")}
	s, err := a.Open(ctx, true)
	if err != nil {
		o.t.Fatal(err)
	}
	cut := func() {
		if err := s.Ledger.Close(); err != nil && !strings.Contains(err.Error(), "closed") {
			o.t.Error(err)
		}
	}
	switch stage {
	case "start":
		cut()
		_, err = s.Runner.Nightly(ctx)
	case "collect":
		s.Runner.Progress = func(collectors.Progress) { cut() }
		_, err = s.Runner.Nightly(ctx)
	case "record":
		run, serr := s.Runner.Start(ctx, "nightly")
		_, cerr := s.Runner.Collect(ctx, run, s.Plan.Sources)
		if serr != nil || cerr != nil {
			o.t.Fatal(serr, cerr)
		}
		cut()
		_, err = s.Runner.Reconcile(ctx, run)
	}
	if err == nil {
		o.t.Errorf("the run went on without a ledger")
	}
	if _, completed, err := s.Store.LastRun(ctx, true); err != nil || completed {
		o.t.Errorf("a run is completed without a ledger (%v)", err)
	}
	if stage != "record" {
		if _, found, err := s.Store.Newest(ctx, "vpn"); err != nil || found {
			o.t.Errorf("a snapshot was stored without a ledger (%v)", err)
		}
	}
	if err := s.Store.Close(); err != nil {
		o.t.Error(err)
	}
	cut()
	if err := s.Engine.Close(); err != nil {
		o.t.Error(err)
	}
}

// TestTwoAtOnceAndInterrupted starts a second night and a reader beside a night, and interrupts nights by SIGTERM.
func TestTwoAtOnceAndInterrupted(t *testing.T) {
	exe := program(t)
	o := small(t)
	o.exe = exe
	start := time.Now()
	o.nightly(cli.ExitClean)
	whole := time.Since(start)
	want := o.findings()
	type result struct {
		code int
		text string
	}
	nights := make(chan result, 4)
	for range cap(nights) {
		go func() {
			cmd := exec.CommandContext(t.Context(), exe, "nightly", "--config", filepath.Join(o.dir, "muster.yaml"))
			out, _ := cmd.CombinedOutput()
			nights <- result{cmd.ProcessState.ExitCode(), string(out)}
		}()
	}
	if got := o.findings(); len(got) != len(want) {
		t.Errorf("a reader beside a night sees %d findings, want %d", len(got), len(want))
	}
	done := 0
	for range cap(nights) {
		switch r := <-nights; {
		case r.code == cli.ExitClean:
			done++
		case r.code != cli.ExitError || !strings.Contains(r.text, "is writing to"):
			t.Errorf("a second night ended with %d: %s", r.code, r.text)
		}
	}
	if done == 0 {
		t.Error("none of the nights ran")
	}
	r := rand.New(rand.NewPCG(2, 2026))
	for range 6 {
		cmd := exec.CommandContext(t.Context(), exe, "nightly", "--config", filepath.Join(o.dir, "muster.yaml"))
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(r.Float64() * float64(whole)))
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		if err := cmd.Wait(); err != nil && cmd.ProcessState.Exited() && cmd.ProcessState.ExitCode() != cli.ExitError {
			t.Errorf("an interrupted night ended with %v: %s", err, out.String())
		}
	}
	o.nightly(cli.ExitClean)
	o.checkSame(want, o.findings())
	o.ok(cli.ExitClean, "ledger", "verify")
}
