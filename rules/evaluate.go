package rules

import (
	"time"

	"muster/internal/access"
	"muster/rules/expression"
	"muster/rules/sod"
	"muster/rules/vocabulary"
)

// Env is what a run knows besides the facts. Nil parts are allowed: no system is governed, no conflict, no exception.
type Env struct {
	Now        time.Time
	Systems    map[string]*access.SystemFacts // by name; HR (IsHR) included
	Bundles    *Bundles
	Matrix     *sod.Matrix
	Exceptions *Exceptions
}

// Evaluator evaluates a Set. It belongs to one goroutine; a run may use several and merge their Stats.
type Evaluator struct {
	env     Env
	scene   *vocabulary.Scene
	persons []*asked
	account []*asked
	grants  []*asked
	systems []*asked
	byID    map[string]*asked
}

// asked is one rule with its counters and variables.
type asked struct {
	rule   *Rule
	params *vocabulary.Object
	stats  *RuleStats
	vars   map[string]func() expression.Value
	memo   []expression.Value
}

// Evaluator makes an evaluator of the enabled rules.
func (s *Set) Evaluator(env Env) *Evaluator {
	w := vocabulary.World{Now: env.Now, Systems: env.Systems}
	if env.Bundles != nil {
		w.Governed = env.Bundles.Governs
	}
	if env.Matrix != nil {
		w.Conflicts = env.Matrix.Conflicts()
	}
	e := &Evaluator{env: env, scene: s.vocab.Scene(w), byID: map[string]*asked{}}
	for _, r := range s.all {
		a := e.prepare(r)
		e.byID[r.ID] = a
		if !r.Enabled {
			continue
		}
		switch r.Scope {
		case access.ScopePerson:
			e.persons = append(e.persons, a)
		case access.ScopeAccount:
			e.account = append(e.account, a)
		case access.ScopeGrant:
			e.grants = append(e.grants, a)
		case access.ScopeSystem:
			e.systems = append(e.systems, a)
		}
	}
	return e
}

func (e *Evaluator) prepare(r *Rule) *asked {
	a := &asked{rule: r, stats: &RuleStats{}, params: vocabulary.Parameters(r.Params), memo: make([]expression.Value, len(r.variables))}
	if len(r.variables) > 0 {
		a.vars = map[string]func() expression.Value{}
	}
	for i, v := range r.variables {
		x := r.prog.variables[i]
		a.vars[v.name] = func() expression.Value {
			if a.memo[i] == nil {
				a.memo[i] = x.Deferred(e.scene)
			}
			return a.memo[i]
		}
	}
	return a
}

// Evaluate judges person, account and grant rules on f, and sets f.Functions when it is nil and there is a matrix. An error is
// emit's; what goes wrong inside a rule is counted in Stats.
func (e *Evaluator) Evaluate(f *access.PersonFacts, emit func(Hit) error) error {
	e.fill(f)
	e.scene.SetPerson(f)
	if f.Person != nil {
		for _, a := range e.persons {
			if err := e.ask(a, a.rule.prog.when, emit); err != nil {
				return err
			}
		}
	}
	for _, acc := range f.Accounts {
		if err := e.evaluateAccount(acc, emit); err != nil {
			return err
		}
	}
	for _, a := range e.grants {
		e.use(a)
		for i := range f.Missing {
			e.scene.SetMissing(&f.Missing[i])
			if err := e.ask(a, a.rule.prog.when, emit); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Evaluator) fill(f *access.PersonFacts) {
	if f.Functions == nil && e.env.Matrix != nil {
		f.Functions = e.env.Matrix.Functions(f)
	}
}

func (e *Evaluator) evaluateAccount(acc *access.AccountFacts, emit func(Hit) error) error {
	e.scene.SetAccount(acc)
	for _, a := range e.account {
		if err := e.ask(a, a.rule.prog.when, emit); err != nil {
			return err
		}
	}
	for _, a := range e.grants {
		if len(acc.Grants) == 0 {
			break
		}
		e.use(a)
		when := a.rule.prog.when
		if guard := a.rule.prog.guard; guard != nil {
			a.forget()
			holds, err := guard.True(e.scene)
			if err == nil && !holds {
				a.stats.Evaluated += int64(len(acc.Grants))
				continue
			}
			if err == nil {
				when = a.rule.prog.rest
			}
		}
		for i := range acc.Grants {
			e.scene.SetGrant(&acc.Grants[i])
			if err := e.ask(a, when, emit); err != nil {
				return err
			}
		}
		e.scene.SetAccount(acc)
	}
	return nil
}

// EvaluateSystem judges the system rules.
func (e *Evaluator) EvaluateSystem(sf *access.SystemFacts, emit func(Hit) error) error {
	e.scene.SetPerson(nil)
	e.scene.SetSystem(sf)
	for _, a := range e.systems {
		if err := e.ask(a, a.rule.prog.when, emit); err != nil {
			return err
		}
	}
	return nil
}

// use makes a rule's parameters and variables those in view.
func (e *Evaluator) use(a *asked) {
	e.scene.SetParams(a.params)
	e.scene.SetVariables(a.vars)
}

func (a *asked) forget() {
	for i := range a.memo {
		a.memo[i] = nil
	}
}

// ask evaluates a rule on what is in view, once or once for each item.
func (e *Evaluator) ask(a *asked, when *expression.Expression, emit func(Hit) error) error {
	e.use(a)
	each := a.rule.prog.each
	if each == nil {
		return e.judge(a, when, nil, emit)
	}
	items, err := each.Items(e.scene)
	if err != nil {
		a.stats.Evaluated++
		e.failed(a, "each", err)
		return nil
	}
	defer e.scene.Bind("", nil)
	for _, item := range items {
		e.scene.Bind(a.rule.As, item)
		if err := e.judge(a, when, item, emit); err != nil {
			return err
		}
	}
	return nil
}

func (e *Evaluator) judge(a *asked, when *expression.Expression, item expression.Value, emit func(Hit) error) error {
	a.stats.Evaluated++
	if len(a.memo) > 0 {
		a.forget()
	}
	holds, err := when.True(e.scene)
	if err != nil {
		e.failed(a, "when", err)
		return nil
	}
	if !holds {
		return nil
	}
	a.stats.Hits++
	return emit(e.hit(a, item))
}
