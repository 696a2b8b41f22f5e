package rules

import (
	"regexp"
	"sort"

	"muster/internal/access"
	"muster/internal/config"
	"muster/rules/expression"
	"muster/rules/packs"
	"muster/rules/vocabulary"
)

// Set is the loaded rules, checked and ready. It does not change after loading.
type Set struct {
	all    []*Rule // by id
	byID   map[string]*Rule
	vocab  *vocabulary.Vocabulary
	digest string
}

type ruleFile struct {
	Rules []ruleYAML `yaml:"rules" required:"true"`
}

type ruleYAML struct {
	ID           string                 `yaml:"id" required:"true"`
	Title        string                 `yaml:"title" required:"true"`
	Description  string                 `yaml:"description"`
	Scope        access.Scope           `yaml:"scope" required:"true" enum:"person,account,grant,system"`
	Severity     access.Severity        `yaml:"severity" required:"true" enum:"info,low,medium,high,critical"`
	SeverityExpr config.Node            `yaml:"severity_expr"`
	When         config.Node            `yaml:"when" required:"true"`
	Each         config.Node            `yaml:"each"`
	As           string                 `yaml:"as"`
	Detail       config.Node            `yaml:"detail"`
	System       config.Node            `yaml:"system"`
	Message      config.Node            `yaml:"message" required:"true"`
	Controls     []string               `yaml:"controls" required:"true"`
	Remediation  string                 `yaml:"remediation" required:"true"`
	Absence      Absence                `yaml:"absence" enum:"hr,system"`
	Params       map[string]config.Node `yaml:"params"`
	Enabled      *bool                  `yaml:"enabled"`
	Variables    []variableYAML         `yaml:"variables"`
}

type variableYAML struct {
	Name       string      `yaml:"name" required:"true"`
	Expression config.Node `yaml:"expression" required:"true"`
}

// Builtin parses the embedded packs.
func Builtin() ([]*config.Document, error) {
	var docs []*config.Document
	for _, f := range packs.Files() {
		doc, err := config.Parse(f.Name, f.Data)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// Load reads rules from docs and applies the overrides of rules.set in the configuration (rule id to mapping). The error is
// every problem of the docs; problems with overrides are recorded on the configuration's own document, so ask it too.
func Load(docs []*config.Document, set map[string]config.Node) (*Set, error) {
	vocab, err := vocabulary.New()
	if err != nil {
		return nil, &access.Error{Op: "load rules", Kind: access.Internal, Err: err}
	}
	l := &loader{vocab: vocab, set: &Set{byID: map[string]*Rule{}, vocab: vocab}, overrides: set, envs: map[access.Scope]*vocabulary.Environment{}}
	for _, doc := range docs {
		l.file(doc)
	}
	l.unknownOverrides()
	if err := expression.Problems(docs); err != nil {
		return nil, err
	}
	s := l.set
	sort.Slice(s.all, func(i, j int) bool { return s.all[i].ID < s.all[j].ID })
	s.digest = setDigest(s.all)
	return s, nil
}

// Rules are the enabled rules by id.
func (s *Set) Rules() []*Rule {
	var out []*Rule
	for _, r := range s.all {
		if r.Enabled {
			out = append(out, r)
		}
	}
	return out
}

// All are all rules by id, the disabled ones too.
func (s *Set) All() []*Rule { return s.all }

// Rule finds a rule by id, enabled or not.
func (s *Set) Rule(id string) (*Rule, bool) {
	r, ok := s.byID[id]
	return r, ok
}

// Digest is the hex SHA-256 over the ids and digests of all rules.
func (s *Set) Digest() string { return s.digest }

type loader struct {
	vocab     *vocabulary.Vocabulary
	set       *Set
	overrides map[string]config.Node
	envs      map[access.Scope]*vocabulary.Environment // of rules without parameters
}

func (l *loader) file(doc *config.Document) {
	root := doc.Root()
	if !root.Exists() {
		root.Problem("write: rules: [...]", "the file is empty")
		return
	}
	var f ruleFile
	root.Decode(&f)
	for i := range f.Rules {
		l.rule(root.Get("rules").Index(i), &f.Rules[i], doc.File)
	}
}

var (
	ruleID     = regexp.MustCompile(`^[a-z][a-z0-9-]{1,59}$`)
	identifier = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
)

func (l *loader) rule(n config.Node, y *ruleYAML, file string) {
	r := &Rule{ID: y.ID, Title: y.Title, Description: y.Description, Scope: y.Scope, Severity: y.Severity, Controls: y.Controls,
		Remediation: y.Remediation, Absence: y.Absence, As: y.As, Enabled: true, Params: map[string]any{}, File: file, Line: n.Position().Line}
	if y.Enabled != nil {
		r.Enabled = *y.Enabled
	}
	l.identity(n, r)
	l.shape(n, y)
	for name, p := range y.Params {
		if !identifier.MatchString(name) {
			n.Get("params").Key(name).Problem("lower-case letters, digits and _, a letter first", "bad parameter name %q", name)
			continue
		}
		r.Params[name] = paramValue(p)
	}
	severityFixed := l.override(r)
	if knownScope(y.Scope) && l.compile(n, r, y) {
		if severityFixed {
			r.prog.severity, r.severityExpr = nil, ""
		}
		r.Digest = ruleDigest(r)
	}
	if r.ID != "" && l.set.byID[r.ID] == nil {
		l.set.byID[r.ID] = r
		l.set.all = append(l.set.all, r)
	}
}

func (l *loader) identity(n config.Node, r *Rule) {
	if r.ID != "" && !ruleID.MatchString(r.ID) {
		n.Get("id").Problem("lower-case letters, digits and -, a letter first", "bad rule id %q", r.ID)
	}
	if first := l.set.byID[r.ID]; first != nil {
		n.Get("id").Problem("give it another id, or change the first one by rules.set in muster.yaml",
			"rule id %q is taken by %s:%d", r.ID, first.File, first.Line)
	}
	seen := map[string]bool{}
	for i, c := range r.Controls {
		at := n.Get("controls").Index(i)
		switch {
		case !vocabulary.ValidControl(c):
			at.Problem(vocabulary.ControlHint, "bad control %q", c)
		case seen[c]:
			at.Problem("keep one of them", "control %q is given twice", c)
		}
		seen[c] = true
	}
	if n.Get("controls").Exists() && len(r.Controls) == 0 {
		n.Get("controls").Problem("name the controls that the rule tests", "a rule needs at least one control")
	}
}

// shape checks which keys go together.
func (l *loader) shape(n config.Node, y *ruleYAML) {
	each := n.Get("each").Exists()
	switch {
	case each && y.As == "":
		n.Key("each").Problem("add as: name, which the condition then uses", "each without as")
	case !each && y.As != "":
		n.Key("as").Problem("add each: list, or remove as", "as without each")
	case y.As != "" && !identifier.MatchString(y.As):
		n.Get("as").Problem("lower-case letters, digits and _, a letter first", "bad name %q", y.As)
	}
	if each && !n.Get("detail").Exists() {
		n.Key("each").Problem("add detail: text that tells the findings of one subject apart", "each without detail")
	}
	if n.Get("system").Exists() && y.Scope != access.ScopePerson {
		n.Key("system").Problem("remove it", "system is for rules of scope person; others belong to the system of their account")
	}
}

// compile checks every expression of a rule and reports whether all are right.
func (l *loader) compile(n config.Node, r *Rule, y *ruleYAML) bool {
	env, err := l.environment(r.Scope, r.Params, nil)
	if err != nil {
		n.Problem("", "%v", err)
		return false
	}
	ok := true
	var extra []vocabulary.Variable
	if y.Each.Exists() {
		r.prog.each = expression.Compile(env, y.Each, expression.List)
		if ok = r.prog.each != nil; ok && identifier.MatchString(r.As) {
			extra = append(extra, vocabulary.Variable{Name: r.As, Type: r.prog.each.Element()})
			r.Each = r.prog.each.Text
		}
		if env.TypeOf(r.As) != nil {
			n.Get("as").Problem("choose another name", "%q is already a name in scope %s", r.As, r.Scope)
			return false
		}
	}
	for i, v := range y.Variables {
		at := n.Get("variables").Index(i)
		inner, err := l.environment(r.Scope, r.Params, extra)
		if err != nil || !identifier.MatchString(v.Name) || inner.TypeOf(v.Name) != nil {
			at.Get("name").Problem("a new name of lower-case letters, digits and _", "bad or taken variable name %q", v.Name)
			return false
		}
		x := expression.Compile(inner, v.Expression, expression.Any)
		if x == nil {
			return false
		}
		extra = append(extra, vocabulary.Variable{Name: v.Name, Type: x.Type})
		r.prog.variables = append(r.prog.variables, x)
		r.variables = append(r.variables, variable{v.Name, x.Text})
	}
	if len(extra) > 0 {
		if env, err = l.environment(r.Scope, r.Params, extra); err != nil {
			n.Problem("", "%v", err)
			return false
		}
	}
	if !ok {
		return false // the condition would only repeat that the name of each is unknown
	}
	return l.compileParts(n, env, r, y)
}

func (l *loader) compileParts(n config.Node, env *vocabulary.Environment, r *Rule, y *ruleYAML) bool {
	ok := true
	part := func(at config.Node, want expression.Want, into **expression.Expression, text *string) {
		if !at.Exists() {
			return
		}
		if *into = expression.Compile(env, at, want); *into == nil {
			ok = false
			return
		}
		*text = (*into).Text
	}
	part(y.When, expression.Condition, &r.prog.when, &r.When)
	part(y.Message, expression.Text, &r.prog.message, &r.Message)
	part(y.Detail, expression.Text, &r.prog.detail, &r.detailExpr)
	part(y.System, expression.Text, &r.prog.system, &r.systemExpr)
	part(y.SeverityExpr, expression.Text, &r.prog.severity, &r.severityExpr)
	if r.prog.severity != nil {
		if text, constant := r.prog.severity.Constant(); constant && access.Severity(text).Rank() < 0 {
			y.SeverityExpr.Problem("one of info, low, medium, high, critical", "unknown severity %q", text)
		}
	}
	if !ok || r.prog.when == nil || r.prog.message == nil {
		return false
	}
	return l.guarded(r, y) && l.split(n, r)
}

// guarded checks that what may be absent is tested somewhere in the rule: by the condition or by the expression itself.
func (l *loader) guarded(r *Rule, y *ruleYAML) bool {
	others := append([]*expression.Expression{r.prog.when}, r.prog.variables...)
	ok := r.prog.when.Guards(y.When, others...)
	for i, v := range y.Variables {
		ok = r.prog.variables[i].Guards(v.Expression, others...) && ok
	}
	for _, one := range []struct {
		x  *expression.Expression
		at config.Node
	}{{r.prog.message, y.Message}, {r.prog.detail, y.Detail}, {r.prog.system, y.System}, {r.prog.severity, y.SeverityExpr}, {r.prog.each, y.Each}} {
		if one.x != nil {
			ok = one.x.Guards(one.at, others...) && ok
		}
	}
	return ok
}

// split takes the conjuncts out of a grant rule's condition that are the same for all grants of an account.
func (l *loader) split(n config.Node, r *Rule) bool {
	if r.Scope != access.ScopeGrant || r.prog.each != nil {
		return true
	}
	uses := map[string]bool{"grant": true, "entitlement": true}
	for i, v := range r.variables {
		for _, name := range r.prog.variables[i].Idents() {
			uses[v.name] = uses[v.name] || uses[name]
		}
	}
	var err error
	if r.prog.guard, r.prog.rest, err = r.prog.when.Split(func(name string) bool { return uses[name] }); err != nil {
		n.Get("when").Problem("", "%v", err)
		return false
	}
	return true
}

func knownScope(s access.Scope) bool {
	return s == access.ScopePerson || s == access.ScopeAccount || s == access.ScopeGrant || s == access.ScopeSystem
}

func (l *loader) environment(scope access.Scope, params map[string]any, extra []vocabulary.Variable) (*vocabulary.Environment, error) {
	plain := len(params) == 0 && len(extra) == 0
	if env := l.envs[scope]; plain && env != nil {
		return env, nil
	}
	env, err := l.vocab.Environment(scope, params, extra...)
	if err == nil && plain {
		l.envs[scope] = env
	}
	return env, err
}
