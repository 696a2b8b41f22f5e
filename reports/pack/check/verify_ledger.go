package check

import (
	"fmt"
	"strings"

	"muster/internal/ledger"
	"muster/reports/pack"
	"muster/reports/pack/statement"
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
	if c.trusted.Ledger != "" && key != c.trusted.Ledger {
		problems = append(problems, fmt.Sprintf("%s: the pack's key is %s, the trusted one is %s", pack.VerifierFile, key, c.trusted.Ledger))
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
	if c.trusted.Ledger != "" {
		trust = "by the trusted key"
	}
	why := ""
	if c.trusted.Any() && c.trusted.Ledger == "" {
		why = "none of the given keys is a ledger's; give its verifier key too"
	}
	return partly(s, problems, why, "%s with %d entries, signed %s", at.Origin, at.Size, trust)
}

// proofs checks the inclusion of every entry, and that no proof is missing or too many.
func (c *check) proofs(s *Step) error {
	key, kerr := c.text(pack.VerifierFile)
	note, cerr := c.text(pack.CheckpointFile)
	if kerr != nil || cerr != nil || !c.modelOK {
		return skip(s, "the ledger's files or "+pack.EvidenceFile+" are unreadable")
	}
	key = strings.TrimSuffix(key, "\n")
	var problems []string
	named := map[string]bool{}
	types := map[ledger.Type]bool{}
	for _, entry := range c.report.File.Ledger.Entries {
		named[entry.Proof] = true
		e, err := c.prove(entry.Proof, note, key)
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
	for _, name := range c.a.Names {
		if strings.HasPrefix(name, pack.ProofFolder) && !named[name] {
			problems = append(problems, name+": the model does not know it")
		}
	}
	for _, need := range []ledger.Type{ledger.RunStart, ledger.Config, ledger.Rules, ledger.Findings, ledger.RunEnd} {
		if !types[need] {
			problems = append(problems, fmt.Sprintf("%s: no proven entry of type %s", pack.ProofFolder, need))
		}
	}
	return finish(s, problems, "%d entries", len(c.entries))
}

func (c *check) prove(name, checkpoint, key string) (ledger.Entry, error) {
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
		return skip(s, "there is no proven entry")
	}
	problems, matched := statement.Compare(c.report.File, c.entries)
	if why := c.part(); why != "" {
		return partly(s, problems, why, "rules, configuration, counts and %d snapshots agree; the digests of the findings and of what the run says of itself are of all of it", matched)
	}
	return finish(s, problems, "findings, rules, configuration and %d snapshots agree", matched)
}
