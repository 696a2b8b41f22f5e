package names

import (
	"strings"
	"testing"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"muster/internal/orggen/draw"
)

func fold(s string) string { return cases.Fold().String(norm.NFKC.String(s)) }

func open(t *testing.T) *Book {
	t.Helper()
	b, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryNameHasAnASCIIForm(t *testing.T) {
	b := open(t)
	seen := map[string]Name{}
	for _, c := range b.cultures {
		for kind, list := range map[string][]Name{"given ": c.given, "family ": c.family} {
			for _, n := range list {
				if len(n.ASCII) < 2 || strings.Trim(n.ASCII, "abcdefghijklmnopqrstuvwxyz") != "" {
					t.Errorf("%s%s has the ASCII form %q", kind, n.Native, n.ASCII)
				}
				if norm.NFC.String(n.Native) != n.Native {
					t.Errorf("%s is not composed", n.Native)
				}
				if old, ok := seen[kind+n.ASCII]; ok && old.Key != n.Key {
					t.Errorf("%s and %s have one ASCII form and two keys", old.Native, n.Native)
				}
				seen[kind+n.ASCII] = n
			}
		}
	}
	if len(seen) < 450 || len(b.cultures) < 20 {
		t.Errorf("only %d names of %d cultures", len(seen), len(b.cultures))
	}
}

func TestASCII(t *testing.T) {
	for latin, want := range map[string]string{"Łukasz": "lukasz", "Weiß": "weiss", "Yıldız": "yildiz", "İpek": "ipek", "Søren": "soren", "Þór": "thor",
		"O'Brien": "obrien", "Ó Súilleabháin": "osuilleabhain", "Kaʻaihue": "kaaihue", "Đỗ": "do", "Seo-yeon": "seoyeon", "Kjær": "kjaer"} {
		if got := ASCII(latin); got != want {
			t.Errorf("%s: %q, want %q", latin, got, want)
		}
	}
}

func TestSpelledAndNumbered(t *testing.T) {
	for name, want := range map[string]string{"İpek": "İpek", "O'Brien": "obrien", "Γιώργος": "γιώργος", "Ó Súil": "ósúil"} {
		if got := Spelled(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if Numbered("lind", 0) != "lind" || Numbered("lind", 1) != "lind2" {
		t.Error("the second Lind is not lind2")
	}
}

// TestOtherSpellingsFoldToTheSame is what linking relies on, for every name of the book.
func TestOtherSpellingsFoldToTheSame(t *testing.T) {
	b := open(t)
	different := 0
	for _, c := range b.cultures {
		for i, n := range append(c.given, c.family...) {
			for _, form := range []string{n.ASCII, Spelled(n.Latin), Spelled(n.Native)} {
				for k := range 40 {
					r := draw.New(1, "respell", uint64(i*40+k))
					got := Respell(form+"@acme.example", r)
					if fold(got) != fold(form+"@acme.example") {
						t.Fatalf("%q and %q fold differently", form, got)
					}
					if lower := strings.ToLower(got); lower != form+"@acme.example" {
						different++
					}
				}
			}
		}
	}
	if different < 1000 {
		t.Errorf("only %d spellings need more than lower case", different)
	}
}

func TestPickIsSpread(t *testing.T) {
	b := open(t)
	pairs := map[string]bool{}
	for i := range 4000 {
		g, f := b.Pick(draw.New(1, "pick", uint64(i)).Next())
		pairs[g.Latin+" "+f.Latin] = true
	}
	if len(pairs) < 2000 {
		t.Errorf("%d different pairs among 4000", len(pairs))
	}
}
