package vocabulary

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// Objects lists the documented objects.
func Objects() []string {
	return []string{"account", "conflict", "entitlement", "finding", "grant", "person", "snapshot", "sod", "system"}
}

// Fields is the table of an object by name: person, account, ... The order is the table's.
func Fields(object string) ([]Field, bool) {
	k, ok := newKinds().byType[typePrefix+object]
	if !ok || object == "profile" {
		return nil, false
	}
	return k.fields, true
}

// TypeName says a CEL type in the words of people who write rules.
func TypeName(t *cel.Type) string {
	switch t.Kind() {
	case types.StringKind:
		return "text"
	case types.IntKind:
		return "whole number"
	case types.UintKind:
		return "unsigned number"
	case types.DoubleKind:
		return "decimal number"
	case types.BoolKind:
		return "true or false"
	case types.TimestampKind:
		return "time"
	case types.DurationKind:
		return "duration"
	case types.ListKind:
		return "list of " + TypeName(t.Parameters()[0])
	case types.MapKind:
		return "map of " + TypeName(t.Parameters()[1])
	case types.NullTypeKind:
		return "null"
	}
	if t.TypeName() == typePrefix+"profile" {
		return "person"
	}
	return strings.TrimPrefix(t.TypeName(), typePrefix)
}

// Format says a value in the words of people: dates without a time of day, lists in brackets, objects by name.
func Format(v ref.Val) string {
	switch x := v.(type) {
	case nil:
		return "not known"
	case types.String:
		return string(x)
	case types.Bool:
		return strconv.FormatBool(bool(x))
	case types.Timestamp:
		if x.Equal(types.Timestamp{Time: midnight(x.Time)}) == types.True {
			return x.UTC().Format(time.DateOnly)
		}
		return x.UTC().Format(time.RFC3339)
	case types.Duration:
		if d := x.Duration; d != 0 && d%(24*time.Hour) == 0 {
			return strconv.Itoa(int(d/(24*time.Hour))) + "d"
		}
		return x.String()
	case *types.Err:
		return "error: " + x.Error()
	case *Object:
		return x.label()
	case traits.Lister:
		return formatList(x)
	case traits.Mapper:
		return strconv.Itoa(int(x.Size().(types.Int))) + " entries"
	case types.Int:
		return strconv.FormatInt(int64(x), 10)
	}
	return strings.TrimSpace(strings.ReplaceAll(cel.FormatCELType(v.Type().(*types.Type)), typePrefix, ""))
}

// maxShown bounds lists in evidence.
const maxShown = 10

func formatList(l traits.Lister) string {
	size := int(l.Size().(types.Int))
	var parts []string
	for i := 0; i < size && i < maxShown; i++ {
		parts = append(parts, Format(l.Get(types.Int(i))))
	}
	if size > maxShown {
		parts = append(parts, strconv.Itoa(size-maxShown)+" more")
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (o *Object) label() string {
	switch {
	case o.kind.nobody(o) != nil:
		return "none"
	case o.conflict != nil:
		return o.conflict.ID
	case o.finding != nil:
		return o.finding.ID
	case o.grant != nil:
		return o.grant.Entitlement.Name
	case o.account != nil:
		return o.account.Name
	case o.snapshot != nil:
		return o.snapshot.ID
	case o.system != nil:
		return o.system.Name
	case o.person != nil:
		return o.person.Person.ID
	}
	return o.kind.name
}
