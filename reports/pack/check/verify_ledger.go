package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"muster/internal/ledger"
	"muster/reports/pack"
)

// checkpoint checks the signature, and that the model speaks of the same tree.
func (c *check) checkpoint(s *Step) error {
	key, err := c.text(pack.VerifierFile)
	if err != nil {
		return finish(s, []string{err.Error()}, "")
	}
	note, err := c.text(pack.CheckpointFile)
	if err != nil {
		return finish(s, []string{err.Error()}, "")
	}
	key = strings.TrimSuffix(key, "\n")
	var problems []string
	if c.trusted.ledger != "" && key != c.trusted.ledger {
		problems = append(problems, fmt.Sprintf("%s: the pack's key is %s, the trusted one is %s", pack.VerifierFile, key, c.trusted.ledger))
	}
	at, err := ledger.ParseCheckpoint(note, key)
	if err != nil {
		return finish(s, append(problems, fmt.Sprintf("%s: %v", pack.CheckpointFile, err)), "")
	}
	model := c.report.File.Ledger
	if c.modelOK && (at.Origin != model.Origin || at.Size != model.Size || at.Root.String() != model.Root) {
		problems = append(problems, fmt.Sprintf("%s: is not the checkpoint that %s names", pack.CheckpointFile, pack.EvidenceFile))
	}
	trust := "by the pack's own key; compare it with the organisation's published one"
	if c.trusted.ledger != "" {
		trust = "by the trusted key"
	}
	return finish(s, problems, "%s with %d entries, signed %s", at.Origin, at.Size, trust)
}

// proofs checks the inclusion of every entry, and that no proof is missing or too many.
func (c *check) proofs(s *Step) error {
	key, kerr := c.text(pack.VerifierFile)
	note, cerr := c.text(pack.CheckpointFile)
	if kerr != nil || cerr != nil || !c.modelOK {
		return finish(s, []string{"not checked: the ledger's files or " + pack.EvidenceFile + " are unreadable"}, "")
	}
	key = strings.TrimSuffix(key, "\n")
	var problems []string
	named := map[string]bool{}
	types := map[ledger.Type]bool{}
	for _, entry := range c.report.File.Ledger.Entries {
		named[entry.Proof] = true
		e, err := c.proof(entry.Proof, note, key)
		switch {
		case err != nil:
			problems = append(problems, fmt.Sprintf("%s: %v", entry.Proof, err))
		case e.Index != entry.Index || e.Type != entry.Type:
			problems = append(problems, fmt.Sprintf("%s: proves entry %d (%s), the model says %d (%s)", entry.Proof, e.Index, e.Type, entry.Index, entry.Type))
		case e.Run != c.report.File.Run.ID:
			problems = append(problems, fmt.Sprintf("%s: the entry is of run %s", entry.Proof, e.Run))
		default:
			types[e.Type] = true
			c.entries = append(c.entries, e)
		}
	}
	for _, name := range c.a.names {
		if strings.HasPrefix(name, pack.ProofFolder) && !named[name] {
			problems = append(problems, name+": the model does not know it")
		}
	}
	for _, need := range []ledger.Type{ledger.RunStart, ledger.Config, ledger.Rules, ledger.Findings} {
		if !types[need] {
			problems = append(problems, fmt.Sprintf("%s: no proven entry of type %s", pack.ProofFolder, need))
		}
	}
	return finish(s, problems, "%d entries", len(c.entries))
}

func (c *check) proof(name, checkpoint, key string) (ledger.Entry, error) {
	text, err := c.text(name)
	if err != nil {
		return ledger.Entry{}, err
	}
	p, err := ledger.ParseProof(text)
	if err != nil {
		return ledger.Entry{}, err
	}
	if p.Checkpoint != checkpoint {
		return ledger.Entry{}, fmt.Errorf("it is a proof at another checkpoint than %s", pack.CheckpointFile)
	}
	return ledger.VerifyProof(p, checkpoint, key)
}

// statements compares what the proven entries say with the model, which was compared with the annexes.
func (c *check) statements(s *Step) error {
	if !c.modelOK || len(c.entries) == 0 {
		return finish(s, []string{"not checked: there is no proven entry"}, "")
	}
	model := c.report.File
	var problems []string
	differ := func(what, have, want string) {
		if have != want {
			problems = append(problems, fmt.Sprintf("%s: the ledger says %s, the pack %s", what, have, want))
		}
	}
	snapshots := map[string]string{} // id to digest
	for _, e := range c.entries {
		said := readStatement(e)
		switch e.Type {
		case ledger.Config:
			differ(pack.EvidenceFile+": digest of the configuration", said.SHA256, model.Run.ConfigSHA256)
		case ledger.Rules:
			differ(pack.EvidenceFile+": digest of the rules", said.SHA256, model.Run.RulesSHA256)
		case ledger.Findings:
			if !model.Scope.Whole() { // the entry is about all of the run's
				if r := model.Scope.Redacted; r != nil && len(model.Scope.Persons) == 0 {
					differ(pack.EvidenceFile+": digest of the findings of the pack with names", said.SHA256, r.FindingsSHA256)
				}
				if said.Count != nil {
					differ(pack.EvidenceFile+": number of the run's findings", strconv.Itoa(*said.Count), strconv.Itoa(model.Scope.Findings))
				}
				continue
			}
			differ(pack.FindingsAnnex+": digest of the findings", said.SHA256, model.FindingsSHA256)
			if sum, err := model.RunDigest(); err != nil || sum != said.Run {
				problems = append(problems, fmt.Sprintf("%s: what it says of the run, its sources, rules, bundles, accepted risks or inputs has the digest %s, the ledger says %s", pack.EvidenceFile, sum, said.Run))
			}
			if said.Count != nil {
				differ(pack.FindingsAnnex+": number of findings", strconv.Itoa(*said.Count), strconv.Itoa(model.Totals.All))
			}
		case ledger.Snapshot:
			snapshots[said.Snapshot] = said.SHA256
		}
	}
	matched := 0
	for _, source := range model.Sources {
		snap := source.Tonight
		if snap == nil || snap.ID == "" || snap.RunID != model.Run.ID {
			continue // read by another run; its entry belongs to that one
		}
		sum, ok := snapshots[snap.ID]
		if !ok {
			problems = append(problems, fmt.Sprintf("%s: no proven entry for snapshot %s of %s", pack.ProofFolder, snap.ID, source.Name))
			continue
		}
		matched++
		differ(pack.EvidenceFile+": digest of snapshot "+snap.ID, sum, snap.SHA256)
	}
	slices.Sort(problems)
	if !model.Scope.Whole() {
		return finish(s, problems, "rules, configuration and %d snapshots agree; the findings' digest: %s", matched, model.Scope.Unchecked())
	}
	return finish(s, problems, "findings, rules, configuration and %d snapshots agree", matched)
}
