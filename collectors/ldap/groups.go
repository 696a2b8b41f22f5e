package ldap

import (
	"sort"
	"strings"
)

// graph is the groups with what they contain. Groups are numbered by arrival until order gives them their place by name.
type graph struct {
	groups []group
	byDN   map[string]int32
}

// group is one entitlement.
type group struct {
	id, name, description, dn string

	accounts []int32  // direct members that are accounts
	parents  []int32  // groups that this group is a direct member of
	unknown  []string // members that were not known on arrival, by normalised DN
	names    []string // members by name (memberUid)
}

// add puts a group in; false when its name is taken.
func (g *graph) add(dn string, n group) bool {
	if g.byDN == nil {
		g.byDN = map[string]int32{}
	}
	if _, dup := g.byDN[dn]; dup {
		return false
	}
	g.byDN[dn] = int32(len(g.groups))
	g.groups = append(g.groups, n)
	return true
}

func (g *graph) of(dn string) *group { return &g.groups[g.byDN[dn]] }

func (g *graph) find(dn string) int32 {
	if i, ok := g.byDN[dn]; ok {
		return i
	}
	return -1
}

func (g *graph) last() *group { return &g.groups[len(g.groups)-1] }

func (g *graph) account(i int32)   { l := g.last(); l.accounts = append(l.accounts, i) }
func (g *graph) unknown(dn string) { l := g.last(); l.unknown = append(l.unknown, dn) }
func (g *graph) named(name string) { l := g.last(); l.names = append(l.names, name) }

// order makes the names unique and sorts the groups by them. Of groups with the same name in different places each takes
// its whole DN as its name: an entitlement's name must tell it from every other.
func (g *graph) order() {
	count := map[string]int{}
	for i := range g.groups {
		count[strings.ToLower(g.groups[i].name)]++
	}
	for i := range g.groups {
		if n := &g.groups[i]; count[strings.ToLower(n.name)] > 1 {
			n.name = n.dn
		}
	}
	place := make([]int32, len(g.groups)) // new place → old
	for i := range place {
		place[i] = int32(i)
	}
	sort.Slice(place, func(a, b int) bool {
		x, y := &g.groups[place[a]], &g.groups[place[b]]
		if x.name != y.name {
			return x.name < y.name
		}
		return x.id < y.id
	})
	moved := make([]int32, len(place)) // old → new
	sorted := make([]group, len(place))
	for i, old := range place {
		moved[old] = int32(i)
		sorted[i] = g.groups[old]
	}
	for i := range sorted {
		for j, p := range sorted[i].parents {
			sorted[i].parents[j] = moved[p]
		}
		sorted[i].parents = compact(sorted[i].parents)
	}
	g.groups, g.byDN = sorted, nil
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

// walk calls visit for every account and every group that it is in, once each, with the names of the groups between them. It
// goes outward from the account level by level in the order of the names, so the first way to a group is the one that
// the package promises. It needs ordered groups.
func (g *graph) walk(accounts int, visit func(account int32, in *group, path []string) error) error {
	direct := g.invert(accounts)
	from := make([]int32, len(g.groups)) // the group through which this one was reached
	mark := make([]int32, len(g.groups)) // which account reached it last
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
			if err := visit(int32(account), &g.groups[gi], g.path(from, gi)); err != nil {
				return err
			}
			for _, p := range g.groups[gi].parents {
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
func (g *graph) invert(accounts int) [][]int32 {
	size := make([]int, accounts)
	total := 0
	for i := range g.groups {
		for _, a := range g.groups[i].accounts {
			size[a]++
			total++
		}
	}
	flat, direct := make([]int32, total), make([][]int32, accounts)
	for a, n := range size {
		direct[a], flat = flat[:0:n], flat[n:]
	}
	for i := range g.groups {
		for _, a := range g.groups[i].accounts {
			direct[a] = append(direct[a], int32(i))
		}
	}
	return direct
}

func (g *graph) path(from []int32, gi int32) []string {
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
		path[n] = g.groups[i].name
	}
	return path
}
