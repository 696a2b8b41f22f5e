package ldif_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"muster/collectors/ldap/ldif"
)

// read renders everything that the reader gives, one line per record.
func read(text string) (string, *ldif.Reader) {
	r := ldif.NewReader(strings.NewReader(text))
	var out []string
	for {
		e, line, err := r.Next()
		var bad *ldif.RecordError
		switch {
		case err == io.EOF:
			return strings.Join(out, "\n"), r
		case errors.As(err, &bad):
			out = append(out, fmt.Sprintf("! %s [%s]", err, bad.DN))
		case err != nil:
			return strings.Join(append(out, "!! "+err.Error()), "\n"), r
		default:
			var attrs []string
			for _, a := range e.Attrs {
				attrs = append(attrs, fmt.Sprintf("%s=%q", a.Name, a.Values))
			}
			out = append(out, fmt.Sprintf("%d %s %s", line, e.DN, strings.Join(attrs, " ")))
		}
	}
}

func TestReader(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"two entries":       {"version: 1\n\ndn: o=a\no: a\n\n\n# c\n folded comment\ndn: o=b\no: b\nO: c\n", "3 o=a o=[\"a\"]\n9 o=b o=[\"b\" \"c\"]"},
		"version glued":     {"version: 1\ndn: o=a\no: a\n", `2 o=a o=["a"]`},
		"folded":            {"dn: cn=very\n  long,\n o=a\ncn: x\n y\n", `1 cn=very long,o=a cn=["xy"]`},
		"base64":            {"dn:: b8OfPWE=\ncn:: w6Q=\nempty:\nempty64::\n", "1 oß=a cn=[\"ä\"] empty=[\"\"] empty64=[\"\"]"},
		"crlf and bom":      {"\ufeffdn: o=a\r\no:   a b \r\n\r\n", `1 o=a o=["a b "]`},
		"option":            {"dn: o=a\ncn;lang-de: x\nuserCertificate;binary:: AQI=\n", "1 o=a cn;lang-de=[\"x\"] userCertificate;binary=[\"\\x01\\x02\"]"},
		"url":               {"dn: o=a\njpegPhoto:< file:///etc/passwd\n\ndn: o=b\no: b\n", "! line 2: the value of jpegPhoto is a URL; it is not followed [o=a]\n4 o=b o=[\"b\"]"},
		"bad base64":        {"dn: o=a\ncn:: %%%\n", "! line 2: the value of cn is not base64 [o=a]"},
		"no dn":             {"cn: x\n\ndn: o=b\no: b\n", "! line 1: expected dn:, found \"cn\": []\n3 o=b o=[\"b\"]"},
		"no colon":          {"dn: o=a\nnonsense\n", "! line 2: expected attribute: value, found \"nonsense\" [o=a]"},
		"starts folded":     {" dn: o=a\n", "! line 1: expected attribute: value, found \" dn: o=a\" []"},
		"change record":     {"dn: o=a\nchangetype: delete\n", "! line 2: a change record; expected directory content [o=a]"},
		"no attributes":     {"dn: o=a\n\n", "! line 1: the record has no attributes [o=a]"},
		"wrong version":     {"version: 2\n\ndn: o=a\no: a\n", `!! read LDIF: line 1: version "2" is not supported, only 1`},
		"empty":             {"", ""},
		"only comments":     {"# a\n\n# b\n", ""},
		"bytes":             {"dn: o=a\ncn: K\xf6ln\ncn:: S/ZsbgA=\n", "1 o=a cn=[\"K\\xf6ln\" \"K\\xf6ln\\x00\"]"},
		"dn not UTF-8":      {"dn: cn=K\xf6ln,o=a\ncn: x\n\ndn:: bz1L9g==\no: x\n", "! line 1: the dn \"cn=K\xf6ln,o=a\" is not UTF-8 []\n! line 4: the dn \"o=K\xf6\" is not UTF-8 []"},
		"long dn":           {"dn: o=" + strings.Repeat("\xff", 2000) + "\no: x\n", "! line 1: the dn, of 2002 bytes, is not UTF-8 []"},
		"separated by many": {"\n\n\ndn: o=a\no: a\n\n\n\n", `4 o=a o=["a"]`},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _ := read(c.in); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestCutFileIsSeen(t *testing.T) {
	if _, r := read("dn: o=a\no: a\n"); r.Cut() {
		t.Error("a whole file looks cut")
	}
	if _, r := read("dn: o=a\no: a"); !r.Cut() {
		t.Error("a file without a last newline looks whole")
	}
}

func TestTrailerOfLdapsearch(t *testing.T) {
	got, r := read("dn: o=a\no: a\n\n# search reference\nref: ldap://other.acme.example/o=b\n\n# search result\nsearch: 2\nresult: 4 Size limit exceeded\n\n# numEntries: 1\n")
	if got != `1 o=a o=["a"]` || r.Result() != 4 || r.References() != 1 {
		t.Errorf("got %q, result %d, %d references", got, r.Result(), r.References())
	}
}

func FuzzReader(f *testing.F) {
	f.Add("version: 1\ndn:: b8OfPWE=\ncn: a\n b\n#x\n y\nz:< file:///x\n\nresult: 4 x\n")
	f.Fuzz(func(t *testing.T, s string) {
		one, _ := read(s)
		// CRLF means the same as LF.
		if !strings.Contains(s, "\r") {
			if two, _ := read(strings.ReplaceAll(s, "\n", "\r\n")); one != two {
				t.Fatalf("LF gives\n%s\nCRLF gives\n%s", one, two)
			}
		}
	})
}
