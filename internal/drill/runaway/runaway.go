// Package runaway is the runaway drill: it gives Muster bad news of every kind while every rule may act by itself, and counts what it does.
//
// An organisation of orggen is put on real servers (OpenLDAP, SCIM, PostgreSQL; the rest are exports, for which work orders are written) with
// remediation.mode apply, policies that are all auto, and the limits that a fresh install has. Nights mend what is planted until nothing is
// left to do. From there every drill makes one mistake, and lets the program take the roll as cron would:
//
//	night     exit code 3; the mistake is said; Slack has one message about what is held
//	again     the same news once more: no second message
//	mended    the source or the configuration is what it was; who releases the holds does so with a reason
//	clean     exit code 0, and nothing is held or done; every release is on the ledger with its reason, and the message in Slack says so
//
// What was touched is read with the servers' own tools and from the folder of orders, before and after each step: an account is touched when
// anything about it, or about what it holds, is another, or when an order about it was written. Each drill begins with the same data folder,
// and the servers hold what they held, because nothing may have changed.
//
// Times are UTC; the organisation's clock is as_of. The seed makes the organisation and the mistakes the same again.
package runaway

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Options say what is drilled.
type Options struct {
	Persons int
	Seed    int64
	Only    []string // names of drills; empty: all
	Muster  string   // path of the program
	Dir     string   // folder that is kept, to be looked at; empty: a temporary one
}

// Result is what came of the drills.
type Result struct {
	Drills  int
	Touched int
	Faults  []string // what else was not as it should be
}

// Good reports whether nothing was found.
func (r Result) Good() bool { return r.Touched == 0 && len(r.Faults) == 0 && r.Drills > 0 }

// String is the last line.
func (r Result) String() string {
	return fmt.Sprintf("drills %d accounts_touched %d", r.Drills, r.Touched)
}

// Command runs the drills for the command line: 0 is passed, 1 failed, 4 bad usage. The last line is the result.
func Command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("drill runaway", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var o Options
	var only string
	flags.IntVar(&o.Persons, "persons", 400, "people of the organisation")
	flags.Int64Var(&o.Seed, "seed", 1, "of the organisation and the mistakes")
	flags.StringVar(&only, "only", "", "`names` of drills, with commas between them; all without it")
	flags.StringVar(&o.Muster, "muster", "bin/muster", "the `program`")
	flags.StringVar(&o.Dir, "dir", "", "`folder` to keep everything in; it must not be there yet")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return 4
	}
	if only != "" {
		o.Only = strings.Split(only, ",")
	}
	r, err := Run(ctx, o, stdout)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "runaway drill:", err)
		return 1
	}
	for _, fault := range r.Faults {
		_, _ = fmt.Fprintln(stderr, "fault:", fault)
	}
	_, _ = fmt.Fprintln(stdout, r)
	if !r.Good() {
		return 1
	}
	return 0
}

// Run puts up the organisation and does the drills. An error says that they could not be done.
func Run(ctx context.Context, o Options, progress io.Writer) (r Result, err error) {
	chosen, err := choose(o.Only)
	if err != nil {
		return r, err
	}
	began := time.Now()
	h, err := open(ctx, o, progress)
	if err != nil {
		return r, err
	}
	defer h.close()
	if err := h.settle(ctx); err != nil {
		return r, fmt.Errorf("mend what is planted: %w", err)
	}
	h.say("%-28s %.0f s", "settled", time.Since(began).Seconds())
	for _, d := range chosen {
		began := time.Now()
		touched, faults, err := h.drill(ctx, d)
		if err != nil {
			return r, fmt.Errorf("drill %s: %w", d.name, err)
		}
		r.Drills++
		r.Touched += len(touched)
		for _, f := range faults {
			r.Faults = append(r.Faults, d.name+": "+f)
		}
		for _, account := range touched[:min(len(touched), 20)] {
			h.say("    touched %s", account)
		}
		h.say("%-28s accounts_touched %d, faults %d, %.0f s", d.name, len(touched), len(faults), time.Since(began).Seconds())
	}
	return r, nil
}

func choose(only []string) ([]mistake, error) {
	if len(only) == 0 {
		return mistakes(), nil
	}
	var out []mistake
	for _, name := range only {
		at := slices.IndexFunc(mistakes(), func(m mistake) bool { return m.name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no drill %q", name)
		}
		out = append(out, mistakes()[at])
	}
	return out, nil
}
