package check

import "strings"

// Explanation says what a step of a verification proves, and what it does not.
type Explanation struct{ Proves, Not string }

// Explain explains a step by its name, the steps of the re-performance and of a ledger at hand too. It is empty for a name that it does not know.
func Explain(step string) Explanation {
	what, _, _ := strings.Cut(step, ":")
	return map[string]Explanation{
		"archive": {"The zip file holds plain files with names that stay below its folder, each once: unpacking it does no harm, and two programs see the same files.",
			"Nothing about what the files say."},
		"checksums": {"Every file is, byte for byte, the one that SHA256SUMS lists, and no file is missing or too many.",
			"Who wrote SHA256SUMS: whoever changes a file can write it anew. The signature tells."},
		"model": {"evidence.json is in the one form that Muster writes, so that nothing hides in it.", "That what it says is true."},
		"signature": {"The holder of the pack key signed SHA256SUMS, and so every file. With --key it is the key that you trust, or one that it handed over to.",
			"That the holder was honest, and without --key whose key it is."},
		"attestation": {"The same key signed a statement (DSSE, in-toto) that names every file with its digest, the run and the ledger's checkpoint.",
			"More than the signature; it is for tools that read in-toto."},
		"seal": {"The PDF is as it was sealed, and carries the evidence.json of this pack: it is the report of this pack and of no other. A time stamp, where there is one, says that it existed by then.",
			"That the PDF's words follow from the tables; report.html and the PDF say what evidence.json and the tables say, which a reader may compare."},
		"annexes":  {"Each table has the rows and the digest that evidence.json says, and none is missing or too many.", "That the rows are those that the systems held. The populations tell."},
		"findings": {"The counts and the digest of the findings follow from the rows of findings.csv.", "That the findings are right. The re-performance tells."},
		"checkpoint": {"The ledger's key signed the size and the root hash of the whole ledger as it was after the run. With witnesses, others saw the same ledger.",
			"That nobody keeps a second ledger with the same key: compare with the ledger (--ledger), or with a checkpoint that you got earlier or that witnesses cosigned."},
		"proofs": {"The run's entries are in the ledger under that root hash, each at its place, and can be neither changed nor taken out without changing the root.",
			"That the entries were true when they were written."},
		"ledger": {"What the ledger got before the pack was made is what the pack says: the digests of configuration, rules, snapshots and findings, and of everything that the run says of itself (sources, rules, bundles, accepted risks, inputs).",
			"That the systems told the truth to the collectors."},
		"later": {"What was asked, decided and done after the run is in the ledger, which went on from the run's checkpoint and took nothing back; each row of activity.csv and each decision of a campaign says what its entry says, and by whom, where the pack shows what the entry commits to.",
			"Who sat at the keyboard: the ledger has who said who they were, and how. That no entry was left out: compare with the ledger (--ledger)."},
		"receipt": {"The SHA-256 of this very zip file is an entry of the ledger: it is the pack that was handed out and not one that was made later.",
			"That no other pack of the same run was handed out besides; the ledger lists them all."},
		"inputs": {"The rules in the pack are those whose digest is on the ledger; what the report says of rules, bundles and accepted risks is what their files say.",
			"That the rules are good ones. Read them: they are in the folder inputs."},
		"populations": {"The persons, accounts, entitlements, grants and rejections in the tables have, system by system, the digest that the snapshot had when it was read: no row was added, left out or changed since.",
			"That the system gave everything that it holds. For that the sources' sheet compares what it claims with what was fetched."},
		"links": {"Each account is linked to the person, or to nobody, whom the configured keys give; worked out by a second implementation.",
			"That HR and the systems have the right identifiers."},
		"expectations": {"What each profile of persons should hold follows from the bundles.", "That the bundles give people what their work needs."},
		"seeded": {"Persons invented to hold exactly the duties of each conflict make the rule fire, and persons who lack one do not; the mitigations cover only whom they name.",
			"That the matrix names every conflict that matters."},
		"re-performance": {"The rules, asked again about every person, account and grant, find exactly the findings of the report: the same state, severity, words and facts; none is missing and none is made up.",
			"That the rules ask everything that should be asked. It uses Muster's own evaluator (CEL) on the pack's data."},
		"ledger at hand": {"The ledger that you have went through the checkpoint of the pack, and has the digest of the zip file: the pack was not made for another ledger, nor later.",
			"That the ledger at hand is the organisation's own: compare its key."},
	}[what]
}
