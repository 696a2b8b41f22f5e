// Package activity finds what people asked and decided and what was done about it: the entries of the ledger, with what the store knows of each.
// It changes nothing. Times are UTC.
package activity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/remediate"
	"muster/reports/evidence"
)

// Trail is the audit trail as a reader has it.
type Trail interface {
	// Entries yields the entries from an index on, in their order.
	Entries(ctx context.Context, from uint64, yield func(ledger.Entry) error) error
}

// asked is what the first entry about a request or an accepted risk says; the others are about what became of it.
const asked = "asked"

// errEnough ends a reading of the ledger.
var errEnough = errors.New("enough was read")

// OfRun finds what happened since the pack of the run before: up to the first pack of this run, and, where there is none yet, up to now. So each
// entry is in the pack of one night, and the same run has the same ones whenever its pack is made. before are the runs before it, the newest first.
func OfRun(ctx context.Context, records remediate.Records, trail Trail, run access.Run, before []access.Run) (evidence.Activities, error) {
	n := evidence.Activities{List: []evidence.Activity{}}
	for _, r := range before {
		if r.State != access.RunCompleted || r.LastEntry >= run.FirstEntry {
			continue
		}
		end, packed, err := endOf(ctx, trail, r, nil)
		if err != nil {
			return n, err
		}
		if packed {
			n.From = end + 1
			break
		}
	}
	read := func(e ledger.Entry) error {
		if e.Index < n.From {
			return nil
		}
		a, ok, err := evidence.ReadActivity(e)
		if ok && a.Said.Campaign == "" { // what is decided in a campaign is in its own pack
			n.List = append(n.List, a)
		}
		return err
	}
	var err error
	if err = each(ctx, trail, n.From, run.LastEntry, read); err == nil {
		n.Until, _, err = endOf(ctx, trail, run, read)
	}
	if err != nil {
		return n, err
	}
	return n, Fill(ctx, records, n.List)
}

// endOf is the entry at which the night of a run ends: its first pack, or the beginning of the next run when it has none until then; the end of the ledger when there is neither.
// yield, unless it is nil, gets the entries in between.
func endOf(ctx context.Context, trail Trail, run access.Run, yield func(ledger.Entry) error) (end uint64, packed bool, err error) {
	end = run.LastEntry + 1
	err = trail.Entries(ctx, end, func(e ledger.Entry) error {
		if packed = isPackOf(e, run.ID); packed || e.Type == ledger.RunStart {
			end = e.Index
			return errEnough
		}
		end = e.Index + 1
		if yield == nil {
			return nil
		}
		return yield(e)
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return end, packed, err
}

// each reads the entries of a range, its end included.
func each(ctx context.Context, trail Trail, from, last uint64, yield func(ledger.Entry) error) error {
	err := trail.Entries(ctx, from, func(e ledger.Entry) error {
		if e.Index > last {
			return errEnough
		}
		return yield(e)
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

func isPackOf(e ledger.Entry, run string) bool {
	if e.Type != ledger.Pack || e.Run != run {
		return false
	}
	var said struct {
		Kind string `json:"kind"`
	}
	return json.Unmarshal(e.Data, &said) == nil && said.Kind == "reconciliation"
}

// Fill adds to entries what the store knows: of whom, by whom, about which account. What of it may change later is not added.
func Fill(ctx context.Context, records remediate.Records, list []evidence.Activity) error {
	want := map[access.DocumentKind]map[string]bool{access.DocAction: {}, access.DocApproval: {}, access.DocRequest: {}, access.DocException: {}, access.DocReviewItem: {}}
	for _, a := range list {
		want[access.DocAction][a.Said.Action] = true
		want[access.DocAction][a.Said.Undo] = true
		want[access.DocRequest][a.Said.Request] = true
		want[access.DocException][a.Said.Exception] = true
		want[access.DocReviewItem][a.Said.Item] = true
		if a.Said.Decision != "" {
			want[access.DocApproval][a.Said.Approval] = true
		}
	}
	f := filler{decisions: map[string]access.Decision{}, reviewed: map[string]access.ReviewDecision{}}
	err := errors.Join(
		load(ctx, records, access.DocAction, want, &f.actions, func(r remediate.Record) string { return r.ID }),
		load(ctx, records, access.DocApproval, want, &f.approvals, func(a access.Approval) string { return a.ID }),
		load(ctx, records, access.DocRequest, want, &f.requests, func(r access.Request) string { return r.ID }),
		load(ctx, records, access.DocException, want, &f.exceptions, func(x access.RiskException) string { return x.ID }),
		load(ctx, records, access.DocReviewItem, want, &f.items, func(i access.ReviewItem) string { return i.ID }))
	if err != nil {
		return err
	}
	for _, a := range f.approvals {
		for _, d := range a.Decisions {
			f.decisions[d.ID] = d
		}
	}
	for _, i := range f.items {
		for _, d := range i.Decisions {
			f.reviewed[d.ID] = d
		}
	}
	for i := range list {
		f.fill(&list[i])
	}
	return nil
}

// load reads the documents of one kind that are wanted, by id.
func load[T any](ctx context.Context, records remediate.Records, kind access.DocumentKind, want map[access.DocumentKind]map[string]bool, into *map[string]T, id func(T) string) error {
	*into = map[string]T{}
	delete(want[kind], "")
	if len(want[kind]) == 0 {
		return nil
	}
	all, err := remediate.Load[T](ctx, records, access.DocumentQuery{Kind: kind, IDs: slices.Sorted(maps.Keys(want[kind]))})
	if err != nil {
		return fmt.Errorf("read what entries are about: %w", err)
	}
	for _, x := range all {
		(*into)[id(x)] = x
	}
	return nil
}

// filler is what is known of a list of entries.
type filler struct {
	actions    map[string]remediate.Record
	approvals  map[string]access.Approval
	requests   map[string]access.Request
	exceptions map[string]access.RiskException
	items      map[string]access.ReviewItem
	decisions  map[string]access.Decision
	reviewed   map[string]access.ReviewDecision
}

func (f filler) fill(a *evidence.Activity) {
	if r, ok := f.actions[a.Said.Action]; ok {
		f.action(a, r)
		a.Policy = r.Policy.Name + " (" + string(r.Mode) + ")"
	}
	if r, ok := f.actions[a.Said.Undo]; ok {
		f.action(a, r)
	}
	if q, ok := f.requests[a.Said.Request]; ok {
		f.request(a, q)
		if a.Said.What == asked {
			a.By, a.ByName = q.By, q.ByName
		}
	}
	if x, ok := f.exceptions[a.Said.Exception]; ok {
		f.exception(a, x)
		if a.Said.What == asked {
			a.By, a.ByName = x.Owner, x.OwnerName
		}
	}
	if i, ok := f.items[a.Said.Item]; ok {
		a.System, a.Person, a.Account, a.Entitlement = i.System, i.Person, i.Account.Name, i.Entitlement.Name
	}
	if d, ok := f.reviewed[a.Said.Decision]; ok {
		a.By, a.ByName = d.By, d.ByName
	}
	if d, ok := f.decisions[a.Said.Decision]; ok {
		a.By, a.ByName = d.By, d.ByName
		q := f.approvals[a.Said.Approval]
		a.System, a.Person, a.Finding, a.About = q.System, q.Person, q.FindingID, q.Title
	}
}

func (f filler) action(a *evidence.Activity, r remediate.Record) {
	a.System, a.Person, a.Account, a.Entitlement, a.Finding = r.System, r.Person, r.Account.Name, r.Entitlement.Name, r.FindingID
}

func (f filler) request(a *evidence.Activity, q access.Request) {
	a.System, a.Person, a.Entitlement = q.Ref.System, q.Person, q.Ref.Name
}

func (f filler) exception(a *evidence.Activity, x access.RiskException) {
	a.System, a.Person, a.Account, a.Entitlement, a.Finding = x.System, x.Person, x.SubjectName, x.Detail, x.FindingID
}

// Open names whose decision it was where only the entry knows, by what it commits to.
func Open(list []evidence.Activity, opened []evidence.Opened) {
	by := map[uint64]string{}
	for _, o := range opened {
		var who string
		if o.Field == evidence.FieldBy && json.Unmarshal(o.Value, &who) == nil {
			by[o.Entry] = who
		}
	}
	for i := range list {
		if list[i].By == "" {
			list[i].By = by[list[i].Entry]
		}
	}
}
