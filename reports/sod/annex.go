package sod

import (
	"strconv"
	"strings"
	"time"

	"muster/internal/sheet"
	"muster/reports/frame"
)

// The annexes of the report.
const (
	ConflictsAnnex = "annexes/sod-conflicts.csv"
	MappingAnnex   = "annexes/sod-mapping.csv"
	SeedsAnnex     = "annexes/sod-seeded.csv"
)

// Conflicts writes every conflict that a person has, one row for each grant that gives a side of it.
func Conflicts(t *sheet.Table, m Model) error {
	if err := t.Head([]string{"id", "conflict", "person", "name", "department", "finding", "state", "severity", "first_seen", "accepted_by", "accepted_until", "exercised", "function", "function_used",
		"system", "account_id", "account", "entitlement_id", "entitlement", "held_since", "since_is_oldest_kept", "last_login", "never_logged_in"}); err != nil {
		return err
	}
	for _, h := range m.Held {
		until := ""
		if h.Until != nil {
			until = h.Until.Format(time.DateOnly)
		}
		for _, s := range h.Sides {
			for _, u := range s.Uses {
				if err := t.Row([]string{h.ID, h.Conflict, h.Person, h.Name, h.Dept, h.Finding, h.State, h.Severity, frame.Stamp(h.Since), h.Accepted, until, string(h.Exercised), s.Function, string(s.Used), u.System,
					u.AccountID, u.Account, u.ID, u.Entitlement, frame.Stamp(u.Since), strconv.FormatBool(u.Oldest), frame.Stamp(u.LastLogin), strconv.FormatBool(u.Never)}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Mapping writes every entitlement of every system that was read with the functions that it gives, and what the matrix names and no snapshot shows.
func Mapping(t *sheet.Table, m Model) error {
	if err := t.Head([]string{"system", "entitlement_id", "entitlement", "kind", "privileged", "system_governed", "system_in_matrix", "mapped", "functions", "state"}); err != nil {
		return err
	}
	at := map[string]System{}
	for _, s := range m.Systems {
		at[s.Name] = s
	}
	for _, e := range m.facts.Entitlements {
		if err := t.Row([]string{e.System, e.ID, e.Name, e.Kind, strconv.FormatBool(e.Privileged), strconv.FormatBool(at[e.System].Governed), strconv.FormatBool(at[e.System].Named), strconv.FormatBool(len(e.Functions) > 0),
			strings.Join(e.Functions, " "), There}); err != nil {
			return err
		}
	}
	for _, n := range m.Missing {
		if err := t.Row([]string{n.System, "", n.Name, "", "", strconv.FormatBool(at[n.System].Governed), "true", "true", strings.Join(n.Functions, " "), n.State}); err != nil {
			return err
		}
	}
	return nil
}

// Seeds writes every seeded test, what was expected and what fired.
func Seeds(t *sheet.Table, m Model) error {
	if err := t.Head([]string{"conflict", "kind", "what", "holds", "expected", "fired", "ok", "not_testable"}); err != nil {
		return err
	}
	for _, s := range m.Seeds {
		if err := t.Row([]string{s.Conflict, string(s.Kind), s.What, strings.Join(s.Holds, "; "), strings.Join(s.Expected, "; "), strings.Join(s.Fired, "; "), strconv.FormatBool(s.OK), s.Why}); err != nil {
			return err
		}
	}
	return nil
}
