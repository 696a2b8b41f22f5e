package reconciliation

import (
	"time"

	"muster/internal/ledger"
	"muster/reports/evidence"
	"muster/reports/pdf"
)

// Input is what the report is made of.
type Input struct {
	Evidence   evidence.Evidence
	File       evidence.File // the model as the pack has it, with annexes and totals
	Tally      *evidence.Tally
	Checkpoint ledger.Checkpoint
}

// Render writes the report and returns its bytes and its number of pages.
func Render(in Input) (data []byte, pages int, err error) {
	w := &writer{in: in, ev: in.Evidence, groups: in.Tally.Groups()}
	return pdf.Render(pdf.Options{
		Title:      "Nightly reconciliation of access, " + w.ev.Organisation,
		Subject:    "Pack " + in.File.Pack + ", run " + w.ev.Run.ID,
		Author:     w.ev.GeneratedBy,
		Created:    w.ev.Run.AsOf,
		HeadLeft:   w.ev.Organisation + "  ·  Nightly reconciliation of access",
		HeadRight:  w.ev.Classification,
		FootLeft:   "Pack " + in.File.Pack,
		FootMiddle: "Run " + clock(w.ev.Run.AsOf),
	}, w.document)
}

func (w *writer) document(d *pdf.Doc) error {
	w.d = d
	d.NewPage()
	return nil
}

// writer is one report under way.
type writer struct {
	in     Input
	ev     evidence.Evidence
	groups []evidence.Group
	d      *pdf.Doc
}

// clock prints a moment.
func clock(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
