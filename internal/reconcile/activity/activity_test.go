package activity

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/remediate"
	"muster/remediate/remediatetest"
	"muster/reports/evidence"
)

// entries is a ledger in memory.
type entries []ledger.Entry

func (l entries) Entries(_ context.Context, from uint64, yield func(ledger.Entry) error) error {
	for _, e := range l {
		if e.Index < from {
			continue
		}
		if err := yield(e); err != nil {
			return err
		}
	}
	return nil
}

func (l *entries) add(t *testing.T, kind ledger.Type, run string, data map[string]any) uint64 {
	t.Helper()
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	n := uint64(len(*l))
	*l = append(*l, ledger.Entry{Index: n, Time: time.Date(2026, 11, 22, 1, 0, int(n), 0, time.UTC), Type: kind, Run: run, Data: text})
	return n
}

// night enters a run up to its end; its pack is another matter.
func (l *entries) night(t *testing.T, id string) access.Run {
	t.Helper()
	first := l.add(t, ledger.RunStart, id, map[string]any{})
	l.add(t, ledger.Findings, id, map[string]any{})
	return access.Run{ID: id, State: access.RunCompleted, FirstEntry: first, LastEntry: l.add(t, ledger.RunEnd, id, map[string]any{})}
}

func (l *entries) pack(t *testing.T, run access.Run, kind string) uint64 {
	t.Helper()
	return l.add(t, ledger.Pack, run.ID, map[string]any{"kind": kind})
}

func (l *entries) receipt(t *testing.T, action string) uint64 {
	t.Helper()
	return l.add(t, ledger.Receipt, "", map[string]any{"action": action, "state": "done"})
}

func indices(list []evidence.Activity) (out []uint64) {
	for _, a := range list {
		out = append(out, a.Entry)
	}
	return out
}

func of(t *testing.T, l entries, run access.Run, before ...access.Run) evidence.Activities {
	t.Helper()
	got, err := OfRun(t.Context(), &remediatetest.Records{}, l, run, before)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestEachEntryIsInThePackOfOneNight: whatever nights there were, packed, not packed or failed, each change is in one pack, and the same pack has the
// same ones when it is made again later.
func TestEachEntryIsInThePackOfOneNight(t *testing.T) {
	var l entries
	early := l.receipt(t, "A-0")
	one := l.night(t, "R-1")
	own := l.receipt(t, "A-1")
	l.pack(t, one, "person")
	first := of(t, l, one)
	if want := []uint64{early, own}; !slices.Equal(indices(first.List), want) {
		t.Errorf("the first night has %v, want %v", indices(first.List), want)
	}
	l.pack(t, one, "reconciliation")
	day := l.receipt(t, "A-2")
	l.pack(t, one, "reconciliation") // made again by day
	failed := l.add(t, ledger.RunStart, "R-2", map[string]any{})
	died := l.receipt(t, "A-3")
	two := l.night(t, "R-3") // has no pack
	quiet := l.receipt(t, "A-4")
	three := l.night(t, "R-4")
	last := l.receipt(t, "A-5")
	dead := access.Run{ID: "R-2", State: access.RunFailed, FirstEntry: failed}
	before := []access.Run{three, two, dead, one} // a run is not before itself
	got := of(t, l, three, before...)
	if want := []uint64{day, died, quiet, last}; !slices.Equal(indices(got.List), want) {
		t.Errorf("the night after one without a pack has %v, want %v", indices(got.List), want)
	}
	l.pack(t, three, "reconciliation")
	l.receipt(t, "A-6")
	if again := of(t, l, three, before...); !slices.Equal(indices(again.List), indices(got.List)) || again.From != got.From || again.Until != got.Until {
		t.Errorf("made again it has %v of %d to %d, was %v of %d to %d", indices(again.List), again.From, again.Until, indices(got.List), got.From, got.Until)
	}
	if again := of(t, l, one); !slices.Equal(indices(again.List), indices(first.List)) || again.Until != first.Until {
		t.Errorf("the first night made again has %v up to %d", indices(again.List), again.Until)
	}
	if late := of(t, l, two, one); !slices.Equal(indices(late.List), []uint64{day, died, quiet}) {
		t.Errorf("a night whose pack is made late has %v", indices(late.List))
	}
}

func TestOnlyWhatPeopleAskedAndDecidedOutsideCampaignsIsListed(t *testing.T) {
	var l entries
	run := l.night(t, "R-1")
	want := []uint64{
		l.add(t, ledger.Decision, "", map[string]any{"decision": "D-1", "approval": "AP-1", "verdict": "approve"}),
		l.add(t, ledger.Request, "", map[string]any{"request": "RQ-1", "what": "asked"}),
		l.add(t, ledger.Accept, "", map[string]any{"exception": "RX-1", "what": "approved"}),
		l.add(t, ledger.Intent, "", map[string]any{"action": "A-1", "inverse": true}),
		l.add(t, ledger.Settled, "", map[string]any{"action": "A-1", "state": "verified"}),
	}
	l.add(t, ledger.Decision, "", map[string]any{"decision": "D-2", "campaign": "C-1", "item": "C-1.1"})
	l.add(t, ledger.Notice, "", map[string]any{})
	l.add(t, ledger.Approval, "", map[string]any{"approval": "AP-1"})
	if got := of(t, l, run); !slices.Equal(indices(got.List), want) {
		t.Errorf("%v, want %v", indices(got.List), want)
	}
	l = append(l, ledger.Entry{Index: uint64(len(l)), Type: ledger.Receipt, Data: json.RawMessage(`[]`)})
	if _, err := OfRun(t.Context(), &remediatetest.Records{}, l, run, nil); err == nil {
		t.Error("an entry that cannot be read is passed over")
	}
}

func TestWhatTheStoreKnowsIsAdded(t *testing.T) {
	records := &remediatetest.Records{}
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	save := func(d access.Document, err error) {
		t.Helper()
		if err == nil {
			err = records.SaveDocuments(t.Context(), d)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r := remediate.Record{Action: access.Action{ID: "A-1", System: "erp", Account: access.AccountRef{Name: "MLIND"}, Entitlement: access.HeldRef{Name: "AP"}, Person: "W-1", FindingID: "F-1"}, Mode: "approve", Policy: access.Policy{Name: "creep"}}
	save(r.Document())
	save(remediate.ApprovalDocument(access.Approval{ID: "AP-1", System: "erp", Person: "W-1", FindingID: "F-1", Title: "W-1 would lose AP",
		Decisions: []access.Decision{{ID: "D-0", By: "W-8"}, {ID: "D-1", By: "W-9", ByName: "Nina"}}}, now))
	save(remediate.RequestDocument(access.Request{ID: "RQ-1", Person: "W-2", By: "W-3", ByName: "Ola", Ref: access.EntitlementRef{System: "crm", Name: "sales"}}, now))
	save(remediate.ExceptionDocument(access.RiskException{ID: "RX-1", System: "vpn", SubjectName: "desk", Person: "W-4", Owner: "W-5", FindingID: "F-2"}, now))
	list := []evidence.Activity{
		{Type: ledger.Receipt, Said: evidence.Said{Action: "A-1"}},
		{Type: ledger.Decision, Said: evidence.Said{Decision: "D-1", Approval: "AP-1"}},
		{Type: ledger.Decision, Said: evidence.Said{Undo: "A-1"}, Entry: 7},
		{Type: ledger.Request, Said: evidence.Said{Request: "RQ-1", What: "asked"}},
		{Type: ledger.Request, Said: evidence.Said{Request: "RQ-1", What: "ended"}, Entry: 8},
		{Type: ledger.Accept, Said: evidence.Said{Exception: "RX-1", What: "asked"}},
		{Type: ledger.Receipt, Said: evidence.Said{Action: "A-gone"}},
	}
	if err := Fill(t.Context(), records, list); err != nil {
		t.Fatal(err)
	}
	Open(list, []evidence.Opened{{Entry: 7, Field: evidence.FieldBy, Value: json.RawMessage(`"W-6"`)}, {Entry: 8, Field: "reason", Value: json.RawMessage(`"W-7"`)}, {Entry: 8, Field: evidence.FieldBy, Value: json.RawMessage(`3`)}})
	var got []string
	for _, a := range list {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s|%s|%s|%s|%s|%s", a.By, a.ByName, a.System, a.Person, a.Account, a.Entitlement, a.Finding, a.Policy, a.About))
	}
	want := []string{"||erp|W-1|MLIND|AP|F-1|creep (approve)|", "W-9|Nina|erp|W-1|||F-1||W-1 would lose AP", "W-6||erp|W-1|MLIND|AP|F-1||", "W-3|Ola|crm|W-2||sales|||", "||crm|W-2||sales|||",
		"W-5||vpn|W-4|desk||F-2||", "||||||||"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestReviewsSayWhoSaidWhat(t *testing.T) {
	records := &remediatetest.Records{}
	day := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	item := access.ReviewItem{Campaign: "C-1", Person: "W-1", System: "erp", Account: access.AccountRef{ID: "7"}, Entitlement: access.HeldRef{ID: "g"}, State: access.ItemKept, EndedAt: day}
	kept, silent, open, gone := item, item, item, item
	kept.ID, kept.Decisions = "C-1.1", []access.ReviewDecision{{By: "W-8"}, {By: "W-9", ByName: "Nina", Role: "owner"}}
	silent.ID, silent.Campaign, silent.Silent, silent.EndedAt = "C-0.1", "C-0", true, day.AddDate(-1, 0, 0)
	open.ID, open.Campaign, open.State, open.EndedAt, open.Entitlement.ID = "C-2.1", "C-2", access.ItemOpen, time.Time{}, "h"
	gone.ID, gone.Person = "C-1.2", "W-2"
	for _, i := range []access.ReviewItem{silent, kept, open, gone} {
		d, err := remediate.ItemDocument(i, "R-1", day)
		if err == nil {
			err = records.SaveDocuments(t.Context(), d)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c, err := remediate.CampaignDocument(access.Campaign{ID: "C-1", Name: "Q4"}, day)
	if err == nil {
		err = records.SaveDocuments(t.Context(), c)
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := Reviews(t.Context(), records, "W-1")
	want := map[Reviewed][]string{{"erp", "7", "g"}: {"kept by Nina (owner) in Q4, 2026-11-20", "kept by silence in C-0, 2025-11-20"}, {"erp", "7", "h"}: {"open in C-2"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v (%v), want %v", got, err, want)
	}
	if got, err := Reviews(t.Context(), records, "W-3"); err != nil || len(got) > 0 {
		t.Errorf("of somebody never reviewed: %v, %v", got, err)
	}
}
