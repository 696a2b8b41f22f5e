package reconciliation

import (
	"strings"

	"muster/reports/pdf"
)

// signOff leaves lines for the people who answer for the report.
func (w *writer) signOff() {
	d := w.d
	const row = 15.0
	d.Section(1, "Sign-off", 20+3*row)
	d.Para("Signing says that the sources, the open findings and the accepted risks of this report were reviewed.")
	y := d.Y() + 4
	for _, role := range []string{"Prepared by", "Reviewed by", "Approved by"} {
		x := pdf.Left
		d.TextAt(x, y+8, role, pdf.Bold, 9, 'L')
		for _, f := range []struct {
			label string
			width float64
		}{{"name and role", 62}, {"date", 24}, {"signature", 52}} {
			from := x + 26
			if f.label != "name and role" {
				from = x
			}
			d.Rule(from, from+f.width, y+9, 0.25, 90)
			d.Ink(90)
			d.TextAt(from, y+12.5, f.label, pdf.Regular, 7, 'L')
			d.Ink(20)
			x = from + f.width + 5
		}
		y += row
	}
	d.MoveTo(y)
}

// ledger prints what ties the pack to the audit trail, what is in it, and how to check both.
func (w *writer) ledger() {
	d := w.d
	d.Chapter("Ledger and verification")
	d.Para("The run's beginning, its configuration, rules, snapshots and findings were entered on an append-only Merkle ledger before this report was made. The " +
		"checkpoint below signs the whole ledger up to and including this run; each of the run's entries is in the pack with the proof that it is part of it.")
	d.Pairs(30,
		pdf.Pair{Label: "Ledger", Value: w.in.Checkpoint.Origin},
		pdf.Pair{Label: "Entries", Value: number(w.in.Checkpoint.Size)},
		pdf.Pair{Label: "Root hash", Value: w.in.Checkpoint.Root.String(), Mono: true},
		pdf.Pair{Label: "Public key", Value: w.ev.Ledger.VerifierKey, Mono: true},
		pdf.Pair{Label: "Findings digest", Value: w.in.File.FindingsSHA256, Mono: true})
	d.Section(2, "Checkpoint", 30)
	for _, line := range strings.Split(strings.TrimSuffix(w.in.Checkpoint.Text, "\n"), "\n") {
		d.MoveTo(d.Y() - 1.4)
		d.Styled(line, pdf.Mono, 7, 20)
	}
	d.Section(2, "How to verify this pack", 45)
	d.Para("1. In one command, offline: muster verify <pack.zip>. It checks everything below and names the first file that differs.")
	d.Para("2. By hand: unzip the pack and run sha256sum -c SHA256SUMS; VERIFY.md in the pack says how to go on with the findings' digest, the inclusion proofs and " +
		"the signature, each with ordinary tools.")
	d.Para("3. Compare the public key above with one that you did not get with this pack, and the SHA-256 of the zip file with the ledger's entry of type pack that " +
		"follows this run.")
	d.Note("Characters that this document cannot show stand as their code point in white square brackets (U+202E and the like); the annexes have them as they are. Text in right-to-left " +
		"scripts is printed in storage order. This PDF is not tagged; the annexes are its accessible form.")
	entries := pdf.Table{Columns: []pdf.Column{{Title: "Entry", Share: 14, Align: 'R'}, {Title: "What", Share: 30}, {Title: "Proof in the pack", Share: 60}, {Title: "Checked", Share: 14, Align: 'C'}}}
	for _, e := range w.in.File.Ledger.Entries {
		what := string(e.Type)
		if e.System != "" {
			what += " of " + e.System
		}
		entries.Rows = append(entries.Rows, []pdf.Cell{{Text: number(e.Index)}, {Text: what}, {Text: e.Proof}, {Tick: true}})
	}
	if len(entries.Rows) > 0 {
		d.Section(2, "Entries of this run", 25)
		d.Table(entries)
	}
	files := pdf.Table{Columns: []pdf.Column{{Title: "Annex", Share: 42}, {Title: "Rows", Share: 18, Align: 'R'}, {Title: "SHA-256", Share: 90, Whole: true}}}
	for _, a := range w.in.File.Annexes {
		files.Rows = append(files.Rows, []pdf.Cell{{Text: a.File}, {Text: number(a.Rows)}, {Text: a.SHA256, Font: pdf.Mono}})
	}
	d.Section(2, "Annexes", 25)
	d.Table(files)
}
