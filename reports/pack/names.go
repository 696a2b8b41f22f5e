package pack

import (
	"encoding/json"
	"time"

	"muster/internal/ledger"
	"muster/reports/attest"
	"muster/reports/evidence"
)

// The files about what was entered after the run: a later checkpoint, the proof that the ledger only grew up to it, and the entries.
const (
	LaterCheckpointFile  = "ledger/later/checkpoint"
	LaterConsistencyFile = "ledger/later/consistency"
	LaterProofFolder     = "ledger/later/proofs/"
	LaterOpenedFile      = "ledger/later/opened.json" // what the entries commit to, as far as the pack shows it: a list of evidence.Opened
)

// ReceiptSuffix is what the name of a pack's receipt has after the pack's: the proof (C2SP tlog-proof) that the SHA-256 of the zip file is on the
// ledger. It lies beside the pack, because a file cannot hold its own digest.
const ReceiptSuffix = ".tlog-proof"

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
