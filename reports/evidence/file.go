package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
)

// Format names the form of evidence.json.
const Format = "muster.example/pack/2"

// File is evidence.json: the model with stable names, and what a verifier compares the other files with.
type File struct {
	Format         string       `json:"format"`
	Kind           string       `json:"kind"`    // reconciliation, access-review, ...
	Subject        string       `json:"subject"` // what the pack is about: a run, a campaign, a person, a period
	Pack           string       `json:"pack"`
	Organisation   string       `json:"organisation"`
	Classification string       `json:"classification"`
	GeneratedBy    string       `json:"generated_by"`
	Renderer       string       `json:"renderer"` // PDF library and Go version: bytes may differ with another
	Scope          Scope        `json:"scope"`    // what of the run the pack holds
	Run            RunFile      `json:"run"`
	Totals         Totals       `json:"totals"`
	FindingsSHA256 string       `json:"findings_sha256"` // access.FindingsDigest; the ledger's findings entry has the same
	Sources        []SourceFile `json:"sources"`
	Rules          []Rule       `json:"rules"`
	Controls       []Control    `json:"controls"`
	Bundles        []Bundle     `json:"bundles"`
	Exceptions     []Exception  `json:"exceptions"`
	Mitigations    []Mitigation `json:"mitigations"`
	Annexes        []Annex      `json:"annexes"`
	Inputs         []Annex      `json:"inputs"` // what the run was configured with, so that it can be performed again; of no rows
	Ledger         LedgerFile   `json:"ledger"`
	Later          *LedgerFile  `json:"later,omitempty"`  // what was entered after the run and the pack rests on, at a later checkpoint
	Detail         any          `json:"detail,omitempty"` // what a pack of its kind says besides; json.RawMessage when it was read
}

// RunFile is the run as evidence.json tells it.
type RunFile struct {
	ID           string             `json:"id"`
	RanBy        string             `json:"ran_by"`
	AsOf         time.Time          `json:"as_of"`
	StartedAt    time.Time          `json:"started_at"`
	FinishedAt   time.Time          `json:"finished_at"`
	State        access.RunState    `json:"state"`
	Version      string             `json:"version"`
	ConfigSHA256 string             `json:"config_sha256"`
	RulesSHA256  string             `json:"rules_sha256"`
	Incomplete   bool               `json:"incomplete"`
	Suppressed   int                `json:"suppressed"`
	Persons      int64              `json:"persons"`
	Accounts     int64              `json:"accounts"`
	Grants       int64              `json:"grants"`
	Counts       []access.RuleCount `json:"counts"`
	Previous     string             `json:"previous_digest"` // of the table previous
	Before       string             `json:"before_digest"`   // of the table findings-before
}

// SourceFile is a source as evidence.json tells it.
type SourceFile struct {
	Name        string        `json:"name"`
	Title       string        `json:"title"`
	Collector   string        `json:"collector"`
	Owner       string        `json:"owner"`
	Criticality string        `json:"criticality"`
	Tonight     *SnapshotFile `json:"tonight"`
	Used        *SnapshotFile `json:"used,omitempty"`
	SLASeconds  int64         `json:"sla_seconds"` // how soon a leaver's access must be gone; 0 when none is set
	HR          bool          `json:"hr,omitempty"`
	Previous    *SnapshotFile `json:"previous,omitempty"`
	InScope     []CountFile   `json:"in_scope"`
	Tested      []CountFile   `json:"tested"`
}

// CountFile is a Count.
type CountFile struct {
	Class access.Class `json:"class"`
	Count int64        `json:"count"`
}

// SnapshotFile is a snapshot as evidence.json tells it.
type SnapshotFile struct {
	ID         string               `json:"id"`
	RunID      string               `json:"run"`
	State      access.SnapshotState `json:"state"`
	Reason     string               `json:"reason,omitempty"`
	Hint       string               `json:"hint,omitempty"`
	TakenAt    time.Time            `json:"taken_at"`
	StartedAt  time.Time            `json:"started_at"`
	FinishedAt time.Time            `json:"finished_at"`
	Collector  string               `json:"collector"`
	Version    string               `json:"collector_version"`
	Source     string               `json:"source"`
	Queries    []string             `json:"queries"`
	Classes    []ClassFile          `json:"classes"`
	SHA256     string               `json:"sha256"`
	Baseline   bool                 `json:"baseline,omitempty"`
}

// ClassFile is the coverage of one object class.
type ClassFile struct {
	Class    access.Class         `json:"class"`
	Claimed  *int64               `json:"claimed"` // null: the source does not say
	Fetched  int64                `json:"fetched"`
	Parsed   int64                `json:"parsed"`
	Rejected int64                `json:"rejected"`
	State    access.SnapshotState `json:"state"`
	Reason   string               `json:"reason,omitempty"`
}

// Annex is one CSV file of the pack.
type Annex struct {
	File   string `json:"file"`
	Rows   int64  `json:"rows"` // without the header
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// LedgerFile says what the folder ledger of the pack holds.
type LedgerFile struct {
	Origin  string      `json:"origin"`
	Size    uint64      `json:"size"`
	Root    string      `json:"root"`
	Entries []EntryFile `json:"entries"`
	Opened  int         `json:"opened,omitempty"` // of later ones: how many values that they commit to are shown in opened.json
}

// EntryFile names one proven ledger entry.
type EntryFile struct {
	Index  uint64      `json:"index"`
	Type   ledger.Type `json:"type"`
	System string      `json:"system,omitempty"` // of a snapshot
	Proof  string      `json:"proof"`            // the file in the pack
}

// NewFile makes evidence.json's content of a model; the caller fills in what it computes: Pack, Renderer, Totals,
// FindingsSHA256, Annexes and Ledger.
func NewFile(e Evidence) File {
	r := e.Run
	f := File{
		Format: Format, Organisation: e.Organisation, Classification: e.Classification, GeneratedBy: e.GeneratedBy, Scope: e.Scope,
		Run: RunFile{ID: r.ID, RanBy: e.RanBy, AsOf: r.AsOf, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, State: r.State,
			Version: r.Version, ConfigSHA256: r.ConfigDigest, RulesSHA256: r.RulesDigest, Incomplete: r.Incomplete, Suppressed: e.Suppressed,
			Persons: r.Persons, Accounts: r.Accounts, Grants: r.Grants, Counts: r.Counts, Previous: e.Previous, Before: e.Before},
		Rules: e.Rules, Controls: e.Controls, Bundles: e.Bundles, Exceptions: e.Exceptions, Mitigations: e.Mitigations, Inputs: inputs(e.Inputs),
	}
	for _, s := range e.Sources {
		f.Sources = append(f.Sources, SourceFile{Name: s.System.Name, Title: s.System.Title, Collector: s.System.Collector,
			Owner: s.System.Owner, Criticality: s.System.Criticality, SLASeconds: int64(s.System.SLA / time.Second), HR: s.System.IsHR, Tonight: snapshotFile(s.System.Tonight),
			Used: snapshotFile(s.System.Used), Previous: snapshotFile(s.Previous), InScope: counts(s.InScope), Tested: counts(s.Tested)})
	}
	return f
}

func counts(in []Count) []CountFile {
	out := make([]CountFile, len(in))
	for i, c := range in {
		out[i] = CountFile{c.Class, c.N}
	}
	return out
}

// snapshotFile is nil for a snapshot that there is not; one without an ID and with a state is one that could not be begun.
func snapshotFile(s access.Snapshot) *SnapshotFile {
	if s.ID == "" && s.State == "" {
		return nil
	}
	out := &SnapshotFile{ID: s.ID, RunID: s.RunID, State: s.State, Reason: s.Reason, Hint: s.Hint, TakenAt: s.TakenAt, StartedAt: s.StartedAt,
		FinishedAt: s.FinishedAt, Collector: s.Collector, Version: s.CollectorVersion, Source: s.Coverage.Source,
		Queries: s.Coverage.Queries, SHA256: s.Digest, Baseline: s.Baseline}
	for _, c := range s.Coverage.Classes {
		k := ClassFile{Class: c.Class, Fetched: c.Fetched, Parsed: c.Parsed, Rejected: c.Rejected, State: c.State, Reason: c.Reason}
		if c.Claimed != access.NoClaim {
			k.Claimed = &c.Claimed
		}
		out.Classes = append(out.Classes, k)
	}
	return out
}

// Snapshot is the snapshot that was told; of its queries and records nothing else is known.
func (s *SnapshotFile) Snapshot(system string) access.Snapshot {
	if s == nil {
		return access.Snapshot{}
	}
	out := access.Snapshot{ID: s.ID, RunID: s.RunID, System: system, State: s.State, Reason: s.Reason, Hint: s.Hint, TakenAt: s.TakenAt, StartedAt: s.StartedAt,
		FinishedAt: s.FinishedAt, Collector: s.Collector, CollectorVersion: s.Version, Digest: s.SHA256, Baseline: s.Baseline,
		Coverage: access.Coverage{Source: s.Source, Queries: s.Queries}}
	for _, c := range s.Classes {
		k := access.ClassCoverage{Class: c.Class, Claimed: access.NoClaim, Fetched: c.Fetched, Parsed: c.Parsed, Rejected: c.Rejected, State: c.State, Reason: c.Reason}
		if c.Claimed != nil {
			k.Claimed = *c.Claimed
		}
		out.Coverage.Classes = append(out.Coverage.Classes, k)
	}
	return out
}

// Facts is the source as the rules saw it.
func (s SourceFile) Facts() access.SystemFacts {
	return access.SystemFacts{Name: s.Name, Title: s.Title, Collector: s.Collector, Owner: s.Owner, Criticality: s.Criticality, SLA: time.Duration(s.SLASeconds) * time.Second,
		IsHR: s.HR, Tonight: s.Tonight.Snapshot(s.Name), Used: s.Used.Snapshot(s.Name)}
}

// Encode writes evidence.json for people and programs: indented, keys in the order of the model, a newline at the end.
func (f File) Encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(f); err != nil {
		return nil, fmt.Errorf("encode evidence: %w", err)
	}
	return b.Bytes(), nil
}

// Decode reads evidence.json.
func Decode(text []byte) (File, error) {
	var f File
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	raw := json.RawMessage(nil)
	f.Detail = &raw
	if err := dec.Decode(&f); err != nil {
		return f, fmt.Errorf("decode evidence: %w", err)
	}
	if f.Detail = any(raw); raw == nil {
		f.Detail = nil
	}
	if f.Format != Format {
		return f, fmt.Errorf("decode evidence: its format is %q, this program reads %q", f.Format, Format)
	}
	return f, nil
}
