package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config/form"
	"muster/remediate"
	"muster/remediate/mail/letter"
	"muster/remediate/notice"
)

// tokenTime is how long a token is good that answers a question without an end.
const tokenTime = 30 * 24 * time.Hour

// reader is somebody who is asked by mail, and about what.
type reader struct {
	approval access.Approval
	who      access.Approver // without a Person: the office
	address  string
	occasion letter.Occasion // of the first letter: asked or escalated
}

// key is that of one of the reader's messages; it names no address.
func (r reader) key(kind, more string) string {
	who := r.who.Person
	if who == "" {
		who = "to/" + remediate.Hash(r.address)[:12]
	}
	return "mail/" + kind + "/" + r.approval.ID + "/" + who + more
}

// root is the key of the message that puts the question.
func (r reader) root() string {
	if r.occasion == letter.Escalated {
		return r.key("escalation", "")
	}
	return r.key("approval", "")
}

// decided reports whether the reader has had their say.
func (r reader) decided() bool {
	return r.who.Person != "" && slices.ContainsFunc(r.approval.Decisions, func(d access.Decision) bool { return d.By == r.who.Person })
}

// readers are those who are asked by mail. A question that reaches nobody goes to the office.
func (c *Channel) readers(a access.Approval) []reader {
	var out []reader
	reached := false
	add := func(list []access.Approver, o letter.Occasion) {
		for _, x := range list {
			switch {
			case slices.ContainsFunc(out, func(r reader) bool { return r.who.Person == x.Person }):
			case !a.StepUp && c.elsewhere != nil && c.elsewhere(a, x):
				reached = true
			case form.Address(x.Email):
				out = append(out, reader{a, x, x.Email, o})
			}
		}
	}
	add(a.Approvers, letter.Asked)
	if a.Escalated {
		add(a.Escalation, letter.Escalated)
	}
	if len(out) == 0 && !reached {
		for _, to := range c.settings.To {
			out = append(out, reader{a, access.Approver{}, to, letter.Asked})
		}
	}
	return out
}

// asked are all who may have been asked in the past, whatever is configured now.
func (c *Channel) asked(a access.Approval) []reader {
	var out []reader
	for _, x := range a.Approvers {
		out = append(out, reader{a, x, x.Email, letter.Asked})
	}
	for _, x := range a.Escalation {
		out = append(out, reader{a, x, x.Email, letter.Escalated})
	}
	for _, to := range c.settings.To {
		out = append(out, reader{a, access.Approver{}, to, letter.Asked})
	}
	return out
}

// Sync sends what the approvals call for and was not sent: questions, reminders, escalations, answers. It may be called at any time and as
// often as one likes. An address that is refused does not keep the others.
func (c *Channel) Sync(ctx context.Context, approvals []access.Approval) error {
	list := slices.SortedFunc(slices.Values(approvals), func(x, y access.Approval) int {
		return cmp.Or(x.RaisedAt.Compare(y.RaisedAt), strings.Compare(x.ID, y.ID))
	})
	known, err := c.known(ctx, list)
	if err != nil {
		return err
	}
	s := c.session()
	defer s.close()
	// The questions first: what follows is threaded to them.
	var errs []error
	for _, stage := range []func(*session, access.Approval, map[string]notice.Notice) ([]notice.Posting, error){c.questions, c.sequels} {
		var postings []notice.Posting
		for _, a := range list {
			more, err := stage(s, a, known)
			postings, errs = append(postings, more...), append(errs, err)
		}
		sent, err := c.deliver(ctx, s, postings)
		errs = append(errs, err)
		for _, n := range sent {
			known[n.Key] = n
		}
		if s.down() != nil || ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// known reads what was sent about the approvals.
func (c *Channel) known(ctx context.Context, list []access.Approval) (map[string]notice.Notice, error) {
	var keys []string
	for _, a := range list {
		if a.State != access.ApprovalWaiting {
			for _, r := range c.asked(a) {
				keys = append(keys, r.root(), r.key("answered", ""))
			}
			continue
		}
		for _, r := range c.readers(a) {
			keys = append(keys, r.root())
			for _, again := range c.reminders(r) {
				keys = append(keys, again.key)
			}
		}
	}
	slices.Sort(keys)
	return c.outbox.Known(ctx, slices.Compact(keys)...)
}

// questions are the first letters about an approval that waits.
func (c *Channel) questions(s *session, a access.Approval, known map[string]notice.Notice) ([]notice.Posting, error) {
	if a.State != access.ApprovalWaiting {
		return nil, nil
	}
	var out []notice.Posting
	for _, r := range c.readers(a) {
		if r.decided() || over(known[r.root()]) {
			continue
		}
		l, err := c.question(r, r.occasion)
		if err != nil {
			return nil, err
		}
		out = append(out, c.posting(s, r, r.root(), "", l))
	}
	return out, nil
}

// sequels are what follows the first letter: reminders while the question waits, the answer afterwards.
func (c *Channel) sequels(s *session, a access.Approval, known map[string]notice.Notice) ([]notice.Posting, error) {
	if a.State != access.ApprovalWaiting {
		return c.answers(s, a, known)
	}
	var out []notice.Posting
	for _, r := range c.readers(a) {
		root := known[r.root()]
		if root.State != notice.Sent || r.decided() {
			continue
		}
		for _, again := range c.reminders(r) {
			// Who was asked only after the time of the reminder needs none.
			if over(known[again.key]) || !again.since.IsZero() && !root.SentAt.Before(again.since) {
				continue
			}
			l, err := c.question(r, again.occasion)
			if err != nil {
				return nil, err
			}
			out = append(out, c.posting(s, r, again.key, root.Ref.ID, l))
		}
	}
	return out, nil
}

// answers tell those who were asked and have not answered that nothing is left to decide.
func (c *Channel) answers(s *session, a access.Approval, known map[string]notice.Notice) ([]notice.Posting, error) {
	var out []notice.Posting
	for _, r := range c.asked(a) {
		root, was := known[r.root()]
		key := r.key("answered", "")
		// A letter that may have arrived is answered like one that has.
		if !was || root.State != notice.Sent && root.State != notice.Sending || r.decided() || over(known[key]) {
			continue
		}
		l, err := letter.Answered(a, r.who, c.links())
		if err != nil {
			return nil, err
		}
		r.address = root.Address
		p := c.posting(s, r, key, c.messageID(r.root()), l)
		if !slices.ContainsFunc(out, func(q notice.Posting) bool { return q.Notice.Key == key }) { // an approver may be on both lists
			out = append(out, p)
		}
	}
	return out, nil
}

// again is one reminder that is due.
type again struct {
	key      string
	since    time.Time
	occasion letter.Occasion
}

// reminders are what is due for a reader by now: one when it is time, or, for who put it off, one when they said.
func (c *Channel) reminders(r reader) []again {
	a, now := r.approval, c.now()
	if until, put := a.Snoozed[r.who.Person]; put && r.who.Person != "" {
		if now.Before(until) {
			return nil
		}
		return []again{{r.key("reminder", fmt.Sprintf("/%d", until.Unix())), until, letter.Snoozed}}
	}
	if a.Reminded || !a.RemindAt.IsZero() && !now.Before(a.RemindAt) {
		return []again{{r.key("reminder", "/1"), a.RemindAt, letter.Reminder}}
	}
	return nil
}

// question is the letter that puts an approval to a reader.
func (c *Channel) question(r reader, o letter.Occasion) (letter.Letter, error) {
	q := letter.Question{Approval: r.approval, To: r.who, Occasion: o, Links: c.links()}
	if r.who.Person != "" {
		if q.Until = r.approval.ExpiresAt; q.Until.IsZero() {
			q.Until = r.approval.RaisedAt.Add(tokenTime)
		}
		q.Token = c.tokens.Personal(r.approval.ID, r.who.Person, q.Until)
	}
	return q.Letter()
}

// posting is one message to a reader.
func (c *Channel) posting(s *session, r reader, key, thread string, l letter.Letter) notice.Posting {
	a := r.approval
	return notice.Posting{Sender: &post{channel: c, session: s, letter: l, name: r.who.Name}, Notice: notice.Notice{Key: key, Channel: access.ChannelMail, Address: r.address, Thread: thread,
		Run: a.Run, Person: r.who.Person, Approval: a.ID, Shows: a.Version, Digest: l.Digest}}
}

// over reports whether nothing is to be done about a message any more.
func over(n notice.Notice) bool { return n.State == notice.Sent || n.State == notice.Gone }
