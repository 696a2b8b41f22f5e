package redact

import (
	"reflect"
	"slices"
	"strings"

	"muster/reports/document"
	"muster/reports/redact/search"
)

// Document replaces what names people in a report: in every text of it but the heads of columns, the labels of pairs and the names of headings.
func (r *Redactor) Document(d document.Document) document.Document {
	return deep(reflect.ValueOf(d), "", nothing, r.part).Interface().(document.Document)
}

// part replaces a part of a report.
func (r *Redactor) part(v reflect.Value, column string, row func(string) string) (reflect.Value, bool) {
	switch x := v.Interface().(type) {
	case document.Table:
		return reflect.ValueOf(r.table(x)), true
	case document.Pair:
		x.Value = r.text(x.Value, about(x.Label))
		return reflect.ValueOf(x), true
	case string:
		if slices.Contains([]string{"id", "link", "kind", "pack", "generated_by"}, column) {
			return v, true
		}
		return reflect.ValueOf(r.Text(x)), true
	}
	return r.field(v, column, row)
}

// about is how what stands below a head or behind a label is searched.
func about(title string) search.How {
	if slices.Contains([]string{"Account", "Accounts", "Approved by", "By", "Closed by", "Created by", "Leaver", "Owner", "Owner and approver", "Person", "Reviewer", "Revoked by", "Subject", "Who", "Who was asked",
		"Whose", "Worker"}, title) {
		return who
	}
	return search.How{}
}

func (r *Redactor) table(t document.Table) document.Table {
	how := make([]search.How, len(t.Columns))
	for i, c := range t.Columns {
		how[i] = about(c.Title)
	}
	numbers := !strings.Contains(t.Caption, "on the ledger") // else it is about the entries themselves
	cells := func(row []document.Cell) []document.Cell {
		out := r.cells(t, row, how)
		for i := range out {
			if i < len(t.Columns) && !t.Group(row) && numbers && slices.Contains([]string{"Entry", "Entries"}, t.Columns[i].Title) { // which follow the order of whom they are about
				out[i] = document.Cell{Text: "–"}
			}
		}
		return out
	}
	t.Caption = r.Text(t.Caption)
	rows := make([][]document.Cell, len(t.Rows))
	for i := range t.Rows {
		rows[i] = cells(t.Rows[i])
	}
	if t.Rows != nil {
		t.Rows = rows
		unordered(t)
	}
	if from := t.Stream; from != nil {
		t.Stream = func(yield func([]document.Cell) error) error {
			return from(func(row []document.Cell) error { return yield(cells(row)) })
		}
	}
	return t
}

// cells replaces what names people in a row. The head of a group may be an account.
func (r *Redactor) cells(t document.Table, row []document.Cell, how []search.How) []document.Cell {
	out := slices.Clone(row)
	for i := range out {
		h := who
		if !t.Group(row) && i < len(how) {
			h = how[i]
		}
		out[i].Text = r.text(out[i].Text, h)
		out[i].More = slices.Clone(out[i].More)
		for n := range out[i].More {
			out[i].More[n] = r.text(out[i].More[n], h)
		}
	}
	return out
}

// unordered puts the rows of a table of people, between the heads of its groups, in the order of what is left in them. One that has numbers is ordered by these.
func unordered(t document.Table) {
	if len(t.Columns) == 0 || !about(t.Columns[0].Title).People || slices.ContainsFunc(t.Columns, func(c document.Column) bool { return c.Align == 'R' }) {
		return
	}
	text := func(row []document.Cell) string {
		var b strings.Builder
		for _, c := range row {
			b.WriteString(c.Text + "\x00" + strings.Join(c.More, "\x00") + "\x00")
		}
		return b.String()
	}
	for from := 0; from < len(t.Rows); {
		until := from
		for until < len(t.Rows) && !t.Group(t.Rows[until]) {
			until++
		}
		slices.SortStableFunc(t.Rows[from:until], func(a, b []document.Cell) int { return strings.Compare(text(a), text(b)) })
		from = until + 1
	}
}
