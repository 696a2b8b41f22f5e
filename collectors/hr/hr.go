// Package hr reads the persons of an organisation from an HR export in delimited text.
//
// One row is one person; two rows with the same worker id are both emitted, because that is a defect of the data that a rule
// reports. Statuses, employment types and dates are normalised; a row that cannot be read whole is a rejection with its line,
// its column and what was expected, never a person with a guess in it. An empty employment type is an employee; an empty end date, and the
// year 9999 or 2999, is no end.
//
// The export is complete when the file is whole (see package table) and not more rows than max_rejected were rejected. An empty
// export is complete here: the runner holds it (invariant 2). Dates are midnight UTC. Memory does not grow with the file.
package hr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"muster/collectors"
	"muster/collectors/internal/table"
	"muster/internal/access"
)

var (
	_ collectors.Collector = (*Collector)(nil)
	_ collectors.Prober    = (*Collector)(nil)
	_ collectors.Meter     = (*Collector)(nil)
)

// Collect emits the persons of the file.
func (c *Collector) Collect(ctx context.Context, emit func(access.Record) error) (access.Coverage, error) {
	if err := ctx.Err(); err != nil {
		return access.Coverage{}, fmt.Errorf("read persons: %w", err)
	}
	t, bound, err := c.begin()
	if err != nil {
		return access.Coverage{}, err
	}
	c.open = t
	defer t.Close()
	k := access.ClassCoverage{Class: access.ClassPerson, Claimed: access.NoClaim, State: access.Partial}
	cov := access.Coverage{Source: t.Name(), Queries: []string{bound.String()}}
	stop := func(why string, err error) (access.Coverage, error) {
		k.Reason = why
		cov.Classes = []access.ClassCoverage{k}
		return cov, err
	}
	var first string
	for {
		if err := ctx.Err(); err != nil {
			return stop("cancelled", fmt.Errorf("read persons: %w", err))
		}
		row, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return stop(err.Error(), err)
		}
		k.Fetched++
		var rec access.Record
		if p, field, why := c.person(row, bound); why == "" {
			k.Parsed++
			rec = p
		} else {
			k.Rejected++
			rej := access.Rejection{Of: access.ClassPerson, Ref: t.Place(row, bound, field), Reason: why}
			if first == "" {
				first = rej.Ref + ": " + why
			}
			rec = rej
		}
		if err := emit(rec); err != nil {
			return stop("stopped", fmt.Errorf("emit row of %s: %w", t.Name(), err))
		}
	}
	sum := t.Finish()
	cov.Queries = append([]string{t.Query(sum)}, cov.Queries...)
	if err := t.Verdict(sum, k.Rejected, c.max, first); err != nil {
		return stop(err.Err.Error(), err)
	}
	k.State = access.Complete
	cov.Classes = []access.ClassCoverage{k}
	return cov, nil
}

// Measure says how many bytes of the file were read.
func (c *Collector) Measure() (done, total int64) {
	if c.open == nil {
		return 0, 0
	}
	return c.open.Measure()
}

// Probe looks whether the file is there, its header has the columns and its first row can be read.
func (c *Collector) Probe(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	t, bound, err := c.begin()
	if err != nil {
		return err
	}
	defer t.Close()
	row, err := t.Next()
	if errors.Is(err, io.EOF) {
		return t.Error(access.Incomplete, "ask for the export again", errors.New("the file holds no row behind its header"))
	}
	if err != nil {
		return err
	}
	if _, field, why := c.person(row, bound); why != "" {
		return t.Error(access.Invalid, "compare the settings with the file", fmt.Errorf("%s: %s", t.Place(row, bound, field), why))
	}
	return nil
}

func (c *Collector) begin() (*table.Table, table.Binding, error) {
	t, err := table.Open(c.system, c.dir, c.path, c.format)
	if err != nil {
		return nil, table.Binding{}, err
	}
	bound, err := t.Bind(c.columns)
	if err != nil {
		t.Close()
		return nil, table.Binding{}, err
	}
	return t, bound, nil
}

// person reads one row, or says why it cannot and in which of the collector's columns.
func (c *Collector) person(row *table.Row, b table.Binding) (p access.Person, field int, why string) {
	if row.Fault != "" {
		return p, -1, row.Fault
	}
	get := func(i int) string { return b.Value(row, i) }
	p = access.Person{ID: get(colID), Row: row.Line, GivenName: get(colGivenName), FamilyName: get(colFamilyName),
		DisplayName: get(colDisplayName), Email: get(colEmail), UPN: get(colUPN), Username: get(colUsername), Title: get(colTitle),
		Department: get(colDepartment), CostCentre: get(colCostCentre), Company: get(colCompany), Location: get(colLocation),
		ManagerID: get(colManagerID), EmploymentType: access.Employee}
	if p.ID == "" {
		return p, colID, "id: the worker id is empty"
	}
	if p.DisplayName == "" {
		p.DisplayName = strings.TrimSpace(p.GivenName + " " + p.FamilyName)
	}
	var known bool
	if p.Status, known = c.statuses[collectors.Fold(get(colStatus))]; !known {
		return p, colStatus, fmt.Sprintf("status: %q is unknown; expected prehire, active, leave or terminated, or a text that statuses maps", table.Clip(get(colStatus)))
	}
	if text := get(colEmploymentType); text != "" {
		if p.EmploymentType, known = c.types[collectors.Fold(text)]; !known {
			return p, colEmploymentType, fmt.Sprintf("employment_type: %q is unknown; expected employee, contractor or intern, or a text that employment_types maps", table.Clip(text))
		}
	}
	var err error
	if p.StartDate, err = c.dates.Day(get(colStartDate)); err != nil {
		return p, colStartDate, "start_date: " + err.Error()
	}
	if p.EndDate, err = c.dates.Day(get(colEndDate)); err != nil {
		return p, colEndDate, "end_date: " + err.Error()
	}
	p.EndDate = table.End(p.EndDate)
	if len(c.attrs) > 0 {
		p.Attributes = make(map[string]string, len(c.attrs))
		for i, name := range c.attrs {
			if v := get(colAttributes + i); v != "" {
				p.Attributes[name] = v
			}
		}
	}
	return p, -1, ""
}
