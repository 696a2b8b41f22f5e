package pack

import (
	"strconv"
	"time"

	"muster/internal/sheet"
	"muster/reports/evidence"
)

// ActivityAnnex has what was asked, decided and done, one row for each entry of the ledger.
const ActivityAnnex = AnnexFolder + "activity.csv"

// ActivityColumns are the columns of activity.csv. Those up to channel are what the entry itself says.
func ActivityColumns() []string {
	return []string{"entry", "at", "type", "id", "approval", "kind", "what", "state", "outcome", "inverse_recorded", "verdict", "role", "channel",
		"by", "by_name", "system", "person", "account", "entitlement", "finding", "policy", "about"}
}

// SaidCells are the first cells of a row of activity.csv, which follow from the entry alone.
func SaidCells(a evidence.Activity) []string {
	return []string{strconv.FormatUint(a.Entry, 10), a.At.UTC().Format(time.RFC3339Nano), string(a.Type), a.Said.Subject(), a.Said.Approval, a.Said.Kind, a.Said.What,
		a.Said.State, a.Said.Outcome, strconv.FormatBool(a.Said.Inverse), a.Said.Verdict, a.Said.Role, a.Said.Channel}
}

// ActivityTable writes activity.csv.
func ActivityTable(t *sheet.Table, list []evidence.Activity) error {
	if err := t.Head(ActivityColumns()); err != nil {
		return err
	}
	for _, a := range list {
		if err := t.Row(append(SaidCells(a), a.By, a.ByName, a.System, a.Person, a.Account, a.Entitlement, a.Finding, a.Policy, a.About)); err != nil {
			return err
		}
	}
	return nil
}
