package check

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/witness"
	"muster/reports/kinds"
	"muster/reports/ocsf"
	"muster/reports/oscal"
	"muster/reports/pack"
	"muster/reports/pack/archive"
	"muster/reports/pack/given"
	"muster/reports/seal"
)

// calm is how much a pack may hold of which the checksums or the signature do not hold and that is looked into nevertheless.
const calm = 256 << 20

// Verify checks a pack offline: its checksums and their signature, the attestation and the seal, its model against its annexes, and its
// findings against the signed ledger. The pack's own keys are used; what trustedKey holds they must be or be chained to, which is what
// makes signatures mean something: the ledger's verifier key, a pack key (PEM), a keyring, or several of these. path is a zip file or the folder that
// it was unpacked into. Of the given witnesses one at least must have cosigned the checkpoint of the receipt. The error, of Kind Invalid, names
// the first difference; the Report has all, and what could not be checked.
func Verify(ctx context.Context, path, trustedKey string, witnesses ...witness.Key) (Report, error) {
	r := Report{Path: path}
	a, err := archive.Open(path)
	if err != nil {
		kind := access.Invalid
		if errors.Is(err, fs.ErrNotExist) {
			kind = access.NotFound
		}
		r.Steps = append(r.Steps, Step{Name: archiveStep, State: Differs, Details: []string{err.Error()}})
		return r, &access.Error{Op: "verify pack", Kind: kind, Err: err}
	}
	defer func() { _ = a.Close() }() // it was only read
	if r.SHA256, err = fileDigest(ctx, path); err != nil {
		return r, &access.Error{Op: "verify pack", Kind: access.KindOf(err), Err: err}
	}
	keys, err := given.Read(trustedKey)
	if err != nil {
		return r, &access.Error{Op: "verify pack", Kind: access.Invalid, Err: err, Hint: "a trusted key is the ledger's verifier key, the pack key as PEM, or a keyring"}
	}
	c := &check{ctx: ctx, a: a, report: &r, trusted: keys, witnesses: witnesses, sums: map[string]string{}}
	for _, step := range c.steps() {
		s := Step{Name: step.name}
		if r.Stopped != "" {
			s.Skip(r.Stopped)
		} else if err := step.run(&s); err != nil {
			return r, &access.Error{Op: "verify pack", Kind: access.Transient, Err: err}
		}
		if r.Steps = append(r.Steps, s); step.guards && s.State == Differs && a.Claimed > calm {
			r.Stopped = fmt.Sprintf("the %s of the pack do not hold, and of such a pack no %d MiB are read", s.Short(), a.Claimed>>20)
		}
	}
	return r, r.Err()
}

// step is one step with how it is performed.
type step struct {
	name   string
	run    func(s *Step) error
	guards bool // when it differs, a stranger may have written the files
}

// The names of steps that others know.
const (
	archiveStep    = "archive: plain files with safe names"
	checkpointStep = "checkpoint"
	receiptStep    = "receipt"
)

func (c *check) steps() []step {
	all := []step{
		{archiveStep, c.archive, false},
		{"checksums: SHA256SUMS names every file and every byte", c.checksums, true},
		{"model: evidence.json is what Muster writes", c.model, false},
		{"signature: SHA256SUMS is signed by the pack key", c.signature, true},
		{"attestation: a signed statement names every file", c.attestation, true},
		{"seal: the report is as it was sealed, with the model in it", c.sealed, false},
		{"guide: VERIFY.md is the one of this pack", c.guide, false},
		{"annexes: every table is the one that the model describes", c.annexes, false},
		{"findings: digest and counts follow from the rows", c.findings, false},
		{checkpointStep + ": signed by the ledger's key", c.checkpoint, false},
		{"proofs: the run's entries are in the ledger", c.proofs, false},
		{"ledger: its entries say what the pack says", c.statements, false},
		{"later: what was entered after the run is in the ledger, which only grew", c.later, false},
		{receiptStep + ": the ledger has this very zip file", c.receipt, false},
	}
	if len(c.witnesses) > 0 {
		all = append(all, step{"witnesses: others saw the ledger of the receipt", c.witnessed, false})
	}
	return all
}

// check is one Verify under way.
type check struct {
	ctx       context.Context
	a         *archive.Archive
	report    *Report
	trusted   given.Keys
	witnesses []witness.Key
	sums      map[string]string // digests of the files, as they are
	modelOK   bool
	kind      kinds.Kind // when the model is of one
	detail    any        // of the kind's type; nil when it is not
	seal      *seal.Info // of the report, when it holds
	entries   []ledger.Entry
	proof     *ledger.Proof // of the receipt, when it holds
}

// archive compares the files with those that a pack has.
func (c *check) archive(s *Step) error {
	var problems []string
	fixed := []string{pack.ReportFile, pack.HTMLFile, oscal.FileName, ocsf.FileName, pack.EvidenceFile, pack.CheckpointFile, pack.VerifierFile, pack.PackKeyFile, pack.SealKeyFile, pack.KeyringFile,
		pack.GuideFile, pack.AttestFile, pack.SumsFile, pack.SignatureFile}
	for _, name := range fixed {
		if !slices.Contains(c.a.Names, name) {
			problems = append(problems, name+": is missing")
		}
	}
	folders := []string{pack.AnnexFolder, pack.InputFolder, pack.ProofFolder, pack.LaterFolder}
	for _, name := range c.a.Names {
		if !slices.Contains(fixed, name) && !slices.ContainsFunc(folders, func(f string) bool { return strings.HasPrefix(name, f) }) {
			problems = append(problems, name+": a pack has no such file")
		}
	}
	return finish(s, problems, "%d files", len(c.a.Names))
}

func (c *check) checksums(s *Step) error {
	text, err := c.text(pack.SumsFile)
	if err != nil {
		return finish(s, []string{err.Error()}, "")
	}
	var problems []string
	listed := map[string]string{}
	for line := range strings.SplitAfterSeq(text, "\n") {
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
	for _, name := range c.a.Names {
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

// hexDigest is the spelling of a SHA-256.
var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// text reads a file of the pack as a whole.
func (c *check) text(name string) (string, error) {
	text, err := c.a.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return string(text), nil
}
