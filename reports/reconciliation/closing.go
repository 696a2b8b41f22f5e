package reconciliation

import (
	"muster/reports/document"
)

// signOff leaves lines for the people who answer for the report.
func (w *builder) signOff() {
	w.part("Sign-off", 65)
	w.add(document.SignOff{Intro: "Signing says that the sources, the open findings and the accepted risks of this report were reviewed.",
		Roles: []string{"Prepared by", "Reviewed by", "Approved by"}})
}

// ledger prints what ties the pack to the audit trail, what is in it, and how to check both.
func (w *builder) ledger() {
	w.chapter("Ledger and verification")
	w.para("The run's beginning, its configuration, rules, snapshots and findings were entered on an append-only Merkle ledger before this report was made. The " +
		"checkpoint below signs the whole ledger up to and including this run; each of the run's entries is in the pack with the proof that it is part of it.")
	w.pairs(30,
		document.Pair{Label: "Ledger", Value: w.in.Checkpoint.Origin},
		document.Pair{Label: "Entries", Value: number(w.in.Checkpoint.Size)},
		document.Pair{Label: "Root hash", Value: w.in.Checkpoint.Root.String(), Mono: true},
		document.Pair{Label: "Public key", Value: w.ev.Ledger.VerifierKey, Mono: true},
		document.Pair{Label: "Findings digest", Value: w.in.File.FindingsSHA256, Mono: true})
	w.section("Checkpoint", 30)
	w.add(document.Paragraph{Text: w.in.Checkpoint.Text, Style: document.Mono})
	w.section("How to verify this pack", 45)
	w.add(document.List{Ordered: true, Items: []string{
		"In one command, offline: muster verify <pack.zip>. It checks everything below and names the first file that differs.",
		"By hand: unzip the pack and run sha256sum -c SHA256SUMS; VERIFY.md in the pack says how to go on with the findings' digest, the inclusion proofs and " +
			"the signature, each with ordinary tools.",
		"Compare the public key above with one that you did not get with this pack, and the SHA-256 of the zip file with the ledger's entry of type pack that " +
			"follows this run.",
	}})
	w.note("Characters that this document cannot show stand as their code point in white square brackets (U+202E and the like); the annexes have them as they are. Text in right-to-left " +
		"scripts is printed in storage order. This PDF is not tagged; report.html in the pack is its accessible form.")
	entries := document.Table{Columns: []document.Column{{Title: "Entry", Share: 14, Align: 'R'}, {Title: "What", Share: 30}, {Title: "Proof in the pack", Share: 60}, {Title: "Checked", Share: 14, Align: 'C'}}}
	for _, e := range w.in.File.Ledger.Entries {
		what := string(e.Type)
		if e.System != "" {
			what += " of " + e.System
		}
		entries.Rows = append(entries.Rows, []document.Cell{{Text: number(e.Index)}, {Text: what}, {Text: e.Proof}, {Tick: true}})
	}
	if len(entries.Rows) > 0 {
		w.section("Entries of this run", 25)
		w.table("Entries of this run on the ledger", entries)
	}
	files := document.Table{Columns: []document.Column{{Title: "Annex", Share: 42}, {Title: "Rows", Share: 18, Align: 'R'}, {Title: "SHA-256", Share: 90, Whole: true}}}
	for _, a := range w.in.File.Annexes {
		files.Rows = append(files.Rows, []document.Cell{{Text: a.File}, {Text: number(a.Rows)}, {Text: a.SHA256, Font: document.Fixed}})
	}
	w.section("Annexes", 25)
	w.table("Annexes of the pack with their digests", files)
}
