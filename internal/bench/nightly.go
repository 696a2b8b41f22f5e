package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"muster/internal/orggen"
)

// The organisation of the nightly figures.
const (
	nightlyPersons = 20_000
	nightlyGrants  = 1_000_000
	nightlyRounds  = 3
)

// usage is what one nightly run took.
type usage struct{ wall, cpu, memory, engine float64 }

// nightly runs `muster nightly` on a generated organisation, as a program, from its start to its end.
func nightly(ctx context.Context, dir string) ([]figure, error) {
	program := filepath.Join(dir, "muster")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, "./cmd/muster")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build muster (run this from the repository's folder): %w: %s", err, text)
	}
	organisation := filepath.Join(dir, "organisation")
	made, err := orggen.Generate(ctx, orggen.Options{Seed: 1, Persons: nightlyPersons, Grants: nightlyGrants, Dir: organisation})
	if err != nil {
		return nil, err
	}
	var wall, cpu, memory, engines []float64
	for round := range nightlyRounds {
		u, err := runNightly(ctx, program, filepath.Join(organisation, "muster.yaml"), filepath.Join(dir, "data-"+strconv.Itoa(round)))
		if err != nil {
			return nil, err
		}
		wall, cpu, memory, engines = append(wall, u.wall), append(cpu, u.cpu), append(memory, u.memory), append(engines, u.engine)
	}
	what := fmt.Sprintf("first `muster nightly` on an empty data folder: %d persons, %d accounts, %d grants from files, with pack; median of %d",
		made.Persons, made.TotalAccounts(), made.Grants, nightlyRounds)
	const none = "no baseline"
	return []figure{
		{"nightly_20k_wall_s", round(median(wall)), "s", none, what + "; from start to exit, the engine's start and stop included"},
		{"nightly_20k_cpu_s", round(median(cpu)), "s", none, what + "; user and system time of muster and its engine"},
		{"nightly_20k_rss_mb", round(median(memory)), "MB", none, what + "; peak resident memory of muster (VmHWM)"},
		{"nightly_20k_engine_rss_mb", round(median(engines)), "MB", none, what + "; peak resident memory of the engine's process (VmHWM), the library's mapped pages included"},
	}, nil
}

// runNightly runs it once and watches its memory. It exits with 2 when there are findings, and there are.
func runNightly(ctx context.Context, program, config, data string) (usage, error) {
	command := exec.CommandContext(ctx, program, "nightly", "--config", config, "--data-dir", data)
	log, err := os.Create(data + ".log")
	if err != nil {
		return usage{}, fmt.Errorf("make log: %w", err)
	}
	defer log.Close()
	command.Stdout, command.Stderr = log, log
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	start := time.Now()
	if err := command.Start(); err != nil {
		return usage{}, fmt.Errorf("start muster: %w", err)
	}
	stop, watched := make(chan struct{}), make(chan usage)
	go func() { watched <- watch(command.Process.Pid, filepath.Join(data, "engine", "address"), stop) }()
	err = command.Wait()
	close(stop)
	u := <-watched
	u.wall = time.Since(start).Seconds()
	// The kernel adds the children that the program waited for, and it waits for its engine.
	u.cpu = (command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Seconds()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != 2) {
		text, _ := os.ReadFile(data + ".log") // without it the error says less, and still is the error
		return u, fmt.Errorf("run muster nightly: %w: %s", err, text)
	}
	if u.memory == 0 || u.engine == 0 {
		return u, errors.New("muster or its engine was never seen running")
	}
	return u, nil
}

// watch follows the peaks of muster and of its engine until stop is closed.
func watch(pid int, address string, stop <-chan struct{}) usage {
	var u usage
	for {
		u.memory = max(u.memory, peak(pid))
		var at struct{ Pid int }
		if text, err := os.ReadFile(address); err == nil && json.Unmarshal(text, &at) == nil {
			u.engine = max(u.engine, peak(at.Pid))
		}
		select {
		case <-stop:
			return u
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// peak is a process's VmHWM (proc(5)) in megabytes; 0 when it is gone.
func peak(pid int) float64 {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == "VmHWM:" {
			kilobytes, err := strconv.ParseFloat(fields[1], 64)
			if err != nil {
				return 0
			}
			return kilobytes / 1024
		}
	}
	return 0
}
