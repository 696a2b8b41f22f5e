package reconciliation

import (
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
	w := &writer{in: in, ev: in.Evidence, groups: in.Tally.Groups(), rules: map[string]evidence.Rule{}}
	for _, r := range w.ev.Rules {
		w.rules[r.ID] = r
	}
	return pdf.Render(pdf.Options{
		Title:      "Nightly reconciliation of access, " + w.ev.Organisation,
		Subject:    "Pack " + in.File.Pack + ", run " + w.ev.Run.ID,
		Author:     w.ev.GeneratedBy,
		Created:    w.ev.Run.StartedAt,
		HeadLeft:   w.ev.Organisation + "  ·  Nightly reconciliation of access",
		HeadRight:  w.ev.Classification,
		FootLeft:   "Pack " + in.File.Pack,
		FootMiddle: "Run of " + clock(w.ev.Run.StartedAt),
	}, w.document)
}

// writer is one report under way; pdf.Render calls document once for every pass.
type writer struct {
	in     Input
	ev     evidence.Evidence
	groups []evidence.Group
	rules  map[string]evidence.Rule
	d      *pdf.Doc
}

func (w *writer) document(d *pdf.Doc) error {
	w.d = d
	w.cover()
	w.contents()
	w.conclusion()
	w.sources()
	w.rulesAndControls()
	w.overview()
	w.findings()
	w.exceptions()
	w.signOff()
	w.ledger()
	return nil
}

// title is a rule's title, or its id when the rule is not among those of the run.
func (w *writer) title(id string) string {
	if r, ok := w.rules[id]; ok && r.Title != "" {
		return r.Title
	}
	return id
}
