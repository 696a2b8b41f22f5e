package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
)

// invent makes facts of every shape, the odd ones too, from a seed.
func invent(seed uint64) *access.PersonFacts {
	r := rand.New(rand.NewPCG(seed, 7))
	chance := func(n int) bool { return r.IntN(n) == 0 }
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	day := func() time.Time {
		if chance(4) {
			return time.Time{}
		}
		return clock.AddDate(0, 0, -r.IntN(400)+60).Truncate(24 * time.Hour)
	}
	f := &access.PersonFacts{}
	if !chance(5) {
		f.Person = &access.Person{ID: fmt.Sprintf("W-%d", seed), Row: int64(r.IntN(900)), DisplayName: pick("Ana Silva", ""), FamilyName: pick("Silva", ""),
			Department: pick("Finance", "Sales", ""), EmploymentType: access.EmploymentType(pick("employee", "contractor", "intern")),
			Status: access.Status(pick("prehire", "active", "active", "leave", "terminated", "unknown")), ManagerID: pick("W-9", ""), StartDate: day(), EndDate: day()}
		f.Quality = access.Quality{ManagerMissing: chance(5), ManagerUnknown: chance(5), DepartmentUnknown: chance(5), DuplicateID: r.IntN(2)}
	}
	for i := range r.IntN(4) {
		a := &access.AccountFacts{Account: access.Account{System: pick("erp", "saas", "vpn"), ID: fmt.Sprintf("%d-%d", seed, i), Name: fmt.Sprintf("u%d", i),
			Kind: access.AccountKind(pick("human", "human", "service", "shared", "break-glass")), Enabled: !chance(3), Privileged: chance(5),
			MFA: access.Tri(r.IntN(3)), CreatedAt: day(), LastLogin: day(), NeverLoggedIn: chance(6), SourceRef: fmt.Sprintf("row %d", i)},
			Link:           access.Link{Result: access.Linked, Evidence: []string{"made up"}},
			PreviousGrants: r.IntN(6) - 1, SnapshotTakenAt: clock, PrivilegedEffective: chance(5)}
		if f.Person == nil {
			a.Link.Result = access.LinkResult(pick("unmatched", "disputed", "service-owned"))
			if a.Link.Result == access.ServiceOwned && chance(2) {
				a.Link.PersonID = "W-owner"
				a.Owner = &access.Person{ID: "W-owner", DisplayName: "Olu Okafor", Status: access.Status(pick("active", "terminated"))}
			}
		}
		for j := range r.IntN(12) {
			a.Grants = append(a.Grants, access.GrantFacts{System: a.System, Actual: !chance(8), Expected: chance(2), Effective: !chance(4), Direct: chance(2),
				Entitlement: access.Entitlement{System: a.System, Name: []string{"GL_READ", "CREATE_VENDOR", "PAY_VENDOR", "payments", "X4", "X5", "X6", "X7", "X8", "X9", "X10", "X11"}[j], Privileged: chance(6)}})
		}
		f.Accounts = append(f.Accounts, a)
	}
	if f.Person != nil && chance(2) {
		f.Missing = append(f.Missing, access.GrantFacts{System: pick("erp", "saas", "vpn"), Expected: true, Entitlement: access.Entitlement{Name: "GL_READ"}})
	}
	return f
}

func collect(t testing.TB, e *Evaluator, facts []*access.PersonFacts) []access.Finding {
	t.Helper()
	var out []access.Finding
	for _, f := range facts {
		if err := e.Evaluate(f, func(h Hit) error { out = append(out, h.Finding); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	slices.SortFunc(out, func(a, b access.Finding) int { return strings.Compare(a.Fingerprint, b.Fingerprint) })
	return out
}

func TestTheOrderOfFactsDoesNotMatter(t *testing.T) {
	set, env := builtin(t), testEnv(t)
	var facts []*access.PersonFacts
	for i := range uint64(400) {
		facts = append(facts, invent(i))
	}
	first := set.Evaluator(env)
	want := collect(t, first, facts)
	if len(want) < 100 {
		t.Fatalf("only %d findings", len(want))
	}
	rand.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
	for _, f := range facts {
		slices.Reverse(f.Accounts)
		for _, a := range f.Accounts {
			slices.Reverse(a.Grants)
		}
		f.Functions = nil
	}
	second := set.Evaluator(env)
	got := collect(t, second, facts)
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(got)
	if string(a) != string(b) {
		for i := range min(len(want), len(got)) {
			if x, y := fmt.Sprintf("%+v", want[i]), fmt.Sprintf("%+v", got[i]); x != y {
				t.Fatalf("%d and %d findings; the first that differs when the facts come in another order:\n%s\n%s", len(want), len(got), x, y)
			}
		}
		t.Errorf("%d findings, and %d when the facts come in another order", len(want), len(got))
	}
	if fmt.Sprint(first.Stats()) != fmt.Sprint(second.Stats()) {
		t.Errorf("the counts differ: %v, %v", first.Stats(), second.Stats())
	}
	if n := first.Stats().Errors(); n != 0 {
		t.Errorf("%d built-in evaluations failed: %v", n, first.Stats())
	}
}

const grantRules = `
rules:
  - id: split
    title: Split condition
    scope: grant
    severity: low
    variables:
      - {name: odd, expression: 'grant.direct || entitlement.privileged'}
      - {name: old, expression: 'person.end_date < now'}
    when: |
      account.enabled && odd && (has(person.end_date) || account.kind == "human") && old && grant.actual
    message: grant.entitlement
    controls: ["SOC2 CC6.2"]
    remediation: none
`

// The guard of a grant rule must never change what the whole condition says, errors included.
func TestTheGuardIsOnlyAnOptimisation(t *testing.T) {
	set, err := Load([]*config.Document{parse(t, grantRules)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := set.Rule("split")
	if r.prog.guard == nil || r.prog.rest == nil {
		t.Fatal("the condition was not split")
	}
	env := testEnv(t)
	plain, _ := Load([]*config.Document{parse(t, grantRules)}, nil)
	p, _ := plain.Rule("split")
	p.prog.guard, p.prog.rest = nil, nil
	split, whole := set.Evaluator(env), plain.Evaluator(env)
	for i := range uint64(2_000) {
		a, b := collect(t, split, []*access.PersonFacts{invent(i)}), collect(t, whole, []*access.PersonFacts{invent(i)})
		if len(a) != len(b) {
			t.Fatalf("seed %d: %d findings with the guard, %d without", i, len(a), len(b))
		}
	}
	s, w := split.Stats()["split"], whole.Stats()["split"]
	if s.Evaluated != w.Evaluated || s.Hits != w.Hits || s.Errors != w.Errors || s.Errors == 0 || s.Hits == 0 {
		t.Errorf("with the guard %+v, without %+v", s, w)
	}
}

func TestErrorsAreCountedWithASample(t *testing.T) {
	set, err := Load([]*config.Document{parse(t, `
rules:
  - id: divides
    title: Divides by the row
    scope: person
    severity: low
    when: person.row / 0 == 1
    message: person.name
    controls: ["SOC2 CC6.2"]
    remediation: none
  - id: bad-message
    title: The message fails
    scope: person
    severity: low
    severity_expr: person.title
    when: person.row > 1
    message: string(person.row / 0)
    controls: ["SOC2 CC6.2"]
    remediation: none
`)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := set.Evaluator(testEnv(t))
	found := collect(t, e, []*access.PersonFacts{{Person: person(nil)}, {Person: person(func(p *access.Person) { p.ID = "W-0" })}})
	if len(found) != 2 || found[0].Message != "The message fails" || found[0].Severity != access.Low {
		t.Errorf("a finding is lost or has no fallback: %+v", found)
	}
	s := e.Stats()["divides"]
	if s.Evaluated != 2 || s.Errors != 2 || s.Hits != 0 || !strings.Contains(s.Sample, "W-0") || !strings.Contains(s.Sample, "division") {
		t.Errorf("%+v", s)
	}
	sum := Stats{}
	sum.Merge(e.Stats())
	sum.Merge(e.Stats())
	if sum["divides"].Errors != 4 || sum.Errors() != 2*e.Stats().Errors() {
		t.Errorf("merged: %+v", sum)
	}
}

func TestEmitStopsTheEvaluation(t *testing.T) {
	stop := errors.New("stop")
	e := builtin(t).Evaluator(testEnv(t))
	n := 0
	err := e.Evaluate(nobody(func(*access.AccountFacts) {}), func(Hit) error { n++; return stop })
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("%v after %d", err, n)
	}
}

func TestOverridesChangeRulesAndDigests(t *testing.T) {
	plain := builtin(t)
	doc := parse(t, "dormant-account: {severity: high, params: {days: 120}}\nprivilege-creep: {severity: critical}\nshared-account: {enabled: false}\n")
	set := map[string]config.Node{}
	for _, k := range doc.Root().Keys() {
		set[k] = doc.Root().Get(k)
	}
	docs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	changed, err := Load(docs, set)
	if err != nil || doc.Err() != nil {
		t.Fatal(err, doc.Err())
	}
	for _, r := range plain.All() {
		c, _ := changed.Rule(r.ID)
		if (c.Digest != r.Digest) != (set[r.ID].Exists()) {
			t.Errorf("%s: digest changed is %v", r.ID, c.Digest != r.Digest)
		}
	}
	if plain.Digest() == changed.Digest() || len(plain.Digest()) != 64 {
		t.Error("the digest of the set does not follow its rules")
	}
	if len(changed.Rules()) != len(plain.Rules())-1 || len(changed.All()) != len(plain.All()) {
		t.Error("the disabled rule is not left out")
	}
	acc := account(func(a *access.AccountFacts) {
		a.LastLogin = clock.AddDate(0, 0, -121)
		a.Grants = []access.GrantFacts{grant("GL_POST", nil)}
	})
	found := collect(t, changed.Evaluator(testEnv(t)), []*access.PersonFacts{one(person(nil), acc)})
	for _, f := range found {
		if want := map[string]access.Severity{"dormant-account": access.High, "privilege-creep": access.Critical}[f.Rule]; f.Severity != want {
			t.Errorf("%s is %s, want %s", f.Rule, f.Severity, want)
		}
	}
	acc.LastLogin = clock.AddDate(0, 0, -119)
	if again := collect(t, changed.Evaluator(testEnv(t)), []*access.PersonFacts{one(person(nil), acc)}); len(found) != 2 || len(again) != 1 {
		t.Errorf("%d findings at 121 days, %d at 119", len(found), len(again))
	}
}

func TestExplanationsShowEveryPart(t *testing.T) {
	e := builtin(t).Evaluator(testEnv(t))
	orphan := nobody(func(a *access.AccountFacts) { a.LastLogin = time.Time{} })
	sleeper := one(person(nil), account(func(a *access.AccountFacts) { a.LastLogin = date("2026-01-05") }))
	creep := one(person(nil), account(func(a *access.AccountFacts) { a.Grants = []access.GrantFacts{grant("GL_POST", nil)} }))
	both := one(person(nil), account(func(a *access.AccountFacts) {
		a.Grants = []access.GrantFacts{grant("CREATE_VENDOR", nil), grant("PAY_VENDOR", nil)}
	}))
	lacks := &access.PersonFacts{Person: person(nil), Missing: []access.GrantFacts{grant("GL_READ", func(g *access.GrantFacts) {
		g.Actual, g.Effective, g.Expected, g.Basis = false, false, true, []access.Basis{{Kind: "bundle", Name: "finance"}}
	})}}
	var all strings.Builder
	for _, c := range []struct {
		rule string
		f    *access.PersonFacts
		at   Selector
	}{
		{"orphaned-account", orphan, Selector{System: "erp", AccountID: "17"}},
		{"leaver-active", sleeper, Selector{System: "erp", AccountID: "17"}},
		{"dormant-account", sleeper, Selector{System: "erp", AccountID: "17"}},
		{"privilege-creep", creep, Selector{System: "erp", AccountID: "17", Entitlement: "GL_POST"}},
		{"missing-access", lacks, Selector{System: "erp", Entitlement: "GL_READ"}},
		{"sod-conflict", both, Selector{}},
		{"hr-unknown-manager", sleeper, Selector{}},
	} {
		xs, err := e.Explain(c.rule, c.f, c.at)
		if err != nil {
			t.Fatalf("%s: %v", c.rule, err)
		}
		for _, x := range xs {
			all.WriteString(x.Text() + "\n")
		}
	}
	xs, err := e.ExplainSystem("snapshot-incomplete", &access.SystemFacts{Name: "saas", Tonight: access.Snapshot{State: access.Partial, TakenAt: clock}})
	if err != nil {
		t.Fatal(err)
	}
	all.WriteString(xs[0].Text())
	golden(t, "testdata/explain.golden", all.String())
	if _, err := e.Explain("no-such-rule", orphan, Selector{}); access.KindOf(err) != access.NotFound {
		t.Errorf("unknown rule: %v", err)
	}
	if _, err := e.Explain("privilege-creep", creep, Selector{System: "erp", AccountID: "17", Entitlement: "X"}); access.KindOf(err) != access.NotFound {
		t.Errorf("unknown grant: %v", err)
	}
}

func TestMessagesReadWell(t *testing.T) {
	var all []string
	e := builtin(t).Evaluator(testEnv(t))
	for i := range uint64(300) {
		err := e.Evaluate(invent(i), func(h Hit) error { all = append(all, h.Finding.Rule+": "+h.Finding.Message); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(all)
	var kept []string
	shown := map[string]int{}
	for _, m := range slices.Compact(all) {
		rule, _, _ := strings.Cut(m, ":")
		if shown[rule]++; shown[rule] <= 3 {
			kept = append(kept, m)
		}
	}
	golden(t, "testdata/messages.golden", strings.Join(kept, "\n")+"\n")
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s", file, got)
	}
}

func TestASetServesManyEvaluatorsAtOnce(t *testing.T) {
	set, env := builtin(t), testEnv(t)
	counts := make([]int, 4)
	var wg sync.WaitGroup
	for i := range counts {
		wg.Go(func() {
			e := set.Evaluator(env)
			for seed := range uint64(100) {
				if err := e.Evaluate(invent(seed), func(Hit) error { counts[i]++; return nil }); err != nil {
					t.Error(err)
				}
				if _, err := env.Bundles.Match(access.Person{ID: "W-1", Department: "Finance"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if slices.Min(counts) != slices.Max(counts) || counts[0] == 0 {
		t.Errorf("the evaluators disagree: %v", counts)
	}
}
