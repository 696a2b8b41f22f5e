package show

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"muster/internal/access"
	"muster/internal/reconcile"
	"muster/internal/reconcile/mend"
	"muster/remediate"
	"muster/reports"
)

// Outcome is what a run left behind and how its user goes on.
type Outcome struct {
	Result   reconcile.Result
	Warnings []string      // of the configuration
	Pack     *reports.Pack // nil when none was made
	Mended   *mend.Outcome // nil when nothing was planned
	Program  string        // how muster was called
	Flags    string        // the flags that name this configuration and data, with a space before each
}

// maxWarnings keeps what was found on the screen.
const maxWarnings = 4

// Run shows what a run found: what was read, what is not concluded, the findings by rule and by system, where to go on.
func (p Printer) Run(o Outcome) error {
	res := o.Result
	if p.Format != "table" {
		return p.printCounts(res)
	}
	out := p.Out
	complete := 0
	for _, sys := range res.Systems {
		if sys.Tonight.Usable() {
			complete++
		}
	}
	sources := fmt.Sprintf("%d sources, all complete", complete)
	if n := len(res.Systems) - complete; n > 0 {
		sources = fmt.Sprintf("%d sources: %d complete, %d not", len(res.Systems), complete, n)
	}
	fmt.Fprintf(out, "Run %s  %s as of %s\n%s   %s persons  %s accounts  %s grants\n", res.Run.ID, res.Run.Organisation, Day(res.Run.AsOf),
		sources, Thousands(res.Run.Persons), Thousands(res.Run.Accounts), Thousands(res.Run.Grants))
	for _, sys := range res.Systems {
		if !sys.Tonight.Usable() {
			p.warn("%s is %s (%s): nothing is concluded from what it lacks", sys.Name, sys.Tonight.State, sys.Tonight.Reason)
			if sys.Tonight.Hint != "" {
				p.Text("    hint: ", sys.Tonight.Hint)
			}
		}
	}
	for _, rule := range SortedKeys(res.RuleStats) {
		if st := res.RuleStats[rule]; st.Errors > 0 {
			p.warn("rule %s could not be evaluated %d times, first: %s", rule, st.Errors, st.Sample)
		}
	}
	for i, w := range o.Warnings {
		if i == maxWarnings-1 && len(o.Warnings) > maxWarnings {
			p.warn("%d more warnings: %s rules check%s", len(o.Warnings)-i, o.Program, o.Flags)
			break
		}
		p.warn("%s", w)
	}
	fmt.Fprintln(out)
	if err := p.printRules(res); err != nil {
		return err
	}
	p.printMended(o)
	p.printNext(o)
	return nil
}

func (p Printer) warn(format string, args ...any) {
	p.Text("  ! ", fmt.Sprintf(format, args...))
}

// byRule sums a run's counts over systems, the worst severity first.
func byRule(counts []access.RuleCount) []access.RuleCount {
	sums := map[string]*access.RuleCount{}
	for _, c := range counts {
		sum := sums[c.Rule]
		if sum == nil {
			sum = &access.RuleCount{Rule: c.Rule, Severity: c.Severity}
			sums[c.Rule] = sum
		}
		if c.Severity.Rank() > sum.Severity.Rank() {
			sum.Severity = c.Severity
		}
		sum.New += c.New
		sum.Open += c.Open
		sum.Resolved += c.Resolved
		sum.Reopened += c.Reopened
		sum.Excepted += c.Excepted
		sum.Unverified += c.Unverified
	}
	var out []access.RuleCount
	for _, c := range sums {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(x, y access.RuleCount) int {
		return cmp.Or(cmp.Compare(y.Severity.Rank(), x.Severity.Rank()), cmp.Compare(x.Rule, y.Rule))
	})
	return out
}

func (p Printer) printRules(res reconcile.Result) error {
	counts := byRule(res.Run.Counts)
	if len(counts) == 0 {
		fmt.Fprintf(p.Out, "  No findings: %d rules looked at every person, account and grant above.\n", len(res.RuleStats))
		return nil
	}
	rows := [][]string{{"  RULE", "NEW", "OPEN", "RESOLVED", "SEVERITY"}}
	var total access.RuleCount
	for _, c := range counts {
		rows = append(rows, []string{"  " + c.Rule, number(c.New), number(c.Open), number(c.Resolved), string(c.Severity)})
		total.New, total.Open, total.Resolved = total.New+c.New, total.Open+c.Open, total.Resolved+c.Resolved
		total.Excepted, total.Unverified, total.Reopened = total.Excepted+c.Excepted, total.Unverified+c.Unverified, total.Reopened+c.Reopened
	}
	rows = append(rows, []string{"  total", number(total.New), number(total.Open), number(total.Resolved)})
	right := []int{1, 2, 3}
	room := max(proseColumns, p.Columns()) - newGrid(rows, right).columns() - 2
	rows[0] = append(rows[0], "SYSTEMS")
	for i, c := range counts {
		rows[i+1] = append(rows[i+1], systemsOf(res.Run.Counts, c.Rule, room))
	}
	if _, err := io.WriteString(p.Out, newGrid(rows, right).String()); err != nil {
		return err
	}
	var notes []string
	for _, n := range []struct {
		count int
		text  string
	}{{total.Reopened, "reopened"}, {total.Excepted, "excepted"}, {total.Unverified, "not looked at tonight, left as they were"},
		{res.Suppressed, "not raised, because they would rest on an incomplete source"}} {
		if n.count > 0 {
			notes = append(notes, number(n.count)+" "+n.text)
		}
	}
	if len(notes) > 0 {
		fmt.Fprintln(p.Out)
		p.Text("  Also ", strings.Join(notes, "; ")+".")
	}
	p.printWorst(res, counts)
	return nil
}

// systemsOf says where a rule's open findings are, the most first, in as many names as room holds: "erp 12, 2 more".
func systemsOf(counts []access.RuleCount, rule string, room int) string {
	var mine []access.RuleCount
	for _, c := range counts {
		if c.Rule == rule && c.Open > 0 {
			mine = append(mine, c)
		}
	}
	slices.SortFunc(mine, func(x, y access.RuleCount) int {
		return cmp.Or(cmp.Compare(y.Open, x.Open), cmp.Compare(x.System, y.System))
	})
	var names []string
	for _, c := range mine {
		names = append(names, fmt.Sprintf("%s %s", c.System, number(c.Open)))
	}
	for n := len(names); n > 0; n-- {
		text := strings.Join(names[:n], ", ")
		if n < len(names) {
			text += fmt.Sprintf(", %d more", len(names)-n)
		}
		if columnsOf(text) <= room {
			return text
		}
	}
	switch {
	case len(names) == 0:
		return ""
	case len(names) == 1:
		return cut(names[0], max(room, nameable))
	case columnsOf(names[0])+3 <= room:
		return names[0] + ", …"
	}
	return fmt.Sprintf("%d systems", len(names))
}

// printWorst names the three findings that a person should look at first, each of another rule.
func (p Printer) printWorst(res reconcile.Result, counts []access.RuleCount) {
	lead := "  Worst     "
	shown := 0
	for _, c := range counts {
		f, ok := res.Worst[c.Rule]
		if !ok || shown == 3 {
			continue
		}
		if shown == 0 {
			fmt.Fprintln(p.Out)
		}
		text := f.Message
		if days := int(res.Run.AsOf.Sub(f.FirstSeen).Hours() / 24); days > 0 {
			text += fmt.Sprintf(" (open for %s)", plural(days, "day"))
		}
		p.Text(lead+f.ID+"  ", text)
		lead = "            "
		shown++
	}
}

// printMended says what was done about the findings, what waits and what is held.
func (p Printer) printMended(o Outcome) {
	if o.Mended == nil {
		return
	}
	m := o.Mended
	count := func(states ...remediate.State) (n int) {
		for _, s := range states {
			n += m.Plan.Count(s)
		}
		return n
	}
	var parts []string
	add := func(n int, text string) {
		if n > 0 {
			parts = append(parts, number(n)+" "+text)
		}
	}
	if !m.Kept {
		add(count(remediate.Planned), "would be done")
		add(count(remediate.Waiting), "would be asked about")
		add(count(remediate.Held), "would be held")
		add(count(remediate.Blocked), "blocked by a guardrail")
		add(count(remediate.Told), "only told")
		if len(parts) > 0 {
			fmt.Fprintln(p.Out)
			p.Text("  Dry run   ", strings.Join(parts, ", ")+"; nothing is changed until remediation.mode is apply")
		}
		return
	}
	add(m.Count(remediate.Done), "done")
	add(m.Count(remediate.Ordered), "ordered")
	add(len(m.Verified), "of earlier nights verified")
	add(len(m.Contradicted), "of earlier nights not to be seen")
	add(m.Count(remediate.Failed), "failed")
	add(m.Count(remediate.Skipped), "skipped, because the account had changed")
	add(count(remediate.Waiting), "waiting for approval")
	add(count(remediate.Held), "held")
	add(count(remediate.Blocked), "blocked by a guardrail")
	if len(parts) == 0 {
		return
	}
	fmt.Fprintln(p.Out)
	p.Text("  Actions   ", strings.Join(parts, ", "))
	for _, h := range m.Holds {
		p.warn("%s holds: %s; look, then: %s release %s --reason ...%s", h.ID, h.Reason, o.Program, h.ID, o.Flags)
	}
}

func plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return number(n) + " " + unit + "s"
}

func (p Printer) printNext(o Outcome) {
	res, pack := o.Result, o.Pack
	fmt.Fprintln(p.Out)
	if pack != nil {
		fmt.Fprintf(p.Out, "  Pack      %s\n  PDF       %s\n", pack.ZipPath, pack.PDFPath)
	}
	first := ""
	for _, c := range byRule(res.Run.Counts) {
		if f, ok := res.Worst[c.Rule]; ok {
			first = f.ID
			break
		}
	}
	fmt.Fprintf(p.Out, "  Findings  %s findings%s\n", o.Program, o.Flags)
	if first != "" {
		fmt.Fprintf(p.Out, "  One       %s findings show %s%s\n", o.Program, first, o.Flags)
	}
	if o.Mended != nil && len(o.Mended.Plan.Records) > 0 {
		fmt.Fprintf(p.Out, "  Plan      %s plan%s\n", o.Program, o.Flags)
	}
	if pack != nil {
		fmt.Fprintf(p.Out, "  Verify    %s verify %s\n", o.Program, pack.ZipPath)
	}
}

// printCounts is the run's result as data: one row a rule and system.
func (p Printer) printCounts(res reconcile.Result) error {
	l := Listing{Head: []string{"rule", "system", "severity", "new", "open", "resolved", "reopened", "excepted", "unverified"}, Wide: -1}
	for _, c := range res.Run.Counts {
		l.Rows = append(l.Rows, []string{c.Rule, c.System, string(c.Severity), strconv.Itoa(c.New), strconv.Itoa(c.Open), strconv.Itoa(c.Resolved),
			strconv.Itoa(c.Reopened), strconv.Itoa(c.Excepted), strconv.Itoa(c.Unverified)})
	}
	counts := res.Run.Counts
	if counts == nil {
		counts = []access.RuleCount{}
	}
	l.Items = map[string]any{"run": res.Run.ID, "as_of": res.Run.AsOf, "incomplete": res.Run.Incomplete, "persons": res.Run.Persons,
		"accounts": res.Run.Accounts, "grants": res.Run.Grants, "suppressed": res.Suppressed, "counts": counts}
	return p.List(l)
}

// SortedKeys lists the keys of a map in order.
func SortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func number(n int) string { return Thousands(int64(n)) }

// Thousands groups digits by comma.
func Thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
