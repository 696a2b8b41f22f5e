package reperform

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/reconcile/reperform/annex"
)

// again compares a table that follows from others with what it comes out as, cell by cell. The first columns are its key, of which want has the order.
func (p *performance) again(table string, keys int, want [][]string) error {
	type kept struct {
		at    int
		cells []string
	}
	key := func(cells []string) string { return strings.Join(cells[:keys], "\x00") }
	file, name := annex.File(table), func(cells []string) string { return strings.Join(cells[:keys], "/") }
	have, n, before := map[string]kept{}, 0, len(p.differences)+p.more
	err := annex.Each(p.files, table, func(r *annex.Row) error {
		cells := r.Cells()
		if _, twice := have[key(cells)]; twice {
			p.differ("%s: %s is in it twice", file, name(cells))
		}
		have[key(cells)] = kept{n, cells}
		n++
		return nil
	})
	if err != nil {
		return err
	}
	columns := annex.Columns(table)
	for i, w := range want {
		row, ok := have[key(w)]
		delete(have, key(w))
		if !ok {
			p.differ("%s: %s is not in it, and comes out again", file, name(w))
			continue
		}
		for c, cell := range w {
			if c >= keys && cell != unsaid && !sameCell(row.cells[c], cell) {
				p.differ("%s: %s: %s is %s, and comes out as %s", file, name(w), columns[c], short(row.cells[c]), short(cell))
			}
		}
		if row.at != i && len(p.differences)+p.more == before {
			p.differ("%s: %s is not in its place", file, name(w))
		}
	}
	for _, row := range have {
		p.differ("%s: %s does not come out again", file, name(row.cells))
	}
	return nil
}

// unsaid stands for a cell that cannot be worked out.
const unsaid = "\x00"

// sameCell compares cells. Lists of texts may spell a slash and a control character in another way.
func sameCell(have, want string) bool {
	if have == want {
		return true
	}
	x, errX := annex.List(have)
	y, errY := annex.List(want)
	return errX == nil && errY == nil && slices.EqualFunc(x, y, sameText)
}

// sameText compares texts of a list, which may hold quoted values or objects themselves.
func sameText(have, want string) bool {
	if plain(have) == plain(want) {
		return true
	}
	x, errX := annex.Object(have)
	y, errY := annex.Object(want)
	return errX == nil && errY == nil && maps.Equal(x, y)
}

func plain(s string) string { return strings.ReplaceAll(s, `\/`, "/") }

// list writes texts as a JSON list.
func list(texts []string) string {
	if len(texts) == 0 {
		return "[]"
	}
	text, _ := json.Marshal(texts) // texts always encode
	return string(text)
}

// milli writes a moment as milliseconds since 1970, and none as null.
func milli(t time.Time) string {
	if t.IsZero() {
		return "null"
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// profiles compares the table of profiles with the persons: how many have each, and with which values. Persons of a pack that holds some have profiles of
// others too.
func (p *performance) profiles(first map[string]*person) error {
	n, fields := map[string]int{}, p.in.Given.Fields()
	for _, x := range p.world.persons {
		n[x.profile]++
	}
	numbers, of := []uint64{}, map[string]string{}
	for id, x := range first {
		number, err := profile(x)
		if err != nil {
			return err
		}
		if id == "" {
			if len(fields) > 0 {
				p.differ("annexes/persons.csv: %s has no profile", x.ID)
			}
			continue
		}
		values := list(profileValues(&x.Person, fields))
		if other, ok := of[values]; ok {
			p.differ("annexes/persons.csv: the profiles %s and %s have the same values", min(id, other), max(id, other))
		}
		of[values] = id
		numbers = append(numbers, number)
	}
	for _, x := range p.world.spare { // rows that repeat a worker id; their profile may be nobody's
		if id, known := of[list(profileValues(&x.Person, fields))]; known && id != x.profile || !known && first[x.profile] != nil && x.profile != "" {
			p.differ("annexes/persons.csv: %s has profile %s in row %d, whose values are others", x.ID, x.profile, x.Row)
		}
	}
	slices.SortFunc(numbers, cmp.Compare)
	var want [][]string
	for _, number := range numbers {
		id := strconv.FormatUint(number, 10)
		persons := strconv.Itoa(n[id])
		if !p.file.Scope.Whole() {
			persons = unsaid
		}
		want = append(want, []string{id, persons, list(fields), list(profileValues(&first[id].Person, fields))})
	}
	return p.again("profiles", 1, want)
}

// profileValues are the values of a profile as the store has them: days are numbers, and all attributes are one text.
func profileValues(x *access.Person, fields []string) []string {
	var out []string
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return strconv.FormatInt(t.Unix()/86400, 10)
	}
	for _, name := range fields {
		switch name {
		case "start_date":
			out = append(out, day(x.StartDate))
		case "end_date":
			out = append(out, day(x.EndDate))
		case "attributes":
			all := x.Attributes
			if all == nil {
				all = map[string]string{}
			}
			text, _ := json.Marshal(all) // texts always encode, in the order of their keys
			out = append(out, string(text))
		default:
			out = append(out, field(x, name))
		}
	}
	return out
}
