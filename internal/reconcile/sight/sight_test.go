package sight_test

import (
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/reconcile/sight"
	"muster/internal/store"
	"muster/remediate"
	"muster/remediate/planner"
	"muster/remediate/remediatetest"
)

var night = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

var payroll = access.EntitlementRef{System: "erp", Name: "payroll"}

// stand stores requests and reads what stands.
func stand(t *testing.T, requests ...access.Request) sight.Standing {
	t.Helper()
	records := &remediatetest.Records{}
	for _, q := range requests {
		q.Version = 1
		doc, err := remediate.RequestDocument(q, night)
		if err != nil {
			t.Fatal(err)
		}
		if err := records.SaveDocuments(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := sight.Stand(t.Context(), records, night)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ada holds payroll directly, which nothing expects any more.
func ada() *access.PersonFacts {
	a := &access.AccountFacts{Account: access.Account{System: "erp", ID: "u1", Name: "ada", Enabled: true}}
	a.Grants = []access.GrantFacts{{System: "erp", Entitlement: access.Entitlement{System: "erp", Name: "payroll"}, Actual: true, Direct: true}}
	return &access.PersonFacts{Person: &access.Person{ID: "W-1", DisplayName: "Ada"}, Accounts: []*access.AccountFacts{a}}
}

func cases(t *testing.T, s sight.Standing, findings ...access.Finding) []planner.Case {
	t.Helper()
	taker := sight.NewTaker(s)
	f := ada()
	taker.Note(f)
	for _, x := range findings {
		taker.Hit(x.Fingerprint, f)
	}
	saw, err := taker.Sighting(access.Run{ID: "R-1", AsOf: night}, store.World{}, []access.SystemFacts{{Name: "hr", IsHR: true}, {Name: "erp"}}, "digest", findings)
	if err != nil {
		t.Fatal(err)
	}
	return saw.Cases
}

func creep(state access.FindingState) access.Finding {
	return access.Finding{Fingerprint: "f1", Rule: "privilege-creep", Scope: access.ScopeGrant, State: state, System: "erp", Subject: "ada", SubjectID: "u1", Detail: "payroll", Person: "W-1"}
}

func TestTheEndOfARequestIsACase(t *testing.T) {
	over := access.Request{ID: "RQ-1", Person: "W-1", Ref: payroll, State: access.RequestEnded, Until: night.Add(-time.Hour)}
	forgotten := over
	forgotten.State = access.RequestActive // its time is over, and nothing has said so yet
	again := access.Request{ID: "RQ-2", Person: "W-1", Ref: payroll, State: access.RequestActive, Until: night.Add(time.Hour)}
	denied := access.Request{ID: "RQ-3", Person: "W-1", Ref: payroll, State: access.RequestDenied, Until: night.Add(-time.Hour)}
	for _, c := range []struct {
		name     string
		requests []access.Request
		findings []access.Finding
		rules    []string
	}{
		{"ended", []access.Request{over}, nil, []string{"request-ended"}},
		{"over and not settled", []access.Request{forgotten}, nil, []string{"request-ended"}},
		{"ended, and a rule says so too", []access.Request{over}, []access.Finding{creep(access.Open)}, []string{"privilege-creep", "request-ended"}},
		{"asked for again", []access.Request{over, again}, nil, nil},
		{"never given", []access.Request{denied}, nil, nil},
		{"no request", nil, nil, nil},
		{"ended, and somebody answers for the risk", []access.Request{over}, []access.Finding{creep(access.Excepted)}, nil},
		{"a finding that is resolved", nil, []access.Finding{creep(access.Resolved)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := cases(t, stand(t, c.requests...), c.findings...)
			if len(got) != len(c.rules) {
				t.Fatalf("%d cases, want %v", len(got), c.rules)
			}
			for i, x := range got {
				if x.Finding.Rule != c.rules[i] || x.Account == nil || x.Account.ID != "u1" || x.Grant == nil || x.Grant.Entitlement.Name != "payroll" || x.Person.ID != "W-1" || x.System == nil {
					t.Errorf("case %d is %+v", i, x)
				}
			}
		})
	}
}
