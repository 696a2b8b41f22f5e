// Package load writes one snapshot's records into the store.
package load

import (
	"context"

	"muster/internal/access"
)

// Loader takes the records of one snapshot.
type Loader struct{}

func (l *Loader) Add(ctx context.Context, rec access.Record) error      { panic("in work") }
func (l *Loader) Commit(ctx context.Context, snap access.Snapshot) error { panic("in work") }
func (l *Loader) Abort(ctx context.Context) error                        { panic("in work") }
