// Package csv reads the accounts, entitlements and grants of any system from its exports in delimited text: the
// line-of-business application that has no API.
//
// One row of the accounts file is one account. Its entitlements come from a column that lists them, from a file of grants, or
// both; a file of entitlements may describe them, and an entitlement that only a grant names is one all the same, so that no
// access is hidden by a short catalogue. A grant names its account and its entitlement by id or, where no id is that text, by name. Ids
// default to names. What cannot be read, a repeated id, and a grant of an unknown account are rejections with file and line.
//
// A class is complete when the files that it comes from are whole (see package table), hold what the control total says and have
// not more rejected rows than max_rejected. Rows are streamed; what stays in memory is the index of the accounts' ids and the
// entitlements' names.
package csv

import (
	"context"
	"errors"
	"fmt"
	"io"

	"muster/collectors"
	"muster/collectors/internal/table"
	"muster/internal/access"
)

var (
	_ collectors.Collector = (*Collector)(nil)
	_ collectors.Prober    = (*Collector)(nil)
	_ collectors.Meter     = (*Collector)(nil)
)

// opened is one file ready to be read.
type opened struct {
	file
	*table.Table
	bound    table.Binding
	rejected int64
	first    string // the first rejection
}

// Collect emits the entitlements, the accounts with their inline grants, then the grants.
func (c *Collector) Collect(ctx context.Context, emit func(access.Record) error) (access.Coverage, error) {
	if err := ctx.Err(); err != nil {
		return access.Coverage{}, fmt.Errorf("read accounts: %w", err)
	}
	files, err := c.begin()
	if err != nil {
		return access.Coverage{}, err
	}
	defer closeAll(files)
	r := newReading(ctx, c, emit)
	var cov access.Coverage
	var failed error
	for _, f := range files {
		if f.class == access.ClassAccount {
			cov.Source = f.Name()
		}
		sum, err := r.read(f)
		cov.Queries = append(cov.Queries, f.Query(sum), f.Name()+" "+f.bound.String())
		if err != nil {
			failed = errors.Join(failed, err)
			if access.KindOf(err) != access.Incomplete || ctx.Err() != nil {
				break
			}
		}
	}
	cov.Classes = r.coverage(failed)
	if n := r.implied; n > 0 && c.entitlements.path != "" {
		cov.Queries = append(cov.Queries, fmt.Sprintf("note: %d entitlements are named by grants and not by %s", n, c.entitlements.path))
	}
	return cov, failed
}

// Measure says how many bytes of all files were read.
func (c *Collector) Measure() (done, total int64) {
	for _, t := range c.open {
		d, n := t.Measure()
		done, total = done+d, total+n
	}
	return done, total
}

// Probe looks whether the files are there, their headers have the columns and the first account can be read.
func (c *Collector) Probe(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	files, err := c.begin()
	if err != nil {
		return err
	}
	defer closeAll(files)
	for _, f := range files {
		row, err := f.Next()
		if errors.Is(err, io.EOF) {
			if f.class != access.ClassAccount {
				continue // a system may have no grants yet
			}
			return f.Error(access.Incomplete, "ask for the export again", errors.New("the file holds no row behind its header"))
		}
		if err != nil {
			return err
		}
		if f.class != access.ClassAccount {
			continue
		}
		if _, err := c.account(row, f.bound); err != nil {
			return f.Error(access.Invalid, "compare the settings with the file", fmt.Errorf("line %d: %w", row.Line, err))
		}
	}
	return nil
}

// begin opens every file and finds its columns before anything is emitted.
func (c *Collector) begin() ([]*opened, error) {
	var files []*opened
	c.open = c.open[:0]
	for _, f := range []file{c.entitlements, c.accounts, c.grants} {
		if f.path == "" {
			continue
		}
		t, err := table.Open(c.system, c.dir, f.path, c.format)
		if err != nil {
			closeAll(files)
			return nil, err
		}
		o := &opened{file: f, Table: t}
		files = append(files, o)
		c.open = append(c.open, t)
		if o.bound, err = t.Bind(f.columns); err != nil {
			closeAll(files)
			return nil, err
		}
	}
	return files, nil
}

func closeAll(files []*opened) {
	for _, f := range files {
		f.Close()
	}
}
