package duties

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/store"
	"muster/internal/store/engine"
	"muster/internal/store/storetest"
)

func TestMain(m *testing.M) {
	if engine.IsChild() {
		os.Exit(engine.ChildMain(os.Args))
	}
	os.Exit(m.Run())
}

func night(n int) time.Time { return time.Date(2026, 9, n, 1, 0, 0, 0, time.UTC) }

// load stores a complete snapshot of erp with accounts, each of which holds PAY; some accounts and grants were rejected.
func load(t *testing.T, s *store.Store, n int, rejected map[access.Class]int64, accounts []string, holding ...string) {
	t.Helper()
	snap := access.Snapshot{ID: fmt.Sprintf("S-%02d", n), RunID: "R", System: "erp", Collector: "csv", TakenAt: night(n), StartedAt: night(n), FinishedAt: night(n), State: access.Complete, Digest: "d"}
	for class, parsed := range map[access.Class]int{access.ClassAccount: len(accounts), access.ClassEntitlement: 1, access.ClassGrant: len(holding)} {
		snap.Coverage.Classes = append(snap.Coverage.Classes, access.ClassCoverage{Class: class, Claimed: access.NoClaim, Fetched: int64(parsed) + rejected[class], Parsed: int64(parsed), Rejected: rejected[class], State: access.Complete})
	}
	records := []access.Record{access.Entitlement{System: "erp", ID: "pay", Name: "PAY", Kind: "role"}}
	for _, id := range accounts {
		records = append(records, access.Account{System: "erp", ID: id, Name: id, Enabled: true})
	}
	for _, id := range holding {
		records = append(records, access.Grant{System: "erp", AccountID: id, EntitlementID: "pay", Effective: true})
	}
	l, err := s.BeginSnapshot(t.Context(), snap)
	for _, r := range records {
		if err == nil {
			err = l.Add(t.Context(), r)
		}
	}
	if err == nil {
		err = l.Commit(t.Context(), snap)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhatWasRejectedIsNoBreak plays five nights, of which the second lost a row of an account and the fourth one of a grant.
func TestWhatWasRejectedIsNoBreak(t *testing.T) {
	s := storetest.Open(t, nil)
	account, grant := map[access.Class]int64{access.ClassAccount: 1}, map[access.Class]int64{access.ClassGrant: 1}
	all := []string{"a1", "a2", "a3", "a4"}
	load(t, s, 1, account, all[:3], "a1", "a2")
	load(t, s, 2, account, all[1:], "a3", "a4")
	load(t, s, 3, nil, all, "a1", "a2", "a3", "a4")
	load(t, s, 4, grant, all, "a2", "a3")
	load(t, s, 5, nil, all, "a1", "a2", "a3", "a4")
	if err := s.SaveRun(t.Context(), access.Run{ID: "R", State: access.RunCompleted, AsOf: night(5)}); err != nil {
		t.Fatal(err)
	}
	w := &gathering{ctx: context.Background(), Ground: Ground{Store: s, Run: access.Run{ID: "R"}}}
	grants := map[store.GrantRef]bool{}
	for _, id := range all {
		grants[store.GrantRef{Account: id, Entitlement: "pay"}] = true
	}
	got, err := w.starts("erp", grants)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]start{
		"a1": {night(1), true},  // its row was the one that was rejected in the second night
		"a2": {night(3), false}, // it was there in the second, without the grant
		"a3": {night(2), false},
		"a4": {night(2), true}, // the first night may have lost it
	} {
		if s := got[store.GrantRef{Account: id, Entitlement: "pay"}]; !s.at.Equal(want.at) || s.oldest != want.oldest {
			t.Errorf("%s: %+v, want %+v", id, s, want)
		}
	}
}
