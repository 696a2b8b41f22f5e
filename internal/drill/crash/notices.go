package crash

import (
	"context"
	"time"

	"muster/internal/drill/crash/victim"
	"muster/remediate/notice"
)

// some is which share of the cells a drill of a part of the matrix kills: one in so many.
const some = 5

// script is one kind of message: who asks for it, and at which steps of it a process can die how many times over.
type script struct {
	begin func(context.Context) (victim.Task, error)
	steps map[string]int // step → how many messages of it there are
}

// notices kills at every step of every kind of message: in a conversation, directly, in a thread, in a batch, changed in place.
func (d *drill) notices(ctx context.Context) error {
	lag := victim.Settle / 5
	if d.options.naive {
		lag = time.Minute // so that nobody finds a message by being slow
	}
	if err := d.chat.Lag(ctx, lag); err != nil {
		return err
	}
	cells := 0
	for _, s := range d.scripts() {
		for _, step := range []string{notice.StepIntent, notice.StepPosted, notice.StepEntered, notice.StepSent, notice.StepEdited} {
			for nth := 1; nth <= s.steps[step]; nth++ {
				if cells++; !d.options.naive && d.options.Rounds < Rounds() && cells%some != int(d.options.Seed%some) {
					continue
				}
				task, err := s.begin(ctx)
				if err != nil {
					return err
				}
				task.Work, task.Kill = victim.Tell, victim.Kill{Step: step, Nth: nth}
				if err := d.strike(ctx, task); err != nil {
					return err
				}
				task.Work, task.Kill = victim.Finish, victim.Kill{}
				if err := d.spare(ctx, task); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (d *drill) scripts() []script {
	if d.options.naive {
		return []script{{begin: d.newHold, steps: map[string]int{notice.StepPosted: 1}}}
	}
	posted := func(n, batches int) map[string]int {
		return map[string]int{notice.StepIntent: n, notice.StepPosted: n, notice.StepEntered: batches, notice.StepSent: batches}
	}
	n := 2 * len(places()) // each question, and the first line of its thread
	return []script{
		{begin: d.newQuestion, steps: posted(n, n)},
		{begin: d.newAnswer, steps: map[string]int{notice.StepEdited: len(places()), notice.StepIntent: len(places()), notice.StepEntered: n}},
		{begin: d.newDigest, steps: posted(len(workers()), 1)},
		{begin: d.newHold, steps: posted(1, 1)},
		{begin: d.newRelease, steps: map[string]int{notice.StepEdited: 1, notice.StepEntered: 1, notice.StepSent: 1}},
	}
}

// newQuestion asks something that nobody has seen yet. It is left as it is afterwards.
func (d *drill) newQuestion(ctx context.Context) (victim.Task, error) {
	q, err := d.ask(ctx)
	d.mail.questions = nil
	return victim.Task{Approvals: []string{q.ID}}, err
}

// newAnswer answers a question that Slack shows.
func (d *drill) newAnswer(ctx context.Context) (victim.Task, error) {
	q, err := d.ask(ctx)
	d.mail.questions = nil
	if err != nil {
		return victim.Task{}, err
	}
	if err := d.spare(ctx, victim.Task{Work: victim.Finish, Approvals: []string{q.ID}}); err != nil {
		return victim.Task{}, err
	}
	err = d.answer(ctx, q)
	for _, key := range keys("approval/" + q.ID) {
		d.mail.edited = append(d.mail.edited, edited{key, q.ID + ": approved"})
	}
	return victim.Task{Approvals: []string{q.ID}}, err
}

func (d *drill) newDigest(context.Context) (victim.Task, error) {
	run := d.digests()
	d.mail.digest = ""
	return victim.Task{Digests: []string{run}}, nil
}

func (d *drill) newHold(ctx context.Context) (victim.Task, error) {
	run, err := d.holdBack(ctx)
	d.mail.hold = nil
	return victim.Task{Holds: []string{run}}, err
}

// newRelease lifts a hold that Slack shows.
func (d *drill) newRelease(ctx context.Context) (victim.Task, error) {
	run, err := d.holdBack(ctx)
	if err != nil {
		return victim.Task{}, err
	}
	task := victim.Task{Work: victim.Finish, Holds: []string{run}}
	if err := d.spare(ctx, task); err != nil {
		return task, err
	}
	err = d.release(ctx)
	d.mail.hold = nil
	return task, err
}
