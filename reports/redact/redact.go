package redact

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"muster/internal/access"
	"muster/reports/evidence"
)

// Redactor replaces what names people.
type Redactor struct {
	key    []byte
	known  map[string]string // identifier, folded → pseudonym
	names  []string          // names of several words and their pseudonyms, for the replacer
	words  *strings.Replacer
	prints map[string]string // short id of a finding → its pseudonym
}

// shortest is how long an identifier must be to be searched for in free text: shorter ones are words.
const shortest = 3

// token is what an identifier looks like in free text.
var token = regexp.MustCompile(`[\pL\pN][\pL\pN._@+'’-]*[\pL\pN]`)

// findingID is how people name a finding.
var findingID = regexp.MustCompile(`\bF-[A-Z2-7]{8}\b`)

// New learns who is in a run's data.
func New(ctx context.Context, key []byte, data evidence.Data) (*Redactor, error) {
	r := &Redactor{key: key, known: map[string]string{}, prints: map[string]string{}}
	err := r.each(ctx, data, "persons", func(cell func(string) string) {
		p := r.pseudonym("person", cell("worker_id"))
		r.learn(p, cell("worker_id"), cell("email"), cell("upn"), cell("username"))
		given, family := cell("given_name"), cell("family_name")
		r.name(p, cell("display_name"), strings.TrimSpace(given+" "+family), strings.TrimSpace(family+", "+given))
	})
	if err != nil {
		return nil, err
	}
	of := map[[2]string]string{}
	err = r.each(ctx, data, "links", func(cell func(string) string) {
		if cell("result") == string(access.Linked) {
			of[[2]string{cell("system"), cell("account_id")}] = r.pseudonym("person", cell("person_id"))
		}
	})
	if err != nil {
		return nil, err
	}
	err = r.each(ctx, data, "accounts", func(cell func(string) string) {
		p, linked := of[[2]string{cell("system"), cell("account_id")}]
		if !linked {
			p = r.pseudonym("account", cell("system")+"\x00"+cell("account_id"))
		}
		if linked || cell("kind") == string(access.KindHuman) {
			r.learn(p, cell("name"), cell("email"), cell("upn"), cell("employee_id"))
			r.name(p, cell("display_name"))
		}
		r.learnID(r.pseudonym("account", cell("system")+"\x00"+cell("account_id")), cell("account_id"))
	})
	if err != nil {
		return nil, err
	}
	find := func(f access.Finding) error {
		r.prints[f.ID] = access.ShortID(r.print(f.Fingerprint))
		return nil
	}
	if err := data.Findings(ctx, find); err != nil {
		return nil, err
	}
	if err := data.Before(ctx, find); err != nil {
		return nil, err
	}
	r.words = strings.NewReplacer(r.names...)
	return r, nil
}

// each reads a population by column.
func (r *Redactor) each(ctx context.Context, data evidence.Data, table string, yield func(cell func(string) string)) error {
	columns := map[string]int{}
	return data.Population(ctx, table, func(head []string) error {
		for i, c := range head {
			columns[c] = i
		}
		return nil
	}, func(row []string) error {
		yield(func(column string) string {
			i, ok := columns[column]
			if !ok {
				return ""
			}
			return row[i]
		})
		return nil
	})
}

// pseudonym is what an identifier is called outside.
func (r *Redactor) pseudonym(kind, id string) string {
	return kind + "-" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(r.mac(kind + "\x00" + fold(id))[:10])[:10]
}

// Person is the pseudonym of a worker id.
func (r *Redactor) Person(id string) string { return r.pseudonym("person", id) }

// PersonWith is the pseudonym of a worker id under a key, for those inside who look one up.
func PersonWith(key []byte, id string) string { return (&Redactor{key: key}).Person(id) }

func (r *Redactor) mac(text string) []byte {
	h := hmac.New(sha256.New, r.key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// print is what stands for a fingerprint, which whoever knows the identifiers could compute.
func (r *Redactor) print(fingerprint string) string {
	return hex.EncodeToString(r.mac("fingerprint\x00" + fingerprint))
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// learn remembers identifiers. One that names several keeps the first.
func (r *Redactor) learn(pseudonym string, ids ...string) {
	for _, id := range ids {
		if utf8.RuneCountInString(id) >= shortest {
			r.learnID(pseudonym, id)
		}
	}
}

func (r *Redactor) learnID(pseudonym, id string) {
	if _, taken := r.known[fold(id)]; !taken && id != "" {
		r.known[fold(id)] = pseudonym
	}
}

// name remembers a name of several words, and one of a single word as an identifier.
func (r *Redactor) name(pseudonym string, names ...string) {
	for _, n := range names {
		switch {
		case n == "":
		case strings.Contains(n, " "):
			r.names = append(r.names, n, pseudonym)
			r.learnID(pseudonym, n)
		default:
			r.learn(pseudonym, n)
		}
	}
}

// Text replaces what names people in free text.
func (r *Redactor) Text(s string) string {
	if s == "" {
		return s
	}
	if p, ok := r.known[fold(s)]; ok {
		return p
	}
	s = findingID.ReplaceAllStringFunc(r.words.Replace(s), func(id string) string {
		if p, ok := r.prints[id]; ok {
			return p
		}
		return id
	})
	return token.ReplaceAllStringFunc(s, func(t string) string {
		if p, ok := r.lookup(t); ok {
			return p
		}
		if at := strings.IndexAny(t, ".@'’-"); at < 0 {
			return t
		}
		parts := strings.FieldsFunc(t, func(c rune) bool { return strings.ContainsRune("'’", c) }) // Maja's
		if len(parts) > 1 {
			if p, ok := r.lookup(parts[0]); ok {
				return p + t[len(parts[0]):]
			}
		}
		return t
	})
}

func (r *Redactor) lookup(t string) (string, bool) {
	if utf8.RuneCountInString(t) < shortest {
		return "", false
	}
	p, ok := r.known[fold(t)]
	return p, ok
}

// ID replaces a cell that is an identifier of somebody or of an account, known or not.
func (r *Redactor) ID(s string) string {
	if s == "" {
		return s
	}
	if p, ok := r.known[fold(s)]; ok {
		return p
	}
	return r.pseudonym("account", s)
}

// Finding replaces what names people in a finding.
func (r *Redactor) Finding(f access.Finding) access.Finding {
	f.Fingerprint = r.print(f.Fingerprint)
	f.ID = access.ShortID(f.Fingerprint)
	f.Subject, f.SubjectID, f.Person = r.subject(f.Subject), r.subject(f.SubjectID), r.subject(f.Person)
	f.PersonName, f.Message, f.Detail, f.Exception = r.Text(f.PersonName), r.Text(f.Message), r.Text(f.Detail), r.Text(f.Exception)
	f.Evidence = slices.Clone(f.Evidence)
	for i := range f.Evidence {
		f.Evidence[i].Value, f.Evidence[i].Source = r.Text(f.Evidence[i].Value), r.Text(f.Evidence[i].Source)
	}
	return f
}

// subject replaces the subject of a finding, which may also be a system.
func (r *Redactor) subject(s string) string {
	if p, ok := r.known[fold(s)]; ok {
		return p
	}
	return r.Text(s)
}
