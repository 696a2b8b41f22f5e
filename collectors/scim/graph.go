package scim

import (
	"slices"
	"strings"

	"muster/collectors/scim/wire"
)

// ids numbers the ids of one kind of resource in the order of arrival.
type ids struct {
	index map[string]uint32
	list  []string
	base  int // how many there were when the page began
}

func newIDs() *ids { return &ids{index: map[string]uint32{}} }

// add numbers an id and says whether it is new, was read on this page, or on an earlier one.
func (s *ids) add(id string) (uint32, wire.Outcome) {
	if i, ok := s.index[id]; ok {
		if int(i) >= s.base {
			return i, wire.Again
		}
		return i, wire.Repeated
	}
	i := uint32(len(s.list))
	s.index[id] = i
	s.list = append(s.list, id)
	return i, wire.Added
}

// newPage is where the ids of the next page start.
func (s *ids) newPage() { s.base = len(s.list) }

// group is a Group with its members as numbers.
type group struct {
	name  string
	users []uint32 // sorted, each once
	inner []uint32 // groups that are members
	open  []member // members that are no user read so far: groups of later pages, or nothing
}

// member is one item of "members" that is not resolved yet.
type member struct {
	id   string
	kind string // user, group or empty
}

// graph is who is a member of what.
type graph struct {
	users  *ids
	groups *ids
	of     []group // by the number of the group
	outer  [][]uint32
}

// resolve turns the open members into groups, once all are read, and gives what is neither, by group.
func (g *graph) resolve(lost func(group uint32, m member) error) error {
	g.outer = make([][]uint32, len(g.of))
	for i := range g.of {
		for _, m := range g.of[i].open {
			if j, ok := g.groups.index[m.id]; ok && m.kind != "user" {
				g.of[i].inner = append(g.of[i].inner, j)
				continue
			}
			if err := lost(uint32(i), m); err != nil {
				return err
			}
		}
		g.of[i].open = nil
		slices.Sort(g.of[i].inner)
		g.of[i].inner = slices.Compact(g.of[i].inner)
		for _, j := range g.of[i].inner {
			g.outer[j] = append(g.outer[j], uint32(i))
		}
	}
	for j := range g.outer {
		slices.SortFunc(g.outer[j], func(a, b uint32) int { return g.compare(a, b) })
	}
	return nil
}

// compare orders groups by name, then id, so that results do not depend on the order of arrival.
func (g *graph) compare(a, b uint32) int {
	if c := strings.Compare(g.of[a].name, g.of[b].name); c != 0 {
		return c
	}
	return strings.Compare(g.groups.list[a], g.groups.list[b])
}

// above calls each for every group that holds own through nesting, with the names from own to the group's direct member:
// the shortest chain, of equally short ones the first by name. own itself, reached by a cycle, is left out.
func (g *graph) above(own uint32, each func(outer uint32, path []string) error) error {
	if len(g.outer[own]) == 0 {
		return nil
	}
	type step struct {
		group uint32
		path  []string // up to and without group
	}
	seen := map[uint32]bool{own: true}
	level := []step{{own, nil}}
	for len(level) > 0 {
		var next []step
		for _, s := range level {
			path := append(slices.Clip(s.path), g.of[s.group].name)
			for _, outer := range g.outer[s.group] {
				if seen[outer] {
					continue
				}
				seen[outer] = true
				if err := each(outer, path); err != nil {
					return err
				}
				next = append(next, step{outer, path})
			}
		}
		level = next
	}
	return nil
}
