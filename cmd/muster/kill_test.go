package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/cmd/muster/cli"
	"muster/internal/access"
	"muster/internal/orggen"
)

// TestKilledRunsLoseNothing kills muster or its engine with SIGKILL at 50 random moments of a nightly run. The next run must complete
// with the findings of a run that nobody disturbed, each once; what was acknowledged must still be there; the ledger must verify.
func TestKilledRunsLoseNothing(t *testing.T) {
	kills := 50
	if testing.Short() {
		kills = 8
	}
	o := generate(t, orggen.Options{Persons: 300})
	o.exe = program(t)

	calm := *o
	calmDir := t.TempDir()
	start := time.Now()
	if code, stdout, stderr := calm.muster("nightly", "--data-dir", calmDir); code != cli.ExitClean {
		t.Fatalf("the undisturbed night ended with %d\n%s\n%s", code, stdout, stderr)
	}
	whole := time.Since(start)
	_, want, _ := calm.muster("findings", "-o", "json", "--data-dir", calmDir)

	r := rand.New(rand.NewPCG(20261122, 1))
	killed := map[string]int{}
	for i := range kills {
		victim := []string{"muster", "engine"}[i%2]
		if o.disturb(victim, time.Duration(r.Float64()*float64(whole))) {
			killed[victim]++
		}
	}
	t.Logf("killed muster %d times and the engine %d times, a night takes %v", killed["muster"], killed["engine"], whole.Round(time.Millisecond))
	if killed["muster"] < kills/4 || killed["engine"] < kills/4 {
		t.Errorf("too few kills hit a running night: %v", killed)
	}
	o.nightly(cli.ExitClean)
	o.checkSame(decodeFindings(t, want), o.findings())
	o.checkKey(o.findings())
	o.checkAcknowledged()
	if code, stdout, stderr := o.muster("ledger", "verify"); code != cli.ExitClean {
		t.Errorf("ledger verify ended with %d\n%s\n%s", code, stdout, stderr)
	}
}

// disturb starts a night and kills one of its processes after a while. It reports whether the process was there to be killed.
func (o *org) disturb(victim string, after time.Duration) bool {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, o.exe, "nightly", "--config", filepath.Join(o.dir, "muster.yaml"))
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		o.t.Fatal(err)
	}
	time.Sleep(after)
	pid := cmd.Process.Pid
	if victim == "engine" {
		pid = engineOf(pid)
	}
	hit := pid > 0 && syscall.Kill(pid, syscall.SIGKILL) == nil
	err := cmd.Wait()
	if victim == "engine" && err != nil && cmd.ProcessState.ExitCode() != cli.ExitError {
		o.t.Errorf("the engine was killed and muster ended with %v instead of going on or failing cleanly:\n%s", err, out.String())
	}
	if victim == "muster" && hit {
		hit = !cmd.ProcessState.Exited()
	}
	return hit
}

// engineOf finds the child process of muster that is the engine.
func engineOf(parent int) int {
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	if err != nil {
		return 0
	}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	for _, t := range tasks {
		more, _ := os.ReadFile(t)
		children = append(append(children, ' '), more...)
	}
	for _, field := range strings.Fields(string(children)) {
		if pid, err := strconv.Atoi(field); err == nil {
			return pid
		}
	}
	return 0
}

// checkSame compares two sets of findings by fingerprint, each of which may be there once.
func (o *org) checkSame(want, got []access.Finding) {
	o.t.Helper()
	seen := map[string]int{}
	for _, f := range got {
		seen[f.Fingerprint]++
		if seen[f.Fingerprint] > 1 {
			o.t.Errorf("%s %s is listed %d times", f.ID, f.Message, seen[f.Fingerprint])
		}
	}
	for _, f := range want {
		if seen[f.Fingerprint] == 0 {
			o.t.Errorf("%s %s was lost", f.ID, f.Message)
		}
	}
	if len(got) != len(want) {
		o.t.Errorf("%d findings, want %d", len(got), len(want))
	}
}

// checkAcknowledged compares every snapshot that the ledger and the store acknowledged with the rows that are stored.
func (o *org) checkAcknowledged() {
	o.t.Helper()

	a := &cli.App{Stdout: &strings.Builder{}, Stderr: &strings.Builder{}, Now: time.Now, ConfigFile: filepath.Join(o.dir, "muster.yaml"), DataDir: filepath.Join(o.dir, ".muster")}
	s, err := a.Open(o.t.Context(), false)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			o.t.Error(err)
		}
	}()
	runs, err := s.Store.Runs(o.t.Context(), 0)
	if err != nil {
		o.t.Fatal(err)
	}
	checked := 0
	for _, run := range runs {
		snaps, err := s.Store.SnapshotsOfRun(o.t.Context(), run.ID)
		if err != nil {
			o.t.Fatal(err)
		}
		for _, snap := range snaps {
			stored, err := s.Store.StoredCounts(o.t.Context(), snap.ID)
			if err != nil {
				o.t.Fatal(err)
			}
			for _, c := range snap.Coverage.Classes {
				if stored[c.Class] != c.Parsed {
					text, _ := json.Marshal(c)
					o.t.Errorf("snapshot %s says %s, stored are %d", snap.ID, text, stored[c.Class])
				}
			}
			checked++
		}
	}
	if checked < 10 {
		o.t.Errorf("only %d acknowledged snapshots were found", checked)
	}
}
