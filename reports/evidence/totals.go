package evidence

import (
	"cmp"
	"slices"
	"time"

	"muster/internal/access"
)

// Totals are counts over the findings of a run.
type Totals struct {
	All        int `json:"all"` // rows of the annex
	Open       int `json:"open"`
	New        int `json:"new"`
	Reopened   int `json:"reopened"`
	Resolved   int `json:"resolved"`
	Excepted   int `json:"excepted"`
	Unverified int `json:"unverified"` // open ones that could not be looked at
}

// Ages is how many open findings fall into each age: up to 7, 30 and 90 days, and older.
type Ages [4]int

// AgeNames are the short names of the buckets of Ages, in days.
func AgeNames() [4]string {
	return [4]string{"0–7\u00a0d", "8–30\u00a0d", "31–90\u00a0d", ">\u00a090\u00a0d"}
}

// Group is one rule's findings in one system.
type Group struct {
	Rule     string
	System   string
	Severity access.Severity // the worst of the open ones
	Totals   Totals
	Ages     Ages
	Shown    []access.Finding // open ones first, worst first; at most the cap of the Tally
}

// Tally counts findings as they stream by, and keeps a bounded number of each group to be printed.
type Tally struct {
	AsOf time.Time
	Keep int // of each group

	Totals     Totals
	NewOpen    int // findings that are new and open: the new ones without those that an exception covers already
	BySeverity map[access.Severity]Totals
	Matrix     map[access.Severity]map[string]int // open ones by severity and system
	Digest     access.FindingsDigest
	groups     map[[2]string]*Group
	worst      map[string][]access.Finding // open ones by rule: at least the MostWorst to be read first
}

// MostWorst is how many findings Worst gives at most.
const MostWorst = 10

// NewTally begins to count.
func NewTally(asOf time.Time, keep int) *Tally {
	return &Tally{AsOf: asOf, Keep: keep, BySeverity: map[access.Severity]Totals{},
		Matrix: map[access.Severity]map[string]int{}, groups: map[[2]string]*Group{}, worst: map[string][]access.Finding{}}
}

// Add counts one finding.
func (t *Tally) Add(f access.Finding) {
	t.Digest.Add(f)
	t.Totals.add(f)
	s := t.BySeverity[f.Severity]
	s.add(f)
	t.BySeverity[f.Severity] = s
	key := [2]string{f.Rule, f.System}
	g := t.groups[key]
	if g == nil {
		g = &Group{Rule: f.Rule, System: f.System, Severity: f.Severity}
		t.groups[key] = g
	}
	g.Totals.add(f)
	if Open(f) {
		if f.Change == access.ChangeNew {
			t.NewOpen++
		}
		if g.Totals.Open == 1 || f.Severity.Rank() > g.Severity.Rank() {
			g.Severity = f.Severity
		}
		g.Ages[bucket(Age(f, t.AsOf))]++
		if t.Matrix[f.Severity] == nil {
			t.Matrix[f.Severity] = map[string]int{}
		}
		t.Matrix[f.Severity][f.System]++
		t.worst[f.Rule] = append(t.worst[f.Rule], f)
		if len(t.worst[f.Rule]) >= 4*MostWorst {
			t.worst[f.Rule] = first(t.worst[f.Rule], MostWorst)
		}
	}
	g.Shown = append(g.Shown, f)
	if len(g.Shown) >= 2*t.Keep+16 {
		g.trim(t.Keep)
	}
}

func (t *Totals) add(f access.Finding) {
	t.All++
	switch {
	case f.State == access.Excepted:
		t.Excepted++
	case f.State == access.Resolved:
		t.Resolved++
		return
	default:
		t.Open++
	}
	switch f.Change {
	case access.ChangeNew:
		t.New++
	case access.ChangeReopened:
		t.Reopened++
	case access.ChangeUnverified:
		t.Unverified++
	}
}

// trim keeps the n findings that a reader should see first.
func (g *Group) trim(n int) {
	slices.SortFunc(g.Shown, func(a, b access.Finding) int {
		return cmp.Or(cmp.Compare(stage(a), stage(b)), access.CompareFindings(a, b))
	})
	if len(g.Shown) > n {
		clear(g.Shown[n:])
		g.Shown = g.Shown[:n]
	}
}

// first keeps the n findings that are to be read first: by severity, then the longest known.
func first(list []access.Finding, n int) []access.Finding {
	slices.SortFunc(list, func(a, b access.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), a.FirstSeen.Compare(b.FirstSeen), access.CompareFindings(a, b))
	})
	if len(list) > n {
		clear(list[n:])
		list = list[:n]
	}
	return list
}

// Worst picks the open findings to be read first, at most MostWorst. One rule fills more than half of the list only where the others leave places.
func (t *Tally) Worst() []access.Finding {
	var all, out, more []access.Finding
	for rule := range t.worst {
		t.worst[rule] = first(t.worst[rule], MostWorst)
		all = append(all, t.worst[rule]...)
	}
	byRule := map[string]int{}
	for _, f := range first(all, len(all)) {
		if byRule[f.Rule]++; byRule[f.Rule] <= MostWorst/2 {
			out = append(out, f)
		} else {
			more = append(more, f)
		}
	}
	out = first(out, MostWorst)
	return first(append(out, more[:min(len(more), MostWorst-len(out))]...), MostWorst)
}

// stage puts open findings before excepted and resolved ones.
func stage(f access.Finding) int {
	switch {
	case Open(f):
		return 0
	case f.State == access.Excepted:
		return 1
	}
	return 2
}

// Groups are the groups by rule, worst rules first, then by system.
func (t *Tally) Groups() []Group {
	worst := map[string]int{}
	for _, g := range t.groups {
		worst[g.Rule] = max(worst[g.Rule], g.rank())
	}
	out := make([]Group, 0, len(t.groups))
	for _, g := range t.groups {
		g.trim(t.Keep)
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b Group) int {
		return cmp.Or(cmp.Compare(worst[b.Rule], worst[a.Rule]), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.System, b.System))
	})
	return out
}

// rank puts rules with nothing open last.
func (g *Group) rank() int {
	if g.Totals.Open == 0 {
		return 0
	}
	return 1 + g.Severity.Rank()
}

// Age is for how many whole days a finding has been known.
func Age(f access.Finding, asOf time.Time) int {
	if f.FirstSeen.IsZero() || asOf.Before(f.FirstSeen) {
		return 0
	}
	return int(asOf.Sub(f.FirstSeen) / (24 * time.Hour))
}

func bucket(days int) int {
	switch {
	case days <= 7:
		return 0
	case days <= 30:
		return 1
	case days <= 90:
		return 2
	}
	return 3
}
