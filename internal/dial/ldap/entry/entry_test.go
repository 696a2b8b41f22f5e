package entry_test

import (
	"strings"
	"testing"
	"time"

	"muster/internal/dial/ldap/entry"
)

func TestNormaliseMakesEqualNamesEqual(t *testing.T) {
	for _, names := range [][]string{
		{"uid=ada,ou=people,dc=acme,dc=example", "UID=Ada,OU=People,DC=Acme,DC=Example", "uid = ada , ou=people,dc=acme , dc=example",
			"userid=ada,organizationalUnitName=people,domainComponent=acme,0.9.2342.19200300.100.1.25=example", `uid=\61da;ou=people,dc=acme,dc=example`},
		{`cn=Example\, Ada,ou=people`, `CN=example\2C ada,OU=people`, `cn=Example\2c  Ada ,ou=people`, `cn=#0c0c4578616d706c652c20416461,ou=people`},
		{`cn=Zoë Müller,o=x`, `cn=ZOË MÜLLER,o=x`, `cn=Zoe` + "\u0308" + ` Müller,o=x`, `cn=Zo\C3\AB M\c3\bcller,O=X`},
		{`cn=a+sn=b,o=x`, `SN=B + CN=A,o=x`},
		{`cn=Straße,o=x`, `cn=STRASSE,o=x`},
		{`cn=\ a\ ,o=x`, `cn=a,o=x`},
		{`cn=\#1,o=x`, `CN=\231,o=x`},
		{``, ` `},
		{`cn=a\=b,o=x`, `cn=a=b,o=x`},
	} {
		first, err := entry.Normalise(names[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names[1:] {
			if got, err := entry.Normalise(n); err != nil || got != first {
				t.Errorf("%q gives %q (%v), want %q", n, got, err, first)
			}
		}
	}
}

func TestNormaliseKeepsDifferentNamesApart(t *testing.T) {
	names := []string{"cn=a,o=x", "cn=ab,o=x", `cn=a\,o\=x`, "cn=a,o=xy", "sn=a,o=x", "cn=a+sn=b,o=x", `cn=a\+sn\=b,o=x`, "cn=a,cn=a,o=x", `cn=\00a,o=x`, "cn=#0201ff,o=x"}
	seen := map[string]string{}
	for _, n := range names {
		got, err := entry.Normalise(n)
		if err != nil {
			t.Fatal(err)
		}
		if other, dup := seen[got]; dup {
			t.Errorf("%q and %q both give %q", n, other, got)
		}
		seen[got] = n
	}
}

func TestNormaliseRefuses(t *testing.T) {
	for _, n := range []string{"ada", "=x", "cn=a,", "cn=a,,o=x", `cn=a\`, `cn=a\zz`, `cn="a"`, "cn=#zz", "cn=#0", "cn=a+,o=x", "c n=a"} {
		if got, err := entry.Normalise(n); err == nil {
			t.Errorf("%q gives %q, want an error", n, got)
		}
	}
}

func TestUnder(t *testing.T) {
	base, _ := entry.Normalise("ou=people,dc=acme")
	for dn, want := range map[string]bool{
		"uid=ada,ou=People,dc=acme": true, "ou=people,dc=acme": true, "uid=ada,ou=morepeople,dc=acme": false,
		`uid=ada\,ou\=people,dc=acme`: false, "dc=acme": false,
	} {
		n, err := entry.Normalise(dn)
		if err != nil {
			t.Fatal(err)
		}
		if got := entry.Under(n, base); got != want {
			t.Errorf("Under(%q) = %v, want %v", dn, got, want)
		}
	}
}

func TestRDN(t *testing.T) {
	if a, v := entry.RDN(`cn=Example\, Ada,ou=people`); a != "cn" || v != "Example, Ada" {
		t.Errorf("got %q %q", a, v)
	}
}

func TestParseTime(t *testing.T) {
	for in, want := range map[string]string{
		"20261101080910Z":        "2026-11-01T08:09:10Z",
		"202611010809Z":          "2026-11-01T08:09:00Z",
		"2026110108Z":            "2026-11-01T08:00:00Z",
		"20261101080910.5Z":      "2026-11-01T08:09:10.5Z",
		"20261101080910,123456Z": "2026-11-01T08:09:10.123456Z",
		"2026110108.5Z":          "2026-11-01T08:30:00Z",
		"20261101080910+0130":    "2026-11-01T06:39:10Z",
		"20261101080910-05":      "2026-11-01T13:09:10Z",
		"20161231235960Z":        "2017-01-01T00:00:00Z",
		"20240229000000Z":        "2024-02-29T00:00:00Z",
	} {
		got, err := entry.ParseTime(in)
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s gives %s (%v), want %s", in, got.Format(time.RFC3339Nano), err, want)
		}
	}
	for _, in := range []string{"", "20261101", "20261101080910", "20261301000000Z", "20260230000000Z", "20261131000000Z", "2026110124Z", "20261101080910.Z", "20261101080910+2500", "20261101080910+-1", "20261101080910Zx", "19961101 80910Z", "000001010000Z"} {
		if got, err := entry.ParseTime(in); err == nil && in != "000001010000Z" {
			t.Errorf("%q gives %s, want an error", in, got)
		}
	}
}

// TestBytesThatAreNotUTF8StayApart: no function takes two of them for one.
func TestBytesThatAreNotUTF8StayApart(t *testing.T) {
	if x, y := entry.Fold("K\xf6ln"), entry.Fold("K\xe4ln"); x != "k\xf6ln" || y != "k\xe4ln" {
		t.Errorf("folded to %q and %q", x, y)
	}
	x, xErr := entry.Normalise("cn=K\xf6ln,o=x")
	y, yErr := entry.Normalise(`cn=K\e4ln,o=x`)
	if xErr != nil || yErr != nil || x == y {
		t.Errorf("%q and %q, %v, %v", x, y, xErr, yErr)
	}
	for _, values := range [][]string{{"K\xe4ln", "K\xf6ln"}, {"K\xf6ln", "K\xe4ln"}} {
		e := entry.Entry{DN: "cn=K\xf6ln,o=x", Attrs: []entry.Attr{{Name: "cn", Values: values}}}
		if got := e.Value("cn"); got != "K\xf6ln" {
			t.Errorf("of %q it is %q", values, got)
		}
	}
}

func TestValueDoesNotDependOnOrder(t *testing.T) {
	a := entry.Entry{DN: "uid=b,o=x", Attrs: []entry.Attr{{Name: "UID", Values: []string{"a", "B"}}, {Name: "cn;lang-en", Values: []string{"z", "y"}}}}
	b := entry.Entry{DN: "uid=b,o=x", Attrs: []entry.Attr{{Name: "cn;lang-en", Values: []string{"y", "z"}}, {Name: "UID", Values: []string{"B", "a"}}}}
	for name, want := range map[string]string{"uid": "B", "cn": "y", "sn": ""} {
		if x, y := a.Value(name), b.Value(name); x != want || y != want {
			t.Errorf("%s: got %q and %q, want %q", name, x, y, want)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"uid=ada,ou=people,dc=acme", `cn=Example\, Ada+sn=x`, `cn=#0c0161,o=\C3\AB`, "cn=ſͅ,o=ΐ", `cn=\ff`, ";", "A=#04\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, err := entry.Normalise(s)
		if err != nil {
			return
		}
		twice, err := entry.Normalise(once)
		if err != nil || once != twice {
			t.Fatalf("%q gives %q, that gives %q (%v)", s, once, twice, err)
		}
		if up, err := entry.Normalise(strings.ReplaceAll(s, ",", " , ")); err == nil && !strings.Contains(s, `\`) && up != once {
			t.Fatalf("spaces round the comma matter: %q and %q", once, up)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	f.Add("20261101080910.5Z")
	f.Add("2026110108+0130")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := entry.ParseTime(s)
		if err == nil && got.Location() != time.UTC {
			t.Fatalf("%q is not UTC", s)
		}
	})
}
