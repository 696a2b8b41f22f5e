package rules

import (
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/rules/bundles"
	"muster/rules/exceptions"
	"muster/rules/packs"
	"muster/rules/policies"
)

// Bundles are the loaded bundles; see package bundles.
type Bundles = bundles.Bundles

// LoadBundles reads bundles; systems are the known systems, nil skips that check. The error is every problem of the docs.
func LoadBundles(docs []*config.Document, systems []string) (*Bundles, error) {
	return bundles.Load(docs, systems)
}

// Exceptions are the accepted risks; see package exceptions.
type Exceptions = exceptions.Exceptions

// Exception is one accepted risk.
type Exception = exceptions.Exception

// LoadExceptions reads exceptions, and checks the rules and systems they name against set and systems when those are not nil. The
// error is every problem of the document.
func LoadExceptions(doc *config.Document, now time.Time, set *Set, systems []string) (*Exceptions, error) {
	var known []string
	if set != nil {
		for _, r := range set.All() {
			known = append(known, r.ID)
		}
	}
	return exceptions.Load(doc, now, known, systems)
}

// Policies say what is done about findings; see package policies.
type Policies = policies.Set

// PolicyKnown is what policies may name.
type PolicyKnown struct {
	Set      *Set                // the rules; nil skips the check
	Bundles  *Bundles            // nil: no system is governed
	Systems  []string            // nil skips the check
	Groups   map[string][]string // groups of approvers: worker ids by name
	Security []string            // worker ids of the security team
}

// LoadPolicies reads policies and checks the rules, systems and groups they name. The error is every problem of the docs.
func LoadPolicies(docs []*config.Document, known PolicyKnown) (*Policies, error) {
	k := policies.Known{Systems: known.Systems, Groups: known.Groups, Security: known.Security}
	if known.Set != nil {
		for _, r := range known.Set.All() {
			k.Rules = append(k.Rules, policies.Rule{ID: r.ID, Scope: r.Scope, Severity: r.Severity})
		}
	}
	if known.Bundles != nil {
		k.Governed = known.Bundles.Governs
	}
	return policies.Load(docs, k)
}

// SafeState says in words how things are when nobody decides about a finding of a rule in time.
func SafeState(rule string, p access.Policy) string { return policies.SafeState(rule, p) }

// Control is one control of a framework with our own paraphrase.
type Control = packs.Control

// Controls lists the controls that the built-in rules give evidence for, by framework and id.
func Controls() []Control { return packs.Controls() }
