package oscal

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzTexts: whatever a source says, a value is one that StringDatatype takes, an id one that TokenDatatype takes, and Markdown means the
// text itself.
func FuzzTexts(f *testing.F) {
	for _, s := range []string{"", " a  b ", "a\r\nb", "\ufeffx", "\u2028", "\x00", "\xff", "=1", "SOC 2 CC6.2", "1", "É é", "_", "-.-", "<b>", "{{ insert: param, x }}", "a\\*b", strings.Repeat("ü", 100)} {
		f.Add(s)
	}
	value := regexp.MustCompile(`^[^\s\x{feff}\x{2028}\x{2029}\x{85}\x{a0}]([^\r\n\x{2028}\x{2029}]*[^\s\x{feff}\x{2028}\x{2029}\x{85}\x{a0}])?$`)
	ncname := regexp.MustCompile(`^(\p{L}|_)(\p{L}|\p{N}|[.\-_])*$`)
	f.Fuzz(func(t *testing.T, s string) {
		if v := line(s); v != "" && !value.MatchString(v) || !utf8.ValidString(v) {
			t.Errorf("%q: the value %q is none", s, v)
		}
		if x := token(s); !ncname.MatchString(x) || len(x) > maxToken+12 {
			t.Errorf("%q: the id %q is none", s, x)
		}
		m := markup(s)
		if m == "" {
			t.Errorf("%q: no text", s)
		}
		plain, escaped := strings.Builder{}, false
		for _, r := range m {
			if r == '\\' && !escaped {
				escaped = true
				continue
			}
			if !escaped && strings.ContainsRune("`*_[]<>&~^{}|\"", r) {
				t.Errorf("%q: %q is open to be read as more than text", s, m)
			}
			plain.WriteRune(r)
			escaped = false
		}
		if plain.String() != line(s) && line(s) != "" {
			t.Errorf("%q: %q does not mean it", s, m)
		}
	})
}

func TestIdsAreVersionFiveAndOfTheirParts(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for _, parts := range [][]string{{}, {"a"}, {"a", "b"}, {"ab"}, {"a", ""}, {"", "a"}, {"1:a"}} {
		x := id("P-1", parts...)
		if !form.MatchString(x) || seen[x] {
			t.Errorf("%q: %s", parts, x)
		}
		seen[x] = true
	}
	if first, again := id("P-1", "a"), id("P-1", "a"); first != again {
		t.Error("not the same twice")
	}
}
