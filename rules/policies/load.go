package policies

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/rules/expression"
	"muster/rules/vocabulary"
)

// Known is what policies may name.
type Known struct {
	Rules    []Rule              // nil skips the check
	Systems  []string            // nil skips the check
	Groups   map[string][]string // worker ids by name
	Security []string            // worker ids
	Governed func(system string) bool
}

// Rule is what policies need to know of a rule.
type Rule struct {
	ID       string
	Scope    access.Scope
	Severity access.Severity
}

type policyFile struct {
	Policies []policyYAML `yaml:"policies" required:"true"`
}

type policyYAML struct {
	Name        string              `yaml:"name" required:"true"`
	Rules       []string            `yaml:"rules" required:"true"`
	Systems     []string            `yaml:"systems"`
	When        config.Node         `yaml:"when"`
	Mode        access.Mode         `yaml:"mode" required:"true" enum:"auto,approve,notify,off"`
	Actions     []access.ActionKind `yaml:"actions"`
	Approvers   approversYAML       `yaml:"approvers"`
	StepUp      *bool               `yaml:"step_up"`
	Grace       time.Duration       `yaml:"grace"`
	Handover    time.Duration       `yaml:"handover"`
	SLA         time.Duration       `yaml:"sla"`
	Remind      *time.Duration      `yaml:"remind"`
	Escalate    escalateYAML        `yaml:"escalate"`
	Expire      expireYAML          `yaml:"expire"`
	DeleteAfter time.Duration       `yaml:"delete_after"`
}

type approversYAML struct {
	Route []string `yaml:"route"`
	Need  int      `yaml:"need"`
}

type escalateYAML struct {
	After *time.Duration `yaml:"after"`
	To    []string       `yaml:"to"`
}

type expireYAML struct {
	After *time.Duration  `yaml:"after"`
	Then  access.OnExpiry `yaml:"then" enum:"refuse,apply"`
}

// Load reads policies. The error is every problem of the docs.
func Load(docs []*config.Document, known Known) (*Set, error) {
	vocab, err := vocabulary.New()
	if err != nil {
		return nil, &access.Error{Op: "load policies", Kind: access.Internal, Err: err}
	}
	l := &loader{set: &Set{stances: stances(), known: known, vocab: vocab}, taken: map[string]config.Position{},
		envs: map[access.Scope]*vocabulary.Environment{}}
	if known.Rules != nil {
		l.rules = map[string]Rule{}
	}
	for _, r := range known.Rules {
		l.rules[r.ID] = r
		l.ids = append(l.ids, r.ID)
	}
	for _, doc := range docs {
		root := doc.Root()
		if !root.Exists() {
			root.Problem("write: policies: [...]", "the file is empty")
			continue
		}
		var f policyFile
		root.Decode(&f)
		for i := range f.Policies {
			l.add(root.Get("policies").Index(i), &f.Policies[i])
		}
	}
	if err := expression.Problems(docs); err != nil {
		return nil, err
	}
	l.set.warnings = l.warnings()
	l.set.digest, err = digest(l.set)
	return l.set, err
}

type loader struct {
	set   *Set
	rules map[string]Rule // nil when they are not known
	ids   []string
	taken map[string]config.Position
	envs  map[access.Scope]*vocabulary.Environment
	nodes []config.Node // of set.all
}

func (l *loader) add(n config.Node, y *policyYAML) {
	p := &policy{Entry: Entry{Name: y.Name, Rules: y.Rules, Systems: y.Systems, Mode: y.Mode, Actions: y.Actions, Route: y.Approvers.Route, Need: y.Approvers.Need,
		StepUp: y.StepUp, EscalateTo: y.Escalate.To, OnExpiry: y.Expire.Then, Grace: y.Grace, Handover: y.Handover, SLA: y.SLA,
		Remind: or(y.Remind, defaultRemind), Escalate: or(y.Escalate.After, defaultEscalate), Expire: or(y.Expire.After, defaultExpire),
		DeleteAfter: y.DeleteAfter, File: n.File(), Line: n.Position().Line}}
	if !n.Get("escalate").Get("to").Exists() {
		p.EscalateTo = []string{access.RouteSecurity}
	}
	rules := l.named(n, p)
	l.checkActions(n, p, rules)
	l.checkApprovers(n, p)
	checkTimes(n, p)
	l.compile(n, y.When, p, rules)
	l.set.all, l.nodes = append(l.set.all, p), append(l.nodes, n)
}

func or(d *time.Duration, otherwise time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	return *d
}

// compile checks the condition against what exists for each scope among the rules.
func (l *loader) compile(n, when config.Node, p *policy, rules []Rule) {
	if !when.Exists() {
		return
	}
	p.when = map[access.Scope]*expression.Expression{}
	if len(rules) == 0 { // their names are wrong or not known: what is wrong with the condition is said all the same
		rules = []Rule{{Scope: access.ScopeGrant}}
	}
	for _, r := range rules {
		if p.when[r.Scope] != nil {
			continue
		}
		env, err := l.environment(r.Scope)
		if err != nil {
			n.Problem("", "%v", err)
			return
		}
		x := expression.Compile(env, when, expression.Condition)
		if x == nil || !x.Guards(when) {
			return // another scope would only repeat it
		}
		p.When, p.when[r.Scope] = x.Text, x
	}
}

func (l *loader) environment(rule access.Scope) (*vocabulary.Environment, error) {
	if env := l.envs[rule]; env != nil {
		return env, nil
	}
	env, err := l.set.vocab.Environment(vocabulary.Policy(rule), nil)
	if err == nil {
		l.envs[rule] = env
	}
	return env, err
}

func digest(s *Set) (string, error) {
	data, err := json.Marshal(struct {
		Policies []Entry           `json:"policies"`
		Stances  map[string]stance `json:"stances"` // keys of a map are marshalled in order
	}{s.All(), s.stances})
	if err != nil {
		return "", &access.Error{Op: "digest policies", Kind: access.Internal, Err: err}
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}
