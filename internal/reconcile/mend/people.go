package mend

import (
	"context"
	"sync"

	"muster/internal/access"
	"muster/internal/store"
)

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
