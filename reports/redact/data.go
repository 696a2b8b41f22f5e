package redact

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/evidence"
	"muster/reports/redact/rows"
)

// Data is a run's data with pseudonyms.
type Data struct {
	From evidence.Data
	With *Redactor
}

// Findings yields the findings in the order of their new names, so that the order tells nothing.
func (d Data) Findings(ctx context.Context, yield func(access.Finding) error) error {
	return d.sorted(ctx, d.From.Findings, yield)
}

// Before yields the earlier findings in the order of their new names.
func (d Data) Before(ctx context.Context, yield func(access.Finding) error) error {
	return d.sorted(ctx, d.From.Before, yield)
}

func (d Data) sorted(ctx context.Context, from func(context.Context, func(access.Finding) error) error, yield func(access.Finding) error) error {
	var all []access.Finding
	err := from(ctx, func(f access.Finding) error {
		all = append(all, d.With.Finding(f))
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, access.CompareFindings)
	for _, f := range all {
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}

// Population yields a table with pseudonyms, its rows in the order of what is left in them.
func (d Data) Population(ctx context.Context, table string, head, row func([]string) error) error {
	t := tabled{with: d.With, name: table}
	defer t.sorter.Discard()
	err := d.From.Population(ctx, table, func(names []string) error {
		t.head = slices.Clone(names)
		return head(names)
	}, t.add)
	if err != nil {
		return err
	}
	return t.sorter.Each(row)
}

// Table gives a table with pseudonyms of one that fill fills, its rows in the order of what is left in them.
func (r *Redactor) Table(fill func(*sheet.Table) error, head, row func([]string) error) error {
	t := tabled{with: r}
	defer t.sorter.Discard()
	err := rows.Of(fill, func(cells []string) error {
		if t.head == nil {
			t.head = slices.Clone(cells)
			return head(cells)
		}
		return t.add(cells)
	})
	if err != nil {
		return err
	}
	return t.sorter.Each(row)
}

// tabled is a table under way.
type tabled struct {
	with   *Redactor
	name   string
	head   []string
	sorter rows.Sorter
}

// left out of single tables: columns that hold something else in others.
var leftOut = map[string][]string{"profiles": {"values"}, "rejections": {"reason"}}

// add redacts a row.
func (t *tabled) add(cells []string) error {
	at := func(column string) string {
		if i := slices.Index(t.head, column); i >= 0 {
			return cells[i]
		}
		return ""
	}
	out := make([]string, len(cells))
	for i, c := range cells {
		switch {
		case t.head[i] == "attributes":
			out[i] = "{}"
		case slices.Contains(leftOut[t.name], t.head[i]):
			if strings.HasPrefix(c, "[") {
				out[i] = "[]"
			}
		case strings.HasPrefix(c, "[") || strings.HasPrefix(c, "{"):
			out[i] = t.with.json(c, t.head[i], at)
		default:
			out[i] = t.with.cell(t.head[i], c, at)
		}
	}
	return t.sorter.Add(out)
}

// Activity replaces what names people in what was asked, decided and done, and leaves out which entry of the ledger each is: entries follow the order of
// whom they are about, and their ids are made of them.
func (r *Redactor) Activity(list []evidence.Activity) []evidence.Activity {
	out := slices.Clone(list)
	for i := range out {
		a := &out[i]
		row := activityRow(list[i])
		a.Entry = 0
		for _, f := range []struct {
			column string
			s      *string
		}{{"by", &a.By}, {"by_name", &a.ByName}, {"person", &a.Person}, {"account", &a.Account}, {"entitlement", &a.Entitlement}, {"finding", &a.Finding}, {"policy", &a.Policy}, {"about", &a.About},
			{"id", &a.Said.Action}, {"id", &a.Said.Decision}, {"id", &a.Said.Undo}, {"id", &a.Said.Request}, {"id", &a.Said.Exception}, {"id", &a.Said.Item}, {"id", &a.Said.Approval}} {
			*f.s = r.cell(f.column, *f.s, row)
		}
	}
	slices.SortStableFunc(out, func(a, b evidence.Activity) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Said.Subject(), b.Said.Subject()), strings.Compare(string(a.Type), string(b.Type)))
	})
	return out
}

func activityRow(a evidence.Activity) func(string) string {
	cells := map[string]string{"by": a.By, "by_name": a.ByName, "person": a.Person, "account": a.Account, "system": a.System}
	return func(column string) string { return cells[column] }
}
