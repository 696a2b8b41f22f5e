// Package tamper is the tamper drill: it changes evidence packs in every way that it knows and counts which changes the verification finds.
//
// An organisation of orggen goes through two nights, so that there are packs of two runs. Then one thing at a time is changed, by somebody who
//
//	careless   changes bytes of a file, or cuts, empties, removes, adds or swaps it
//	tidy       also mends SHA256SUMS and evidence.json, so that the files agree again
//	stranger   also signs everything again, with keys of their own
//	insider    signs with the organisation's own keys: only the ledger, and performing the run again, can tell
//	forger     has the ledger's key too, and makes another ledger: only the ledger at hand can tell
//
// A mutation counts as detected when `muster verify` fails and says by name what was changed; one that makes a pack call itself a part of its run, when
// it does not end as verified and says what was not checked. The packs as they are must verify, and so must those that an insider only signs
// again, or nothing that follows means anything.
package tamper

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"muster/reports/pack"
)

// Options say what is drilled.
type Options struct {
	Persons int
	Seed    int64
	Every   int    // of the mutations of one kind only each so manieth
	Muster  string // path of the program
	Dir     string // folder that is kept, to be looked at; empty: a temporary one
}

// Result is what came of the mutations.
type Result struct {
	Mutations, Detected int
	Missed              []string // those that were not detected, each with what verify said
	Kinds               map[string]int
}

// String is the last line.
func (r Result) String() string {
	return fmt.Sprintf("mutations %d detected %d", r.Mutations, r.Detected)
}

// Command runs the drill for the command line: 0 is passed, 1 failed, 4 bad usage. The last line is the result.
func Command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("drill tamper", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var o Options
	flags.IntVar(&o.Persons, "persons", 200, "people of the organisation")
	flags.Int64Var(&o.Seed, "seed", 1, "of the organisation and the mutations")
	flags.IntVar(&o.Every, "every", 2, "take only each `n`-th mutation of a kind")
	flags.StringVar(&o.Muster, "muster", "bin/muster", "the `program`")
	flags.StringVar(&o.Dir, "dir", "", "`folder` to keep everything in; it must not be there yet")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 || o.Every < 1 {
		return 4
	}
	r, err := Run(ctx, o, stdout)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "tamper drill:", err)
		return 1
	}
	for _, missed := range r.Missed {
		_, _ = fmt.Fprintln(stderr, "not detected:", missed)
	}
	_, _ = fmt.Fprintln(stdout, r)
	if r.Mutations == 0 || r.Detected != r.Mutations {
		return 1
	}
	return 0
}

// Run makes the packs and tries every mutation. An error says that the drill could not be done.
func Run(ctx context.Context, o Options, progress io.Writer) (r Result, err error) {
	dir := o.Dir
	if dir == "" {
		dir, err = os.MkdirTemp("", "muster-tamper-")
		defer func() { _ = os.RemoveAll(dir) }() // it is a temporary one
	} else {
		err = os.Mkdir(dir, 0o700)
	}
	if err != nil {
		return r, fmt.Errorf("make folder: %w", err)
	}
	h, err := open(ctx, o, dir)
	if err != nil {
		return r, err
	}
	r.Kinds = map[string]int{}
	seen := map[string]int{}
	for _, m := range h.mutations() {
		like := m.who + " " + m.kind
		if seen[like]++; (seen[like]-1)%o.Every != 0 {
			continue
		}
		found, said, err := h.try(ctx, m)
		if err != nil {
			return r, fmt.Errorf("%s: %w", m, err)
		}
		r.Mutations++
		r.Kinds[like]++
		if found {
			r.Detected++
		} else {
			r.Missed = append(r.Missed, fmt.Sprintf("%s: %s", m, said))
		}
		if r.Mutations%100 == 0 {
			_, _ = fmt.Fprintf(progress, "%d mutations, %d detected\n", r.Mutations, r.Detected)
		}
	}
	return r, ctx.Err()
}

// try makes one mutation and lets it be verified, with the organisation's published keys.
func (h *house) try(ctx context.Context, m mutation) (found bool, said string, err error) {
	path := filepath.Join(h.dir, "mutated.zip")
	if err := os.Remove(path + pack.ReceiptSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, "", err
	}
	if err := m.make(ctx, path); err != nil {
		return false, "", err
	}
	out := h.verify(ctx, path, m.ledger)
	texts := out.differ
	if m.open { // it is enough that it is told as not checked
		texts = append(texts, out.open...)
	} else if out.err == nil {
		return false, "it verifies", nil
	}
	said = strings.Join(texts, "; ")
	for _, name := range m.names {
		if strings.Contains(said, name) {
			return true, said, nil
		}
	}
	return false, fmt.Sprintf("it does not name any of %q: %s", m.names, short(said)), nil
}

func short(s string) string {
	if len(s) > 500 {
		return s[:500] + "..."
	}
	return s
}
