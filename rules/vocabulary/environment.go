package vocabulary

import (
	"fmt"
	"sort"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/ext"

	"muster/internal/access"
)

const typePrefix = "muster."

// ScopeBundle is the scope of a bundle's condition: what HR says about a person and nothing else.
const ScopeBundle access.Scope = "bundle"

// objectType names an object's CEL type before its table exists; tables refer to each other.
func objectType(name string) *cel.Type { return types.NewObjectType(typePrefix + name) }

// Vocabulary is the tables and the part of the environment that all scopes share. It does not change; making one takes a few
// milliseconds, so loading makes one and hands it on.
type Vocabulary struct {
	kinds *kinds
	base  *cel.Env
}

type kinds struct {
	person, profile, account, grant, entitlement, system, snapshot, sod, conflict, finding *kind
	byType                                                                                 map[string]*kind
}

// New makes the vocabulary.
func New() (*Vocabulary, error) {
	k := newKinds()
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, fmt.Errorf("make the type registry: %w", err)
	}
	opts := []cel.EnvOption{
		cel.StdLib(), ext.Strings(), ext.Sets(),
		cel.CustomTypeAdapter(adapter{}),
		cel.CustomTypeProvider(&provider{Registry: registry, kinds: k.byType}),
		cel.EnableMacroCallTracking(), cel.DefaultUTCTimeZone(true),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals()),
	}
	base, err := cel.NewCustomEnv(append(opts, functionOptions()...)...)
	if err != nil {
		return nil, fmt.Errorf("make the CEL environment: %w", err)
	}
	return &Vocabulary{kinds: k, base: base}, nil
}

func newKinds() *kinds {
	k := &kinds{
		person:      newKind("person", noPerson, personFields()),
		profile:     newKind("profile", noPerson, profileFields()),
		account:     newKind("account", noAccount, accountFields()),
		grant:       newKind("grant", noGrant, grantFields()),
		entitlement: newKind("entitlement", noGrant, entitlementFields()),
		system:      newKind("system", noSystem, systemFields()),
		snapshot:    newKind("snapshot", there, snapshotFields()),
		sod:         newKind("sod", there, sodFields()),
		conflict:    newKind("conflict", there, conflictFields()),
		finding:     newKind("finding", there, findingFields()),
	}
	k.byType = map[string]*kind{}
	for _, one := range []*kind{k.person, k.profile, k.account, k.grant, k.entitlement, k.system, k.snapshot, k.sod, k.conflict, k.finding} {
		k.byType[one.typ.TypeName()] = one
	}
	return k
}

// Variable is a name that an expression may use besides those of its scope.
type Variable struct {
	Name string
	Type *cel.Type
}

// Environment is what expressions of one scope, and one rule's parameters, are checked against.
type Environment struct {
	CEL   *cel.Env
	Scope access.Scope
	kinds map[string]*kind
	types map[string]*cel.Type // of the variables
}

// Environment makes the environment of a scope. params are a rule's parameters: int64, float64, bool, string or []string.
func (v *Vocabulary) Environment(scope access.Scope, params map[string]any, extra ...Variable) (*Environment, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, fmt.Errorf("make the type registry: %w", err)
	}
	pk := paramsKind(params)
	e := &Environment{Scope: scope, types: map[string]*cel.Type{}, kinds: map[string]*kind{pk.typ.TypeName(): pk}}
	for name, k := range v.kinds.byType {
		e.kinds[name] = k
	}
	for _, name := range scopeVariables(scope) {
		e.types[name] = v.kinds.variable(scope, name, pk)
	}
	for _, x := range extra {
		e.types[x.Name] = x.Type
	}
	opts := []cel.EnvOption{cel.CustomTypeProvider(&provider{Registry: registry, kinds: e.kinds})}
	for _, name := range e.Variables() {
		opts = append(opts, cel.Variable(name, e.types[name]))
	}
	if e.CEL, err = v.base.Extend(opts...); err != nil {
		return nil, fmt.Errorf("make the environment of scope %s: %w", scope, err)
	}
	return e, nil
}

// Variables lists the names that expressions may use, sorted.
func (e *Environment) Variables() []string {
	names := make([]string, 0, len(e.types))
	for name := range e.types {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// TypeOf is the type of a variable, or nil.
func (e *Environment) TypeOf(variable string) *cel.Type { return e.types[variable] }

// FieldNames lists the fields of an object type, sorted, and what people call the object; nil when t is no object.
func (e *Environment) FieldNames(t *cel.Type) (object string, names []string) {
	k := e.kinds[t.TypeName()]
	if k == nil {
		return "", nil
	}
	for _, f := range k.fields {
		names = append(names, f.Name)
	}
	sort.Strings(names)
	return TypeName(t), names
}

// FieldType is the type of a field of an object type, or nil.
func (e *Environment) FieldType(t *cel.Type, field string) *cel.Type {
	if k := e.kinds[t.TypeName()]; k != nil {
		if f, ok := k.byName[field]; ok {
			return f.Type
		}
	}
	return nil
}

// Optional reports whether a field of an object may be absent, so that reading it may fail.
func (e *Environment) Optional(t *cel.Type, field string) bool {
	f := e.field(t, field)
	return f != nil && f.Optional
}

func (e *Environment) field(t *cel.Type, name string) *Field {
	if k := e.kinds[t.TypeName()]; k != nil {
		for i := range k.fields {
			if k.fields[i].Name == name {
				return &k.fields[i]
			}
		}
	}
	return nil
}

// OneOf lists the only values of a text field, or nothing when it may be any text.
func (e *Environment) OneOf(t *cel.Type, field string) []string {
	if f := e.field(t, field); f != nil {
		return f.OneOf
	}
	return nil
}

func scopeVariables(scope access.Scope) []string {
	switch scope {
	case access.ScopePerson:
		return []string{"now", "params", "person", "sod", "system"}
	case access.ScopeAccount:
		return []string{"account", "now", "params", "person", "system"}
	case access.ScopeGrant:
		return []string{"account", "entitlement", "grant", "now", "params", "person", "system"}
	case access.ScopeSystem:
		return []string{"now", "params", "system"}
	case Policy(access.ScopePerson):
		return []string{"finding", "person", "system"}
	case Policy(access.ScopeAccount):
		return []string{"account", "finding", "person", "system"}
	case Policy(access.ScopeGrant):
		return []string{"account", "entitlement", "finding", "grant", "person", "system"}
	case Policy(access.ScopeSystem):
		return []string{"finding", "system"}
	}
	return []string{"person"}
}

// ScopesOf lists the scopes whose rules know a variable, for hints.
func ScopesOf(variable string) []string {
	var out []string
	for _, s := range []access.Scope{access.ScopePerson, access.ScopeAccount, access.ScopeGrant, access.ScopeSystem} {
		for _, name := range scopeVariables(s) {
			if name == variable {
				out = append(out, string(s))
			}
		}
	}
	return out
}

func (k *kinds) variable(scope access.Scope, name string, params *kind) *cel.Type {
	switch name {
	case "now":
		return cel.TimestampType
	case "params":
		return params.typ
	case "person":
		if _, policy := PolicyOf(scope); policy || scope == ScopeBundle {
			return k.profile.typ
		}
	}
	return objectType(name)
}

func paramsKind(params map[string]any) *kind {
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	sort.Strings(names)
	var fields []Field
	for _, name := range names {
		v := adapter{}.NativeToValue(params[name])
		t := cel.StringType
		switch params[name].(type) {
		case int64:
			t = cel.IntType
		case float64:
			t = cel.DoubleType
		case bool:
			t = cel.BoolType
		case []string:
			t = cel.ListType(cel.StringType)
		}
		fields = append(fields, value(name, t, "parameter of the rule", func(*Object) ref.Val { return v }))
	}
	return newKind("params", there, fields)
}

// provider answers cel-go's questions about types from the tables.
type provider struct {
	*types.Registry
	kinds map[string]*kind
}

// FindStructType finds an object type by its full name.
func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if k, ok := p.kinds[name]; ok {
		return types.NewTypeTypeWithParam(k.typ), true
	}
	return nil, false
}

// FindStructFieldNames lists the fields of an object type.
func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	k, ok := p.kinds[name]
	if !ok {
		return nil, false
	}
	names := make([]string, len(k.fields))
	for i, f := range k.fields {
		names[i] = f.Name
	}
	return names, true
}

// FindStructFieldType finds a field of an object type.
func (p *provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	k, ok := p.kinds[name]
	if !ok {
		return nil, false
	}
	f, ok := k.byName[field]
	return f, ok
}

// NewValue refuses: rules read facts and make none.
func (p *provider) NewValue(name string, _ map[string]ref.Val) ref.Val {
	return types.NewErr("%s cannot be made in an expression", strings.TrimPrefix(name, typePrefix))
}

// adapter makes CEL values of Go values, quickly for those that are CEL values already.
type adapter struct{}

// NativeToValue is the conversion.
func (adapter) NativeToValue(v any) ref.Val {
	switch x := v.(type) {
	case ref.Val:
		return x
	case bool:
		return types.Bool(x)
	case string:
		return types.String(x)
	case int64:
		return types.Int(x)
	case []string:
		return types.NewStringList(adapter{}, x)
	}
	return types.DefaultTypeAdapter.NativeToValue(v)
}
