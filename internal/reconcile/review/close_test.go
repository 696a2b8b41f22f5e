package review_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/reconcile/review"
	"muster/remediate"
	"muster/remediate/approve"
	"muster/remediate/remediatetest"
)

var errKilled = errors.New("killed")

// fate lets a process live for some steps. It dies before the step after them does anything, or after it did.
type fate struct {
	left  int
	after bool
	dead  bool
}

func (f *fate) step(do func() error) error {
	if f.dead {
		return errKilled
	}
	if f.left--; f.left >= 0 {
		return do()
	}
	f.dead = true
	if f.after {
		return errors.Join(do(), errKilled)
	}
	return errKilled
}

// mortalRecords store one document a step.
type mortalRecords struct {
	*remediatetest.Records
	fate *fate
}

func (r mortalRecords) SaveDocuments(ctx context.Context, docs ...access.Document) error {
	for _, d := range docs {
		if err := r.fate.step(func() error { return r.Records.SaveDocuments(ctx, d) }); err != nil {
			return err
		}
	}
	return nil
}

// mortalLedger enters one event a step.
type mortalLedger struct {
	remediate.Ledger
	fate *fate
}

func (l mortalLedger) Append(ctx context.Context, events ...ledger.Event) (first uint64, err error) {
	for n, e := range events {
		err := l.fate.step(func() error {
			at, err := l.Ledger.Append(ctx, e)
			if n == 0 {
				first = at
			}
			return err
		})
		if err != nil {
			return first, err
		}
	}
	return first, nil
}

// TestACampaignWhoseClosingDiedEndsAsItWasSettled kills a closing between every two steps, and lets a person or the night close it again.
func TestACampaignWhoseClosingDiedEndsAsItWasSettled(t *testing.T) {
	const steps = 1 + 3 + 1 + 5 + 1 // closing; what silence decided; closed; the items; closed
	for _, after := range []bool{false, true} {
		for left := range steps + 1 {
			t.Run(fmt.Sprintf("step %d after %t", left+1, after), func(t *testing.T) { closeTwice(t, &fate{left: left, after: after}, left == steps, left%2 == 0) })
		}
	}
}

func closeTwice(t *testing.T, f *fate, survives, byNight bool) {
	r := open(t)
	c := r.opened(func(s string) string { return strings.Replace(s, "silence: keep", "silence: revoke", 1) })
	r.decide(r.claim(r.item(c, "a1", "payroll"), "W-3", access.ReviewRevoke))
	r.decide(r.claim(r.item(c, "a1", "staff"), "W-3", access.ReviewKeep))
	r.clock = c.DueAt
	living := *r.Board
	r.Records, r.Ledger = mortalRecords{r.records, f}, mortalLedger{r.ledger, f}
	if _, _, err := r.Close(t.Context(), c, false, "W-6"); survives != (err == nil) {
		t.Fatalf("it died: %v", err)
	}
	*r.Board = living
	c, err := r.Campaign(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	begun := c.State != access.CampaignOpen
	if begun {
		if why := r.refused(r.claim(r.item(c, "a1", "staff"), "W-3", access.ReviewRevoke)); why != approve.RefusedClosed {
			t.Errorf("decided in a campaign that is %s: %s", c.State, why)
		}
		if _, _, err := r.Assign(t.Context(), c); access.KindOf(err) != access.Conflict {
			t.Errorf("assigned in a campaign that is %s: %v", c.State, err)
		}
	}
	settled := c
	r.clock = r.clock.Add(time.Hour)
	if byNight {
		r.tick()
	}
	if c, err = r.Campaign(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if c.State != access.CampaignClosed {
		if c, _, err = r.Close(t.Context(), c, false, "W-5"); err != nil {
			t.Fatal(err)
		}
	}
	items, err := r.Items(t.Context(), c)
	if err != nil || c.State != access.CampaignClosed || review.Ended(c, items) != nil {
		t.Fatalf("it is %s: %v, %v", c.State, err, review.Ended(c, items))
	}
	if begun && (c.Outcome != settled.Outcome || !c.ClosedAt.Equal(settled.ClosedAt) || c.ClosedBy != "W-6") {
		t.Errorf("it ended as %+v at %s by %s, not as %+v at %s", c.Outcome, c.ClosedAt, c.ClosedBy, settled.Outcome, settled.ClosedAt)
	}
	if c.Outcome.Silent != 3 || c.Outcome.Revoked != 4 || c.Outcome.Kept != 1 {
		t.Errorf("it ended as %+v", c.Outcome)
	}
	silent := map[string]int{}
	for _, i := range items {
		if i.Silent {
			silent[fmt.Sprintf(`"item":%q`, i.ID)]++
		}
	}
	for _, e := range r.entries(ledger.Decision) {
		for item := range silent {
			if strings.Contains(e, item) && strings.Contains(e, `"channel":"clock"`) {
				silent[item]--
			}
		}
	}
	for item, n := range silent {
		if n != 0 {
			t.Errorf("the ledger has that silence decided %s %d times", item, 1-n)
		}
	}
	if n := said(r, `"what":"closed"`); n != 1 || said(r, c.Outcome.SHA256) != 1 || len(r.entries(ledger.Decision)) != 5 {
		t.Errorf("the ledger has %d ends and %d decisions", n, len(r.entries(ledger.Decision)))
	}
}

func TestAnItemThatWasExchangedWhileItClosedStopsTheEnd(t *testing.T) {
	r := open(t)
	c := r.opened(nil)
	r.ledger.Before = func([]ledger.Event) error { return errKilled }
	if _, _, err := r.Close(t.Context(), c, true, "W-6"); !errors.Is(err, errKilled) {
		t.Fatalf("closed: %v", err)
	}
	r.ledger.Before = nil
	i := r.item(c, "a2", "payroll")
	i.Decisions, i.Version = []access.ReviewDecision{{ID: "D-1", Item: i.ID, Verdict: access.ReviewRevoke, By: "W-3"}}, i.Version+1
	doc, err := remediate.ItemDocument(i, c.Run, r.clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.records.SaveDocuments(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	if c, err = r.Campaign(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Close(t.Context(), c, true, "W-6"); access.KindOf(err) != access.Conflict || said(r, `"what":"closed"`) != 0 {
		t.Errorf("it ended otherwise than it was settled: %v", err)
	}
	if _, err := r.Tick(t.Context()); access.KindOf(err) != access.Conflict {
		t.Errorf("the night closed it: %v", err)
	}
}
