// Package trail compares, before a night begins, the ledger with what the night before left of it in the store: a ledger that was cut,
// exchanged or written anew from some point on is noticed before anything is written to it, and so is one that knows runs that the
// store does not.
package trail

import (
	"context"
	"fmt"

	"muster/internal/access"
	"muster/internal/ledger"
)

// Runs knows the runs that are stored.
type Runs interface {
	// LastRun finds the run that was completed last.
	LastRun(ctx context.Context, completedOnly bool) (access.Run, bool, error)
	// Run finds a run by its id, whatever its state.
	Run(ctx context.Context, id string) (access.Run, bool, error)
}

const hint = "nothing was written; restore the ledger's folder from a backup, and find out who changed it: muster ledger verify"

// Check wants the ledger in dir to continue the checkpoint of the run that was completed last, and to have that run where the store says. It tells which
// runs are on the ledger after it and not in the store. Errors are *access.Error and stop the night.
func Check(ctx context.Context, dir string, runs Runs) (unknown []string, err error) {
	last, ok, err := runs.LastRun(ctx, true)
	if err != nil {
		return nil, fmt.Errorf("find the last completed run: %w", err)
	}
	r, err := ledger.Read(dir)
	if err != nil {
		return nil, err
	}
	from := uint64(0)
	if ok {
		if err := continues(r, last); err != nil {
			return nil, err
		}
		from = last.LastEntry + 1
	}
	err = r.Entries(ctx, from, func(e ledger.Entry) error {
		if e.Type != ledger.RunStart {
			return nil
		}
		_, known, err := runs.Run(ctx, e.Run)
		if err == nil && !known {
			unknown = append(unknown, fmt.Sprintf("run %s is on the ledger, at entry %d, and not in the store; it died as it began, or the store was restored from an older backup", e.Run, e.Index))
		}
		return err
	})
	return unknown, err
}

// continues proves that the log grew from the checkpoint of a run, and that the run's end is where it was entered.
func continues(r *ledger.Reader, last access.Run) error {
	proof, err := r.ProveConsistency(last.Checkpoint)
	if err == nil {
		err = ledger.VerifyConsistency(proof, r.VerifierKey())
	}
	if err != nil {
		return broken(last, "the ledger does not continue the one that run "+last.ID+" ended with", err)
	}
	e, err := r.Entry(last.LastEntry)
	if err != nil {
		return broken(last, "the end of run "+last.ID+" cannot be read", err)
	}
	if e.Type != ledger.RunEnd || e.Run != last.ID {
		return broken(last, "store and ledger do not belong together", fmt.Errorf("entry %d is %s of run %q, the store says that it is the end of run %s", e.Index, e.Type, e.Run, last.ID))
	}
	return nil
}

func broken(last access.Run, what string, err error) error {
	return &access.Error{System: "ledger", Op: "compare with run " + last.ID, Kind: access.Conflict, Hint: hint, Err: fmt.Errorf("%s: %w", what, err)}
}
