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

// Coded is a column of few different values: Dict[Codes[i]]. The values are boxed once and not once a row.
type Coded struct {
	Dict  []any
	Codes []uint32
}

func (s Coded) appendTo(c driver.BatchColumn) error {
	for _, code := range s.Codes {
		if err := c.AppendRow(s.Dict[code]); err != nil {
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

// Chunked is one insert that is sent piece by piece, so that the driver never holds a second copy of all of it.
type Chunked struct {
	Table  string
	Token  string
	Names  []string
	Chunks func(send func(cols []ColumnData) error) error // gives the same pieces whenever it is called
}

// Insert stores b, again after a transient failure; its token keeps it from being stored twice.
func (d *DB) Insert(ctx context.Context, op string, b Block) error {
	return d.InsertChunks(ctx, op, b.Chunked())
}

// Chunked is b as one piece.
func (b Block) Chunked() Chunked {
	c := Chunked{Table: b.Table, Token: b.Token}
	data := make([]ColumnData, len(b.Cols))
	for i, col := range b.Cols {
		c.Names, data[i] = append(c.Names, col.Name), col.Data
	}
	c.Chunks = func(send func([]ColumnData) error) error { return send(data) }
	return c
}

// InsertChunks stores c like Insert. The server gathers the pieces into parts of about a million rows.
func (d *DB) InsertChunks(ctx context.Context, op string, c Chunked) error {
	query := "INSERT INTO " + c.Table + " (" + strings.Join(c.Names, ", ") + ")"
	settings := map[string]any{"insert_deduplication_token": c.Token}
	return d.retry(ctx, op, func() error {
		batch, err := d.conn.PrepareBatch(with(ctx, settings), query)
		if err != nil {
			return err
		}
		err = c.Chunks(func(cols []ColumnData) error {
			for i, data := range cols {
				if err := data.appendTo(batch.Column(i)); err != nil {
					return err
				}
			}
			return batch.Flush()
		})
		if err != nil {
			_ = batch.Abort() // the error that made us give up matters more
			return err
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
