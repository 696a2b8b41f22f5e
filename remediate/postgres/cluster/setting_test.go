package cluster

import (
	"slices"
	"strings"
	"testing"
)

func TestListsOfNamesAreSplitAsTheServerKeepsThem(t *testing.T) {
	for list, want := range map[string][]string{
		"":                     {""},
		`""`:                   {""},
		"fin":                  {"fin"},
		"fin, public":          {"fin", "public"},
		`"$user", public`:      {"$user", "public"},
		`"a, b","c""d" , e`:    {"a, b", `c"d`, "e"},
		`"open`:                {"open"},
		" fin ,\tpublic ,\nx ": {"fin", "public", "x"},
	} {
		if got := names(list); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", list, got, want)
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{`"a""b", c`, `"`, ",", `""""`, `"a"b,c`, " \t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, list string) {
		if got := names(list); len(got) == 0 || len(got) > strings.Count(list, ",")+1 {
			t.Fatalf("%q gave %q", list, got)
		}
		quoted := `"` + strings.ReplaceAll(list, `"`, `""`) + `"`
		if got := names(quoted + ", x"); !slices.Equal(got, []string{list, "x"}) {
			t.Fatalf("%q quoted gave %q", list, got)
		}
	})
}

func TestStatementsAreMadeOfWholePrivilegesOnly(t *testing.T) {
	for name, c := range map[string]struct {
		p    Privilege
		want string // empty: none is made
	}{
		"table":                 {Privilege{Thing: Thing{Kind: "table", Path: []string{"s", `t"x`}}, Privilege: "SELECT"}, `SELECT ON TABLE "s"."t""x"`},
		"column":                {Privilege{Thing: Thing{Kind: "column", Path: []string{"s", "t", "c"}}, Privilege: "UPDATE"}, `UPDATE ("c") ON TABLE "s"."t"`},
		"function":              {Privilege{Thing: Thing{Kind: "function", Path: []string{"s", "f", "integer", "text[]"}}, Privilege: "EXECUTE"}, `EXECUTE ON ROUTINE "s"."f"(integer, text[])`},
		"foreign server":        {Privilege{Thing: Thing{Kind: "foreign_server", Path: []string{"far"}}, Privilege: "USAGE"}, `USAGE ON FOREIGN SERVER "far"`},
		"large object":          {Privilege{Thing: Thing{Kind: "large_object", Path: []string{"4711"}}, Privilege: "UPDATE"}, "UPDATE ON LARGE OBJECT 4711"},
		"another word":          {Privilege{Thing: Thing{Kind: "table", Path: []string{"s", "t"}}, Privilege: "SELECT, INSERT"}, ""},
		"another kind":          {Privilege{Thing: Thing{Kind: "rule", Path: []string{"s", "t"}}, Privilege: "SELECT"}, ""},
		"half a table":          {Privilege{Thing: Thing{Kind: "table", Path: []string{"t"}}, Privilege: "SELECT"}, ""},
		"nothing":               {Privilege{Thing: Thing{Kind: "schema"}, Privilege: "USAGE"}, ""},
		"a large object's name": {Privilege{Thing: Thing{Kind: "large_object", Path: []string{"1; DROP"}}, Privilege: "SELECT"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if c.p.whole() {
				got = c.p.clause()
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
