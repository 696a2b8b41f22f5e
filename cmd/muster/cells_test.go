package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"muster/cmd/muster/cli"
	"muster/internal/orggen"
	"muster/internal/reconcile/reperform"
	"muster/internal/sheet"
	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/reports/pack/check"
)

// grid is a table of a pack.
type grid [][]string

func (g grid) at(column string) int { return slices.Index(g[0], column) }

// spelt writes a table.
func (g grid) spelt(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	s := sheet.NewTable(&b)
	if err := s.Head(g[0]); err != nil {
		t.Fatal(err)
	}
	for _, row := range g[1:] {
		if err := s.Row(row); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// set changes one column of one row.
func set(row int, column, value string) func(grid) grid {
	return func(g grid) grid {
		g[row][g.at(column)] = value
		return g
	}
}

// add puts a column with one value at a place.
func add(at int, head, value string) func(grid) grid {
	return func(g grid) grid {
		for i := range g {
			g[i] = slices.Insert(g[i], at, map[bool]string{true: head, false: value}[i == 0])
		}
		return g
	}
}

// before puts a forged copy of a row before it.
func before(row int, column, value string) func(grid) grid {
	return func(g grid) grid {
		forged := slices.Clone(g[row])
		forged[g.at(column)] = value
		return slices.Insert(g, row, forged)
	}
}

// TestNoCellOfAPackIsUnread changes what somebody may change who can sign packs: every table is read by exactly its columns, and what follows from others
// is written again.
func TestNoCellOfAPackIsUnread(t *testing.T) {
	o := generate(t, orggen.Options{Persons: 200})
	o.nightly(cli.ExitClean)
	folder := spread(t, o.report(t.TempDir(), "reconciliation"))
	files := fstest.MapFS{}
	for _, glob := range []string{"*", "*/*", "*/*/*"} {
		names, err := filepath.Glob(filepath.Join(folder, glob))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if text, err := os.ReadFile(name); err == nil {
				files[filepath.ToSlash(strings.TrimPrefix(name, folder+"/"))] = &fstest.MapFile{Data: text}
			}
		}
	}
	model, err := evidence.Decode(files[pack.EvidenceFile].Data)
	if err != nil {
		t.Fatal(err)
	}
	if said := differences(t, files, model); len(said) > 0 {
		t.Fatalf("as it is: %q", said)
	}
	type change struct {
		table, what string
		make        func(grid) grid
	}
	changes := []change{
		{"grants", "the name of an entitlement", set(3, "entitlement", "staff")}, {"grants", "a truth spelt otherwise", set(3, "effective", "True")},
		{"accounts", "a second column before the genuine one", add(0, "enabled", "false")},
		{"entitlements", "another system", set(2, "system", "vpn")}, {"accounts", "another snapshot", set(2, "snapshot_id", "S-1")}, {"entitlements", "another snapshot", set(2, "snapshot_id", "S-1")},
		{"grants", "another snapshot", set(2, "snapshot_id", "S-1")}, {"persons", "another snapshot", set(2, "snapshot_id", "S-1")}, {"links", "another snapshot", set(2, "snapshot_id", "S-1")},
		{"expectations", "until when", set(2, "until_ms", "[1893456000000]")}, {"expectations", "a list spelt otherwise", set(2, "until_ms", "[ null]")},
		{"profiles", "values", func(g grid) grid {
			i := g.at("values")
			g[2][i] = strings.Replace(g[2][i], `"`, `"x`, 1)
			return g
		}},
		{"profiles", "fields", set(2, "fields", `["department"]`)}, {"persons", "no profile", set(2, "profile", "")}, {"persons", "another's profile", func(g grid) grid {
			i := g.at("profile")
			at := slices.IndexFunc(g[2:], func(row []string) bool { return row[i] != g[1][i] })
			g[1][i] = g[2+at][i]
			return g
		}},
		{"links", "a row before the genuine one", before(2, "person_id", "W-00001")}, {"expectations", "a row before the genuine one", before(2, "basis", `["bundle made-up"]`)},
		{"previous", "a row before the genuine one", before(2, "held", "99")}, {"profiles", "a row before the genuine one", before(2, "persons", "99")}, {"links", "rows in another order", func(g grid) grid { g[2], g[3] = g[3], g[2]; return g }},
		{"rejections", "a rejection of a snapshot that nobody read", func(g grid) grid { return append(g, []string{"S-1", "account", "row 1", "made up"}) }},
		{"rejections", "a rejection that was none", func(g grid) grid {
			return append(g, []string{model.Sources[1].Tonight.ID, "account", "row 1", "made up"})
		}},
	}
	for _, table := range evidence.Tables() {
		changes = append(changes, change{table, "an invented column", add(1, "approved_by_audit", "yes")})
	}
	for _, c := range changes {
		file := pack.AnnexFolder + c.table + ".csv"
		changed := fstest.MapFS{}
		for name, f := range files {
			changed[name] = f
		}
		var g grid
		in := sheet.NewReader(bytes.NewReader(files[file].Data))
		for row, err := in.Read(); err == nil; row, err = in.Read() {
			g = append(g, slices.Clone(row))
		}
		changed[file] = &fstest.MapFile{Data: c.make(g).spelt(t)}
		one, two := differences(t, changed, model), differences(t, changed, model)
		if !strings.Contains(strings.Join(one, "\n"), file) || !slices.Equal(one, two) {
			t.Errorf("%s, %s: %q\nagain: %q", c.table, c.what, one, two)
		}
	}
	if n := len(differences(t, falsified(files), model)); n < 20 || n > 30 {
		t.Errorf("of very many differences %d are told", n)
	}
}

// differences are what the steps of a re-performance say against a pack.
func differences(t *testing.T, files fstest.MapFS, model evidence.File) (out []string) {
	t.Helper()
	for _, s := range reperform.Steps(t.Context(), files, model) {
		if s.State == check.Differs {
			out = append(out, s.Details...)
		}
	}
	return out
}

// falsified gives every account another link.
func falsified(files fstest.MapFS) fstest.MapFS {
	out := fstest.MapFS{}
	for name, f := range files {
		out[name] = f
	}
	const links = pack.AnnexFolder + "links.csv"
	out[links] = &fstest.MapFile{Data: bytes.ReplaceAll(files[links].Data, []byte(",linked,"), []byte(",disputed,"))}
	return out
}

// TestFindingsThatStoodComeOnce: a forged row before the genuine one is not overlooked.
func TestFindingsThatStoodComeOnce(t *testing.T) {
	o := generate(t, orggen.Options{Persons: 200})
	o.nightly(cli.ExitClean)
	o.nightly(cli.ExitClean)
	folder := spread(t, o.report(t.TempDir(), "reconciliation"))
	rows := grid{}
	text, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(pack.BeforeAnnex)))
	if err != nil {
		t.Fatal(err)
	}
	in := sheet.NewReader(bytes.NewReader(text))
	for row, err := in.Read(); err == nil; row, err = in.Read() {
		rows = append(rows, slices.Clone(row))
	}
	if err := os.WriteFile(filepath.Join(folder, filepath.FromSlash(pack.BeforeAnnex)), before(1, "severity", "info")(rows).spelt(t), 0o600); err != nil {
		t.Fatal(err)
	}
	model, err := os.ReadFile(filepath.Join(folder, pack.EvidenceFile))
	if err != nil {
		t.Fatal(err)
	}
	file, err := evidence.Decode(model)
	if err != nil {
		t.Fatal(err)
	}
	said := ""
	for _, s := range reperform.Steps(t.Context(), os.DirFS(folder), file) {
		if s.State == check.Differs {
			said += fmt.Sprintln(s.Details)
		}
	}
	if !strings.Contains(said, pack.BeforeAnnex) || !strings.Contains(said, "is in it twice") {
		t.Errorf("it says %q", said)
	}
}
