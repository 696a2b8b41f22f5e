package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/cmd/muster/cli"
	"muster/internal/access"
	"muster/internal/orggen"
	"muster/internal/orggen/answer"
	"muster/internal/reconcile/reperform"
	"muster/reports/pack/check"
)

// org is a generated organisation in a folder of its own, and the commands run on it.
type org struct {
	t   testing.TB
	dir string
	exe string // the program; empty runs in this process
}

// generate makes an organisation with data of its own.
func generate(t testing.TB, o orggen.Options) *org {
	t.Helper()
	t.Setenv("MUSTER_ENGINE_LIB", library(t))
	o.Dir = t.TempDir()
	if o.Seed == 0 {
		o.Seed = 1
	}
	if _, err := orggen.Generate(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return &org{t: t, dir: o.Dir}
}

// muster runs a command on the organisation's configuration and gives its exit code and streams.
func (o *org) muster(args ...string) (code int, stdout, stderr string) {
	o.t.Helper()
	return o.configured(filepath.Join(o.dir, "muster.yaml"), args...)
}

func (o *org) configured(config string, args ...string) (code int, stdout, stderr string) {
	o.t.Helper()
	args = append(args, "--config", config)
	var out, errs bytes.Buffer
	if o.exe == "" {
		ctx, cancel := context.WithTimeout(o.t.Context(), 5*time.Minute)
		defer cancel()
		code = run(ctx, args, strings.NewReader(""), &out, &errs)
		return code, out.String(), errs.String()
	}
	cmd := exec.CommandContext(o.t.Context(), o.exe, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		o.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// nightly runs a night that must end with the exit code.
func (o *org) nightly(want int) string {
	o.t.Helper()
	code, stdout, stderr := o.muster("nightly")
	if code != want {
		o.t.Fatalf("nightly ended with %d, want %d\n%s\n%s", code, want, stdout, stderr)
	}
	o.reperformed(stdout)
	return stdout
}

// packLine is where a night says how its pack is verified; the path may be wrapped at 80 columns.
var packLine = regexp.MustCompile(`(?m)^  Verify\s+\S+ verify (\S+)`)

// reperformed performs the night again from its pack alone: every link, expectation and finding must come out as the night had it.
func (o *org) reperformed(stdout string) {
	o.t.Helper()
	m := packLine.FindStringSubmatch(stdout)
	if m == nil {
		o.t.Fatalf("the night names no pack:\n%s", stdout)
	}
	rep, err := reperform.Verify(o.t.Context(), m[1], "")
	if !rep.OK() {
		o.t.Errorf("the night's pack: %s", rep.Summary())
	}
	if last := rep.Steps[len(rep.Steps)-1]; err != nil || !strings.HasSuffix(strings.Join(last.Details, " "), " findings, 0 differ") {
		o.t.Errorf("the night does not come out of its pack again: %v\n%+v", err, rep.Steps)
	}
	for _, s := range rep.Steps {
		if e := check.Explain(s.Name); e.Proves == "" || e.Not == "" {
			o.t.Errorf("nobody says what the step %q proves and what it does not", s.Name)
		}
	}
}

// findings lists all findings, the resolved ones too, through the command line.
func (o *org) findings() []access.Finding {
	o.t.Helper()
	code, stdout, stderr := o.muster("findings", "--state", "all", "-o", "json")
	if code != 0 {
		o.t.Fatalf("findings ended with %d: %s", code, stderr)
	}
	return decodeFindings(o.t, stdout)
}

// checkKey compares the unresolved findings with the answer key: precision and recall of every rule must be 1.
func (o *org) checkKey(found []access.Finding) {
	o.t.Helper()
	key, err := answer.ReadFile(filepath.Join(o.dir, "expected-findings.json"))
	if err != nil {
		o.t.Fatal(err)
	}
	var list []answer.Finding
	for _, f := range found {
		if f.State != access.Resolved {
			list = append(list, answer.Finding{Rule: f.Rule, System: f.System, Subject: f.Subject, Detail: f.Detail, Severity: f.Severity, State: f.State})
		}
	}
	var text bytes.Buffer
	if !answer.Report(&text, answer.Score(list, key), 10) {
		o.t.Errorf("findings differ from the answer key:\n%s", text.String())
	}
}

func TestFindingsMatchTheAnswerKey(t *testing.T) {
	for _, tt := range []struct {
		name    string
		shuffle int64
	}{{"natural order", 0}, {"another order", 7}} {
		t.Run(tt.name, func(t *testing.T) {
			o := generate(t, orggen.Options{Persons: 2000, Shuffle: tt.shuffle})
			o.nightly(cli.ExitClean)
			first := o.findings()
			o.checkKey(first)
			o.nightly(cli.ExitClean)
			second := o.findings()
			if len(first) != len(second) {
				t.Errorf("%d findings after the first night, %d after the second", len(first), len(second))
			}
			for _, f := range second {
				if f.Change != access.ChangeStill {
					t.Errorf("%s %s is %s in a second night on the same data", f.ID, f.Rule, f.Change)
				}
			}
		})
	}
}

// shipped is muster as it is shipped, built once for all tests.
var shipped struct {
	sync.Once
	dir string
	err error
}

// program gives muster as it is shipped, without the race detector.
func program(t testing.TB) string {
	t.Helper()
	shipped.Do(func() {
		if shipped.dir, shipped.err = os.MkdirTemp("", "muster-test-"); shipped.err != nil {
			return
		}
		build := exec.Command("go", "build", "-o", filepath.Join(shipped.dir, "muster"), ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			shipped.err = fmt.Errorf("build: %w\n%s", err, out)
		}
	})
	if shipped.err != nil {
		t.Fatal(shipped.err)
	}
	return filepath.Join(shipped.dir, "muster")
}

// TestFindingsMatchTheAnswerKeyAt50000 runs the program as it is shipped.
func TestFindingsMatchTheAnswerKeyAt50000(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("takes a minute; -short was given")
	}
	for _, shuffle := range []int64{0, 11} {
		o := generate(t, orggen.Options{Persons: 50_000, Shuffle: shuffle})
		o.exe = program(t)
		o.nightly(cli.ExitClean)
		o.checkKey(o.findings())
	}
}
