package scim

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/collectors/scim/wire"
)

// TestAboveTakesTheShortestPath walks a diamond with a cycle, in two orders of arrival.
func TestAboveTakesTheShortestPath(t *testing.T) {
	members := map[string][]string{"top": {"left", "right", "far"}, "left": {"own"}, "right": {"own"}, "far": {"left"}, "own": {"top"}}
	for _, order := range [][]string{{"top", "left", "right", "far", "own"}, {"own", "far", "right", "left", "top"}} {
		g := graph{users: newIDs(), groups: newIDs()}
		for _, name := range order {
			g.groups.add(name)
			one := group{name: name}
			for _, m := range members[name] {
				one.open = append(one.open, member{id: m})
			}
			g.of = append(g.of, one)
		}
		if err := g.resolve(func(uint32, member) error { return fmt.Errorf("lost a member") }); err != nil {
			t.Fatal(err)
		}
		var got []string
		err := g.above(g.groups.index["own"], func(outer uint32, path []string) error {
			got = append(got, g.groups.list[outer]+"="+strings.Join(path, ">"))
			return nil
		})
		slices.Sort(got)
		want := []string{"far=own>left", "left=own", "right=own", "top=own>left"}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
	}
}

func TestIDsTellRepeatsFromRetries(t *testing.T) {
	s := newIDs()
	s.add("a")
	s.newPage()
	for _, c := range []struct {
		id   string
		want wire.Outcome
	}{{"b", wire.Added}, {"b", wire.Again}, {"a", wire.Repeated}} {
		if _, got := s.add(c.id); got != c.want {
			t.Errorf("%s: %v, want %v", c.id, got, c.want)
		}
	}
}
