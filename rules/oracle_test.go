package rules

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"muster/internal/access"
)

// oracle says in plain Go what the built-in account and grant rules mean, so that CEL and its environment are checked by
// something that shares no code with them.
func oracle(env Env, f *access.PersonFacts) []string {
	var out []string
	hit := func(rule, system, id, detail string) { out = append(out, rule+" "+system+" "+id+" "+detail) }
	day := func(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }
	p := f.Person
	expired := p != nil && p.EmploymentType == access.Contractor && !p.EndDate.IsZero() && p.EndDate.Before(day(env.Now))
	gone := p != nil && p.Status == access.StatusTerminated
	for _, a := range f.Accounts {
		linked, glass := a.Link.Result == access.Linked, a.Kind == access.KindBreakGlass
		human := a.Kind == access.KindHuman
		say := func(rule string, when bool) {
			if when {
				hit(rule, a.System, a.ID, "")
			}
		}
		held := 0
		for _, g := range a.Grants {
			if g.Actual {
				held++
			}
		}
		limit := env.Now.Add(-90 * 24 * time.Hour)
		unused := !a.LastLogin.IsZero() && a.LastLogin.Before(limit) ||
			a.LastLogin.IsZero() && a.NeverLoggedIn && !a.CreatedAt.IsZero() && a.CreatedAt.Before(limit)
		say("orphaned-account", human && a.Enabled && a.Link.Result == access.Unmatched)
		say("disputed-link", human && a.Enabled && a.Link.Result == access.Disputed)
		say("leaver-active", !glass && linked && a.Enabled && gone)
		say("contractor-expired", !glass && linked && a.Enabled && !gone && expired)
		say("post-termination-login", !glass && linked && gone && !p.EndDate.IsZero() && !a.LastLogin.IsZero() && day(a.LastLogin).After(p.EndDate))
		say("dormant-account", human && a.Enabled && linked && p.Status == access.StatusActive && unused)
		say("privileged-without-mfa", a.Kind != access.KindService && a.Enabled && (a.Privileged || a.PrivilegedEffective) && a.MFA == access.No)
		say("access-spike", !glass && a.PreviousGrants >= 0 && held-a.PreviousGrants >= 5 && held >= 2*a.PreviousGrants)
		say("shared-account", a.Kind == access.KindShared && a.Enabled)
		owner := a.Link.Result == access.ServiceOwned && a.Link.PersonID != ""
		say("service-account-without-owner", a.Kind == access.KindService && a.Enabled && (!owner || a.Owner != nil && a.Owner.Status == access.StatusTerminated))
		for _, g := range a.Grants {
			if linked && !glass && a.Enabled && !gone && !expired && g.Actual && g.Effective && !g.Expected && env.Bundles.Governs(g.System) {
				hit("privilege-creep", a.System, a.ID, g.Entitlement.Name)
			}
		}
	}
	for _, g := range f.Missing {
		if env.Systems[g.System].Used.ID != "" && (p.Status == access.StatusActive || p.Status == access.StatusPrehire) {
			hit("missing-access", g.System, p.ID, g.Entitlement.Name)
		}
	}
	return out
}

func TestTheBuiltinRulesMeanWhatTheySay(t *testing.T) {
	env := testEnv(t)
	e := builtin(t).Evaluator(env)
	counts := map[string]int{}
	for seed := range uint64(4_000) {
		f := invent(seed)
		var got []string
		err := e.Evaluate(f, func(h Hit) error {
			if x := h.Finding; x.Scope != access.ScopePerson {
				got = append(got, fmt.Sprintf("%s %s %s %s", x.Rule, x.System, x.SubjectID, x.Detail))
				counts[x.Rule]++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := oracle(env, f)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d:\n got %q\nwant %q", seed, got, want)
		}
	}
	if len(counts) != 12 {
		t.Errorf("the invented facts break only %v", counts)
	}
	for rule, n := range counts {
		if n < 20 {
			t.Errorf("%s: only %d findings", rule, n)
		}
	}
}
