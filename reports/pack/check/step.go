package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/reports/evidence"
)

// State is what came of a step.
type State string

// The states of a step.
const (
	Verified   State = "ok"          // everything that the step is about was checked, and is as it must be
	Differs    State = "differs"     // something is not as it must be
	NotChecked State = "not checked" // some of it, or all, could not be checked; what could be is as it must be
)

// Step is one thing that Verify checked, or could not check.
type Step struct {
	Name    string // what was to be checked, for people
	State   State
	Details []string // what was found; for a step that differs what differs, the changed files first
	Why     string   // of one that was not checked: why not
	Nothing bool     // not checked because the pack has nothing of it, and rests on nothing of it
}

// OK reports whether everything that the step is about was verified.
func (s Step) OK() bool { return s.State == Verified }

// Short is the step's name in a word or two.
func (s Step) Short() string {
	short, _, _ := strings.Cut(s.Name, ":")
	return short
}

// Skip notes that a step was not performed.
func (s *Step) Skip(why string) {
	s.State, s.Why, s.Details = NotChecked, why, []string{"not checked: " + why}
}

// Report is what Verify found.
type Report struct {
	Path    string
	SHA256  string // of the zip file; the ledger's pack entry has the same. Empty for an unpacked folder
	Pack    string
	Run     string
	Steps   []Step
	File    evidence.File // the model, when it could be read
	Stopped string        // why no more of the pack is read; empty when there is no reason
}

// OK reports whether everything that the pack rests on was verified.
func (r Report) OK() bool { return len(r.Steps) > 0 && !r.Differs() && len(r.Unchecked()) == 0 }

// Differs reports whether something is not as it must be.
func (r Report) Differs() bool {
	return slices.ContainsFunc(r.Steps, func(s Step) bool { return s.State == Differs })
}

// Unchecked are the steps that could not be performed, or not whole, although the pack rests on them. A ledger at hand stands in for the receipt, and for
// the key of the ledger.
func (r Report) Unchecked() []Step {
	var out []Step
	for _, s := range r.Steps {
		covered := s.Short() == receiptStep && r.verified(enteredStep) || s.Short() == checkpointStep && r.verified(pastStep)
		if s.State == NotChecked && !s.Nothing && !covered {
			out = append(out, s)
		}
	}
	return out
}

// OfItsKind reports whether all that was not checked is what no pack of its kind can show: one about a person cannot be compared with the whole run.
func (r Report) OfItsKind() bool {
	scope := r.File.Scope
	return r.File.Kind == "person" && len(scope.Persons) == 1 && scope.Redacted == nil && !r.Differs() &&
		!slices.ContainsFunc(r.Unchecked(), func(s Step) bool { return "not checked: "+s.Why != scope.Unchecked() })
}

func (r Report) verified(step string) bool {
	return slices.ContainsFunc(r.Steps, func(s Step) bool { return s.Name == step && s.OK() })
}

// Err is the first difference; nil when there is none.
func (r Report) Err() error {
	for _, s := range r.Steps {
		if s.State == Differs {
			return &access.Error{Op: "verify pack", Kind: access.Invalid, Err: errors.New(strings.Join(s.Details, "; ")), Hint: "ask for the pack again, and compare its SHA-256 with the one on the ledger"}
		}
	}
	return nil
}

// Summary says in one line what came of all steps.
func (r Report) Summary() string {
	var differ, whys []string
	open := map[string][]string{}
	for _, s := range r.Steps {
		if s.State == Differs {
			differ = append(differ, s.Short())
		}
	}
	for _, s := range r.Unchecked() {
		if open[s.Why] == nil {
			whys = append(whys, s.Why)
		}
		open[s.Why] = append(open[s.Why], s.Short())
	}
	var except []string
	for _, why := range whys {
		except = append(except, strings.Join(open[why], ", ")+" ("+why+")")
	}
	switch {
	case len(differ) > 0:
		return "NOT verified; what differs: " + strings.Join(differ, ", ")
	case len(except) > 0:
		return "verified, except: " + strings.Join(except, "; ")
	}
	return "verified"
}

// finish ends a step: it passed when nothing was said against it.
func finish(s *Step, problems []string, good string, args ...any) error {
	return partly(s, problems, "", good, args...)
}

// partly ends a step of which something may not have been checked: why says what, and why not.
func partly(s *Step, problems []string, why, good string, args ...any) error {
	switch {
	case len(problems) > 0:
		s.State, s.Details = Differs, problems
	case why != "":
		s.Skip(why)
		s.Details = append(s.Details, fmt.Sprintf(good, args...))
	default:
		s.State, s.Details = Verified, []string{fmt.Sprintf(good, args...)}
	}
	return nil
}

// skip ends a step that could not be performed.
func skip(s *Step, why string) error {
	s.Skip(why)
	return nil
}

// unreadable is why a step was not performed that needs the model.
const unreadable = "evidence.json is unreadable"
