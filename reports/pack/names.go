package pack

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"time"

	"muster/internal/ledger"
	"muster/reports/attest"
	"muster/reports/evidence"
)

// The files about what was entered after the run: a later checkpoint, the proof that the ledger only grew up to it, and the entries.
const (
	LaterFolder          = "ledger/later/"
	LaterCheckpointFile  = LaterFolder + "checkpoint"
	LaterConsistencyFile = LaterFolder + "consistency"
	LaterProofFolder     = LaterFolder + "proofs/"
	LaterOpenedFile      = LaterFolder + "opened.json" // what the entries commit to, as far as the pack shows it: a list of evidence.Opened
)

// ReceiptSuffix is what the name of a pack's receipt has after the pack's: the proof (C2SP tlog-proof) that the SHA-256 of the zip file is on the
// ledger. It lies beside the pack, because a file cannot hold its own digest.
const ReceiptSuffix = ".tlog-proof"

// GrowthSuffix is what the name of a receipt's companion has after the pack's: the proof that the ledger only grew from the checkpoint of the pack's run
// to that of the receipt, so that both are of one history. It lies there when a receipt was made anew.
const GrowthSuffix = ".tlog-growth"

// ID names a pack by its kind, its run and, where that is another, its subject, so that the same has the same pack.
func ID(kind, run, subject string) string {
	text := kind + "\x00" + run
	if subject != run {
		text += "\x00" + subject
	}
	sum := sha256.Sum256([]byte(text))
	return "P-" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:5])
}

// Predicate is what the attestation says of a pack with this model.
func Predicate(f evidence.File) attest.Predicate {
	return attest.Predicate{Pack: f.Pack, Kind: f.Kind, Organisation: f.Organisation, Run: f.Run.ID, AsOf: f.Run.AsOf.UTC().Format(time.RFC3339Nano), Builder: f.GeneratedBy + ", " + f.Renderer,
		Checkpoint: attest.Checkpoint{Origin: f.Ledger.Origin, Size: f.Ledger.Size, Root: f.Ledger.Root}}
}

// SystemOf is the system that a ledger entry is about, empty when it is about none.
func SystemOf(e ledger.Entry) string {
	var said struct {
		System string `json:"system"`
	}
	_ = json.Unmarshal(e.Data, &said) // an entry of another shape is about none
	return said.System
}
