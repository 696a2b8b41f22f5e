package vocabulary

import (
	"sort"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"

	"muster/internal/access"
)

// World is what an evaluation knows besides the facts.
type World struct {
	Now       time.Time
	Systems   map[string]*access.SystemFacts
	Governed  func(system string) bool
	Conflicts []Conflict
}

// Scene is the stage of one evaluation after the other: the facts in view and the CEL activation over them.
type Scene struct {
	kinds        *kinds
	world        World
	hr           *access.SystemFacts
	now          ref.Val
	interned     map[string]ref.Val
	conflictList ref.Val

	personFacts                                                       *access.PersonFacts
	person, account, grant, entitlement, system, sod, params, finding *Object
	boundName                                                         string
	bound                                                             ref.Val
	variables                                                         map[string]func() ref.Val

	accountsOf, functionsOf  *access.PersonFacts
	accountList, functionSet ref.Val
	grantsOf                 *access.AccountFacts
	grantList                ref.Val
}

// Scene makes an empty stage.
func (v *Vocabulary) Scene(w World) *Scene {
	s := &Scene{kinds: v.kinds, world: w, now: types.Timestamp{Time: w.Now}, interned: map[string]ref.Val{}}
	s.person, s.account, s.grant = &Object{kind: v.kinds.person, scene: s}, &Object{kind: v.kinds.account, scene: s}, &Object{kind: v.kinds.grant, scene: s}
	s.entitlement, s.system = &Object{kind: v.kinds.entitlement, scene: s}, &Object{kind: v.kinds.system, scene: s}
	s.sod, s.params = &Object{kind: v.kinds.sod, scene: s}, &Object{kind: newKind("params", there, nil)}
	conflicts := make([]ref.Val, len(w.Conflicts))
	for i := range w.Conflicts {
		conflicts[i] = &Object{kind: v.kinds.conflict, scene: s, conflict: &w.Conflicts[i]}
	}
	s.conflictList = types.NewRefValList(adapter{}, conflicts)
	for _, sf := range w.Systems {
		if sf.IsHR {
			s.hr = sf
		}
	}
	return s
}

// SetPerson puts a person on stage; the system in view is HR.
func (s *Scene) SetPerson(f *access.PersonFacts) {
	s.personFacts = f
	s.person.person, s.system.system = f, s.hr
	s.account.account, s.grant.grant, s.entitlement.grant = nil, nil, nil
	s.accountsOf, s.functionsOf, s.grantsOf = nil, nil, nil
}

// SetAccount puts one of the person's accounts on stage; nil means none.
func (s *Scene) SetAccount(a *access.AccountFacts) {
	s.account.account = a
	s.grant.grant, s.entitlement.grant = nil, nil
	if a != nil {
		s.system.system = s.world.Systems[a.System]
	}
}

// SetGrant puts a grant of the account on stage.
func (s *Scene) SetGrant(g *access.GrantFacts) {
	s.grant.grant, s.grant.missing, s.entitlement.grant = g, false, g
}

// SetMissing puts a grant on stage that no account holds.
func (s *Scene) SetMissing(g *access.GrantFacts) {
	s.account.account = nil
	s.grant.grant, s.grant.missing, s.entitlement.grant = g, true, g
	s.system.system = s.world.Systems[g.System]
}

// SetSystem puts a system on stage.
func (s *Scene) SetSystem(sf *access.SystemFacts) { s.system.system = sf }

// SetParams sets the parameters of the rule that is asked next.
func (s *Scene) SetParams(p *Object) { s.params = p }

// Bind gives a name to an item of `each`; an empty name unbinds.
func (s *Scene) Bind(name string, v ref.Val) { s.boundName, s.bound = name, v }

// SetVariables sets the rule's own variables, each computed when it is asked for.
func (s *Scene) SetVariables(vars map[string]func() ref.Val) { s.variables = vars }

// SetCase puts a finding on stage with the facts of its subject, for a policy.
func (s *Scene) SetCase(c *access.Case) {
	s.finding = &Object{kind: s.kinds.finding, scene: s, finding: &c.Finding}
	s.SetPerson(&access.PersonFacts{Person: c.Person})
	s.person = &Object{kind: s.kinds.profile, scene: s, person: s.personFacts}
	s.account.account = c.Account
	if c.Grant != nil {
		s.SetGrant(c.Grant)
		s.grant.missing = c.Account == nil
	}
	s.system.system = c.System
}

// HR gives the source of persons, or nil.
func (s *Scene) HR() *access.SystemFacts { return s.hr }

// ResolveName is the activation's lookup.
func (s *Scene) ResolveName(name string) (any, bool) {
	switch name {
	case "grant":
		return s.grant, true
	case "account":
		return s.account, true
	case "person":
		return s.person, true
	case "now":
		return s.now, true
	case "params":
		return s.params, true
	case "system":
		return s.system, true
	case "entitlement":
		return s.entitlement, true
	case "sod":
		return s.sod, true
	case "finding":
		return s.finding, s.finding != nil
	}
	if name == s.boundName && name != "" {
		return s.bound, true
	}
	if compute, ok := s.variables[name]; ok {
		return compute(), true
	}
	return nil, false
}

// Parent is the enclosing activation: none.
func (s *Scene) Parent() interpreter.Activation { return nil }

func (s *Scene) word(w string) ref.Val {
	if v, ok := s.interned[w]; ok {
		return v
	}
	v := types.String(w)
	s.interned[w] = v
	return v
}

func (s *Scene) governed(system string) bool {
	return s.world.Governed != nil && s.world.Governed(system)
}

func (s *Scene) accounts(f *access.PersonFacts) ref.Val {
	if s.accountsOf == f && s.accountList != nil {
		return s.accountList
	}
	slab := make([]Object, len(f.Accounts))
	vals := make([]ref.Val, len(f.Accounts))
	for i, a := range f.Accounts {
		slab[i] = Object{kind: s.kinds.account, scene: s, account: a}
		vals[i] = &slab[i]
	}
	s.accountsOf, s.accountList = f, types.NewRefValList(adapter{}, vals)
	return s.accountList
}

func (s *Scene) grants(a *access.AccountFacts) ref.Val {
	if s.grantsOf == a && s.grantList != nil {
		return s.grantList
	}
	slab := make([]Object, len(a.Grants))
	vals := make([]ref.Val, len(a.Grants))
	for i := range a.Grants {
		slab[i] = Object{kind: s.kinds.grant, scene: s, grant: &a.Grants[i]}
		vals[i] = &slab[i]
	}
	s.grantsOf, s.grantList = a, types.NewRefValList(adapter{}, vals)
	return s.grantList
}

func (s *Scene) functions(f *access.PersonFacts) ref.Val {
	if s.functionsOf == f && s.functionSet != nil {
		return s.functionSet
	}
	names := make([]string, 0, len(f.Functions))
	for name := range f.Functions {
		names = append(names, name)
	}
	sort.Strings(names)
	s.functionsOf, s.functionSet = f, &nameSet{Lister: types.NewStringList(adapter{}, names), has: f.Functions}
	return s.functionSet
}

// nameSet is a sorted list of names that answers `in` by a hash lookup.
type nameSet struct {
	traits.Lister
	has map[string][]access.EntitlementRef
}

// Contains answers `in`.
func (n *nameSet) Contains(v ref.Val) ref.Val {
	name, ok := v.(types.String)
	if !ok {
		return types.False
	}
	_, found := n.has[string(name)]
	return types.Bool(found)
}

// View is what is on stage. Parts that are not are nil; a grant without an account is a missing one.
type View struct {
	Person  *access.PersonFacts
	Account *access.AccountFacts
	Grant   *access.GrantFacts
	System  *access.SystemFacts
}

// View gives the facts in view.
func (s *Scene) View() View {
	return View{s.personFacts, s.account.account, s.grant.grant, s.system.system}
}

// Parameters makes the params object of a rule.
func Parameters(params map[string]any) *Object { return &Object{kind: paramsKind(params)} }
