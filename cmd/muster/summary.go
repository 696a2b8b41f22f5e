package main

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

// printResult shows what a run found: what was read, what is not concluded, the findings by rule and by system, where to go on.
func (a *app) printResult(s *session, res reconcile.Result, pack *reports.Pack) error {
	if a.format != "table" {
		return a.printCounts(res)
	}
	out := a.stdout
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
	fmt.Fprintf(out, "Run %s  %s as of %s\n%s   %s persons  %s accounts  %s grants\n", res.Run.ID, res.Run.Organisation, day(res.Run.AsOf),
		sources, thousands(res.Run.Persons), thousands(res.Run.Accounts), thousands(res.Run.Grants))
	for _, sys := range res.Systems {
		if !sys.Tonight.Usable() {
			a.warn("%s is %s (%s): nothing is concluded from what it lacks", sys.Name, sys.Tonight.State, sys.Tonight.Reason)
			if sys.Tonight.Hint != "" {
				fmt.Fprintf(out, "    hint: %s\n", sys.Tonight.Hint)
			}
		}
	}
	for _, rule := range sortedKeys(res.RuleErrors) {
		if st := res.RuleErrors[rule]; st.Errors > 0 {
			a.warn("rule %s could not be evaluated %d times, first: %s", rule, st.Errors, st.Sample)
		}
	}
	for _, w := range s.plan.Warnings {
		a.warn("%s", w)
	}
	fmt.Fprintln(out)
	if err := a.printRules(res); err != nil {
		return err
	}
	a.printNext(s, res, pack)
	return nil
}

func (a *app) warn(format string, args ...any) {
	for i, line := range wrap(fmt.Sprintf(format, args...), 76) {
		mark := "  ! "
		if i > 0 {
			mark = "    "
		}
		fmt.Fprintln(a.stdout, mark+line)
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

func (a *app) printRules(res reconcile.Result) error {
	counts := byRule(res.Run.Counts)
	if len(counts) == 0 {
		fmt.Fprintf(a.stdout, "  No findings: %d rules looked at every person, account and grant above.\n", len(res.RuleErrors))
		return nil
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
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
		fmt.Fprintf(a.stdout, "\n  Also %s.\n", strings.Join(notes, "; "))
	}
	return a.printWorst(res, counts)
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
func (a *app) printWorst(res reconcile.Result, counts []access.RuleCount) error {
	fmt.Fprintln(a.stdout)
	shown := 0
	for _, c := range counts {
		f, ok := res.Worst[c.Rule]
		if !ok || shown == 3 {
			continue
		}
		for i, line := range wrap(f.Message, 62) {
			if i == 0 {
				fmt.Fprintf(a.stdout, "  %-11s %s\n", f.ID, line)
			} else {
				fmt.Fprintf(a.stdout, "  %-11s %s\n", "", line)
			}
		}
		shown++
	}
	return nil
}

func (a *app) printNext(s *session, res reconcile.Result, pack *reports.Pack) {
	flags := ""
	if a.configFile != "muster.yaml" {
		flags += " --config " + a.configFile
	}
	if a.dataDir != "" {
		flags += " --data-dir " + a.dataDir
	}
	fmt.Fprintln(a.stdout)
	if pack != nil {
		fmt.Fprintf(a.stdout, "  Pack      %s\n  PDF       %s\n", pack.ZipPath, pack.PDFPath)
	}
	first := "ID"
	for _, c := range byRule(res.Run.Counts) {
		if f, ok := res.Worst[c.Rule]; ok {
			first = f.ID
			break
		}
	}
	fmt.Fprintf(a.stdout, "  Findings  muster findings%s\n  One       muster findings show %s%s\n", flags, first, flags)
	if pack != nil {
		fmt.Fprintf(a.stdout, "  Verify    muster verify %s\n", pack.ZipPath)
	}
}

// printCounts is the run's result as data: one row a rule and system.
func (a *app) printCounts(res reconcile.Result) error {
	l := listing{head: []string{"rule", "system", "severity", "new", "open", "resolved", "reopened", "excepted", "unverified"}, wide: -1}
	for _, c := range res.Run.Counts {
		l.rows = append(l.rows, []string{c.Rule, c.System, string(c.Severity), strconv.Itoa(c.New), strconv.Itoa(c.Open), strconv.Itoa(c.Resolved),
			strconv.Itoa(c.Reopened), strconv.Itoa(c.Excepted), strconv.Itoa(c.Unverified)})
	}
	counts := res.Run.Counts
	if counts == nil {
		counts = []access.RuleCount{}
	}
	l.items = map[string]any{"run": res.Run.ID, "as_of": res.Run.AsOf, "incomplete": res.Run.Incomplete, "persons": res.Run.Persons,
		"accounts": res.Run.Accounts, "grants": res.Run.Grants, "suppressed": res.Suppressed, "counts": counts}
	return a.print(l)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func number(n int) string { return thousands(int64(n)) }

// thousands groups digits by comma.
func thousands(n int64) string {
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
