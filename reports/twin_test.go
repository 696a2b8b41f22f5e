package reports

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"muster/reports/pack"
)

// twin is the HTML of a pack.
func twin(t *testing.T, p Pack) string {
	t.Helper()
	return string(unzip(t, p.ZipPath)[pack.HTMLFile])
}

// TestTwinSaysWhatThePDFSays: every heading of the PDF's outline is a heading of the page and a line of its contents, in order, and what stands in
// the cells of the PDF stands in the page.
func TestTwinSaysWhatThePDFSays(t *testing.T) {
	for name, s := range shapes() {
		t.Run(name, func(t *testing.T) {
			f, p := render(t, s)
			page := twin(t, p)
			headings := regexp.MustCompile(`<h[23] id="(h\d+)">(.*?)</h[23]>`).FindAllStringSubmatch(page, -1)
			lines := regexp.MustCompile(`<li><a href="#(h\d+)">(.*?)</a>`).FindAllStringSubmatch(page, -1)
			marks := outline(t, p.PDFPath)
			if len(headings) != len(marks) || len(lines) != len(marks) {
				t.Fatalf("%d headings and %d lines of contents, the PDF has %d bookmarks", len(headings), len(lines), len(marks))
			}
			for i, mark := range marks {
				if html.UnescapeString(headings[i][2]) != mark.title || headings[i][2] != lines[i][2] || headings[i][1] != lines[i][1] {
					t.Errorf("heading %q, contents %q, bookmark %q", headings[i], lines[i], mark.title)
				}
			}
			said := html.UnescapeString(page)
			for _, x := range f.findings {
				if !strings.Contains(said, x.ID) {
					t.Errorf("the page lacks %s", x.ID)
				}
			}
			for _, want := range []string{f.ev.Run.ID, f.ev.Ledger.VerifierKey, p.ID, f.ev.Run.RulesDigest, f.ev.Sources[0].System.Tonight.Digest} {
				if !strings.Contains(said, want) {
					t.Errorf("the page lacks %q", want)
				}
			}
		})
	}
}

// TestTwinIsWellFormed: the page parses to its end, nothing in it runs or fetches, every link leads to a place in it.
func TestTwinIsWellFormed(t *testing.T) {
	for name, s := range shapes() {
		_, p := render(t, s)
		page := twin(t, p)
		for dec := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(page, "<!DOCTYPE html>\n"))); ; {
			token, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if e, ok := token.(xml.StartElement); ok {
				if regexp.MustCompile(`^(script|iframe|object|embed|form|base|link|img|image|use)$`).MatchString(e.Name.Local) {
					t.Errorf("%s: <%s>", name, e.Name.Local)
				}
				for _, a := range e.Attr {
					if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "style" || a.Name.Local == "src" {
						t.Errorf("%s: <%s %s>", name, e.Name.Local, a.Name.Local)
					}
				}
			}
		}
		links := 0
		for _, m := range regexp.MustCompile(`href="(.*?)"`).FindAllStringSubmatch(page, -1) {
			if links++; !strings.HasPrefix(m[1], "#") || !strings.Contains(page, ` id="`+m[1][1:]+`"`) {
				t.Errorf("%s: a link to %q", name, m[1])
			}
		}
		if links < 30 {
			t.Errorf("%s: only %d links", name, links)
		}
	}
}

// TestTwinIsAccessible opens the pages in Chromium, in light and dark, wide and narrow: axe-core finds nothing, nothing is fetched or run. A page
// that is spoilt on purpose shows that the check can fail.
func TestTwinIsAccessible(t *testing.T) {
	folder := filepath.Join("html", "axe")
	missing := ""
	for _, name := range []string{"node", "chromium"} {
		if _, err := exec.LookPath(name); err != nil {
			missing = name
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json")); err != nil {
		missing = "axe-core"
	}
	if missing != "" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing, and CI must not skip", missing)
		}
		t.Skipf("%s is not installed (.ci/setup does)", missing)
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	dir, args := t.TempDir(), []string{filepath.Join(folder, "check.mjs"), chromium}
	save := func(name, page string) {
		path := filepath.Join(dir, name+".html")
		if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	_, normal := render(t, shape{findings: 40})
	_, hostile := render(t, shape{findings: 60, incomplete: true, hostile: true})
	save("normal", twin(t, normal))
	save("hostile", twin(t, hostile))
	spoilt := strings.NewReplacer(`<html lang="en">`, "<html>", "</main>", `<img src="x.png"><p onclick="x()">x</p></main>`).Replace(twin(t, normal))
	save("spoilt", spoilt)
	found := map[string]accessibility{}
	for _, line := range strings.Split(strings.TrimSpace(string(tool(t, "node", args...))), "\n") {
		var r accessibility
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		found[strings.TrimSuffix(filepath.Base(r.Page), ".html")] = r
	}
	for _, name := range []string{"normal", "hostile"} {
		r := found[name]
		if r.Passes < 60 || len(r.Violations)+len(r.Requests)+len(r.Dialogs)+len(r.Errors)+r.Scripts+r.Handlers > 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := found["spoilt"]; len(r.Violations) < 2 || r.Scripts == 0 || r.Handlers == 0 {
		t.Errorf("the check does not see what is spoilt: %+v", r)
	}
}

// accessibility is what check.mjs says of a page.
type accessibility struct {
	Page                                  string
	Violations, Requests, Dialogs, Errors []string
	Passes, Scripts, Handlers             int
}
