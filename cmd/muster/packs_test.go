package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"muster/cmd/muster/cli"
	"muster/internal/reconcile/reperform"
	"muster/reports/oscal"
	"muster/reports/pack"
)

// acme is the demo organisation in a folder of its own, after a night and a campaign; its commands run in a process of their own.
func acme(t *testing.T) *org {
	t.Helper()
	t.Setenv("MUSTER_ENGINE_LIB", library(t))
	o := &org{t: t, dir: filepath.Join(t.TempDir(), "acme"), exe: program(t)}
	if err := os.CopyFS(o.dir, os.DirFS("../../examples/acme")); err != nil {
		t.Fatal(err)
	}
	o.edit("muster.yaml", func(s string) string {
		return strings.Replace(s, "data_dir: ../../.muster/acme", "data_dir: .muster", 1)
	})
	o.nightly(cli.ExitClean)
	campaign := "name: Quarter\nowner: W-00001\nscope: entitlement.privileged && account.enabled && system.name == \"erp\"\nreviewers: [manager, owner, security]\nsilence: keep\ndue: 14d\n"
	if err := os.WriteFile(filepath.Join(o.dir, "quarter.yaml"), []byte(campaign), 0o600); err != nil {
		t.Fatal(err)
	}
	o.may("review", "create", filepath.Join(o.dir, "quarter.yaml"))
	o.may("review", "assign", "Quarter")
	o.decideSome()
	o.may("review", "close", "Quarter", "--early")
	return o
}

// may runs a command that may end clean or say that something is left.
func (o *org) may(args ...string) string {
	o.t.Helper()
	code, stdout, stderr := o.muster(args...)
	if code != cli.ExitClean && code != cli.ExitIncomplete {
		o.t.Fatalf("%q ended with %d\n%s\n%s", args, code, stdout, stderr)
	}
	return stdout
}

// decideSome lets one reviewer keep some items and revoke one, by a token.
func (o *org) decideSome() {
	o.t.Helper()
	var items []struct {
		ID        string `json:"id"`
		Findings  []string
		Reviewers []struct {
			Person string `json:"person"`
		} `json:"reviewers"`
	}
	if err := json.Unmarshal([]byte(o.may("review", "list", "Quarter", "-o", "json")), &items); err != nil {
		o.t.Fatal(err)
	}
	who, mine := "", []string{}
	for _, i := range items {
		if len(i.Reviewers) == 0 {
			continue
		}
		if who == "" {
			who = i.Reviewers[0].Person
		}
		if i.Reviewers[0].Person == who {
			mine = append(mine, i.ID)
		}
	}
	if len(mine) < 2 {
		o.t.Fatalf("the first reviewer, %q, has %d items of %d", who, len(mine), len(items))
	}
	token := regexp.MustCompile(`[A-Za-z0-9._~-]{20,}`).FindString(o.may("review", "token", "Quarter", who))
	o.may("review", "decide", "revoke", mine[0], "--token", token, "--reason", "not needed for the work any more")
	o.may(append([]string{"review", "decide", "keep", "--token", token, "--reason", "needed for month-end"}, mine[1:]...)...)
}

// kinds are the six packs with what they are asked for.
func kinds() [][]string {
	return [][]string{{"reconciliation"}, {"access-review", "--campaign", "Quarter"}, {"terminations", "--period", "2026-Q4"}, {"sod"},
		{"person", "--person", "W-00560"}, {"controls", "--period", "2026-Q4"}}
}

// report renders one pack into a folder and gives its path.
func (o *org) report(dir string, args ...string) string {
	o.t.Helper()
	o.may(append([]string{"report", args[0], "--out", dir}, args[1:]...)...)
	found, err := filepath.Glob(filepath.Join(dir, "*-"+args[0]+"*.zip"))
	if err != nil || len(found) != 1 {
		o.t.Fatalf("%s: %v %v", args[0], found, err)
	}
	return found[0]
}

// TestSixPacksOfTheAcmeRun renders every kind of pack of the demo organisation, twice, and lets others' tools look at each.
func TestSixPacksOfTheAcmeRun(t *testing.T) {
	for _, tool := range []string{"qpdf", "pdfsig", "pdftotext", "mutool", "jq", "openssl", "node", "chromium"} {
		if _, err := exec.LookPath(tool); err != nil {
			need(t, tool+" is not installed (.ci/setup does)")
		}
	}
	o := acme(t)
	first := map[string]string{}
	for _, k := range kinds() {
		first[k[0]] = o.report(filepath.Join(t.TempDir(), k[0]), k...)
	}
	another := t.TempDir()
	later := &cli.App{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Version: "another", ConfigFile: filepath.Join(o.dir, "muster.yaml"),
		Now: func() time.Time { return time.Now().AddDate(0, 0, 40) }}
	o.again(later, another)
	o.answers(first)
	nowhere := t.TempDir()
	if err := os.Rename(filepath.Join(o.dir, ".muster"), filepath.Join(nowhere, "moved")); err != nil { // verified without a data folder
		t.Fatal(err)
	}
	pages, all := []string{}, t
	for _, k := range kinds() {
		t.Run(k[0], func(t *testing.T) {
			path := first[k[0]]
			one, err := os.ReadFile(path)
			two, err2 := os.ReadFile(filepath.Join(another, filepath.Base(path)))
			if err != nil || err2 != nil || !bytes.Equal(one, two) {
				t.Errorf("rendered in another process and forty days later it is not the same: %v %v\n%s", err, err2, unlike(spread(t, path), spread(t, filepath.Join(another, filepath.Base(path)))))
			}
			begin := time.Now()
			rep, err := reperform.Verify(t.Context(), path, "")
			if err != nil {
				t.Fatalf("%v\n%+v", err, rep.Steps)
			}
			if part := k[0] == "person"; rep.OK() == part || part != strings.Contains(rep.Summary(), "the pack holds one person of the run") {
				t.Errorf("it is %s", rep.Summary())
			}
			last := rep.Steps[len(rep.Steps)-1]
			t.Logf("verified in %s: %s", time.Since(begin).Round(time.Millisecond), strings.Join(last.Details, "; "))
			if !strings.Contains(strings.Join(last.Details, " "), ", 0 differ") {
				t.Errorf("not performed again: %v", last.Details)
			}
			folder := spread(all, path) // the twins are looked at when all are there
			pdf := filepath.Join(folder, pack.ReportFile)
			if out := output(t, "qpdf", "--check", pdf); !strings.Contains(out, "No syntax or stream encoding errors") {
				t.Errorf("qpdf: %s", out)
			}
			if out := output(t, "pdfsig", pdf); !strings.Contains(out, "Signature is Valid") || !strings.Contains(out, "Total document signed") {
				t.Errorf("pdfsig: %s", out)
			}
			outline(t, pdf, filepath.Join(folder, pack.HTMLFile))
			guide(t, folder)
			conforms(t, filepath.Join(folder, oscal.FileName))
			pages = append(pages, filepath.Join(folder, pack.HTMLFile))
		})
	}
	t.Run("twins", func(t *testing.T) { accessible(t, pages) })
}

// answers takes every row of docs/auditors.md at its word: the chapters are in the packs, the commands run and say something.
func (o *org) answers(packs map[string]string) {
	o.t.Helper()
	text, err := os.ReadFile("../../docs/auditors.md")
	if err != nil {
		o.t.Fatal(err)
	}
	pages := map[string]string{}
	for kind, path := range packs {
		page, err := os.ReadFile(filepath.Join(spread(o.t, path), pack.HTMLFile))
		if err != nil {
			o.t.Fatal(err)
		}
		pages[kind] = string(page)
	}
	words := strings.NewReplacer("PERSON", "W-00560", "PACK", packs["reconciliation"], "DIR", o.t.TempDir(), "CAMPAIGN", "Quarter", "FINDING", o.findings()[0].ID,
		"LEDGER", filepath.Join(o.dir, ".muster", "ledger"))
	rows := regexp.MustCompile("(?m)^\\| ([^|]+\\?|[^|]+\\.) \\| ([^|]+) \\| `muster ([^|]+)` \\|$").FindAllStringSubmatch(string(text), -1)
	if want := strings.Count(string(text), "\n|") - 2; len(rows) != want || want < 20 {
		o.t.Errorf("%d of %d rows can be read", len(rows), want)
	}
	for _, r := range rows {
		for _, place := range strings.Split(r[2], "; ") {
			kind, chapter, ok := strings.Cut(place, ": ")
			if page := pages[strings.Trim(kind, "`")]; !ok || !regexp.MustCompile(`<h[23][^>]*>`+regexp.QuoteMeta(chapter)+`<`).MatchString(page) {
				o.t.Errorf("%s: there is no chapter %q in the %s pack", r[1], chapter, kind)
			}
		}
		var args []string
		for _, a := range strings.Fields(r[3]) {
			args = append(args, words.Replace(a))
		}
		if code, stdout, stderr := o.muster(args...); code != cli.ExitClean && code != cli.ExitFindings && code != cli.ExitIncomplete || stdout+stderr == "" {
			o.t.Errorf("%s: muster %v ended with %d\n%s\n%s", r[1], args, code, stdout, stderr)
		}
	}
}

// again renders every kind in this process, by another clock.
func (o *org) again(a *cli.App, dir string) {
	o.t.Helper()
	s, err := a.Open(o.t.Context(), true)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			o.t.Error(err)
		}
	}()
	run, err := s.Runner.Completed(o.t.Context(), "")
	if err != nil {
		o.t.Fatal(err)
	}
	job, err := s.Runner.ReportJob(o.t.Context(), run)
	all := []reported{{run: run, job: job}}
	for _, k := range reportKinds() {
		g, gerr := ground(o.t.Context(), s, run)
		r, rerr := k.gather(o.t.Context(), s, g, asked{campaign: "Quarter", period: "2026-Q4", person: "W-00560"})
		if gerr != nil || rerr != nil || err != nil {
			o.t.Fatal(k.name, err, gerr, rerr)
		}
		all = append(all, r)
	}
	for _, r := range all {
		if _, err := s.Runner.Pack(o.t.Context(), r.run, r.job, r.narrow, dir); err != nil {
			o.t.Fatal(err)
		}
	}
}

func spread(t testing.TB, path string) string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }() // it was only read
	folder := t.TempDir()
	if err := os.CopyFS(folder, &z.Reader); err != nil {
		t.Fatal(err)
	}
	return folder
}

// unlike names the files of two folders that are not the same, each with the first place.
func unlike(a, b string) string {
	var out []string
	_ = filepath.WalkDir(a, func(path string, e fs.DirEntry, err error) error { // what cannot be read is unlike
		if err != nil || e.IsDir() {
			return err
		}
		name, _ := filepath.Rel(a, path)
		x, _ := os.ReadFile(path)
		y, _ := os.ReadFile(filepath.Join(b, name))
		if bytes.Equal(x, y) {
			return nil
		}
		at := 0
		for at < min(len(x), len(y)) && x[at] == y[at] {
			at++
		}
		part := func(s []byte) string { return fmt.Sprintf("%q", s[max(0, at-60):min(len(s), at+120)]) }
		out = append(out, fmt.Sprintf("%s at %d:\n  %s\n  %s", name, at, part(x), part(y)))
		return nil
	})
	return strings.Join(out, "\n")
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// outline wants every bookmark to lead to a page that has its words, and the twin to have the same headings.
func outline(t *testing.T, pdf, twin string) {
	t.Helper()
	page, err := os.ReadFile(twin)
	if err != nil {
		t.Fatal(err)
	}
	bare := func(s string) string { return strings.Join(strings.Fields(s), "") }
	pages := strings.Split(output(t, "pdftotext", "-layout", pdf, "-"), "\f")
	marks := regexp.MustCompile(`(?m)^[|+-]\s+"(.*)"\s+#page=(\d+)`).FindAllStringSubmatch(output(t, "mutool", "show", pdf, "outline"), -1)
	if len(marks) < 8 {
		t.Errorf("only %d bookmarks", len(marks))
	}
	text := bare(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(string(page), ""))
	for _, m := range marks {
		n := 0
		for _, d := range m[2] {
			n = n*10 + int(d-'0')
		}
		if n < 1 || n > len(pages) || !strings.Contains(bare(pages[n-1]), bare(m[1])) {
			t.Errorf("the bookmark %q leads to page %d, which does not have it", m[1], n)
		}
		if !strings.Contains(text, bare(strings.NewReplacer("&", "&amp;", "'", "&#39;", "<", "&lt;").Replace(m[1]))) {
			t.Errorf("the twin lacks the heading %q", m[1])
		}
	}
	if len(pages) > 201 {
		t.Errorf("the report has %d pages", len(pages)-1)
	}
}

// guide runs the blocks of VERIFY.md in the unpacked folder.
func guide(t *testing.T, folder string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, pack.GuideFile))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) != 6 {
		t.Errorf("the guide has %d blocks", len(blocks))
	}
	for i, b := range blocks {
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", string(b[1]))
		cmd.Dir = folder
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "ok: ") {
			t.Errorf("block %d of VERIFY.md: %v\n%s", i+1, err, out)
		}
	}
}

// conforms holds OSCAL to NIST's schema.
func conforms(t *testing.T, path string) {
	t.Helper()
	read := func(path string) any {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }() // it was only read
		doc, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	c := jsonschema.NewCompiler()
	const at = "http://csrc.nist.gov/ns/oscal/1.1.2/oscal-ar-schema.json"
	doc := read("../../reports/oscal/testdata/oscal_assessment-results_schema.json")
	beside(doc)
	if err := c.AddResource(at, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(at)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(read(path)); err != nil {
		t.Errorf("OSCAL: %v", err)
	}
}

// beside moves a $ref that has an $id beside it into an allOf, which means the same; draft 7 has readers ignore what stands beside a $ref.
func beside(node any) {
	switch x := node.(type) {
	case map[string]any:
		if ref, ok := x["$ref"]; ok && x["$id"] != nil {
			delete(x, "$ref")
			x["allOf"] = []any{map[string]any{"$ref": ref}}
		}
		for _, sub := range x {
			beside(sub)
		}
	case []any:
		for _, sub := range x {
			beside(sub)
		}
	}
}

// accessible lets axe-core look at the twins in Chromium.
func accessible(t *testing.T, pages []string) {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", append([]string{"../../reports/html/axe/check.mjs", chromium}, pages...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("axe: %v %s", err, out)
	}
	lines := slices.DeleteFunc(strings.Split(string(out), "\n"), func(l string) bool { return l == "" })
	if len(lines) != len(pages) || len(pages) != len(kinds()) {
		t.Errorf("axe looked at %d of %d pages", len(lines), len(pages))
	}
	for _, line := range lines {
		var r struct {
			Page                                  string
			Violations, Requests, Dialogs, Errors []string
			Passes, Scripts, Handlers             int
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Passes < 60 || len(r.Violations)+len(r.Requests)+len(r.Dialogs)+len(r.Errors)+r.Scripts+r.Handlers > 0 {
			t.Errorf("%s: %s", r.Page, strings.Join(slices.Concat(r.Violations, r.Requests, r.Dialogs, r.Errors), "\n"))
		}
	}
}
