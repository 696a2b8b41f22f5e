package check

// Explanation says what a step of a verification proves when it is ok, and what it does not.
type Explanation struct{ Proves, Not string }

// Explain explains a step by its name, the steps of the re-performance and of a ledger at hand too. It is empty for a name that it does not know.
func Explain(step string) Explanation {
	return map[string]Explanation{
		"archive": {"The file holds the files that a pack has, with names that stay below its folder, each once, and a zip file nothing besides: unpacking it does no harm, and two programs see the same files.",
			"Nothing about what the files say."},
		"checksums": {"Every file is, byte for byte, the one that SHA256SUMS lists, and no file is missing or too many.",
			"Who wrote SHA256SUMS: whoever changes a file can write it anew. The signature tells."},
		"model": {"evidence.json is of a kind of pack that there is and in the one form that Muster writes for that kind, the detail too: it has no member twice and none that is unknown.", "That what it says is true."},
		"signature": {"The holder of the pack key signed SHA256SUMS, and so every file. With the pack key or the keyring given by --key it is the key that you trust, or one that it handed over to.",
			"That the holder was honest, and without --key whose key it is."},
		"attestation": {"The same key signed a statement (DSSE, in-toto) that names every file with its digest, the run and the ledger's checkpoint.",
			"More than the signature; it is for tools that read in-toto."},
		"seal": {"The PDF is as it was sealed, and carries one file, which is the evidence.json of this pack byte for byte: it is the report of this pack and of no other. A time stamp, where there is one, says that it existed by then.",
			"That the words of the PDF, of report.html and of the files for machines follow from the tables: they cannot be written again here. The signature binds them to the pack key and the receipt to the ledger; a reader may compare them with evidence.json and the tables."},
		"guide":    {"VERIFY.md is what Muster writes into this pack: its commands check what they say.", "More than VERIFY.md itself."},
		"annexes":  {"The pack has the tables of its kind, each with the rows and the digest that evidence.json says, and no other.", "That the rows are those that the systems held. The populations tell."},
		"findings": {"The counts and the digest of the findings follow from the rows of findings.csv, each of which is written as Muster writes it.", "That the findings are right. The re-performance tells."},
		"checkpoint": {"The ledger's key signed the size and the root hash of the whole ledger as it was after the run. With the verifier key given by --key it is the key that you trust.",
			"That nobody keeps a second ledger with the same key: compare with the ledger (--ledger), with a checkpoint that you got earlier, or have the receipt's checkpoint cosigned by witnesses (--witness)."},
		"proofs": {"The run's entries are in the ledger under that root hash, each at its place, and can be neither changed nor taken out without changing the root.",
			"That the entries were true when they were written."},
		"ledger": {"What the ledger got before the pack was made is what the pack says: the digests of configuration, rules, snapshots and findings, the counts of every snapshot, and everything that the run says of itself (sources, rules, bundles, accepted risks, inputs).",
			"That the systems told the truth to the collectors."},
		"later": {"What was asked, decided and done after the run is in the ledger, which went on from the run's checkpoint and took nothing back. Each row of activity.csv says what its entry says, and by whom, where the pack shows what the entry commits to. " +
			"Of a campaign: the items are those that were frozen, each decision is that of its entry (item, verdict, role, channel, moment, by whom), how each item ended follows from them, and the numbers of what was kept, revoked and left to silence are those of the entry of its end.",
			"Who sat at the keyboard: the ledger has who said who they were, and how. A reason, and whom an item was given to, are only committed to on the ledger, and the commitments (sha256) cannot be opened here; they, names, and what a row is about are bound by the receipt. " +
				"Nor that no entry of activity.csv was left out: compare with the ledger (--ledger)."},
		receiptStep: {"The SHA-256 of this very zip file is an entry of the ledger: it is, byte for byte, the pack that was handed out and not one that was made later. It binds what no other step can compare: the words of the reports, reasons, names, and the rows of tables that only this kind of pack has.",
			"That no other pack of the same run was handed out besides; the ledger lists them all."},
		"witnesses": {"Those whose keys you gave saw the ledger of the receipt, and that it continues every one that they saw before; the ledger only grew from the pack's checkpoint to the one that they signed. Whoever holds the ledger's key cannot show another history to others without a witness seeing it.",
			"What the entries say. Witnesses do not read them."},
		"inputs": {"The rules in the pack are those whose digest is on the ledger; what the report says of rules, bundles and accepted risks is what their files say; the tables have the columns that Muster writes and no other.",
			"That the rules are good ones. Read them: they are in the folder inputs."},
		"populations": {"The persons, accounts, entitlements, grants and rejections in the tables have, system by system, the digest that the snapshot had when it was read: no row was added, left out or changed since by accident, or by anybody who cannot make many rows up. Names that are repeated are those that they repeat.",
			"That the system gave everything that it holds. For that the sources' sheet compares what it claims with what was fetched. The digest is a sum of hashes: somebody who may choose tens of thousands of rows freely can make another set with the same sum by a large computation. " +
				"And it leaves out where a row stood in its source (row, source_ref, ref). The receipt binds the tables byte for byte."},
		"links": {"Each account is linked to the person, or to nobody, whom the configured keys give; worked out by a second implementation, and the table is written again.",
			"That HR and the systems have the right identifiers."},
		"expectations": {"What each profile of persons should hold follows from the bundles; both tables are written again.", "That the bundles give people what their work needs."},
		"reviewed": {"Each item under review is what the run saw of it: account, entitlement, path, person, basis, last use and findings come out again.",
			"To whom an item was given, and why: the ledger only commits to it. The receipt binds it."},
		"seeded": {"Persons invented to hold exactly the duties of each conflict make the rule fire, and persons who lack one do not; the mitigations cover only whom they name.",
			"That the matrix names every conflict that matters."},
		"re-performance": {"The rules, asked again about every person, account and grant, find exactly the findings of the report: the same state, severity, words and facts; none is missing and none is made up.",
			"That the rules ask everything that should be asked. It uses Muster's own evaluator (CEL) on the pack's data."},
		"ledger at hand": {"The ledger that you have went through the checkpoint of the pack, and has the digest of the zip file: the pack was not made for another ledger, nor later.",
			"That the ledger at hand is the organisation's own: compare its key."},
	}[Step{Name: step}.Short()]
}
