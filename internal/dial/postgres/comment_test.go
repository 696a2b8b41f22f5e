package postgres

import (
	"maps"
	"strings"
	"testing"
	"time"
)

func TestTokens(t *testing.T) {
	for comment, want := range map[string]map[string]string{
		"":                               {},
		"just text":                      {},
		"employee=W-1":                   {"employee": "W-1"},
		"Batch; Employee=W-7, owner=W-2": {"employee": "W-7", "owner": "W-2"},
		`name='Ada B' kind="service"`:    {"name": "Ada B", "kind": "service"},
		`name='O''Brien',x=1`:            {"name": "O'Brien", "x": "1"},
		`name='open employee=W-1`:        {"name": "'open", "employee": "W-1"},
		"employee=W-1 employee=W-2":      {"employee": "W-1"},
		"a= =b c==d":                     {"c": "=d"},
	} {
		if got := Tokens(comment); !maps.Equal(got, want) {
			t.Errorf("%q: %v, want %v", comment, got, want)
		}
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"employee=W-1 owner='x y'", `a="`, "=", "a=b=c;d='e''f'", "\x00=\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, comment string) {
		for name, value := range Tokens(comment) {
			if name == "" || value == "" || len(value) > len(comment) {
				t.Fatalf("%q gave %q=%q", comment, name, value)
			}
		}
	})
}

func TestUntil(t *testing.T) {
	for text, want := range map[string]time.Time{
		"": {}, "infinity": {}, "-infinity": time.Unix(0, 0).UTC(),
		"2026-01-31 12:00:00+00":      time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC),
		"2026-01-31 12:00:00.5+05:30": time.Date(2026, 1, 31, 6, 30, 0, 5e8, time.UTC),
		"2026-01-31T12:00:00Z":        time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC),
		"2026-01-31":                  time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC),
	} {
		if got, err := Until(text); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	if _, err := Until("31.1.2026"); err == nil {
		t.Error("a German date was accepted")
	}
}

func TestCommentsAreReadAsTheyAreWritten(t *testing.T) {
	for _, c := range []struct {
		name  string
		value string
		want  string // what is read; empty: as written
	}{
		{"plain", "W-1", ""}, {"spaces", "Ada Byron", ""}, {"quote", "O'Brien", ""}, {"quotes and more", `a 'b' "c"; d=e, f`, ""}, {"line break", "Ada\n Byron", "Ada Byron"},
		{"equals", "a=b", ""}, {"quote at the end", "x'", ""}, {"only a quote", "'", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want == "" {
				c.want = c.value
			}
			comment := Comment("employee", c.value, "email", "", "name", "after")
			if got := Tokens(comment); got["employee"] != c.want || got["name"] != "after" || strings.Contains(comment, "email") {
				t.Errorf("%q is read as %v", comment, got)
			}
		})
	}
}
