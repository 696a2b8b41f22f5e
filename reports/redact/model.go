package redact

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"

	"muster/internal/access"
	"muster/reports/evidence"
)

// decode reads JSON; numbers stay as they are written.
func decode(text []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("decode what is redacted: %w", err)
	}
	if dec.More() {
		return nil, fmt.Errorf("decode what is redacted: something follows it")
	}
	return tree, nil
}

// tree is a value as JSON.
func tree(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode what is redacted: %w", err)
	}
	return decode(text)
}

func nothing(string) string { return "" }

// Value replaces what names people in a value of any shape: its JSON.
func (r *Redactor) Value(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	t, err := tree(v)
	if err != nil {
		return nil, err
	}
	return walk(t, "", nothing, r.leaf), nil
}

// meetValue learns whom a value of any shape names.
func (r *Redactor) meetValue(v any) error {
	t, err := tree(v)
	if err != nil {
		return err
	}
	walk(t, "", nothing, func(column, s string, row func(string) string) string {
		r.meet(column, s, row)
		return s
	})
	return nil
}

// json replaces what names people in JSON, and in what only looks like it.
func (r *Redactor) json(s, column string, row func(string) string) string {
	t, err := decode([]byte(s))
	if err != nil {
		return r.cell(column, s, row)
	}
	return encode(walk(t, column, row, r.leaf), "")
}

func encode(v any, indent string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil { // it was read from JSON
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// meetEvidence learns whom a run names in what it says of itself, and what of it stays.
func (r *Redactor) meetEvidence(ev evidence.Evidence) error {
	r.index.Keep(ev.Organisation)
	r.Publish([]string{ev.Run.ConfigDigest, ev.Run.RulesDigest}, ev.Ledger.VerifierKey)
	for _, s := range ev.Sources {
		r.index.Keep(s.System.Name)
		r.index.Keep(s.System.Title)
		r.Publish([]string{s.System.Tonight.Digest, s.System.Used.Digest, s.Previous.Digest})
		if err := r.meetValue(map[string]string{"owner": s.System.Owner}); err != nil {
			return err
		}
	}
	for _, x := range ev.Rules {
		r.index.Keep(x.ID)
		r.index.Keep(x.Title)
		r.Publish([]string{x.Digest})
	}
	for _, b := range ev.Bundles {
		r.index.Keep(b.Name)
		r.index.Keep(b.Title)
	}
	if err := r.meetValue(ev.Exceptions); err != nil {
		return err
	}
	return r.meetValue(ev.Mitigations)
}

// Evidence replaces what names people in what a run says of itself: in every field, of those that nobody has thought of yet too.
func (r *Redactor) Evidence(ev evidence.Evidence) evidence.Evidence {
	kept := ev
	ev.Run, ev.Ledger, ev.Trust, ev.Later, ev.Inputs = access.Run{}, evidence.Ledger{}, nil, nil, nil
	ev = deep(reflect.ValueOf(ev), "", nothing, r.field).Interface().(evidence.Evidence)
	ev.Run, ev.Ledger, ev.Trust, ev.Later, ev.Scope, ev.GeneratedBy = kept.Run, kept.Ledger, kept.Trust, kept.Later, kept.Scope, kept.GeneratedBy
	ev.Run.Evidence, ev.RanBy = "", "somebody inside"
	ev.Previous, ev.Before = r.hash(ev.Previous), r.hash(ev.Before)
	for i := range ev.Sources {
		s := &ev.Sources[i]
		for _, snap := range []*access.Snapshot{&s.System.Tonight, &s.System.Used, &s.Previous} {
			snap.Rejections = nil
		}
	}
	for _, in := range kept.Inputs {
		ev.Inputs = append(ev.Inputs, r.input(in))
	}
	return ev
}

// input replaces whom a file that the run was configured with names.
func (r *Redactor) input(in evidence.Input) evidence.Input {
	out := evidence.Input{Name: r.Text(in.Name), Content: r.Condition(in.Content)}
	if strings.HasSuffix(in.Name, ".json") {
		if t, err := decode([]byte(in.Content)); err == nil {
			out.Content = encode(walk(t, "", nothing, r.leaf), "  ") + "\n"
		}
	}
	if out.Content == in.Content {
		sum := sha256.Sum256([]byte(in.Content))
		r.Publish([]string{hex.EncodeToString(sum[:])})
	}
	return out
}

// field replaces a field of a model.
func (r *Redactor) field(v reflect.Value, column string, row func(string) string) (reflect.Value, bool) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		return v, true
	case v.Kind() == reflect.String && v.Type() != reflect.TypeFor[string](): // one of a few words
		return v, true
	case v.Kind() == reflect.String:
		return reflect.ValueOf(r.leaf(column, v.String(), row)), true
	}
	return v, false
}

// deep copies a value whose parts one replaces; it says false of what it leaves to its parts. Fields have the names that they would have in JSON.
func deep(v reflect.Value, column string, row func(string) string, one func(v reflect.Value, column string, row func(string) string) (reflect.Value, bool)) reflect.Value {
	if out, done := one(v, column, row); done {
		return out
	}
	switch v.Kind() {
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(deep(v.Index(i), column, row, one))
		}
		return out
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type()).Elem()
		if v.Kind() == reflect.Interface {
			out.Set(deep(v.Elem(), column, row, one))
			return out
		}
		out.Set(reflect.New(v.Type().Elem()))
		out.Elem().Set(deep(v.Elem(), column, row, one))
		return out
	case reflect.Struct:
		return fields(v, one)
	}
	return v
}

// fields copies a struct; what it does not export it keeps.
func fields(v reflect.Value, one func(v reflect.Value, column string, row func(string) string) (reflect.Value, bool)) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	row := func(column string) string {
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.String && snake(v.Type().Field(i).Name) == column {
				return f.String()
			}
		}
		return ""
	}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			out.Field(i).Set(deep(v.Field(i), snake(f.Name), row, one))
		}
	}
	return out
}

// snake is the name of a field as JSON has it: PersonName is person_name.
func snake(name string) string {
	var out []rune
	list := []rune(name)
	for i, c := range list {
		if unicode.IsUpper(c) && i > 0 && (unicode.IsLower(list[i-1]) || i+1 < len(list) && unicode.IsLower(list[i+1])) {
			out = append(out, '_')
		}
		out = append(out, unicode.ToLower(c))
	}
	return string(out)
}
