package show

import (
	"fmt"
	"time"

	"muster/internal/access"
)

// snapshotItem is a snapshot as JSON shows it.
type snapshotItem struct {
	ID         string               `json:"id"`
	System     string               `json:"system"`
	State      access.SnapshotState `json:"state"`
	TakenAt    time.Time            `json:"taken_at"`
	Reason     string               `json:"reason"`
	Hint       string               `json:"hint"`
	Classes    []classItem          `json:"classes"`
	SHA256     string               `json:"sha256"`
	Queries    []string             `json:"queries"`
	Source     string               `json:"source"`
	Rejections []rejectionItem      `json:"rejections"`
}

type classItem struct {
	Class    access.Class         `json:"class"`
	Claimed  int64                `json:"claimed"` // -1 when the source does not say
	Fetched  int64                `json:"fetched"`
	Parsed   int64                `json:"parsed"`
	Rejected int64                `json:"rejected"`
	State    access.SnapshotState `json:"state"`
	Reason   string               `json:"reason"`
}

type rejectionItem struct {
	Class  access.Class `json:"class"`
	Ref    string       `json:"ref"`
	Reason string       `json:"reason"`
}

func itemOf(s access.Snapshot) snapshotItem {
	item := snapshotItem{ID: s.ID, System: s.System, State: s.State, TakenAt: s.TakenAt.UTC().Truncate(time.Second), Reason: s.Reason, Hint: s.Hint,
		Classes: []classItem{}, SHA256: s.Digest, Queries: s.Coverage.Queries, Source: s.Coverage.Source, Rejections: []rejectionItem{}}
	if item.Queries == nil {
		item.Queries = []string{}
	}
	for _, c := range s.Coverage.Classes {
		item.Classes = append(item.Classes, classItem(c))
	}
	for _, r := range s.Rejections {
		item.Rejections = append(item.Rejections, rejectionItem{Class: r.Of, Ref: r.Ref, Reason: r.Reason})
	}
	return item
}

// subjects is what a source says about its persons, when it has them, or its accounts.
func subjects(s access.Snapshot) (c access.ClassCoverage, unit string) {
	if c, ok := s.Coverage.Of(access.ClassPerson); ok {
		return c, "persons"
	}
	c, _ = s.Coverage.Of(access.ClassAccount)
	return c, "accounts"
}

// Snapshots lists what was collected; a source that was not read whole says why, and what to do.
func (p Printer) Snapshots(snaps []access.Snapshot) error {
	l := Listing{Head: []string{"system", "state", "accounts", "grants", "rejected", "reason"}, Right: []int{2, 3, 4}, Wide: 5, Empty: "no source is configured"}
	items := []snapshotItem{}
	number := Thousands
	if p.Format != "table" {
		number = func(n int64) string { return fmt.Sprint(n) }
	}
	for _, s := range snaps {
		who, _ := subjects(s)
		grants, _ := s.Coverage.Of(access.ClassGrant)
		var rejected int64
		for _, c := range s.Coverage.Classes {
			rejected += c.Rejected
		}
		l.Rows = append(l.Rows, []string{s.System, string(s.State), number(who.Parsed), number(grants.Parsed), number(rejected), s.Reason})
		items = append(items, itemOf(s))
	}
	l.Items = items
	if err := p.List(l); err != nil {
		return err
	}
	for _, s := range snaps {
		if s.Hint != "" && !s.Usable() {
			fmt.Fprintf(p.Err, "hint: %s: %s\n", s.System, s.Hint)
		}
	}
	return nil
}
