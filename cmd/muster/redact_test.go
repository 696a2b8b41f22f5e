package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"muster/cmd/muster/cli"
	"muster/internal/orggen"
	"muster/internal/reconcile/reperform"
	"muster/internal/sheet"
	"muster/reports/pack"
)

// identities are who the organisation's people are: worker ids, addresses and logins, and the first two words of names.
type identities struct{ words, names map[string]bool }

// people reads them from a pack with names.
func people(t *testing.T, folder string) identities {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, "annexes", "persons.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	in := sheet.NewReader(f)
	head, err := in.Read()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, h := range head {
		at[h] = i
	}
	out := identities{map[string]bool{}, map[string]bool{}}
	for {
		row, err := in.Read()
		if err != nil {
			break
		}
		for _, column := range []string{"worker_id", "email", "upn", "username"} {
			if v := strings.ToLower(row[at[column]]); len(v) > 2 {
				out.words[v] = true
			}
		}
		if words := strings.Fields(row[at["display_name"]]); len(words) > 1 {
			out.names[words[0]+" "+words[1]] = true
		}
	}
	if len(out.words) < 300 || len(out.names) < 100 {
		t.Fatalf("only %d identifiers and %d names", len(out.words), len(out.names))
	}
	return out
}

var (
	wordly = regexp.MustCompile(`[\pL\pN][\pL\pN._@+-]*`)
	spaces = regexp.MustCompile(`\s+`)
)

// found lists what of the people is in a text.
func (p identities) found(text string) []string {
	var out []string
	last := ""
	for _, w := range wordly.FindAllString(spaces.ReplaceAllString(text, " "), -1) {
		w = strings.TrimRight(w, ".-_")
		if p.words[strings.ToLower(w)] || p.names[last+" "+w] {
			out = append(out, last+" "+w)
		}
		last = w
	}
	return out
}

// TestPacksForOutsideNameNobody looks into every file of a pack with pseudonyms for everybody's names, ids and addresses.
func TestPacksForOutsideNameNobody(t *testing.T) {
	o := generate(t, orggen.Options{Persons: 200})
	o.nightly(cli.ExitClean)
	named := spread(t, o.report(t.TempDir(), "reconciliation"))
	who := people(t, named)
	if text, err := os.ReadFile(filepath.Join(named, pack.HTMLFile)); err != nil || len(who.found(string(text))) < 50 {
		t.Fatalf("nobody is found where everybody is named: %v", err)
	}
	var pseudonyms []string
	for _, k := range [][]string{{"reconciliation"}, {"terminations", "--period", "2026-Q4"}, {"sod"}, {"person", "--person", "W-00050"}, {"controls", "--period", "2026-Q4"}} {
		t.Run(k[0], func(t *testing.T) {
			dir := t.TempDir()
			o.may(append([]string{"report", k[0], "--redact", "--out", dir}, k[1:]...)...)
			zips, err := filepath.Glob(filepath.Join(dir, "*-redacted.zip"))
			if err != nil || len(zips) != 1 {
				t.Fatal(zips, err)
			}
			if rep, err := reperform.Verify(t.Context(), zips[0], ""); err != nil {
				t.Errorf("%v\n%+v", err, rep.Steps)
			}
			if who.found(filepath.Base(zips[0])) != nil {
				t.Errorf("the file is called %s", filepath.Base(zips[0]))
			}
			folder := spread(t, zips[0])
			err = filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
				if err != nil || e.IsDir() {
					return err
				}
				text, err := os.ReadFile(path)
				if strings.HasSuffix(path, ".pdf") {
					text = []byte(output(t, "pdftotext", path, "-"))
				}
				if found := who.found(string(text)); len(found) > 0 {
					t.Errorf("%s names %d, such as %q", strings.TrimPrefix(path, folder), len(found), found[:min(5, len(found))])
				}
				pseudonyms = append(pseudonyms, regexp.MustCompile(`person-[A-Z2-7]{10}`).FindAllString(string(text), -1)...)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	if len(pseudonyms) < 100 {
		t.Fatalf("only %d pseudonyms", len(pseudonyms))
	}
	if said := o.may("report", "who", pseudonyms[0], "-o", "csv"); !regexp.MustCompile(`W-\d{5}`).MatchString(said) {
		t.Errorf("inside, %s is %s", pseudonyms[0], said)
	}
	if code, _, stderr := o.muster("report", "who", "person-AAAAAAAAAA"); code != cli.ExitError || !strings.Contains(stderr, "HR lists no more") {
		t.Errorf("a pseudonym of nobody: %d %s", code, stderr)
	}
}
