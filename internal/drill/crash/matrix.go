package crash

import (
	"context"
	"fmt"

	"muster/internal/access"
	"muster/internal/drill/crash/stand"
	"muster/internal/drill/crash/victim"
	"muster/remediate"
)

// measureOf names what the same is done for.
func measureOf(c stand.Case, undo bool) string {
	return fmt.Sprintf("%s %s %t", c.System, c.Kind, undo)
}

// calm carries out one action of every kind on every system and takes it back, and takes the measure of both: how many changes the servers
// made and what they show afterwards.
func (d *drill) calm(ctx context.Context) error {
	var list []plan
	for _, c := range d.cast.calm {
		if err := d.stand.Ready(ctx, c); err != nil {
			return err
		}
		list = append(list, d.forward(c))
	}
	if err := d.plan(ctx, list...); err != nil {
		return err
	}
	before, err := d.stand.Facts(ctx)
	if err != nil {
		return err
	}
	if err := d.spare(ctx, victim.Task{Work: victim.Act}); err != nil {
		return err
	}
	if err := d.measured(ctx, before, list); err != nil {
		return err
	}
	records, err := d.records(ctx)
	if err != nil {
		return err
	}
	var back []plan
	for _, p := range list {
		r := records[p.deed.id]
		if r.State != remediate.Done && r.State != remediate.Ordered {
			return fmt.Errorf("%s is %s, undisturbed: %s", p.deed, r.State, r.Why)
		}
		if r.Inverse != nil {
			back = append(back, backward(p.deed.Case, r))
		}
	}
	if err := d.plan(ctx, back...); err != nil {
		return err
	}
	if err := d.spare(ctx, victim.Task{Work: victim.Act}); err != nil {
		return err
	}
	return d.measuredBack(ctx, before, back)
}

// measured takes the measure of actions that were just done.
func (d *drill) measured(ctx context.Context, before map[string]string, list []plan) error {
	after, err := d.stand.Facts(ctx)
	if err != nil {
		return err
	}
	writes, err := d.stand.Writes(ctx)
	if err != nil {
		return err
	}
	for _, p := range list {
		c := p.deed.Case
		n := len(writes[c.Name()])
		d.measure[measureOf(c, false)], d.shown[measureOf(c, false)] = n, after[c.Name()]
		switch {
		case c.Kind == access.RevokeSessions && !stand.Orders(c.System):
			if d.stand.Alive(ctx, c) {
				d.problem("%s left the session open, undisturbed", p.deed)
			}
		case n == 0:
			d.problem("nobody saw the server change for %s", p.deed)
		case before[c.Name()] == after[c.Name()]:
			d.problem("the server shows no change after %s", p.deed)
		}
	}
	return nil
}

// measuredBack takes the measure of what took actions back.
func (d *drill) measuredBack(ctx context.Context, before map[string]string, list []plan) error {
	after, err := d.stand.Facts(ctx)
	if err != nil {
		return err
	}
	writes, err := d.stand.Writes(ctx)
	if err != nil {
		return err
	}
	for _, p := range list {
		c := p.deed.Case
		n := len(writes[c.Name()]) - d.measure[measureOf(c, false)]
		d.measure[measureOf(c, true)] = n
		switch {
		case n == 0:
			d.problem("nobody saw the server change for %s", p.deed)
		case before[c.Name()] != after[c.Name()] && !stand.Orders(c.System):
			d.problem("the server does not show the former state after %s:\n%s\nwas\n%s", p.deed, after[c.Name()], before[c.Name()])
		}
	}
	return nil
}

// matrix kills each cell's action at its moment. The next cell's process recovers it and carries it out before it comes to its own.
func (d *drill) matrix(ctx context.Context) error {
	ids := make([]string, len(d.cast.cells))
	for i, c := range d.cast.cells {
		if err := d.stand.Ready(ctx, c.Case); err != nil {
			return err
		}
		p := d.forward(c.Case)
		if err := d.plan(ctx, p); err != nil {
			return err
		}
		ids[i] = p.record.ID
		task := victim.Task{Work: victim.Act, Last: p.record.ID}
		if c.before != "" {
			task.Kill = victim.Kill{Step: string(c.before), Action: p.record.ID}
			if err := d.strike(ctx, task); err != nil {
				return err
			}
		}
		task.Kill = victim.Kill{Step: string(c.at), Action: p.record.ID}
		if err := d.strike(ctx, task); err != nil {
			return err
		}
		if i%50 == 49 {
			d.say("matrix: %d of %d cells", i+1, len(d.cast.cells))
		}
	}
	if len(d.cast.cells) == 0 {
		return nil
	}
	if err := d.spare(ctx, victim.Task{Work: victim.Act}); err != nil {
		return err
	}
	return d.compare(ctx, ids)
}

// compare wants the servers to show for each cell what they show for an action that nobody disturbed. ids are the cells' actions.
func (d *drill) compare(ctx context.Context, ids []string) error {
	facts, err := d.stand.Facts(ctx)
	if err != nil {
		return err
	}
	for i, c := range d.cast.cells {
		where := fmt.Sprintf("%s %s in %s on %s, killed at %q", ids[i], c.Kind, c.System, c.Name(), c.at)
		if c.before != "" {
			where += fmt.Sprintf(" after %q", c.before)
		}
		if want := d.shown[measureOf(c.Case, false)]; facts[c.Name()] != want {
			d.result.Lost[ids[i]] = fmt.Sprintf("%s: the server shows\n%s\nand not\n%s", where, facts[c.Name()], want)
		}
		if c.Kind == access.RevokeSessions && !stand.Orders(c.System) && d.stand.Alive(ctx, c.Case) {
			d.result.Lost[ids[i]] = where + ": the session is open"
		}
	}
	return nil
}

// records reads every action.
func (d *drill) records(ctx context.Context) (map[string]remediate.Record, error) {
	list, err := remediate.Load[remediate.Record](ctx, d.store, access.DocumentQuery{Kind: access.DocAction})
	if err != nil {
		return nil, err
	}
	out := make(map[string]remediate.Record, len(list))
	for _, r := range list {
		out[r.ID] = r
	}
	return out, nil
}
