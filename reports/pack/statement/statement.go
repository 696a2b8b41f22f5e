// Package statement compares what the ledger's entries of a run say with what a pack says of it: before any pack was made the run entered the digests of
// its configuration, rules, snapshots and findings, the counts of every snapshot, and one digest of all that it says of itself. It is pure.
package statement

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/reports/evidence"
	"muster/reports/pack"
)

// statement is what an entry of a run says that a pack can be compared with. What an entry of its type does not say is nil.
type statement struct {
	SHA256 *string `json:"sha256"`
	Count  *int    `json:"count"`
	Run    *string `json:"run_sha256"` // what the run says of itself; see evidence.File.RunDigest

	AsOf         *string `json:"as_of"`
	Organisation *string `json:"organisation"`
	Version      *string `json:"version"` // of a snapshot's collector, or of the program
	Suppressed   *int    `json:"suppressed"`
	State        *string `json:"state"`
	Incomplete   *bool   `json:"incomplete"`
	Persons      *int64  `json:"persons"`
	Accounts     *int64  `json:"accounts"`
	Grants       *int64  `json:"grants"`

	Snapshot  string                      `json:"snapshot"`
	System    *string                     `json:"system"`
	Collector *string                     `json:"collector"`
	TakenAt   *string                     `json:"taken_at"`
	Baseline  *bool                       `json:"baseline"`
	Classes   map[access.Class]classCount `json:"classes"`
}

// classCount is what an entry says of one object class of a snapshot.
type classCount struct {
	Claimed  int64                `json:"claimed"`
	Fetched  int64                `json:"fetched"`
	Parsed   int64                `json:"parsed"`
	Rejected int64                `json:"rejected"`
	State    access.SnapshotState `json:"state"`
}

// comparison collects what the ledger and a pack say differently.
type comparison struct{ problems []string }

// differ compares what an entry says, when it says it.
func differ[T comparable](c *comparison, what string, said *T, have T) {
	if said != nil && *said != have {
		c.problems = append(c.problems, fmt.Sprintf("%s: %s: the ledger says %v, the pack %v", pack.EvidenceFile, what, *said, have))
	}
}

// must compares what an entry has to say.
func (c *comparison) must(what string, said *string, have string) {
	if said == nil {
		said = new(string)
	}
	differ(c, what, said, have)
}

// Compare compares the proven entries of a run with a model. It gives what differs, sorted, and how many snapshots agree.
func Compare(model evidence.File, entries []ledger.Entry) (problems []string, matched int) {
	cmp := &comparison{}
	snapshots := map[string]statement{}
	for _, e := range entries {
		var said statement
		if err := json.Unmarshal(e.Data, &said); err != nil {
			cmp.problems = append(cmp.problems, fmt.Sprintf("%s: entry %d says something else than one of type %s does: %v", pack.ProofFolder, e.Index, e.Type, err))
			continue
		}
		switch e.Type {
		case ledger.RunStart:
			differ(cmp, "the run's clock", said.AsOf, model.Run.AsOf.UTC().Format(time.RFC3339))
			differ(cmp, "the organisation", said.Organisation, model.Organisation)
			differ(cmp, "the run's version", said.Version, model.Run.Version)
		case ledger.Config:
			cmp.must("digest of the configuration", said.SHA256, model.Run.ConfigSHA256)
		case ledger.Rules:
			cmp.must("digest of the rules", said.SHA256, model.Run.RulesSHA256)
		case ledger.Findings:
			cmp.findings(said, model)
		case ledger.RunEnd:
			differ(cmp, "the run's state", said.State, string(model.Run.State))
			differ(cmp, "whether the run was incomplete", said.Incomplete, model.Run.Incomplete)
			differ(cmp, "the run's persons", said.Persons, model.Run.Persons)
			differ(cmp, "the run's accounts", said.Accounts, model.Run.Accounts)
			differ(cmp, "the run's grants", said.Grants, model.Run.Grants)
		case ledger.Snapshot:
			snapshots[said.Snapshot] = said
		}
	}
	matched = cmp.snapshots(snapshots, model)
	slices.Sort(cmp.problems)
	return cmp.problems, matched
}

// findings compares the entry about all findings of the run, and about what it says of itself. Of a pack that holds less there is the number to compare,
// and, with pseudonyms, the digest of the pack that has the names.
func (c *comparison) findings(said statement, model evidence.File) {
	differ(c, "suppressed hits", said.Suppressed, model.Run.Suppressed)
	switch scope := model.Scope; {
	case scope.Whole():
		c.must(pack.FindingsAnnex+": digest of the findings", said.SHA256, model.FindingsSHA256)
		differ(c, pack.FindingsAnnex+": number of findings", said.Count, model.Totals.All)
		sum, err := model.RunDigest()
		if err != nil {
			c.problems = append(c.problems, err.Error())
		}
		c.must("what it says of the run, its sources, rules, bundles, accepted risks or inputs has another digest", said.Run, sum)
	default:
		if scope.Redacted != nil && len(scope.Persons) == 0 {
			c.must("digest of the findings of the pack with names", said.SHA256, scope.Redacted.FindingsSHA256)
		}
		differ(c, "number of the run's findings", said.Count, scope.Findings)
	}
}

// snapshots compares what the run read with its entries, and what it reasoned from with what it read.
func (c *comparison) snapshots(said map[string]statement, model evidence.File) (matched int) {
	for _, source := range model.Sources {
		snap := source.Tonight
		if snap == nil || snap.ID == "" || snap.RunID != model.Run.ID {
			continue // read by another run; its entry belongs to that one
		}
		one, ok := said[snap.ID]
		if !ok {
			c.problems = append(c.problems, fmt.Sprintf("%s: no proven entry for snapshot %s of %s", pack.ProofFolder, snap.ID, source.Name))
			continue
		}
		matched++
		about := func(what string) string { return what + " snapshot " + snap.ID }
		c.must(about("digest of"), one.SHA256, snap.SHA256)
		differ(c, about("system of"), one.System, source.Name)
		differ(c, about("collector of"), one.Collector, snap.Collector)
		differ(c, about("version of the collector of"), one.Version, snap.Version)
		differ(c, about("state of"), one.State, string(snap.State))
		differ(c, about("time of"), one.TakenAt, snap.TakenAt.UTC().Format(time.RFC3339))
		differ(c, about("first or not:"), one.Baseline, snap.Baseline)
		if have := counted(snap.Classes); one.Classes != nil && !reflect.DeepEqual(one.Classes, have) {
			c.problems = append(c.problems, fmt.Sprintf("%s: counts of snapshot %s: the ledger says %v, the pack %v", pack.EvidenceFile, snap.ID, one.Classes, have))
		}
		if used := source.Used; used != nil && used.ID == snap.ID && !reflect.DeepEqual(used, snap) {
			c.problems = append(c.problems, fmt.Sprintf("%s: snapshot %s of %s is told in two ways", pack.EvidenceFile, snap.ID, source.Name))
		}
	}
	return matched
}

func counted(list []evidence.ClassFile) map[access.Class]classCount {
	out := map[access.Class]classCount{}
	for _, c := range list {
		n := classCount{access.NoClaim, c.Fetched, c.Parsed, c.Rejected, c.State}
		if c.Claimed != nil {
			n.Claimed = *c.Claimed
		}
		out[c.Class] = n
	}
	return out
}
