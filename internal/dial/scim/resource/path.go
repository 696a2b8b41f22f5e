package resource

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Path is an attribute path (RFC 7644 §3.10): an optional schema URN, an attribute and an optional sub-attribute.
type Path struct {
	schema string // empty for the core schema
	attr   string
	sub    string
}

const coreUser = "urn:ietf:params:scim:schemas:core:2.0:user"

// ParsePath reads "attr", "attr.sub" or "urn:...:attr.sub".
func ParsePath(text string) (Path, bool) {
	var p Path
	rest := text
	if strings.HasPrefix(strings.ToLower(text), "urn:") {
		i := strings.LastIndexByte(text, ':')
		p.schema, rest = text[:i], text[i+1:]
		if strings.Count(p.schema, ":") < 2 {
			return p, false
		}
		if strings.EqualFold(p.schema, coreUser) {
			p.schema = ""
		}
	}
	p.attr, p.sub, _ = strings.Cut(rest, ".")
	if !attrName(p.attr) || strings.HasSuffix(rest, ".") || p.sub != "" && !attrName(p.sub) {
		return p, false
	}
	return p, true
}

// attrName is the ATTRNAME of RFC 7643 §2.1, and "$ref".
func attrName(s string) bool {
	for i, r := range s {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '$' && i == 0
		if !letter && (i == 0 || r != '-' && r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}

// Object is a JSON object whose names are compared without case (RFC 7643 §2.1).
type Object map[string]json.RawMessage

// Get is the value of a name, nil when there is none.
func (o Object) Get(name string) json.RawMessage {
	if v, ok := o[name]; ok {
		return v
	}
	for k, v := range o {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return nil
}

// Set puts a value under a name, whatever case the name is written in.
func (o Object) Set(name string, value json.RawMessage) {
	o.Delete(name)
	o[name] = value
}

// Delete takes a name away.
func (o Object) Delete(name string) {
	for k := range o {
		if strings.EqualFold(k, name) {
			delete(o, k)
		}
	}
}

// Set puts a simple value where the path leads, making the objects on the way. It does not go into lists: a path into a multi-valued
// attribute makes an object of it.
func (p Path) Set(o Object, value json.RawMessage) error {
	if p.schema == "" {
		return set(o, p.attr, p.sub, value)
	}
	inner, err := child(o, p.schema)
	if err != nil {
		return err
	}
	if err := set(inner, p.attr, p.sub, value); err != nil {
		return err
	}
	return put(o, p.schema, inner)
}

// Schema is the schema that a path names; empty for the core schema.
func (p Path) Schema() string { return p.schema }

func set(o Object, attr, sub string, value json.RawMessage) error {
	if sub == "" {
		o.Set(attr, value)
		return nil
	}
	inner, err := child(o, attr)
	if err != nil {
		return err
	}
	inner.Set(sub, value)
	return put(o, attr, inner)
}

// child is the object under a name, an empty one when there is none.
func child(o Object, name string) (Object, error) {
	inner := Object{}
	if raw := o.Get(name); raw != nil {
		if err := json.Unmarshal(raw, &inner); err != nil {
			return nil, fmt.Errorf("set %s: it is no object", name)
		}
	}
	return inner, nil
}

func put(o Object, name string, inner Object) error {
	raw, err := json.Marshal(inner)
	if err != nil {
		return fmt.Errorf("set %s: %w", name, err)
	}
	o.Set(name, raw)
	return nil
}

// lookup gives the value as text, and whether the place that would hold it exists: the extension's object, or the resource
// itself for a core attribute. Of several values it is the primary one, else the first.
func (p Path) lookup(o Object) (value string, place bool) {
	if p.attr == "" {
		return "", false
	}
	if p.schema != "" {
		raw := o.Get(p.schema)
		o = nil
		if err := json.Unmarshal(raw, &o); err != nil || o == nil {
			return "", false
		}
	}
	return scalar(o.Get(p.attr), p.sub), true
}

// scalar is the text of a simple value; of an object its sub-attribute, "value" when none is named.
func scalar(raw json.RawMessage, sub string) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return ""
	}
	switch raw[0] {
	case '[':
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
			return ""
		}
		for _, item := range list {
			if scalar(item, "primary") == "true" {
				return scalar(item, sub)
			}
		}
		return scalar(list[0], sub)
	case '{':
		var o Object
		if json.Unmarshal(raw, &o) != nil {
			return ""
		}
		if sub == "" {
			sub = "value"
		}
		inner := bytes.TrimSpace(o.Get(sub))
		if len(inner) == 0 || inner[0] == '{' || inner[0] == '[' {
			return ""
		}
		return scalar(inner, "")
	case '"':
		if sub == "primary" {
			return ""
		}
		return unquote(raw)
	case 'n':
		return ""
	case 't', 'f':
		b, err := strconv.ParseBool(string(raw))
		if err != nil || sub == "primary" {
			return ""
		}
		return strconv.FormatBool(b)
	}
	return string(raw)
}
