package filter_test

import (
	"testing"

	"muster/collectors/ldap/filter"
	"muster/internal/dial/ldap/entry"
)

func TestMatch(t *testing.T) {
	e := &entry.Entry{DN: "uid=ada,o=a", Attrs: []entry.Attr{{Name: "objectClass", Values: []string{"inetOrgPerson"}},
		{Name: "uid", Values: []string{"ada"}}, {Name: "cn", Values: []string{"Ada Example", "Countess (Lovelace)"}}, {Name: "gidNumber", Values: []string{"5"}}}}
	for text, want := range map[string]bool{
		"(uid=ADA)": true, "(uid=bob)": false, "(mail=*)": false, "(cn=*)": true,
		"(objectClass=person)": true, "(objectClass=top)": true, "(objectClass=groupOfNames)": false,
		"(&(uid=ada)(cn=ada example))": true, "(&(uid=ada)(uid=bob))": false, "(|(uid=bob)(uid=ada))": true, "(!(uid=bob))": true,
		"(cn=ada*)": true, "(cn=*exam*)": true, "(cn=*ple)": true, "(cn=a*ex*e)": true, "(cn=a*z*e)": false, "(cn=*ada*ada*)": false,
		`(cn=countess \28lovelace\29)`: true, "(gidNumber>=5)": true, "(gidNumber<=4)": false, "(uid~=Ada)": true,
		"(&(objectClass=inetOrgPerson)(!(|(uid=svc-*)(uid=bg-*))))": true,
	} {
		f, err := filter.Compile(text)
		if err != nil || f.ForFiles() != nil {
			t.Errorf("%s: %v %v", text, err, f.ForFiles())
			continue
		}
		if got := f.Match(e); got != want {
			t.Errorf("%s gives %v", text, got)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, text := range []string{"", "uid=a", "(uid=a", "(uid=a))", "(&(uid=a)"} {
		if _, err := filter.Compile(text); err == nil {
			t.Errorf("%q is taken for a filter", text)
		}
	}
	f, err := filter.Compile("(cn:caseExactMatch:=x)")
	if err != nil || f.ForFiles() == nil || f.Match(&entry.Entry{}) {
		t.Errorf("an extensible match: %v %v", err, f.ForFiles())
	}
}

func FuzzCompile(f *testing.F) {
	f.Add("(&(a=b)(!(c=*d*))(|(e>=f)(g~=h)))")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := filter.Compile(text)
		if err != nil {
			return
		}
		e := &entry.Entry{Attrs: []entry.Attr{{Name: "a", Values: []string{"b"}}}}
		if got := c.Match(e); got && c.ForFiles() != nil {
			t.Fatal("a filter that is not for files matches")
		}
	})
}
