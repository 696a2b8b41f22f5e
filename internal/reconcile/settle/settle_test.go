package settle

import (
	"testing"
	"time"

	"muster/internal/access"
)

func finding(rule, system, subject string, scope access.Scope) access.Finding {
	return access.Finding{Rule: rule, System: system, Subject: subject, Scope: scope, Severity: access.High,
		Fingerprint: access.Fingerprint(rule, scope, system, subject, "")}
}

var night = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

func standing(f access.Finding, state access.FindingState) access.Finding {
	f.State, f.FirstSeen, f.LastSeen = state, night.AddDate(0, 0, -3), night.AddDate(0, 0, -1)
	return f
}

func sight(hr bool, erp bool) Sight {
	return Sight{HR: hr, HRName: "hr", Systems: map[string]bool{"erp": erp, "vpn": true},
		RuleActive: map[string]bool{"orphan": true, "creep": true, "incomplete": true, "sod": true}}
}

func TestSettleGivesEachFindingItsNextState(t *testing.T) {
	orphan := finding("orphan", "erp", "u1", access.ScopeAccount)
	sod := finding("sod", "erp+vpn", "W-1", access.ScopePerson)
	incomplete := finding("incomplete", "erp", "erp", access.ScopeSystem)
	lacking, own := finding("lacking", "hr", "W-1", access.ScopePerson), finding("own", "Ledger of 2025", "u1", access.ScopeAccount)
	excepted := orphan
	excepted.Exception = "EX-1"
	tests := []struct {
		name    string
		before  *access.Finding
		hit     *access.Finding
		absence string
		sight   Sight
		change  access.Change // "" means that no finding comes of it
		state   access.FindingState
	}{
		{"new", nil, &orphan, "hr", sight(true, true), access.ChangeNew, access.Open},
		{"still", ptr(standing(orphan, access.Open)), &orphan, "hr", sight(true, true), access.ChangeStill, access.Open},
		{"acknowledged stays so", ptr(standing(orphan, access.Acknowledged)), &orphan, "", sight(true, true), access.ChangeStill, access.Acknowledged},
		{"reopened", ptr(standing(orphan, access.Resolved)), &orphan, "hr", sight(true, true), access.ChangeReopened, access.Reopened},
		{"resolved", ptr(standing(orphan, access.Open)), nil, "", sight(true, true), access.ChangeResolved, access.Resolved},
		{"excepted", nil, &excepted, "", sight(true, true), access.ChangeNew, access.Excepted},
		{"exception ran out", ptr(standing(orphan, access.Excepted)), &orphan, "", sight(true, true), access.ChangeStill, access.Open},
		{"resolved before stays silent", ptr(standing(orphan, access.Resolved)), nil, "", sight(true, true), "", ""},
		{"system incomplete: nothing resolves", ptr(standing(orphan, access.Open)), nil, "", sight(true, false), access.ChangeUnverified, access.Open},
		{"hr incomplete: nothing resolves", ptr(standing(orphan, access.Open)), nil, "", sight(false, true), access.ChangeUnverified, access.Open},
		{"hr incomplete: no new orphan", nil, &orphan, "hr", sight(false, true), "", ""},
		{"system incomplete: no new absence", nil, &orphan, "system", sight(true, false), "", ""},
		{"hr incomplete: a known orphan stands unverified", ptr(standing(orphan, access.Open)), &orphan, "hr", sight(false, true), access.ChangeUnverified, access.Open},
		{"hr incomplete: no orphan reopens", ptr(standing(orphan, access.Resolved)), &orphan, "hr", sight(false, true), "", ""},
		{"presence is a fact on partial data", nil, &orphan, "", sight(true, false), access.ChangeNew, access.Open},
		{"one of two systems incomplete", ptr(standing(sod, access.Open)), nil, "", sight(true, false), access.ChangeUnverified, access.Open},
		{"seen in an older snapshot only", ptr(standing(orphan, access.Open)), &orphan, "", sight(true, false), access.ChangeUnverified, access.Open},
		{"one of two systems is older", ptr(standing(sod, access.Open)), &sod, "", sight(true, false), access.ChangeUnverified, access.Open},
		{"a second night with an incomplete source", ptr(standing(incomplete, access.Open)), &incomplete, "", sight(true, false), access.ChangeStill, access.Open},
		{"an exception ran out while the system was not read", ptr(standing(excepted, access.Excepted)), &orphan, "hr", sight(true, false), access.ChangeUnverified, access.Open},
		{"an exception was made while the system was not read", ptr(standing(orphan, access.Acknowledged)), &excepted, "hr", sight(true, false), access.ChangeUnverified, access.Excepted},
		{"a person without accounts, all systems complete", nil, &lacking, "system", sight(true, true), access.ChangeNew, access.Open},
		{"a person without accounts, one system incomplete", nil, &lacking, "system", sight(true, false), "", ""},
		{"a system of a rule's own making", ptr(standing(own, access.Open)), &own, "", sight(true, false), access.ChangeStill, access.Open},
		{"a system that is not configured any more", ptr(standing(finding("orphan", "gone", "u1", access.ScopeAccount), access.Open)), nil, "", sight(true, true), access.ChangeUnverified, access.Open},
		{"both systems complete", ptr(standing(sod, access.Open)), nil, "", sight(true, true), access.ChangeResolved, access.Resolved},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := map[string]access.Finding{}
			if tt.before != nil {
				before[tt.before.Fingerprint] = *tt.before
			}
			s := New(access.Run{ID: "R-1", AsOf: night}, tt.sight, before)
			var got []access.Finding
			if tt.hit != nil {
				if f, ok := s.Hit(*tt.hit, tt.absence); ok {
					got = append(got, f)
				}
				if _, again := s.Hit(*tt.hit, tt.absence); again {
					t.Error("the same finding was settled twice in one run")
				}
			}
			if err := s.Rest(func(f access.Finding) error { got = append(got, f); return nil }); err != nil {
				t.Fatal(err)
			}
			checkSettled(t, got, tt.before, tt.change, tt.state)
		})
	}
}

func checkSettled(t *testing.T, got []access.Finding, before *access.Finding, change access.Change, state access.FindingState) {
	t.Helper()
	if change == "" {
		if len(got) != 0 {
			t.Fatalf("want no finding, got %+v", got)
		}
		return
	}
	if len(got) != 1 {
		t.Fatalf("want one finding, got %+v", got)
	}
	f := got[0]
	if f.Change != change || f.State != state || f.RunID != "R-1" {
		t.Errorf("got %s/%s of run %s, want %s/%s", f.Change, f.State, f.RunID, change, state)
	}
	if before != nil && !f.FirstSeen.Equal(before.FirstSeen) {
		t.Errorf("first seen moved to %v", f.FirstSeen)
	}
	if change == access.ChangeUnverified && !f.LastSeen.Equal(before.LastSeen) {
		t.Errorf("an unverified finding was marked as seen at %v", f.LastSeen)
	}
}

func TestSettleResolvesOpenlyWhenARuleIsSwitchedOff(t *testing.T) {
	old := standing(finding("gone", "erp", "u1", access.ScopeAccount), access.Open)
	s := New(access.Run{ID: "R-1", AsOf: night}, sight(false, false), map[string]access.Finding{old.Fingerprint: old})
	err := s.Rest(func(f access.Finding) error {
		if f.Change != access.ChangeResolved || len(f.Evidence) != 1 || f.Evidence[0].Value != "switched off" {
			t.Errorf("got %+v", f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSettleCountsEachFindingOnce(t *testing.T) {
	was := standing(finding("orphan", "erp", "u1", access.ScopeAccount), access.Resolved)
	s := New(access.Run{ID: "R-1", AsOf: night}, sight(false, true), map[string]access.Finding{was.Fingerprint: was})
	for range 2 {
		if _, ok := s.Hit(was, "hr"); ok {
			t.Error("an orphan was reopened while HR is incomplete")
		}
	}
	if s.Suppressed() != 1 {
		t.Errorf("%d findings suppressed, want 1", s.Suppressed())
	}
}

func TestLastSeenNeverGoesBack(t *testing.T) {
	was := standing(finding("orphan", "erp", "u1", access.ScopeAccount), access.Open)
	s := New(access.Run{ID: "R-1", AsOf: was.LastSeen.AddDate(0, 0, -1)}, sight(true, true), map[string]access.Finding{was.Fingerprint: was})
	if f, ok := s.Hit(was, "hr"); !ok || !f.LastSeen.Equal(was.LastSeen) || !f.FirstSeen.Equal(was.FirstSeen) {
		t.Errorf("seen from %v to %v by a clock that went back, was %v to %v", f.FirstSeen, f.LastSeen, was.FirstSeen, was.LastSeen)
	}
}

func ptr[T any](v T) *T { return &v }
