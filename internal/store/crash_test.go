package store_test

import (
	"slices"
	"syscall"
	"testing"

	"muster/internal/access"
	"muster/internal/store"
	"muster/internal/store/engine"
)

// TestEngineKilledWhileLoading kills the engine again and again while a snapshot is loaded, linked and saved: the store tries again by itself, nothing is
// lost and nothing is there twice.
func TestEngineKilledWhileLoading(t *testing.T) {
	needEngine(t)
	ctx := t.Context()
	e, err := engine.Attach(ctx, engine.Options{Dir: t.TempDir(), Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	user, password := e.Auth()
	s, err := store.Open(ctx, store.Options{Dial: e.DialContext, User: user, Password: password, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	kill := func() {
		if err := syscall.Kill(e.Pid(), syscall.SIGKILL); err != nil {
			t.Errorf("kill engine: %v", err)
		}
	}
	hr := load(t, s, "hr", "hr", at(22), access.Person{ID: "W-1", Row: 2, Status: access.StatusActive})
	snap := access.Snapshot{ID: "vpn", RunID: "run-1", System: "vpn", TakenAt: at(22), State: access.Complete}
	l, err := s.BeginSnapshot(ctx, snap)
	if err != nil {
		t.Fatal(err)
	}
	const n = 150_000
	for i, r := range many(n) {
		if err := l.Add(ctx, r); err != nil {
			t.Fatalf("add record %d: %v", i, err)
		}
		if i == 100_050 {
			kill()
		}
	}
	kill()
	if err := l.Commit(ctx, snap); err != nil {
		t.Fatalf("commit: %v", err)
	}
	kill()
	w := worldOf(hr, snap)
	links, err := s.LinkAccounts(ctx, w)
	if err != nil || links[access.Unmatched] != n {
		t.Errorf("links %v, want %d unmatched (%v)", links, n, err)
	}
	kill()
	f := finding("orphaned-account", "vpn", "a", "", access.High, access.Open, access.ChangeNew)
	if err := s.SaveFindings(ctx, "run-1", slices.Values([]access.Finding{f})); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveRun(ctx, access.Run{ID: "run-1", State: access.RunCompleted, AsOf: at(22)}); err != nil {
		t.Fatal(err)
	}
	if got := current(t, s, store.FindingFilter{}); len(got) != 1 {
		t.Errorf("%d findings, want 1", len(got))
	}
	counts, err := s.StoredCounts(ctx, "vpn")
	if err != nil || counts[access.ClassAccount] != n || counts[access.ClassGrant] != n {
		t.Errorf("stored %v, want %d each (%v)", counts, n, err)
	}
}
