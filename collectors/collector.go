// Package collectors holds the contract between Muster and the systems that it reads, and the runner that turns one
// enumeration into a snapshot.
//
// A Collector streams: it emits each record as soon as it has it and never buffers a whole system. It states its Coverage
// per object class at the end; only a class that was read whole is complete, because absence is never inferred from an
// incomplete snapshot. It sends read-only requests. Records may come in any order and any page size: ids, and so findings, do
// not depend on either. Texts are handed on byte for byte, decoded only from an encoding that is declared; the runner makes the
// rest UTF-8 in a way that can be undone.
//
// Errors are *access.Error; the Kind alone decides about a retry. No error, log line or coverage text holds a secret.
// A collector is used by one goroutine at a time. Times are UTC.
package collectors

import (
	"context"
	"log/slog"
	"time"

	"muster/internal/access"
	"muster/internal/config"
)

// Collector reads one System once.
//
// Collect emits every record and returns what it covered. When emit fails, Collect stops and returns an error that wraps
// emit's. When the source fails midway, Collect returns both the coverage so far, with the failing classes partial or
// failed and the reason, and the error; what was emitted until then stays usable as facts, never as absence. A cancelled
// ctx ends Collect within a second with an error that wraps ctx.Err().
type Collector interface {
	Collect(ctx context.Context, emit func(access.Record) error) (access.Coverage, error)
}

// Prober is a Collector that can say, without reading everything, whether its source answers; `muster doctor` asks it.
type Prober interface {
	Probe(ctx context.Context) error
}

// Spec is what a Factory makes a Collector from.
type Spec struct {
	System   string           // the system's name in the configuration
	Dir      string           // folder that relative paths are taken from
	Settings config.Node      // the collector's own part of the configuration, decoded strictly by the factory
	Now      func() time.Time // the moment that the facts are of: decides what has expired; not for measuring time
	Log      *slog.Logger
}

// Factory makes a Collector. Problems of the settings are recorded on the settings' node and not returned: the caller looks at
// its document's Err. The returned error is for everything else, such as a secret that cannot be read.
type Factory func(Spec) (Collector, error)
