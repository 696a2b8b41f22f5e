package runaway

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"muster/internal/ledger"
	"muster/internal/ledger/privacy"
	"muster/remediate/slack/slackfake/state"
)

// drill is one mistake under way.
type drill struct {
	*house
	mistake
	before  facts
	told    map[string]string // messages about holds that were there before: key → text
	touched map[string]bool
	faults  []string
	open    []string // ids of the holds that somebody must release
	sources []string // ids of those that end when their source is read whole again
}

const reason = "the feed was wrong and is mended, says the drill"

// drill makes a mistake and looks at what comes of it.
func (h *house) drill(ctx context.Context, m mistake) (touched, faults []string, err error) {
	d := &drill{house: h, mistake: m, touched: map[string]bool{}}
	defer h.dismiss()
	if err := h.reset(); err != nil {
		return nil, nil, err
	}
	if err := m.make(ctx, h); err != nil {
		return nil, nil, err
	}
	if d.before, err = h.world(ctx); err != nil {
		return nil, nil, err
	}
	d.told = d.messages()
	for _, step := range []func(context.Context) error{d.night, d.again, d.believe, d.mended, d.clean, d.verify} {
		if err := step(ctx); err != nil {
			return nil, nil, err
		}
		after, err := h.world(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, account := range differ(d.before, after) {
			d.touched[account] = true
		}
	}
	return slices.Sorted(maps.Keys(d.touched)), d.faults, nil
}

func (d *drill) fault(format string, args ...any) {
	d.faults = append(d.faults, fmt.Sprintf(format, args...))
}

// messages are those about holds, as they show now.
func (h *house) messages() map[string]string {
	out := map[string]string{}
	for _, m := range h.chat.Messages(h.channel) {
		if strings.HasPrefix(m.Dedup(), "hold/") {
			out[m.Dedup()+" "+m.TS] = words(m)
		}
	}
	return out
}

// words are all texts of a message.
func words(m state.Message) string {
	text, err := json.Marshal(m.Blocks)
	if err != nil {
		return m.Text
	}
	return m.Text + "\n" + string(text)
}

var held = regexp.MustCompile(`(H-[A-Z2-7]{8}) holds: ([a-z]+ was not read whole)?`)

// holdsIn are the holds that a night names: those that somebody must release, and those of sources.
func holdsIn(s said) (open, sources []string) {
	text := strings.Join(strings.Fields(s.stdout), " ") // long lines are folded
	for _, m := range held.FindAllStringSubmatch(text, -1) {
		if m[2] != "" {
			sources = append(sources, m[1])
		} else {
			open = append(open, m[1])
		}
	}
	slices.Sort(open)
	slices.Sort(sources)
	return open, sources
}

// night is the first with the bad news.
func (d *drill) night(ctx context.Context) error {
	s, err := d.muster(ctx, "nightly")
	if err != nil {
		return err
	}
	d.check("the night", s)
	known := len(d.told)
	d.open, d.sources = holdsIn(s)
	if n := len(d.messages()) - known; n != 1 && !d.failed {
		d.fault("the night raised %d holds and posted %d messages about them", len(d.open)+len(d.sources), n)
	}
	return nil
}

// check looks at how a night with the bad news ended and what it said.
func (d *drill) check(when string, s said) {
	if s.code != 3 {
		d.fault("%s ended with %d:\n%s", when, s.code, s.all())
	}
	if did := acted(s.stdout); did != "" {
		d.fault("%s says that it acted: %s", when, did)
	}
	said := strings.Join(strings.Fields(s.stdout), " ")
	for _, source := range d.unread {
		if !strings.Contains(said, "! "+source+" is held (") && !strings.Contains(said, "! "+source+" is failed (") && !strings.Contains(said, "! "+source+" is partial (") {
			d.fault("%s does not say that %s was not read whole:\n%s", when, source, s.stdout)
		}
	}
	open, sources := holdsIn(s)
	switch {
	case d.failed:
	case len(d.unread) > 0 && len(sources) != len(d.unread):
		d.fault("%s tells of %d sources that shrank, not of %d:\n%s", when, len(sources), len(d.unread), s.stdout)
	case len(d.unread) == 0 && (!heldCount.MatchString(actions.FindString(s.stdout)) || len(open) == 0):
		d.fault("%s holds nothing:\n%s", when, s.stdout)
	}
}

var heldCount = regexp.MustCompile(`[1-9][0-9,]* held`)

// again is the same news once more.
func (d *drill) again(ctx context.Context) error {
	before := d.messages()
	s, err := d.muster(ctx, "nightly")
	if err != nil {
		return err
	}
	d.check("the second night", s)
	if n := len(d.messages()) - len(before); n != 0 {
		d.fault("the second night posted %d more messages about holds", n)
	}
	if open, sources := holdsIn(s); !slices.Equal(open, d.open) || !slices.Equal(sources, d.sources) {
		d.fault("the holds were %v and %v and are %v and %v", d.open, d.sources, open, sources)
	}
	return nil
}

// believe is somebody who takes the news for true. What is read then counts; what would be done about it is too much all the same.
func (d *drill) believe(ctx context.Context) error {
	if !d.mistook {
		return nil
	}
	for _, source := range d.unread {
		s, err := d.muster(ctx, "release", source, "--reason", reason)
		if err != nil {
			return err
		}
		if s.code != 0 {
			d.fault("release %s ended with %d: %s", source, s.code, s.all())
		}
	}
	if err := d.over(ctx, d.sources, reason); err != nil {
		return err
	}
	d.unread, d.sources, d.told = nil, nil, d.messages()
	if err := d.night(ctx); err != nil {
		return err
	}
	return d.again(ctx)
}

// mended takes the mistake back and releases what is held.
func (d *drill) mended(ctx context.Context) error {
	if err := d.mend(); err != nil {
		return err
	}
	if err := d.release(ctx); err != nil || !d.clock {
		return err
	}
	s, err := d.muster(ctx, "nightly") // the clock jumps back: nobody knows yet which of the two was right
	if err != nil {
		return err
	}
	if did := acted(s.stdout); did != "" {
		d.fault("the night after the clock was set right says that it acted: %s", did)
	}
	d.open, _ = holdsIn(s)
	return d.release(ctx)
}

// release releases what is held: the first hold by its id, all others at once.
func (d *drill) release(ctx context.Context) error {
	left := d.open
	for len(left) > 0 {
		now, name := left[:1], left[0]
		if len(left) < len(d.open) {
			now, name = left, "all"
		}
		s, err := d.muster(ctx, "release", name, "--reason", reason)
		if err != nil {
			return err
		}
		for _, id := range now {
			if s.code != 0 || !strings.Contains(s.stderr, "released "+id) {
				d.fault("release %s ended with %d: %s", name, s.code, s.all())
			}
		}
		left = left[len(now):]
	}
	return d.over(ctx, d.open, reason)
}

// over looks whether holds are released: with the reason on the ledger, and in Slack.
func (d *drill) over(ctx context.Context, holds []string, why string) error {
	if len(holds) == 0 {
		return nil
	}
	for _, id := range holds {
		n, err := d.released(ctx, id, why)
		if err != nil {
			return err
		}
		if n != 1 {
			d.fault("the ledger has %d releases of %s with the reason", n, id)
		}
	}
	for key, text := range d.messages() {
		if _, old := d.told[key]; old {
			continue
		}
		if !strings.Contains(text, "Held actions were released") || !strings.Contains(text, why) {
			d.fault("the message about the holds does not say that they were released: %s", text)
		}
	}
	return nil
}

// released counts the entries about a hold's release for a reason.
func (d *drill) released(ctx context.Context, id, why string) (n int, err error) {
	r, err := ledger.Read(d.file("data/ledger"))
	if err != nil {
		return 0, err
	}
	err = r.Entries(ctx, 0, func(e ledger.Entry) error {
		var data struct{ Hold, Reason, By string }
		if e.Type != ledger.Release {
			return nil
		}
		opened, err := privacy.Reveal(d.file("data/ledger"), e.Index)
		if err != nil {
			return err
		}
		if json.Unmarshal(opened.Data(), &data) == nil && data.Hold == id && strings.Contains(data.Reason, why) && data.By != "" {
			n++
		}
		return nil
	})
	return n, err
}

// clean is a night after all is as it was.
func (d *drill) clean(ctx context.Context) error {
	s, err := d.muster(ctx, "nightly")
	if err != nil {
		return err
	}
	open, sources := holdsIn(s)
	if s.code != 0 || acted(s.stdout) != "" || heldCount.MatchString(actions.FindString(s.stdout)) || len(open)+len(sources) > 0 {
		d.fault("the night after it was mended ended with %d:\n%s", s.code, s.all())
	}
	return d.over(ctx, d.sources, "was read whole again")
}

// verify re-computes the ledger.
func (d *drill) verify(ctx context.Context) error {
	s, err := d.muster(ctx, "ledger", "verify")
	if err == nil && s.code != 0 {
		d.fault("the ledger does not verify: %s", s.all())
	}
	return err
}
