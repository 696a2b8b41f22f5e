package vocabulary

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"muster/internal/access"
)

// Object is a value of one of the vocabulary's object types. Which of the fact pointers is set depends on the type.
type Object struct {
	kind     *kind
	scene    *Scene
	person   *access.PersonFacts
	account  *access.AccountFacts
	grant    *access.GrantFacts
	system   *access.SystemFacts
	snapshot *access.Snapshot
	conflict *Conflict
	finding  *access.Finding
	missing  bool // a grant that is expected and held nowhere
}

// kind is the table of one object type.
type kind struct {
	name   string // as rules say it: person
	typ    *types.Type
	fields []Field
	byName map[string]*types.FieldType
	// nobody says why the object is not there at all, or nil when it is.
	nobody func(*Object) error
}

// Field is one row of an object's table.
type Field struct {
	Name     string
	Type     *cel.Type
	Doc      string
	Optional bool     // reading it when absent is an error; test it with has()
	Profile  bool     // bundles may read it
	OneOf    []string // the only values of a text, when they are few
	get      func(*Object) ref.Val
	set      func(*Object) bool // has(); nil means that get decides
}

// profile marks fields that bundles may read.
func profile(fields ...Field) []Field {
	for i := range fields {
		fields[i].Profile = true
	}
	return fields
}

// text is descriptive: it reads as "" when it is missing.
func text(name, doc string, get func(*Object) string) Field {
	return Field{Name: name, Type: cel.StringType, Doc: doc,
		get: func(o *Object) ref.Val { return types.String(get(o)) }, set: func(o *Object) bool { return get(o) != "" }}
}

// word is text of few values, which are kept so that reading one allocates nothing.
func word(name, doc string, get func(*Object) string) Field {
	return Field{Name: name, Type: cel.StringType, Doc: doc,
		get: func(o *Object) ref.Val { return o.scene.word(get(o)) }, set: func(o *Object) bool { return get(o) != "" }}
}

// identity is text whose absence matters: reading it when it is empty is an error.
func identity(name, doc string, get func(*Object) string) Field {
	return Field{Name: name, Type: cel.StringType, Doc: doc, Optional: true, get: func(o *Object) ref.Val {
		if s := get(o); s != "" {
			return types.String(s)
		}
		return nil
	}, set: func(o *Object) bool { return get(o) != "" }}
}

// oneOf names the only values that the field has.
func (f Field) oneOf(values ...string) Field {
	f.OneOf = values
	return f
}

func moment(name, doc string, get func(*Object) time.Time) Field {
	return Field{Name: name, Type: cel.TimestampType, Doc: doc, Optional: true, get: func(o *Object) ref.Val {
		if t := get(o); !t.IsZero() {
			return types.Timestamp{Time: t}
		}
		return nil
	}, set: func(o *Object) bool { return !get(o).IsZero() }}
}

func flag(name, doc string, get func(*Object) bool) Field {
	return Field{Name: name, Type: cel.BoolType, Doc: doc, get: func(o *Object) ref.Val { return types.Bool(get(o)) }, set: always}
}

func count(name, doc string, get func(*Object) int) Field {
	return Field{Name: name, Type: cel.IntType, Doc: doc, get: func(o *Object) ref.Val { return types.Int(get(o)) }, set: always}
}

func words(name, doc string, get func(*Object) []string) Field {
	return Field{Name: name, Type: cel.ListType(cel.StringType), Doc: doc,
		get: func(o *Object) ref.Val { return types.NewStringList(adapter{}, get(o)) },
		set: func(o *Object) bool { return len(get(o)) > 0 }}
}

func attributes(doc string, get func(*Object) map[string]string) Field {
	return Field{Name: "attributes", Type: cel.MapType(cel.StringType, cel.StringType), Doc: doc,
		get: func(o *Object) ref.Val { return types.NewStringStringMap(adapter{}, get(o)) },
		set: func(o *Object) bool { return len(get(o)) > 0 }}
}

func value(name string, t *cel.Type, doc string, get func(*Object) ref.Val) Field {
	return Field{Name: name, Type: t, Doc: doc, get: get, set: always}
}

func always(*Object) bool { return true }

// newKind indexes a table. The errors of absent fields are made once, since they are frequent and harmless inside && and ||.
func newKind(name string, nobody func(*Object) error, fields []Field) *kind {
	k := &kind{name: name, typ: types.NewObjectType(typePrefix + name), fields: fields, nobody: nobody,
		byName: make(map[string]*types.FieldType, len(fields))}
	for _, f := range fields {
		absent := fmt.Errorf("%s.%s is absent", name, f.Name)
		k.byName[f.Name] = &types.FieldType{
			Type: f.Type,
			IsSet: func(target any) bool {
				o, ok := target.(*Object)
				return ok && nobody(o) == nil && f.set(o)
			},
			GetFrom: func(target any) (any, error) {
				o, ok := target.(*Object)
				if !ok {
					return nil, absent
				}
				if err := nobody(o); err != nil {
					return nil, err
				}
				v := f.get(o)
				if v == nil {
					return nil, absent
				}
				return v, nil
			},
		}
	}
	return k
}

// ConvertToNative is refused: rules' objects stay inside rules.
func (o *Object) ConvertToNative(t reflect.Type) (any, error) {
	if t == reflect.TypeFor[*Object]() {
		return o, nil
	}
	return nil, fmt.Errorf("convert %s to %v: not possible", o.kind.name, t)
}

// ConvertToType answers type(x) and refuses everything else.
func (o *Object) ConvertToType(t ref.Type) ref.Val {
	if t == types.TypeType {
		return o.kind.typ
	}
	return types.NewErr("%s cannot be converted to %s", o.kind.name, t.TypeName())
}

// Equal reports whether both are the same fact.
func (o *Object) Equal(other ref.Val) ref.Val {
	p, ok := other.(*Object)
	return types.Bool(ok && o.kind == p.kind && o.person == p.person && o.account == p.account && o.grant == p.grant &&
		o.system == p.system && o.snapshot == p.snapshot && o.conflict == p.conflict && o.finding == p.finding)
}

// Type is the CEL type.
func (o *Object) Type() ref.Type { return o.kind.typ }

// Value is the object itself: fields are read from it.
func (o *Object) Value() any { return o }

// Conflict is the conflict that the object is, or nil.
func (o *Object) Conflict() *Conflict { return o.conflict }

// Field reads a field as an expression would; the error says why it cannot be read.
func (o *Object) Field(name string) (ref.Val, error) {
	f, ok := o.kind.byName[name]
	if !ok {
		return nil, fmt.Errorf("no field %s on %s", name, o.kind.name)
	}
	v, err := f.GetFrom(o)
	if err != nil {
		return nil, err
	}
	return v.(ref.Val), nil
}

var (
	errNoPerson  = errors.New("there is no person: the account is linked to nobody")
	errNoAccount = errors.New("there is no account: the grant is missing")
	errNoGrant   = errors.New("there is no grant: the finding is about none")
	errNoSystem  = errors.New("there is no such system in this run")
)
