// Command bench measures what this repository promises about speed and size, prints a line for each figure and writes them all
// to a file:
//
//	go run ./internal/bench [-only name] [-out bench.json]
//
// A figure is {name, value, unit, baseline, note}: the baseline says what the value is compared with, or its bound; the note
// how it was measured. Ratios alternate between the two sides and take medians, because the machine is rarely ours alone.
// Nothing is kept: data lives in a temporary folder, servers listen on 127.0.0.1 and end with the command. Times are wall-clock
// seconds unless the name says cpu; sizes are megabytes of 2^20 bytes. A figure that needs a program that is not installed says
// which one and fails.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"muster/internal/access"
	"muster/internal/store/engine"
)

// figure is one measured number.
type figure struct {
	Name     string  `json:"name"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"`
	Baseline string  `json:"baseline"`
	Note     string  `json:"note"`
}

// measurement makes one or more figures in one go, with dir to work in.
type measurement struct {
	names []string
	run   func(ctx context.Context, dir string) ([]figure, error)
}

// measurements are all there are, in the order in which they are run.
func measurements() []measurement {
	return []measurement{
		{[]string{"load_ratio"}, loadRatio},
		{[]string{"ldap_ratio"}, ldapRatio},
		{[]string{"apply_scim_ratio"}, applySCIM},
		{[]string{"apply_ldap_ratio"}, applyLDAP},
		{[]string{"slack_ack_p99_ms"}, slackAck},
		{[]string{"pdf_100k_s", "pdf_100k_rss_mb"}, pdfPopulation},
		{[]string{"pdf_vs_chromium_ratio"}, pdfAgainstChromium},
		{[]string{"ledger_append_per_s"}, ledgerAppend},
		{[]string{"ledger_proof_100k_bytes", "ledger_proof_100k_ms"}, ledgerProof},
		{[]string{"pack_1m_s", "pack_1m_rss_mb"}, packMillion},
		{[]string{"nightly_20k_wall_s", "nightly_20k_cpu_s", "nightly_20k_rss_mb", "nightly_20k_engine_rss_mb"}, nightly},
	}
}

func main() {
	if engine.IsChild() {
		os.Exit(engine.ChildMain(os.Args))
	}
	if job := os.Getenv(printJob); job != "" {
		os.Exit(printChild(job))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if dir := os.Getenv(packChild); dir != "" {
		if err := writePack(ctx, dir); err != nil {
			_, _ = fmt.Fprintf(os.Stderr, "write pack: %v\n", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process: 0 is done, 1 failed, 4 bad usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "measure this `figure` alone")
	out := flags.String("out", "bench.json", "`file` to write the figures to")
	if err := flags.Parse(args); err != nil {
		return 4
	}
	chosen, err := choose(*only)
	if err != nil || flags.NArg() > 0 {
		_, _ = fmt.Fprintln(stderr, errors.Join(err, flag.ErrHelp))
		return 4
	}
	figures, err := measure(ctx, chosen, *only, stdout)
	if err == nil {
		err = write(*out, figures)
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "bench: %v\n", err)
		if hint := access.HintOf(err); hint != "" {
			_, _ = fmt.Fprintf(stderr, "  hint: %s\n", hint)
		}
		return 1
	}
	return 0
}

// choose gives the measurements that make the figure only, or all.
func choose(only string) ([]measurement, error) {
	all := measurements()
	if only == "" {
		return all, nil
	}
	var names []string
	for _, m := range all {
		if slices.Contains(m.names, only) {
			return []measurement{m}, nil
		}
		names = append(names, m.names...)
	}
	return nil, fmt.Errorf("no figure is called %q; there are %s", only, strings.Join(names, ", "))
}

// measure runs the measurements one after the other, each in a folder of its own.
func measure(ctx context.Context, chosen []measurement, only string, stdout io.Writer) ([]figure, error) {
	var all []figure
	for _, m := range chosen {
		dir, err := os.MkdirTemp("", "muster-bench-")
		if err != nil {
			return nil, fmt.Errorf("make folder: %w", err)
		}
		figures, err := m.run(ctx, dir)
		if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
			return nil, fmt.Errorf("measure %s: %w", strings.Join(m.names, ", "), err)
		}
		for _, f := range figures {
			if only != "" && f.Name != only {
				continue
			}
			all = append(all, f)
			_, _ = fmt.Fprintf(stdout, "%-28s %10.2f %-6s %s; %s\n", f.Name, f.Value, f.Unit, f.Baseline, f.Note)
		}
	}
	return all, nil
}

func write(path string, figures []figure) error {
	text, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return fmt.Errorf("encode figures: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return nil
}

// median of a list that is not empty.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// round keeps what a figure can honestly claim.
func round(value float64) float64 { return float64(int64(value*100+0.5)) / 100 }
