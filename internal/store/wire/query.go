package wire

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"muster/internal/access"
)

// The retries: about 13 seconds in all, which outlives a restart of the embedded engine.
const (
	tries     = 8
	firstWait = 100 * time.Millisecond
	maxWait   = 4 * time.Second
)

// P names a parameter value; the SQL refers to it as {name:Type}.
func P(name string, value any) any { return clickhouse.Named(name, value) }

// T names a time parameter of type DateTime64(3, 'UTC').
func T(name string, t time.Time) any { return clickhouse.DateNamed(name, t, clickhouse.MilliSeconds) }

// Quote writes s as a ClickHouse identifier.
func Quote(s string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(s) + "`"
}

// Literal writes s as a ClickHouse string literal, for the few places where no parameter may stand.
func Literal(s string) string {
	return "'" + strings.NewReplacer("\\", "\\\\", "'", "\\'", "\x00", "\\0").Replace(s) + "'"
}

// retry runs f until it works, the error is of a kind that does not pass, or the tries are used up.
func (d *DB) retry(ctx context.Context, op string, f func() error) error {
	wait := firstWait
	for n := 1; ; n++ {
		err := f()
		if err == nil {
			return nil
		}
		err = Fail(op, err)
		kind := access.KindOf(err)
		if ctx.Err() != nil || n == tries || (kind != access.Transient && kind != access.Throttled) {
			return err
		}
		d.log.WarnContext(ctx, "store call failed, trying again", slog.String("op", op), slog.Int("try", n), slog.Any("error", err))
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
		wait = min(2*wait, maxWait)
	}
}

// Exec runs a statement that gives the same state when it is run twice.
func (d *DB) Exec(ctx context.Context, op, query string, args ...any) error {
	return d.retry(ctx, op, func() error { return d.conn.Exec(ctx, query, args...) })
}

// ExecWith runs such a statement with settings of its own.
func (d *DB) ExecWith(ctx context.Context, op string, settings map[string]any, query string, args ...any) error {
	return d.retry(ctx, op, func() error { return d.conn.Exec(with(ctx, settings), query, args...) })
}

// with adds query settings to ctx.
func with(ctx context.Context, settings map[string]any) context.Context {
	if len(settings) == 0 {
		return ctx
	}
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings(settings)))
}

// Query is one SELECT.
type Query struct {
	Op       string // verb and object, for errors
	SQL      string
	Args     []any
	Settings map[string]any
}

// Each streams the rows of q to row, which scans the current one. It is tried again only while no row was handed on; an error of row ends
// it and is returned as it is.
func (d *DB) Each(ctx context.Context, q Query, row func(scan func(dest ...any) error) error) error {
	c, err := d.Open(ctx, q)
	if err != nil {
		return err
	}
	for c.Next() {
		if err := row(c.Scan); err != nil {
			c.Close()
			return err
		}
	}
	return c.Close()
}

// One reads a single row; false means that there was none.
func (d *DB) One(ctx context.Context, q Query, dest ...any) (bool, error) {
	found := false
	err := d.Again(ctx, q, func() { found = false }, func(scan func(...any) error) error {
		if found {
			return Failf(access.Internal, q.Op, "", "more than one row came back")
		}
		found = true
		return scan(dest...)
	})
	return found, err
}

// Again is Each for a few rows that the caller keeps: a stream that breaks off, because the process that ran the engine has ended, is started again
// from its beginning, after forget.
func (d *DB) Again(ctx context.Context, q Query, forget func(), row func(scan func(dest ...any) error) error) error {
	begun := false
	noting := func(scan func(...any) error) error {
		begun = true
		return row(scan)
	}
	err := d.Each(ctx, q, noting)
	for n := 1; begun && access.KindOf(err) == access.Transient && ctx.Err() == nil && n < tries; n++ {
		begun = false // what fails before the first row was tried often enough
		forget()
		err = d.Each(ctx, q, noting)
	}
	return err
}

// Cursor is a stream of rows, for whoever merges several. Use it from one goroutine and close it.
type Cursor struct {
	op     string
	rows   driver.Rows
	primed bool // the first row was fetched already, in order to see an early failure
	more   bool
	cancel context.CancelFunc
}

// Open starts q and waits for its first row, so that whatever fails before it is tried again.
func (d *DB) Open(ctx context.Context, q Query) (*Cursor, error) {
	qctx, cancel := context.WithCancel(ctx)
	c := &Cursor{op: q.Op, cancel: cancel}
	err := d.retry(ctx, q.Op, func() error {
		rows, err := d.conn.Query(with(qctx, q.Settings), q.SQL, q.Args...)
		if err != nil {
			return err
		}
		c.more = rows.Next()
		if !c.more {
			if err := rows.Err(); err != nil {
				_ = rows.Close()
				return err
			}
		}
		c.rows, c.primed = rows, true
		return nil
	})
	if err != nil {
		cancel()
		return nil, err
	}
	return c, nil
}

// Next moves to the next row.
func (c *Cursor) Next() bool {
	if c.primed {
		c.primed = false
		return c.more
	}
	c.more = c.more && c.rows.Next()
	return c.more
}

// Scan reads the current row.
func (c *Cursor) Scan(dest ...any) error { return Fail(c.op, c.rows.Scan(dest...)) }

// Close ends the stream and reports what broke it. A stream that is not at its end is cancelled, which is no failure.
func (c *Cursor) Close() error {
	if c.more {
		c.cancel()
		_ = c.rows.Close() // the cancellation is what it would report
		return nil
	}
	defer c.cancel()
	err := c.rows.Err()
	if cerr := c.rows.Close(); err == nil {
		err = cerr
	}
	return Fail(c.op, err)
}
