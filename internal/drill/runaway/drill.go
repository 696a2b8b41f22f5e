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
	open    []string // ids of holds
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

var held = regexp.MustCompile(`(H-[A-Z2-7]{8}) holds: `)

// holdsIn are the holds that a night names.
func holdsIn(s said) []string {
	text := strings.Join(strings.Fields(s.stdout), " ") // long lines are folded
	var out []string
	for _, m := range held.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// night is the first with the bad news.
func (d *drill) night(ctx context.Context) error {
	s, err := d.muster(ctx, "nightly")
	if err != nil {
		return err
	}
	d.check("the night", s)
	if d.open = holdsIn(s); len(d.open) > 0 {
		if n := len(d.messages()) - len(d.told); n != 1 {
			d.fault("the night raised %d holds and posted %d messages about them", len(d.open), n)
		}
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
	if len(d.unread) == 0 && (!heldCount.MatchString(actions.FindString(s.stdout)) || len(holdsIn(s)) == 0) {
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
	if now := holdsIn(s); !slices.Equal(now, d.open) {
		d.fault("the holds were %v and are %v", d.open, now)
	}
	return nil
}

// believe is somebody who takes the news for true. What is read then counts; what would be done about it is too much all the same.
func (d *drill) believe(ctx context.Context) error {
	if !d.mistook {
		return nil
	}
	for _, source := range d.unread {
		s, err := d.muster(ctx, "release", source, "--reason", "half of them left, says somebody who did not look")
		if err != nil {
			return err
		}
		if s.code != 0 {
			d.fault("release %s ended with %d: %s", source, s.code, s.all())
		}
	}
	d.unread = nil
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
	d.open = holdsIn(s)
	return d.release(ctx)
}

// release releases each hold, and looks for the reason on the ledger and in Slack.
func (d *drill) release(ctx context.Context) error {
	for _, id := range d.open {
		s, err := d.muster(ctx, "release", id, "--reason", reason)
		if err != nil {
			return err
		}
		if s.code != 0 || !strings.Contains(s.stderr, "released "+id) {
			d.fault("release %s ended with %d: %s", id, s.code, s.all())
		}
		if n, err := d.released(ctx, id); err != nil {
			return err
		} else if n != 1 {
			d.fault("the ledger has %d releases of %s with the reason", n, id)
		}
	}
	if len(d.open) == 0 {
		return nil
	}
	for key, text := range d.messages() {
		if _, old := d.told[key]; old {
			continue
		}
		if !strings.Contains(text, "Held actions were released") || strings.Count(text, reason) == 0 {
			d.fault("the message about the holds does not say that they were released: %s", text)
		}
	}
	return nil
}

// released counts the entries about a hold's release.
func (d *drill) released(ctx context.Context, id string) (n int, err error) {
	r, err := ledger.Read(d.file("data/ledger"))
	if err != nil {
		return 0, err
	}
	err = r.Entries(ctx, 0, func(e ledger.Entry) error {
		var data struct{ Hold, Reason, By string }
		if e.Type == ledger.Release && json.Unmarshal(e.Data, &data) == nil && data.Hold == id && data.Reason == reason && data.By != "" {
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
	if s.code != 0 || acted(s.stdout) != "" || heldCount.MatchString(actions.FindString(s.stdout)) || len(holdsIn(s)) > 0 {
		d.fault("the night after it was mended ended with %d:\n%s", s.code, s.all())
	}
	return nil
}

// verify re-computes the ledger.
func (d *drill) verify(ctx context.Context) error {
	s, err := d.muster(ctx, "ledger", "verify")
	if err == nil && s.code != 0 {
		d.fault("the ledger does not verify: %s", s.all())
	}
	return err
}
