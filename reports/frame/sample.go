package frame

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"muster/reports/document"
)

// SampleSize is how many of a population are drawn unless there are fewer: what is usually asked for of a control that works many times a day.
const SampleSize = 25

// Sample is a choice of a population for a reader to follow up by hand. Nobody can have steered it: the seed is the digest of the population itself.
type Sample struct {
	Annex string   // the population: an annex whose first column is the id
	What  string   // what one of it is: "account of a leaver"
	IDs   []string // all of the population, each once
	Size  int      // how many are drawn; all when there are fewer
}

// Draw orders ids by HMAC-SHA-256 under the seed and gives the first n. The order of ids does not matter.
func Draw(seed []byte, ids []string, n int) []string {
	type drawn struct{ mac, id string }
	all := make([]drawn, len(ids))
	for i, id := range ids {
		h := hmac.New(sha256.New, seed)
		_, _ = h.Write([]byte(id)) // a hash takes everything
		all[i] = drawn{string(h.Sum(nil)), id}
	}
	slices.SortFunc(all, func(a, b drawn) int { return cmp.Or(cmp.Compare(a.mac, b.mac), cmp.Compare(a.id, b.id)) })
	out := make([]string, min(n, len(all)))
	for i := range out {
		out[i] = all[i].id
	}
	return out
}

// FirstColumn is a command that prints the first column of an annex without its head, for a column whose cells need no quotes. A line that begins
// inside of a quoted cell is no row, whatever stands in it.
func FirstColumn(annex string) string {
	return "tr -d '\\000' < " + annex + ` | awk -F, '!q && NR > 1 { print $1 } { q = (q + gsub(/"/, "")) % 2 }'`
}

// Sample draws a sample and prints how, so that a reader can draw it again, with a box to tick for each. columns and row describe one drawn id besides its id.
func (w *Builder) Sample(s Sample, columns []document.Column, row func(id string) []document.Cell) {
	w.Chapter("Sample")
	seed := ""
	for _, a := range w.In.File.Annexes {
		if a.File == s.Annex {
			seed = a.SHA256
		}
	}
	raw, err := hex.DecodeString(seed)
	if err != nil || seed == "" || len(s.IDs) == 0 {
		w.Para("There is nothing to draw from: the population, " + s.Annex + ", is empty.")
		return
	}
	of, all := map[string]string{}, slices.Clone(s.IDs)
	for i, id := range s.IDs {
		if w.In.Called != nil {
			all[i] = w.In.Called(id)
		}
		of[all[i]] = id
	}
	ids := Draw(raw, all, s.Size)
	w.Para(fmt.Sprintf("Drawn for a reader to follow up by hand: %s of %s. The ids of the population are put in the order of their HMAC-SHA-256 under a seed, and the first are taken. The seed is the SHA-256 "+
		"of the population itself, which is on file below and signed with the pack, so that whoever made the report could not choose it without changing the population.", Plural(len(ids), s.What), Number(len(s.IDs))))
	w.Pairs(34, document.Pair{Label: "Population", Value: s.Annex}, document.Pair{Label: "Seed", Value: seed, Mono: true}, document.Pair{Label: "Size", Value: Number(len(ids)) + " of " + Number(len(s.IDs))})
	w.Para("To draw it again, in the unpacked pack:")
	w.Add(document.Paragraph{Style: document.Mono, Text: strings.Join([]string{
		FirstColumn(s.Annex) + " \\",
		"  | sort -u | while read -r id; do",
		"  printf '%s %s\\n' \"$(printf %s \"$id\" | openssl dgst -sha256 -mac HMAC \\",
		"    -macopt hexkey:" + seed + " \\",
		fmt.Sprintf("    | sed 's/.* //')\" \"$id\"; done | LC_ALL=C sort | head -n %d | cut -d' ' -f2", len(ids)),
	}, "\n")})
	t := document.Table{Columns: append(append([]document.Column{{Title: "No.", Share: 7, Align: 'R'}, {Title: "Id", Share: 18, Whole: true}}, columns...), document.Column{Title: "Agreed", Share: 12, Align: 'C'},
		document.Column{Title: "Remark", Share: 22})}
	for i, id := range ids {
		cells := append([]document.Cell{{Text: Number(i + 1)}, {Text: id}}, row(of[id])...)
		t.Rows = append(t.Rows, append(cells, document.Cell{Tick: true}, document.Cell{}))
	}
	w.Table("The sample", t)
}
