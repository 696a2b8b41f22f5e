package frame

import (
	"muster/reports/document"
)

// SignOff leaves lines for the people who answer for the report.
func (w *Builder) SignOff() {
	w.Part("Sign-off", 65)
	w.Add(document.SignOff{Intro: "Signing says that the sources, the open findings and the accepted risks of this report were reviewed.",
		Roles: []string{"Prepared by", "Reviewed by", "Approved by"}})
}

// Ledger prints what ties the pack to the audit trail, what is in it, and how to check both.
func (w *Builder) Ledger() {
	w.Chapter("Ledger and verification")
	w.Para("The run's beginning, its configuration, rules, snapshots and findings were entered on an append-only Merkle ledger before this report was made. The " +
		"checkpoint below signs the whole ledger up to and including this run; each of the run's entries is in the pack with the proof that it is part of it.")
	w.Pairs(30,
		document.Pair{Label: "Ledger", Value: w.In.Checkpoint.Origin},
		document.Pair{Label: "Entries", Value: Number(w.In.Checkpoint.Size)},
		document.Pair{Label: "Root hash", Value: w.In.Checkpoint.Root.String(), Mono: true},
		document.Pair{Label: "Public key", Value: w.Ev.Ledger.VerifierKey, Mono: true},
		document.Pair{Label: "Findings digest", Value: w.In.File.FindingsSHA256, Mono: true})
	w.Section("Checkpoint", 30)
	w.Add(document.Paragraph{Text: w.In.Checkpoint.Text, Style: document.Mono})
	w.Section("How to verify this pack", 45)
	w.Add(document.List{Ordered: true, Items: []string{
		"In one command, offline: muster verify <pack.zip>. It checks everything below and names the first file that differs.",
		"By hand: unzip the pack and run sha256sum -c SHA256SUMS; VERIFY.md in the pack says how to go on with the findings' digest, the inclusion proofs and " +
			"the signature, each with ordinary tools.",
		"Compare the public key above with one that you did not get with this pack, and the SHA-256 of the zip file with the ledger's entry of type pack that " +
			"follows this run.",
	}})
	w.Note("Characters that this document cannot show stand as their code point in white square brackets (U+202E and the like); the annexes have them as they are. Text in right-to-left " +
		"scripts is printed in storage order. This PDF is not tagged; report.html in the pack is its accessible form.")
	entries := document.Table{Columns: []document.Column{{Title: "Entry", Share: 14, Align: 'R'}, {Title: "What", Share: 30}, {Title: "Proof in the pack", Share: 60}, {Title: "Checked", Share: 14, Align: 'C'}}}
	for _, e := range w.In.File.Ledger.Entries {
		what := string(e.Type)
		if e.System != "" {
			what += " of " + e.System
		}
		entries.Rows = append(entries.Rows, []document.Cell{{Text: Number(e.Index)}, {Text: what}, {Text: e.Proof}, {Tick: true}})
	}
	if len(entries.Rows) > 0 {
		w.Section("Entries of this run", 25)
		w.Table("Entries of this run on the ledger", entries)
	}
	files := document.Table{Columns: []document.Column{{Title: "Annex", Share: 42}, {Title: "Rows", Share: 18, Align: 'R'}, {Title: "SHA-256", Share: 90, Whole: true}}}
	for _, a := range w.In.File.Annexes {
		files.Rows = append(files.Rows, []document.Cell{{Text: a.File}, {Text: Number(a.Rows)}, {Text: a.SHA256, Font: document.Fixed}})
	}
	w.Section("Annexes", 25)
	w.Table("Annexes of the pack with their digests", files)
}
