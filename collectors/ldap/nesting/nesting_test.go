package nesting

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// graphOf builds a graph from "group: member member", where members in capitals are accounts A, B, C.
func graphOf(lines []string) *Graph {
	g := &Graph{}
	for _, l := range lines {
		name, _, _ := strings.Cut(l, ":")
		g.Add(name, Group{ID: name, Name: name})
	}
	for _, l := range lines {
		name, members, _ := strings.Cut(l, ":")
		for _, m := range strings.Fields(members) {
			if m[0] >= 'A' && m[0] <= 'Z' {
				g.Of(name).Accounts = append(g.Of(name).Accounts, int32(m[0]-'A'))
			} else {
				g.Of(m).Parents = append(g.Of(m).Parents, g.Find(name))
			}
		}
	}
	g.Order()
	return g
}

func grants(t *testing.T, g *Graph) []string {
	var out []string
	err := g.Walk(3, func(a int32, in *Group, path []string) error {
		out = append(out, fmt.Sprintf("%c %s %v", 'A'+a, in.Name, path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func TestWalk(t *testing.T) {
	for name, c := range map[string]struct {
		graph string
		want  []string
	}{
		"direct and nested":  {"a: A, b: a, c: b", []string{"A a []", "A b [a]", "A c [a b]"}},
		"direct beats path":  {"a: A, b: a A", []string{"A a []", "A b []"}},
		"shortest":           {"a: A, b: a, c: b a", []string{"A a []", "A b [a]", "A c [a]"}},
		"first of equals":    {"x: A, y: A, z: y x", []string{"A x []", "A y []", "A z [x]"}},
		"cycle of two":       {"a: A b, b: a B", []string{"A a []", "A b [a]", "B a [b]", "B b []"}},
		"cycle of one":       {"a: A a", []string{"A a []"}},
		"cycle of three":     {"a: c A, b: a, c: b", []string{"A a []", "A b [a]", "A c [a b]"}},
		"diamond":            {"a: A, b: a, c: a, d: c b", []string{"A a []", "A b [a]", "A c [a]", "A d [a b]"}},
		"member twice":       {"a: A A, b: a a", []string{"A a []", "A b [a]"}},
		"nobody":             {"a: b, b: a", nil},
		"others are unmoved": {"a: A, b: B, c: b", []string{"A a []", "B b []", "B c [b]"}},
	} {
		t.Run(name, func(t *testing.T) {
			lines := strings.Split(c.graph, ", ")
			for range 10 {
				rand.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
				if got := grants(t, graphOf(lines)); !slices.Equal(got, c.want) {
					t.Fatalf("order %v: got %v, want %v", lines, got, c.want)
				}
			}
		})
	}
}
