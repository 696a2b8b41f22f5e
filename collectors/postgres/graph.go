package postgres

import (
	"cmp"
	"slices"
	"strings"
)

// edge is a membership: of the role that holds the edge in the role named by to.
type edge struct {
	to      int
	admin   bool
	inherit bool
}

// graph is the memberships, by the number of the member. Roles are numbered in the order of arrival.
type graph struct {
	names []string
	out   [][]edge
	memo  map[int][]reached
}

// reached is a role that is held through another.
type reached struct {
	role      int
	path      []string // from the own role to the one that holds it
	admin     bool
	effective bool // from the own role on
}

// settle merges memberships that several grantors gave and orders them by name, so that paths do not depend on the order of arrival.
func (g *graph) settle() {
	g.memo = map[int][]reached{}
	for i, edges := range g.out {
		slices.SortFunc(edges, func(a, b edge) int {
			return cmp.Or(strings.Compare(g.names[a.to], g.names[b.to]), cmp.Compare(a.to, b.to))
		})
		var merged []edge
		for _, e := range edges {
			if n := len(merged); n > 0 && merged[n-1].to == e.to {
				merged[n-1].admin = merged[n-1].admin || e.admin
				merged[n-1].inherit = merged[n-1].inherit || e.inherit
				continue
			}
			merged = append(merged, e)
		}
		g.out[i] = merged
	}
}

// above lists every role that own is a member of through at least one other: by the shortest path that inherits all the way,
// else by the shortest. A cycle, which only an export can hold, ends.
func (g *graph) above(own int) []reached {
	if found, ok := g.memo[own]; ok {
		return found
	}
	seen := map[int]bool{own: true}
	found := g.walk(own, seen, true)
	found = append(found, g.walk(own, seen, false)...)
	g.memo[own] = found
	return found
}

// walk goes by breadth; inheriting walks only along memberships that inherit. What was found before is walked through and not
// listed again.
func (g *graph) walk(own int, listed map[int]bool, inheriting bool) []reached {
	type step struct {
		role int
		path []string
	}
	var found []reached
	seen := map[int]bool{own: true}
	for level := []step{{own, nil}}; len(level) > 0; {
		var next []step
		for _, s := range level {
			path := append(slices.Clip(s.path), g.names[s.role])
			for _, e := range g.out[s.role] {
				if seen[e.to] || inheriting && !e.inherit {
					continue
				}
				seen[e.to] = true
				if !listed[e.to] {
					listed[e.to] = true
					found = append(found, reached{e.to, path, e.admin, inheriting})
				}
				next = append(next, step{e.to, path})
			}
		}
		level = next
	}
	return found
}
