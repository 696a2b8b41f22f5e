package check

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"muster/internal/ledger"
	"muster/internal/sheet"
	"muster/reports/evidence"
	"muster/reports/pack"
)

// The annexes of a campaign that its entries are compared with; package accessreview writes them.
const (
	reviewItems     = pack.AnnexFolder + "review-items.csv"
	reviewDecisions = pack.AnnexFolder + "review-decisions.csv"
)

// later checks the entries that are younger than the run: that the ledger went on from the run's checkpoint, that each is in it, and that what
// they say of a campaign is what its tables say.
func (c *check) later(s *Step) error {
	if !c.modelOK {
		return finish(s, []string{"not checked: " + pack.EvidenceFile + " is unreadable"}, "")
	}
	model := c.report.File.Later
	var problems []string
	named := map[string]bool{}
	if model != nil {
		for _, e := range model.Entries {
			named[e.Proof] = true
		}
		named[pack.LaterCheckpointFile], named[pack.LaterConsistencyFile] = true, true
		named[pack.LaterOpenedFile] = model.Opened > 0
	}
	for _, name := range c.a.names {
		if strings.HasPrefix(name, "ledger/later/") && !named[name] {
			problems = append(problems, name+": the model does not know it")
		}
	}
	var entries []ledger.Entry
	by := map[uint64]string{}
	if model != nil {
		var more []string
		entries, problems = c.laterEntries(problems)
		by, more = c.opened(entries)
		problems = append(problems, more...)
	}
	if slices.ContainsFunc(c.report.File.Annexes, func(a evidence.Annex) bool { return a.File == pack.ActivityAnnex }) {
		problems = append(problems, c.activity(entries, by)...)
	}
	if c.report.File.Kind == "access-review" && c.report.File.Scope.Redacted == nil {
		problems = append(problems, c.campaign(entries, by)...)
	}
	slices.Sort(problems)
	if model == nil {
		return finish(s, problems, "there are none: the pack rests on the run alone")
	}
	return finish(s, problems, "%d entries; the ledger went on from the run's checkpoint; of %d it is shown by whom", len(entries), len(by))
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
		e, err := c.proof(entry.Proof, note, key)
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

// said is what an entry about a campaign says.
type said struct {
	What       string `json:"what"`
	Population string `json:"population"`
	Decision   string `json:"decision"`
	Item       string `json:"item"`
	Verdict    string `json:"verdict"`
	Role       string `json:"role"`
	Channel    string `json:"channel"`

	by string // as far as it is shown
}

// campaign compares the population and every decision with the ledger.
func (c *check) campaign(entries []ledger.Entry, by map[uint64]string) (problems []string) {
	decided, silent, frozen := map[string]said{}, map[string]string{}, ""
	for _, e := range entries {
		var d said
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return append(problems, fmt.Sprintf("entry %d: %v", e.Index, err))
		}
		switch {
		case e.Type == ledger.Campaign && d.What == "frozen":
			frozen = d.Population
		case e.Type == ledger.Decision && d.Decision != "":
			d.by = by[e.Index]
			decided[d.Decision] = d
		case e.Type == ledger.Decision:
			silent[d.Item] = d.Verdict
		}
	}
	var keys []string
	err := c.rows(reviewItems, []string{"key", "item", "silent"}, func(cell func(string) string) {
		keys = append(keys, cell("key")+"\n")
		_, on := silent[cell("item")]
		if delete(silent, cell("item")); on != (cell("silent") == "true") {
			problems = append(problems, fmt.Sprintf("%s: item %s ended by silence in one of the table and the ledger, and not in the other", reviewItems, cell("item")))
		}
	})
	if err != nil {
		return append(problems, err.Error())
	}
	slices.Sort(keys)
	sum := sha256.Sum256([]byte(strings.Join(keys, "")))
	if have := hex.EncodeToString(sum[:]); have != frozen {
		problems = append(problems, fmt.Sprintf("%s: its population has the hash %s, the ledger says %s", reviewItems, have, frozen))
	}
	err = c.rows(reviewDecisions, []string{"item", "decision", "verdict", "by", "role", "channel"}, func(cell func(string) string) {
		d, on := decided[cell("decision")]
		delete(decided, cell("decision"))
		if !on || d.Item != cell("item") || d.Verdict != cell("verdict") || d.Role != cell("role") || d.Channel != cell("channel") || d.by != "" && d.by != cell("by") {
			problems = append(problems, fmt.Sprintf("%s: decision %s on item %s is not what the ledger says: %s", reviewDecisions, cell("decision"), cell("item"), cell("verdict")))
		}
	})
	if err != nil {
		return append(problems, err.Error())
	}
	for id := range decided {
		problems = append(problems, fmt.Sprintf("%s: decision %s is on the ledger and not in the table", reviewDecisions, id))
	}
	for item := range silent {
		problems = append(problems, fmt.Sprintf("%s: item %s ended by silence on the ledger and is not in the table", reviewItems, item))
	}
	return problems
}

// rows reads columns of a table.
func (c *check) rows(name string, columns []string, yield func(cell func(string) string)) error {
	f, err := c.a.Open(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	return tableRows(f, name, columns, yield)
}

func tableRows(f fs.File, name string, columns []string, yield func(cell func(string) string)) error {
	in := sheet.NewReader(f)
	head, err := in.Read()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	at := map[string]int{}
	for i, h := range head {
		at[h] = i
	}
	for _, column := range columns {
		if _, ok := at[column]; !ok {
			return fmt.Errorf("%s: it has no column %s", name, column)
		}
	}
	for {
		row, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		yield(func(column string) string { return row[at[column]] })
	}
}
