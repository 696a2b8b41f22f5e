package mend

import (
	"context"
	"sync"

	"muster/internal/access"
	"muster/internal/store"
	"muster/remediate/approve"
)

// People knows the persons of the run that was completed last, whichever that is when somebody is looked up; nobody while there is none.
func (m *Mender) People(context.Context) (approve.People, error) { return &present{mender: m}, nil }

// present looks people up in the newest HR snapshot that a run used: who left yesterday decides nothing today.
type present struct {
	mender *Mender

	mu  sync.Mutex
	run string
	at  *persons
}

// Find gives a person by worker id, e-mail address or login.
func (p *present) Find(ctx context.Context, ref string) (access.Person, bool, error) {
	run, world, err := p.mender.Runner.LastWorld(ctx)
	if access.KindOf(err) == access.NotFound {
		return access.Person{}, false, nil
	}
	if err != nil {
		return access.Person{}, false, err
	}
	p.mu.Lock()
	if p.at == nil || p.run != run.ID {
		p.run, p.at = run.ID, &persons{store: p.mender.Store, world: world}
	}
	at := p.at
	p.mu.Unlock()
	return at.Find(ctx, ref)
}

// persons looks people up in one HR snapshot, each once.
type persons struct {
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
func (p *persons) Find(ctx context.Context, ref string) (access.Person, bool, error) {
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
