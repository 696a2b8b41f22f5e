package slack

import (
	"context"
	"errors"

	"muster/internal/access"
	"muster/remediate/notice"
	"muster/remediate/slack/blocks"
)

// maxCritical is how many critical findings of a run get a message each; the others are counted in one.
const maxCritical = 10

// Digests sends each owner what a run found, one message for each owner and run. Owners whose Slack user is not known are given back: they
// are to be told by another way. The caller leaves out digests that are Empty.
func (b *Board) Digests(ctx context.Context, list []notice.Digest) (unreached []notice.Digest, err error) {
	people := b.Client.Settings().People
	var postings []notice.Posting
	for _, d := range list {
		user := people[d.Owner.Person]
		if user == "" {
			unreached = append(unreached, d)
			continue
		}
		d.Links.Console = b.Client.Settings().Console
		m := blocks.Digest(d, b.context())
		postings = append(postings, notice.Posting{Sender: post{client: b.Client, message: m}, Notice: notice.Notice{Key: "digest/" + d.Run + "/" + d.Owner.Person,
			Channel: access.ChannelSlack, Address: user, Run: d.Run, Person: d.Owner.Person, Digest: m.Digest()}})
	}
	_, err = b.Outbox.PostAll(ctx, postings)
	return unreached, err
}

// Critical tells the channel of each new critical finding of a run, with who answers for it.
func (b *Board) Critical(ctx context.Context, list []notice.Digest) error {
	type one struct {
		digest  notice.Digest
		finding access.Finding
	}
	var all []one
	seen := map[string]bool{}
	for _, d := range list {
		for _, f := range d.Critical() {
			if !seen[f.Fingerprint+f.ID] { // a finding in two systems has two owners
				seen[f.Fingerprint+f.ID] = true
				d.Links.Console = b.Client.Settings().Console
				all = append(all, one{d, f})
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	run := all[0].digest.Run
	var errs []error
	for _, x := range all[:min(maxCritical, len(all))] {
		errs = append(errs, b.say(ctx, "critical/"+run+"/"+x.finding.ID, run, blocks.Critical(x.digest, x.finding, b.context())))
		if err := errs[len(errs)-1]; err != nil && notice.Unreachable(err) {
			return errors.Join(errs...)
		}
	}
	if more := len(all) - maxCritical; more > 0 {
		errs = append(errs, b.say(ctx, "critical/"+run+"/more", run, blocks.MoreCritical(more, run)))
	}
	return errors.Join(errs...)
}

// Holds tells the channel what a run holds back: one message for a run, whatever the number of systems, changed in place when holds are
// released. A run whose holds were all released before anybody was told says nothing.
func (b *Board) Holds(ctx context.Context, run string, holds []access.Hold) error {
	var shows uint64
	open := false
	for _, h := range holds {
		shows += h.Version
		open = open || h.Open()
	}
	key := "hold/" + run
	m := blocks.Holds(run, holds, b.context())
	want := notice.Notice{Key: key, Channel: access.ChannelSlack, Address: b.Client.Settings().Channel, Run: run, Shows: shows, Digest: m.Digest()}
	known, err := b.Outbox.Known(ctx, key)
	if err != nil {
		return err
	}
	if _, posted := known[key]; !posted && !open {
		return nil
	}
	n, err := b.Outbox.Post(ctx, want, post{client: b.Client, message: m})
	if err != nil || n.State != notice.Sent || n.Digest == want.Digest {
		return err
	}
	_, err = b.Outbox.Edit(ctx, want, func(ctx context.Context, n notice.Notice) error { return b.Client.edit(ctx, n, m) })
	return err
}

// say posts one message to the channel.
func (b *Board) say(ctx context.Context, key, run string, m blocks.Message) error {
	_, err := b.Outbox.Post(ctx, notice.Notice{Key: key, Channel: access.ChannelSlack, Address: b.Client.Settings().Channel, Run: run, Digest: m.Digest()}, post{client: b.Client, message: m})
	return err
}
