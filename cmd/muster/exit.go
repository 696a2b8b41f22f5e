package main

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
	exitClean      = 0
	exitError      = 1
	exitFindings   = 2
	exitIncomplete = 3
	exitUsage      = 4
)

// exitStatus ends a command with a code and no further word: what there is to say was said.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// usageError is a wrong flag or argument.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// report prints an error for people and gives the exit code that it means.
func report(stderr io.Writer, c *cobra.Command, err error) int {
	var status exitStatus
	var problems config.Problems
	var usage usageError
	switch {
	case err == nil:
		return exitClean
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &problems):
		fmt.Fprintln(stderr, problems.Error())
		if len(problems) > 1 {
			fmt.Fprintf(stderr, "%d problems; nothing was read or changed\n", len(problems))
		}
		return exitUsage
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "muster: %v\nhint: %s\n", err, cmp.Or(access.HintOf(err), "see "+strings.TrimSuffix(c.CommandPath(), " help")+" --help"))
		return exitUsage
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "muster: interrupted; nothing half-done counts, run it again")
		return exitError
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
	return exitError
}
