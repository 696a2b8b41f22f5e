package config

import (
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Decoder is implemented by types that read themselves from a Node and record problems on it.
type Decoder interface{ DecodeYAML(Node) }

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	nodeType     = reflect.TypeFor[Node]()
)

// Decode fills the value that out points to from n and records every problem: unknown, repeated and missing keys (tag
// `required:"true"`), wrong types, values out of `enum:"a,b,c"`. Fields are matched by the `yaml:"name"` tag; fields without one are
// left alone. Types: string, bool, ints, floats, time.Time, time.Duration, slices, map[string]T, structs, pointers, Node,
// Decoder. An absent node leaves out as it is, so defaults are set before.
func (n Node) Decode(out any) {
	if n.Exists() {
		n.into(reflect.ValueOf(out).Elem())
	}
}

func (n Node) into(v reflect.Value) {
	if v.CanAddr() {
		if d, ok := v.Addr().Interface().(Decoder); ok {
			d.DecodeYAML(n)
			return
		}
	}
	switch v.Type() {
	case nodeType:
		v.Set(reflect.ValueOf(n))
		return
	case timeType, durationType:
		n.intoTime(v)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		n.into(p.Elem())
		v.Set(p)
	case reflect.Struct:
		n.intoStruct(v)
	case reflect.Slice:
		n.intoSlice(v)
	case reflect.Map:
		n.intoMap(v)
	default:
		n.intoScalar(v)
	}
}

func (n Node) intoStruct(v reflect.Value) {
	if !n.isMapping() {
		n.Problem("write it as key: value lines", "expected a mapping, found %s", n.what())
		return
	}
	fields := map[string]int{}
	var names []string
	for i := range v.NumField() {
		if name := v.Type().Field(i).Tag.Get("yaml"); name != "" {
			fields[name] = i
			names = append(names, name)
		}
	}
	sort.Strings(names)
	seen := map[string]bool{}
	for _, mv := range n.pairs() {
		key := keyOf(mv)
		at := Node{doc: n.doc, n: mv.Key, path: join(n.path, key)}
		i, known := fields[key]
		switch {
		case !known:
			at.Problem(keyHint(key, names), "unknown key %q", key)
		case seen[key]:
			at.Problem("keep one of them", "key %q is given twice", key)
		default:
			n.intoField(n.Get(key), v.Field(i), v.Type().Field(i))
		}
		seen[key] = true
	}
	for _, name := range names {
		if f := v.Type().Field(fields[name]); f.Tag.Get("required") == "true" && !n.Get(name).Exists() {
			n.Get(name).Problem("add "+name+": ...", "required key is missing")
		}
	}
}

func (n Node) intoField(sub Node, v reflect.Value, f reflect.StructField) {
	if !sub.Exists() {
		return
	}
	sub.into(v)
	enum := f.Tag.Get("enum")
	if enum == "" || v.Kind() != reflect.String {
		return
	}
	allowed := strings.Split(enum, ",")
	for _, a := range allowed {
		if v.String() == a {
			return
		}
	}
	hint := "one of " + strings.Join(allowed, ", ")
	if near := Nearest(v.String(), allowed); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", near, hint)
	}
	sub.Problem(hint, "unknown value %q", v.String())
}

func (n Node) intoSlice(v reflect.Value) {
	if _, ok := n.n.(*ast.SequenceNode); !ok {
		n.Problem("write it as a list: - item", "expected a list, found %s", n.what())
		return
	}
	out := reflect.MakeSlice(v.Type(), n.Len(), n.Len())
	for i := range n.Len() {
		if item := n.Index(i); item.Exists() {
			item.into(out.Index(i))
		} else {
			item.Problem("remove the empty item", "empty list item")
		}
	}
	v.Set(out)
}

func (n Node) intoMap(v reflect.Value) {
	if !n.isMapping() {
		n.Problem("write it as key: value lines", "expected a mapping, found %s", n.what())
		return
	}
	out := reflect.MakeMap(v.Type())
	for _, key := range n.Keys() {
		k := reflect.ValueOf(key).Convert(v.Type().Key())
		if out.MapIndex(k).IsValid() {
			n.Key(key).Problem("keep one of them", "key %q is given twice", key)
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		if sub := n.Get(key); sub.Exists() {
			sub.into(item)
		}
		out.SetMapIndex(k, item)
	}
	v.Set(out)
}

func (n Node) intoScalar(v reflect.Value) {
	text, ok := n.scalar()
	if !ok {
		n.Problem(scalarHint(v.Kind()), "expected %s, found %s", kindName(v.Kind()), n.what())
		return
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		var b bool
		if b, err = strconv.ParseBool(text); err == nil {
			v.SetBool(b)
		}
	case reflect.Int, reflect.Int64, reflect.Int32:
		var i int64
		if i, err = strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, v.Type().Bits()); err == nil {
			v.SetInt(i)
		}
	case reflect.Float64:
		var f float64
		if f, err = strconv.ParseFloat(text, 64); err == nil {
			v.SetFloat(f)
		}
	default:
		err = fmt.Errorf("cannot decode into %s", v.Type())
	}
	if err != nil {
		n.Problem(scalarHint(v.Kind()), "expected %s, found %q", kindName(v.Kind()), text)
	}
}

func (n Node) intoTime(v reflect.Value) {
	text, ok := n.scalar()
	if !ok {
		n.Problem("write 2026-11-22, 2026-11-22T01:00:00Z, or for a duration 24h", "expected a time, found %s", n.what())
		return
	}
	if v.Type() == durationType {
		d, err := ParseDuration(text)
		if err != nil {
			n.Problem("write 90d, 24h or 15m", "expected a duration, found %q", text)
		}
		v.SetInt(int64(d))
		return
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			v.Set(reflect.ValueOf(t.UTC()))
			return
		}
	}
	n.Problem("write 2026-11-22 or 2026-11-22T01:00:00Z", "expected a date or an RFC 3339 time, found %q", text)
}

// ParseDuration is time.ParseDuration with the extra unit d for 24 hours, alone: "90d".
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n > 100_000 || n < -100_000 {
			return 0, fmt.Errorf("parse duration %q: not a number of days", s)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("parse duration %q: %w", s, err)
	}
	return d, nil
}

func (n Node) scalar() (string, bool) {
	switch s := n.n.(type) {
	case *ast.StringNode:
		return s.Value, true
	case *ast.LiteralNode:
		return s.Value.Value, true
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode, *ast.AliasNode, nil:
		return "", false
	}
	return n.n.GetToken().Value, true
}

func (n Node) isMapping() bool {
	switch n.n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

func (n Node) what() string {
	switch n.n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.AliasNode:
		return "a YAML alias, which is not supported"
	}
	text, _ := n.scalar()
	return strconv.Quote(text)
}

func kindName(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	}
	return "a whole number"
}

func scalarHint(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "write one value behind the colon; quote it when it looks like a number or holds : or #"
	case reflect.Bool:
		return "write true or false, without quotes"
	}
	return "write digits alone, without unit or quotes"
}

func keyHint(key string, names []string) string {
	if near := Nearest(key, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "known keys: " + strings.Join(names, ", ")
}
