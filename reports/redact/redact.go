package redact

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"muster/internal/access"
	"muster/reports/evidence"
	"muster/reports/redact/search"
)

// account names an account: its system and its id there, or its login.
type account struct{ system, id string }

// Redactor replaces what names people.
type Redactor struct {
	key     []byte
	index   *search.Index
	persons map[string]bool    // worker ids, folded
	whose   map[account]string // by id → whose account it is: the person's pseudonym, or the account's own
	logins  map[account]string // the same by login, folded
	domains map[string]bool    // of the persons' addresses
	told    map[string]string  // messages of findings, where more is known of whom they name than the words say
	stays   map[string]bool    // whole texts that mean nobody, whatever they look like
	open    map[string]bool    // digests that are published: of snapshots, rules and the configuration
}

// New learns who is in a run's data, and in what else the pack says.
func New(ctx context.Context, key []byte, data evidence.Data, of Told) (*Redactor, error) {
	r := &Redactor{key: key, persons: map[string]bool{}, whose: map[account]string{}, logins: map[account]string{}, domains: map[string]bool{}, told: map[string]string{},
		stays: map[string]bool{"username@domain": true}, open: map[string]bool{}}
	r.index = search.New(func(id string) string { return r.pseudonym("name", id) })
	r.index.In = func(system, id string) (string, bool) {
		p, ok := r.logins[account{system, fold(id)}]
		return p, ok
	}
	if err := r.meetPersons(ctx, data); err != nil {
		return nil, err
	}
	if err := r.meetAccounts(ctx, data); err != nil {
		return nil, err
	}
	each := func(f func(access.Finding)) error {
		one := func(x access.Finding) error { f(x); return nil }
		return errors.Join(data.Findings(ctx, one), data.Before(ctx, one))
	}
	if err := each(r.meetFinding); err != nil {
		return nil, err
	}
	if err := r.meetTold(of); err != nil {
		return nil, err
	}
	if err := each(r.tell); err != nil {
		return nil, err
	}
	return r, nil
}

// pseudonym is what an identifier is called outside, in whatever case it is written.
func (r *Redactor) pseudonym(kind, id string) string {
	return kind + "-" + r.short(kind+"\x00"+fold(id), 10)
}

// short is some characters of base32 that stand for a text.
func (r *Redactor) short(text string, n int) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(r.mac(text)[:10])[:n]
}

// Person is the pseudonym of a worker id.
func (r *Redactor) Person(id string) string {
	if id == "" {
		return ""
	}
	return r.pseudonym("person", id)
}

// PersonWith is the pseudonym of a worker id under a key, for those inside who look one up.
func PersonWith(key []byte, id string) string { return (&Redactor{key: key}).Person(id) }

// Account is the pseudonym of the id of an account, which systems may tell from another by its case alone.
func (r *Redactor) Account(system, id string) string {
	if id == "" {
		return ""
	}
	return "account-" + r.short("account\x00"+system+"\x00"+id, 10)
}

// owner is whose an account is, by its id: a person's pseudonym or the account's own.
func (r *Redactor) owner(system, id string) string {
	if p, ok := r.whose[account{system, id}]; ok {
		return p
	}
	return r.Account(system, id)
}

// login is whose an account is, by its login.
func (r *Redactor) login(system, name string) string {
	if p, ok := r.logins[account{system, fold(name)}]; ok && name != "" {
		return p
	}
	return r.ID(name)
}

// ID replaces what is an identifier of somebody or of an account, known or not. Whoever acted and is not in HR is an account: an operator is
// nobody's name outside.
func (r *Redactor) ID(s string) string {
	if s == "" || r.stays[s] {
		return s
	}
	if r.persons[fold(s)] {
		return r.Person(s)
	}
	if p, ok := r.index.Find(s); ok {
		return p
	}
	for rest := s; ; { // a login with domains behind it, as links compare it
		i := strings.LastIndexByte(rest, '@')
		if i <= 0 || !r.domains[fold(rest[i+1:])] {
			break
		}
		rest = rest[:i]
		if p, ok := r.index.Find(rest); ok {
			return p
		}
	}
	return r.pseudonym("account", s)
}

// Subject replaces what a report is about, where that is a person.
func (r *Redactor) Subject(s string) (string, bool) {
	if !r.persons[fold(s)] {
		return r.Text(s), false
	}
	return r.Person(s), true
}

func (r *Redactor) mac(text string) []byte {
	h := hmac.New(sha256.New, r.key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// fingerprint is what stands for a finding's, which whoever knows the identifiers could compute. The finding's id goes with it: access.ShortID
// of what stands for the fingerprint is what stands for the id.
func (r *Redactor) fingerprint(s string) string {
	if s == "" {
		return ""
	}
	sum := r.mac("fingerprint\x00" + s)
	copy(sum, r.mac("id\x00" + access.ShortID(s))[:5])
	return hex.EncodeToString(sum)
}

// shortID is what stands for an id of a finding, a decision, an action, a request or the like; they are made of whom they are about.
func (r *Redactor) shortID(id string) string {
	prefix, rest, _ := strings.Cut(id, "-")
	if of, _, item := strings.Cut(rest, "."); item { // of a campaign
		return prefix + "-" + of + "." + r.short("id\x00"+id, 10)
	}
	return prefix + "-" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(r.mac("id\x00" + id)[:5])
}

// Numbered is what stands for the number of a row of a report, which follows the order of worker ids: T-00017 becomes T- and twelve digits.
func (r *Redactor) Numbered(id string) string {
	prefix, _, _ := strings.Cut(id, "-")
	digits := strconv.FormatUint(binary.BigEndian.Uint64(r.mac("row\x00"+id))%1e12+1e12, 10)
	return prefix + "-" + digits[1:]
}

// Of is what stands for the id of a pack about one person.
func (r *Redactor) Of(pack string) string { return r.shortID(pack) }

// digest is what stands for a digest that is not published, the same wherever it comes.
func (r *Redactor) digest(s string) string {
	if r.open[s] {
		return s
	}
	sum := hex.EncodeToString(r.mac("digest\x00" + s))
	r.index.ID(s, sum, search.Person)
	r.index.ID(s[:12], sum[:12], search.Person) // as reports shorten it
	return sum
}

// number is what stands for a number that is a hash.
func (r *Redactor) number(s string) string {
	if s == "" {
		return ""
	}
	return strconv.FormatUint(binary.BigEndian.Uint64(r.mac("number\x00"+s)), 10)
}

// Publish names digests that stay, and whole texts that do.
func (r *Redactor) Publish(digests []string, texts ...string) {
	for _, d := range digests {
		r.open[d] = true
	}
	for _, t := range texts {
		r.stays[t] = true
	}
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
