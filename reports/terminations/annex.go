package terminations

import (
	"strconv"
	"time"

	"muster/internal/sheet"
	"muster/reports/frame"
)

// The annexes of the report.
const (
	LeaversAnnex  = "annexes/leavers.csv"
	AccountsAnnex = "annexes/terminations.csv"
)

// Leavers writes everyone who left, one row a leaving.
func Leavers(t *sheet.Table, m Model) error {
	if err := t.Head([]string{"leaver", "person", "name", "department", "kind", "status", "last_day", "ends_at", "shown_at", "shown_by_snapshot", "shown_by_run", "not_shown_at", "not_shown_by_snapshot",
		"hr_incomplete_between", "hr_late", "hr_late_at_least_s", "hr_late_at_most_s", "hr_late_unknown", "clock_from", "hired_again_at", "accounts"}); err != nil {
		return err
	}
	for _, l := range m.Leavers {
		before, again := Snapshot{}, time.Time{}
		if l.Before != nil {
			before = *l.Before
		}
		if l.Rehired != nil {
			again = l.Rehired.Start
		}
		day := ""
		if !l.LastDay.IsZero() {
			day = l.LastDay.Format(time.DateOnly)
		}
		if err := t.Row([]string{l.ID, l.Person, l.Name, l.Department, string(l.Kind), string(l.Status), day, frame.Stamp(l.Ends), frame.Stamp(l.Shown.At), l.Shown.ID, l.Shown.Run, frame.Stamp(before.At), before.ID,
			strconv.Itoa(l.MissedHR), strconv.FormatBool(l.Late), number(l.LateLeast), number(l.LateMost), strconv.FormatBool(l.Unknown), frame.Stamp(l.Clock), frame.Stamp(again), strconv.Itoa(len(l.Accounts))}); err != nil {
			return err
		}
	}
	return nil
}

// Accounts writes the population of the tests: one row for each account of each leaver.
func Accounts(t *sheet.Table, m Model) error {
	if err := t.Head([]string{"id", "leaver", "person", "name", "system", "account_id", "account", "linked_by", "linked_first_run", "linked_last_run", "last_day", "ends_at", "clock_from", "due_at",
		"last_usable_at", "last_usable_snapshot", "first_unusable_at", "first_unusable_snapshot", "how", "unusable_at", "exact", "from_end_s", "from_clock_s", "sla_s", "verdict", "cause", "why", "action",
		"usable_again", "login_after_end_at", "login_shown_by_snapshot", "logins_told"}); err != nil {
		return err
	}
	for _, l := range m.Leavers {
		day := ""
		if !l.LastDay.IsZero() {
			day = l.LastDay.Format(time.DateOnly)
		}
		for _, a := range l.Accounts {
			on, off, login := Snapshot{}, Snapshot{}, Login{}
			if a.On != nil {
				on = *a.On
			}
			if a.Off != nil {
				off = *a.Off
			}
			if a.Login != nil {
				login = *a.Login
			}
			if err := t.Row([]string{a.ID, l.ID, l.Person, l.Name, a.System, a.Account, a.Name, a.Key, a.First, a.Last, day, frame.Stamp(l.Ends), frame.Stamp(l.Clock), frame.Stamp(a.Due), frame.Stamp(on.At), on.ID, frame.Stamp(off.At),
				off.ID, a.How, frame.Stamp(a.At), strconv.FormatBool(a.Exact), optional(a.FromEnd), optional(a.FromClock), number(a.SLA), string(a.Verdict), string(a.Cause), a.Why, a.Action,
				strconv.FormatBool(a.Again), frame.Stamp(login.At), login.Shown.ID, strconv.FormatBool(a.Told)}); err != nil {
				return err
			}
		}
	}
	return nil
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func optional(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}
