package rules

import (
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/rules/sod"
)

// Set is the loaded rules, type-checked and ready.
type Set struct{}

// Builtin parses the embedded packs.
func Builtin() ([]*config.Document, error) { return nil, nil }

// Load reads rules from docs and applies the overrides of rules.set in the configuration (rule id -> mapping). Problems of the
// docs are returned together; problems with overrides are recorded on the configuration's document, where set comes from.
func Load(docs []*config.Document, set map[string]config.Node) (*Set, error) { return &Set{}, nil }

// Rules are the enabled rules by id.
func (s *Set) Rules() []*Rule { return nil }

// All are all rules by id, the disabled ones too.
func (s *Set) All() []*Rule { return nil }

// Rule finds a rule by id, enabled or not.
func (s *Set) Rule(id string) (*Rule, bool) { return nil, false }

// Digest is the hex SHA-256 over the digests of all rules.
func (s *Set) Digest() string { return "" }

// Env is what a run knows besides the facts. Nil parts are allowed: no system governed, no conflict, no exception.
type Env struct {
	Now        time.Time
	Systems    map[string]*access.SystemFacts // by name, HR (IsHR) included
	Bundles    *Bundles
	Matrix     *sod.Matrix
	Exceptions *Exceptions
}

// Evaluator evaluates a Set; one goroutine each.
type Evaluator struct{}

// Evaluator makes an evaluator.
func (s *Set) Evaluator(env Env) *Evaluator { return &Evaluator{} }

// Evaluate judges the person, account and grant rules on f and fills f.Functions when it is nil.
func (e *Evaluator) Evaluate(f *access.PersonFacts, emit func(Hit) error) error { return nil }

// EvaluateSystem judges the system rules.
func (e *Evaluator) EvaluateSystem(sf *access.SystemFacts, emit func(Hit) error) error { return nil }

// Stats are the counts so far, by rule id.
func (e *Evaluator) Stats() Stats { return nil }

// Stats counts evaluations by rule id.
type Stats map[string]RuleStats

// RuleStats counts one rule's evaluations.
type RuleStats struct {
	Evaluated, Hits, Errors int64
	Sample                  string // the first error, with whom it was about
}

// Merge adds o to s.
func (s Stats) Merge(o Stats) {}

// Bundles are the loaded bundles.
type Bundles struct{}

// LoadBundles reads bundles; systems are the known system names, nil skips the check.
func LoadBundles(docs []*config.Document, systems []string) (*Bundles, error) { return &Bundles{}, nil }

// All are the bundles in file order; Match's indexes point here.
func (b *Bundles) All() []access.Bundle { return nil }

// Fields are the person fields that any condition reads, sorted: "department", "attributes.site", "attributes".
func (b *Bundles) Fields() []string { return nil }

// Match lists the bundles whose condition is true for p. Only Fields are read.
func (b *Bundles) Match(p access.Person) ([]int, error) { return nil, nil }

// Expectations is the union of the entitlements of the bundles, each with all its bases, sorted.
func (b *Bundles) Expectations(matched []int) []access.Expectation { return nil }

// Governs reports whether any bundle names the system.
func (b *Bundles) Governs(system string) bool { return false }

// Exceptions are the accepted risks.
type Exceptions struct{}

// Exception is one accepted risk.
type Exception struct {
	ID, Rule, System, Subject, Detail                   string
	Owner, Approver, Reason, CompensatingControl, Until string
	Expires                                             time.Time
}

// LoadExceptions reads exceptions. set and systems are checked against when they are not nil.
func LoadExceptions(doc *config.Document, now time.Time, set *Set, systems []string) (*Exceptions, error) {
	return &Exceptions{}, nil
}

// Valid are those in force, Expired those that are not.
func (x *Exceptions) Valid() []Exception { return nil }

// Expired are those whose day has passed.
func (x *Exceptions) Expired() []Exception { return nil }

// Selector names what Explain looks at.
type Selector struct{ System, AccountID, Entitlement string }

// Explanation is a rule's condition with the value of every part.
type Explanation struct{}

// Explain evaluates one rule with everything shown.
func (e *Evaluator) Explain(ruleID string, f *access.PersonFacts, at Selector) ([]Explanation, error) {
	return nil, nil
}

// Text draws the tree.
func (x Explanation) Text() string { return "" }

// FieldDoc documents a field of an object that rules see.
type FieldDoc struct {
	Name, Type, Doc string
	Optional        bool
}

// FieldsDoc lists the fields of person, account, grant, ...
func FieldsDoc(object string) ([]FieldDoc, bool) { return nil, false }
