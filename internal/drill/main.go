// Command drill tries to break Muster on purpose and counts what came of it:
//
//	go run ./internal/drill crash [-kills n] [-rounds n] [-seed n]     kills the process that changes systems, thousands of times
//	go run ./internal/drill runaway [-persons n] [-seed n] [-only ...] feeds it bad news while every rule may act by itself
//	go run ./internal/drill spoof [-seed n] [-every n]                 tries to have decisions taken that nobody made
//	go run ./internal/drill tamper [-persons n] [-every n]             changes evidence packs in every way that it knows
//
// The last line on standard output is the result. The exit code is 0 when nothing was found, 1 when something was or the drill could not
// be done, 4 for bad usage. Servers listen on 127.0.0.1 and end with the drill; nothing is kept.
package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"muster/internal/drill/crash"
	"muster/internal/drill/runaway"
	"muster/internal/drill/spoof"
	"muster/internal/drill/tamper"
	"muster/internal/store/engine"
)

// drills are all there are, by name.
func drills() map[string]func(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return map[string]func(context.Context, []string, io.Writer, io.Writer) int{
		"crash":   crash.Command,
		"runaway": runaway.Command,
		"spoof":   spoof.Command,
		"tamper":  tamper.Command,
	}
}

func main() {
	switch {
	case engine.IsChild():
		os.Exit(engine.ChildMain(os.Args))
	case crash.IsChild():
		os.Exit(crash.ChildMain())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	all := drills()
	if len(args) > 0 && all[args[0]] != nil {
		return all[args[0]](ctx, args[1:], stdout, stderr)
	}
	_, _ = fmt.Fprintf(stderr, "usage: drill %s [flags]\n", strings.Join(slices.Sorted(maps.Keys(all)), "|"))
	return 4
}
