package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"muster/cmd/muster/cli"
	"muster/internal/access"
	"muster/internal/orggen"
	"muster/internal/testserver/postgres"
	"muster/internal/testserver/scimmy"
	"muster/internal/testserver/slapd"
)

// TestLiveServersGiveTheFindingsOfTheFiles loads an organisation on real OpenLDAP, SCIMMY and PostgreSQL servers, collects it from them
// in pages of two sizes, and compares the findings with those of the files and with the answer key.
func TestLiveServersGiveTheFindingsOfTheFiles(t *testing.T) {
	for _, available := range []func() error{slapd.Available, scimmy.Available, postgres.Available} {
		if err := available(); err != nil {
			need(t, err.Error())
		}
	}
	exe := program(t)
	o := generate(t, orggen.Options{Persons: 600})
	o.nightly(cli.ExitClean)
	files := o.findings()
	for _, size := range []int{7, 500} {
		t.Run(fmt.Sprintf("pages of %d", size), func(t *testing.T) {
			dir := t.TempDir()
			out := filepath.Join(dir, "live.json")
			script := fmt.Sprintf(`%q nightly --config "$LAB_CONFIG" --data-dir %q >&2 && %q findings --config "$LAB_CONFIG" --data-dir %q -o json > %q`,
				exe, filepath.Join(dir, "data"), exe, filepath.Join(dir, "data"), out)
			cmd := exec.CommandContext(t.Context(), "go", "run", "./internal/lab", "-org", o.dir, "-dir", filepath.Join(dir, "lab"), "-page-size", fmt.Sprint(size), "-exec", script)
			cmd.Dir = "../.."
			var said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &said, &said
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s", err, said.String())
			}
			text, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			live := decodeFindings(t, string(text))
			o.checkKey(live)
			checkSameNames(t, files, live)
		})
	}
}

// checkSameNames compares findings by what people see of them: the ids of live servers are others than those in the files.
func checkSameNames(t *testing.T, files, live []access.Finding) {
	t.Helper()
	names := func(list []access.Finding) map[string]bool {
		out := map[string]bool{}
		for _, f := range list {
			out[fmt.Sprintf("%s %s/%s %q %s %s: %s", f.Rule, f.System, f.Subject, f.Detail, f.Severity, f.State, f.Message)] = true
		}
		return out
	}
	a, b := names(files), names(live)
	for name := range a {
		if !b[name] {
			t.Errorf("only in the files: %s", name)
		}
	}
	for name := range b {
		if !a[name] {
			t.Errorf("only on the servers: %s", name)
		}
	}
}
