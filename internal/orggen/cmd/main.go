// Command cmd makes an invented organisation with its answer key, or compares a run's findings with a key.
//
//	go run ./internal/orggen/cmd -persons 50000 -dir /tmp/org -seed 1 [-shuffle 7] [-grants N]
//	go run ./internal/orggen/cmd -compare findings.json expected-findings.json
//
// Comparing prints precision and recall by rule and exits 1 when one of them is below 1. It looks at rule, system, subject,
// detail, severity and state, and ignores systems that the key does not know.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"time"

	"muster/internal/orggen"
	"muster/internal/orggen/answer"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process: 0 is done, 1 failed or different, 4 bad usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("orggen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var o orggen.Options
	var asOf string
	var compare bool
	var most int
	flags.IntVar(&o.Persons, "persons", 2000, "how many `persons`, 200 or more")
	flags.StringVar(&o.Dir, "dir", "", "`folder` to write to")
	flags.Int64Var(&o.Seed, "seed", 1, "seed: the same one gives the same files")
	flags.Int64Var(&o.Shuffle, "shuffle", 0, "another order of arrival of the same facts; 0 is the natural one")
	flags.Int64Var(&o.Grants, "grants", 0, "how many grants to aim at; 0 is what the bundles give, about 8 a person")
	flags.StringVar(&asOf, "as-of", "", "moment of the exports, RFC 3339; default 2026-11-22T01:00:00Z")
	flags.StringVar(&o.DataDir, "data-dir", "", "data_dir of the configuration; default .muster")
	flags.BoolVar(&o.Host, "host", false, "also name this host as a system")
	flags.BoolVar(&compare, "compare", false, "compare two files instead: findings, answer key")
	flags.IntVar(&most, "differences", 10, "how many differences of a rule to print")
	if err := flags.Parse(args); err != nil {
		return 4
	}
	if compare {
		return score(flags.Args(), most, stdout, stderr)
	}
	if asOf != "" {
		t, err := time.Parse(time.RFC3339, asOf)
		if err != nil {
			_, _ = fmt.Fprintf(stderr, "read -as-of: %v\n", err)
			return 4
		}
		o.AsOf = t
	}
	if o.Dir == "" || flags.NArg() > 0 {
		_, _ = fmt.Fprintln(stderr, "name a folder with -dir, and nothing else")
		return 4
	}
	start := time.Now()
	sum, err := orggen.Generate(ctx, o)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	_, _ = fmt.Fprintf(stderr, "made in %.1f s\n", time.Since(start).Seconds())
	show(stdout, sum)
	return 0
}

func show(w io.Writer, s orggen.Summary) {
	_, _ = fmt.Fprintf(w, "%d persons (%d HR rows), %d accounts, %d direct grants, %d entitlements, %d findings\n",
		s.Persons, s.HRRows, s.TotalAccounts(), s.Grants, s.Entitlements, s.Findings)
	for _, name := range slices.Sorted(maps.Keys(s.Accounts)) {
		_, _ = fmt.Fprintf(w, "  %-30s %8d accounts\n", name, s.Accounts[name])
	}
	for _, rule := range slices.Sorted(maps.Keys(s.ByRule)) {
		_, _ = fmt.Fprintf(w, "  %-30s %8d findings\n", rule, s.ByRule[rule])
	}
}

func score(files []string, most int, stdout, stderr io.Writer) int {
	if len(files) != 2 {
		_, _ = fmt.Fprintln(stderr, "-compare takes two files: findings and answer key")
		return 4
	}
	found, err := answer.ReadFile(files[0])
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	key, err := answer.ReadFile(files[1])
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	if !answer.Report(stdout, answer.Score(found, key), most) {
		return 1
	}
	return 0
}
