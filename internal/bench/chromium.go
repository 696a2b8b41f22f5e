package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// printByChromium prints a page and watches the memory of all of Chromium's processes.
func printByChromium(ctx context.Context, browser, page, path string) (p printed, err error) {
	profile, err := os.MkdirTemp(filepath.Dir(path), "profile-")
	if err != nil {
		return p, fmt.Errorf("make profile: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(profile)) }()
	command := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--no-pdf-header-footer", "--user-data-dir="+profile, "--print-to-pdf="+path, "file://"+page)
	start := time.Now()
	if err := command.Start(); err != nil {
		return p, fmt.Errorf("start chromium: %w", err)
	}
	stop, done := make(chan struct{}), make(chan float64)
	go func() {
		most := 0.0
		for {
			select {
			case <-stop:
				done <- most
				return
			case <-time.After(20 * time.Millisecond):
				most = max(most, treeMemory(command.Process.Pid))
			}
		}
	}()
	err = command.Wait()
	close(stop)
	p.Memory, p.Wall = <-done, time.Since(start).Seconds()
	p.CPU = command.ProcessState.UserTime().Seconds() + command.ProcessState.SystemTime().Seconds()
	if err != nil {
		return p, fmt.Errorf("print by chromium: %w", err)
	}
	if file, err := os.Stat(path); err != nil || file.Size() < 10_000 || p.Memory == 0 {
		return p, fmt.Errorf("print by chromium: it wrote no pdf: %w", err)
	}
	return p, nil
}

// treeMemory adds up the memory of a process and of all below it, in MB; what several share is divided among them.
func treeMemory(root int) float64 {
	sum := 0.0
	for todo := []string{strconv.Itoa(root)}; len(todo) > 0; todo = todo[1:] {
		if kb, err := kilobytes(filepath.Join("/proc", todo[0], "smaps_rollup"), "Pss:"); err == nil {
			sum += kb / 1024
		}
		tasks, err := filepath.Glob(filepath.Join("/proc", todo[0], "task", "*", "children"))
		if err != nil {
			continue
		}
		for _, task := range tasks {
			file, err := os.Open(task)
			if err != nil {
				continue // it has ended
			}
			words := bufio.NewScanner(file)
			words.Split(bufio.ScanWords)
			for words.Scan() {
				todo = append(todo, words.Text())
			}
			_ = file.Close()
		}
	}
	return sum
}

// kilobytes reads one figure of a file of /proc.
func kilobytes(path, name string) (float64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			return strconv.ParseFloat(fields[1], 64)
		}
	}
	return 0, fmt.Errorf("read memory: %s has no %s", path, name)
}
