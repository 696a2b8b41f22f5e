package crash

import (
	"context"
	"fmt"
	"time"

	"muster/internal/access"
	"muster/internal/drill/crash/stand"
	"muster/internal/drill/crash/victim"
	"muster/remediate"
)

// toggle is an account to which something is done and undone in turn.
type toggle struct {
	stand.Case
	doing *deed // planned and not known to be over
	stuck bool
}

const (
	queue    = 8                      // how many actions are planned at a time
	window   = 400 * time.Millisecond // the longest that most processes live, on a machine that starts one in a quarter of it
	deepStep = 40                     // the latest step at which others end
	era      = 20                     // kills between two looks at whether anything is done
)

// random kills processes that do everything at once.
func (d *drill) random(ctx context.Context) error {
	if d.options.Kills == 0 {
		return nil
	}
	start := time.Now()
	if err := d.spare(ctx, victim.Task{Work: victim.Act}); err != nil {
		return err
	}
	d.window, d.longer = max(window, 4*time.Since(start)), 1 // on a slow machine the kills would hit nothing but the start
	var toggles []*toggle
	for _, c := range d.cast.toggles {
		toggles = append(toggles, &toggle{Case: c})
	}
	facts, err := d.stand.Facts(ctx)
	if err != nil {
		return err
	}
	before := len(d.deeds) - era
	deeds, target := len(d.deeds), d.result.Kills+d.options.Kills
	for tries := 0; d.result.Kills < target; tries++ {
		if tries > 3*d.options.Kills {
			return fmt.Errorf("only %d of %d processes were there to be killed", d.options.Kills-(target-d.result.Kills), tries)
		}
		if tries%era == 0 {
			if err := d.stir(ctx); err != nil {
				return err
			}
			d.adapt(len(d.deeds) - before)
			before = len(d.deeds)
		}
		if err := d.refill(ctx, toggles, false); err != nil {
			return err
		}
		if err := d.hit(ctx); err != nil {
			return err
		}
		if left := target - d.result.Kills; left%100 == 0 {
			d.say("random: %d of %d kills, %d actions", d.options.Kills-left, d.options.Kills, len(d.deeds)-deeds)
		}
	}
	if done := len(d.deeds) - deeds; done < d.options.Kills/4 {
		d.problem("only %d actions were planned during %d kills: too little happened to prove anything", done, d.options.Kills)
	}
	return d.settle(ctx, toggles, facts)
}

// adapt lets processes live longer when hardly anything was done during an era, because the machine is busy, and shorter again when enough was.
func (d *drill) adapt(done int) {
	switch {
	case done < era/2:
		d.longer = min(d.longer*3/2, 40)
	case done > 2*era:
		d.longer = max(d.longer*2/3, 1)
	}
}

// stir changes how Slack behaves.
func (d *drill) stir(ctx context.Context) error {
	seed := d.rand.Uint64()
	for method, shares := range map[string]map[string]float64{
		"chat.postMessage": {"429": 0.06, "500": 0.03, "503": 0.03, "drop": 0.03, "commit_500": 0.05, "commit_503": 0.03, "commit_drop": 0.05, "commit_invalid_json": 0.03,
			"commit_error:fatal_error": 0.03},
		"chat.update":           {"429": 0.06, "500": 0.03, "commit_500": 0.05, "commit_drop": 0.03},
		"conversations.history": {"429": 0.05, "500": 0.03, "drop": 0.03},
		"conversations.replies": {"429": 0.05, "500": 0.03, "drop": 0.03},
		"conversations.open":    {"429": 0.05, "500": 0.03},
	} {
		if err := d.chat.Random(ctx, method, seed, shares); err != nil {
			return err
		}
	}
	return d.chat.Lag(ctx, time.Duration(d.rand.Int64N(int64(victim.Settle/3))))
}

// hit runs a process and kills it: at a random moment after its start, or at a random step.
func (d *drill) hit(ctx context.Context) error {
	task, err := d.news(ctx)
	if err != nil {
		return err
	}
	task.Work = victim.Serve
	longest := time.Duration(float64(d.window) * d.longer)
	after := time.Duration(1 + d.rand.Int64N(int64(longest)))
	switch d.rand.IntN(10) {
	case 0, 1, 2, 3:
		task.Kill.Nth = 1 + d.rand.IntN(int(deepStep*d.longer))
		after = 3 * longest // it may not come so far
	case 4:
		after *= 4
	}
	_, err = d.victim(ctx, task, after)
	return err
}

// refill plans something for accounts for which nothing is under way; what takes back alone when the drill comes to its end.
func (d *drill) refill(ctx context.Context, toggles []*toggle, ending bool) error {
	live, err := remediate.Load[remediate.Record](ctx, d.store, access.DocumentQuery{Kind: access.DocAction, States: remediate.Live()})
	if err != nil {
		return err
	}
	busy := map[string]bool{}
	for _, r := range live {
		busy[r.ID] = true
		if r.State == remediate.Applying {
			d.result.HalfDone++
		}
	}
	var list []plan
	for _, i := range d.rand.Perm(len(toggles)) {
		t := toggles[i]
		if t.stuck || t.doing != nil && busy[t.doing.id] || len(live)+len(list) >= queue && !ending {
			continue
		}
		p, ok, err := d.next(ctx, t, ending)
		if err != nil {
			return err
		}
		if ok {
			t.doing = p.deed
			list = append(list, p)
		}
	}
	return d.plan(ctx, list...)
}

// next is what is done to an account after what was done to it last.
func (d *drill) next(ctx context.Context, t *toggle, ending bool) (plan, bool, error) {
	if t.doing == nil || t.doing.undo {
		return d.forward(t.Case), !ending, nil
	}
	found, err := remediate.Load[remediate.Record](ctx, d.store, access.DocumentQuery{Kind: access.DocAction, ID: t.doing.id})
	if err != nil {
		return plan{}, false, err
	}
	if len(found) != 1 || found[0].Inverse == nil || found[0].Receipt == nil {
		t.stuck = true // the count says why
		return plan{}, false, nil
	}
	return backward(t.Case, found[0]), true, nil
}

// settle runs everything to its end without kills and wants every account to be as it was.
func (d *drill) settle(ctx context.Context, toggles []*toggle, before map[string]string) error {
	if err := d.chat.Calm(ctx); err != nil {
		return err
	}
	for _, ending := range []bool{false, true} {
		if ending {
			if err := d.refill(ctx, toggles, true); err != nil {
				return err
			}
		}
		task := victim.Task{Work: victim.Finish, Digests: []string{d.mail.digest}, Holds: []string{d.mail.hold.Run}}
		for _, q := range d.mail.questions {
			task.Approvals = append(task.Approvals, q.ID)
		}
		if err := d.spare(ctx, task); err != nil {
			return err
		}
	}
	after, err := d.stand.Facts(ctx)
	if err != nil {
		return err
	}
	for _, t := range toggles {
		if n := t.Name(); !stand.Orders(t.System) && before[n] != after[n] {
			d.result.Lost[n] = fmt.Sprintf("%s in %s, done and undone at random: the server shows\n%s\nand not\n%s", t.Kind, t.System, after[n], before[n])
		}
	}
	if before[""] != after[""] {
		d.result.Doubled["others"] = fmt.Sprintf("what concerns no account of the drill was changed: \n%s\nwas\n%s", after[""], before[""])
	}
	return nil
}
