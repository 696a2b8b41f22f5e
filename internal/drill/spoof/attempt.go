package spoof

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	stage "muster/internal/drill/spoof/house"
	"muster/internal/ledger"
	"muster/remediate"
	"muster/remediate/approve"
)

// attempt is one try to have something decided.
type attempt struct {
	group string // what it is like: "field: from another app"
	name  string
	about string // the question that the ledger must name; empty where nothing in the attempt is to be believed
	why   approve.RefusalKind
	make  func(context.Context) error // whatever it is answered is no error
}

// answerTime is how long a refusal may take to be on the ledger.
const answerTime = 30 * time.Second

// try makes attempts, one after the other, and looks what each has done.
func (h *house) try(ctx context.Context, list []attempt) error {
	if err := h.rest(ctx); err != nil {
		return err
	}
	made := map[string]int{}
	for _, a := range list {
		like, _, _ := strings.Cut(a.group, ":")
		like += string(a.why)
		if made[like]++; (made[like]-1)%h.o.Every != 0 {
			continue
		}
		if err := h.one(ctx, a); err != nil {
			return fmt.Errorf("%s/%s: %w", a.group, a.name, err)
		}
	}
	return nil
}

// restTime is how long nothing may change before attempts begin; what is decided is done at once.
const restTime = 2500 * time.Millisecond

// rest waits until what was decided before is done and written down, and takes down how things are.
func (h *house) rest(ctx context.Context) (err error) {
	since := time.Now()
	for end := since.Add(answerTime); time.Since(since) < restTime; time.Sleep(50 * time.Millisecond) {
		now, err := h.Documents(ctx)
		if err != nil {
			return err
		}
		if h.Serving() && pending(now) || len(changes(h.before, now)) > 0 {
			h.before, since = now, time.Now()
		}
		if !h.Serving() {
			break
		}
		if time.Now().After(end) {
			return errors.New("it does not come to rest")
		}
	}
	entries, err := h.News(ctx)
	for _, e := range entries {
		if e.Kind == ledger.Refusal {
			h.result.Faults = append(h.result.Faults, fmt.Sprintf("one more refusal: %+v", e))
		}
	}
	return err
}

// pending reports whether there is a question that was answered and whose action does not say so yet.
func pending(documents map[string]string) bool {
	for name, text := range documents {
		id, ok := strings.CutPrefix(name, "approval AP-")
		if ok && state(text) != string(access.ApprovalWaiting) && state(documents["action A-"+id]) == string(remediate.Waiting) {
			return true
		}
	}
	return false
}

// state is that of a document as Documents gives it: version, state, content.
func state(document string) string {
	_, rest, _ := strings.Cut(document, " ")
	state, _, _ := strings.Cut(rest, " ")
	return state
}

func (h *house) one(ctx context.Context, a attempt) error {
	h.result.Tried++
	if err := a.make(ctx); err != nil {
		return err
	}
	var got []stage.Entry
	for end := time.Now().Add(answerTime); len(got) == 0 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		more, err := h.News(ctx)
		if err != nil {
			return err
		}
		got = append(got, more...)
	}
	after, err := h.Documents(ctx)
	if err != nil {
		return err
	}
	if more, err := h.News(ctx); err != nil {
		return err
	} else {
		got = append(got, more...)
	}
	h.judge(a, got, after)
	h.before = after
	return nil
}

// judge says what an attempt has done.
func (h *house) judge(a attempt, got []stage.Entry, after map[string]string) {
	fault := func(format string, args ...any) {
		h.result.Faults = append(h.result.Faults, a.group+"/"+a.name+": "+fmt.Sprintf(format, args...))
	}
	decided := slices.ContainsFunc(got, func(e stage.Entry) bool { return e.Kind == ledger.Decision })
	if changed := changes(h.before, after); decided || len(changed) > 0 {
		h.result.Accepted++
		fault("it was taken: the ledger has %+v, changed are %s", got, strings.Join(changed, "; "))
		return
	}
	if len(got) != 1 {
		fault("the ledger has %d entries instead of one refusal (%s): %+v", len(got), a.why, got)
		return
	}
	e := got[0]
	h.result.Kinds[approve.RefusalKind(e.Why)]++
	if e.Why != string(a.why) {
		fault("it was refused as %q, not as %q", e.Why, a.why)
	}
	if e.Approval != a.about {
		fault("the refusal is about %q, not %q", e.Approval, a.about)
	}
	if e.Channel == "" || e.Who == "" {
		fault("the refusal does not say by which way or by whom: %+v", e)
	}
}

// changes lists the documents that differ.
func changes(before, after map[string]string) []string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(after)) {
		if before[id] != after[id] {
			out = append(out, fmt.Sprintf("%s was %q and is %q", id, before[id], after[id]))
		}
	}
	for id := range before {
		if _, there := after[id]; !there {
			out = append(out, id+" is gone")
		}
	}
	return out
}

// honest lets people decide, and waits until the question is as they said. Nothing may be refused.
func (h *house) honest(ctx context.Context, name string, q question, state access.ApprovalState, decisions int, act func(context.Context) error) error {
	if err := act(ctx); err != nil {
		return fmt.Errorf("honest %s: %w", name, err)
	}
	var now access.Approval
	for end := time.Now().Add(answerTime); ; time.Sleep(10 * time.Millisecond) {
		list, err := remediate.Load[access.Approval](ctx, h.Store, access.DocumentQuery{Kind: access.DocApproval, ID: q.ID})
		if err != nil {
			return err
		}
		if now = list[0]; now.State == state && len(now.Decisions) == decisions {
			break
		}
		if time.Now().After(end) {
			h.result.Faults = append(h.result.Faults, fmt.Sprintf("honest %s: %s is %s with %d decisions, not %s with %d", name, q.ID, now.State, len(now.Decisions), state, decisions))
			return nil
		}
	}
	entries, err := h.News(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Kind == ledger.Refusal {
			h.result.Faults = append(h.result.Faults, fmt.Sprintf("honest %s: refused as %q", name, e.Why))
		}
	}
	if state == access.ApprovalApproved {
		h.cleared[q.Actions[0]] = true
	}
	h.result.Honest++
	return nil
}

// end looks at what was done in the end, and at the ledger as a whole.
func (h *house) end(ctx context.Context) error {
	late, err := h.News(ctx)
	if err != nil {
		return err
	}
	for _, e := range late {
		h.result.Faults = append(h.result.Faults, fmt.Sprintf("late on the ledger: %+v", e))
	}
	if s, err := h.Muster(ctx, "night", "apply"); err != nil {
		return err
	} else if s.Code != 0 {
		h.result.Faults = append(h.result.Faults, "apply: "+s.All())
	}
	ordered, err := h.Orders()
	if err != nil {
		return err
	}
	for id := range ordered {
		if !h.cleared[id] {
			h.result.Accepted++
			h.result.Faults = append(h.result.Faults, id+" was ordered, and nobody who may had approved it")
		}
	}
	undone, err := h.undone()
	if err != nil {
		return err
	}
	for _, id := range undone {
		h.result.Faults = append(h.result.Faults, id+" was approved, and was not ordered")
	}
	s, err := h.Muster(ctx, "night", "ledger", "verify")
	if err == nil && s.Code != 0 {
		h.result.Faults = append(h.result.Faults, "the ledger does not verify: "+s.All())
	}
	return err
}

// undone are the actions that were approved and about which there is no order yet.
func (h *house) undone() ([]string, error) {
	ordered, err := h.Orders()
	var out []string
	for id := range h.cleared {
		if !ordered[id] {
			out = append(out, id)
		}
	}
	return out, err
}
