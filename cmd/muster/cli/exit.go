package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"muster/internal/access"
	"muster/internal/config"
)

// The exit codes, as the package comment gives them.
const (
	ExitClean      = 0
	ExitError      = 1
	ExitFindings   = 2
	ExitIncomplete = 3
	ExitUsage      = 4
)

// ExitStatus ends a command with a code and no further word: what there is to say was said.
type ExitStatus int

// Error says the code.
func (e ExitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// UsageError is a wrong flag or argument.
type UsageError struct{ Err error }

// Usage makes a wrong flag or argument of an error.
func Usage(err error) error { return UsageError{err} }

// Error says what is wrong.
func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e UsageError) Unwrap() error { return e.Err }

// Report prints an error for people and gives the exit code that it means.
func Report(stderr io.Writer, c *cobra.Command, err error) int {
	var status ExitStatus
	var problems config.Problems
	var usage UsageError
	switch {
	case err == nil:
		return ExitClean
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &problems):
		fmt.Fprintln(stderr, problems.Error())
		if len(problems) > 1 {
			fmt.Fprintf(stderr, "%d problems; nothing was read or changed\n", len(problems))
		}
		return ExitUsage
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "muster: %v\nhint: %s\n", err, cmp.Or(access.HintOf(err), "see "+strings.TrimSuffix(c.CommandPath(), " help")+" --help"))
		return ExitUsage
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "muster: interrupted; nothing half-done counts, run it again")
		return ExitError
	}
	fmt.Fprintf(stderr, "muster: %v\n", err)
	hint := access.HintOf(err)
	switch {
	case hint != "":
	case errors.Is(err, fs.ErrPermission):
		hint = "run muster as the user who owns the file, or choose another place; the data folder is set by --data-dir or data_dir"
	case errors.Is(err, syscall.ENOSPC):
		hint = "the disk is full: free some space and run again"
	}
	if hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", hint)
	}
	return ExitError
}

// ErrNothing is for commands that need a completed run.
var ErrNothing = &access.Error{Op: "find a completed run", Kind: access.NotFound, Hint: "run: muster nightly", Err: errors.New("there is none yet")}

// warn says on standard error what went wrong beside the result, with its hint.
func warn(w io.Writer, format string, args ...any) {
	fmt.Fprintf(w, "muster: "+format+"\n", args...)
	for _, arg := range args {
		if err, ok := arg.(error); ok && access.HintOf(err) != "" {
			fmt.Fprintf(w, "hint: %s\n", access.HintOf(err))
		}
	}
}
