// Package crash is the crash drill: it kills the process that changes systems and tells people, thousands of times, and then counts.
//
//	calm     one action of every kind on every system, undisturbed: what the servers show and how many changes they made is the measure
//	matrix   SIGKILL at every step of every kind of action on every system, also in the recovery from an earlier kill
//	notices  SIGKILL at every step of every kind of message
//	random   SIGKILL at random moments and random steps of a process that does all of it at once, while Slack lags, throttles, and fails
//	         after it took a message
//
// Killed is a process of its own (package victim) with the real store, a real ledger and real servers (package stand). What is counted at
// the end is counted where no victim can reach it: by the servers' own tools, by proxies and logs on the servers' side, by the fake Slack,
// and by re-computing the ledger.
//
//	doubled          a system was changed a second time, or changed with no intent on the ledger before it, or the ledger has two receipts
//	                 that say so of one action (a recovery's receipt says that it found the change, not that it made it)
//	lost             a change is not there, is there without a receipt that matches its record, or its record is not final; or a message
//	                 is not there
//	duplicate_posts  messages beyond the first of one key
//
// Times are UTC. The seed makes the choices the same again; the moments of the kills are the machine's.
package crash

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"muster/internal/drill/crash/chat"
	"muster/internal/drill/crash/stand"
	"muster/internal/drill/crash/victim"
)

// Options say how much is done.
type Options struct {
	Kills  int    // at random
	Rounds int    // of the matrix: in each, every kind on every system is killed at one step; Rounds() is all of it
	Seed   uint64 // of the choices

	naive   bool     // the victims believe what they should look at: for the proof that the drill finds that
	systems []string // of the matrix; nil is all
}

// IsChild reports whether this process is one that the drill started.
func IsChild() bool { return victim.Is(os.Args) || chat.Is(os.Args) }

// ChildMain is the main of such a process.
func ChildMain() int {
	if victim.Is(os.Args) {
		return victim.Main(os.Args, os.Stdout, os.Stderr)
	}
	return chat.Main(os.Stdin, os.Stdout, os.Stderr)
}

// Command runs the drill for the command line: 0 is passed, 1 failed, 4 bad usage. The last line is the result.
func Command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("drill crash", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var o Options
	flags.IntVar(&o.Kills, "kills", 1000, "how many `kills` at random, besides those of the matrix")
	flags.IntVar(&o.Rounds, "rounds", Rounds(), "how many rounds of the matrix; all of it is the default")
	flags.Uint64Var(&o.Seed, "seed", uint64(time.Now().UnixNano()), "seed of the choices")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 || o.Kills < 0 || o.Rounds < 0 || o.Rounds > Rounds() {
		return 4
	}
	result, err := Run(ctx, o, stderr)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "crash: %v\n", err)
	}
	_, _ = io.WriteString(stdout, result.String())
	if err != nil || !result.Passed() {
		return 1
	}
	return 0
}

// Result is what the drill found.
type Result struct {
	Options
	Took       time.Duration
	Kills      int
	At         map[string]int // by the last step that a killed process reported
	HalfDone   int            // actions that a kill left in the state applying
	Actions    int            // that were carried out
	Messages   int            // that Slack has
	Doubled    map[string]string
	Lost       map[string]string
	Duplicates map[string]int
	Problems   []string // why the drill itself proves nothing
}

// duplicates counts the messages beyond the first of each key.
func (r Result) duplicates() int {
	n := 0
	for _, times := range r.Duplicates {
		n += times - 1
	}
	return n
}

// Passed reports whether nothing was found and the drill proves it.
func (r Result) Passed() bool {
	return len(r.Doubled)+len(r.Lost)+len(r.Problems)+r.duplicates() == 0 && r.Kills > 0
}

// String is the report; its last line is the result.
func (r Result) String() string {
	text := fmt.Sprintf("seed %d, %s: %d actions on %d systems, %d messages; %d times an action was left half-done\n", r.Seed, r.Took.Round(time.Second), r.Actions,
		len(stand.Systems()), r.Messages, r.HalfDone)
	for _, step := range slices.Sorted(maps.Keys(r.At)) {
		text += fmt.Sprintf("  killed after %-16s %5d\n", step, r.At[step])
	}
	for _, what := range []struct {
		name string
		list map[string]string
	}{{"doubled", r.Doubled}, {"lost", r.Lost}} {
		for _, id := range slices.Sorted(maps.Keys(what.list)) {
			text += fmt.Sprintf("%s %s: %s\n", what.name, id, what.list[id])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.Duplicates)) {
		text += fmt.Sprintf("posted %d times: %s\n", r.Duplicates[key], key)
	}
	for _, p := range r.Problems {
		text += "problem: " + p + "\n"
	}
	if !r.Passed() {
		text += fmt.Sprintf("again with: go run ./internal/drill crash -kills %d -rounds %d -seed %d\n", r.Options.Kills, r.Rounds, r.Seed)
	}
	return text + fmt.Sprintf("kills %d doubled %d lost %d duplicate_posts %d\n", r.Kills, len(r.Doubled), len(r.Lost), r.duplicates())
}

// Run does the drill. The error is for what kept it from being done; what was found until then is in the result.
func Run(ctx context.Context, o Options, progress io.Writer) (Result, error) {
	start := time.Now()
	d := &drill{options: o, progress: progress, result: Result{Options: o, At: map[string]int{}, Doubled: map[string]string{}, Lost: map[string]string{}}}
	err := d.open(ctx)
	if err == nil {
		err = d.run(ctx)
	}
	d.result.Took = time.Since(start)
	return d.result, errors.Join(err, d.close())
}

// run is the drill's four parts and the count.
func (d *drill) run(ctx context.Context) error {
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{{"calm", d.calm}, {"matrix", d.matrix}, {"notices", d.notices}, {"random", d.random}, {"count", d.count}} {
		start := time.Now()
		if err := part.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		d.say("%s: %s, %d kills until now", part.name, time.Since(start).Round(100*time.Millisecond), d.result.Kills)
	}
	return nil
}
