package check

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/sheet"
	"muster/reports/evidence"
	"muster/reports/pack"
)

// Step is one thing that Verify checked.
type Step struct {
	Name    string // what was checked, for people
	OK      bool
	Details []string // what was found; for a failed step what differs, the changed files first
}

// Report is what Verify found.
type Report struct {
	Path   string
	SHA256 string // of the zip file; the ledger's pack entry has the same. Empty for an unpacked folder
	Pack   string
	Run    string
	Steps  []Step
	File   evidence.File // the model, when it could be read
}

// OK reports whether every step passed.
func (r Report) OK() bool {
	return len(r.Steps) > 0 && !slices.ContainsFunc(r.Steps, func(s Step) bool { return !s.OK })
}

// Verify checks a pack offline: its checksums and their signature, the attestation and the seal, its model against its annexes, and its
// findings against the signed ledger. The pack's own keys are used; what trustedKey holds they must be or be chained to, which is what
// makes signatures mean something: the ledger's verifier key, a pack key (PEM), a keyring, or several of these. path is a zip file or the folder that it was unpacked into. The error, of Kind Invalid, names the first
// difference; the Report has all.
func Verify(ctx context.Context, path, trustedKey string) (Report, error) {
	r := Report{Path: path}
	a, err := openArchive(path)
	if err != nil {
		kind := access.Invalid
		if errors.Is(err, fs.ErrNotExist) {
			kind = access.NotFound
		}
		r.Steps = append(r.Steps, Step{Name: "archive", Details: []string{err.Error()}})
		return r, &access.Error{Op: "verify pack", Kind: kind, Err: err}
	}
	defer func() { _ = a.close() }() // it was only read
	if r.SHA256, err = fileDigest(ctx, path); err != nil {
		return r, &access.Error{Op: "verify pack", Kind: access.KindOf(err), Err: err}
	}
	keys, err := readTrusted(trustedKey)
	if err != nil {
		return r, &access.Error{Op: "verify pack", Kind: access.Invalid, Err: err, Hint: "a trusted key is the ledger's verifier key, the pack key as PEM, or a keyring"}
	}
	c := &check{ctx: ctx, a: a, report: &r, trusted: keys, sums: map[string]string{}}
	for _, step := range []struct {
		name string
		run  func(s *Step) error
	}{
		{"archive: plain files with safe names", c.archive},
		{"checksums: SHA256SUMS names every file and every byte", c.checksums},
		{"model: evidence.json is readable", c.model},
		{"signature: SHA256SUMS is signed by the pack key", c.signature},
		{"attestation: a signed statement names every file", c.attestation},
		{"seal: the report is as it was sealed", c.sealed},
		{"annexes: every table is the one that the model describes", c.annexes},
		{"findings: digest and counts follow from the rows", c.findings},
		{"checkpoint: signed by the ledger's key", c.checkpoint},
		{"proofs: the run's entries are in the ledger", c.proofs},
		{"ledger: its entries say what the pack says", c.statements},
		{"later: what was entered after the run is in the ledger, which only grew", c.later},
		{"receipt: the ledger has this very zip file", c.receipt},
	} {
		s := Step{Name: step.name}
		if err := step.run(&s); err != nil {
			return r, &access.Error{Op: "verify pack", Kind: access.Transient, Err: err}
		}
		r.Steps = append(r.Steps, s)
	}
	for _, s := range r.Steps {
		if !s.OK {
			err := fmt.Errorf("%s", strings.Join(append([]string{}, s.Details...), "; "))
			return r, &access.Error{Op: "verify pack", Kind: access.Invalid, Err: err, Hint: "ask for the pack again, and compare its SHA-256 with the one on the ledger"}
		}
	}
	return r, nil
}

// check is one Verify under way.
type check struct {
	ctx     context.Context
	a       *archive
	report  *Report
	trusted trusted
	sums    map[string]string // digests of the files, as they are
	modelOK bool
	entries []ledger.Entry // proven
}

// finish ends a step: it passed when nothing was said against it.
func finish(s *Step, problems []string, good string, args ...any) error {
	if len(problems) > 0 {
		s.Details = problems
		return nil
	}
	s.OK, s.Details = true, []string{fmt.Sprintf(good, args...)}
	return nil
}

func (c *check) archive(s *Step) error {
	return finish(s, nil, "%d files", len(c.a.names))
}

func (c *check) checksums(s *Step) error {
	text, err := fs.ReadFile(c.a, pack.SumsFile)
	if err != nil {
		return finish(s, []string{pack.SumsFile + ": " + err.Error()}, "")
	}
	var problems []string
	listed := map[string]string{}
	for _, line := range strings.SplitAfter(string(text), "\n") {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if line == "" {
			continue
		}
		if !ok || !hexDigest.MatchString(sum) || listed[name] != "" || !strings.HasSuffix(line, "\n") {
			problems = append(problems, fmt.Sprintf("%s: a line is malformed or comes twice: %q", pack.SumsFile, line))
			continue
		}
		listed[name] = sum
	}
	for _, name := range c.a.names {
		want, ok := listed[name]
		delete(listed, name)
		if name == pack.SumsFile || name == pack.SignatureFile && !ok {
			continue
		}
		if !ok {
			problems = append(problems, name+": is not in "+pack.SumsFile)
			continue
		}
		have, err := c.digest(name)
		c.sums[name] = have
		if c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", name, err))
		} else if have != want {
			problems = append(problems, fmt.Sprintf("%s: was changed (SHA-256 %s, %s says %s)", name, have, pack.SumsFile, want))
		}
	}
	missing := make([]string, 0, len(listed))
	for name := range listed {
		missing = append(missing, name+": is missing")
	}
	slices.Sort(missing)
	return finish(s, append(problems, missing...), "%d files match", len(c.sums))
}

func (c *check) digest(name string) (string, error) {
	f, err := c.a.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	return digest(c.ctx, f)
}

func digest(ctx context.Context, r io.Reader) (string, error) {
	sum, buf := sha256.New(), make([]byte, 1<<18)
	for {
		n, err := r.Read(buf)
		sum.Write(buf[:n])
		if err == io.EOF {
			return hex.EncodeToString(sum.Sum(nil)), nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return "", err
		}
	}
}

// fileDigest is the SHA-256 of a file, and empty for a folder.
func fileDigest(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open pack: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return "", err
	}
	return digest(ctx, f)
}

func (c *check) model(s *Step) error {
	text, err := fs.ReadFile(c.a, pack.EvidenceFile)
	if err == nil {
		c.report.File, err = evidence.Decode(text)
	}
	if err != nil {
		return finish(s, []string{pack.EvidenceFile + ": " + err.Error()}, "")
	}
	c.modelOK = true
	f := c.report.File
	c.report.Pack, c.report.Run = f.Pack, f.Run.ID
	if again, err := f.Encode(); err != nil || !bytes.Equal(again, text) {
		return finish(s, []string{pack.EvidenceFile + ": is not as Muster writes it"}, "")
	}
	return finish(s, nil, "pack %s of run %s, %s", f.Pack, f.Run.ID, f.Organisation)
}

// annexes compares every table with what the model says of it, and the tables there are with those that must be.
func (c *check) annexes(s *Step) error {
	if !c.modelOK {
		return finish(s, []string{"not checked: " + pack.EvidenceFile + " is unreadable"}, "")
	}
	var problems []string
	var rows int64
	named := map[string]bool{}
	for _, annex := range c.report.File.Annexes {
		named[annex.File] = true
		have, sum, err := c.count(annex.File)
		switch {
		case c.ctx.Err() != nil:
			return c.ctx.Err()
		case err != nil:
			problems = append(problems, fmt.Sprintf("%s: %v", annex.File, err))
		case have != annex.Rows:
			problems = append(problems, fmt.Sprintf("%s: has %d rows, the model says %d", annex.File, have, annex.Rows))
		case sum != annex.SHA256:
			problems = append(problems, fmt.Sprintf("%s: is not the table that the model describes", annex.File))
		}
		rows += have
	}
	for _, name := range c.a.names {
		if strings.HasPrefix(name, pack.AnnexFolder) && !named[name] {
			problems = append(problems, name+": the model does not know it")
		}
	}
	for _, in := range c.report.File.Inputs {
		named[in.File] = true
		if sum, err := c.digest(in.File); err != nil || sum != in.SHA256 {
			problems = append(problems, in.File+": is not the input that the model describes")
		}
	}
	for _, name := range c.a.names {
		if strings.HasPrefix(name, pack.InputFolder) && !named[name] {
			problems = append(problems, name+": the model does not know it")
		}
	}
	for _, table := range append(evidence.Tables(), "findings", "findings-before", "snapshots", "rule-counts") {
		if !named[pack.AnnexFolder+table+".csv"] {
			problems = append(problems, pack.AnnexFolder+table+".csv: the model lacks it")
		}
	}
	return finish(s, problems, "%d tables, %d rows; %d inputs", len(c.report.File.Annexes), rows, len(c.report.File.Inputs))
}

// count reads a table strictly and returns its rows and its digest.
func (c *check) count(name string) (rows int64, sum string, err error) {
	f, err := c.a.Open(name)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	hash := sha256.New()
	in := sheet.NewReader(io.TeeReader(f, hash))
	for rows = -1; ; rows++ {
		if _, err := in.Read(); err == io.EOF {
			break
		} else if err = errors.Join(err, c.ctx.Err()); err != nil {
			return max(rows, 0), "", err
		}
	}
	return max(rows, 0), hex.EncodeToString(hash.Sum(nil)), nil
}

// hexDigest is the spelling of a SHA-256.
var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// findings recomputes digest and counts from the rows of findings.csv.
func (c *check) findings(s *Step) error {
	f, err := c.a.Open(pack.FindingsAnnex)
	if err != nil || !c.modelOK {
		return finish(s, []string{fmt.Sprintf("not checked: %s or %s is unreadable", pack.FindingsAnnex, pack.EvidenceFile)}, "")
	}
	defer func() { _ = f.Close() }() // it was only read
	tally := evidence.NewTally(c.report.File.Run.AsOf, 0)
	err = pack.ReadFindings(f, func(x access.Finding) error {
		tally.Add(x)
		return c.ctx.Err()
	})
	if err != nil {
		return finish(s, []string{fmt.Sprintf("%s: %v", pack.FindingsAnnex, err)}, "")
	}
	model := c.report.File
	var problems []string
	if sum := tally.Digest.Sum(); sum != model.FindingsSHA256 {
		problems = append(problems, fmt.Sprintf("%s: its rows have the digest %s, the model says %s", pack.FindingsAnnex, sum, model.FindingsSHA256))
	}
	if tally.Totals != model.Totals {
		problems = append(problems, fmt.Sprintf("%s: its rows count %+v, the model says %+v", pack.FindingsAnnex, tally.Totals, model.Totals))
	}
	sum := evidence.Totals{All: tally.Totals.All}
	for _, n := range model.Run.Counts {
		sum.Open, sum.New, sum.Resolved = sum.Open+n.Open, sum.New+n.New, sum.Resolved+n.Resolved
		sum.Reopened, sum.Excepted, sum.Unverified = sum.Reopened+n.Reopened, sum.Excepted+n.Excepted, sum.Unverified+n.Unverified
	}
	if !model.Scope.Whole() {
		return finish(s, problems, "%d findings, digest %s; the run's counts by rule: %s", tally.Totals.All, model.FindingsSHA256, model.Scope.Unchecked())
	}
	if sum != model.Totals {
		problems = append(problems, fmt.Sprintf("%s: the run's counts by rule add up to %+v, its totals are %+v", pack.EvidenceFile, sum, model.Totals))
	}
	return finish(s, problems, "%s findings, digest %s", strconv.Itoa(tally.Totals.All), model.FindingsSHA256)
}

// text reads a small file of the pack.
func (c *check) text(name string) (string, error) {
	text, err := fs.ReadFile(c.a, name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return string(text), nil
}

// statement is what a ledger entry says that a pack can be compared with.
type statement struct {
	SHA256   string `json:"sha256"`
	Count    *int   `json:"count"`
	Snapshot string `json:"snapshot"`
	System   string `json:"system"`
	Run      string `json:"run_sha256"` // what the run says of itself; see evidence.File.RunDigest
}

func readStatement(e ledger.Entry) (s statement) {
	_ = json.Unmarshal(e.Data, &s) // what is not there is compared as empty and so found
	return s
}
