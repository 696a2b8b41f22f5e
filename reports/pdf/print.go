package pdf

import (
	"fmt"

	"muster/reports/document"
)

// Print prints a document and returns its bytes and its number of pages.
func Print(doc document.Document) (data []byte, pages int, err error) {
	o := Options{Title: doc.Title + ", " + doc.Organisation, Subject: doc.Subject, Author: doc.GeneratedBy, Created: doc.Created,
		HeadLeft: doc.Organisation + "  ·  " + doc.Title, HeadRight: doc.Classification, FootLeft: "Pack " + doc.Pack, FootMiddle: doc.Foot}
	return Render(o, func(d *Doc) error {
		d.cover(doc)
		d.NewPage()
		d.Styled("Contents", bold, 15, 20)
		d.Contents()
		for i, b := range doc.Blocks {
			if i == 0 {
				if h, ok := b.(document.Heading); !ok || !h.NewPage {
					d.NewPage()
				}
			}
			if h, ok := b.(document.Heading); ok && i+1 < len(doc.Blocks) {
				if c, ok := doc.Blocks[i+1].(document.Chart); ok { // a heading stays with its chart
					h.Keep = max(h.Keep, c.Drawing.Height)
					b = h
				}
			}
			if err := d.block(b); err != nil {
				return err
			}
		}
		return nil
	}, headings(doc)...)
}

// headings are those of a document, their pages not known yet.
func headings(doc document.Document) (out []Heading) {
	for _, b := range doc.Blocks {
		if h, ok := b.(document.Heading); ok {
			out = append(out, Heading{Level: h.Level, Text: h.Text, ID: h.ID})
		}
	}
	return out
}

func (d *Doc) block(b document.Block) error {
	switch b := b.(type) {
	case document.Heading:
		d.Heading(b)
	case document.Paragraph:
		d.Paragraph(b)
	case document.List:
		d.List(b)
	case document.Callout:
		d.Callout(b)
	case document.Pairs:
		d.Pairs(b)
	case document.Table:
		return d.Table(b)
	case document.Chart:
		d.Chart(b)
	case document.SignOff:
		d.SignOff(b)
	default:
		return fmt.Errorf("print document: it holds a %T", b)
	}
	return nil
}
