// Package people looks persons up as HR has them, for those who find or judge approvers. A look-up is asked of the store once; values may be
// used from several goroutines.
package people

import (
	"context"
	"sync"

	"muster/internal/access"
	"muster/internal/store"
)

// Present looks people up in the newest HR snapshot that a run used, whichever that is at the moment: who left yesterday decides nothing
// today. Nobody is known while there is no run.
type Present struct {
	Store *store.Store
	Last  func(context.Context) (access.Run, store.World, error) // the last completed run; NotFound when there is none

	mu  sync.Mutex
	run string
	at  *Snapshot
}

// Find gives a person by worker id, e-mail address or login.
func (p *Present) Find(ctx context.Context, ref string) (access.Person, bool, error) {
	run, world, err := p.Last(ctx)
	if access.KindOf(err) == access.NotFound {
		return access.Person{}, false, nil
	}
	if err != nil {
		return access.Person{}, false, err
	}
	p.mu.Lock()
	if p.at == nil || p.run != run.ID {
		p.run, p.at = run.ID, In(p.Store, world)
	}
	at := p.at
	p.mu.Unlock()
	return at.Find(ctx, ref)
}

// In looks people up in the HR snapshot of a world.
func In(s *store.Store, w store.World) *Snapshot { return &Snapshot{store: s, world: w} }

// Snapshot looks people up in one HR snapshot, each once.
type Snapshot struct {
	store *store.Store
	world store.World

	mu    sync.Mutex
	known map[string]found
}

type found struct {
	person access.Person
	ok     bool
}

// Find gives a person by worker id, e-mail address or login.
func (p *Snapshot) Find(ctx context.Context, ref string) (access.Person, bool, error) {
	if ref == "" || p.world.HR.ID == "" {
		return access.Person{}, false, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if f, ok := p.known[ref]; ok {
		return f.person, f.ok, nil
	}
	person, ok, err := p.store.Person(ctx, p.world, ref)
	if err != nil {
		return person, false, err
	}
	if p.known == nil {
		p.known = map[string]found{}
	}
	p.known[ref] = found{person, ok}
	return person, ok, nil
}
