package collectors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/octets"
)

// Sink takes the records of one snapshot; the store's loader is one. Add may keep r, and must not change it.
type Sink interface {
	Add(ctx context.Context, r access.Record) error
}

// Meter is a Collector that knows how far it is. The runner asks it between two records, from the same goroutine. The unit
// is the collector's own (bytes, objects); a total of 0 is not known yet.
type Meter interface {
	Measure() (done, total int64)
}

// RunSpec is what the runner needs to know about one enumeration.
type RunSpec struct {
	ID            string // of the snapshot; the sink loads under the same one
	RunID         string
	System        string
	Kind          string // of collector
	Version       string // of the collector
	HR            bool   // the source holds persons; else accounts
	TakenAt       time.Time
	Baseline      bool
	ShrinkPercent float64         // a class that lost more than this against Previous is held; 0 holds on any loss
	Previous      access.Snapshot // the complete snapshot to compare the counts with; its ID is empty when there is none
	Timeout       time.Duration   // how long the source may take; 0 is as long as ctx allows
	// Missing counts by class how many persons and accounts of Previous the loaded snapshot does not have; nil leaves them uncounted.
	Missing  func(ctx context.Context, snap access.Snapshot) (map[access.Class]int64, error)
	Classify []config.Classify // kinds of account by name
	Now      func() time.Time  // the wall clock
	Log      *slog.Logger      // may be nil
	Progress func(Progress)    // may be nil; called at most a few times a second
}

// Progress says how far an enumeration is.
type Progress struct {
	System  string
	Counts  map[access.Class]int64 // records loaded until now; the receiver may keep it
	Done    int64                  // of Total, in the collector's own unit
	Total   int64                  // 0 when the collector cannot tell
	Elapsed time.Duration
	// Snapshot is what became of the enumeration, in its last report; nil before. Not to be changed.
	Snapshot *access.Snapshot
	Rate     float64 // records per second since the start
}

// MaxRejections is how many rejections a Snapshot lists itself; the sink gets all of them.
const MaxRejections = 100

// Run turns one enumeration by c into a snapshot. It names the system on every record, gives accounts their kind, makes texts
// valid UTF-8 (package octets), turns what has no usable id into rejections, feeds the sink and counts.
//
// The state of the snapshot is the collector's own statement, corrected by what really came: counts that do not add up, a
// claim that was not met and an error each make it partial, nothing at all makes it failed. Only a snapshot that is complete is
// compared with the one before, and held when it shrank (invariant 2).
//
// A failing source is no error of Run: it is the state of the snapshot, with a reason and a hint. The error is for what stops the
// whole run: a cancelled ctx and a sink that fails.
func Run(ctx context.Context, spec RunSpec, c Collector, sink Sink) (access.Snapshot, error) {
	r, err := newRun(spec, sink)
	if err != nil {
		return access.Snapshot{}, err
	}
	r.meter, _ = c.(Meter)
	r.snap.StartedAt = r.started
	cov, err := r.collect(ctx, c)
	if r.sinkErr != nil {
		return access.Snapshot{}, fmt.Errorf("load %s: %w", spec.System, r.sinkErr)
	}
	if cerr := ctx.Err(); cerr != nil {
		return access.Snapshot{}, fmt.Errorf("collect %s: %w", spec.System, errors.Join(cerr, err))
	}
	r.conclude(cov, err)
	if err := r.identify(ctx); err != nil {
		return access.Snapshot{}, fmt.Errorf("compare %s: %w", spec.System, err)
	}
	r.snap.FinishedAt = spec.Now().UTC()
	r.report(true)
	if spec.Log != nil {
		spec.Log.DebugContext(ctx, "source read", slog.String("system", spec.System), slog.String("state", string(r.snap.State)),
			slog.Int64("records", r.total), slog.Duration("took", r.snap.FinishedAt.Sub(r.snap.StartedAt)))
	}
	return r.snap, nil
}

// collect lets the collector work, for as long as the source may take.
func (r *run) collect(ctx context.Context, c Collector) (access.Coverage, error) {
	limited := ctx
	if r.spec.Timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, r.spec.Timeout)
		defer cancel()
	}
	cov, err := c.Collect(limited, func(rec access.Record) error {
		if err := limited.Err(); err != nil {
			return err
		}
		return r.add(ctx, rec)
	})
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		err = &access.Error{System: r.spec.System, Op: "read everything", Kind: access.Incomplete, Hint: "find out why the source is slow, or give it more time",
			Err: fmt.Errorf("it took longer than %s: %w", r.spec.Timeout, err)}
	}
	return cov, err
}

// run is one enumeration under way.
type run struct {
	spec     RunSpec
	sink     Sink
	sinkErr  error
	meter    Meter
	clean    cleaner
	digest   Digest
	snap     access.Snapshot
	emitted  map[access.Class]int64 // facts that the sink has
	rejected map[access.Class]int64 // rejections by the class they should have been
	own      map[access.Class]int64 // of them, those that the runner made itself
	total    int64
	started  time.Time
	reported time.Time
}

func newRun(spec RunSpec, sink Sink) (*run, error) {
	classify, err := newClassifier(spec.Classify)
	if err != nil {
		return nil, fmt.Errorf("collect %s: %w", spec.System, err)
	}
	now := spec.Now().UTC()
	return &run{
		spec: spec, sink: sink, started: now, reported: now,
		clean:    cleaner{system: spec.System, classify: classify},
		emitted:  map[access.Class]int64{},
		rejected: map[access.Class]int64{},
		own:      map[access.Class]int64{},
		snap: access.Snapshot{ID: spec.ID, RunID: spec.RunID, System: spec.System, Collector: spec.Kind,
			CollectorVersion: spec.Version, TakenAt: spec.TakenAt.UTC(), Baseline: spec.Baseline},
	}, nil
}

// add takes one record from the collector.
func (r *run) add(ctx context.Context, rec access.Record) error {
	if r.sinkErr != nil {
		return r.sinkErr
	}
	cleaned, why := r.clean.clean(rec)
	if why != "" {
		class := access.ClassRejection
		if rec != nil {
			class = rec.Class()
		}
		r.own[class]++
		cleaned = access.Rejection{Of: class, Ref: octets.Encode(refOf(rec)), Reason: why}
	}
	if rej, ok := cleaned.(access.Rejection); ok {
		r.rejected[rej.Of]++
		if len(r.snap.Rejections) < MaxRejections {
			r.snap.Rejections = append(r.snap.Rejections, rej)
		}
	} else {
		r.emitted[cleaned.Class()]++
	}
	r.digest.Add(cleaned)
	if err := r.sink.Add(ctx, cleaned); err != nil {
		r.sinkErr = err
		return err
	}
	if r.total++; r.total%16 == 0 {
		r.report(false)
	}
	return nil
}

func refOf(rec access.Record) string {
	switch v := rec.(type) {
	case access.Person:
		return fmt.Sprintf("line %d", v.Row)
	case access.Account:
		return v.SourceRef
	case access.Entitlement:
		return v.SourceRef
	}
	return ""
}

// report tells the progress, at most five times a second unless it is the last time.
func (r *run) report(last bool) {
	if r.spec.Progress == nil {
		return
	}
	now := r.spec.Now().UTC()
	if !last && now.Sub(r.reported) < 200*time.Millisecond {
		return
	}
	r.reported = now
	p := Progress{System: r.spec.System, Counts: make(map[access.Class]int64, len(r.emitted)+1), Elapsed: now.Sub(r.started)}
	for class, n := range r.emitted {
		p.Counts[class] = n
	}
	for _, n := range r.rejected {
		p.Counts[access.ClassRejection] += n
	}
	if r.meter != nil {
		p.Done, p.Total = r.meter.Measure()
	}
	if s := p.Elapsed.Seconds(); s > 0 {
		p.Rate = float64(r.total) / s
	}
	if last {
		p.Snapshot = &r.snap
	}
	r.spec.Progress(p)
}
