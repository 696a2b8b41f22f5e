package policies

import (
	"errors"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/rules/expression"
	"muster/rules/vocabulary"
)

// Set is the loaded policies. It does not change after loading and may be shared.
type Set struct {
	all      []*policy // in file order
	stances  map[string]stance
	known    Known
	vocab    *vocabulary.Vocabulary
	digest   string
	warnings []string
}

// Entry is one policy as the files state it. What the rule or its severity decides is empty.
type Entry struct {
	Name        string              `json:"name"`
	Rules       []string            `json:"rules"`             // ids; "*" is every rule
	Systems     []string            `json:"systems,omitempty"` // empty: every system
	When        string              `json:"when,omitempty"`    // CEL condition; empty: always
	Mode        access.Mode         `json:"mode"`
	Actions     []access.ActionKind `json:"actions,omitempty"` // empty: those of the rule
	Route       []string            `json:"route,omitempty"`   // empty: that of the rule
	Need        int                 `json:"need,omitempty"`    // 0: 1, and 2 for critical findings
	StepUp      *bool               `json:"step_up,omitempty"` // nil: for critical findings and deletions
	EscalateTo  []string            `json:"escalate_to"`
	OnExpiry    access.OnExpiry     `json:"on_expiry,omitempty"` // empty: the safe state of the rule
	Grace       time.Duration       `json:"grace"`
	Handover    time.Duration       `json:"handover"`
	SLA         time.Duration       `json:"sla"`
	Remind      time.Duration       `json:"remind"`
	Escalate    time.Duration       `json:"escalate"`
	Expire      time.Duration       `json:"expire"`
	DeleteAfter time.Duration       `json:"delete_after"`
	File        string              `json:"-"`
	Line        int                 `json:"-"`
}

// The times of a question where a policy does not say them.
const (
	defaultRemind   = 4 * time.Hour
	defaultEscalate = 24 * time.Hour
	defaultExpire   = 72 * time.Hour
)

// policy is an Entry ready to be asked.
type policy struct {
	Entry
	when map[access.Scope]*expression.Expression // by scope of the rule; nil without a condition
}

// For is the policy of a finding. Its error says which conditions could not be evaluated; the policy then is one that acts on nothing
// without a decision, and holds all the same.
func (s *Set) For(c access.Case) (access.Policy, error) {
	var scene *vocabulary.Scene
	var doubts []*policy
	var failed []error
	for _, p := range s.all {
		if !p.covers(c.Finding.Rule, c.Finding.System) {
			continue
		}
		holds := true
		if p.when != nil {
			if scene == nil {
				scene = s.vocab.Scene(vocabulary.World{Governed: s.known.Governed})
				scene.SetCase(&c)
			}
			var err error
			if holds, err = p.holds(scene, c.Finding.Scope); err != nil {
				doubts, failed = append(doubts, p), append(failed, &access.Error{System: c.Finding.System, Op: "evaluate policy " + p.Name + " on " + c.Finding.ID,
					Kind: access.Invalid, Hint: "test with has() what the finding may lack; until then nothing is done about it without a decision", Err: err})
				continue
			}
		}
		if holds {
			return s.narrow(s.resolve(p.Entry, c.Finding), doubts), errors.Join(failed...)
		}
	}
	return s.narrow(s.resolve(builtin(), c.Finding), doubts), errors.Join(failed...)
}

// narrow takes back what must not happen while it is not known whether an earlier policy would have decided.
func (s *Set) narrow(p access.Policy, doubts []*policy) access.Policy {
	for _, d := range doubts {
		if p.Mode == access.ModeAuto {
			p.Mode = access.ModeApprove
		}
		p.OnExpiry = access.ExpiryRefuse
		p.DeleteAfter = 0
		p.Need = max(p.Need, d.Need)
		p.Grace, p.Handover = max(p.Grace, d.Grace), max(p.Handover, d.Handover)
		p.StepUp = p.StepUp || d.StepUp != nil && *d.StepUp
	}
	return p
}

// covers reports whether the policy is about a rule in a system. Of a finding in several systems it must name all.
func (e *Entry) covers(rule, system string) bool {
	if !slices.Contains(e.Rules, rule) && !slices.Contains(e.Rules, "*") {
		return false
	}
	if len(e.Systems) == 0 {
		return true
	}
	for _, one := range strings.Split(system, "+") {
		if !slices.Contains(e.Systems, one) {
			return false
		}
	}
	return true
}

func (p *policy) holds(scene *vocabulary.Scene, scope access.Scope) (bool, error) {
	when := p.when[scope]
	if when == nil {
		return false, errors.New("the finding's scope " + string(scope) + " is not that of its rule")
	}
	return when.True(scene)
}

// builtin is the policy of what no other matches.
func builtin() Entry {
	return Entry{Name: Builtin, Mode: access.ModeNotify, EscalateTo: []string{access.RouteSecurity}, Remind: defaultRemind, Escalate: defaultEscalate, Expire: defaultExpire}
}

// resolve fills in what the finding's rule and severity decide. The slices are copies.
func (s *Set) resolve(e Entry, f access.Finding) access.Policy {
	st, _ := stanceOf(s.stances, f.Rule, f.Scope)
	p := access.Policy{Name: e.Name, Mode: e.Mode, Actions: slices.Clone(e.Actions), Route: slices.Clone(e.Route), Need: e.Need,
		EscalateTo: slices.Clone(e.EscalateTo), OnExpiry: e.OnExpiry, Grace: e.Grace, Handover: e.Handover, SLA: e.SLA,
		Remind: e.Remind, Escalate: e.Escalate, Expire: e.Expire, DeleteAfter: e.DeleteAfter}
	if len(p.Actions) == 0 {
		p.Actions = slices.Clone(st.Actions)
	}
	if len(p.Route) == 0 {
		p.Route = slices.Clone(st.Route)
	}
	critical := f.Severity == access.Critical
	if p.Need == 0 {
		p.Need = 1
		if critical {
			p.Need = 2 // four eyes
		}
	}
	p.StepUp = critical || slices.Contains(p.Actions, access.DeleteAccount)
	if e.StepUp != nil {
		p.StepUp = *e.StepUp
	}
	if p.OnExpiry == "" {
		p.OnExpiry = access.ExpiryRefuse
		if st.Expiry == access.ExpiryApply && bySilence(p.Actions) == "" && slices.Contains(p.Actions, access.DisableAccount) {
			p.OnExpiry = access.ExpiryApply
		}
	}
	return p
}

// bySilence finds an action that nobody's silence may do: one that deletes, or that gives access.
func bySilence(actions []access.ActionKind) access.ActionKind {
	for _, kind := range actions {
		if kind == access.DeleteAccount || !kind.Removes() && kind != access.NotifyOwner {
			return kind
		}
	}
	return ""
}

// All lists the policies in the order in which they are asked.
func (s *Set) All() []Entry {
	out := make([]Entry, len(s.all))
	for i, p := range s.all {
		out[i] = p.Entry
	}
	return out
}

// Digest is the hex SHA-256 over what the policies and the built-in stances mean.
func (s *Set) Digest() string { return s.digest }

// Warnings are worth knowing and stop nothing: policies that never match, questions that nobody can answer. Each has its place.
func (s *Set) Warnings() []string { return s.warnings }
