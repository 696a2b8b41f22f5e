package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"muster/collectors"
	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/internal/reconcile/assess"
	"muster/internal/reconcile/expect"
	"muster/internal/reconcile/sight"
	"muster/internal/store"
	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/rules"
)

// Reconcile judges the newest complete snapshots, records the findings and completes the run.
func (r *Runner) Reconcile(ctx context.Context, run access.Run) (Result, error) {
	res, err := r.reconcile(ctx, run)
	if err != nil {
		return Result{}, r.fail(ctx, run, err)
	}
	return res, nil
}

func (r *Runner) reconcile(ctx context.Context, run access.Run) (Result, error) {
	res := Result{Run: run}
	world, systems, previous, err := r.world(ctx, run)
	if err != nil {
		return res, fmt.Errorf("choose snapshots: %w", err)
	}
	res.Systems = systems
	for _, s := range systems {
		res.Run.Incomplete = res.Run.Incomplete || !s.Tonight.Usable()
	}
	if res.Links, err = r.Store.LinkAccounts(ctx, world); err != nil {
		return res, fmt.Errorf("link accounts: %w", err)
	}
	stand, err := sight.Stand(ctx, r.Store, run.AsOf)
	if err != nil {
		return res, err
	}
	book, err := r.expectations(ctx, world, stand)
	if err != nil {
		return res, err
	}
	before, err := r.findingsBefore(ctx)
	if err != nil {
		return res, err
	}
	j := &judge{runner: r, world: world, systems: systems, previous: previous, book: book, taker: sight.NewTaker(stand), tested: tally{}, names: map[string]string{}}
	if err := j.prepare(ctx); err != nil {
		return res, err
	}
	if err := j.hits(ctx, &res); err != nil {
		return res, fmt.Errorf("evaluate rules: %w", err)
	}
	verdict, err := j.assessor.Settle(res.Run, before)
	if err != nil {
		return res, err
	}
	settled := verdict.Findings
	if err := j.standing(before, settled); err != nil {
		return res, err
	}
	res.RuleStats, res.Run.Counts, res.Suppressed, res.Worst = verdict.Stats, verdict.Counts, verdict.Suppressed, worst(settled)
	if res.Run.Evidence, err = j.tell(ctx, res); err != nil {
		return res, err
	}
	if err := r.record(ctx, &res, settled); err != nil {
		return res, err
	}
	res.Sighting, err = j.taker.Sighting(res.Run, world, systems, r.Plan.Digest, settled)
	return res, err
}

// world chooses what the run reasons from and keeps the choice.
func (r *Runner) world(ctx context.Context, run access.Run) (store.World, []access.SystemFacts, []access.Snapshot, error) {
	systems, previous, err := r.choose(ctx, run)
	if err != nil {
		return store.World{}, nil, nil, err
	}
	l := r.Plan.Settings.Linking
	w := store.World{RunID: run.ID, AsOf: run.AsOf, Linking: store.LinkSpec{Keys: l.Keys, Domains: l.Domains}}
	for _, m := range l.Map {
		w.Linking.Map = append(w.Linking.Map, store.MapEntry{System: m.System, Account: m.Account, Person: m.Person})
	}
	for i, s := range systems {
		if s.IsHR {
			w.HR = s.Used
			continue
		}
		w.Systems = append(w.Systems, store.SystemWorld{System: s.Name, Used: s.Used, Previous: previous[i]})
	}
	slices.SortFunc(w.Systems, func(a, b store.SystemWorld) int {
		if a.System < b.System {
			return -1
		}
		return 1
	})
	return w, systems, previous, r.Store.SaveWorld(ctx, w)
}

// expectations matches the bundles once per distinct profile and keeps what each profile should hold.
func (r *Runner) expectations(ctx context.Context, w store.World, stand sight.Standing) (*expect.Book, error) {
	e := expect.NewBook(r.Plan.Bundles, w.AsOf)
	e.Personal, e.Revoked = stand.Personal, stand.Revoked
	if err := r.Store.Profiles(ctx, w, r.Plan.Bundles.Fields(), e.Learn); err != nil {
		return nil, fmt.Errorf("match bundles with profiles: %w", err)
	}
	if err := r.Store.SaveExpectations(ctx, w, r.Plan.Bundles.All(), e.Each); err != nil {
		return nil, fmt.Errorf("keep expectations: %w", err)
	}
	return e, nil
}

// findingsBefore reads every finding's present state.
func (r *Runner) findingsBefore(ctx context.Context) (map[string]access.Finding, error) {
	before := map[string]access.Finding{}
	err := r.Store.Findings(ctx, store.FindingFilter{}, func(f access.Finding) error {
		before[f.Fingerprint] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read standing findings: %w", err)
	}
	return before, nil
}

// judge streams facts past the rules.
type judge struct {
	runner   *Runner
	world    store.World
	systems  []access.SystemFacts
	previous []access.Snapshot // by index of systems
	book     *expect.Book
	assessor *assess.Assessor
	taker    *sight.Taker
	tested   tally
	names    map[string]string // of the persons who have a mitigation
	held     collectors.Digest // of how much each account held before
	stood    collectors.Digest // of the findings that stood before
}

func (j *judge) prepare(ctx context.Context) error {
	filler, err := j.runner.filler(ctx, j.world, j.book)
	if err != nil {
		return err
	}
	j.assessor = &assess.Assessor{Systems: j.systems, Rules: j.runner.Plan.Rules, Filler: filler, Evaluator: j.runner.evaluator(j.world, j.systems, j.taker.Stand)}
	if m := j.runner.Plan.Matrix; m != nil {
		for _, one := range m.Mitigations() {
			j.names[one.Person] = ""
		}
	}
	return nil
}

// evaluator makes an evaluator that knows the run's world.
func (r *Runner) evaluator(w store.World, systems []access.SystemFacts, stand sight.Standing) *rules.Evaluator {
	byName := make(map[string]*access.SystemFacts, len(systems))
	for i := range systems {
		byName[systems[i].Name] = &systems[i]
	}
	return r.Plan.Rules.Evaluator(rules.Env{Now: w.AsOf, Systems: byName, Bundles: r.Plan.Bundles, Matrix: r.Plan.Matrix, Exceptions: r.Plan.Exceptions.With(stand.Accepted...)})
}

func (j *judge) hits(ctx context.Context, res *Result) error {
	if err := j.assessor.Sources(); err != nil {
		return err
	}
	q := store.FactsQuery{Profile: j.runner.Plan.Bundles.Fields()}
	return j.runner.Store.Facts(ctx, j.world, q, func(f *access.PersonFacts, profile uint64) error {
		j.count(res, f)
		return j.assessor.Judge(f, profile, j.taker.Note, func(h rules.Hit) { j.taker.Hit(h.Finding.Fingerprint, f) })
	})
}

// standing takes the digest of what stood before: all that was open, and of what was resolved that which the run wrote about again.
func (j *judge) standing(before map[string]access.Finding, settled []access.Finding) error {
	again := map[string]bool{}
	for _, f := range settled {
		again[f.Fingerprint] = true
	}
	for _, f := range before {
		if f.State == access.Resolved && !again[f.Fingerprint] {
			continue
		}
		row, err := pack.FindingRow(f)
		if err != nil {
			return err
		}
		j.stood.Fact(row...)
	}
	return nil
}

// count adds one unit of facts to what the rules were asked about.
func (j *judge) count(res *Result, f *access.PersonFacts) {
	if f.Person != nil {
		res.Run.Persons++
		j.tested.add(j.world.HR.System, access.ClassPerson, 1)
		if _, wanted := j.names[f.Person.ID]; wanted {
			j.names[f.Person.ID] = describe(f.Person).Name
		}
	}
	for _, a := range f.Accounts {
		res.Run.Accounts++
		res.Run.Grants += int64(len(a.Grants))
		if a.PreviousGrants >= 0 {
			j.held.Fact(a.System, a.ID, strconv.Itoa(a.PreviousGrants))
		}
		j.tested.add(a.System, access.ClassAccount, 1)
		j.tested.add(a.System, access.ClassGrant, len(a.Grants))
	}
}

// worst picks by rule the finding that a person should look at first: severity, then age, then name.
func worst(sorted []access.Finding) map[string]access.Finding {
	out := map[string]access.Finding{}
	for _, f := range sorted {
		if f.State == access.Resolved || f.State == access.Excepted {
			continue
		}
		have, ok := out[f.Rule]
		if !ok || f.Severity.Rank() > have.Severity.Rank() || f.Severity == have.Severity && f.FirstSeen.Before(have.FirstSeen) {
			out[f.Rule] = f
		}
	}
	return out
}

// record enters the findings on the ledger, then stores them, then enters the end of the run and completes it, which makes them visible.
// The ledger says that a run is completed only when its findings are stored.
func (r *Runner) record(ctx context.Context, res *Result, settled []access.Finding) error {
	run := &res.Run
	var digest access.FindingsDigest
	var events []ledger.Event
	for _, f := range settled {
		digest.Add(f)
		if f.Change != access.ChangeStill && f.Change != access.ChangeUnverified {
			events = append(events, r.entry(*run, ledger.Finding, map[string]any{"fingerprint": commit.Of(f.Fingerprint, f.Person), "rule": f.Rule,
				"system": f.System, "severity": string(f.Severity), "state": string(f.State), "change": string(f.Change)}))
		}
	}
	ev, err := said(*run)
	if err != nil {
		return err
	}
	of, err := evidence.NewFile(ev).RunDigest()
	if err != nil {
		return err
	}
	events = append(events, r.entry(*run, ledger.Findings, map[string]any{"sha256": digest.Sum(), "count": len(settled), "suppressed": res.Suppressed, "run_sha256": of}))
	if _, err := r.Ledger.Append(ctx, events...); err != nil {
		return fmt.Errorf("enter findings on the ledger: %w", err)
	}
	if err := r.Store.SaveFindings(ctx, run.ID, slices.Values(settled)); err != nil {
		return fmt.Errorf("store findings: %w", err)
	}
	end, err := r.Ledger.Append(ctx, r.entry(*run, ledger.RunEnd, map[string]any{"state": string(access.RunCompleted), "incomplete": run.Incomplete,
		"persons": run.Persons, "accounts": run.Accounts, "grants": run.Grants}))
	if err != nil {
		return fmt.Errorf("enter the end of the run on the ledger: %w", err)
	}
	kept, err := r.Ledger.Keep()
	if err != nil {
		return err
	}
	run.LastEntry, run.Checkpoint = end, kept.Text
	run.State, run.FinishedAt = access.RunCompleted, r.Now().UTC()
	return r.Store.SaveRun(ctx, *run)
}
