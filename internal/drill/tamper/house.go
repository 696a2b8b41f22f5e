package tamper

import (
	"archive/zip"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"muster/internal/orggen"
	"muster/internal/reconcile/reperform"
	"muster/internal/signing"
	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/reports/pack/check"
	"muster/reports/trust"
)

// house is an organisation after two nights, with its packs.
type house struct {
	o       Options
	dir     string
	packs   []*packed // the newest reconciliation first, then the other kinds
	other   *packed   // of the night before
	trusted string    // what the organisation publishes: the ledger's key and the pack key
	own     *trust.Signing
	strange *trust.Signing
}

// packed is a pack in memory.
type packed struct {
	kind  string
	path  string
	names []string // in the order of the zip file
	files map[string][]byte
	model evidence.File
}

func open(ctx context.Context, o Options, dir string) (*house, error) {
	h := &house{o: o, dir: dir}
	org := filepath.Join(dir, "org")
	if _, err := orggen.Generate(ctx, orggen.Options{Seed: o.Seed, Persons: o.Persons, Dir: org}); err != nil {
		return nil, err
	}
	for night := range 2 {
		if err := h.night(ctx, night); err != nil {
			return nil, err
		}
	}
	if err := h.reports(ctx); err != nil {
		return nil, err
	}
	var err error
	if h.own, err = keys(ctx, filepath.Join(org, ".muster", "keys")); err != nil {
		return nil, err
	}
	if h.strange, err = keys(ctx, filepath.Join(dir, "strange-keys")); err != nil {
		return nil, err
	}
	first := h.packs[0].files
	h.trusted = string(first[pack.VerifierFile]) + string(first[pack.PackKeyFile])
	for _, p := range append([]*packed{h.other}, h.packs...) {
		if out := h.verify(ctx, p.path, ""); out.err != nil || (len(out.open) > 0) != (p.kind == "person") {
			return nil, fmt.Errorf("the pack %s does not verify as it is: %s; not checked: %s", p.path, strings.Join(out.differ, "; "), strings.Join(out.open, "; "))
		}
	}
	return h, h.harmless(ctx)
}

// harmless signs a pack again in which nothing was changed: it must verify, but for its receipt, or no insider is found for what they changed.
func (h *house) harmless(ctx context.Context) error {
	path := filepath.Join(h.dir, "harmless.zip")
	for _, p := range h.packs {
		if err := h.insider(p, "", "", "", nil, nil, nil).make(ctx, path); err != nil {
			return err
		}
		if out := h.verify(ctx, path, ""); out.err != nil {
			return fmt.Errorf("the %s pack, signed again, does not verify: %s", p.kind, strings.Join(out.differ, "; "))
		}
	}
	return nil
}

// keys opens signing keys, which are made when there are none.
func keys(ctx context.Context, dir string) (*trust.Signing, error) {
	k, err := signing.Open(ctx, signing.Options{Dir: dir, Organisation: "Acme", Now: time.Now, Random: rand.Reader})
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	return &trust.Signing{Keys: k}, nil
}

// muster runs the program on the organisation.
func (h *house) muster(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, h.o.Muster, append(args, "--config", filepath.Join(h.dir, "org", "muster.yaml"))...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	if os.Getenv("MUSTER_ENGINE_LIB") == "" {
		if found, err := filepath.Glob("deploy/engine/node_modules/@chdb/lib-*/libchdb.so"); err == nil && len(found) > 0 {
			if library, err := filepath.Abs(found[0]); err == nil {
				cmd.Env = append(cmd.Env, "MUSTER_ENGINE_LIB="+library)
			}
		}
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.CombinedOutput()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok && ended.ExitCode() >= 2 && ended.ExitCode() <= 3 {
		err = nil // findings, or a source that was not whole
	}
	if err != nil {
		return "", fmt.Errorf("muster %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// night lets a night go by; before the second one somebody leaves in the ERP export, so that the two runs differ.
func (h *house) night(ctx context.Context, n int) error {
	config := filepath.Join(h.dir, "org", "muster.yaml")
	if n > 0 {
		text, err := os.ReadFile(config)
		if err != nil {
			return err
		}
		later := strings.Replace(string(text), "as_of: 2026-11-22T01:00:00Z", "as_of: 2026-11-23T01:00:00Z", 1)
		if later == string(text) {
			return errors.New("the configuration has no clock to set")
		}
		if err := os.WriteFile(config, []byte(later), 0o600); err != nil {
			return err
		}
	}
	if _, err := h.muster(ctx, "nightly"); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(h.dir, "org", ".muster", "packs", "*", fmt.Sprintf("2026-11-%d-reconciliation.zip", 22+n)))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("find the pack of night %d: %v %v", n+1, found, err)
	}
	p, err := load("reconciliation", found[0])
	if n == 0 {
		h.other = p
	} else {
		h.packs = append(h.packs, p)
	}
	return err
}

// reports makes the packs of the other kinds.
func (h *house) reports(ctx context.Context) error {
	for _, args := range [][]string{{"controls"}, {"sod"}, {"terminations", "--period", "2026-09-01..2026-11-23"}, {"person", "--person", "W-00050"}, {"access-review", "--campaign", "Quarter"}} {
		if args[0] == "access-review" {
			if err := h.review(ctx); err != nil {
				return err
			}
		}
		out := filepath.Join(h.dir, args[0])
		if _, err := h.muster(ctx, append([]string{"report", args[0], "--out", out}, args[1:]...)...); err != nil {
			return err
		}
		found, err := filepath.Glob(filepath.Join(out, "*.zip"))
		if err != nil || len(found) != 1 {
			return fmt.Errorf("find the %s pack: %v %v", args[0], found, err)
		}
		p, err := load(args[0], found[0])
		if err != nil {
			return err
		}
		h.packs = append(h.packs, p)
	}
	return nil
}

// load reads a pack into memory.
func load(kind, path string) (*packed, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = z.Close() }() // it was only read
	p := &packed{kind: kind, path: path, files: map[string][]byte{}}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			return nil, err
		}
		if p.files[f.Name], err = io.ReadAll(in); err != nil {
			return nil, err
		}
		p.names = append(p.names, f.Name)
	}
	p.model, err = evidence.Decode(p.files[pack.EvidenceFile])
	return p, err
}

// verified is what came of a verification: what differs, why steps were not checked, and the error that the command ends with.
type verified struct {
	differ, open []string
	err          error
}

// verify does what the command does: everything offline, and with a ledger at hand also that.
func (h *house) verify(ctx context.Context, path, ledgerDir string) (out verified) {
	rep, err := reperform.Verify(ctx, path, h.trusted)
	if out.err = err; err != nil {
		out.differ = append(out.differ, err.Error())
	}
	if ledgerDir != "" {
		rep.Steps = append(rep.Steps, check.OnLedger(ctx, rep, ledgerDir)...)
	}
	for _, s := range rep.Steps {
		if s.State == check.Differs {
			out.differ, out.err = append(out.differ, s.Details...), errors.Join(out.err, errors.New(s.Name))
		}
	}
	for _, s := range rep.Unchecked() {
		out.open = append(out.open, s.Name+": "+s.Why)
	}
	return out
}

// ledgerDir is where the organisation's ledger is.
func (h *house) ledgerDir() string { return filepath.Join(h.dir, "org", ".muster", "ledger") }

// origin is the ledger's name.
func (h *house) origin() string {
	name, _, _ := strings.Cut(string(h.packs[0].files[pack.VerifierFile]), "+")
	return name
}

// copyKey puts the ledger's keys into an empty folder.
func copyKey(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"key", "verifier"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), text, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// review lets a campaign be frozen, decided in part, and closed.
func (h *house) review(ctx context.Context) error {
	file := filepath.Join(h.dir, "quarter.yaml")
	text := "name: Quarter\nowner: W-00001\nscope: entitlement.privileged && account.enabled\nreviewers: [manager, owner, security]\nsilence: keep\ndue: 14d\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	for _, args := range [][]string{{"create", file}, {"assign", "Quarter"}} {
		if _, err := h.muster(ctx, append([]string{"review"}, args...)...); err != nil {
			return err
		}
	}
	out, err := h.muster(ctx, "review", "list", "Quarter", "-q", "-o", "json")
	if err != nil {
		return err
	}
	var items []struct {
		ID        string `json:"id"`
		Reviewers []struct {
			Person string `json:"person"`
		} `json:"reviewers"`
	}
	if err := json.Unmarshal([]byte(out), &items); err != nil {
		return fmt.Errorf("read the items of the campaign: %w", err)
	}
	who, mine := "", []string{}
	for _, i := range items {
		if len(i.Reviewers) > 0 && (who == "" || who == i.Reviewers[0].Person) {
			who, mine = i.Reviewers[0].Person, append(mine, i.ID)
		}
	}
	if len(mine) < 1 {
		return fmt.Errorf("of %d items none has a reviewer", len(items))
	}
	if out, err = h.muster(ctx, "review", "token", "Quarter", who); err != nil {
		return err
	}
	token := regexp.MustCompile(`[A-Za-z0-9._~-]{20,}`).FindString(out)
	if _, err := h.muster(ctx, "review", "decide", "revoke", mine[0], "--token", token, "--reason", "not needed for the work any more"); err != nil {
		return err
	}
	_, err = h.muster(ctx, "review", "close", "Quarter", "--early")
	return err
}
