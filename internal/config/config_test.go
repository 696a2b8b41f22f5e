package config

import (
	"strings"
	"testing"
	"time"
)

type sample struct {
	Name    string            `yaml:"name" required:"true"`
	Level   string            `yaml:"level" enum:"low,medium,high"`
	Count   int               `yaml:"count"`
	On      bool              `yaml:"on"`
	Since   time.Time         `yaml:"since"`
	Every   time.Duration     `yaml:"every"`
	Tags    []string          `yaml:"tags"`
	Labels  map[string]string `yaml:"labels"`
	Sub     *sub              `yaml:"sub"`
	Token   Secret            `yaml:"token"`
	Rest    Node              `yaml:"rest"`
	ignored string
}

type sub struct {
	Depth int `yaml:"depth"`
}

func decode(t *testing.T, text string) (sample, error) {
	t.Helper()
	doc, err := Parse("m.yaml", []byte(text))
	if err != nil {
		return sample{}, err
	}
	s := sample{Count: 7}
	doc.Root().Decode(&s)
	return s, doc.Err()
}

func TestDecodeReadsEveryType(t *testing.T) {
	s, err := decode(t, `
name: "a: b"
level: high
on: true
since: 2026-11-22
every: 90d
tags: [x, y]
labels: {a: "1", b: two}
sub:
  depth: 3
token: {env: TOKEN}
rest:
  anything: [1, {k: v}]
`)
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "a: b" || s.Level != "high" || s.Count != 7 || !s.On || s.Every != 90*24*time.Hour || s.ignored != "" {
		t.Errorf("scalars: %+v", s)
	}
	if !s.Since.Equal(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("since = %v", s.Since)
	}
	if len(s.Tags) != 2 || s.Labels["b"] != "two" || s.Sub == nil || s.Sub.Depth != 3 || s.Token.Env != "TOKEN" {
		t.Errorf("composites: %+v", s)
	}
	if got := s.Rest.Get("anything").Index(1).Get("k").Path(); got != "rest.anything[1].k" {
		t.Errorf("path = %q", got)
	}
}

func TestDecodeReportsEveryProblemWithItsPlace(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"unknown key", "name: x\nlevle: low\n", []string{"m.yaml:2:1: levle: unknown key \"levle\"", "    2 | levle: low", "      | ^^^^^", `did you mean "level"?`}},
		{"repeated key", "name: x\nname: y\n", []string{"m.yaml:2:1"}},
		{"enum", "name: x\nlevel: hihg\n", []string{"m.yaml:2:8: level: unknown value \"hihg\"", "       ^^^^", `did you mean "high"? one of low, medium, high`}},
		{"missing", "level: low\n", []string{"m.yaml:1:1: name: required key is missing"}},
		{"int", "name: x\ncount: many\n", []string{`m.yaml:2:8: count: expected a whole number, found "many"`}},
		{"bool", "name: x\non: perhaps\n", []string{`m.yaml:2:5: on: expected true or false, found "perhaps"`}},
		{"date", "name: x\nsince: 22/11/2026\n", []string{`m.yaml:2:8: since: expected a date`, "write 2026-11-22"}},
		{"duration", "name: x\nevery: soon\n", []string{`m.yaml:2:8: every: expected a duration, found "soon"`}},
		{"list", "name: x\ntags: a\n", []string{`m.yaml:2:7: tags: expected a list, found "a"`}},
		{"nested", "name: x\nsub:\n  deph: 1\n", []string{`m.yaml:3:3: sub.deph: unknown key "deph"`, `did you mean "depth"?`}},
		{"two at once", "nam: x\ncount: q\n", []string{"m.yaml:1:1: nam: unknown key", "m.yaml:1:1: name: required", "m.yaml:2:8: count"}},
		{"syntax", "name: [x\nlevel: low\n", []string{"m.yaml:", "this is not YAML"}},
		{"two documents", "name: x\n---\nname: y\n", []string{"a second YAML document"}},
		{"scalar root", "just text\n", []string{`expected a mapping, found "just text"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decode(t, tt.text)
			if err == nil {
				t.Fatal("no problem was reported")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("missing %q in:\n%s", want, err)
				}
			}
		})
	}
}

func TestSecretsAreNeitherTakenNorQuoted(t *testing.T) {
	_, err := decode(t, "name: x\ntoken: hunter2-secret\n")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("want a problem that does not quote the secret, got: %v", err)
	}
	for _, line := range []string{"nam: postgres://app:hunter2@db.example/x", "password: hunter2", "api_key: \"hunter2\""} {
		if _, err := decode(t, line+"\n"); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: want a problem that does not quote the secret, got: %v", line, err)
		}
	}
	t.Setenv("MUSTER_TEST_TOKEN", "hunter2-secret")
	s, err := decode(t, "name: x\ntoken: {env: MUSTER_TEST_TOKEN}\n")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := s.Token.Value(); err != nil || v != "hunter2-secret" || s.Token.String() != "***" {
		t.Errorf("value %q, error %v, printed %q", v, err, s.Token.String())
	}
}

func TestPositionInMapsPlacesOfExpressions(t *testing.T) {
	text := "a: person.x\nb: \"person.y\"\nc: |\n  one\n  two.z\nd: >-\n  one &&\n  two.z\n"
	doc, err := Parse("m.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	root := doc.Root()
	for _, tt := range []struct {
		key       string
		line, col int
		want      string
	}{{"a", 1, 8, "m.yaml:1:11"}, {"b", 1, 8, "m.yaml:2:12"}, {"c", 1, 1, "m.yaml:4:3"}, {"c", 2, 5, "m.yaml:5:7"}, {"d", 1, 12, "m.yaml:8:7"}} {
		if got := root.Get(tt.key).PositionIn(tt.line, tt.col).String(); got != tt.want {
			t.Errorf("%s %d:%d = %s, want %s", tt.key, tt.line, tt.col, got, tt.want)
		}
	}
}

func FuzzDecodeNeverPanics(f *testing.F) {
	for _, seed := range []string{"name: x", "a: [1, {b: c}]", "- x\n- y", "name: |\n  x", "? a\n: b", "a: &x 1\nb: *x", "\t", "name: !!str 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := Parse("f.yaml", []byte(text))
		if err != nil {
			return
		}
		var s sample
		doc.Root().Decode(&s)
		if err := doc.Err(); err != nil && err.Error() == "" {
			t.Error("a problem without text")
		}
	})
}
