package person

import (
	"strconv"
	"strings"

	"muster/internal/sheet"
	"muster/reports/frame"
)

// The annexes of the report.
const (
	HeldAnnex   = "annexes/person-access.csv"
	EventsAnnex = "annexes/person-events.csv"
)

// HeldTable writes every entitlement that is held or due, one row each.
func HeldTable(t *sheet.Table, m Model) error {
	if err := t.Head([]string{"system", "account_id", "account", "entitlement", "kind", "privileged", "held", "due", "effective", "path", "paths", "since", "at_first_snapshot", "run_then", "rules_then_sha256",
		"configuration_then_sha256", "basis", "until", "no_basis_because", "last_use", "never_used", "findings", "reviews"}); err != nil {
		return err
	}
	write := func(list []Grant, held bool) error {
		for _, g := range list {
			var basis, until, once []string
			for _, b := range g.Basis {
				basis = append(basis, b.Kind+" "+b.Name)
				if !b.Until.IsZero() {
					until = append(until, frame.Stamp(b.Until))
				}
			}
			for _, o := range g.Once {
				once = append(once, "bundle "+o.Name+": "+o.says())
			}
			if err := t.Row([]string{g.System, g.AccountID, g.Account, g.Entitlement, g.Kind, strconv.FormatBool(g.Privileged), strconv.FormatBool(held), strconv.FormatBool(g.Due()),
				strconv.FormatBool(g.Effective), strings.Join(g.Path, " > "), strconv.Itoa(g.Paths), frame.Stamp(g.Since), strconv.FormatBool(g.AtFirst), g.Then.Run, g.Then.RulesSHA256, g.Then.ConfigSHA256,
				strings.Join(basis, "; "), strings.Join(until, "; "), strings.Join(once, "; "), frame.Stamp(g.LastUse), strconv.FormatBool(g.NeverUsed), strings.Join(g.Findings, " "), strings.Join(g.Reviews, " ")}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := write(m.Held, true); err != nil {
		return err
	}
	return write(m.Missing, false)
}

// EventsTable writes every event of the timeline, one row each.
func EventsTable(t *sheet.Table, m Model) error {
	if err := t.Head([]string{"lane", "from", "until", "still", "what", "reference"}); err != nil {
		return err
	}
	for _, lane := range m.lanes() {
		for _, e := range lane.events {
			if err := t.Row([]string{lane.name, frame.Stamp(e.at), frame.Stamp(e.until), strconv.FormatBool(e.open), e.what, e.ref}); err != nil {
				return err
			}
		}
	}
	return nil
}
