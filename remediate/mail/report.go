package mail

import (
	"context"
	"errors"
	"slices"

	"muster/internal/access"
	"muster/internal/config/form"
	"muster/remediate"
	"muster/remediate/mail/letter"
	"muster/remediate/notice"
)

// Digests sends each owner what a run found, one message for each owner and run. That of an owner without an address goes to the office.
// Owners who are reached neither way are given back, also those whose address was refused. The caller leaves out digests that are Empty.
func (c *Channel) Digests(ctx context.Context, list []notice.Digest) (unreached []notice.Digest, err error) {
	s := c.session()
	defer s.close()
	var postings []notice.Posting
	var about []int // which digest a posting is
	var errs []error
	for i, d := range list {
		d.Links = c.links()
		key := "mail/digest/" + d.Run + "/" + d.Owner.Person
		addresses, instead := []string{d.Owner.Email}, false
		if !form.Address(d.Owner.Email) {
			addresses, instead = c.settings.To, true
		}
		l, err := letter.Digest(d, instead)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, to := range addresses {
			n := notice.Notice{Key: key, Channel: access.ChannelMail, Address: to, Run: d.Run, Person: d.Owner.Person, Digest: l.Digest}
			name := d.Owner.Name
			if instead {
				n.Key, name = key+"/to/"+remediate.Hash(to)[:12], ""
			}
			postings, about = append(postings, notice.Posting{Notice: n, Sender: &post{channel: c, session: s, letter: l, name: name}}), append(about, i)
		}
	}
	sent, err := c.deliver(ctx, s, postings)
	told := map[int]bool{}
	for i, n := range sent {
		told[about[i]] = told[about[i]] || n.State == notice.Sent || n.State == notice.Sending // a message on its way is no reason for another
	}
	for i, d := range list {
		if !told[i] {
			unreached = append(unreached, d)
		}
	}
	return unreached, errors.Join(append(errs, err)...)
}

// Holds tells the office what a run holds back: one message for a run, whatever the number of systems, and one more, threaded to it, when
// nothing of it is held any more. A run whose holds were all released before anybody was told says nothing.
func (c *Channel) Holds(ctx context.Context, run string, holds []access.Hold) error {
	var ids []string
	open := false
	for _, h := range holds {
		ids = append(ids, h.ID)
		open = open || h.Open()
	}
	if len(ids) == 0 || len(c.settings.To) == 0 {
		return nil
	}
	slices.Sort(ids)
	// What is held later in the same run is another message; a release is none.
	set := remediate.Hash(ids...)[:12]
	l, err := letter.Holds(run, holds)
	if !open {
		l, err = letter.Released(run, holds)
	}
	if err != nil {
		return err
	}
	key := func(kind, to string) string {
		return "mail/" + kind + "/" + run + "/" + set + "/to/" + remediate.Hash(to)[:12]
	}
	var keys []string
	for _, to := range c.settings.To {
		keys = append(keys, key("hold", to), key("released", to))
	}
	known, err := c.outbox.Known(ctx, keys...)
	if err != nil {
		return err
	}
	s := c.session()
	defer s.close()
	var postings []notice.Posting
	for _, to := range c.settings.To {
		n := notice.Notice{Key: key("hold", to), Channel: access.ChannelMail, Address: to, Run: run, Digest: l.Digest}
		if !open {
			told := known[n.Key]
			if told.State != notice.Sent && told.State != notice.Sending {
				continue
			}
			n.Key, n.Thread = key("released", to), c.messageID(n.Key)
		}
		if !over(known[n.Key]) {
			postings = append(postings, notice.Posting{Notice: n, Sender: &post{channel: c, session: s, letter: l}})
		}
	}
	_, err = c.deliver(ctx, s, postings)
	return err
}
