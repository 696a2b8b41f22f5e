package runaway

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

// table is a CSV file with a header row.
type table struct {
	head []string
	rows [][]string
}

// column finds a column; a file without it is another than the drill knows.
func (t *table) column(name string) int {
	at := slices.Index(t.head, name)
	if at < 0 {
		panic("there is no column " + name + " in " + strings.Join(t.head, ","))
	}
	return at
}

// rewrite changes a CSV file of the organisation. What is written ends with a newline: it looks whole.
func (h *house) rewrite(name string, delimiter rune, change func(*table)) error {
	text, err := os.ReadFile(h.file(name))
	if err != nil {
		return fmt.Errorf("rewrite %s: %w", name, err)
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord = delimiter, -1
	all, err := r.ReadAll()
	if err != nil {
		return fmt.Errorf("rewrite %s: %w", name, err)
	}
	if len(all) < 2 {
		return fmt.Errorf("rewrite %s: it has %d rows", name, len(all))
	}
	t := &table{all[0], all[1:]}
	change(t)
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma = delimiter
	if err := w.WriteAll(append([][]string{t.head}, t.rows...)); err != nil {
		return fmt.Errorf("rewrite %s: %w", name, err)
	}
	if err := os.WriteFile(h.file(name), b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("rewrite %s: %w", name, err)
	}
	return nil
}

const workers = "hr/workers.csv"

func (h *house) people(change func(*table)) error { return h.rewrite(workers, ',', change) }

// sixty keeps 60 % of the rows, and of the others nothing.
func sixty(t *table) {
	n := 0
	t.rows = slices.DeleteFunc(t.rows, func([]string) bool { n++; return n%5 > 2 })
}

// flip makes leavers of those who are here, and the other way round.
func flip(t *table) {
	at := t.column("status")
	for _, row := range t.rows {
		if row[at] == "active" {
			row[at] = "terminated"
		} else {
			row[at] = "active"
		}
	}
}

// terminate makes leavers of a part of those who are here, with yesterday as their last day.
func terminate(seed int64, percent int) func(*table) {
	return func(t *table) {
		status, end := t.column("status"), t.column("end_date")
		var here []int
		for i, row := range t.rows {
			if row[status] == "active" {
				here = append(here, i)
			}
		}
		r := rand.New(rand.NewPCG(uint64(seed), 12)) //nolint:gosec // a seed is any number
		r.Shuffle(len(here), func(i, j int) { here[i], here[j] = here[j], here[i] })
		for _, i := range here[:len(here)*percent/100] {
			t.rows[i][status], t.rows[i][end] = "terminated", "2026-11-20"
		}
	}
}

// renumber gives everybody another worker id, as a new HR system does.
func renumber(t *table) {
	id, manager := t.column("worker_id"), t.column("manager_id")
	for _, row := range t.rows {
		for _, at := range []int{id, manager} {
			if row[at] != "" {
				row[at] = "E9" + strings.TrimPrefix(row[at], "W-")
			}
		}
	}
}

// cutExports leaves 60 % of the accounts in every system that is read from a file, with what they hold and nothing else.
func cutExports(h *house) error {
	for name, delimiter := range map[string]rune{"vpn/accounts.csv": ',', "codehost/accounts.csv": ',', "erp/accounts.csv": ';'} {
		if err := h.rewrite(name, delimiter, sixty); err != nil {
			return err
		}
	}
	left := map[string]bool{}
	err := h.rewrite("erp/accounts.csv", ';', func(t *table) {
		at := t.column("USER_ID")
		for _, row := range t.rows {
			left[row[at]] = true
		}
	})
	if err != nil {
		return err
	}
	return h.rewrite("erp/grants.csv", ';', func(t *table) {
		at := t.column("USER_ID")
		t.rows = slices.DeleteFunc(t.rows, func(row []string) bool { return !left[row[at]] })
	})
}
