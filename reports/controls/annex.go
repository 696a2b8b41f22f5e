package controls

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/internal/sheet"
)

// The annexes of the report.
const (
	ControlsAnnex   = "annexes/controls.csv"
	DeviationsAnnex = "annexes/control-deviations.csv"
)

// ControlsTable writes every control, one row each.
func ControlsTable(t *sheet.Table, m Model) error {
	if err := t.Head([]string{"control", "framework", "number", "says", "conclusion", "because", "covered", "rules", "applied", "campaigns", "runs_in_period", "runs_that_tested", "of_them_all_sources_whole", "limits", "population", "asked",
		"not_answered", "open_before", "opened", "reopened", "lapsed", "resolved", "accepted", "open", "excepted_before", "excepted_resolved", "excepted", "rule_switched_off", "mean_hours_to_resolve"}); err != nil {
		return err
	}
	for _, c := range m.Controls {
		var rules, applied, campaigns, population []string
		var asked, failed int64
		for _, x := range c.Tests {
			rules = append(rules, x.Rule)
			applied = append(applied, fmt.Sprintf("%s in %d until %s", x.Rule, x.Applied, moment(x.Until)))
			asked, failed = asked+x.Evaluated, failed+x.Errors
		}
		for _, x := range c.Campaigns {
			campaigns = append(campaigns, x.ID)
		}
		for _, p := range c.Population {
			population = append(population, strconv.FormatInt(p.N, 10)+" "+p.Class)
		}
		row := []string{c.ID, c.Framework, c.Number, c.Says, string(c.Conclusion), c.Why, strconv.FormatBool(c.Covered), strings.Join(rules, " "), strings.Join(applied, "; "), strings.Join(campaigns, " "), strconv.Itoa(len(m.Runs)), strconv.Itoa(c.Runs),
			strconv.Itoa(c.Whole), strings.Join(c.Limits, "; "), strings.Join(population, "; "), strconv.FormatInt(asked, 10), strconv.FormatInt(failed, 10)}
		n := c.Count
		for _, k := range []int{n.Before, n.Opened, n.Reopened, n.Lapsed, n.Resolved, n.Accepted, n.Open, n.ExceptedBefore, n.ExceptedResolved, n.Excepted, n.Off} {
			row = append(row, strconv.Itoa(k))
		}
		if err := t.Row(append(row, hours(n.MeanMS))); err != nil {
			return err
		}
	}
	return nil
}

// DeviationsTable writes every deviation, one row for each control that it bears on.
func DeviationsTable(t *sheet.Table, m Model) error {
	if err := t.Head([]string{"control", "finding", "fingerprint", "rule", "severity", "state", "system", "subject", "subject_id", "detail", "person", "person_name", "message", "first_seen", "opened_in_period", "resolved_in_period",
		"days", "exception"}); err != nil {
		return err
	}
	for _, d := range m.Deviations {
		f := d.Finding
		if err := t.Row([]string{d.Control, f.ID, f.Fingerprint, f.Rule, string(f.Severity), string(f.State), f.System, f.Subject, f.SubjectID, f.Detail, f.Person, f.PersonName, f.Message, moment(f.FirstSeen), moment(d.Opened),
			moment(d.Closed), strconv.Itoa(d.Days), f.Exception}); err != nil {
			return err
		}
	}
	return nil
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// hours writes milliseconds as hours with one decimal; nothing for none.
func hours(ms int64) string {
	if ms == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(ms)/3.6e6, 'f', 1, 64)
}
