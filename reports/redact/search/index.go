package search

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Rank says how sure it is whom an identifier means, the surest first. Of two who share one the surer has it; of two of one rank nobody.
type Rank int

// The ranks.
const (
	Person  Rank = iota // HR's own word
	Login               // of an account that is a person's
	Other               // of an account that is a human's and nobody's, or of whoever acted
	Service             // of any other account
	Part                // a single word of somebody's name
)

// entry is what stands for an identifier or a name.
type entry struct {
	as     string
	rank   Rank
	shared bool // by several; as is said of all of them
}

// Index holds what is looked for.
type Index struct {
	// Shared says what stands for an identifier of several.
	Shared func(id string) string
	// In says whose a shared identifier is in one system; nil for nobody's.
	In func(system, id string) (string, bool)

	ids, names map[string]entry
	kept       map[string]bool
	house      map[string]bool
	longest    map[string]int // words of the longest that begins with a word
}

// words of the house's own texts, one a line.
//
//go:embed house.txt
var houseWords string

// New makes an empty index.
func New(shared func(id string) string) *Index {
	x := &Index{Shared: shared, ids: map[string]entry{}, names: map[string]entry{}, kept: map[string]bool{}, house: map[string]bool{}, longest: map[string]int{}}
	for _, w := range strings.Fields(houseWords) {
		x.house[w] = true
	}
	return x
}

// Aside makes an empty index beside another, for How.Aside.
func (x *Index) Aside() *Index {
	return &Index{Shared: x.Shared, ids: map[string]entry{}, names: map[string]entry{}, longest: map[string]int{}}
}

// ID learns an identifier: a worker id, a login, an address.
func (x *Index) ID(id, as string, rank Rank) {
	if t := take(id); len(t.words) > 0 {
		x.learn(x.ids, t, t.id(0, len(t.words)), as, rank)
	}
}

// Name learns a name of any number of words.
func (x *Index) Name(name, as string, rank Rank) {
	if t := take(name); len(t.words) > 0 {
		x.learn(x.names, t, t.plain, as, rank)
	}
}

func (x *Index) learn(in map[string]entry, t taken, key, as string, rank Rank) {
	e, known := in[key]
	number := digits(key) // which may be anybody's, whoever else has it
	switch {
	case !known:
		e = entry{as: as, rank: rank}
	case e.as == as:
		e.rank = min(e.rank, rank)
	case number && rank != Part || e.rank == rank:
		e = entry{x.Shared(key), min(e.rank, rank), true}
	case rank < e.rank:
		e = entry{as: as, rank: rank}
	}
	in[key] = e
	x.longest[t.first(0)] = max(x.longest[t.first(0)], len(t.words))
}

// Parts learns the words of a name one by one. as says what stands for one.
func (x *Index) Parts(name string, as func(word string) string) {
	t := take(name)
	for i := range t.words {
		w := t.first(i)
		if utf8.RuneCountInString(w) >= shortest && letters(w) && !x.house[w] {
			x.learn(x.names, take(w), w, as(w), Part)
		}
	}
}

// Keep learns a label of the organisation: what is but a part of a name, or a service's, stays in it.
func (x *Index) Keep(label string) {
	if t := take(label); len(t.words) > 0 {
		x.kept[t.plain] = true
		x.longest[t.first(0)] = max(x.longest[t.first(0)], len(t.words))
	}
}

// Find looks a whole identifier or name up, however common it is; a part of a name is none.
func (x *Index) Find(s string) (string, bool) {
	t := take(s)
	if x == nil || len(t.words) == 0 {
		return "", false
	}
	if e, ok := x.ids[t.id(0, len(t.words))]; ok {
		return e.as, true
	}
	e, ok := x.names[t.plain]
	return e.as, ok && e.rank != Part
}

// shortest is how many characters an identifier must have to be looked for where it is not marked: shorter ones are words.
const shortest = 3

func digits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return wordly(r) && !unicode.IsDigit(r) }) < 0
}

func letters(s string) bool { return strings.IndexFunc(s, unicode.IsNumber) < 0 }
