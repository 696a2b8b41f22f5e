package approve

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
)

// People knows persons as HR does.
type People interface {
	// Find gives a person by worker id, e-mail address or login; false when nobody, or more than one, matches.
	Find(ctx context.Context, ref string) (access.Person, bool, error)
}

// Routes finds who may decide.
type Routes struct {
	People   People
	Security []string            // worker ids of the security team
	Groups   map[string][]string // worker ids by group
	Emails   map[string]string   // by worker id, where the address is another than HR's
}

// Question says whose access a question is about and where.
type Question struct {
	Person    string // worker id; empty for an account of nobody
	Requester string // worker id
	Owner     string // of the system: e-mail address, login or worker id
}

// maxClimb is how far up a question goes when managers have left.
const maxClimb = 5

// Resolve gives the approvers of a route's words, each person once, in the order of the words. Who may not decide is left out: the
// subject, the requester, and whoever has left.
func (r *Routes) Resolve(ctx context.Context, route []string, q Question) ([]access.Approver, error) {
	var out []access.Approver
	add := func(ref, role string) error {
		if ref == "" {
			return nil
		}
		p, ok, err := r.People.Find(ctx, ref)
		if err != nil {
			return fmt.Errorf("find approver %s: %w", role, err)
		}
		if !ok || !able(p) || p.ID == q.Person || p.ID == q.Requester || slices.ContainsFunc(out, func(x access.Approver) bool { return x.Person == p.ID }) {
			return nil
		}
		email := p.Email
		if other := r.Emails[p.ID]; other != "" {
			email = other
		}
		out = append(out, access.Approver{Person: p.ID, Name: p.Name(), Email: email, Role: role})
		return nil
	}
	for _, word := range route {
		refs, role := r.Groups[word], word
		switch word {
		case access.RouteManager:
			manager, err := r.manager(ctx, q)
			if err != nil {
				return nil, err
			}
			refs = []string{manager}
		case access.RouteOwner:
			refs = r.owners(q.Owner)
		case access.RouteSecurity:
			refs = r.Security
		}
		for _, ref := range refs {
			if err := add(ref, role); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// owners are who answers for a system: the group that its owner names, by the whole text or by what stands before the @, else one person.
func (r *Routes) owners(owner string) []string {
	local, _, _ := strings.Cut(owner, "@")
	for _, name := range []string{owner, local} {
		if people, ok := r.Groups[name]; ok {
			return people
		}
	}
	return []string{owner}
}

// manager is the nearest manager above the person who can decide; one who has left, or who asks for it, passes it on upwards.
func (r *Routes) manager(ctx context.Context, q Question) (string, error) {
	id := q.Person
	seen := map[string]bool{}
	for range maxClimb {
		p, ok, err := r.People.Find(ctx, id)
		if err != nil || !ok || id == "" {
			return "", err
		}
		seen[id] = true
		if id = p.ManagerID; id == "" || seen[id] {
			return "", nil
		}
		m, ok, err := r.People.Find(ctx, id)
		if err != nil {
			return "", err
		}
		if ok && able(m) && m.ID != q.Requester {
			return m.ID, nil
		}
	}
	return "", nil
}

// able reports whether a person is here to decide.
func able(p access.Person) bool { return p.Status == access.StatusActive }
