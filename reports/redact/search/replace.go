package search

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How says how a text is searched.
type How struct {
	Aside  *Index // asked first, and what it has is replaced wherever it stands; nil for none
	As     string // stands for whatever is found; empty for what was learned
	People bool   // the text names people and accounts: what stands where a name does is one, however common or short
	Whole  bool   // the text is a label: single words of names stay
}

// Replace replaces what is found in a text.
func (x *Index) Replace(s string, how How) string {
	t := take(s)
	var out strings.Builder
	from := 0
	for i := 0; i < len(t.words); {
		n, as := how.Aside.at(t, i), ""
		if n > 0 {
			as = how.Aside.entry(t, i, i+n).as
		} else {
			n, as = x.found(t, i, how)
		}
		if n == 0 {
			i++
			continue
		}
		if how.As != "" {
			as = how.As
		}
		out.WriteString(s[from:t.words[i].from])
		out.WriteString(as)
		from, i = t.words[i+n-1].to, i+n
	}
	if from == 0 {
		return s
	}
	out.WriteString(s[from:])
	return out.String()
}

// at is how many words the longest has that begins at a word; 0 for none.
func (x *Index) at(t taken, i int) int {
	if x == nil {
		return 0
	}
	for n := min(x.longest[t.first(i)], len(t.words)-i); n > 0; n-- {
		if x.entry(t, i, i+n) != nil {
			return n
		}
	}
	return 0
}

// found is the longest that begins at a word and is meant, and what stands for it.
func (x *Index) found(t taken, i int, how How) (int, string) {
	for n := min(x.longest[t.first(i)], len(t.words)-i); n > 0; n-- {
		if e := x.entry(t, i, i+n); e != nil && x.meant(t, i, i+n, e, how) {
			return n, x.whose(t, i, i+n, e)
		}
	}
	return 0, ""
}

func (x *Index) entry(t taken, i, j int) *entry {
	if e, ok := x.ids[t.id(i, j)]; ok {
		return &e
	}
	if e, ok := x.names[t.name(i, j)]; ok {
		return &e
	}
	return nil
}

// inSystem is how texts say where an account is.
var inSystem = regexp.MustCompile(`^ in ([^\s,;:]+)`)

// whose is what stands for an entry; a shared one may be told by the system that is named after it.
func (x *Index) whose(t taken, i, j int, e *entry) string {
	if e.shared && x.In != nil {
		if m := inSystem.FindStringSubmatch(t.raw[t.words[j-1].to:]); m != nil {
			if as, ok := x.In(m[1], t.raw[t.words[i].from:t.words[j-1].to]); ok {
				return as
			}
		}
	}
	return e.as
}

// meant reports whether words that are an entry's mean it.
func (x *Index) meant(t taken, i, j int, e *entry, how How) bool {
	key := t.id(i, j)
	common := j == i+1 && x.house[key]
	switch {
	case e.rank == Part:
		return !how.Whole && !common && !x.label(t, i, j)
	case digits(key):
		return marked(t, i, j, how)
	case cut(t, i, j, key):
		return false
	case e.rank == Service && (x.label(t, i, j) || x.common(t, i, j)):
		return how.People && placed(t, i, j)
	case common, utf8.RuneCountInString(key) < shortest:
		return how.People && placed(t, i, j)
	}
	return true
}

// common reports whether all words are the house's own.
func (x *Index) common(t taken, i, j int) bool {
	for n := i; n < j; n++ {
		if !x.house[t.first(n)] {
			return false
		}
	}
	return true
}

// label reports whether the words stand within a label of the organisation, of a dozen words at most.
func (x *Index) label(t taken, i, j int) bool {
	for from := max(0, i-12); from <= i; from++ {
		for until := min(from+x.longest[t.first(from)], len(t.words)); until >= j; until-- {
			if x.kept[t.name(from, until)] {
				return true
			}
		}
	}
	return false
}

// cut reports whether short words are a piece of a longer number, such as a version or the reference of a control: A.5 of A.5.18.
func cut(t taken, i, j int, key string) bool {
	if utf8.RuneCountInString(key) > 5 {
		return false
	}
	before, after := t.raw[:t.words[i].from], t.raw[t.words[j-1].to:]
	last, first := rune(key[len(key)-1]), rune(key[0])
	ends := len(after) > 1 && strings.ContainsRune(".:-", rune(after[0])) && unicode.IsDigit(rune(after[1])) && unicode.IsDigit(last)
	begins := len(before) > 1 && strings.ContainsRune(".:-", rune(before[len(before)-1])) && unicode.IsDigit(rune(before[len(before)-2])) && unicode.IsDigit(first)
	return ends || begins
}

// placed reports whether words stand where a text about people has one of them: first, or behind "account".
func placed(t taken, i, j int) bool {
	after := t.raw[t.words[j-1].to:]
	ends := j == len(t.words) || strings.HasPrefix(after, " (") || strings.HasPrefix(after, ",") || inSystem.MatchString(after)
	return i == 0 && ends || i > 0 && t.first(i-1) == "account"
}

// before are words behind which a number is somebody's.
func before() []string {
	return []string{"worker", "person", "employee", "user", "login", "account", "manager", "owner", "approver", "reviewer", "subject", "id"}
}

// marked reports whether digits are said to be somebody's id: in quotes or brackets, behind a word that says so, or where somebody stands.
func marked(t taken, i, j int, how How) bool {
	raw, from, to := t.raw, t.words[i].from, t.words[j-1].to
	if from > 0 && to < len(raw) && slices.Contains([]string{`""`, "''", "()", "[]"}, raw[from-1:from]+raw[to:to+1]) {
		return true
	}
	if i > 0 && t.words[i].near && slices.Contains(before(), t.first(i-1)) && !strings.ContainsAny(raw[t.words[i-1].to:from], ".,;") {
		return true
	}
	if i > 0 && t.first(i-1) == "by" {
		return j == len(t.words) || strings.Trim(raw[to:t.words[j].from], " ") != ""
	}
	return how.People && placed(t, i, j)
}
