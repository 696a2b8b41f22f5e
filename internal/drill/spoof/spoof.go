// Package spoof is the spoof drill: it tries to have decisions taken that nobody who may decide has made.
//
//	http     requests to `muster serve` at its Request URL: unsigned, signed by others, changed after signing, old, sent twice
//	socket   the same interactions over Socket Mode, where the connection stands for the signature
//	command  `muster decide` with tokens that are tampered with, foreign, old or used up, and as users of the host who may not decide
//	mail     the same with tokens out of messages that were really sent
//
// The program is the one that is shipped, in a process of its own, with its ledger on disk and its store in the embedded engine; the questions
// are put by the Desk and posted by the Board to a Slack workspace on loopback. Attempts are made of kinds, ways in, questions of every
// form, and fields and bytes that are changed; the seed chooses places.
//
// An attempt must leave every question and every action as it was, to the byte, and exactly one refusal on the ledger, of the right kind. At
// the end the orders show that nothing was done but what was honestly decided: between the attempts people decide, over every way in, on the
// very questions that were attacked, so that nothing passes because everything is refused. Those are printed and not counted.
//
// Times are UTC and the wall clock's.
package spoof

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	stage "muster/internal/drill/spoof/house"
	"muster/remediate/approve"
)

// Options say how much is tried.
type Options struct {
	Seed   uint64 // of the places that are changed
	Every  int    // of attempts of a kind that are refused for the same reason one in so many; 1 is all
	Muster string // path of the program
	Dir    string // folder that is kept, to be looked at; empty: a temporary one
}

// Result is what came of the attempts.
type Result struct {
	Tried    int
	Accepted int
	Honest   int                         // decisions that were taken, as they should
	Kinds    map[approve.RefusalKind]int // how often each was the reason
	Faults   []string                    // attempts that were refused, but not as they should have been
}

// minHonest is how many honest decisions show that the way in is open.
const minHonest = 10

// Good reports whether nothing was found.
func (r Result) Good() bool {
	return r.Accepted == 0 && len(r.Faults) == 0 && r.Honest >= minHonest && r.Tried > 0 && len(r.missing()) == 0
}

// missing are the reasons that were never the reason.
func (r Result) missing() []approve.RefusalKind {
	return slices.DeleteFunc(kinds(), func(k approve.RefusalKind) bool { return r.Kinds[k] > 0 })
}

// String is the last line.
func (r Result) String() string { return fmt.Sprintf("tried %d accepted %d", r.Tried, r.Accepted) }

// kinds are all reasons to refuse.
func kinds() []approve.RefusalKind {
	return []approve.RefusalKind{approve.RefusedSignature, approve.RefusedStale, approve.RefusedReplay, approve.RefusedTeam, approve.RefusedStranger, approve.RefusedGuest,
		approve.RefusedDeactivated, approve.RefusedSelf, approve.RefusedRequester, approve.RefusedRoute, approve.RefusedTwice, approve.RefusedClosed, approve.RefusedStepUp,
		approve.RefusedToken, approve.RefusedUnknown, approve.RefusedShape}
}

// Command runs the drill for the command line: 0 is passed, 1 failed, 4 bad usage. The last line is the result.
func Command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("drill spoof", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var o Options
	flags.Uint64Var(&o.Seed, "seed", 1, "of the places that are changed")
	flags.IntVar(&o.Every, "every", 1, "of like attempts one in so many")
	flags.StringVar(&o.Muster, "muster", "bin/muster", "the `program`")
	flags.StringVar(&o.Dir, "dir", "", "`folder` to keep everything in; it must not be there yet")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 || o.Every < 1 {
		return 4
	}
	r, err := Run(ctx, o, stdout)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "spoof drill:", err)
		return 1
	}
	for _, fault := range r.Faults {
		_, _ = fmt.Fprintln(stderr, "fault:", fault)
	}
	for _, k := range r.missing() {
		_, _ = fmt.Fprintf(stderr, "fault: nothing was refused as %q\n", k)
	}
	for _, k := range slices.SortedFunc(maps.Keys(r.Kinds), func(a, b approve.RefusalKind) int { return strings.Compare(string(a), string(b)) }) {
		_, _ = fmt.Fprintf(stdout, "%5d refused as %s\n", r.Kinds[k], k)
	}
	_, _ = fmt.Fprintf(stdout, "%5d honest decisions taken\n", r.Honest)
	_, _ = fmt.Fprintln(stdout, r)
	if !r.Good() {
		return 1
	}
	return 0
}

// Run makes the attempts. An error says that they could not be made.
func Run(ctx context.Context, o Options, progress io.Writer) (Result, error) {
	h := &house{House: &stage.House{Seed: o.Seed, Program: o.Muster, Folder: o.Dir, Progress: progress}, o: o, progress: progress,
		result: Result{Kinds: map[approve.RefusalKind]int{}}, cleared: map[string]bool{}}
	defer h.Close()
	if err := h.Open(ctx); err != nil {
		return h.result, err
	}
	for _, phase := range []struct {
		name string
		do   func(context.Context) error
	}{{"http", h.overHTTP}, {"socket", h.overSocket}, {"command", h.byCommand}, {"mail", h.byMail}, {"at the end", h.end}} {
		tried, honest, began := h.result.Tried, h.result.Honest, time.Now()
		if err := phase.do(ctx); err != nil {
			return h.result, fmt.Errorf("%s: %w", phase.name, err)
		}
		h.say("%-10s tried %d, honest %d, %.0f s", phase.name, h.result.Tried-tried, h.result.Honest-honest, time.Since(began).Seconds())
	}
	return h.result, nil
}

// house is where the attempts are made, and what came of them.
type house struct {
	*stage.House
	o        Options
	progress io.Writer
	result   Result
	asked    int
	cleared  map[string]bool   // by id: actions that were honestly approved
	before   map[string]string // every question and action as it was, by id
}

func (h *house) say(format string, args ...any) {
	_, _ = fmt.Fprintf(h.progress, format+"\n", args...)
}
