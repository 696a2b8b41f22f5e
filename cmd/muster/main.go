// Command muster takes the roll call of access: it snapshots the accounts and entitlements of every system, compares them with
// the access that HR data says each person should have, and leaves findings and an evidence pack.
//
// Standard output is data, standard error is prose and progress. Exit codes: 0 clean, 1 error, 2 findings at or above --fail-on,
// 3 incomplete (a source was partial, failed or held; something of a pack could not be checked), 4 bad configuration or usage.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"muster/internal/store/engine"
)

// version is set by the linker.
var version = "dev"

func main() {
	if engine.IsChild() {
		os.Exit(engine.ChildMain(os.Args))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
