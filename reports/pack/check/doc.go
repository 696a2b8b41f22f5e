// Package check verifies a pack offline, step by step: what is in the zip file, its checksums and their signature, the attestation and the seal, the model
// against the tables, the ledger's checkpoint and proofs, and what was entered on the ledger against what the pack says. It needs nothing but the
// pack, and is better with a key that the organisation published, with the receipt beside the pack, with witnesses of the ledger, and with a copy of it.
// Whether the findings follow from the tables is for package reperform, which is above.
//
// A step is ok, differs, or was not checked; what was not checked is never called ok. Verify may be called by several goroutines. A difference is an
// *access.Error of Kind Invalid that names the file; nothing in a pack is trusted: names, sizes, texts and keys are checked before they are used, and
// every file that is read as a whole is bounded (package archive). Times are UTC.
package check
