package collectors

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"muster/internal/access"
	"muster/internal/config"
)

// Fold makes names comparable: NFKC, then full case folding (Unicode 15, §3.13). ASCII takes a short way.
func Fold(s string) string {
	upper := false
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return cases.Fold().String(norm.NFKC.String(s))
		}
		upper = upper || 'A' <= s[i] && s[i] <= 'Z'
	}
	if !upper {
		return s
	}
	return strings.ToLower(s)
}

// Globs are patterns over names, compared without case, in the language of path.Match: * is any text (a slash included), ? one
// character, [a-z] one of a range. The configuration uses them for privileged entitlements; as a field of a settings
// struct they decode from a list of texts. The zero value matches nothing. Safe for concurrent use.
type Globs struct{ patterns []string }

// NewGlobs folds and checks patterns.
func NewGlobs(patterns ...string) (Globs, error) {
	var g Globs
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return Globs{}, fmt.Errorf("read pattern %q: %w", p, err)
		}
		g.patterns = append(g.patterns, flat(Fold(p)))
	}
	return g, nil
}

// DecodeYAML reads a list of patterns.
func (g *Globs) DecodeYAML(n config.Node) {
	var list []string
	n.Decode(&list)
	for i, p := range list {
		one, err := NewGlobs(p)
		if err != nil {
			n.Index(i).Problem("use * and ? and [a-z]", "bad glob %q", p)
			continue
		}
		g.patterns = append(g.patterns, one.patterns...)
	}
}

// Match reports whether one of the patterns is the whole of name.
func (g Globs) Match(name string) bool {
	if len(g.patterns) == 0 {
		return false
	}
	folded := flat(Fold(name))
	for _, p := range g.patterns {
		if ok, _ := path.Match(p, folded); ok { // the pattern was checked
			return true
		}
	}
	return false
}

// flat hides slashes from path.Match, which would let no star pass them.
func flat(s string) string { return strings.ReplaceAll(s, "/", "\x00") }

// classifier says which kind the accounts of one pattern of names are, because few sources tell service accounts from people.
type classifier []classified

type classified struct {
	names Globs
	kind  access.AccountKind
}

func newClassifier(list []config.Classify) (classifier, error) {
	c := make(classifier, len(list))
	for i, k := range list {
		g, err := NewGlobs(k.Name)
		if err != nil {
			return nil, err
		}
		c[i] = classified{names: g, kind: k.Kind}
	}
	return c, nil
}

// kind is that of the first pattern that matches, or what the collector said; nobody said anything: human.
func (c classifier) kind(name string, said access.AccountKind) access.AccountKind {
	for _, k := range c {
		if k.names.Match(name) {
			return k.kind
		}
	}
	if said == "" {
		return access.KindHuman
	}
	return said
}
