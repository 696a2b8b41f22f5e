package oscal

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

	"muster/reports/evidence"
)

// maxToken bounds ids that are made of names.
const maxToken = 64

// control is one control of one framework as this document names it.
type control struct {
	name      string // as rules write it: "NIST-800-53 AC-6(7)"
	framework string // "NIST-800-53"
	id        string // control-id: ac-6.7, soc2-cc6.2
	says      string // our paraphrase; empty when there is none
	nist      bool   // id is that of NIST's catalog
}

// target names what a finding is about: the statement of a control in NIST's catalog, or the objective that this document defines.
func (c control) target() (kind, id string) {
	if c.nist {
		return "statement-id", c.id + "_smt"
	}
	return "objective-id", c.id + "_obj"
}

// controls gathers what the rules name, by framework and id.
func controls(rules []evidence.Rule, says []evidence.Control) map[string]control {
	words := map[string]string{}
	for _, c := range says {
		words[c.ID] = c.Says
	}
	out, taken := map[string]control{}, map[string]string{}
	for _, name := range names(rules) {
		c := parse(name)
		c.says = words[name]
		if other, ok := taken[c.id]; ok && other != name {
			c.id += "-" + digest(name)
		}
		taken[c.id] = name
		out[name] = c
	}
	return out
}

// names lists the controls that rules name, sorted.
func names(rules []evidence.Rule) []string {
	var out []string
	for _, r := range rules {
		for _, c := range r.Controls {
			if line(c) != "" {
				out = append(out, c)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// parse splits a control's name: the last word is its id, what stands before it the framework.
func parse(name string) control {
	words := strings.Fields(line(name))
	c := control{name: name, framework: strings.Join(words[:len(words)-1], " ")}
	last := words[len(words)-1]
	if c.nist = isNIST(c.framework); c.nist {
		c.id, c.nist = nistID(last)
	}
	if !c.nist {
		c.id = token(strings.ReplaceAll(c.framework, " ", "") + "-" + last)
	}
	if c.framework == "" {
		c.framework = "other"
	}
	return c
}

// isNIST knows the names that people give NIST SP 800-53.
func isNIST(framework string) bool {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, framework)
	return strings.HasPrefix(strings.TrimPrefix(strings.TrimPrefix(plain, "nist"), "sp"), "80053")
}

// nistID gives the id that NIST's OSCAL catalog has for a control: AC-6(7) is ac-6.7.
func nistID(name string) (string, bool) {
	base, enhancement, has := strings.Cut(strings.ToLower(name), "(")
	family, number, ok := strings.Cut(base, "-")
	if !ok || len(family) != 2 || strings.Trim(family, "abcdefghijklmnopqrstuvwxyz") != "" || !digits(number) {
		return "", false
	}
	if !has {
		return base, true
	}
	enhancement, ok = strings.CutSuffix(enhancement, ")")
	return base + "." + enhancement, ok && digits(enhancement)
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// token makes an id of a name: letters, digits, dots, dashes and underscores, beginning with a letter (NCName without colon). What is
// too long is cut, and told apart by a digest.
func token(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r == '.' || r == '_' || unicode.IsLetter(r) || unicode.Is(unicode.N, r):
			b.WriteRune(r)
		case !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	out := strings.Trim(b.String(), "-.")
	if len(out) > maxToken {
		out = strings.ToValidUTF8(out[:maxToken], "") + "-" + digest(name)
	}
	if first := []rune(out + "-")[0]; !unicode.IsLetter(first) {
		out = "c-" + out
	}
	return out
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}
