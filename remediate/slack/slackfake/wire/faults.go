package wire

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind is a way in which a call fails.
type Kind string

// The kinds of fault. Commit in front of one ("commit_500") does what was asked for and then fails; without it nothing is done.
// An error of the Web API itself is "error:NAME", for instance "error:fatal_error".
const (
	NoFault     Kind = ""
	TooMany     Kind = "429"          // Too Many Requests with Retry-After
	Internal    Kind = "500"          // Internal Server Error
	Unavailable Kind = "503"          // Service Unavailable
	Drop        Kind = "drop"         // the connection breaks before an answer
	Hang        Kind = "hang"         // no answer until the caller gives up
	Garbage     Kind = "invalid_json" // 200 with a body that is no JSON
	Commit      Kind = "commit_"      // in front of another kind
)

// Fault is one failure.
type Fault struct {
	Kind       Kind          `json:"kind"`
	RetryAfter time.Duration `json:"-"` // of TooMany; a second when it is 0
}

// Committed splits a kind into whether the call is done first, and what fails then.
func (k Kind) Committed() (Kind, bool) {
	rest, ok := strings.CutPrefix(string(k), string(Commit))
	return Kind(rest), ok
}

// Check reports a kind that is not known.
func (k Kind) Check() error {
	plain, _ := k.Committed()
	known := []Kind{NoFault, TooMany, Internal, Unavailable, Drop, Hang, Garbage}
	if slices.Contains(known, plain) || strings.HasPrefix(string(plain), "error:") && len(plain) > len("error:") {
		return nil
	}
	return fmt.Errorf("read fault: there is no %q; there are 429, 500, 503, drop, hang, invalid_json, error:NAME, each after commit_ too", k)
}

// Faults says which calls fail. The method "*" stands for every method.
type Faults struct {
	mu     sync.Mutex
	queued map[string][]Fault
	random map[string]chance
}

type chance struct {
	kinds  []Kind
	shares []float64
	source *rand.Rand
}

// NewFaults makes a plan in which nothing fails.
func NewFaults() *Faults {
	return &Faults{queued: map[string][]Fault{}, random: map[string]chance{}}
}

// Next lets the next times calls of a method fail, after those that are queued already. A fault without a kind lets a call pass.
func (f *Faults) Next(method string, fault Fault, times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for range times {
		f.queued[method] = append(f.queued[method], fault)
	}
}

// Random lets calls of a method fail by chance, once none is queued for it: each kind in its share of the calls. The same seed
// gives the same series. No shares: none fails.
func (f *Faults) Random(method string, seed uint64, shares map[Kind]float64) {
	c := chance{source: rand.New(rand.NewPCG(seed, 1))}
	for kind := range shares {
		c.kinds = append(c.kinds, kind)
	}
	slices.Sort(c.kinds) // the order of a map would make the series differ
	for _, kind := range c.kinds {
		c.shares = append(c.shares, shares[kind])
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.random[method] = c
}

// Clear lets everything pass again.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.queued)
	clear(f.random)
}

// Take is the fault of the call that is made now.
func (f *Faults) Take(method string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range []string{method, "*"} {
		if q := f.queued[name]; len(q) > 0 {
			f.queued[name] = q[1:]
			return q[0]
		}
	}
	for _, name := range []string{method, "*"} {
		c, ok := f.random[name]
		if !ok {
			continue
		}
		draw := c.source.Float64()
		for i, share := range c.shares {
			if draw < share {
				return Fault{Kind: c.kinds[i]}
			}
			draw -= share
		}
	}
	return Fault{}
}
