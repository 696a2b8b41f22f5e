package order

import (
	"context"
	"path/filepath"
	"slices"

	"muster/internal/access"
)

// withdrawals say which order takes back which: by the id of the one taken back.
type withdrawals map[string]string

// by is the order that withdraws another. One that is withdrawn itself withdraws nothing.
func (w withdrawals) by(id string) string {
	steps := 0
	for at := id; w[at] != "" && steps <= len(w); at = w[at] { // steps are bounded: nothing keeps a file from undoing itself
		steps++
	}
	if steps%2 == 0 {
		return ""
	}
	return w[id]
}

// withdrawn gathers what orders from a day on take back.
func (b *Book) withdrawn(ctx context.Context, from string) (withdrawals, error) {
	days, err := b.days(ctx)
	if err != nil {
		return nil, err
	}
	all := withdrawals{}
	for _, day := range days {
		if day < from {
			continue
		}
		err := b.each(ctx, day, func(o Order, _ []byte) {
			if undone, err := Undone(o.Action); err == nil && undone != "" {
				all[undone] = o.Action.ID
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// undoneDays are the days of the orders that an action takes back: the one that it undoes, the one that this undid, and so on.
func (b *Book) undoneDays(ctx context.Context, a access.Action) ([]string, error) {
	var days []string
	seen := map[string]bool{a.ID: true}
	for {
		id, err := Undone(a)
		if err != nil || id == "" || seen[id] {
			slices.Sort(days)
			return slices.Compact(days), err
		}
		seen[id] = true
		day, err := b.dayOf(ctx, id)
		if err != nil || day == "" {
			return days, err
		}
		days = append(days, day)
		o, _, err := b.read(ctx, day, filepath.Base(b.path(day, id)))
		if err != nil {
			return nil, err
		}
		a = o.Action
	}
}
