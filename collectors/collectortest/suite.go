package collectortest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"muster/internal/access"
)

// check is one property of a collector. It returns an error and does not fail the test itself, so that the suite can be tested
// with collectors that are broken on purpose.
type check struct {
	name   string
	cannot func(Capabilities) string // the declared reason not to ask; nil is always asked
	run    func(*bench) error
}

// Run checks the collectors that h opens. Every check is a subtest.
func Run(t *testing.T, h Harness, s Suite) {
	t.Helper()
	if err := s.validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			if c.cannot != nil {
				if why := c.cannot(s.Cannot); why != "" {
					t.Logf("not asked of this harness: %s", why)
					return
				}
			}
			if err := c.run(&bench{t: t, h: h, s: s}); err != nil {
				t.Error(err)
			}
		})
	}
}

func (s Suite) validate() error {
	people := 0
	for _, r := range s.Want {
		switch r.(type) {
		case access.Person, access.Account:
			people++
		}
	}
	if len(s.Want) < 4 || people < 2 {
		return fmt.Errorf("suite has %d records with %d persons or accounts; it needs 4 with 2 to tell anything", len(s.Want), people)
	}
	if s.Secret == "" && s.Cannot.Secret == "" {
		return errors.New("suite has no Secret and Capabilities.Secret does not say why")
	}
	if s.Cannot.Bytes == "" && (s.Text == "" || !slices.Contains(displayNames(s.Want), s.Text)) {
		return errors.New("no record of the suite has its Text for a display name, and Capabilities.Bytes does not say why")
	}
	for _, f := range []Fault{Truncated, Dropped} {
		if s.Cannot.Faults[f] == "" && s.Reasons[f] == "" {
			return fmt.Errorf("suite does not say what reason %q must give", f)
		}
	}
	return nil
}

func checks() []check {
	paging := func(c Capabilities) string { return c.Paging }
	list := []check{
		{"exact fixture", nil, func(b *bench) error { return b.exact(Scenario{}) }},
		{"same ids in two runs", nil, checkTwoRuns},
		{"same ids in another order", func(c Capabilities) string { return c.Reordering }, checkReversed},
		{"page size 1", paging, func(b *bench) error { return b.exact(Scenario{PageSize: 1}) }},
		{"page size n", paging, func(b *bench) error { return b.exact(Scenario{PageSize: b.objects()}) }},
		{"page size n+1", paging, func(b *bench) error { return b.exact(Scenario{PageSize: b.objects() + 1}) }},
		{"cancelled before the start", nil, checkCancelledBefore},
		{"cancelled at every record", nil, checkCancelled},
		{"emit fails at every record", nil, checkEmitFails},
		{"read-only requests", func(c Capabilities) string { return c.Requests }, checkReadOnly},
		{"texts byte for byte", func(c Capabilities) string { return c.Bytes }, checkBytes},
	}
	for f, kind := range map[Fault]access.Kind{Unauthorised: access.Denied, Forbidden: access.Denied,
		Throttled: access.Throttled, Unavailable: access.Transient} {
		list = append(list, check{"refused with " + string(f), faultOf(f), func(b *bench) error { return checkRefused(b, f, kind) }})
	}
	for _, f := range []Fault{Throttled, Unavailable} {
		list = append(list, check{"healed after one " + string(f), onceOf(f),
			func(b *bench) error { return b.exact(Scenario{Fault: f, Once: true}) }})
	}
	for _, f := range []Fault{Truncated, Dropped} {
		list = append(list, check{string(f) + " is partial", faultOf(f), func(b *bench) error { return checkShort(b, f) }})
	}
	slices.SortStableFunc(list[11:], func(a, b check) int { return compare(a.name, b.name) })
	return list
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func faultOf(f Fault) func(Capabilities) string {
	return func(c Capabilities) string { return c.Faults[f] }
}

func onceOf(f Fault) func(Capabilities) string {
	return func(c Capabilities) string {
		if why := c.Faults[f]; why != "" {
			return why
		}
		return c.Once[f]
	}
}

func checkTwoRuns(b *bench) error {
	first, err := b.collect(Scenario{}, nil)
	if err != nil {
		return err
	}
	second, err := b.collect(Scenario{}, nil)
	if err != nil {
		return err
	}
	return differ(first.records, second.records, false)
}

func checkReversed(b *bench) error {
	got, err := b.collect(Scenario{Reversed: true}, nil)
	if err != nil {
		return err
	}
	return errors.Join(got.err, differ(b.s.Want, got.records, true), adds(got))
}

// checkRefused wants the Kind that the retry decision reads, and no class called complete without its records.
func checkRefused(b *bench, f Fault, kind access.Kind) error {
	got, err := b.collect(Scenario{Fault: f}, nil)
	if err != nil {
		return err
	}
	if got.err == nil {
		return fmt.Errorf("a source that answers %s gave no error", f)
	}
	if k := access.KindOf(got.err); k != kind {
		return fmt.Errorf("a source that answers %s gave kind %q, want %q: %v", f, k, kind, got.err)
	}
	if got.coverage.State() == access.Complete {
		return fmt.Errorf("a source that answers %s is called complete", f)
	}
	return subset(b.s.Want, got.records)
}

// checkShort wants less than everything, nothing invented, and the reason.
func checkShort(b *bench, f Fault) error {
	got, err := b.collect(Scenario{Fault: f}, nil)
	if err != nil {
		return err
	}
	if got.coverage.State() == access.Complete {
		return fmt.Errorf("a %s source is called complete", f)
	}
	if facts(got.records) >= facts(b.s.Want) {
		return fmt.Errorf("a %s source gave %d records of %d: the harness truncates nothing", f, facts(got.records), facts(b.s.Want))
	}
	if f == Dropped && got.err == nil {
		return errors.New("a dropped connection gave no error")
	}
	if got.err != nil {
		if k := access.KindOf(got.err); k != access.Transient && k != access.Incomplete {
			return fmt.Errorf("a %s source gave kind %q, want transient or incomplete: %v", f, k, got.err)
		}
	}
	return errors.Join(subset(b.s.Want, got.records), reasoned(got, b.s.Reasons[f]), counted(got))
}

func checkCancelledBefore(b *bench) error {
	return b.scenario(Scenario{}, func(src Source, o *outcome) error {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		o.run(ctx, src, nil)
		if !errors.Is(o.err, context.Canceled) {
			return fmt.Errorf("cancelled before the start: got error %v, want one that wraps context.Canceled", o.err)
		}
		if len(o.records) > 0 {
			return fmt.Errorf("cancelled before the start: %d records were emitted", len(o.records))
		}
		return nil
	})
}

var errEmit = errors.New("the store is full")
