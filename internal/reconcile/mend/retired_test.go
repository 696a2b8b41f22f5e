package mend

import (
	"slices"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/reconcile/sight"
	"muster/remediate"
)

func TestWhichAccountsMayWaitForTheirDeletion(t *testing.T) {
	s := open(t)
	f := access.Finding{Fingerprint: access.Fingerprint("leaver-active", access.ScopeAccount, "erp", "u1", ""), Rule: "leaver-active", Scope: access.ScopeAccount, Severity: access.High,
		State: access.Resolved, System: "erp", SubjectID: "u1", FirstSeen: night, LastSeen: night}
	f.ID = access.ShortID(f.Fingerprint)
	run := access.Run{ID: "R-1", State: access.RunStarted, AsOf: night, StartedAt: night}
	if err := s.Store.SaveRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	if err := s.Store.SaveFindings(t.Context(), run.ID, slices.Values([]access.Finding{f})); err != nil {
		t.Fatal(err)
	}
	run.State = access.RunCompleted
	if err := s.Store.SaveRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	person := access.Person{ID: "W-1", Status: access.StatusTerminated}
	saw := seen(facts("u1", "ada", false))
	saw.Run.AsOf = night.AddDate(0, 0, 31)
	key := sight.WatchKey("erp", access.AccountRef{ID: "u1"})
	saw.Watched[key] = sight.Watched{Account: saw.Watched[key].Account, Person: &person}
	for _, c := range []struct {
		name   string
		change func(*remediate.Record)
		want   bool
	}{
		{"verified long enough ago", func(*remediate.Record) {}, true},
		{"only done", func(r *remediate.Record) { r.State = remediate.Done }, false},
		{"taken back", func(r *remediate.Record) { r.State = remediate.Undone }, false},
		{"something else", func(r *remediate.Record) { r.Kind = access.RemoveEntitlement }, false},
		{"never to be deleted", func(r *remediate.Record) { r.Policy.DeleteAfter = 0 }, false},
		{"not long enough ago", func(r *remediate.Record) { r.ChangedAt = night.AddDate(0, 0, 2) }, false},
		{"not there any more", func(r *remediate.Record) { r.Account = access.AccountRef{ID: "u9", Name: "gone"} }, false},
		{"of no finding", func(r *remediate.Record) { r.Finding = "" }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := planned("A-1", access.DisableAccount, "ada", "")
			r.State, r.ChangedAt, r.Finding, r.Policy.DeleteAfter = remediate.Verified, night, f.Fingerprint, 30*24*time.Hour
			c.change(&r)
			got, err := s.retired(t.Context(), []remediate.Record{r}, saw)
			if err != nil || (len(got) == 1) != c.want {
				t.Fatalf("%d wait: %v", len(got), err)
			}
			if c.want && (got[0].Finding.ID != f.ID || got[0].Finding.Scope != access.ScopeAccount || got[0].Person.ID != "W-1" || got[0].Account.ID != "u1") {
				t.Errorf("it is %+v", got[0])
			}
		})
	}
}
