// Package check verifies a pack offline, step by step: what is in the zip file, its checksums and their signature, the attestation and the seal, the model
// against the tables, the ledger's checkpoint and proofs, and what was entered on the ledger against what the pack says. It needs nothing but the
// pack, and is better with a key that the organisation published, with the receipt beside the pack, and with a copy of the ledger. Whether the
// findings follow from the tables is for package reperform, which is above.
//
// Verify may be called by several goroutines. A difference is an *access.Error of Kind Invalid that names the file; nothing in a pack is
// trusted: names, sizes, texts and keys are checked before they are used. Times are UTC.
package check
