package pack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/evidence"
)

// The annexes that the pack makes itself, beside the populations.
const (
	FindingsAnnex  = AnnexFolder + "findings.csv"
	SnapshotsAnnex = AnnexFolder + "snapshots.csv"
	CountsAnnex    = AnnexFolder + "rule-counts.csv"
	BeforeAnnex    = AnnexFolder + "findings-before.csv"
)

// ReadFindings reads a table that FindingsTable wrote, and nothing that is spelt otherwise.
func ReadFindings(in io.Reader, yield func(access.Finding) error) error {
	rows := sheet.NewReader(in)
	head, err := rows.Read()
	if err != nil || !slices.Equal(head, FindingColumns()) {
		return errors.New("its head is not that of a table of findings")
	}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		f := access.Finding{ID: row[0], Fingerprint: row[1], Rule: row[2], Severity: access.Severity(row[3]), State: access.FindingState(row[4]), Change: access.Change(row[5]),
			Scope: access.Scope(row[6]), System: row[7], Subject: row[8], SubjectID: row[9], Detail: row[10], Person: row[11], PersonName: row[12], Message: row[13],
			Hint: row[14], Exception: row[16]}
		if row[15] != "" {
			f.Controls = strings.Split(row[15], "; ")
		}
		var errs [4]error
		f.FirstSeen, errs[0] = unstamp(row[17])
		f.LastSeen, errs[1] = unstamp(row[18])
		f.ResolvedAt, errs[2] = unstamp(row[19])
		errs[3] = json.Unmarshal([]byte(row[20]), &f.Evidence)
		err = errors.Join(errs[:]...)
		if err == nil {
			var again []string
			if again, err = FindingRow(f); err == nil && !slices.Equal(again, row) {
				err = errors.New("it is misspelt")
			}
		}
		if err != nil {
			return fmt.Errorf("finding %s: %w", f.ID, err)
		}
		if err := yield(f); err != nil {
			return err
		}
	}
}

func unstamp(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	return t.UTC(), err
}

// FindingColumns are the columns of findings.csv.
func FindingColumns() []string {
	return []string{"id", "fingerprint", "rule", "severity", "state", "change", "scope", "system", "subject", "subject_id", "detail",
		"person", "person_name", "message", "remediation", "controls", "exception", "first_seen", "last_seen", "resolved_at", "evidence"}
}

// FindingsTable writes findings.csv; yield streams the findings and also is where a caller counts them.
func FindingsTable(t *sheet.Table, stream func(func(access.Finding) error) error) error {
	if err := t.Head(FindingColumns()); err != nil {
		return err
	}
	return stream(func(f access.Finding) error {
		row, err := FindingRow(f)
		if err != nil {
			return err
		}
		return t.Row(row)
	})
}

// FindingRow is one row of findings.csv, by FindingColumns.
func FindingRow(f access.Finding) ([]string, error) {
	proof, err := json.Marshal(f.Evidence)
	if err != nil {
		return nil, fmt.Errorf("encode evidence of %s: %w", f.ID, err)
	}
	return []string{f.ID, f.Fingerprint, f.Rule, string(f.Severity), string(f.State), string(f.Change), string(f.Scope), f.System,
		f.Subject, f.SubjectID, f.Detail, f.Person, f.PersonName, f.Message, f.Hint, strings.Join(f.Controls, "; "), f.Exception,
		stamp(f.FirstSeen), stamp(f.LastSeen), stamp(f.ResolvedAt), string(proof)}, nil
}

// CountsTable writes rule-counts.csv.
func CountsTable(t *sheet.Table, counts []access.RuleCount) error {
	if err := t.Head([]string{"rule", "system", "severity", "new", "open", "resolved", "reopened", "excepted", "unverified"}); err != nil {
		return err
	}
	for _, c := range counts {
		row := []string{c.Rule, c.System, string(c.Severity)}
		for _, n := range []int{c.New, c.Open, c.Resolved, c.Reopened, c.Excepted, c.Unverified} {
			row = append(row, strconv.Itoa(n))
		}
		if err := t.Row(row); err != nil {
			return err
		}
	}
	return nil
}

// SnapshotsTable writes snapshots.csv: one row for each object class of each snapshot that the run read, used or compared with.
func SnapshotsTable(t *sheet.Table, sources []evidence.Source) error {
	err := t.Head([]string{"system", "use", "snapshot", "state", "reason", "taken_at", "started_at", "finished_at", "collector",
		"collector_version", "source", "class", "claimed", "fetched", "parsed", "rejected", "class_state", "class_reason", "sha256", "queries"})
	if err != nil {
		return err
	}
	for _, s := range sources {
		for _, use := range []struct {
			name string
			snap access.Snapshot
		}{{"read", s.System.Tonight}, {"used", s.System.Used}, {"compared with", s.Previous}} {
			if use.snap.ID == "" && use.snap.State == "" {
				continue
			}
			if err := snapshotRows(t, s.System.Name, use.name, use.snap); err != nil {
				return err
			}
		}
	}
	return nil
}

func snapshotRows(t *sheet.Table, system, use string, s access.Snapshot) error {
	classes := s.Coverage.Classes
	if len(classes) == 0 {
		classes = []access.ClassCoverage{{Claimed: access.NoClaim, State: s.State}}
	}
	for _, c := range classes {
		claimed := ""
		if c.Claimed != access.NoClaim {
			claimed = strconv.FormatInt(c.Claimed, 10)
		}
		err := t.Row([]string{system, use, s.ID, string(s.State), s.Reason, stamp(s.TakenAt), stamp(s.StartedAt), stamp(s.FinishedAt),
			s.Collector, s.CollectorVersion, s.Coverage.Source, string(c.Class), claimed, strconv.FormatInt(c.Fetched, 10),
			strconv.FormatInt(c.Parsed, 10), strconv.FormatInt(c.Rejected, 10), string(c.State), c.Reason, s.Digest,
			strings.Join(s.Coverage.Queries, "\n")})
		if err != nil {
			return err
		}
	}
	return nil
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
