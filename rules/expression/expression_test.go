package expression

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/rules/vocabulary"
)

var now = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

func environment(t testing.TB, scope access.Scope) (*vocabulary.Vocabulary, *vocabulary.Environment) {
	t.Helper()
	v, err := vocabulary.New()
	if err != nil {
		t.Fatal(err)
	}
	env, err := v.Environment(scope, map[string]any{"days": int64(90), "names": []string{"a", "b"}, "rate": 1.5, "on": true, "word": "x"})
	if err != nil {
		t.Fatal(err)
	}
	return v, env
}

func compile(t testing.TB, env *vocabulary.Environment, text string, want Want) *Expression {
	t.Helper()
	doc, err := config.Parse("x.yaml", []byte("when: |\n  "+strings.ReplaceAll(text, "\n", "\n  ")))
	if err != nil {
		t.Fatal(err)
	}
	e := Compile(env, doc.Root().Get("when"), want)
	if e == nil {
		t.Fatalf("%v", doc.Err())
	}
	return e
}

func TestFunctions(t *testing.T) {
	v, env := environment(t, access.ScopePerson)
	s := v.Scene(vocabulary.World{Now: now})
	s.SetPerson(&access.PersonFacts{Person: &access.Person{ID: "W-1", EndDate: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)}})
	s.SetParams(vocabulary.Parameters(map[string]any{"days": int64(90), "names": []string{"a", "b"}, "rate": 1.5, "on": true, "word": "x"}))
	for text, want := range map[string]string{
		`string(days(2) == duration("48h"))`:                     "true",
		`day(now)`:                                               "2026-11-22",
		`day(date(now) - days(1))`:                               "2026-11-21",
		`string(days_between(person.end_date, now))`:             "2",
		`string(days_between(now, person.end_date))`:             "-2",
		`plural(1, "day") + plural(0, "day") + plural(2, "day")`: "1 day0 days2 days",
		`string(now - days(params.days) < now && "b" in params.names && params.on && params.rate > 1.0 && params.word == "x")`: "true",
		`string(sets.contains(["a", "b"], ["a"]))`: "true",
		`"%s is %d".format([person.id, 3])`:        "W-1 is 3",
		`string("Ä".matches("^.$"))`:               "true",
	} {
		got, err := compile(t, env, text, Text).String(s)
		if err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{`days(1000000) > days(1)`, `person.row / 0 == 1`} {
		if _, err := compile(t, env, text, Condition).True(s); err == nil {
			t.Errorf("%s gives no error", text)
		}
	}
}

func TestFields(t *testing.T) {
	_, env := environment(t, vocabulary.ScopeBundle)
	for text, want := range map[string][]string{
		`person.department == "x" && person.title == "y"`:                              {"department", "title"},
		`has(person.attributes.site) && person.attributes.site == "HQ"`:                {"attributes.site"},
		`"site" in person.attributes && person.attributes["site"] == "HQ"`:             {"attributes", "attributes.site"},
		`["a"].exists(person, person == "a") || person.location == "z"`:                {"location"},
		`person.attributes.exists(k, k == "a")`:                                        {"attributes"},
		`[person.title].exists(t, t == person.department) && person.status != "leave"`: {"title", "department", "status"},
		`true`: nil,
	} {
		if got := compile(t, env, text, Condition).Fields("person"); !reflect.DeepEqual(got, want) {
			t.Errorf("%s reads %v, want %v", text, got, want)
		}
	}
}

func TestIdentsLeaveLoopsOut(t *testing.T) {
	_, env := environment(t, access.ScopeGrant)
	got := compile(t, env, `person.accounts.exists(account, account.enabled) && grant.actual`, Condition).Idents()
	if !reflect.DeepEqual(got, []string{"person", "grant"}) {
		t.Errorf("%v", got)
	}
}

func TestSplitNeedsBothSides(t *testing.T) {
	_, env := environment(t, access.ScopeGrant)
	uses := func(name string) bool { return name == "grant" }
	for text, want := range map[string]bool{`grant.actual && account.enabled`: true, `grant.actual && grant.expected`: false, `account.enabled`: false,
		`grant.actual || account.enabled`: false} {
		guard, rest, err := compile(t, env, text, Condition).Split(uses)
		if err != nil || (guard != nil) != want || (rest != nil) != want {
			t.Errorf("%s: %v, %v, %v", text, guard != nil, rest != nil, err)
		}
	}
}

func TestExplainShowsShortCircuitedParts(t *testing.T) {
	v, env := environment(t, access.ScopePerson)
	s := v.Scene(vocabulary.World{Now: now})
	s.SetPerson(&access.PersonFacts{Person: &access.Person{ID: "W-1", Status: access.StatusActive, Title: "Buyer"}})
	p, err := compile(t, env, `person.status == "leave" && (person.row > 3 || !(person.title == ""))`, Condition).Explain(s)
	if err != nil || p.Holds() || p.Join != All || len(p.Parts) != 2 || p.Parts[1].Join != One || !p.Parts[1].Holds() || p.Parts[1].Parts[1].Join != Not {
		t.Fatalf("%+v, %v", p, err)
	}
	if f := p.Parts[0].Facts; len(f) != 1 || f[0].Text != "person.status" || f[0].Root != "person" || vocabulary.Format(f[0].Value) != "active" {
		t.Errorf("%+v", f)
	}
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{`person.status == "active"`, `person.accounts.exists(a, a.grants.all(g, g.actual))`, `person.titel`, `"`, `a.b[`, "x &&\ny", `{1:2}.x`,
		`has(person.attributes.x)`, `person.attributes["x"].y`, `[1,2][0] == "a"`, `type(person) == muster.person`, `muster.person{id: "x"}`, `dyn(person).x`, `1 in 2`} {
		f.Add(seed)
	}
	_, env := environment(f, access.ScopePerson)
	f.Fuzz(func(t *testing.T, text string) {
		for _, shape := range []string{"when: |\n  %", "when: %", "when: '%'", "when: >\n  %"} {
			doc, err := config.Parse("x.yaml", []byte(strings.ReplaceAll(shape, "%", text)))
			if err != nil {
				return
			}
			n := doc.Root().Get("when")
			e := Compile(env, n, Condition)
			if e == nil && n.Exists() && doc.Err() == nil {
				t.Errorf("%q neither compiles nor has a problem", text)
			}
			if e != nil {
				e.Fields("person")
				e.Guards(n)
			}
		}
	})
}
