package check

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/evidence"
	"muster/reports/pack"
)

// annexes compares every table with what the model says of it, and the tables there are with those that must be.
func (c *check) annexes(s *Step) error {
	if !c.modelOK {
		return skip(s, unreadable)
	}
	var problems []string
	var rows int64
	named := map[string]bool{}
	for _, annex := range c.report.File.Annexes {
		if named[annex.File] {
			problems = append(problems, annex.File+": the model names it twice")
		}
		named[annex.File] = true
		have, sum, size, err := c.count(annex.File)
		switch {
		case c.ctx.Err() != nil:
			return c.ctx.Err()
		case err != nil:
			problems = append(problems, fmt.Sprintf("%s: %v", annex.File, err))
		case have != annex.Rows:
			problems = append(problems, fmt.Sprintf("%s: has %d rows, the model says %d", annex.File, have, annex.Rows))
		case sum != annex.SHA256 || size != annex.Size:
			problems = append(problems, fmt.Sprintf("%s: is not the table that the model describes", annex.File))
		}
		rows += have
	}
	problems = append(problems, c.tables(named)...)
	for _, in := range c.report.File.Inputs {
		if named[in.File] {
			problems = append(problems, in.File+": the model names it twice")
		}
		named[in.File] = true
		if sum, err := c.digest(in.File); err != nil || sum != in.SHA256 {
			problems = append(problems, in.File+": is not the input that the model describes")
		}
	}
	for _, name := range c.a.Names {
		if (strings.HasPrefix(name, pack.AnnexFolder) || strings.HasPrefix(name, pack.InputFolder)) && !named[name] {
			problems = append(problems, name+": the model does not know it")
		}
	}
	return finish(s, problems, "%d tables, %d rows; %d inputs", len(c.report.File.Annexes), rows, len(c.report.File.Inputs))
}

// tables compares the names of the tables with those that a pack of this kind has.
func (c *check) tables(named map[string]bool) (problems []string) {
	if c.kind.Name == "" {
		return nil // the model is of no kind, which was said
	}
	want := c.kind.Tables()
	for _, name := range want {
		if !named[name] {
			problems = append(problems, name+": the model lacks it")
		}
	}
	for _, annex := range c.report.File.Annexes {
		if !slices.Contains(want, annex.File) {
			problems = append(problems, fmt.Sprintf("%s: a pack of the kind %s has no such table", annex.File, c.kind.Name))
		}
	}
	return problems
}

// count reads a table strictly and returns its rows, its digest and its length. No two columns have the same name.
func (c *check) count(name string) (rows int64, sum string, size int64, err error) {
	f, err := c.a.Open(name)
	if err != nil {
		return 0, "", 0, err
	}
	defer func() { _ = f.Close() }() // it was only read
	hash := sha256.New()
	length := &counter{}
	in := sheet.NewReader(io.TeeReader(f, io.MultiWriter(hash, length)))
	for rows = -1; ; rows++ {
		row, err := in.Read()
		if err == io.EOF {
			break
		}
		if err == nil && rows < 0 {
			if columns := slices.Sorted(slices.Values(row)); len(slices.Compact(columns)) < len(row) {
				err = errors.New("two of its columns have the same name")
			}
		}
		if err = errors.Join(err, c.ctx.Err()); err != nil {
			return max(rows, 0), "", 0, err
		}
	}
	return max(rows, 0), hex.EncodeToString(hash.Sum(nil)), length.n, nil
}

// counter counts what is written.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// findings recomputes digest and counts from the rows of findings.csv.
func (c *check) findings(s *Step) error {
	f, err := c.a.Open(pack.FindingsAnnex)
	if err != nil || !c.modelOK {
		return skip(s, fmt.Sprintf("%s or %s is unreadable", pack.FindingsAnnex, pack.EvidenceFile))
	}
	defer func() { _ = f.Close() }() // it was only read
	model := c.report.File
	tally := evidence.NewTally(model.Run.AsOf, 0)
	err = pack.ReadFindings(f, func(x access.Finding) error {
		tally.Add(x)
		return c.ctx.Err()
	})
	if err != nil {
		return finish(s, []string{fmt.Sprintf("%s: %v", pack.FindingsAnnex, err)}, "")
	}
	var problems []string
	if sum := tally.Digest.Sum(); sum != model.FindingsSHA256 {
		problems = append(problems, fmt.Sprintf("%s: its rows have the digest %s, the model says %s", pack.FindingsAnnex, sum, model.FindingsSHA256))
	}
	if tally.Totals != model.Totals {
		problems = append(problems, fmt.Sprintf("%s: its rows count %+v, the model says %+v", pack.FindingsAnnex, tally.Totals, model.Totals))
	}
	if len(model.Scope.Persons) > 0 { // it has a part of the run's findings
		if model.Totals.All > model.Scope.Findings {
			problems = append(problems, fmt.Sprintf("%s: it has %d rows, the run had %d findings", pack.FindingsAnnex, model.Totals.All, model.Scope.Findings))
		}
		return partly(s, problems, c.part(), "%d findings, digest %s; the run's counts by rule are not those of its rows", tally.Totals.All, model.FindingsSHA256)
	}
	if model.Scope.Redacted != nil && model.Totals.All != model.Scope.Findings {
		problems = append(problems, fmt.Sprintf("%s: it has %d rows, the run had %d findings", pack.FindingsAnnex, model.Totals.All, model.Scope.Findings))
	}
	sum := evidence.Totals{All: tally.Totals.All}
	for _, n := range model.Run.Counts {
		sum.Open, sum.New, sum.Resolved = sum.Open+n.Open, sum.New+n.New, sum.Resolved+n.Resolved
		sum.Reopened, sum.Excepted, sum.Unverified = sum.Reopened+n.Reopened, sum.Excepted+n.Excepted, sum.Unverified+n.Unverified
	}
	if sum != model.Totals {
		problems = append(problems, fmt.Sprintf("%s: the run's counts by rule add up to %+v, its totals are %+v", pack.EvidenceFile, sum, model.Totals))
	}
	return finish(s, problems, "%s findings, digest %s", strconv.Itoa(tally.Totals.All), model.FindingsSHA256)
}

// part says why a pack that holds less than its run cannot be compared with the ledger; empty for one that holds all of it.
func (c *check) part() string {
	if scope := c.report.File.Scope; !scope.Whole() {
		return strings.TrimPrefix(scope.Unchecked(), "not checked: ")
	}
	return ""
}
