package notice

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
)

// Digest is what one owner is told about one run.
type Digest struct {
	Organisation string
	Run          string
	AsOf         time.Time
	Owner        access.Approver    // who answers for the systems
	Systems      []string           // that the owner answers for
	Findings     []access.Finding   // that are open in those systems, the worst first (access.CompareFindings)
	Counts       []access.RuleCount // of those systems after this run
	Before       *Totals            // after the run before; nil when there was none
	Done         []Line             // what was done by itself
	Waiting      []Line             // what waits for a decision
	Held         []Line             // what a hold or an incomplete source stops
	Incomplete   []string           // sources that were partial, failed or held, each with its cause
	Links        Links
	Title        string // in the headline's place; empty: what was found
}

// Line is one action or question as people read it.
type Line struct {
	ID    string    // A-..., AP-..., H-...
	Text  string    // one line
	Until time.Time // when it must be decided; zero when it has no end
	URL   string    // where it is decided; may be empty
}

// Totals are numbers of findings.
type Totals struct{ New, Resolved, Open int }

// RuleTotal is what one rule found in all systems of a digest.
type RuleTotal struct {
	Rule     string
	Severity access.Severity
	Totals
}

// Totals sums the digest's counts. What was found again counts as new.
func (d Digest) Totals() Totals {
	var t Totals
	for _, r := range d.Rules() {
		t.New, t.Resolved, t.Open = t.New+r.New, t.Resolved+r.Resolved, t.Open+r.Open
	}
	return t
}

// Rules sums the counts by rule, the worst first, then the most; rules without any number are left out.
func (d Digest) Rules() []RuleTotal {
	by := map[string]*RuleTotal{}
	for _, c := range d.Counts {
		r := by[c.Rule]
		if r == nil {
			r = &RuleTotal{Rule: c.Rule, Severity: c.Severity}
			by[c.Rule] = r
		}
		if c.Severity.Rank() > r.Severity.Rank() {
			r.Severity = c.Severity
		}
		r.New, r.Resolved, r.Open = r.New+c.New+c.Reopened, r.Resolved+c.Resolved, r.Open+c.Open
	}
	var out []RuleTotal
	for _, r := range by {
		if r.Totals != (Totals{}) {
			out = append(out, *r)
		}
	}
	slices.SortFunc(out, func(a, b RuleTotal) int {
		return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), cmp.Compare(b.Open, a.Open), strings.Compare(a.Rule, b.Rule))
	})
	return out
}

// Critical lists the findings that are told on their own: critical, and new tonight.
func (d Digest) Critical() []access.Finding {
	var out []access.Finding
	for _, f := range d.Findings {
		if f.Severity == access.Critical && (f.Change == access.ChangeNew || f.Change == access.ChangeReopened) {
			out = append(out, f)
		}
	}
	return out
}

// Headline says in one line what changed since the run before.
func (d Digest) Headline() string {
	if d.Title != "" {
		return d.Title
	}
	t := d.Totals()
	where := fmt.Sprintf("in %d systems", len(d.Systems))
	switch len(d.Systems) {
	case 0:
		where = "in your systems"
	case 1:
		where = "in " + d.Systems[0]
	}
	if t.Open == 0 && t.Resolved == 0 {
		return "Nothing is open " + where
	}
	return fmt.Sprintf("%d new, %d resolved, %d open %s%s", t.New, t.Resolved, t.Open, where, d.trend(t))
}

// trend compares with the run before; without one it says nothing.
func (d Digest) trend(t Totals) string {
	if d.Before == nil {
		return ""
	}
	switch diff := t.Open - d.Before.Open; {
	case diff > 0:
		return fmt.Sprintf(" (%d more than last time)", diff)
	case diff < 0:
		return fmt.Sprintf(" (%d fewer than last time)", -diff)
	}
	return " (as many as last time)"
}

// Empty reports whether there is nothing to tell.
func (d Digest) Empty() bool {
	return d.Totals() == Totals{} && len(d.Done)+len(d.Waiting)+len(d.Held)+len(d.Incomplete) == 0
}

// Links makes addresses of the console's pages. Without a console there are commands instead.
type Links struct{ Console string } // https://muster.acme.example, without a slash at the end; empty: none

// Finding is the page of a finding; empty without a console.
func (l Links) Finding(id string) string { return l.page("/findings/" + url.PathEscape(id)) }

// Rule is the page of what a rule found; empty without a console.
func (l Links) Rule(rule string) string { return l.page("/findings?rule=" + url.QueryEscape(rule)) }

// All is the page of all findings; empty without a console.
func (l Links) All() string { return l.page("/findings") }

// Approval is the page of a question; empty without a console.
func (l Links) Approval(id string) string { return l.page("/approvals/" + url.PathEscape(id)) }

func (l Links) page(path string) string {
	if l.Console == "" {
		return ""
	}
	return strings.TrimRight(l.Console, "/") + path
}

// FindingCommand shows a finding on the command line.
func FindingCommand(id string) string { return "muster findings show " + id }

// RuleCommand lists what a rule found.
func RuleCommand(rule string) string { return "muster findings --rule " + rule }
