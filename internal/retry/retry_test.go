package retry

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
)

func kindError(k access.Kind) error {
	return &access.Error{System: "crm", Op: "list users", Kind: k, Err: errors.New("answered " + string(k))}
}

// record keeps the waits and takes no time.
func record(waits *[]time.Duration) func(context.Context, time.Duration) error {
	return func(ctx context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return ctx.Err()
	}
}

func TestDoReadsTheKindOnly(t *testing.T) {
	for _, c := range []struct {
		kind  access.Kind
		tries int
	}{{access.Transient, 4}, {access.Throttled, 4}, {access.Denied, 1}, {access.NotFound, 1}, {access.Conflict, 1},
		{access.Invalid, 1}, {access.Incomplete, 1}, {access.Internal, 1}} {
		t.Run(string(c.kind), func(t *testing.T) {
			var waits []time.Duration
			n := 0
			err := Policy{Tries: 4, Rand: func() float64 { return 0 }, Sleep: record(&waits)}.Do(context.Background(),
				func(context.Context) error { n++; return kindError(c.kind) })
			if n != c.tries || access.KindOf(err) != c.kind {
				t.Errorf("%d tries and kind %q, want %d and %q", n, access.KindOf(err), c.tries, c.kind)
			}
			if said := strings.Contains(err.Error(), "(tried 4 times)"); said != (c.tries > 1) {
				t.Errorf("error %q", err)
			}
		})
	}
}

func TestDoWaitsLongerEachTime(t *testing.T) {
	var low, high []time.Duration
	for rnd, waits := range map[float64]*[]time.Duration{0: &low, 1: &high} {
		p := Policy{Tries: 5, Base: time.Second, Max: 5 * time.Second, Rand: func() float64 { return rnd }, Sleep: record(waits)}
		_ = p.Do(context.Background(), func(context.Context) error { return kindError(access.Transient) })
	}
	ms := func(ns ...int) (ds []time.Duration) {
		for _, n := range ns {
			ds = append(ds, time.Duration(n)*time.Millisecond)
		}
		return ds
	}
	if !slices.Equal(low, ms(500, 1000, 2000, 2500)) || !slices.Equal(high, ms(1000, 2000, 4000, 5000)) {
		t.Errorf("waits from %v to %v", low, high)
	}
}

func TestDoWaitsAsTheSourceSays(t *testing.T) {
	var waits []time.Duration
	n := 0
	err := Policy{Sleep: record(&waits)}.Do(context.Background(), func(context.Context) error {
		if n++; n == 1 {
			return After(kindError(access.Throttled), 7*time.Second)
		}
		return nil
	})
	if err != nil || !slices.Equal(waits, []time.Duration{7 * time.Second}) {
		t.Errorf("error %v, waits %v", err, waits)
	}
	waits, n = nil, 0
	err = Policy{Max: time.Minute, Sleep: record(&waits)}.Do(context.Background(), func(context.Context) error {
		n++
		return After(kindError(access.Throttled), time.Hour)
	})
	if n != 1 || len(waits) != 0 || access.KindOf(err) != access.Throttled {
		t.Errorf("an hour's wait: %d tries, waits %v, error %v", n, waits, err)
	}
}

func TestDoStopsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	start := time.Now()
	err := Policy{Base: time.Hour, Max: time.Hour}.Do(ctx, func(context.Context) error {
		time.AfterFunc(10*time.Millisecond, cancel)
		return kindError(access.Transient)
	})
	if !errors.Is(err, context.Canceled) || time.Since(start) > time.Second {
		t.Errorf("error %v after %s", err, time.Since(start))
	}
}

func TestParseAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{"120": 2 * time.Minute, " 0 ": 0,
		"Sun, 22 Nov 2026 01:00:30 GMT": 30 * time.Second, "Sun, 22 Nov 2026 00:00:00 GMT": 0} {
		if got, ok := ParseAfter(header, now); !ok || got != want {
			t.Errorf("%q: %s, %v; want %s", header, got, ok, want)
		}
	}
	for _, header := range []string{"", "soon", "-1", "1.5", "99999999999999999999"} {
		if got, ok := ParseAfter(header, now); ok {
			t.Errorf("%q: accepted as %s", header, got)
		}
	}
}

func TestKindOfStatus(t *testing.T) {
	for status, want := range map[int]access.Kind{400: access.Invalid, 401: access.Denied, 403: access.Denied, 404: access.NotFound,
		408: access.Transient, 409: access.Conflict, 412: access.Conflict, 429: access.Throttled, 500: access.Transient,
		501: access.Invalid, 502: access.Transient, 503: access.Transient} {
		if got := KindOfStatus(status); got != want {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
	}
}
