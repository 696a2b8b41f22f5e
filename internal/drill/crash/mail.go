package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/drill/crash/victim"
	"muster/remediate"
	"muster/remediate/notice"
)

// workers are those who have a Slack user; stranger has none, so that questions to them go to the channel too.
func workers() []string { return []string{"W-1", "W-2"} }

const stranger = "W-3"

// mail is what Slack is to be told, and must have in the end.
type mail struct {
	number    int
	questions []*question // that are still to change
	digest    string      // run that the owners are being told of
	hold      *access.Hold
	want      map[string]bool // keys of all messages
	edited    []edited
}

// edited is a message that must say something in the end.
type edited struct{ key, says string }

// question is an approval with its life: waiting, approved, concluded.
type question struct {
	access.Approval
	next []string // keys that Slack must have before it goes on
}

func (m *mail) expect(keys ...string) {
	if m.want == nil {
		m.want = map[string]bool{}
	}
	for _, k := range keys {
		m.want[k] = true
	}
}

// places are the suffixes of the keys of a question's messages: one for each who has a Slack user, and the channel.
func places() []string {
	var out []string
	for _, w := range workers() {
		out = append(out, "/"+w)
	}
	return append(out, "")
}

// keys are those of one kind of message in all places.
func keys(of string) []string {
	var out []string
	for _, p := range places() {
		out = append(out, of+p)
	}
	return out
}

// ask puts a question.
func (d *drill) ask(ctx context.Context) (*question, error) {
	d.mail.number++
	id := remediate.ShortID("AP-", fmt.Sprint("crash", d.options.Seed, d.mail.number))
	q := &question{Approval: access.Approval{ID: id, Key: id, Run: "R-drill", About: access.AboutActions, Title: "Somebody would lose something in directory", Lines: []string{"remove group staff"},
		Why: "the crash drill asks", Severity: access.High, System: "directory", Need: 1, OnExpiry: access.ExpiryRefuse, RaisedAt: time.Now().UTC(), State: access.ApprovalWaiting}}
	for _, w := range append(workers(), stranger) {
		q.Approvers = append(q.Approvers, access.Approver{Person: w, Name: "Approver " + w, Role: "owner"})
	}
	q.next = append(keys("approval/"+id), keys("raised/"+id)...)
	d.mail.expect(q.next...)
	d.mail.questions = append(d.mail.questions, q)
	return q, d.keep(ctx, q)
}

func (d *drill) keep(ctx context.Context, q *question) error {
	q.Version++
	doc, err := remediate.ApprovalDocument(q.Approval, time.Now().UTC())
	if err != nil {
		return err
	}
	return d.store.SaveDocuments(ctx, doc)
}

// answer lets a question go on: it is approved, and then it is said what became of it.
func (d *drill) answer(ctx context.Context, q *question) error {
	now := time.Now().UTC()
	if q.State == access.ApprovalWaiting {
		by := access.Decision{ID: remediate.ShortID("D-", q.ID), Approval: q.ID, Verdict: access.Approve, By: "W-1", ByName: "Approver W-1", Role: "owner", Channel: access.ChannelCLI, At: now}
		q.State, q.Decisions = access.ApprovalApproved, []access.Decision{by}
		q.next = keys("decision/" + q.ID + "/" + by.ID)
	} else {
		q.Outcome = "done " + notice.Stamp(now)
		q.next = keys("outcome/" + q.ID + "/" + remediate.Hash(q.Outcome)[:16])
	}
	d.mail.expect(q.next...)
	return d.keep(ctx, q)
}

// digests tells the owners of another run.
func (d *drill) digests() string {
	d.mail.number++
	d.mail.digest = fmt.Sprintf("R-digest-%04d", d.mail.number)
	for _, w := range workers() {
		d.mail.expect("digest/" + d.mail.digest + "/" + w)
	}
	return d.mail.digest
}

// holdBack tells the channel of another hold.
func (d *drill) holdBack(ctx context.Context) (string, error) {
	d.mail.number++
	run := fmt.Sprintf("R-hold-%04d", d.mail.number)
	d.mail.hold = &access.Hold{ID: remediate.ShortID("H-", fmt.Sprint(d.options.Seed, run)), System: "directory", Cause: "too-many", Reason: "26 of 30 accounts would be touched", Run: run,
		Actions: 26, Accounts: 26, At: time.Now().UTC()}
	d.mail.expect("hold/" + run)
	return run, d.keepHold(ctx)
}

func (d *drill) keepHold(ctx context.Context) error {
	d.mail.hold.Version++
	doc, err := remediate.HoldDocument(*d.mail.hold, time.Now().UTC())
	if err != nil {
		return err
	}
	return d.store.SaveDocuments(ctx, doc)
}

// release lifts the hold.
func (d *drill) release(ctx context.Context) error {
	h := d.mail.hold
	h.ReleasedBy, h.ReleasedAt, h.Release = "W-1", time.Now().UTC(), "the drill goes on"
	d.mail.edited = append(d.mail.edited, edited{"hold/" + h.Run, "the drill goes on"})
	return d.keepHold(ctx)
}

// has reports whether Slack has all of the keys.
func (d *drill) has(ctx context.Context, list ...string) (bool, error) {
	for _, key := range list {
		found, err := d.chat.Find(ctx, key)
		if err != nil || len(found) == 0 {
			return false, err
		}
	}
	return true, nil
}

// news is what a process is to tell Slack now: what Slack has goes on, what is over is left, something new takes its place.
func (d *drill) news(ctx context.Context) (victim.Task, error) {
	var t victim.Task
	var live []*question
	for _, q := range d.mail.questions {
		done, err := d.has(ctx, q.next...)
		if err != nil {
			return t, err
		}
		if done && q.Outcome != "" {
			d.over(q)
			continue
		}
		if done {
			if err := d.answer(ctx, q); err != nil {
				return t, err
			}
		}
		live = append(live, q)
	}
	d.mail.questions = live
	for len(d.mail.questions) < 2 {
		if _, err := d.ask(ctx); err != nil {
			return t, err
		}
	}
	for _, q := range d.mail.questions {
		t.Approvals = append(t.Approvals, q.ID)
	}
	return t, d.otherNews(ctx, &t)
}

// over remembers what a question's messages must say in the end.
func (d *drill) over(q *question) {
	for _, key := range keys("approval/" + q.ID) {
		d.mail.edited = append(d.mail.edited, edited{key, q.Outcome})
	}
}

// otherNews are digests and holds.
func (d *drill) otherNews(ctx context.Context, t *victim.Task) error {
	told := d.mail.digest == ""
	if !told {
		var err error
		if told, err = d.has(ctx, "digest/"+d.mail.digest+"/W-1", "digest/"+d.mail.digest+"/W-2"); err != nil {
			return err
		}
	}
	if told {
		d.digests()
	}
	t.Digests = []string{d.mail.digest}
	if d.mail.hold == nil {
		if _, err := d.holdBack(ctx); err != nil {
			return err
		}
	}
	found, err := d.chat.Find(ctx, "hold/"+d.mail.hold.Run)
	switch {
	case err != nil:
		return err
	case len(found) > 0 && d.mail.hold.Open():
		err = d.release(ctx)
	case len(found) > 0 && found[0].Edited != "":
		_, err = d.holdBack(ctx)
	}
	t.Holds = []string{d.mail.hold.Run}
	return err
}

// counted compares what Slack has with what it must have.
func (d *drill) counted(ctx context.Context) error {
	posts, err := d.chat.Posts(ctx)
	if err != nil {
		return err
	}
	if d.result.Duplicates, err = d.chat.Duplicates(ctx); err != nil {
		return err
	}
	for key, n := range posts {
		d.result.Messages += n
		if !d.mail.want[key] {
			d.problem("nobody asked for the message %q", key)
		}
	}
	for key := range d.mail.want {
		if posts[key] == 0 {
			d.result.Lost["message "+key] = "slack does not have it"
		}
	}
	for _, e := range d.mail.edited {
		found, err := d.chat.Find(ctx, e.key)
		if err != nil || len(found) == 0 {
			continue // it is counted as lost
		}
		text, err := json.Marshal(found[0].Blocks)
		if err != nil {
			return fmt.Errorf("read message: %w", err)
		}
		if !strings.Contains(string(text), e.says) {
			d.result.Lost["edit of "+e.key] = fmt.Sprintf("it does not say %q: %s", e.says, text)
		}
	}
	return nil
}
