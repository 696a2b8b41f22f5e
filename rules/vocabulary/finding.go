package vocabulary

import (
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"muster/internal/access"
)

const policyScope = "policy on "

// Policy is the scope of a policy's condition on findings of rules of a scope: the finding, the facts of its subject, and of the
// person what HR says. There is no clock, so that a finding's policy is the same whenever it is asked for in a run.
func Policy(rule access.Scope) access.Scope { return policyScope + rule }

// PolicyOf is the scope of the rules that a policy's scope is about; false when it is no policy's.
func PolicyOf(scope access.Scope) (access.Scope, bool) {
	rule, ok := strings.CutPrefix(string(scope), policyScope)
	return access.Scope(rule), ok
}

func findingFields() []Field {
	of := func(get func(*access.Finding) string) func(*Object) string {
		return func(o *Object) string { return get(o.finding) }
	}
	return []Field{
		text("id", "what people call it: F-7Q2K4MZD", of(func(f *access.Finding) string { return f.ID })),
		word("rule", "id of the rule that made it", of(func(f *access.Finding) string { return f.Rule })),
		word("severity", "info, low, medium, high or critical", of(func(f *access.Finding) string { return string(f.Severity) })).
			oneOf("info", "low", "medium", "high", "critical"),
		word("state", "open, acknowledged, excepted, remediating, resolved or reopened", of(func(f *access.Finding) string { return string(f.State) })).
			oneOf("open", "acknowledged", "excepted", "remediating", "resolved", "reopened"),
		word("change", "what this run did to it: new, still, resolved, reopened or unverified", of(func(f *access.Finding) string { return string(f.Change) })).
			oneOf("new", "still", "resolved", "reopened", "unverified"),
		word("system", "the system; several are joined by +", of(func(f *access.Finding) string { return f.System })),
		text("subject", "name of the account, worker id, or name of the system", of(func(f *access.Finding) string { return f.Subject })),
		text("detail", "entitlement, conflict, ...; empty when the rule has none", of(func(f *access.Finding) string { return f.Detail })),
		value("first_seen", cel.TimestampType, "clock of the run that first saw it", func(o *Object) ref.Val { return types.Timestamp{Time: o.finding.FirstSeen} }),
		count("age", "days from the run that first saw it to this one", func(o *Object) int {
			return int(midnight(o.finding.LastSeen).Sub(midnight(o.finding.FirstSeen)).Hours() / 24)
		}),
	}
}
