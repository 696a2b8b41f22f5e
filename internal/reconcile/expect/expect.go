// Package expect says what access each person should hold, and completes the facts of the store with what only the configuration
// knows: expected and missing grants, and the quality of the HR data.
//
// Bundles are matched once per distinct profile of the person fields that they read, never per person; a person adds only whether the
// time window of each bundle is open for them at the run's clock (UTC). It is pure; values are used by one goroutine.
package expect

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"muster/internal/access"
	"muster/rules"
)

// Book knows what every profile expects.
type Book struct {
	// Personal is what persons should hold besides their bundles, by worker id: approved requests. It is due while the person is, and its
	// own validity is the caller's to look at.
	Personal map[string][]access.Expectation
	// Revoked is what reviews took out of what is expected, whatever gives it.
	Revoked access.Revocations

	bundles  *rules.Bundles
	asOf     time.Time
	lead     []int                          // lead days by bundle index
	longest  int                            // of them
	profiles map[uint64]*profileExpectation // by profile number of the store
	sets     map[string]*expected           // by the indexes of the bundles, so that profiles that expect the same share it
	only     *profileExpectation            // when no bundle reads a field: then everybody has this profile, whatever its number
}

// profileExpectation is what one profile expects when every bundle is open; it is shared by all persons of the profile.
type profileExpectation struct {
	matched []int // bundle indexes
	open    *expected
	failed  string // why a bundle could not be matched; empty when all could
}

// expected is a set of expected entitlements, by system and name.
type expected struct {
	list     []access.Expectation // sorted by system, name
	bySystem map[string]map[string]*access.Expectation
}

// NewBook makes an empty book; Learn fills it.
func NewBook(bundles *rules.Bundles, asOf time.Time) *Book {
	e := &Book{bundles: bundles, asOf: asOf, profiles: map[uint64]*profileExpectation{}, sets: map[string]*expected{}}
	for _, b := range bundles.All() {
		e.lead = append(e.lead, b.LeadDays)
		e.longest = max(e.longest, b.LeadDays)
	}
	return e
}

// Learn matches the bundles for one profile. A condition that fails for it is no error: the profile expects what the others give, and
// Unsure says so. The error is nil; it is there for those who iterate.
func (e *Book) Learn(profile uint64, p access.Person) error {
	matched, err := e.bundles.Match(p)
	known := &profileExpectation{matched: matched, open: e.set(matched)}
	if err != nil {
		known.failed = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	e.profiles[profile] = known
	if len(e.bundles.Fields()) == 0 {
		e.only = known
	}
	return nil
}

// Unsure says why it is not known what all a person should hold: the bundle condition that failed for them. It is empty when it is
// known, and for a person to whom nothing is due whatever the bundles say.
func (e *Book) Unsure(profile uint64, p *access.Person) string {
	known := e.profile(profile)
	if known == nil || known.failed == "" || !p.Entitled(e.asOf, e.longest) {
		return ""
	}
	return known.failed
}

func (e *Book) profile(number uint64) *profileExpectation {
	if e.only != nil {
		return e.only
	}
	return e.profiles[number]
}

// set is what some bundles give together, made once.
func (e *Book) set(matched []int) *expected {
	key := fmt.Sprint(matched)
	if e.sets[key] == nil {
		e.sets[key] = newExpected(e.bundles.Expectations(matched))
	}
	return e.sets[key]
}

// Each yields every profile's expectations in the order of the profile numbers.
func (e *Book) Each(yield func(profile uint64, list []access.Expectation) error) error {
	numbers := make([]uint64, 0, len(e.profiles))
	for n := range e.profiles {
		numbers = append(numbers, n)
	}
	sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] })
	for _, n := range numbers {
		if err := yield(n, e.profiles[n].open.list); err != nil {
			return err
		}
	}
	return nil
}

// of is what one person should hold at the run's clock.
func (e *Book) of(profile uint64, p *access.Person) (*expected, error) {
	known := e.profile(profile)
	if known == nil {
		return nil, fmt.Errorf("find expectations of person %s: profile %d was never matched", p.ID, profile)
	}
	if p.Entitled(e.asOf, 0) {
		if own := e.Personal[p.ID]; len(own) > 0 {
			return newExpected(merge(known.open.list, own)), nil
		}
		return known.open, nil
	}
	var open []int
	for _, b := range known.matched {
		if p.Entitled(e.asOf, e.lead[b]) {
			open = append(open, b)
		}
	}
	return e.set(open), nil
}

// merge adds what one person should hold to what their bundles give. What both give has both bases.
func merge(base, own []access.Expectation) []access.Expectation {
	out := slices.Clone(base)
	for _, x := range own {
		i, found := slices.BinarySearchFunc(out, x.Ref, func(a access.Expectation, ref access.EntitlementRef) int {
			return cmp.Or(cmp.Compare(a.Ref.System, ref.System), cmp.Compare(a.Ref.Name, ref.Name))
		})
		if !found {
			out = slices.Insert(out, i, x)
			continue
		}
		out[i].Basis = append(slices.Clone(out[i].Basis), x.Basis...)
	}
	return out
}

func newExpected(list []access.Expectation) *expected {
	x := &expected{list: list, bySystem: map[string]map[string]*access.Expectation{}}
	for i := range list {
		ref := list[i].Ref
		if x.bySystem[ref.System] == nil {
			x.bySystem[ref.System] = map[string]*access.Expectation{}
		}
		x.bySystem[ref.System][ref.Name] = &list[i]
	}
	return x
}

// fill marks each grant of f that is expected and lists what is missing. usable names the systems with a snapshot to look into;
// catalogue knows the systems' entitlements.
func (x *expected) fill(f *access.PersonFacts, usable map[string]bool, catalogue func(access.EntitlementRef) access.Entitlement) {
	held := map[access.EntitlementRef]bool{}
	for _, a := range f.Accounts {
		names := x.bySystem[a.System]
		for i := range a.Grants {
			g := &a.Grants[i]
			if want := names[g.Entitlement.Name]; want != nil {
				g.Expected, g.Basis = true, want.Basis
				held[want.Ref] = true
			}
		}
	}
	for _, want := range x.list {
		if usable[want.Ref.System] && !held[want.Ref] {
			f.Missing = append(f.Missing, access.GrantFacts{System: want.Ref.System, Entitlement: catalogue(want.Ref), Expected: true, Basis: want.Basis})
		}
	}
}
