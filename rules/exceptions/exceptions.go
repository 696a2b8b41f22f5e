package exceptions

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config"
)

// Exceptions are the accepted risks. They do not change after loading and may be shared.
type Exceptions struct {
	all   []Exception
	valid map[string][]Exception // by rule
}

// Exception is one accepted risk. It covers findings of its rule on its subject (name or id); an empty System or Detail means
// any. It is in force up to and including the day of Expires (UTC).
type Exception struct {
	ID                  string
	Rule                string
	System              string
	Subject             string
	Detail              string
	Owner               string
	Approver            string
	Reason              string
	CompensatingControl string
	Expires             time.Time
	Expired             bool
}

type exceptionFile struct {
	Exceptions []exceptionYAML `yaml:"exceptions" required:"true"`
}

type exceptionYAML struct {
	ID                  string    `yaml:"id" required:"true"`
	Rule                string    `yaml:"rule" required:"true"`
	System              string    `yaml:"system"`
	Subject             string    `yaml:"subject" required:"true"`
	Detail              string    `yaml:"detail"`
	Owner               string    `yaml:"owner" required:"true"`
	Approver            string    `yaml:"approver" required:"true"`
	Reason              string    `yaml:"reason" required:"true"`
	CompensatingControl string    `yaml:"compensating_control"`
	Expires             time.Time `yaml:"expires" required:"true"`
}

var exceptionID = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,59}$`)

// Load reads exceptions. Rules and systems are checked against the known ones when those are not nil. Expired exceptions are kept
// for the record and cover nothing. The error is every problem of the document.
func Load(doc *config.Document, now time.Time, rules, systems []string) (*Exceptions, error) {
	root := doc.Root()
	if !root.Exists() {
		root.Problem("write exceptions: [], or remove the file from muster.yaml", "the file is empty")
		return nil, doc.Err()
	}
	var f exceptionFile
	root.Decode(&f)
	x := &Exceptions{valid: map[string][]Exception{}}
	seen := map[string]bool{}
	for i := range f.Exceptions {
		y, n := &f.Exceptions[i], root.Get("exceptions").Index(i)
		y.check(n, rules, systems, seen)
		e := Exception{ID: y.ID, Rule: y.Rule, System: y.System, Subject: y.Subject, Detail: y.Detail, Owner: y.Owner, Approver: y.Approver,
			Reason: y.Reason, CompensatingControl: y.CompensatingControl, Expires: y.Expires, Expired: !now.Before(y.Expires.AddDate(0, 0, 1))}
		x.all = append(x.all, e)
		if !e.Expired {
			x.valid[e.Rule] = append(x.valid[e.Rule], e)
		}
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return x, nil
}

func (y *exceptionYAML) check(n config.Node, rules, systems []string, seen map[string]bool) {
	switch {
	case y.ID != "" && seen[y.ID]:
		n.Get("id").Problem("every exception needs an id of its own", "exception id %q is given twice", y.ID)
	case y.ID != "" && !exceptionID.MatchString(y.ID):
		n.Get("id").Problem("letters, digits, . - and _, a letter first: EX-12", "bad exception id %q", y.ID)
	}
	seen[y.ID] = true
	if rules != nil && y.Rule != "" && !slices.Contains(rules, y.Rule) {
		hint := "see: muster rules list"
		if near := config.Nearest(y.Rule, rules); near != "" {
			hint = "did you mean \"" + near + "\"? See: muster rules list"
		}
		n.Get("rule").Problem(hint, "there is no rule %q", y.Rule)
	}
	for _, system := range strings.Split(y.System, "+") {
		if systems != nil && system != "" && !slices.Contains(systems, system) {
			hint := "known systems: " + strings.Join(systems, ", ")
			if near := config.Nearest(system, systems); near != "" {
				hint = "did you mean \"" + near + "\"?"
			}
			n.Get("system").Problem(hint, "unknown system %q", system)
		}
	}
	if y.Approver != "" && strings.EqualFold(y.Approver, y.Owner) {
		n.Get("approver").Problem("name somebody else", "%s cannot approve an exception of their own", y.Owner)
	}
}

// With gives the exceptions and further ones that are in force, such as those that were asked for and approved. x may be nil.
func (x *Exceptions) With(more ...Exception) *Exceptions {
	out := &Exceptions{valid: map[string][]Exception{}}
	if x != nil {
		out.all = slices.Clone(x.all)
		for rule, list := range x.valid {
			out.valid[rule] = slices.Clone(list)
		}
	}
	for _, e := range more {
		out.all = append(out.all, e)
		out.valid[e.Rule] = append(out.valid[e.Rule], e)
	}
	return out
}

// Match finds the exception in force that covers a finding; "" when there is none.
func (x *Exceptions) Match(f *access.Finding) string {
	for _, e := range x.valid[f.Rule] {
		subject := e.Subject == f.Subject || e.Subject == f.SubjectID
		if subject && (e.System == "" || e.System == f.System) && (e.Detail == "" || e.Detail == f.Detail) {
			return e.ID
		}
	}
	return ""
}

// All lists the exceptions in file order, the expired ones too.
func (x *Exceptions) All() []Exception { return x.all }

// Expired lists the exceptions whose day has passed.
func (x *Exceptions) Expired() []Exception {
	var out []Exception
	for _, e := range x.all {
		if e.Expired {
			out = append(out, e)
		}
	}
	return out
}
