package vocabulary

import (
	"regexp"
	"sort"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types/ref"

	"muster/internal/access"
)

// Conflict is one pair or set of business functions that nobody may hold together, as the SoD matrix states it.
type Conflict struct {
	ID        string
	Title     string
	Functions []string // sorted
	Severity  access.Severity
	Controls  []string
}

var control = regexp.MustCompile(`^[A-Z][A-Za-z0-9.-]* [A-Za-z0-9§][A-Za-z0-9.()§-]*$`)

// ControlHint says how controls are written.
const ControlHint = "write FRAMEWORK ID, such as SOC2 CC6.2 or ISO27001 A.5.18"

// ValidControl reports whether a control is written as framework and id.
func ValidControl(s string) bool { return control.MatchString(s) }

func sodFields() []Field {
	return []Field{
		value("conflicts", cel.ListType(objectType("conflict")), "conflicts of the SoD matrix", func(o *Object) ref.Val { return o.scene.conflictList }),
	}
}

func conflictFields() []Field {
	return []Field{
		text("id", "id in the matrix", func(o *Object) string { return o.conflict.ID }),
		text("title", "what may not be combined, in words", func(o *Object) string { return o.conflict.Title }),
		words("functions", "names of the functions", func(o *Object) []string { return o.conflict.Functions }),
		word("severity", "severity that the matrix gives it", func(o *Object) string { return string(o.conflict.Severity) }),
		words("grants", "the person's grants that give the functions: system/entitlement", func(o *Object) []string {
			return o.contributing(access.EntitlementRef.String)
		}),
		text("systems", "systems that contribute, sorted and joined by +", func(o *Object) string {
			return strings.Join(o.contributing(func(r access.EntitlementRef) string { return r.System }), "+")
		}),
	}
}

// contributing lists what of the person's grants gives functions of the conflict, each once and sorted.
func (o *Object) contributing(say func(access.EntitlementRef) string) []string {
	seen := map[string]bool{}
	var out []string
	p := o.scene.personFacts
	for _, fn := range o.conflict.Functions {
		if p == nil {
			break
		}
		for _, r := range p.Functions[fn] {
			if s := say(r); !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	sort.Strings(out)
	return out
}
