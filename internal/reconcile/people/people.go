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

// Whole reads everybody of the HR snapshot of a world at once, for those who look most of them up.
func Whole(ctx context.Context, s *store.Store, w store.World) (*Directory, error) {
	d := &Directory{rest: In(s, w), known: map[string]access.Person{}}
	var at map[string]int
	head := func(names []string) error {
		at = map[string]int{}
		for i, name := range names {
			at[name] = i
		}
		return nil
	}
	err := s.Population(ctx, w, "persons", head, func(row []string) error {
		of := func(name string) string { return row[at[name]] }
		if _, twice := d.known[of("worker_id")]; !twice { // the lowest row is the person
			d.known[of("worker_id")] = access.Person{ID: of("worker_id"), GivenName: of("given_name"), FamilyName: of("family_name"), DisplayName: of("display_name"), Email: of("email"),
				Department: of("department"), Status: access.Status(of("status")), ManagerID: of("manager_id")}
		}
		return nil
	})
	return d, err
}

// Directory finds people by their worker id in what was read at once, and otherwise in the snapshot. Of the former it knows the name, the
// address, the department, the status and the manager.
type Directory struct {
	rest  *Snapshot
	known map[string]access.Person
}

// Find gives a person by worker id, e-mail address or login.
func (d *Directory) Find(ctx context.Context, ref string) (access.Person, bool, error) {
	if p, ok := d.known[ref]; ok {
		return p, true, nil
	}
	return d.rest.Find(ctx, ref)
}
