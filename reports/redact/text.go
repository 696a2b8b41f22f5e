package redact

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/reports/redact/search"
)

// labels is how labels of the organisation are searched, who how texts are that name people and accounts.
var (
	labels = search.How{Whole: true}
	who    = search.How{People: true}
)

// compared is a value that a link compared, as its evidence says it.
const compared = `\b(?:map|owner|employee_id|email|upn|username@domain|username) "(?:[^"\\]|\\.)*": \d+ persons?`

// address is what looks like an e-mail address.
const address = `[\pL\pM\pN._%+'’-]*[\pL\pM\pN_]@[\pL\pM\pN@._-]*[\pL\pM\pN]`

// ids are those that are made of whom they are about, without a key.
const ids = `\b(?:A|AP|D|F|H|RQ|RX)-[A-Z0-9]{8}\b|\bC-[A-Z0-9]{8}\.\d+\b`

// numbered are rows of reports, and rowOf is one of a source: both are in the order of whom they are about.
const (
	numbered = `\b[CLT]-\d{5,9}\b`
	rowOf    = `\brow \d+\b`
)

var patterns = regexp.MustCompile(`(` + compared + `)|(` + address + `)|(` + ids + `)|(` + numbered + `)|` + rowOf)

// Text replaces what names people in free text.
func (r *Redactor) Text(s string) string { return r.text(s, search.How{}) }

// Condition replaces whoever is named in a condition, a rule or a policy. They are all called the same: the digest of the text with names is on the
// ledger, and whoever tries names out must not learn a pseudonym.
func (r *Redactor) Condition(s string) string { return r.text(s, search.How{As: "somebody"}) }

func (r *Redactor) text(s string, how search.How) string {
	if s == "" || r.stays[s] {
		return s
	}
	if t, ok := r.told[s]; ok && how.Aside == nil {
		return t
	}
	if !patterned(s) {
		return r.sure(r.index.Replace(s, how))
	}
	var out strings.Builder
	from := 0
	for _, m := range patterns.FindAllStringSubmatchIndex(s, -1) {
		out.WriteString(r.index.Replace(s[from:m[0]], how))
		out.WriteString(r.pattern(s[m[0]:m[1]], m, how))
		from = m[1]
	}
	if from == 0 {
		return r.sure(r.index.Replace(s, how))
	}
	out.WriteString(r.index.Replace(s[from:], how))
	return r.sure(out.String())
}

// patterned reports whether a text may hold what is found by its looks.
func patterned(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case '@', ':':
			if s[i] == '@' || i > 0 && s[i-1] == '"' {
				return true
			}
		case '-':
			if i > 0 && strings.IndexByte("ACDFHLPQTX", s[i-1]) >= 0 {
				return true
			}
		}
	}
	return strings.Contains(s, "row ")
}

// pattern replaces what is found by its looks; m are the places of the alternatives.
func (r *Redactor) pattern(s string, m []int, how search.How) string {
	switch {
	case m[2] >= 0:
		return r.compared(s, how)
	case m[4] >= 0:
		if r.stays[s] {
			return s
		}
		if p, known := how.Aside.Find(s); known {
			return called(how, p)
		}
		return called(how, r.ID(s))
	case m[6] >= 0, m[8] >= 0:
		if p, known := r.index.Find(s); known { // a worker id that looks like one
			return called(how, p)
		}
		if m[8] >= 0 {
			return r.Numbered(s)
		}
		return r.shortID(s)
	}
	return "a row"
}

// called is what stands for somebody.
func called(how search.How, as string) string {
	if how.As != "" {
		return how.As
	}
	return as
}

// compared replaces the value that a link compared.
func (r *Redactor) compared(s string, how search.How) string {
	key, rest, _ := strings.Cut(s, " ")
	i := strings.LastIndexByte(rest, '"')
	var value string
	if err := json.Unmarshal([]byte(rest[:i+1]), &value); err != nil {
		value = rest[1:i]
	}
	text, err := json.Marshal(called(how, r.ID(value)))
	if err != nil || value == "" {
		return s
	}
	return key + " " + string(text) + rest[i+1:]
}

// unsure is a name that several have, with the pseudonym of whom it means behind it.
var unsure = regexp.MustCompile(`\bname-[A-Z2-7]{10}(,? \(?)(person-[A-Z2-7]{10})\b`)

// sure calls by the right pseudonym whose identifier stands behind their name.
func (r *Redactor) sure(s string) string {
	if !strings.Contains(s, "name-") {
		return s
	}
	return unsure.ReplaceAllString(s, "$2$1$2")
}

// Finding replaces what names people in a finding.
func (r *Redactor) Finding(f access.Finding) access.Finding {
	how, row := r.about(f), findingRow(f)
	out := f
	out.Fingerprint = r.fingerprint(f.Fingerprint)
	out.ID = access.ShortID(out.Fingerprint)
	out.Subject, out.SubjectID = r.cell("subject", f.Subject, row), r.cell("subject_id", f.SubjectID, row)
	out.Person, out.PersonName = r.Person(f.Person), r.cell("person_name", f.PersonName, row)
	out.Message, out.Detail, out.Hint, out.Exception = r.text(f.Message, how), r.Text(f.Detail), r.Text(f.Hint), r.Text(f.Exception)
	out.Evidence = slices.Clone(f.Evidence)
	for i, e := range f.Evidence {
		out.Evidence[i] = access.Evidence{Expr: r.Condition(e.Expr), Value: r.text(e.Value, how), Source: r.text(e.Source, how)}
	}
	return out
}

func findingRow(f access.Finding) func(string) string {
	cells := map[string]string{"system": f.System, "scope": string(f.Scope), "subject": f.Subject, "subject_id": f.SubjectID, "person": f.Person}
	return func(column string) string { return cells[column] }
}

// about is how the words of a finding are searched: whom it is about is known, however short or common their identifiers are.
func (r *Redactor) about(f access.Finding) search.How {
	if f.Scope == access.ScopeSystem {
		return search.How{}
	}
	aside, row := r.index.Aside(), findingRow(f)
	aside.ID(f.Subject, r.cell("subject", f.Subject, row), search.Person)
	aside.ID(f.SubjectID, r.cell("subject_id", f.SubjectID, row), search.Login)
	aside.ID(f.Person, r.Person(f.Person), search.Person)
	aside.Name(f.PersonName, r.Person(f.Person), search.Person)
	return search.How{Aside: aside}
}

// tell remembers what a finding says, where that cannot be told from its words.
func (r *Redactor) tell(f access.Finding) {
	if said := r.text(f.Message, r.about(f)); said != r.Text(f.Message) {
		r.told[f.Message] = said
	}
}
