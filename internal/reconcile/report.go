package reconcile

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/reconcile/activity"
	"muster/internal/reconcile/prove"
	"muster/reports"
	"muster/reports/evidence"
	"muster/reports/reconciliation"
)

// Report renders the reconciliation pack of a completed run into outDir and enters its digest on the ledger. The same run gives the
// same bytes.
func (r *Runner) Report(ctx context.Context, runID, outDir string) (reports.Pack, error) {
	run, err := r.Completed(ctx, runID)
	if err != nil {
		return reports.Pack{}, err
	}
	job, err := r.ReportJob(ctx, run)
	if err != nil {
		return reports.Pack{}, err
	}
	return r.Pack(ctx, run, job, nil, outDir)
}

// ReportJob is the reconciliation pack of a completed run, to be written.
func (r *Runner) ReportJob(ctx context.Context, run access.Run) (reports.Job, error) {
	past, err := r.Store.OpenSince(ctx, run, 90*24*time.Hour)
	nights := make([]reconciliation.Night, len(past))
	if err != nil {
		return reports.Job{}, err
	}
	for i, n := range past {
		nights[i] = reconciliation.Night{At: n.AsOf, Open: n.Open}
	}
	trail, err := ledger.Read(r.LedgerDir)
	if err != nil {
		return reports.Job{}, err
	}
	before, err := r.Store.Runs(ctx, 0)
	if err != nil {
		return reports.Job{}, fmt.Errorf("list the runs before: %w", err)
	}
	done, err := activity.OfRun(ctx, r.Store, trail, run, before)
	if err != nil {
		return reports.Job{}, fmt.Errorf("gather what was decided and done: %w", err)
	}
	return reports.Reconciliation(run, nights, done), nil
}

// Completed finds a completed run; without an id the last one.
func (r *Runner) Completed(ctx context.Context, id string) (access.Run, error) {
	find := func() (access.Run, bool, error) { return r.Store.Run(ctx, id) }
	if id == "" {
		find = func() (access.Run, bool, error) { return r.Store.LastRun(ctx, true) }
	}
	run, ok, err := find()
	if err != nil {
		return run, fmt.Errorf("find run %s: %w", id, err)
	}
	if !ok || run.State != access.RunCompleted {
		return run, &access.Error{Op: strings.TrimSpace("find completed run " + id), Kind: access.NotFound, Hint: "run: muster nightly", Err: errors.New("there is no such run, or it did not complete")}
	}
	return run, nil
}

// Narrow cuts what a run can show down to what a pack is about.
type Narrow func(evidence.Evidence, evidence.Data) (evidence.Evidence, evidence.Data)

// Pack writes a pack that rests on a completed run into outDir, enters its digest on the ledger, and leaves the proof of that beside it. narrow, unless it is nil,
// says what of the run's data goes into the pack.
func (r *Runner) Pack(ctx context.Context, run access.Run, job reports.Job, narrow Narrow, outDir string) (reports.Pack, error) {
	world, ok, err := r.Store.WorldOfRun(ctx, run.ID)
	if err == nil && !ok {
		err = errors.New("its choice of snapshots is gone")
	}
	if err != nil {
		return reports.Pack{}, fmt.Errorf("read what run %s reasoned from: %w", run.ID, err)
	}
	ev, err := r.Evidence(ctx, run)
	if err != nil {
		return reports.Pack{}, err
	}
	if err := r.complete(ctx, ev); err != nil {
		return reports.Pack{}, err
	}
	entries := slices.Clone(job.Entries)
	for _, a := range job.Activity {
		entries = append(entries, a.Entry)
	}
	if ev.Later, err = prove.Later(r.LedgerDir, r.Ledger, run, entries); err != nil {
		return reports.Pack{}, fmt.Errorf("prove what was entered after run %s: %w", run.ID, err)
	}
	if ev.Later != nil {
		activity.Open(job.Activity, ev.Later.Opened)
	}
	data := evidence.Data(runData{store: r.Store, run: run, world: world})
	job.Everybody = data
	if narrow != nil {
		ev, data = narrow(ev, data)
	}
	written, err := reports.Write(ctx, job, ev, data, outDir)
	if err != nil {
		return written, err
	}
	index, err := r.Ledger.Append(ctx, r.entry(run, ledger.Pack, map[string]any{"pack": written.ID, "kind": job.Kind,
		"file": filepath.Base(written.ZipPath), "sha256": written.Digest, "pdf_sha256": written.PDFDigest}))
	if err != nil {
		return written, fmt.Errorf("enter the pack on the ledger: %w", err)
	}
	return written, prove.Receipt(r.LedgerDir, written.ZipPath, index)
}

// complete refuses to render a run whose facts have passed their retention: the annexes would be empty, and look like evidence.
func (r *Runner) complete(ctx context.Context, ev evidence.Evidence) error {
	for _, src := range ev.Sources {
		if src.System.Used.ID == "" {
			continue
		}
		stored, err := r.Store.StoredCounts(ctx, src.System.Used.ID)
		if err != nil {
			return fmt.Errorf("count what is stored of %s: %w", src.System.Name, err)
		}
		for _, c := range src.InScope {
			if stored[c.Class] != c.N {
				return &access.Error{System: src.System.Name, Op: "render run " + ev.Run.ID, Kind: access.NotFound,
					Hint: "its facts are past their retention; the pack of that night is the evidence, and its digest is on the ledger",
					Err:  fmt.Errorf("%d of %d records of class %s are still stored", stored[c.Class], c.N, c.Class)}
			}
		}
	}
	return nil
}
