package mend

import (
	"slices"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/reconcile/sight"
	"muster/remediate"
)

// seen makes what a run saw of erp: accounts, read whole an hour after night.
func seen(accounts ...*access.AccountFacts) sight.Sighting {
	snap := access.Snapshot{ID: "S-2", State: access.Complete, StartedAt: night.Add(time.Hour)}
	s := sight.Sighting{Run: access.Run{ID: "R-2"}, Systems: []access.SystemFacts{{Name: "erp", Tonight: snap, Used: snap}}, Watched: map[string]sight.Watched{}}
	for _, a := range accounts {
		s.Watched[sight.WatchKey("erp", access.AccountRef{ID: a.ID})] = sight.Watched{Account: a}
		s.Watched[sight.WatchKey("erp", access.AccountRef{Name: a.Name})] = sight.Watched{Account: a}
	}
	return s
}

func facts(id, name string, enabled bool, direct ...string) *access.AccountFacts {
	a := &access.AccountFacts{Account: access.Account{System: "erp", ID: id, Name: name, Enabled: enabled}}
	for _, e := range direct {
		a.Grants = append(a.Grants, access.GrantFacts{Entitlement: access.Entitlement{Name: e}, Actual: true, Direct: true})
	}
	return a
}

func TestASnapshotVerifiesOrContradicts(t *testing.T) {
	through := facts("u1", "ada", true)
	through.Grants = []access.GrantFacts{{Entitlement: access.Entitlement{Name: "payroll"}, Actual: true, Path: []string{"team"}}}
	for _, c := range []struct {
		name   string
		action remediate.Record
		state  remediate.State // before
		saw    sight.Sighting
		want   remediate.State
	}{
		{"disabled", planned("A-1", access.DisableAccount, "ada", ""), remediate.Done, seen(facts("u1", "ada", false)), remediate.Verified},
		{"still enabled", planned("A-1", access.DisableAccount, "ada", ""), remediate.Done, seen(facts("u1", "ada", true)), remediate.Contradicted},
		{"gone altogether", planned("A-1", access.DisableAccount, "ada", ""), remediate.Done, seen(), remediate.Verified},
		{"taken", planned("A-1", access.RemoveEntitlement, "ada", "payroll"), remediate.Done, seen(facts("u1", "ada", true, "staff")), remediate.Verified},
		{"not taken", planned("A-1", access.RemoveEntitlement, "ada", "payroll"), remediate.Done, seen(facts("u1", "ada", true, "payroll")), remediate.Contradicted},
		{"taken, and held through a group all the same", planned("A-1", access.RemoveEntitlement, "ada", "payroll"), remediate.Done, seen(through), remediate.Verified},
		{"given", planned("A-1", access.GrantEntitlement, "ada", "x"), remediate.Done, seen(facts("u1", "ada", true, "x")), remediate.Verified},
		{"not given", planned("A-1", access.GrantEntitlement, "ada", "x"), remediate.Done, seen(facts("u1", "ada", true)), remediate.Contradicted},
		{"ordered and carried out", planned("A-1", access.DisableAccount, "ada", ""), remediate.Ordered, seen(facts("u1", "ada", false)), remediate.Verified},
		{"ordered and not carried out", planned("A-1", access.DisableAccount, "ada", ""), remediate.Ordered, seen(facts("u1", "ada", true)), remediate.Ordered},
		{"an account ordered, known by its name alone", planned("A-1", access.CreateAccount, "joan", ""), remediate.Ordered, seen(facts("u77", "Joan", true)), remediate.Verified},
		{"what was ordered for it", planned("A-1", access.GrantEntitlement, "joan", "x"), remediate.Ordered, seen(facts("u77", "joan", true, "x")), remediate.Verified},
		{"an account ordered that is not there", planned("A-1", access.CreateAccount, "joan", ""), remediate.Ordered, seen(facts("u1", "ada", true)), remediate.Ordered},
		{"read before it was done", planned("A-1", access.DisableAccount, "ada", ""), remediate.Done, early(seen(facts("u1", "ada", true))), remediate.Done},
		{"not read whole", planned("A-1", access.DisableAccount, "ada", ""), remediate.Done, partial(seen(facts("u1", "ada", true))), remediate.Done},
		{"reasoned from an older snapshot", planned("A-1", access.DisableAccount, "ada", ""), remediate.Done, older(seen(facts("u1", "ada", true))), remediate.Done},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			r := c.action
			r.State = c.state
			r.Receipt = &access.Receipt{Action: r.ID, Outcome: access.OutcomeDone, At: night.Add(time.Minute)}
			s.keep(t, r)
			verified, contradicted, err := s.Verify(t.Context(), c.saw)
			if err != nil {
				t.Fatal(err)
			}
			s.is(t, "A-1", c.want)
			if (len(verified) == 1) != (c.want == remediate.Verified) || (len(contradicted) == 1) != (c.want == remediate.Contradicted) {
				t.Errorf("verified %d, contradicted %d", len(verified), len(contradicted))
			}
		})
	}
}

func early(s sight.Sighting) sight.Sighting {
	s.Systems[0].Tonight.StartedAt = night
	return s
}

func partial(s sight.Sighting) sight.Sighting {
	s.Systems[0].Tonight.State = access.Partial
	return s
}

func older(s sight.Sighting) sight.Sighting {
	s.Systems[0].Used.ID = "S-1"
	return s
}

func TestVerificationIsOnTheLedgerBeforeItIsStored(t *testing.T) {
	s := open(t)
	r := planned("A-1", access.DisableAccount, "ada", "")
	r.State, r.Receipt = remediate.Done, &access.Receipt{At: night.Add(time.Minute)}
	s.keep(t, r)
	s.ledger.Before = refuseAll
	if _, _, err := s.Verify(t.Context(), seen(facts("u1", "ada", false))); err == nil {
		t.Error("a ledger that cannot be written is no success")
	}
	s.is(t, "A-1", remediate.Done)
	if got := s.versions(t, "A-1"); !slices.Equal(got, []string{"1 done"}) {
		t.Errorf("versions %v", got)
	}
}
