// Package apply measures how fast actions are carried out, with everything that is written down about them, next to a bare client that makes
// the same changes and writes nothing down: on a live SCIM server and on a live slapd.
//
// Both sides send the same requests: a sample of the actions goes through a front that notes every one, and it is an error when they differ.
// Both leave the server with the same contents after every pass, byte for byte, which is an error otherwise too. A round is four passes: we
// make the changes, the bare client takes them back and makes them again, we take them back, so that a machine that grows busier meanwhile
// is as hard on the one as on the other. Servers listen on 127.0.0.1. Not for concurrent use.
package apply

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/internal/access"
	"muster/internal/retry"
	"muster/remediate"
	"muster/remediate/execute"
)

// How large the stands are, and what is done on them.
const (
	// Accounts is how many there are. To one half of them happens that they are taken out of a group, to the other that they are disabled.
	Accounts = 1000
	// Groups is how many there are; each account is in two.
	Groups = 100
	// Connections of the bare client: as many as the executor works on accounts at the same time.
	Connections = 4
)

// call makes one change as the plain client of one connection: the requests that a target makes, and nothing else.
type call func(context.Context, access.Action) error

// Stand is a server that both sides change. What is watched goes through a front that notes the requests.
type Stand struct {
	system  string
	actions []access.Action
	ours    remediate.Target
	watched remediate.Target
	bare    []call // one for each connection
	heard   []call // watched
	noted   func() []string
	dump    func(context.Context) (string, error)
}

// Options say where our side writes what it does, and how it is measured.
type Options struct {
	Records remediate.Records
	Ledger  remediate.Ledger
	Sample  int // how many actions are looked at request by request
	Rounds  int
	Watch   func() (stop func() (wall, cpu float64)) // a stopwatch
}

// Result is what was measured.
type Result struct {
	Ours, Bare []Time  // of each round
	Changes    int     // in a round, on each side
	Requests   float64 // of one change, on both sides
}

// Time is what all changes of a round took, in seconds. Those of the processor are what the stopwatch counts.
type Time struct{ Wall, CPU float64 }

func (t Time) plus(o Time) Time { return Time{t.Wall + o.Wall, t.CPU + o.CPU} }

// leg is one way of one side through the actions.
type leg struct {
	Time
	requests []string
}

// turn is one round: we make the changes, the bare client takes them back and makes them again, we take them back.
type turn struct{ ourForth, bareBack, bareForth, ourBack leg }

// Compare lets both sides send a sample of the actions through the front, and then all of them, in turns.
func (s *Stand) Compare(ctx context.Context, o Options) (Result, error) {
	r := Result{Changes: 2 * len(s.actions)}
	var err error
	if r.Requests, err = s.compare(ctx, &o); err != nil {
		return r, err
	}
	for n := range o.Rounds {
		t, err := s.round(ctx, &o, fmt.Sprint("round", n), s.actions, s.ours, s.bare)
		if err != nil {
			return r, err
		}
		r.Ours, r.Bare = append(r.Ours, t.ourForth.plus(t.ourBack.Time)), append(r.Bare, t.bareForth.plus(t.bareBack.Time))
	}
	return r, nil
}

// compare makes sure that both sides send the same requests, and says how many an action. Connections and discovery are made before.
func (s *Stand) compare(ctx context.Context, o *Options) (each float64, err error) {
	for _, target := range []remediate.Target{s.ours, s.watched} {
		target.Abilities()
		if _, err := target.Inspect(ctx, s.actions[0]); err != nil {
			return 0, err
		}
	}
	s.noted()
	var sample []access.Action
	for i := range o.Sample {
		sample = append(sample, s.actions[i*len(s.actions)/o.Sample])
	}
	t, err := s.round(ctx, o, "sample", sample, s.watched, s.heard)
	if err != nil {
		return 0, err
	}
	for _, pair := range [][2]leg{{t.ourForth, t.bareForth}, {t.ourBack, t.bareBack}} {
		if err := same(pair[0].requests, pair[1].requests); err != nil {
			return 0, err
		}
	}
	return float64(len(t.ourForth.requests)+len(t.ourBack.requests)) / float64(2*len(sample)), nil
}

// same compares two lists of requests in any order.
func same(ours, bare []string) error {
	if len(ours) == 0 {
		return errors.New("no request was noted")
	}
	count := map[string]int{}
	for _, r := range ours {
		count[r]++
	}
	for _, r := range bare {
		count[r]--
	}
	for _, r := range slices.Sorted(maps.Keys(count)) {
		if n := count[r]; n != 0 {
			return fmt.Errorf("the sides do not send the same: %d requests of ours and %d of the bare client, and ours has %+d of %s", len(ours), len(bare), n, r)
		}
	}
	return nil
}

// round is one turn. It fails unless both sides leave the server in the same state.
func (s *Stand) round(ctx context.Context, o *Options, name string, actions []access.Action, ours remediate.Target, bare []call) (t turn, err error) {
	before, err := s.dump(ctx)
	if err != nil {
		return t, err
	}
	var done, undone []remediate.Record
	if done, t.ourForth, err = s.apply(ctx, o, ours, number(name, actions)); err != nil {
		return t, err
	}
	after, err := s.dump(ctx)
	if err != nil {
		return t, err
	}
	if after == before {
		return t, errors.New("the server holds what it held before the changes")
	}
	back := inverses(done)
	if t.bareBack, err = s.plain(ctx, o, bare, back, before); err != nil {
		return t, err
	}
	if t.bareForth, err = s.plain(ctx, o, bare, actions, after); err != nil {
		return t, err
	}
	if undone, t.ourBack, err = s.apply(ctx, o, ours, back); err != nil {
		return t, err
	}
	if err := s.holds(ctx, "muster", before); err != nil {
		return t, err
	}
	return t, verify(ctx, o, append(done, undone...))
}

// number gives actions ids of their own in each round.
func number(name string, actions []access.Action) []access.Action {
	out := slices.Clone(actions)
	for i := range out {
		out[i].ID = remediate.ShortID("A-", name, fmt.Sprint(i))
		out[i].Run = "R-" + name
	}
	return out
}

// inverses are the actions that take others back, in the order in which they are carried out.
func inverses(done []remediate.Record) []access.Action {
	var out []access.Action
	for _, r := range done {
		undo := *r.Inverse
		undo.Key, undo.Run = remediate.Hash("undo", r.Key), r.Run
		out = append(out, undo)
	}
	kinds := access.ActionKinds()
	slices.SortStableFunc(out, func(a, b access.Action) int { return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind) })
	return out
}

// apply is our side: the executor, with everything that it writes down. It fails unless every action is done at the first try.
func (s *Stand) apply(ctx context.Context, o *Options, target remediate.Target, actions []access.Action) ([]remediate.Record, leg, error) {
	var planned []remediate.Record
	for _, a := range actions {
		planned = append(planned, remediate.Record{Action: a, Mode: access.ModeAuto, State: remediate.Planned,
			Seen: remediate.Seen{Exists: true, Enabled: a.Kind != access.EnableAccount}})
	}
	if err := save(ctx, o, planned); err != nil {
		return nil, leg{}, err
	}
	x := execute.Executor{Records: o.Records, Ledger: o.Ledger, Systems: map[string]execute.System{s.system: {Target: target}}, Now: time.Now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Retry: retry.Policy{Tries: 1}}
	stop := o.Watch()
	done, err := x.Run(ctx, planned)
	var l leg
	l.Wall, l.CPU = stop()
	l.requests = s.noted()
	if err != nil {
		return nil, l, err
	}
	for _, r := range done {
		if r.State != remediate.Done || r.Tries != 1 || r.Inverse == nil || r.Receipt.Recovered {
			return nil, l, fmt.Errorf("%s of %s is %s: %s", r.Kind, r.Account.Name, r.State, r.Why)
		}
	}
	return done, l, nil
}

// plain is the bare side, and what the server must hold afterwards.
func (s *Stand) plain(ctx context.Context, o *Options, connections []call, actions []access.Action, want string) (leg, error) {
	var next atomic.Int64
	g, within := errgroup.WithContext(ctx)
	stop := o.Watch()
	for _, c := range connections {
		g.Go(func() error {
			for i := int(next.Add(1)) - 1; i < len(actions); i = int(next.Add(1)) - 1 {
				if err := c(within, actions[i]); err != nil {
					return fmt.Errorf("%s of %s by the bare client: %w", actions[i].Kind, actions[i].Account.Name, err)
				}
			}
			return nil
		})
	}
	err := g.Wait()
	var l leg
	l.Wall, l.CPU = stop()
	l.requests = s.noted()
	if err != nil {
		return l, err
	}
	return l, s.holds(ctx, "the bare client", want)
}

// holds compares what the server holds.
func (s *Stand) holds(ctx context.Context, who, want string) error {
	got, err := s.dump(ctx)
	if err != nil || got == want {
		return err
	}
	is, was := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(is), len(was)) {
		if is[i] != was[i] {
			return fmt.Errorf("%s left the server otherwise: %q in place of %q", who, is[i], was[i])
		}
	}
	return fmt.Errorf("%s left the server with %d lines in place of %d", who, len(is), len(was))
}

// verify is what the next night does with actions that are done, so that every round finds as many.
func verify(ctx context.Context, o *Options, done []remediate.Record) error {
	for i := range done {
		done[i].State = remediate.Verified
	}
	return save(ctx, o, done)
}

// save stores the next version of records.
func save(ctx context.Context, o *Options, records []remediate.Record) error {
	var docs []access.Document
	for i := range records {
		r := &records[i]
		r.Version++
		r.ChangedAt = time.Now().UTC()
		doc, err := r.Document()
		if err != nil {
			return err
		}
		docs = append(docs, doc)
	}
	return o.Records.SaveDocuments(ctx, docs...)
}

// memberships lists the groups that an account is in: the one that it is taken out of, and another.
func memberships(account int) [2]int {
	return [2]int{account % Groups, (account + 1 + account/Groups) % Groups}
}

// planActions are the actions on the accounts of a stand: the first half leave a group, the second half are disabled.
func planActions(system string, account func(int) access.AccountRef, group func(int) access.HeldRef) []access.Action {
	var list []access.Action
	for i := range Accounts {
		a := access.Action{Kind: access.DisableAccount, System: system, Account: account(i), Person: fmt.Sprintf("W-%05d", i), PersonName: fmt.Sprintf("Given%d Family%d", i, i),
			Rule: "leaver-active", Severity: access.High, Reason: fmt.Sprintf("Given%d Family%d left on 2026-11-20 and can still log in", i, i), Basis: []string{fmt.Sprintf("hr row %d", i+2)}}
		if i < Accounts/2 {
			a.Kind, a.Entitlement, a.Rule, a.Severity = access.RemoveEntitlement, group(memberships(i)[0]), "privilege-creep", access.Medium
			a.Reason = fmt.Sprintf("nothing gives Given%d Family%d %s", i, i, a.Entitlement.Name)
		}
		a.Key = remediate.Hash(string(a.Kind), system, a.Account.ID, a.Entitlement.ID)
		a.Finding = remediate.Hash(a.Rule, a.Key)
		a.FindingID = remediate.ShortID("F-", a.Finding)
		list = append(list, a)
	}
	return list
}
