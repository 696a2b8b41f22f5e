package redact

import (
	"slices"

	"muster/reports/document"
)

// Document replaces what names people in a report.
func (r *Redactor) Document(d document.Document) document.Document {
	d.Cover.Verdict = r.Text(d.Cover.Verdict)
	d.Subtitle = r.Text(d.Subtitle)
	d.Cover.Callouts = slices.Clone(d.Cover.Callouts)
	for i := range d.Cover.Callouts {
		d.Cover.Callouts[i] = r.block(d.Cover.Callouts[i]).(document.Callout)
	}
	d.Cover.Pairs = r.pairs(d.Cover.Pairs)
	d.Blocks = slices.Clone(d.Blocks)
	for i := range d.Blocks {
		d.Blocks[i] = r.block(d.Blocks[i])
	}
	return d
}

func (r *Redactor) block(b document.Block) document.Block {
	switch b := b.(type) {
	case document.Heading:
		b.Text = r.Text(b.Text)
		return b
	case document.Paragraph:
		b.Text = r.Text(b.Text)
		return b
	case document.List:
		b.Items = r.texts(b.Items)
		return b
	case document.Callout:
		b.Title, b.Paras = r.Text(b.Title), r.texts(b.Paras)
		return b
	case document.Pairs:
		b.Pairs = r.pairs(b.Pairs)
		return b
	case document.Table:
		return r.table(b)
	case document.Chart:
		b.Alt, b.Data = r.Text(b.Alt), r.table(b.Data)
		b.Drawing.Shapes = slices.Clone(b.Drawing.Shapes)
		for i, s := range b.Drawing.Shapes {
			if l, ok := s.(document.Label); ok {
				l.Text = r.Text(l.Text)
				b.Drawing.Shapes[i] = l
			}
		}
		return b
	}
	return b
}

func (r *Redactor) pairs(list []document.Pair) []document.Pair {
	out := slices.Clone(list)
	for i := range out {
		out[i].Value = r.Text(out[i].Value)
	}
	return out
}

func (r *Redactor) table(t document.Table) document.Table {
	t.Caption = r.Text(t.Caption)
	t.Rows = slices.Clone(t.Rows)
	for i := range t.Rows {
		t.Rows[i] = r.cells(t.Rows[i])
	}
	if from := t.Stream; from != nil {
		t.Stream = func(yield func([]document.Cell) error) error {
			return from(func(row []document.Cell) error { return yield(r.cells(row)) })
		}
	}
	return t
}

func (r *Redactor) cells(row []document.Cell) []document.Cell {
	out := slices.Clone(row)
	for j := range out {
		out[j].Text, out[j].More = r.Text(out[j].Text), r.texts(out[j].More)
	}
	return out
}
