package ocsf

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"
)

// definitions are what the published schema says of classes and objects.
type definitions struct {
	Schema  string                `json:"schema"`
	Classes map[string]definition `json:"classes"`
	Objects map[string]definition `json:"objects"`
}

type definition struct {
	UID         int                  `json:"uid"`
	Attributes  map[string]attribute `json:"attributes"`
	Constraints struct {
		AtLeastOne []string `json:"at_least_one"`
	} `json:"constraints"`
}

type attribute struct {
	Type        string            `json:"type"`
	IsArray     bool              `json:"is_array"`
	ObjectType  string            `json:"object_type"`
	Requirement string            `json:"requirement"`
	Enum        map[string]string `json:"enum"`
	Sibling     string            `json:"sibling"`
	Deprecated  string            `json:"deprecated"`
}

func load(t testing.TB) definitions {
	t.Helper()
	text, err := os.ReadFile("testdata/ocsf-1.3.0-excerpt.json")
	if err != nil {
		t.Fatal(err)
	}
	var d definitions
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if d.Schema != "OCSF "+Version || len(d.Classes) != 5 {
		t.Fatalf("the excerpt is of %s with %d classes", d.Schema, len(d.Classes))
	}
	return d
}

// check gives what is wrong with one event.
func (d definitions) check(e map[string]any) []string {
	uid, ok := e["class_uid"].(float64)
	if !ok {
		return []string{"class_uid is missing"}
	}
	for _, c := range d.Classes {
		if c.UID != int(uid) {
			continue
		}
		out := d.object("", c, e)
		if id, _ := e["activity_id"].(float64); e["type_uid"] != uid*100+id {
			out = append(out, fmt.Sprintf("type_uid is %v", e["type_uid"]))
		}
		return out
	}
	return []string{fmt.Sprintf("no class %v", uid)}
}

func (d definitions) object(at string, def definition, o map[string]any) []string {
	var out []string
	for name, a := range def.Attributes {
		if _, has := o[name]; !has && a.Requirement == "required" {
			out = append(out, at+name+" is required")
		}
	}
	if one := def.Constraints.AtLeastOne; len(one) > 0 && !slices.ContainsFunc(one, func(name string) bool { return o[name] != nil }) {
		out = append(out, fmt.Sprintf("%sone of %v is required", at, one))
	}
	for name, value := range o {
		a, known := def.Attributes[name]
		switch {
		case !known:
			out = append(out, at+name+" is not defined")
		case a.Deprecated != "":
			out = append(out, at+name+" is deprecated")
		case a.IsArray:
			list, ok := value.([]any)
			if !ok {
				out = append(out, at+name+" is no array")
			}
			for i, v := range list {
				out = append(out, d.value(fmt.Sprintf("%s%s[%d]", at, name, i), a, v, o)...)
			}
		default:
			out = append(out, d.value(at+name, a, value, o)...)
		}
	}
	return out
}

func (d definitions) value(at string, a attribute, v any, in map[string]any) []string {
	wrong := []string{fmt.Sprintf("%s is %v, no %s", at, v, a.Type)}
	switch a.Type {
	case "object_t":
		o, ok := v.(map[string]any)
		if !ok {
			return wrong
		}
		if a.ObjectType == "object" {
			return nil
		}
		def, known := d.Objects[a.ObjectType]
		if !known {
			return []string{at + ": the excerpt has no object " + a.ObjectType}
		}
		return d.object(at+".", def, o)
	case "string_t", "username_t", "email_t", "url_t":
		if s, ok := v.(string); !ok || s == "" {
			return wrong
		}
	case "integer_t", "long_t", "timestamp_t":
		n, ok := v.(float64)
		if !ok || n != math.Trunc(n) || a.Type == "integer_t" && math.Abs(n) > math.MaxInt32 {
			return wrong
		}
		if a.Enum == nil {
			return nil
		}
		caption, known := a.Enum[strconv.Itoa(int(n))]
		if !known {
			return []string{fmt.Sprintf("%s is %v, which the schema does not have", at, n)}
		}
		if sibling := in[a.Sibling]; sibling != nil && caption != "Other" && sibling != caption {
			return []string{fmt.Sprintf("%s is %v, and its name is %q, not %q", at, n, sibling, caption)}
		} else if caption == "Other" && (sibling == nil || sibling == "") {
			return []string{fmt.Sprintf("%s is Other and has no name", at)}
		}
	}
	return nil
}
