package draw

import (
	"regexp"
	"slices"
	"testing"
	"time"
)

// TestTheSequenceNeverChanges pins the numbers: were they to change, every organisation would.
func TestTheSequenceNeverChanges(t *testing.T) {
	r := New(2026, "person", 7)
	got := []uint64{r.Next(), r.Next(), r.Next()}
	if want := []uint64{13887012812044448045, 5653605516595962548, 1061332757239577440}; !slices.Equal(got, want) {
		t.Errorf("%d, want %d", got, want)
	}
	if id := UUID(1, "saas", 3); id != "92f854cc-4fb7-4ddc-80ee-dedc3083dbb8" {
		t.Errorf("UUID %s", id)
	}
}

func TestSequencesDiffer(t *testing.T) {
	seen := map[uint64]string{}
	for _, purpose := range []string{"a", "b", "ab"} {
		for seed := range int64(50) {
			for n := range uint64(50) {
				x := New(seed, purpose, n).Next()
				if seen[x] != "" {
					t.Fatalf("%s %d %d starts like %s", purpose, seed, n, seen[x])
				}
				seen[x] = purpose
			}
		}
	}
}

func TestRanges(t *testing.T) {
	r := New(1, "ranges", 0)
	low, high, yes := 100, 0, 0
	for range 20_000 {
		x := r.Between(3, 9)
		low, high = min(low, x), max(high, x)
		if r.Chance(100) {
			yes++
		}
		if d := r.Within(2); d < 0 || d >= 48*time.Hour {
			t.Fatalf("within two days: %s", d)
		}
	}
	if low != 3 || high != 9 || yes < 1800 || yes > 2200 {
		t.Errorf("between %d and %d, %d of 20000 at one in ten", low, high, yes)
	}
}

func TestShuffleKeepsEveryElement(t *testing.T) {
	list := make([]int, 500)
	for i := range list {
		list[i] = i
	}
	Shuffle(New(1, "s", 0), list)
	if slices.IsSorted(list) {
		t.Error("nothing moved")
	}
	slices.Sort(list)
	for i, x := range list {
		if i != x {
			t.Fatalf("%d stands at %d", x, i)
		}
	}
}

func TestUUIDForm(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for n := range uint64(2000) {
		id := UUID(1, "directory", n)
		if !form.MatchString(id) || seen[id] {
			t.Fatalf("%s", id)
		}
		seen[id] = true
	}
}
