// Package ledger is the append-only audit trail: a Merkle log (RFC 6962 §2) in the layout of C2SP tlog-tiles, with a
// checkpoint (C2SP tlog-checkpoint) signed with Ed25519 (C2SP signed-note).
//
// A log is a folder:
//
//	checkpoint             origin, size and root hash, signed: the truth; what lies beyond it was never acknowledged
//	verifier               the public key, as a signed-note verifier key
//	key                    the private key, mode 0600; a copy of the log for an auditor goes without it
//	tile/<L>/<N>           256 hashes of level L (0: leaf hashes); tile/<L>/<N>.p/<W> while it holds W < 256
//	tile/entries/<N>       the entries, each behind its length as a big-endian uint16; partial ones as above
//	journal                what was acknowledged and whose tiles were not waited for yet; gone when the log is closed
//	checkpoints/<size>     checkpoints that runs kept at their end
//	lock                   held by the one writer; says its process id
//
// A leaf is the exact bytes of one entry, stored verbatim and never serialised again:
//
//	{"data":{...},"run":"...","seq":17,"time":"2026-11-22T01:00:03Z","type":"findings","v":1}
//
// in the canonical form of RFC 8785 restricted to integers (package canonical). Entries hold ids and digests; personal data stays
// out, because an entry can never be taken back.
//
// Append returns only after entries and checkpoint are on disk (package segment): acknowledged is durable. Callers at the same
// time share one wait for the disk. After a crash the next Open puts back what was acknowledged and removes what was not. If
// anything cannot be written, nothing of that Append is acknowledged and the log stays as it was.
//
// Times are UTC and never run backwards within the log: an event whose time lies before the last entry's is entered with the
// last entry's time. Indices are 0-based. A Log is safe for concurrent use; readers need no lock and see the newest
// checkpoint at the moment they were opened. Errors are *access.Error; Conflict means that another process writes, Invalid
// that the log is not what its checkpoint says.
package ledger
