package review_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/reconcile/review"
	"muster/internal/store"
	"muster/remediate/approve"
)

// tick lets time pass and must not fail.
func (r *room) tick() review.Ticked {
	r.t.Helper()
	out, err := r.Tick(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// due are the occasions of which people are to be told.
func due(out review.Ticked) string {
	var list []string
	for _, c := range out.Due {
		list = append(list, c.Untold)
	}
	return strings.Join(list, " ")
}

func TestTimeRemindsAndEscalates(t *testing.T) {
	r := open(t)
	c := r.opened(nil)
	if out := r.tick(); len(out.Due) != 0 {
		t.Errorf("at once: %+v", out)
	}
	r.clock = c.RemindAt
	for range 2 { // the first night could not tell anybody
		out := r.tick()
		if due(out) != review.Reminded {
			t.Fatalf("it is due: %+v", out)
		}
		c = out.Due[0]
	}
	if n := said(r, `"what":"reminded"`); n != 1 {
		t.Errorf("the ledger says %d times that people are reminded", n)
	}
	if err := r.Told(t.Context(), c); err != nil || len(r.tick().Due) != 0 || said(r, `"what":"told"`) != 1 {
		t.Errorf("told, and told again: %v", err)
	}
	i := r.item(c, "a1", "payroll")
	if why := r.refused(r.claim(i, "W-6", access.ReviewKeep)); why != approve.RefusedRoute {
		t.Errorf("security before the escalation: %s", why)
	}
	r.clock = c.DueAt
	for range 2 {
		out := r.tick()
		if due(out) != review.Escalated {
			t.Fatalf("it is due: %+v", out)
		}
		c = out.Due[0]
	}
	if err := r.Told(t.Context(), c); err != nil || len(r.tick().Due) != 0 {
		t.Errorf("told, and told again: %v", err)
	}
	if got := r.decide(r.claim(i, "W-6", access.ReviewRevoke))[0]; got.State != access.ItemRevoke || got.Decisions[0].Role != access.RouteSecurity {
		t.Errorf("it is %+v", got)
	}
}

// said counts the entries of campaigns that hold a text.
func said(r *room, text string) int {
	n := 0
	for _, e := range r.entries(ledger.Campaign) {
		if strings.Contains(e, text) {
			n++
		}
	}
	return n
}

func TestNobodyIsRemindedOfWhatIsPastItsDay(t *testing.T) {
	r := open(t)
	c := r.opened(nil)
	r.clock = c.DueAt.Add(time.Hour) // no night ran before
	for range 2 {
		if out := r.tick(); due(out) != review.Escalated {
			t.Errorf("it is due: %q", due(out))
		}
	}
	got, err := r.Campaign(t.Context(), c.ID)
	if err != nil || r.Told(t.Context(), got) != nil {
		t.Fatal(err)
	}
	if out := r.tick(); len(out.Due) != 0 || said(r, `"what":"reminded"`) != 0 {
		t.Errorf("it is due: %q", due(out))
	}
	// A reminder that nobody was told of gives way to the escalation, and both to the end.
	r = open(t)
	c = r.opened(nil)
	r.clock = c.RemindAt
	r.tick()
	r.clock = c.DueAt
	if out := r.tick(); due(out) != review.Escalated {
		t.Errorf("it is due: %q", due(out))
	}
	if c, err = r.Campaign(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if c, _, err := r.Close(t.Context(), c, false, "W-6"); err != nil || c.Untold != "" || len(r.tick().Due) != 0 {
		t.Errorf("it is still to be told: %q, %v", c.Untold, err)
	}
}

func TestOneCampaignThatFailsKeepsNoOtherFromBeingTold(t *testing.T) {
	for _, first := range []bool{true, false} {
		r := open(t)
		r.opened(nil)
		r.clock = r.clock.Add(time.Hour)
		c := r.opened(func(s string) string { return strings.Replace(s, "Q4 payroll", "Q4 again", 1) })
		r.clock = c.RemindAt.Add(time.Hour)
		r.ledger.Before = func([]ledger.Event) error {
			if first = !first; !first {
				return errors.New("disk full")
			}
			return nil
		}
		out, err := r.Tick(t.Context())
		if err == nil || due(out) != review.Reminded {
			t.Errorf("it is due: %q, %v", due(out), err)
		}
		r.ledger.Before = nil
		if out := r.tick(); len(out.Due) != 2 {
			t.Errorf("it is due: %q", due(out))
		}
	}
}

// revoked is a closed campaign that revoked one item.
func (r *room) revoked() access.Campaign {
	r.t.Helper()
	c := r.opened(nil)
	r.decide(r.claim(r.item(c, "a1", "payroll"), "W-3", access.ReviewRevoke))
	r.clock = c.DueAt
	c, _, err := r.Close(r.t.Context(), c, false, "W-6")
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// later is a whole snapshot of erp that the newest run began after a campaign was closed.
func (r *room) later(c access.Campaign) access.Snapshot {
	s := access.Snapshot{ID: "S-3", System: "erp", RunID: "R-3", State: access.Complete, Digest: "d3", StartedAt: c.ClosedAt.Add(time.Hour), TakenAt: c.ClosedAt.Add(time.Hour)}
	for _, class := range []access.Class{access.ClassAccount, access.ClassEntitlement, access.ClassGrant} {
		s.Coverage.Classes = append(s.Coverage.Classes, access.ClassCoverage{Class: class, Fetched: 4, Parsed: 4, State: access.Complete})
	}
	r.night.run, r.night.snapshots = s.RunID, map[string]access.Snapshot{"erp": s}
	return s
}

func TestARemovalIsProvenByALaterWholeSnapshotAlone(t *testing.T) {
	rejects := func(class access.Class) func(*access.Snapshot) {
		return func(s *access.Snapshot) {
			for n := range s.Coverage.Classes {
				if k := &s.Coverage.Classes[n]; k.Class == class {
					k.Fetched, k.Rejected = k.Fetched+1, 1
				}
			}
		}
	}
	for name, change := range map[string]func(r *room, s *access.Snapshot){
		"that there is not":          func(r *room, _ *access.Snapshot) { r.night.snapshots = nil },
		"begun before the end":       func(_ *room, s *access.Snapshot) { s.StartedAt = s.StartedAt.Add(-time.Hour) },
		"that is partial":            func(_ *room, s *access.Snapshot) { s.State = access.Partial },
		"that is a baseline":         func(_ *room, s *access.Snapshot) { s.Baseline = true },
		"with a rejected account":    func(_ *room, s *access.Snapshot) { rejects(access.ClassAccount)(s) },
		"with a rejected group":      func(_ *room, s *access.Snapshot) { rejects(access.ClassEntitlement)(s) },
		"with a rejected grant":      func(_ *room, s *access.Snapshot) { rejects(access.ClassGrant)(s) },
		"that was to read no grants": func(_ *room, s *access.Snapshot) { s.Coverage.Classes = s.Coverage.Classes[:2] },
		"that holds it": func(r *room, _ *access.Snapshot) {
			r.night.held[store.GrantRef{Account: "a1", Entitlement: "g-payroll"}] = true
		},
		"of a run before":     func(r *room, _ *access.Snapshot) { r.night.run = "R-400" },
		"of no completed run": func(r *room, _ *access.Snapshot) { r.night.run = "" },
		"whose grants have expired": func(r *room, _ *access.Snapshot) {
			r.night.held[store.GrantRef{Account: "a1", Entitlement: "g-payroll"}], r.night.expired = true, map[access.Class]bool{access.ClassGrant: true}
		},
		"whose accounts are not all kept": func(r *room, _ *access.Snapshot) { r.night.fewer = true },
		"whose accounts have expired":     func(r *room, _ *access.Snapshot) { r.night.expired = map[access.Class]bool{access.ClassAccount: true} },
	} {
		r := open(t)
		c := r.revoked()
		s := r.later(c)
		change(r, &s)
		if r.night.snapshots != nil {
			r.night.snapshots["erp"] = s
		}
		if n, err := r.Prove(t.Context(), c); n != 0 || err != nil || r.item(c, "a1", "payroll").Removal != nil {
			t.Errorf("a snapshot %s proves it: %d, %v", name, n, err)
		}
	}
}

func TestWhatALaterSnapshotDoesNotHoldIsGone(t *testing.T) {
	r := open(t)
	c := r.revoked()
	r.later(c)
	if out := r.tick(); out.Proven != 1 {
		t.Fatalf("it is not proven: %+v", out)
	}
	got := r.item(c, "a1", "payroll")
	if got.Removal == nil || got.Removal.Snapshot != "S-3" || got.Removal.Run != "R-3" {
		t.Errorf("proven by %+v", got.Removal)
	}
	p, err := r.Progress(t.Context(), c)
	if err != nil || p.Removed != 1 || p.Standing != 0 {
		t.Errorf("progress %+v: %v", p, err)
	}
	items, _ := r.Items(t.Context(), c)
	if err := review.Ended(c, items); err != nil {
		t.Errorf("the proof changed how it ended: %v", err)
	}
	if list := r.entries(ledger.Campaign); !strings.Contains(list[len(list)-1], `"snapshots":{"S-3":1}`) {
		t.Errorf("the ledger says %s", list[len(list)-1])
	}
	if again := r.tick(); again.Proven != 0 {
		t.Errorf("proven twice: %+v", again)
	}
}
