package check

import (
	"encoding/json"
	"fmt"
	"strconv"

	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/reports/pack/sheets"
)

// activity compares the table of what was asked, decided and done with the entries: each row says what its entry says, and each entry has a row.
func (c *check) activity(entries []ledger.Entry, by map[uint64]string) (problems []string) {
	said, systems := map[string][]string{}, map[string]string{}
	for _, e := range entries {
		a, ok, err := evidence.ReadActivity(e)
		if err != nil {
			return append(problems, err.Error())
		}
		if ok {
			cells := pack.SaidCells(a)
			said[cells[0]], systems[cells[0]] = cells, a.Said.System
		}
	}
	columns := pack.ActivityColumns()
	differ := func(entry, column, want, have string) {
		if want != have {
			problems = append(problems, fmt.Sprintf("%s: entry %s: %s: the ledger says %q, the table %q", pack.ActivityAnnex, entry, column, want, have))
		}
	}
	err := c.rows(pack.ActivityAnnex, columns, func(cell func(string) string) {
		entry := cell("entry")
		want, on := said[entry]
		delete(said, entry)
		if !on {
			problems = append(problems, fmt.Sprintf("%s: entry %s is not proven in the pack, or comes twice", pack.ActivityAnnex, entry))
			return
		}
		for i, w := range want {
			differ(entry, columns[i], w, cell(columns[i]))
		}
		if system := systems[entry]; system != "" {
			differ(entry, "system", system, cell("system"))
		}
		n, _ := strconv.ParseUint(entry, 10, 64) // it is one of the entries
		if who, shown := by[n]; shown {
			differ(entry, "by", who, cell("by"))
		}
	})
	if err != nil {
		return append(problems, err.Error())
	}
	for entry := range said {
		problems = append(problems, fmt.Sprintf("%s: entry %s is on the ledger and not in the table", pack.ActivityAnnex, entry))
	}
	return problems
}

// rows reads a table that has exactly these columns.
func (c *check) rows(name string, columns []string, yield func(cell func(string) string)) error {
	f, err := c.a.Open(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	return sheets.Rows(f, name, columns, func(cell func(string) string) error {
		yield(cell)
		return c.ctx.Err()
	})
}

// opened checks the values that entries commit to, and gives whose decisions they were, by entry.
func (c *check) opened(entries []ledger.Entry) (by map[uint64]string, problems []string) {
	by = map[uint64]string{}
	if c.report.File.Later.Opened == 0 {
		return by, nil
	}
	text, err := c.text(pack.LaterOpenedFile)
	if err != nil {
		return by, []string{err.Error()}
	}
	var list []evidence.Opened
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return by, []string{fmt.Sprintf("%s: %v", pack.LaterOpenedFile, err)}
	}
	if again, err := json.MarshalIndent(list, "", "  "); err != nil || string(again)+"\n" != text {
		problems = append(problems, pack.LaterOpenedFile+": is not as Muster writes it")
	}
	if len(list) != c.report.File.Later.Opened {
		problems = append(problems, fmt.Sprintf("%s: it shows %d values, the model says %d", pack.LaterOpenedFile, len(list), c.report.File.Later.Opened))
	}
	data := map[uint64]json.RawMessage{}
	for _, e := range entries {
		data[e.Index] = e.Data
	}
	for _, o := range list {
		var who string
		commitment := commit.Found(data[o.Entry])[o.Field]
		switch {
		case commitment == "" || !(commit.Opening{Value: o.Value, Salt: o.Salt}).Check(commitment):
			problems = append(problems, fmt.Sprintf("%s: %s of entry %d is not what the entry commits to", pack.LaterOpenedFile, o.Field, o.Entry))
		case o.Field != evidence.FieldBy:
		case json.Unmarshal(o.Value, &who) != nil:
			problems = append(problems, fmt.Sprintf("%s: %s of entry %d is no text", pack.LaterOpenedFile, o.Field, o.Entry))
		default:
			by[o.Entry] = who
		}
	}
	return by, problems
}
