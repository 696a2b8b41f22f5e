package slack

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/remediate/notice"
	"muster/remediate/slack/blocks"
)

// Buttons makes the opaque value that the buttons of a question carry.
type Buttons interface{ Button(approval string) string }

// Board shows in Slack what is asked, held and found.
type Board struct {
	Client  *Client
	Outbox  *notice.Outbox
	Buttons Buttons
	Now     func() time.Time
}

// place is one message that shows an approval.
type place struct {
	key     string
	suffix  string // of the keys of its thread
	address string
	person  string
}

// places says where an approval is shown: in the channel, or to each approver.
func (b *Board) places(a access.Approval) []place {
	s := b.Client.Settings()
	key := "approval/" + a.ID
	if !s.Direct {
		return []place{{key: key, address: s.Channel}}
	}
	who := a.Approvers
	if a.Escalated {
		who = slices.Concat(who, a.Escalation)
	}
	var out []place
	unknown := false
	for _, x := range who {
		if user := s.People[x.Person]; user == "" {
			unknown = true
		} else if !slices.ContainsFunc(out, func(p place) bool { return p.person == x.Person }) {
			out = append(out, place{key: key + "/" + x.Person, suffix: "/" + x.Person, address: user, person: x.Person})
		}
	}
	if unknown || len(out) == 0 { // nobody is left without the question
		out = append(out, place{key: key, address: s.Channel})
	}
	return out
}

func (b *Board) context() blocks.Context {
	s := b.Client.Settings()
	return blocks.Context{People: s.People, Links: notice.Links{Console: s.Console}}
}

// Sync brings Slack to what the approvals say: it posts what waits, changes what was answered, and adds what happened to the thread. It may
// be called at any time and as often as one likes. One approval that fails does not keep the others, unless Slack is not to be reached.
func (b *Board) Sync(ctx context.Context, approvals []access.Approval) error {
	list := slices.SortedFunc(slices.Values(approvals), func(x, y access.Approval) int {
		return cmp.Or(x.RaisedAt.Compare(y.RaisedAt), strings.Compare(x.ID, y.ID))
	})
	var keys []string
	for _, a := range list {
		for _, p := range b.places(a) {
			keys = append(keys, p.key)
			for _, e := range b.thread(a, p) {
				keys = append(keys, e.key)
			}
		}
	}
	known, err := b.Outbox.Known(ctx, keys...)
	if err != nil {
		return err
	}
	var errs []error
	// The questions first, so that nobody waits for the history of others.
	for _, step := range []func(context.Context, access.Approval, place, map[string]notice.Notice) error{b.message, b.history} {
		for _, a := range list {
			for _, p := range b.places(a) {
				err := step(ctx, a, p, known)
				errs = append(errs, err)
				if ctx.Err() != nil || err != nil && notice.Unreachable(err) {
					return errors.Join(errs...)
				}
			}
		}
	}
	return errors.Join(errs...)
}

// Show is Sync for one approval, as soon as it changed.
func (b *Board) Show(ctx context.Context, a access.Approval) error {
	return b.Sync(ctx, []access.Approval{a})
}

// Refs says which messages show an approval to a person now, so that a click can be told from one on another message. A message that is
// being sent leaves it unsettled: nobody knows yet where it is.
func (b *Board) Refs(ctx context.Context, a access.Approval, person string) (refs []notice.Ref, settled bool, err error) {
	var keys []string
	for _, p := range b.places(a) {
		if p.person == "" || p.person == person {
			keys = append(keys, p.key)
		}
	}
	known, err := b.Outbox.Known(ctx, keys...)
	if err != nil {
		return nil, false, err
	}
	settled = true
	for _, key := range keys {
		n := known[key]
		if n.State == notice.Sent {
			refs = append(refs, n.Ref)
		}
		settled = settled && n.State != notice.Sending
	}
	return refs, settled, nil
}

// message brings one message to what an approval says, and known with it.
func (b *Board) message(ctx context.Context, a access.Approval, p place, known map[string]notice.Notice) error {
	n, posted := known[p.key]
	if !posted && a.State != access.ApprovalWaiting {
		return nil // it was answered before anybody saw it
	}
	m := blocks.Approval(a, b.Buttons.Button(a.ID), b.context())
	want := notice.Notice{Key: p.key, Channel: access.ChannelSlack, Address: p.address, Run: a.Run, Person: p.person, Approval: a.ID, Shows: a.Version, Digest: m.Digest()}
	if n.State != notice.Sent && n.State != notice.Gone {
		var err error
		if n, err = b.Outbox.Post(ctx, want, post{client: b.Client, message: m}); err != nil {
			return err
		}
		known[p.key] = n
	}
	if n.State != notice.Sent || n.Digest == want.Digest || n.Shows > want.Shows {
		return nil
	}
	n, err := b.Outbox.Edit(ctx, want, func(ctx context.Context, n notice.Notice) error { return b.Client.edit(ctx, n, m) })
	if err == nil {
		known[p.key] = n
	}
	return err
}

// history adds to a message's thread what is not in it yet.
func (b *Board) history(ctx context.Context, a access.Approval, p place, known map[string]notice.Notice) error {
	n := known[p.key]
	if n.State != notice.Sent {
		return nil
	}
	for _, e := range b.thread(a, p) {
		if old := known[e.key]; old.State == notice.Sent || old.State == notice.Gone {
			continue
		}
		m := blocks.Plain(e.text)
		answer := notice.Notice{Key: e.key, Channel: access.ChannelSlack, Address: n.Ref.Channel, Thread: n.Ref.ID, Run: a.Run, Person: p.person, Approval: a.ID, Digest: m.Digest()}
		if _, err := b.Outbox.Post(ctx, answer, post{client: b.Client, message: m, broadcast: e.broadcast}); err != nil {
			return err
		}
	}
	return nil
}
