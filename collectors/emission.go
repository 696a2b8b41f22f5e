package collectors

import (
	"context"
	"fmt"

	"muster/internal/access"
)

// Emission is a collector's way out: it hands records on until the first failure, which is final, and counts each in the coverage of
// its class; a rejection counts under the class that it should have been.
type Emission struct {
	Ctx  context.Context
	To   func(access.Record) error
	Of   func(access.Class) *access.ClassCoverage
	Stop error // the failure of To, or the cancellation, that ended everything
}

// Emit hands one record on and counts it.
func (e *Emission) Emit(rec access.Record) error {
	if e.Stop != nil {
		return e.Stop
	}
	if err := e.Ctx.Err(); err != nil {
		e.Stop = fmt.Errorf("collect: %w", err)
		return e.Stop
	}
	if err := e.To(rec); err != nil {
		e.Stop = fmt.Errorf("emit %s: %w", rec.Class(), err)
		return e.Stop
	}
	if rejection, ok := rec.(access.Rejection); ok {
		k := e.Of(rejection.Of)
		k.Fetched++
		k.Rejected++
		return nil
	}
	k := e.Of(rec.Class())
	k.Fetched++
	k.Parsed++
	return nil
}
