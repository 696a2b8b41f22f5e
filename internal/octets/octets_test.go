package octets

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// texts are written as they are here, or as the pair says.
var texts = [][2]string{
	{"", ""}, {"Ada Moreau", "Ada Moreau"}, {"Köln", "Köln"}, {"\uFFFD", "\uFFFD"}, {"\x00\t\r\n", "\x00\t\r\n"},
	{"K\xf6ln", "K⟦F6⟧ln"},
	{"\xff\xfe", "⟦FF⟧⟦FE⟧"},
	{"\xed\xa0\x80", "⟦ED⟧⟦A0⟧⟦80⟧"}, // a surrogate
	{"\xc0\xaf", "⟦C0⟧⟦AF⟧"},         // an overlong slash
	{"\xf4\x90\x80\x80", "⟦F4⟧⟦90⟧⟦80⟧⟦80⟧"},
	{"\xe2\x9f", "⟦E2⟧⟦9F⟧"}, // a bracket that is cut
	{"⟦", "⟦"}, {"⟦⟧", "⟦⟧"}, {"⟦F⟧", "⟦F⟧"}, {"⟦F6", "⟦F6"}, {"⟦f6⟧", "⟦f6⟧"}, {"⟦G0⟧", "⟦G0⟧"}, {"⟦0xF6⟧", "⟦0xF6⟧"}, {"⟦U+202E⟧", "⟦U+202E⟧"},
	{"⟦F6⟧", "⟦E2⟧⟦9F⟧⟦A6⟧F6⟧"},
	{"⟦⟦F6⟧⟧", "⟦⟦E2⟧⟦9F⟧⟦A6⟧F6⟧⟧"},
	{"⟦\xf6⟧", "⟦⟦F6⟧⟧"},
	{"⟦F6\xe2\x9f", "⟦F6⟦E2⟧⟦9F⟧"},
	{"⟦E2⟧⟦9F⟧⟦A6⟧F6⟧", "⟦E2⟧⟦9F⟧⟦A6⟧E2⟧⟦E2⟧⟦9F⟧⟦A6⟧9F⟧⟦E2⟧⟦9F⟧⟦A6⟧A6⟧F6⟧"},
}

func TestEncode(t *testing.T) {
	for _, c := range texts {
		if got := Encode(c[0]); got != c[1] {
			t.Errorf("%q is written %q, want %q", c[0], got, c[1])
		}
		if got := Decode(c[1]); got != c[0] {
			t.Errorf("%q is read as %q, want %q", c[1], got, c[0])
		}
		if Plain(c[0]) != (c[0] == c[1]) {
			t.Errorf("Plain(%q) is %v", c[0], Plain(c[0]))
		}
	}
	for octet := range 256 {
		if c := string([]byte{byte(octet)}); Decode(Encode(c)) != c || Plain(c) != (octet < 0x80) {
			t.Errorf("byte %02X comes back as %q", octet, Decode(Encode(c)))
		}
	}
}

func TestPlainTextCostsNothing(t *testing.T) {
	for _, s := range []string{"cn=app-users,ou=groups,dc=acme,dc=example", "Ελένη Παπαδοπούλου 日本 😀", "⟦U+202E⟧ and ⟦ alone"} {
		if n := testing.AllocsPerRun(100, func() {
			if Encode(s) != s || Decode(s) != s {
				t.Error("it was changed")
			}
		}); n > 0 {
			t.Errorf("%q: %g allocations", s, n)
		}
	}
}

// FuzzEncode: every byte comes back, the text is UTF-8, what needs nothing is left alone, and two texts are written alike only when they are one.
func FuzzEncode(f *testing.F) {
	for i, c := range texts {
		f.Add([]byte(c[0]), []byte(texts[(i+1)%len(texts)][1]))
	}
	f.Fuzz(func(t *testing.T, raw, other []byte) {
		s, o := string(raw), string(other)
		e := Encode(s)
		switch {
		case !utf8.ValidString(e):
			t.Errorf("%q is written %q, which is not UTF-8", s, e)
		case Decode(e) != s:
			t.Errorf("%q is written %q and read %q", s, e, Decode(e))
		case Plain(s) != (e == s):
			t.Errorf("Plain(%q) is %v, and it is written %q", s, Plain(s), e)
		case (Encode(o) == e) != bytes.Equal(raw, other):
			t.Errorf("%q and %q are both written %q", s, o, e)
		case utf8.Valid(raw) && !strings.Contains(s, opening) && e != s:
			t.Errorf("%q was changed to %q", s, e)
		}
		_ = Decode(o) // takes anything
	})
}

func BenchmarkEncode(b *testing.B) {
	for name, s := range map[string]string{"ascii": "cn=app-users,ou=groups,dc=acme,dc=example", "latin": "Måns Åkerström-Öberg", "foreign": "M\xe5ns \xc5kerstr\xf6m"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Encode(s)
			}
		})
	}
}
