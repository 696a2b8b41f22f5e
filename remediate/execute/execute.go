package execute

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/internal/retry"
	"muster/remediate"
)

// Step names a moment in the life of an action, for whoever watches: progress, and the crash drill, which kills the process at each.
type Step string

// The steps, in order.
const (
	StepInspected    Step = "inspected"      // looked at, nothing written
	StepStored       Step = "intent stored"  // the record says applying, the ledger does not yet
	StepIntent       Step = "intent"         // the ledger says that it is about to be done
	StepApplied      Step = "applied"        // the system has changed, nothing says so yet
	StepReceipt      Step = "receipt"        // the ledger has the receipt, the record does not yet
	StepSettled      Step = "settled"        // the record says done
	StepRecoverLook  Step = "recover look"   // recovery has looked at the system
	StepRecoverWrote Step = "recover ledger" // recovery has written to the ledger, the record does not say so yet
)

// System is one system that may be changed.
type System struct {
	Target remediate.Target
	Rate   float64                // changes per second; 0 is no limit
	Open   func(time.Time) bool   // the maintenance windows; nil is always open
	Next   func(time.Time) string // when the next window opens, for people; may be nil
}

// Executor carries out actions.
type Executor struct {
	Records  remediate.Records
	Ledger   remediate.Ledger
	Systems  map[string]System
	Now      func() time.Time
	Log      *slog.Logger
	Halted   func() (why string, halted bool) // the kill switch, looked at before every change
	Retry    retry.Policy
	Settle   time.Duration             // before a change that is not to be seen is looked for again, doubled twice; for systems that lag
	Batch    int                       // actions of a system between two writes of the ledger; default 250, and no more than the rate lets through in 10 s
	Parallel int                       // accounts of a system at the same time; default 4
	OnStep   func(Step, access.Action) // may be nil
}

const (
	defaultBatch = 250
	// freshFor is how old a look may be when the last change of its batch is made, as far as the rate alone has it.
	freshFor        = 10 * time.Second
	defaultParallel = 4
	// flushTime is how long what happened may take to be written down after a cancellation.
	flushTime = 20 * time.Second
)

// Run carries out the records that are Planned and whose time has come, and gives all of them back in their new state. Records in another
// state are left alone.
func (x *Executor) Run(ctx context.Context, records []remediate.Record) ([]remediate.Record, error) {
	out := slices.Clone(records)
	bySystem := map[string][]*remediate.Record{}
	for i := range out {
		if r := &out[i]; r.State == remediate.Planned && !r.NotBefore.After(x.Now()) {
			bySystem[r.System] = append(bySystem[r.System], r)
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, name := range slices.Sorted(maps.Keys(bySystem)) {
		g.Go(func() error { return x.system(ctx, name, bySystem[name]) })
	}
	return out, g.Wait()
}

// system carries out the actions of one system.
func (x *Executor) system(ctx context.Context, name string, list []*remediate.Record) error {
	sys, ok := x.Systems[name]
	if !ok {
		return x.settle(ctx, list, remediate.Blocked, "the system is not configured to be changed")
	}
	slices.SortStableFunc(list, func(a, b *remediate.Record) int { return order(a.Kind) - order(b.Kind) })
	run := &run{x: x, name: name, sys: sys, pace: pacer{rate: sys.Rate, now: x.Now}, ended: map[string]*remediate.Record{}}
	var err error
	if run.seen, err = x.left(ctx, name); err != nil {
		return err
	}
	if err := run.before(ctx, list); err != nil {
		return err
	}
	return run.work(ctx, list)
}

// done is what counts later of an action that was done.
type done struct {
	Account access.AccountRef
	Receipt *struct {
		At    time.Time
		After struct{ Exists, Enabled bool }
	}
}

// left is how earlier actions left the accounts of a system, where no snapshot has shown it since.
func (x *Executor) left(ctx context.Context, name string) (map[string]seen, error) {
	list, err := remediate.Load[done](ctx, x.Records, access.DocumentQuery{Kind: access.DocAction, States: []string{string(remediate.Done)}, System: name})
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(d done) bool { return d.Receipt == nil })
	slices.SortStableFunc(list, func(a, b done) int { return a.Receipt.At.Compare(b.Receipt.At) })
	out := map[string]seen{}
	for _, d := range list {
		out[accountKey(access.Action{Account: d.Account})] = seen{d.Receipt.After.Exists, d.Receipt.After.Enabled}
	}
	return out, nil
}

func cmpOr(n, fallback int) int {
	if n > 0 {
		return n
	}
	return fallback
}

// order puts what gives access before what takes it, creation first, deletion last.
func order(k access.ActionKind) int { return slices.Index(access.ActionKinds(), k) }

// run is the work on one system.
type run struct {
	x    *Executor
	name string
	sys  System
	pace pacer

	turn  sync.Mutex // held by the wave that looks at the system or changes it
	under []*wave    // under way, the oldest first

	mu    sync.Mutex
	seen  map[string]seen              // by account: how the actions of this run left it
	ended map[string]*remediate.Record // by action id; those of waves under way have not ended
}

// seen is how an account is expected to be found.
type seen struct{ exists, enabled bool }

// before reads what the actions of a list depend on and was done, or not, by an earlier run.
func (r *run) before(ctx context.Context, list []*remediate.Record) error {
	here := map[string]bool{}
	for _, rec := range list {
		here[rec.ID] = true
	}
	for _, rec := range list {
		if rec.After == "" || here[rec.After] || rec.Account.ID != "" {
			continue
		}
		here[rec.After] = true
		first, err := remediate.Load[remediate.Record](ctx, r.x.Records, access.DocumentQuery{Kind: access.DocAction, ID: rec.After})
		if err != nil {
			return err
		}
		for i := range first {
			r.ended[rec.After] = &first[i]
		}
	}
	return nil
}

// created gives an action the account that another one created for it, or says why it cannot. An account of the same name that somebody
// else made is nobody's that is known.
func (r *run) created(rec *remediate.Record) (remediate.State, string) {
	first := r.ended[rec.After]
	if first == nil {
		return remediate.Blocked, "the account that it needs was not created"
	}
	switch first.State {
	case remediate.Done, remediate.Verified:
		if first.Receipt != nil && first.Receipt.After.AccountID != "" {
			rec.Account.ID = first.Receipt.After.AccountID
			return remediate.Planned, ""
		}
	case remediate.Ordered:
		return remediate.Planned, ""
	case remediate.Planned, remediate.Waiting, remediate.Applying, remediate.Held:
		return remediate.Planned, "the account that it needs is not created yet"
	}
	return remediate.Blocked, "the account that it needs was not created: " + first.Why
}

func accountKey(a access.Action) string {
	if a.Account.Name != "" {
		return a.Account.Name
	}
	return a.Account.ID
}

// stopped reports whether nothing may be changed now.
func (r *run) stopped() (string, bool) {
	if r.x.Halted != nil {
		if why, halted := r.x.Halted(); halted {
			return "the kill switch is set: " + why, true
		}
	}
	if now := r.x.Now(); r.sys.Open != nil && !r.sys.Open(now) {
		why := "outside the maintenance window"
		if r.sys.Next != nil {
			why += "; the next one opens " + r.sys.Next(now)
		}
		return why, true
	}
	return "", false
}

// each runs f on the records, a few at a time.
func (r *run) each(list []*remediate.Record, f func(*remediate.Record)) {
	var g errgroup.Group
	g.SetLimit(cmpOr(r.x.Parallel, defaultParallel))
	for _, rec := range list {
		g.Go(func() error { f(rec); return nil })
	}
	_ = g.Wait() // f reports into its record
}

func (x *Executor) step(s Step, a access.Action) {
	if x.OnStep != nil {
		x.OnStep(s, a)
	}
}

// settle gives records a state without a change of the system. Those that have it already are not written again: a window that stays
// closed for a week is one line.
func (x *Executor) settle(ctx context.Context, list []*remediate.Record, state remediate.State, why string) error {
	var changed []*remediate.Record
	for _, rec := range list {
		if rec.State != state || rec.Why != why {
			rec.State, rec.Why = state, why
			changed = append(changed, rec)
		}
	}
	return x.settled(ctx, changed)
}

// settled writes down records that ended without a change.
func (x *Executor) settled(ctx context.Context, list []*remediate.Record) error {
	return x.write(ctx, ledger.Settled, list, func(r *remediate.Record) (map[string]any, error) {
		return map[string]any{"state": string(r.State), "why": remediate.Hash(r.Why)}, nil
	}, true)
}

// intents stores the records, with their inverse, and then says on the ledger that they are about to be done.
func (x *Executor) intents(ctx context.Context, list []*remediate.Record) error {
	for _, rec := range list {
		rec.Tries++
	}
	if err := x.save(ctx, list); err != nil {
		return err
	}
	for _, rec := range list {
		x.step(StepStored, rec.Action)
	}
	err := x.write(ctx, ledger.Intent, list, func(r *remediate.Record) (map[string]any, error) {
		digest, err := remediate.Digest(r)
		return map[string]any{"sha256": commit.Of(digest, r.Person), "inverse": r.Inverse != nil, "try": r.Tries}, err
	}, false)
	for _, rec := range list {
		x.step(StepIntent, rec.Action)
	}
	return err
}

// receipts says on the ledger what happened and then stores it.
func (x *Executor) receipts(ctx context.Context, list []*remediate.Record) error {
	err := x.write(ctx, ledger.Receipt, list, func(r *remediate.Record) (map[string]any, error) {
		data := map[string]any{"state": string(r.State)}
		if r.Receipt == nil {
			return data, nil
		}
		digest, err := remediate.Digest(r.Receipt)
		data["outcome"], data["sha256"] = string(r.Receipt.Outcome), commit.Of(digest, r.Person)
		return data, err
	}, false)
	if err != nil {
		return err
	}
	for _, rec := range list {
		x.step(StepReceipt, rec.Action)
	}
	if err := x.save(ctx, list); err != nil {
		return err
	}
	for _, rec := range list {
		x.step(StepSettled, rec.Action)
	}
	return nil
}

// write enters one event for each record, and stores the records afterwards if told to.
func (x *Executor) write(ctx context.Context, kind ledger.Type, list []*remediate.Record, data func(*remediate.Record) (map[string]any, error), store bool) error {
	if len(list) == 0 {
		return nil
	}
	events := make([]ledger.Event, 0, len(list))
	for _, rec := range list {
		d, err := data(rec)
		if err != nil {
			return err
		}
		d["action"], d["kind"], d["system"] = rec.ID, string(rec.Kind), rec.System
		events = append(events, ledger.Event{Time: x.Now().UTC(), Type: kind, Run: rec.Run, Data: d})
	}
	if _, err := x.Ledger.Append(ctx, events...); err != nil {
		return fmt.Errorf("enter %s on the ledger: %w", kind, err)
	}
	if !store {
		return nil
	}
	return x.save(ctx, list)
}

// save stores the next version of each record.
func (x *Executor) save(ctx context.Context, list []*remediate.Record) error {
	docs := make([]access.Document, 0, len(list))
	for _, rec := range list {
		rec.Version++
		rec.ChangedAt = x.Now().UTC()
		doc, err := rec.Document()
		if err != nil {
			return err
		}
		docs = append(docs, doc)
	}
	if len(docs) == 0 {
		return nil
	}
	if err := x.Records.SaveDocuments(ctx, docs...); err != nil {
		return fmt.Errorf("store actions: %w", err)
	}
	return nil
}
