// Package nesting resolves groups inside groups: who holds which group, and through which others.
//
// Accounts and groups are numbers and names here; a directory's own core and its dialects share it. An account holds a group
// once, by the shortest path; among equally short ones by the first in byte order of the names, so that the answer does not
// depend on the order of arrival. Cycles end where they begin. A Graph belongs to one goroutine.
package nesting

import (
	"sort"
	"strings"
)

// Graph is the groups with what they contain. Groups are numbered by arrival until Order gives them their place by name.
type Graph struct {
	Groups []Group
	byDN   map[string]int32
}

// Group is one group.
type Group struct {
	ID, Name, Description, DN string

	Accounts []int32  // direct members that are accounts
	Parents  []int32  // groups that this group is a direct member of
	Unknown  []string // members that were not known on arrival, by normalised DN
	Names    []string // members by name (memberUid)
}

// Add puts a group in; false when its name is taken.
func (g *Graph) Add(dn string, n Group) bool {
	if g.byDN == nil {
		g.byDN = map[string]int32{}
	}
	if _, dup := g.byDN[dn]; dup {
		return false
	}
	g.byDN[dn] = int32(len(g.Groups))
	g.Groups = append(g.Groups, n)
	return true
}

// Of is the group of a normalised DN that was added.
func (g *Graph) Of(dn string) *Group { return &g.Groups[g.byDN[dn]] }

// Find is the number of the group of a normalised DN, -1 when there is none.
func (g *Graph) Find(dn string) int32 {
	if i, ok := g.byDN[dn]; ok {
		return i
	}
	return -1
}

// Last is the group added last.
func (g *Graph) Last() *Group { return &g.Groups[len(g.Groups)-1] }

// Order makes the names unique and sorts the groups by them. Of groups with the same name in different places each takes
// its whole DN as its name: an entitlement's name must tell it from every other.
func (g *Graph) Order() {
	count := map[string]int{}
	for i := range g.Groups {
		count[strings.ToLower(g.Groups[i].Name)]++
	}
	for i := range g.Groups {
		if n := &g.Groups[i]; count[strings.ToLower(n.Name)] > 1 {
			n.Name = n.DN
		}
	}
	place := make([]int32, len(g.Groups)) // new place → old
	for i := range place {
		place[i] = int32(i)
	}
	sort.Slice(place, func(a, b int) bool {
		x, y := &g.Groups[place[a]], &g.Groups[place[b]]
		if x.Name != y.Name {
			return x.Name < y.Name
		}
		return x.ID < y.ID
	})
	moved := make([]int32, len(place)) // old → new
	sorted := make([]Group, len(place))
	for i, old := range place {
		moved[old] = int32(i)
		sorted[i] = g.Groups[old]
	}
	for i := range sorted {
		for j, p := range sorted[i].Parents {
			sorted[i].Parents[j] = moved[p]
		}
		sorted[i].Parents = compact(sorted[i].Parents)
	}
	g.Groups, g.byDN = sorted, nil
}

func compact(list []int32) []int32 {
	sort.Slice(list, func(a, b int) bool { return list[a] < list[b] })
	out := list[:0]
	for i, v := range list {
		if i == 0 || v != list[i-1] {
			out = append(out, v)
		}
	}
	return out
}

// Walk calls visit for every account and every group that it is in, once each, with the names of the groups between them. It
// goes outward from the account level by level in the order of the names, so the first way to a group is the one that
// the package promises. It needs ordered groups.
func (g *Graph) Walk(accounts int, visit func(account int32, in *Group, path []string) error) error {
	direct := g.invert(accounts)
	from := make([]int32, len(g.Groups)) // the group through which this one was reached
	mark := make([]int32, len(g.Groups)) // which account reached it last
	for i := range mark {
		mark[i] = -1
	}
	var queue []int32
	for account, own := range direct {
		queue = queue[:0]
		for _, gi := range own {
			if mark[gi] != int32(account) {
				mark[gi], from[gi] = int32(account), -1
				queue = append(queue, gi)
			}
		}
		for head := 0; head < len(queue); head++ {
			gi := queue[head]
			if err := visit(int32(account), &g.Groups[gi], g.path(from, gi)); err != nil {
				return err
			}
			for _, p := range g.Groups[gi].Parents {
				if mark[p] != int32(account) {
					mark[p], from[p] = int32(account), gi
					queue = append(queue, p)
				}
			}
		}
	}
	return nil
}

// invert lists the direct groups of each account, in the order of the groups. All lists share one array.
func (g *Graph) invert(accounts int) [][]int32 {
	size := make([]int, accounts)
	total := 0
	for i := range g.Groups {
		for _, a := range g.Groups[i].Accounts {
			size[a]++
			total++
		}
	}
	flat, direct := make([]int32, total), make([][]int32, accounts)
	for a, n := range size {
		direct[a], flat = flat[:0:n], flat[n:]
	}
	for i := range g.Groups {
		for _, a := range g.Groups[i].Accounts {
			direct[a] = append(direct[a], int32(i))
		}
	}
	return direct
}

func (g *Graph) path(from []int32, gi int32) []string {
	n := 0
	for i := from[gi]; i >= 0; i = from[i] {
		n++
	}
	if n == 0 {
		return nil
	}
	path := make([]string, n)
	for i := from[gi]; i >= 0; i = from[i] {
		n--
		path[n] = g.Groups[i].Name
	}
	return path
}
