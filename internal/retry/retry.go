// Package retry repeats one idempotent request as the Kind of its error allows.
//
// The Kind alone decides whether there is another try: Transient and Throttled are tried again, everything else is final.
// How long to wait comes from the source, if it said so (After), and else from an exponential backoff with jitter. A wait
// that the source asks for and that is longer than Policy.Max ends the tries: the caller reports the class as incomplete
// and the next run finds the source rested.
//
// A Policy is plain data and safe for use by several goroutines.
package retry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
)

// Policy says how often and how patiently to try. The zero value tries 5 times over about 8 seconds.
type Policy struct {
	Tries int                                              // all tries, the first included; 0 is 5
	Base  time.Duration                                    // the first wait, doubled each time; 0 is half a second
	Max   time.Duration                                    // the longest wait; 0 is 30 seconds
	Rand  func() float64                                   // jitter in [0,1); nil is math/rand
	Sleep func(ctx context.Context, d time.Duration) error // nil waits on a timer
	Log   *slog.Logger                                     // nil is silent
}

// Do runs request until it succeeds, fails for good, or has been tried often enough. A cancelled ctx ends the wait with an
// error that wraps ctx.Err(). After more than one try the error says how many there were.
func (p Policy) Do(ctx context.Context, request func(context.Context) error) error {
	p = p.withDefaults()
	for try := 1; ; try++ {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("send request: %w", err)
		}
		err := request(ctx)
		if err == nil {
			return nil
		}
		kind := access.KindOf(err)
		wait := p.wait(err, try)
		if ctx.Err() != nil || kind != access.Transient && kind != access.Throttled {
			return err
		}
		if try >= p.Tries || wait > p.Max {
			return tried(err, try)
		}
		if p.Log != nil {
			p.Log.WarnContext(ctx, "source asked to be tried again", slog.String("kind", string(kind)),
				slog.Int("try", try), slog.Duration("wait", wait))
		}
		if serr := p.Sleep(ctx, wait); serr != nil {
			return fmt.Errorf("wait for another try: %w", errors.Join(serr, err))
		}
	}
}

func (p Policy) withDefaults() Policy {
	if p.Tries == 0 {
		p.Tries = 5
	}
	if p.Base == 0 {
		p.Base = 500 * time.Millisecond
	}
	if p.Max == 0 {
		p.Max = 30 * time.Second
	}
	if p.Rand == nil {
		p.Rand = rand.Float64
	}
	if p.Sleep == nil {
		p.Sleep = sleep
	}
	return p
}

// wait is between a half and the whole of the doubled base, so that many collectors do not come back together.
func (p Policy) wait(err error, try int) time.Duration {
	if a, ok := errors.AsType[*afterError](err); ok {
		return a.wait
	}
	d := p.Max
	if shift := try - 1; shift < 30 && p.Base<<shift < p.Max {
		d = p.Base << shift
	}
	return d/2 + time.Duration(p.Rand()*float64(d/2))
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func tried(err error, n int) error {
	if n == 1 {
		return err
	}
	return fmt.Errorf("%w (tried %d times)", err, n)
}

// afterError carries what the source said about when to come back.
type afterError struct {
	error
	wait time.Duration
}

// Unwrap gives the error that After was given.
func (e *afterError) Unwrap() error { return e.error }

// After notes on err that the source asked to be left alone for wait.
func After(err error, wait time.Duration) error { return &afterError{err, max(wait, 0)} }

// ParseAfter reads a Retry-After header (RFC 9110 §10.2.3): seconds, or an HTTP date seen from now.
func ParseAfter(header string, now time.Time) (time.Duration, bool) {
	header = strings.TrimSpace(header)
	if s, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(s) * time.Second, true
	}
	if t, err := http.ParseTime(header); err == nil {
		return max(t.Sub(now), 0), true
	}
	return 0, false
}

// KindOfStatus is the Kind of an HTTP status that is not a success (RFC 9110 §15, RFC 6585 §4).
func KindOfStatus(status int) access.Kind {
	switch {
	case status == http.StatusTooManyRequests:
		return access.Throttled
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return access.Denied
	case status == http.StatusNotFound, status == http.StatusGone:
		return access.NotFound
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return access.Conflict
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status >= 500 && status != http.StatusNotImplemented:
		return access.Transient
	}
	return access.Invalid
}
