package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/reports/accessreview"
	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/reports/pack/campaign"
)

// later checks the entries that are younger than the run: that the ledger went on from the run's checkpoint, that each is in it, and that what
// they say of a campaign is what its tables say.
func (c *check) later(s *Step) error {
	if !c.modelOK {
		return skip(s, unreadable)
	}
	model := c.report.File.Later
	problems := c.strays(model)
	var entries []ledger.Entry
	by := map[uint64]string{}
	if model != nil {
		var more []string
		entries, problems = c.laterEntries(problems)
		by, more = c.opened(entries)
		problems = append(problems, more...)
	}
	if why := c.part(); c.report.File.Scope.Redacted != nil { // its tables have other ids than the ledger
		return partly(s, problems, why, "%d entries", len(entries))
	}
	whys := c.unseen(entries, by)
	annexes := c.report.File.Annexes
	if slices.ContainsFunc(annexes, func(a evidence.Annex) bool { return a.File == pack.ActivityAnnex }) {
		problems = append(problems, c.activity(entries, by)...)
	}
	if slices.ContainsFunc(annexes, func(a evidence.Annex) bool {
		return a.File == accessreview.ItemsAnnex || a.File == accessreview.DecisionsAnnex
	}) {
		wrong, why := c.campaign(entries, by)
		problems, whys = append(problems, wrong...), append(whys, why...)
	}
	slices.Sort(problems)
	if model == nil && len(problems) == 0 {
		s.Skip("nothing was entered after the run that the pack rests on")
		s.Nothing = true
		return nil
	}
	return partly(s, problems, strings.Join(whys, "; "), "%d entries; the ledger went on from the run's checkpoint; of %d it is shown by whom", len(entries), len(by))
}

// strays are the files about what was entered later that the model does not know.
func (c *check) strays(model *evidence.LedgerFile) (problems []string) {
	named := map[string]bool{}
	if model != nil {
		for _, e := range model.Entries {
			if named[e.Proof] {
				problems = append(problems, e.Proof+": the model names it twice")
			}
			named[e.Proof] = true
		}
		named[pack.LaterCheckpointFile], named[pack.LaterConsistencyFile] = true, true
		named[pack.LaterOpenedFile] = model.Opened > 0
	}
	for _, name := range c.a.Names {
		if strings.HasPrefix(name, pack.LaterFolder) && !named[name] {
			problems = append(problems, name+": the model does not know it")
		}
	}
	return problems
}

// unseen says how many entries commit to by whom they are and are not opened.
func (c *check) unseen(entries []ledger.Entry, by map[uint64]string) (whys []string) {
	n := 0
	for _, e := range entries {
		if _, shown := by[e.Index]; !shown && commit.Found(e.Data)[evidence.FieldBy] != "" {
			n++
		}
	}
	if n > 0 {
		whys = append(whys, fmt.Sprintf("of %d entries the pack does not show by whom they are", n))
	}
	return whys
}

// campaign compares a campaign's tables and what the model says of it with the ledger.
func (c *check) campaign(entries []ledger.Entry, by map[uint64]string) (problems, whys []string) {
	m, ok := c.detail.(accessreview.Model)
	if !ok {
		return []string{pack.EvidenceFile + ": it has a campaign's tables and does not tell of a campaign"}, nil
	}
	out := campaign.Check(campaign.Input{File: c.report.File, Model: m, Entries: entries, By: by, Open: c.a.Open})
	return out.Problems, out.Unchecked
}

// laterEntries proves the entries.
func (c *check) laterEntries(problems []string) ([]ledger.Entry, []string) {
	model := c.report.File.Later
	key, kerr := c.text(pack.VerifierFile)
	old, oerr := c.text(pack.CheckpointFile)
	note, nerr := c.text(pack.LaterCheckpointFile)
	growth, gerr := c.text(pack.LaterConsistencyFile)
	if err := errors.Join(kerr, oerr, nerr, gerr); err != nil {
		return nil, append(problems, err.Error())
	}
	var entries []ledger.Entry
	key = strings.TrimSuffix(key, "\n")
	at, err := ledger.ParseCheckpoint(note, key)
	if err != nil {
		return nil, append(problems, fmt.Sprintf("%s: %v", pack.LaterCheckpointFile, err))
	}
	if at.Origin != model.Origin || at.Size != model.Size || at.Root.String() != model.Root {
		problems = append(problems, fmt.Sprintf("%s: is not the checkpoint that %s names", pack.LaterCheckpointFile, pack.EvidenceFile))
	}
	proof, err := ledger.ParseConsistency(old, note, growth)
	if err == nil {
		err = ledger.VerifyConsistency(proof, key)
	}
	if err != nil {
		problems = append(problems, fmt.Sprintf("%s: %v", pack.LaterConsistencyFile, err))
	}
	for _, entry := range model.Entries {
		e, err := c.prove(entry.Proof, note, key)
		switch {
		case err != nil:
			problems = append(problems, fmt.Sprintf("%s: %v", entry.Proof, err))
		case e.Index != entry.Index || e.Type != entry.Type:
			problems = append(problems, fmt.Sprintf("%s: proves entry %d (%s), the model says %d (%s)", entry.Proof, e.Index, e.Type, entry.Index, entry.Type))
		default:
			entries = append(entries, e)
		}
	}
	return entries, problems
}
