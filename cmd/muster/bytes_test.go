package main

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"muster/cmd/muster/cli"
	"muster/internal/octets"
	"muster/internal/sheet"
)

// foreign is an organisation whose sources say what is not UTF-8: names, attributes and addresses in Latin-1, one address in two systems, and
// two that differ in such a byte alone.
func foreign(t *testing.T) *org {
	o := small(t)
	o.replace("muster.yaml", "path: workers.csv,", "path: workers.csv, attributes: {site: location},")
	o.edit("muster.yaml", func(s string) string {
		return strings.Replace(s, "linking:", "  - {name: saas, collector: scim, shrink_percent: 40, settings: {dump: saas}}\nsod: sod.yaml\nlinking:", 1)
	})
	o.replace("workers.csv", "Bob Two", "Bob K\xf6ln ⟦F6⟧")
	o.replace("workers.csv", ",Ops,7,,,employee,terminated", ",Gr\xf6\xdfe,7,,\xff\xfe,employee,terminated")
	o.replace("workers.csv", "di@acme.example", "d\xef@acme.example")
	o.replace("vpn.csv", "di@acme.example", "d\xef@acme.example")
	o.replace("vpn.csv", "ghost@acme.example", "d\xee@acme.example")
	if err := os.Mkdir(filepath.Join(o.dir, "saas"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"sod.yaml": `functions: {use: {title: Use, entitlements: {vpn: [users]}}, dig: {title: Dig, entitlements: {vpn: [extra]}}}
conflicts: [{id: use-dig, title: Use and dig, functions: [use, dig], severity: high, controls: ["SOC2 CC6.3"]}]
`,
		"quarter.yaml":     "name: Quarter\nowner: W-1\nscope: account.enabled && system.name == \"vpn\"\nreviewers: [manager]\nsilence: keep\ndue: 14d\n",
		"saas/Users.json":  "{\"totalResults\":1,\"Resources\":[{\"id\":\"1\",\"userName\":\"ann\",\"displayName\":\"Ann \xd6ne \\u27e6D6\\u27e7\",\"title\":\"\\ud800\",\"emails\":[{\"value\":\"ann@acme.example\"}]}]}",
		"saas/Groups.json": `{"totalResults":0,"Resources":[]}`,
	} {
		if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// cells are the columns of an annex, with every byte that the source had.
func cells(t *testing.T, pack, annex string) map[string][]string {
	t.Helper()
	r, err := zip.OpenReader(pack)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := r.Open("annexes/" + annex)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table := sheet.NewReader(f)
	head, err := table.Read()
	head = slices.Clone(head)
	out := map[string][]string{}
	for err == nil {
		var row []string
		if row, err = table.Read(); err == nil {
			for i, cell := range row {
				if !utf8.ValidString(cell) {
					t.Errorf("%s: %q is not UTF-8", annex, cell)
				}
				out[head[i]] = append(out[head[i]], octets.Decode(cell))
			}
		}
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	return out
}

// TestBytesThatAreNotUTF8ComeOutOfThePack: every pack of sources that hold them renders and verifies, its run comes out of it again, and its
// tables give every byte back.
func TestBytesThatAreNotUTF8ComeOutOfThePack(t *testing.T) {
	o := foreign(t)
	night := packLine.FindStringSubmatch(o.nightly(cli.ExitClean))[1]
	all := o.states()
	for _, key := range []string{"leaver-active vpn/cy", "orphaned-account vpn/ghost", "privilege-creep vpn/bob extra", "missing-access vpn/W-4 users"} {
		if all[key].ID == "" {
			t.Errorf("no finding %s: %v", key, all)
		}
	}
	for _, want := range []struct{ annex, column, text string }{
		{"persons.csv", "display_name", "Bob K\xf6ln ⟦F6⟧"},
		{"persons.csv", "email", "d\xef@acme.example"},
		{"persons.csv", "department", "Gr\xf6\xdfe"},
		{"persons.csv", "location", "\xff\xfe"},
		{"persons.csv", "attributes", "{\"site\":\"\xff\xfe\"}"},
		{"accounts.csv", "email", "d\xee@acme.example"},
		{"accounts.csv", "email", "d\xef@acme.example"},
		{"accounts.csv", "owner_ref", "d\xef@acme.example"},
		{"accounts.csv", "display_name", "Ann \xd6ne ⟦D6⟧"},
		{"accounts.csv", "attributes", "{\"title\":\"\xed\xa0\x80\"}"},
	} {
		if have := cells(t, night, want.annex)[want.column]; !slices.Contains(have, want.text) {
			t.Errorf("%s: %s is %q, want %q among them", want.annex, want.column, have, want.text)
		}
	}
	o.may("review", "create", filepath.Join(o.dir, "quarter.yaml"))
	o.may("review", "assign", "Quarter")
	o.may("review", "close", "Quarter", "--early")
	for _, kind := range [][]string{{"reconciliation", "--redact"}, {"access-review", "--campaign", "Quarter"}, {"terminations", "--period", "2026-Q4"}, {"sod"}, {"person", "--person", "W-2"}, {"controls", "--period", "2026-Q4"}} {
		pack := o.report(filepath.Join(t.TempDir(), kind[0]), kind...)
		out := o.ok(partly(kind), "verify", pack, "--ledger", filepath.Join(o.dir, ".muster/ledger"))
		if redacted := slices.Contains(kind, "--redact"); !redacted && !strings.Contains(flat(out), " 0 differ") { // with pseudonyms it is not performed
			t.Errorf("%s: %s", kind[0], out)
		} else if names := cells(t, pack, "findings.csv")["person_name"]; redacted && (len(names) < 6 || strings.Contains(strings.Join(names, "\n"), "K\xf6ln")) {
			t.Errorf("the pack for outside names %q", names)
		}
	}
	o.at("2026-11-23")
	o.refused(t)
}

// refused lets sources give ids and names that are not UTF-8: each is told with its bytes, and nothing is concluded from their absence.
func (o *org) refused(t *testing.T) {
	o.edit("vpn.csv", func(s string) string {
		return strings.Replace(s, "1,ann,", "1,\xe4nn,", 1) + "\xff7,x,,,human,true,users\n"
	})
	o.edit("saas/Users.json", func(s string) string {
		return strings.Replace(s, `"totalResults":1,"Resources":[`, "\"totalResults\":2,\"Resources\":[{\"id\":\"\xf6\",\"userName\":\"bob\"},", 1)
	})
	out := o.nightly(cli.ExitIncomplete)
	reasons := strings.Join(cells(t, packLine.FindStringSubmatch(out)[1], "rejections.csv")["reason"], "\n")
	for _, want := range []string{"the account name \"\xe4nn\" is not UTF-8", "the account id \"\xff7\" is not UTF-8", "the account id \"\xf6\" is not UTF-8"} {
		if !strings.Contains(reasons, want) {
			t.Errorf("the rejections are %q, want %q among them", reasons, want)
		}
	}
	if f := o.states()["leaver-active vpn/cy"]; f.ID == "" || !utf8.ValidString(f.Message) {
		t.Errorf("the leaver is %+v", f)
	}
}

// partly is how the verification of a pack ends: one with pseudonyms cannot be checked whole.
func partly(report []string) int {
	if slices.Contains(report, "--redact") {
		return cli.ExitIncomplete
	}
	return cli.ExitClean
}
