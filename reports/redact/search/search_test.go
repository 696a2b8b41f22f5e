package search

import (
	"strings"
	"testing"
)

// book knows some people.
func book() *Index {
	x := New(func(id string) string { return "<several " + id + ">" })
	for _, p := range []struct{ id, login, name, as string }{{"W-1", "alee", "Ann Lee", "<ann>"}, {"W-2", "pnovak", "Pavel Novák", "<pavel>"}, {"1001", "ab", "Li Ng", "<li>"},
		{"W-4", "grant", "Grant Stone", "<grant>"}, {"W-5", "jens", "Jens Weiß", "<jens>"}} {
		x.ID(p.id, p.as, Person)
		x.ID(p.login, p.as, Login)
		x.Name(p.name, p.as, Person)
		words := strings.Fields(p.name)
		x.Name(words[1]+" "+words[0], p.as, Person)
		x.Parts(p.name, func(w string) string { return "<name " + w + ">" })
	}
	x.ID("svc-backup", "<svc>", Service)
	x.ID("mail", "<mail>", Service)
	x.ID("system", "<system>", Service)
	x.Name("Back up robot", "<robot>", Service)
	x.Name("Read only account", "<readonly>", Service)
	x.Keep("Novak Hall")
	x.Keep("mail")
	return x
}

func TestReplace(t *testing.T) {
	x := book()
	for text, want := range map[string]string{
		"ANN LEE asked":                           "<ann> asked",
		"Lee, Ann":                                "<ann>",
		"ann\u00a0lee, Ann\n  Lee":                "<ann>, <ann>",
		"Ann\u200b Lee":                           "<ann>",
		"Ann Lee's":                               "<ann>'s",
		"Ann Leeson":                              "<name ann> Leeson",
		"Novak's, novák’s":                        "<name novak>'s, <name novak>’s",
		"PAVEL NOVAK":                             "<pavel>",
		"JENS WEISS, jens weiß":                   "<jens>, <jens>",
		"in Novak Hall":                           "in Novak Hall",
		"Pavel Novak in Novak Hall":               "<pavel> in Novak Hall",
		"uid=alee,ou=people; team-alee_x":         "uid=<ann>,ou=people; team-<ann>_x",
		"malee aleex W-10 W-1-2 w 1":              "malee aleex W-10 W-1-2 w 1",
		"vendor-pay:W-1, (w-1)":                   "vendor-pay:<ann>, (<ann>)",
		"1001 accounts, 1001, entry 1001":         "1001 accounts, 1001, entry 1001",
		`worker 1001 and "1001" (1001) by 1001`:   `worker <li> and "<li>" (<li>) by <li>`,
		"2026-1001 10.1001":                       "2026-1001 10.1001",
		"ab initio":                               "ab initio",
		"a grant of Grant Stone, a stone":         "a grant of <grant>, a <name stone>",
		"svc-backup, the system, mail":            "<svc>, the system, mail",
		"the back-up robot, a read only account":  "the <robot>, a read only account",
		"":                                        "",
		"nobody, \xff\xfe and \u0000":             "nobody, \xff\xfe and \u0000",
		"Ann-Lee@host":                            "<ann>@host",
		"Ann, who is here, and then there is Lee": "<name ann>, who is here, and then there is <name lee>",
	} {
		if got := x.Replace(text, How{}); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestReplaceWherePeopleStand(t *testing.T) {
	x := book()
	for text, want := range map[string]string{"ab": "<li>", "ab in erp": "<li> in erp", "account grant": "account <grant>", "grant (W-4)": "<grant> (<grant>)", "1001": "<li>", "1001 in erp": "<li> in erp",
		"mail": "<mail>", "by a grant": "by a grant", "system in erp": "<system> in erp"} {
		if got := x.Replace(text, How{People: true}); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	if got := x.Replace("Lee Ann of Stone House", How{Whole: true}); got != "<ann> of Stone House" {
		t.Errorf("a label became %q", got)
	}
	if got := x.Replace(`person.id == "W-1" || person.id == "W-2"`, How{As: "somebody"}); got != `person.id == "somebody" || person.id == "somebody"` {
		t.Errorf("a condition became %q", got)
	}
	aside := x.Aside()
	aside.ID("of", "<of>", Person)
	if got := x.Replace("of Ann Lee", How{Aside: aside}); got != "<of> <ann>" {
		t.Errorf("what is known aside: %q", got)
	}
}

// TestSharedIdentifiersAreNobodys: of two with one name neither has it, unless one is surer or the system tells.
func TestSharedIdentifiersAreNobodys(t *testing.T) {
	for _, order := range [][]string{{"<one>", "<two>"}, {"<two>", "<one>"}} {
		x := New(func(id string) string { return "<several " + id + ">" })
		x.In = func(system, id string) (string, bool) { return "<" + id + " of " + system + ">", system == "erp" }
		for _, as := range order {
			x.Name("Jack Smith", as, Person)
			x.ID("svc-a", as, Service)
		}
		x.ID("jack", "<three>", Other)
		x.ID("jack", "<one>", Person)
		x.ID("jack", "<two>", Login)
		x.ID("77", "<one>", Person)
		x.ID("77", "<account>", Other) // a number may be anybody's
		got := x.Replace(`Jack Smith, jack, svc-a in erp, svc-a in crm, worker 77`, How{})
		if want := "<several jack smith>, <one>, <svc-a of erp> in erp, <several svc-a> in crm, worker <several 77>"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestFind(t *testing.T) {
	x := book()
	for text, want := range map[string]string{"AB": "<li>", "1001": "<li>", "lee ann": "<ann>", "Grant": "<grant>", "Lee": "", "": "", "--": ""} {
		if got, ok := x.Find(text); ok != (want != "") || ok && got != want {
			t.Errorf("%q is %q %v, want %q", text, got, ok, want)
		}
	}
}

// FuzzReplace: a name among anything is found, and what stands around it stays as it is.
func FuzzReplace(f *testing.F) {
	x := New(func(string) string { return "" })
	x.Name("Ann Lee", "*", Person)
	for _, s := range []string{"by", "W-1\xff", "İ ß ﬁ 1001", "⟦FF⟧", "\u200b", "ann", "é\u0301"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		if got, want := x.Replace(before+" | ANN\nlee | "+after, How{}), x.Replace(before, How{})+" | * | "+x.Replace(after, How{}); got != want && !strings.Contains(strings.ToLower(before+after), "lee") {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
