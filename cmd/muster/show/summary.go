package show

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"muster/internal/access"
	"muster/internal/reconcile"
	"muster/reports"
)

// Outcome is what a run left behind and how its user goes on.
type Outcome struct {
	Result   reconcile.Result
	Warnings []string      // of the configuration
	Pack     *reports.Pack // nil when none was made
	Program  string        // how muster was called
	Flags    string        // the flags that name this configuration and data, with a space before each
}

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
				fmt.Fprintf(out, "    hint: %s\n", sys.Tonight.Hint)
			}
		}
	}
	for _, rule := range SortedKeys(res.RuleErrors) {
		if st := res.RuleErrors[rule]; st.Errors > 0 {
			p.warn("rule %s could not be evaluated %d times, first: %s", rule, st.Errors, st.Sample)
		}
	}
	for _, w := range o.Warnings {
		p.warn("%s", w)
	}
	fmt.Fprintln(out)
	if err := p.printRules(res); err != nil {
		return err
	}
	p.printNext(o)
	return nil
}

func (p Printer) warn(format string, args ...any) {
	for i, line := range Wrap(fmt.Sprintf(format, args...), 76) {
		mark := "  ! "
		if i > 0 {
			mark = "    "
		}
		fmt.Fprintln(p.Out, mark+line)
	}
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
		fmt.Fprintf(p.Out, "  No findings: %d rules looked at every person, account and grant above.\n", len(res.RuleErrors))
		return nil
	}
	w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  RULE\tNEW\tOPEN\tRESOLVED\tSEVERITY\tSYSTEMS")
	var total access.RuleCount
	for _, c := range counts {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\n", c.Rule, number(c.New), number(c.Open), number(c.Resolved), c.Severity, systemsOf(res.Run.Counts, c.Rule))
		total.New, total.Open, total.Resolved = total.New+c.New, total.Open+c.Open, total.Resolved+c.Resolved
		total.Excepted, total.Unverified, total.Reopened = total.Excepted+c.Excepted, total.Unverified+c.Unverified, total.Reopened+c.Reopened
	}
	fmt.Fprintf(w, "  total\t%s\t%s\t%s\n", number(total.New), number(total.Open), number(total.Resolved))
	if err := w.Flush(); err != nil {
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
		fmt.Fprintf(p.Out, "\n  Also %s.\n", strings.Join(notes, "; "))
	}
	return p.printWorst(res, counts)
}

// systemsWidth keeps the widest row of the built-in rules within 80 columns.
const systemsWidth = 20

// systemsOf says where a rule's open findings are, the most first: "erp 12, vpn 3".
func systemsOf(counts []access.RuleCount, rule string) string {
	var mine []access.RuleCount
	for _, c := range counts {
		if c.Rule == rule && c.Open > 0 {
			mine = append(mine, c)
		}
	}
	slices.SortFunc(mine, func(x, y access.RuleCount) int {
		return cmp.Or(cmp.Compare(y.Open, x.Open), cmp.Compare(x.System, y.System))
	})
	text := ""
	for i, c := range mine {
		next := fmt.Sprintf("%s %s", c.System, number(c.Open))
		if i > 0 {
			next = text + ", " + next
		}
		if rest := len(mine) - i; i > 0 && (rest > 1 && i == 2 || len(next) > systemsWidth) {
			return fmt.Sprintf("%s, %d more", text, rest)
		}
		text = next
	}
	return text
}

// printWorst names the three findings that a person should look at first.
func (p Printer) printWorst(res reconcile.Result, counts []access.RuleCount) error {
	fmt.Fprintln(p.Out)
	shown := 0
	for _, c := range counts {
		f, ok := res.Worst[c.Rule]
		if !ok || shown == 3 {
			continue
		}
		for i, line := range Wrap(f.Message, 62) {
			if i == 0 {
				fmt.Fprintf(p.Out, "  %-11s %s\n", f.ID, line)
			} else {
				fmt.Fprintf(p.Out, "  %-11s %s\n", "", line)
			}
		}
		shown++
	}
	return nil
}

func (p Printer) printNext(o Outcome) {
	res, pack := o.Result, o.Pack
	fmt.Fprintln(p.Out)
	if pack != nil {
		fmt.Fprintf(p.Out, "  Pack      %s\n  PDF       %s\n", pack.ZipPath, pack.PDFPath)
	}
	first := "ID"
	for _, c := range byRule(res.Run.Counts) {
		if f, ok := res.Worst[c.Rule]; ok {
			first = f.ID
			break
		}
	}
	fmt.Fprintf(p.Out, "  Findings  %[1]s findings%[3]s\n  One       %[1]s findings show %[2]s%[3]s\n", o.Program, first, o.Flags)
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
