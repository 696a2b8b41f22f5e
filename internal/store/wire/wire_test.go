package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"muster/internal/access"
)

func TestFailKinds(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		kind access.Kind
		hint bool
	}{
		"memory":       {&clickhouse.Exception{Code: 241}, access.Transient, true},
		"disk":         {&clickhouse.Exception{Code: 243}, access.Internal, true},
		"login":        {&clickhouse.Exception{Code: 516}, access.Denied, true},
		"grants":       {&clickhouse.Exception{Code: 497}, access.Denied, true},
		"parts":        {&clickhouse.Exception{Code: 252}, access.Throttled, true},
		"network code": {&clickhouse.Exception{Code: 210}, access.Transient, false},
		"syntax":       {&clickhouse.Exception{Code: 62}, access.Internal, false},
		"database":     {&clickhouse.Exception{Code: 81}, access.NotFound, true},
		"eof":          {fmt.Errorf("read: %w", io.EOF), access.Transient, true},
		"reset":        {fmt.Errorf("write: %w", syscall.ECONNRESET), access.Transient, true},
		"cancelled":    {context.Canceled, access.Transient, false},
		"other":        {errors.New("x"), access.Internal, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := Fail("read rows", c.err)
			if access.KindOf(err) != c.kind || (access.HintOf(err) != "") != c.hint || !errors.Is(err, c.err) {
				t.Errorf("got %v %q, want %v", access.KindOf(err), access.HintOf(err), c.kind)
			}
		})
	}
	own := &access.Error{System: "x", Op: "y", Kind: access.Conflict, Err: io.EOF}
	if Fail("z", own) != error(own) || Fail("z", nil) != nil {
		t.Error("a typed error must stay as it is, and none must stay none")
	}
}

func TestRetry(t *testing.T) {
	d := &DB{log: slog.New(slog.DiscardHandler)}
	for name, c := range map[string]struct {
		errs  []error
		calls int
		ok    bool
	}{
		"passes":     {[]error{io.EOF, &clickhouse.Exception{Code: 241}, nil}, 3, true},
		"internal":   {[]error{&clickhouse.Exception{Code: 62}, nil}, 1, false},
		"first time": {[]error{nil}, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			err := d.retry(t.Context(), "try", func() error { calls++; return c.errs[calls-1] })
			if calls != c.calls || (err == nil) != c.ok {
				t.Errorf("%d calls, want %d: %v", calls, c.calls, err)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		begin := time.Now()
		if err := d.retry(ctx, "try", func() error { return io.EOF }); err == nil || time.Since(begin) > time.Second {
			t.Errorf("got %v after %v", err, time.Since(begin))
		}
	})
}

func TestDaysAndMoments(t *testing.T) {
	for _, s := range []string{"0001-01-02", "1582-10-15", "1899-12-31", "1900-01-01", "1969-12-31", "1970-01-01", "2026-11-22", "2106-02-08", "2299-12-31", "2300-01-01", "9999-12-31"} {
		day, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		if got := OfDay(Day(day)); !got.Equal(day) {
			t.Errorf("day %s becomes %s", s, got)
		}
		moment := day.Add(23*time.Hour + 59*time.Minute + 59*time.Second + 987*time.Millisecond)
		if got := OfMilli(Milli(moment)); !got.Equal(moment) {
			t.Errorf("moment %s becomes %s", moment, got)
		}
	}
	if Day(time.Time{}) != nil || Milli(time.Time{}) != nil || Opt(time.Time{}) != nil || !OfDay(nil).IsZero() || !OfMilli(nil).IsZero() || !OfOpt(nil).IsZero() {
		t.Error("no time must stay no time")
	}
}

// FuzzBinary: damage is reported and never read beyond.
func FuzzBinary(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 'a', 1, 1, 'b', 0, 0, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := NewBinary(raw)
		s, list, pairs := r.Str(), r.Strs(), r.Pairs()
		r.OptDay()
		r.OptMilli()
		r.U64()
		if err := r.Err("read"); err == nil && len(s)+len(list)+2*len(pairs)+8 > len(raw) {
			t.Errorf("%d bytes gave more than they hold", len(raw))
		}
	})
}
