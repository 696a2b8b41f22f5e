// Package tell tells people what a run found and did, through the channels that are configured: Slack, mail, or both.
//
// Every channel shows the same: questions as they stand, holds once a run, one digest for each owner and run. Telling may be done again at
// any time: what was told already is changed in place, or left alone. A channel that cannot be reached keeps nobody from working; the
// next telling catches up.
//
// An owner is whom the route "owner" of a system leads to: one person, or the members of a group. Whoever answers for several systems gets
// one digest about all of them; the security team gets one about everything. Times are UTC.
package tell

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/reconcile"
	"muster/internal/reconcile/mend"
	"muster/internal/store"
	"muster/remediate"
	"muster/remediate/approve"
	"muster/remediate/notice"
	"muster/remediate/planner"
)

// Channel is a way to people.
type Channel interface {
	// Sync brings the channel to what the questions say.
	Sync(ctx context.Context, approvals []access.Approval) error
	// Digests sends each owner what a run found, and gives back those whom it does not reach.
	Digests(ctx context.Context, list []notice.Digest) (unreached []notice.Digest, err error)
	// Holds tells what a run holds back.
	Holds(ctx context.Context, run string, holds []access.Hold) error
}

// criticals is a Channel that tells of critical findings on their own.
type criticals interface {
	Critical(ctx context.Context, list []notice.Digest) error
}

// Teller tells.
type Teller struct {
	Store    *store.Store
	Mender   *mend.Mender
	Channels []Channel // in the order in which they are tried: whom the first does not reach, the next does
	Log      *slog.Logger
}

// Run tells what a run found and did. The errors of channels are logged and joined; the run stands whatever they are.
func (t *Teller) Run(ctx context.Context, res reconcile.Result, o mend.Outcome) error {
	if len(t.Channels) == 0 {
		return nil
	}
	var errs []error
	if o.Kept {
		errs = append(errs, t.Questions(ctx))
		holds, err := remediate.Load[access.Hold](ctx, t.Store, access.DocumentQuery{Kind: access.DocHold, Run: res.Run.ID})
		errs = append(errs, err)
		for _, c := range t.Channels {
			errs = append(errs, c.Holds(ctx, res.Run.ID, holds))
		}
		ended := slices.DeleteFunc(slices.Clone(o.Plan.Holds), access.Hold.Open) // of earlier runs, whose messages say that they hold
		errs = append(errs, t.Holds(ctx, ended))
	}
	list, err := t.digests(ctx, res, o)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, c := range t.Channels {
		if x, ok := c.(criticals); ok {
			errs = append(errs, x.Critical(ctx, list))
		}
		list, err = c.Digests(ctx, list)
		errs = append(errs, err)
	}
	for _, d := range list {
		t.Log.WarnContext(ctx, "owner is reached by no channel", "person", d.Owner.Person, "run", d.Run)
	}
	return errors.Join(errs...)
}

// Questions brings every channel to what the questions say now.
func (t *Teller) Questions(ctx context.Context) error {
	list, err := remediate.Load[access.Approval](ctx, t.Store, access.DocumentQuery{Kind: access.DocApproval})
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range t.Channels {
		errs = append(errs, c.Sync(ctx, list))
	}
	return errors.Join(errs...)
}

// Holds tells again what a run holds back, after a release.
func (t *Teller) Holds(ctx context.Context, holds []access.Hold) error {
	byRun := map[string]bool{}
	var errs []error
	for _, h := range holds {
		if byRun[h.Run] || h.Run == "" {
			continue
		}
		byRun[h.Run] = true
		all, err := remediate.Load[access.Hold](ctx, t.Store, access.DocumentQuery{Kind: access.DocHold, Run: h.Run})
		errs = append(errs, err)
		for _, c := range t.Channels {
			errs = append(errs, c.Holds(ctx, h.Run, all))
		}
	}
	return errors.Join(errs...)
}

// digests makes one digest for each owner, and one about everything for each of the security team, without those that have nothing to say.
func (t *Teller) digests(ctx context.Context, res reconcile.Result, o mend.Outcome) ([]notice.Digest, error) {
	findings, err := t.open(ctx, res.Run.ID)
	if err != nil {
		return nil, err
	}
	before, err := t.before(ctx, res.Run)
	if err != nil {
		return nil, err
	}
	routes := t.Mender.Routes(res.Sighting.Facts)
	owners := map[string]access.Approver{}
	systems := map[string][]string{}
	answers := func(system string, route []string, owner string) error {
		who, err := routes.Resolve(ctx, route, approve.Question{Owner: owner})
		for _, x := range who {
			owners[x.Person] = x
			if !slices.Contains(systems[x.Person], system) {
				systems[x.Person] = append(systems[x.Person], system)
			}
		}
		return err
	}
	for _, s := range res.Systems {
		route := []string{access.RouteOwner, access.RouteSecurity}
		if err := answers(s.Name, route, s.Owner); err != nil {
			return nil, fmt.Errorf("find who answers for %s: %w", s.Name, err)
		}
	}
	var out []notice.Digest
	for person, owner := range owners {
		d := notice.Digest{Organisation: res.Run.Organisation, Run: res.Run.ID, AsOf: res.Run.AsOf, Owner: owner, Systems: systems[person]}
		slices.Sort(d.Systems)
		fill(&d, res, o, findings, before)
		if !d.Empty() {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b notice.Digest) int { return cmp.Compare(a.Owner.Person, b.Owner.Person) })
	return out, nil
}

// open are the findings of a run that people have to do with, the worst first.
func (t *Teller) open(ctx context.Context, run string) ([]access.Finding, error) {
	var out []access.Finding
	err := t.Store.FindingsOfRun(ctx, run, func(f access.Finding) error {
		if f.State != access.Resolved && f.State != access.Excepted {
			out = append(out, f)
		}
		return nil
	})
	return out, err
}

// before are the counts of the run that was completed before.
func (t *Teller) before(ctx context.Context, run access.Run) ([]access.RuleCount, error) {
	runs, err := t.Store.Runs(ctx, 20)
	if err != nil {
		return nil, err
	}
	passed := false
	for _, r := range runs {
		if passed && r.State == access.RunCompleted {
			return append([]access.RuleCount{}, r.Counts...), nil
		}
		passed = passed || r.ID == run.ID
	}
	return nil, nil
}

// fill puts into a digest what concerns its systems.
func fill(d *notice.Digest, res reconcile.Result, o mend.Outcome, findings []access.Finding, before []access.RuleCount) {
	mine := func(system string) bool {
		return slices.ContainsFunc(strings.Split(system, "+"), func(s string) bool { return slices.Contains(d.Systems, s) })
	}
	for _, f := range findings {
		if mine(f.System) {
			d.Findings = append(d.Findings, f)
		}
	}
	for _, c := range res.Run.Counts {
		if mine(c.System) {
			d.Counts = append(d.Counts, c)
		}
	}
	if before != nil {
		d.Before = &notice.Totals{}
		for _, c := range before {
			if mine(c.System) {
				d.Before.Open += c.Open
			}
		}
	}
	for _, r := range o.Applied {
		if mine(r.System) && (r.State == remediate.Done || r.State == remediate.Ordered) {
			d.Done = append(d.Done, notice.Line{ID: r.ID, Text: planner.Line(r.Action)})
		}
	}
	for _, a := range o.Waiting {
		if mine(a.System) {
			d.Waiting = append(d.Waiting, notice.Line{ID: a.ID, Text: a.Title, Until: a.ExpiresAt})
		}
	}
	for _, h := range o.Holds {
		if mine(h.System) || h.System == "" {
			d.Held = append(d.Held, notice.Line{ID: h.ID, Text: h.Reason})
		}
	}
	for _, s := range res.Systems {
		if mine(s.Name) && !s.Tonight.Usable() {
			d.Incomplete = append(d.Incomplete, fmt.Sprintf("%s is %s: %s", s.Name, s.Tonight.State, s.Tonight.Reason))
		}
	}
}
