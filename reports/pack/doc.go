// Package pack writes and checks the zip file of an evidence pack.
//
// A pack holds, in this order:
//
//	annexes/*.csv          the full populations (RFC 4180, UTF-8, CRLF)
//	report.pdf             what people read
//	evidence.json          the model behind it, see package evidence
//	ledger/checkpoint      the signed checkpoint after the run's findings were entered (C2SP tlog-checkpoint)
//	ledger/proofs/*        the run's entries, each with its inclusion proof (C2SP tlog-proof)
//	ledger/verifier        the ledger's public key
//	VERIFY.md              how to check all this without Muster
//	keys/pack.pem          the public key of the pack, and keys/seal.crt the certificates of the report's seal
//	keys/keyring.json      how these keys follow from earlier ones, see package signing
//	attestation.dsse.json  a signed in-toto statement about every file above, see package attest
//	SHA256SUMS             of every file above, for sha256sum -c
//	SHA256SUMS.sig         its signature by the pack key: raw Ed25519
//
// A cell of an annex that a spreadsheet could take for a formula, and one that begins with an apostrophe, begins with one
// apostrophe more; taking one away gives the exact value back. The same holds within a cell after each semicolon, tab and line break,
// where a spreadsheet of another locale begins a new cell; see package internal/sheet. A byte that is not UTF-8 stands as ⟦XX⟧; see package
// internal/octets.
//
// The same content gives the same bytes: times are the run's, the order is fixed, nothing depends on the machine. Rows stream; the
// size of a population does not matter. Times are UTC. Errors of a pack that was changed are *access.Error with Kind Invalid.
package pack
