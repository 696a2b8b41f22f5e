package wire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Block is one insert: columns of equal length into a table.
type Block struct {
	Table string
	Token string // the server drops a second block of the same token
	Cols  []Col
}

// Col is a named column of a Block.
type Col struct {
	Name string
	Data ColumnData
}

// ColumnData appends itself to a column of a prepared batch.
type ColumnData interface {
	appendTo(c driver.BatchColumn) error
}

// Slice is a column that the driver appends as a whole: strings, numbers, bools.
type Slice[T any] []T

func (s Slice[T]) appendTo(c driver.BatchColumn) error { return c.Append([]T(s)) }

// Each is a column that the driver appends value by value: arrays, maps, times.
type Each[T any] []T

func (s Each[T]) appendTo(c driver.BatchColumn) error {
	for i := range s {
		if err := c.AppendRow(s[i]); err != nil {
			return err
		}
	}
	return nil
}

// Same is a column of n equal values.
func Same(v any, n int) ColumnData { return same{v, n} }

type same struct {
	value any
	n     int
}

func (s same) appendTo(c driver.BatchColumn) error {
	for range s.n {
		if err := c.AppendRow(s.value); err != nil {
			return err
		}
	}
	return nil
}

// Insert stores b, again after a transient failure; its token keeps it from being stored twice.
func (d *DB) Insert(ctx context.Context, op string, b Block) error {
	names := make([]string, len(b.Cols))
	for i, c := range b.Cols {
		names[i] = c.Name
	}
	query := "INSERT INTO " + b.Table + " (" + strings.Join(names, ", ") + ")"
	settings := map[string]any{"insert_deduplication_token": b.Token}
	return d.retry(ctx, op, func() error {
		batch, err := d.conn.PrepareBatch(with(ctx, settings), query)
		if err != nil {
			return err
		}
		for i, c := range b.Cols {
			if err := c.Data.appendTo(batch.Column(i)); err != nil {
				_ = batch.Abort() // the error that made us give up matters more
				return err
			}
		}
		return batch.Send()
	})
}

// Token makes a deduplication token of what identifies a block.
func Token(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Row makes the columns of a single row of names and values in turn.
func Row(namesAndValues ...any) []Col {
	cols := make([]Col, 0, len(namesAndValues)/2)
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		cols = append(cols, Col{Name: namesAndValues[i].(string), Data: Same(namesAndValues[i+1], 1)})
	}
	return cols
}

// Number writes n for a Token.
func Number(n uint64) string { return strconv.FormatUint(n, 10) }

// Replacement is an INSERT ... SELECT that stands for all rows that match Where, so that it can be done again.
type Replacement struct {
	Table    string
	Where    string // a condition on Table, with parameters
	Insert   string
	Args     []any
	Settings map[string]any
}

// Replace removes what an earlier try may have left and runs r's insert. Content deduplication is off: it would take the second try of
// a removed block for a copy.
func (d *DB) Replace(ctx context.Context, op string, r Replacement) error {
	settings := map[string]any{"insert_deduplicate": 0}
	maps.Copy(settings, r.Settings)
	return d.retry(ctx, op, func() error {
		var n uint64
		if err := d.conn.QueryRow(ctx, "SELECT count() FROM "+r.Table+" WHERE "+r.Where, r.Args...).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			if err := d.conn.Exec(ctx, "DELETE FROM "+r.Table+" WHERE "+r.Where, r.Args...); err != nil {
				return err
			}
		}
		return d.conn.Exec(with(ctx, settings), r.Insert, r.Args...)
	})
}
