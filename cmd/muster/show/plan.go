package show

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/planner"
)

// PlanView is a plan and how its user goes on.
type PlanView struct {
	Plan    planner.Plan
	System  string // only this one; empty: all
	DryRun  bool
	Program string
	Flags   string
	File    string // that the plan was written to
}

// maxPlanLines keeps one system of a plan on the screen; -o json has all.
const maxPlanLines = 20

// Plan shows per system what would be done, asked, held and blocked, why, and what takes it back.
func (p Printer) Plan(v PlanView) error {
	if p.Format != "table" {
		return p.Actions(v.Plan.Records, "nothing would be done")
	}
	bySystem := map[string][]remediate.Record{}
	for _, r := range v.Plan.Records {
		if v.System == "" || r.System == v.System {
			bySystem[r.System] = append(bySystem[r.System], r)
		}
	}
	fmt.Fprintf(p.Out, "Plan %.12s  of run %s as of %s\n", v.Plan.Digest, v.Plan.Run, Day(v.Plan.AsOf))
	if v.DryRun {
		p.warn("dry run: remediation.mode is not apply, so nothing of this is done or asked")
	}
	for _, h := range v.Plan.Holds {
		p.warn("%s holds: %s", h.ID, h.Reason)
	}
	for _, w := range v.Plan.Warnings {
		p.warn("%s", w)
	}
	if len(bySystem) == 0 {
		fmt.Fprintln(p.Out, "\n  Nothing would be done.")
		return nil
	}
	for _, name := range SortedKeys(bySystem) {
		p.planSystem(name, bySystem[name])
	}
	p.planNext(v)
	return nil
}

// planSystem lists one system's records: what would be done first. What all of them share is said once.
func (p Printer) planSystem(name string, list []remediate.Record) {
	slices.SortStableFunc(list, func(a, b remediate.Record) int { return cmp.Compare(stateRank(a.State), stateRank(b.State)) })
	fmt.Fprintf(p.Out, "\n%s  %s\n", name, countStates(list))
	list = slices.DeleteFunc(list, func(r remediate.Record) bool { return r.State == remediate.Told })
	whys := map[string]int{}
	for _, r := range list {
		whys[r.Why]++
	}
	for _, why := range SortedKeys(whys) {
		if why != "" && whys[why] > 2 {
			p.Text("  ! ", fmt.Sprintf("%s (%s)", why, number(whys[why])))
		}
	}
	for i, r := range list {
		if i == maxPlanLines {
			fmt.Fprintf(p.Out, "  ... and %s more: muster plan --system %s -o json\n", number(len(list)-i), name)
			break
		}
		if whys[r.Why] > 2 {
			r.Why = ""
		}
		p.planRecord(r)
	}
}

// planRecord shows one record: the action, then why.
func (p Printer) planRecord(r remediate.Record) {
	lead := fmt.Sprintf("  %-8s %s  ", mark(r), r.ID)
	p.Text(lead, strings.TrimSuffix(planner.Line(r.Action), " in "+r.System))
	indent := strings.Repeat(" ", columnsOf(lead))
	p.Text(indent, strings.TrimSpace(r.FindingID+" "+r.Rule)+": "+r.Reason)
	if r.Why != "" {
		p.Text(indent, r.Why)
	}
	if r.Once != "" {
		p.Text(indent, "cannot be undone: "+r.Once)
	}
}

// mark says in one word what the plan means for a record.
func mark(r remediate.Record) string {
	switch {
	case r.State == remediate.Planned && r.Approval != "":
		return "do (ok)"
	case r.State == remediate.Planned:
		return "do"
	case r.State == remediate.Waiting:
		return "ask"
	}
	return string(r.State)
}

func stateRank(s remediate.State) int {
	order := []remediate.State{remediate.Applying, remediate.Planned, remediate.Waiting, remediate.Held, remediate.Blocked, remediate.Failed, remediate.Done, remediate.Ordered,
		remediate.Verified, remediate.Contradicted, remediate.Skipped, remediate.Refused, remediate.Undone, remediate.Dropped, remediate.Told}
	return slices.Index(order, s)
}

// countStates is "3 do, 12 ask, 2 blocked".
func countStates(list []remediate.Record) string {
	counts := map[remediate.State]int{}
	for _, r := range list {
		counts[r.State]++
	}
	states := make([]remediate.State, 0, len(counts))
	for s := range counts {
		states = append(states, s)
	}
	slices.SortFunc(states, func(a, b remediate.State) int { return cmp.Compare(stateRank(a), stateRank(b)) })
	words := map[remediate.State]string{remediate.Planned: "to do", remediate.Waiting: "to ask", remediate.Told: "only told"}
	var parts []string
	for _, s := range states {
		parts = append(parts, number(counts[s])+" "+cmp.Or(words[s], string(s)))
	}
	return strings.Join(parts, ", ")
}

func (p Printer) planNext(v PlanView) {
	fmt.Fprintln(p.Out)
	switch {
	case v.File != "":
		fmt.Fprintf(p.Out, "  Apply     %s apply %s%s\n", v.Program, v.File, v.Flags)
	case v.DryRun:
		fmt.Fprintln(p.Out, "  Next      write policies, then set remediation.mode: apply (docs/remediation.md)")
	default:
		fmt.Fprintf(p.Out, "  Apply     %s plan -o plan.json%s, then %s apply plan.json%s\n", v.Program, v.Flags, v.Program, v.Flags)
	}
}

// Actions lists actions.
func (p Printer) Actions(list []remediate.Record, empty string) error {
	l := Listing{Head: []string{"id", "state", "system", "finding", "action", "why"}, Wide: 5, Drop: []int{3, 2}, Empty: empty}
	items := []remediate.Record{}
	for _, r := range list {
		items = append(items, r)
		why := r.Why
		if why == "" {
			why = r.Reason
		}
		l.Rows = append(l.Rows, []string{r.ID, string(r.State), r.System, r.FindingID, planner.Line(r.Action), why})
	}
	l.Items = items
	return p.List(l)
}

// Action shows one action whole: what, why, by whose decision, what was seen before and after, and what takes it back.
func (p Printer) Action(r remediate.Record) error {
	if p.Format != "table" {
		return p.Actions([]remediate.Record{r}, "")
	}
	fmt.Fprintf(p.Out, "%s  %s  %s\n", r.ID, r.Kind, r.State)
	p.Text("  ", planner.Line(r.Action))
	fmt.Fprintln(p.Out)
	row := func(name, value string) {
		if value != "" {
			p.Text(fmt.Sprintf("  %-12s ", name), value)
		}
	}
	row("why", r.Reason)
	row("state", r.Why)
	row("finding", strings.TrimSpace(r.FindingID+" "+r.Rule))
	row("person", strings.TrimSpace(r.PersonName+" "+parens(r.Person)))
	row("basis", strings.Join(r.Basis, ", "))
	row("policy", strings.TrimSpace(r.Policy.Name+" "+parens(string(r.Mode))))
	row("approval", r.Approval)
	row("run", r.Run)
	row("not undone", r.Once)
	if r.Before != nil {
		row("before", observed(*r.Before))
	}
	if r.Receipt != nil {
		row("done", fmt.Sprintf("%s at %s: %s", r.Receipt.Outcome, Day(r.Receipt.At), r.Receipt.Said))
		row("after", observed(r.Receipt.After))
	}
	if r.Inverse != nil {
		row("inverse", planner.Line(*r.Inverse)+": muster undo "+r.ID+" --reason ...")
	}
	row("undone by", r.UndoneBy)
	return nil
}

func parens(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

func observed(o access.Observation) string {
	if o.Ordered {
		return "the order is on file"
	}
	if !o.Exists {
		return "no such account"
	}
	parts := []string{"disabled"}
	if o.Enabled {
		parts[0] = "enabled"
	}
	if o.Holds {
		parts = append(parts, "holds the entitlement")
	}
	if !o.ExpiresAt.IsZero() {
		parts = append(parts, "expires "+Day(o.ExpiresAt))
	}
	if o.Sessions > 0 {
		parts = append(parts, plural(o.Sessions, "session"))
	}
	return strings.Join(parts, ", ") + " at " + Day(o.At)
}
