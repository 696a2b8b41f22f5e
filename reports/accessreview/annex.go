package accessreview

import (
	"strconv"
	"strings"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/frame"
)

// The annexes of the report.
const (
	ItemsAnnex     = "annexes/review-items.csv"
	DecisionsAnnex = "annexes/review-decisions.csv"
)

// Items writes every item of the population, one row each. The first column is the item's key, so that the hash of the population is that of the
// sorted column.
func Items(t *sheet.Table, each func(func(access.ReviewItem) error) error) error {
	if err := t.Head([]string{"key", "item", "system", "account_id", "account", "account_kind", "enabled", "entitlement_id", "entitlement", "kind", "privileged", "path", "person", "person_name",
		"department", "status", "answers", "basis", "last_use", "findings", "reviewers", "assigned_because", "unassigned", "state", "silent", "ended_at", "removal_snapshot", "removal_sha256", "removal_taken_at"}); err != nil {
		return err
	}
	return each(func(i access.ReviewItem) error {
		var who, why []string
		for _, r := range i.Reviewers {
			who, why = append(who, r.Person), append(why, r.Reason)
		}
		gone := access.ReviewRemoval{}
		if i.Removal != nil {
			gone = *i.Removal
		}
		return t.Row([]string{i.Key, i.ID, i.System, i.Account.ID, i.Account.Name, i.AccountKind, strconv.FormatBool(i.Enabled), i.Entitlement.ID, i.Entitlement.Name, i.Entitlement.Kind,
			strconv.FormatBool(i.Privileged), strings.Join(i.Path, " > "), i.Person, i.PersonName, i.Department, i.Status, i.Answers, strings.Join(i.Basis, "; "), frame.Stamp(i.LastUse),
			strings.Join(i.Findings, " "), strings.Join(who, " "), strings.Join(why, " | "), i.Unassigned, string(i.State), strconv.FormatBool(i.Silent), frame.Stamp(i.EndedAt),
			gone.Snapshot, gone.Digest, frame.Stamp(gone.TakenAt)})
	})
}

// Decisions writes every decision on every item, replaced and void ones too.
func Decisions(t *sheet.Table, each func(func(access.ReviewItem) error) error) error {
	if err := t.Head([]string{"item", "decision", "verdict", "by", "by_name", "role", "channel", "at", "reason", "together", "took_ms", "replaces", "void_at"}); err != nil {
		return err
	}
	return each(func(i access.ReviewItem) error {
		for _, d := range i.Decisions {
			took := ""
			if d.Took > 0 {
				took = strconv.FormatInt(d.Took.Milliseconds(), 10)
			}
			if err := t.Row([]string{i.ID, d.ID, string(d.Verdict), d.By, d.ByName, d.Role, string(d.Channel), frame.Stamp(d.At), d.Reason, strconv.Itoa(max(d.Bulk, 1)), took, d.Replaces, frame.Stamp(d.VoidAt)}); err != nil {
				return err
			}
		}
		return nil
	})
}
