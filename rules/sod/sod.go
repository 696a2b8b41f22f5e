package sod

import (
	"sort"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/rules/vocabulary"
)

// Matrix is the segregation-of-duties matrix.
type Matrix struct {
	functions   []Function // sorted by name
	conflicts   []vocabulary.Conflict
	mitigations []Mitigation
	inForce     map[string]Mitigation // conflict + "\x00" + person
	gives       map[string]map[string][]string
}

// Function is a piece of work that some entitlements let a person do.
type Function struct {
	Name         string
	Title        string
	Entitlements []access.EntitlementRef // sorted; any of them suffices
}

// Mitigation lets one person hold a conflict until it expires.
type Mitigation struct {
	ID       string // given, or conflict:person
	Conflict string
	Person   string // worker id
	Control  string // what compensates
	Owner    string
	Approver string
	Reason   string
	Expires  time.Time // the last day in force
	Expired  bool
}

// Functions computes what the person can do today and through which entitlements, each sorted. Nil means nothing.
func (m *Matrix) Functions(f *access.PersonFacts) map[string][]access.EntitlementRef {
	var out map[string][]access.EntitlementRef
	for _, a := range f.Accounts {
		gives := m.gives[a.System]
		if gives == nil || !a.Enabled || a.Link.Result != access.Linked {
			continue
		}
		for i := range a.Grants {
			g := &a.Grants[i]
			if !g.Actual || !g.Effective {
				continue
			}
			for _, name := range gives[g.Entitlement.Name] {
				if out == nil {
					out = map[string][]access.EntitlementRef{}
				}
				out[name] = append(out[name], access.EntitlementRef{System: a.System, Name: g.Entitlement.Name})
			}
		}
	}
	for name, refs := range out {
		out[name] = unique(refs)
	}
	return out
}

// Conflicts lists the conflicts by id.
func (m *Matrix) Conflicts() []vocabulary.Conflict { return m.conflicts }

// All lists the functions by name.
func (m *Matrix) All() []Function { return m.functions }

// Mitigations lists all mitigations in file order, the expired ones too.
func (m *Matrix) Mitigations() []Mitigation { return m.mitigations }

// Mitigation finds the mitigation in force for a person's conflict.
func (m *Matrix) Mitigation(conflict, person string) (Mitigation, bool) {
	mit, ok := m.inForce[conflict+"\x00"+person]
	return mit, ok
}

func unique(refs []access.EntitlementRef) []access.EntitlementRef {
	sort.Slice(refs, func(i, j int) bool { return refs[i].String() < refs[j].String() })
	kept := refs[:0]
	for i, r := range refs {
		if i == 0 || r != refs[i-1] {
			kept = append(kept, r)
		}
	}
	return kept
}

func hintFor(word, what string, known []string) string {
	if near := config.Nearest(word, known); near != "" {
		return "did you mean \"" + near + "\"?"
	}
	if len(known) == 0 {
		return "no " + what + " is defined"
	}
	return "known: " + strings.Join(known, ", ")
}

// Would lists the conflicts that a person would have if they held ref too, on an account that can use it, and does not have now. m may be
// nil.
func (m *Matrix) Would(f *access.PersonFacts, ref access.EntitlementRef) []vocabulary.Conflict {
	if m == nil {
		return nil
	}
	can := map[string]bool{}
	for name := range m.Functions(f) {
		can[name] = true
	}
	gives := map[string]bool{}
	for _, name := range m.gives[ref.System][ref.Name] {
		gives[name] = !can[name]
	}
	var out []vocabulary.Conflict
	for _, c := range m.conflicts {
		adds, whole := false, true
		for _, name := range c.Functions {
			adds = adds || gives[name]
			whole = whole && (can[name] || gives[name])
		}
		if adds && whole {
			out = append(out, c)
		}
	}
	return out
}
