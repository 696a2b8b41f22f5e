package rules

import (
	"muster/internal/access"
	"muster/rules/expression"
)

// Rule is one loaded rule with the overrides of the configuration applied. The fields are not to be changed.
type Rule struct {
	ID          string
	Title       string
	Description string
	Scope       access.Scope
	Severity    access.Severity // the static one; SeverityExpr may give a hit another
	When        string          // CEL condition
	Each        string          // CEL list; the rule is asked once for every item, which is called As
	As          string
	Message     string // CEL expression of text
	Controls    []string
	Remediation string
	Absence     Absence
	Enabled     bool
	Params      map[string]any // effective values: int64, float64, string, bool or []string
	File        string
	Line        int
	Digest      string // hex SHA-256 of the effective definition: condition, parameters, severity and all

	severityExpr, detailExpr, systemExpr string
	variables                            []variable
	prog                                 programs
}

// Absence says whose lack of something makes a rule fire. A finding of such a rule is not new while that source is incomplete.
type Absence string

// The sources that a rule may conclude absence from. The zero value concludes from what is there.
const (
	AbsenceNone   Absence = ""
	AbsenceHR     Absence = "hr"     // a person that HR does not list
	AbsenceSystem Absence = "system" // a grant or account that the system does not list
)

// Hit is one violation. The finding lacks only what a run knows: State, Change, times and RunID.
type Hit struct {
	Rule    *Rule
	Finding access.Finding
}

type variable struct{ name, text string }

// programs are the compiled expressions of a rule. Guard holds the conjuncts of the condition that do not look at the grant;
// rest the others: guard && rest is when.
type programs struct {
	when, guard, rest               *expression.Expression
	each, detail, message, severity *expression.Expression
	system                          *expression.Expression
	variables                       []*expression.Expression
}
