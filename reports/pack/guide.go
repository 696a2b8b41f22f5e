package pack

import (
	"fmt"
	"strings"

	"muster/reports/evidence"
)

// Guide is VERIFY.md: how to check the pack with ordinary tools.
func Guide(f evidence.File) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# How to verify this pack

Pack %s: %s, nightly reconciliation, run %s, as of %s (UTC).

## In one command

    muster verify <this pack> [--key <the organisation's published verifier key>]

It needs no network and no database. It says for each step what it checked and, if something differs, in which file.

## With ordinary tools

1. **Nothing was changed since the pack was written.** In the unpacked folder: `+"`sha256sum -c SHA256SUMS`"+`
   SHA256SUMS must list every file but itself: `+"`find . -type f ! -name SHA256SUMS | wc -l`"+` equals `+"`wc -l < SHA256SUMS`"+`.
2. **The pack is the one that was made that night.** The SHA-256 of the zip file is on the organisation's ledger, in the entry of
   type "pack" that follows the run: `+"`sha256sum <zip>`"+`.
3. **The findings are those of the run.** Take the columns fingerprint, state and severity of annexes/findings.csv, write them as
   lines "fingerprint|state|severity", sort the lines in byte order, and take the SHA-256. It must be

       %s

   which the ledger's entry of type "findings" holds (ledger/proofs, line "extra", base64).
4. **That entry is in the ledger.** Every file in ledger/proofs is a C2SP tlog-proof: the leaf is the base64 of line "extra", its
   hash SHA-256(0x00 || leaf), the hashes below are the RFC 6962 inclusion path to the root in ledger/checkpoint.
5. **The ledger was signed.** ledger/checkpoint is a signed note (Ed25519) by the key in ledger/verifier. Compare that key with
   one that you did not get with this pack.

## Reading the annexes

CSV by RFC 4180, UTF-8. A cell that begins with an apostrophe had one put before it, so that no spreadsheet computes it: take
one apostrophe away to have the exact value, and so within a cell after each semicolon, tab and line break. The PDF shows characters that it cannot print as their code point, ⟦U+202E⟧; the
annexes hold them as they are.

| file | rows | SHA-256 |
|---|---:|---|
`, f.Pack, markdown(f.Organisation), f.Run.ID, f.Run.AsOf.UTC().Format("2006-01-02 15:04"), f.FindingsSHA256)
	for _, a := range f.Annexes {
		fmt.Fprintf(&b, "| %s | %d | %s |\n", a.File, a.Rows, a.SHA256)
	}
	return b.String()
}

// markdown keeps a name from being anything but text.
func markdown(s string) string {
	return strings.NewReplacer("\n", " ", "\r", " ", "`", "'", "<", "‹", ">", "›", "|", "¦", "[", "(", "]", ")").Replace(s)
}
