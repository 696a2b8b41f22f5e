package reports

import (
	"bytes"
	"context"
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// update rewrites the golden files: go test ./reports -update.
var update = flag.Bool("update", false, "rewrite the golden files")

// TestMain lets the test binary render in another process.
func TestMain(m *testing.M) {
	if dir := os.Getenv("REPORTS_CHILD_DIR"); dir != "" {
		os.Exit(renderChild(dir))
	}
	os.Exit(m.Run())
}

// tool runs a program of poppler, qpdf or mupdf. Without it the test is skipped, but fails in CI.
func tool(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing, and CI must not skip", name)
		}
		t.Skipf("%s is not installed (poppler-utils, qpdf, mupdf-tools)", name)
	}
	var out, errs bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, errs.String())
	}
	return out.Bytes()
}

// render writes the pack of a shape into a temporary folder.
func render(t *testing.T, s shape) (*fixture, Pack) {
	t.Helper()
	f := newFixture(t, s)
	p, err := Write(t.Context(), f.job(), f.ev, f, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return f, p
}

// pageText is the text of each page as it is laid out.
func pageText(t *testing.T, pdf string) []string {
	t.Helper()
	pages := strings.Split(string(tool(t, "pdftotext", "-layout", pdf, "-")), "\f")
	return pages[:len(pages)-1]
}

// word is one word on a page with its box, in points.
type word struct {
	Text string  `xml:",chardata"`
	X1   float64 `xml:"xMin,attr"`
	Y1   float64 `xml:"yMin,attr"`
	X2   float64 `xml:"xMax,attr"`
	Y2   float64 `xml:"yMax,attr"`
}

// words reads where every word of a document stands.
func words(t *testing.T, pdf string) (pages [][]word) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "words.html")
	tool(t, "pdftotext", "-bbox", pdf, out)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	dec := xml.NewDecoder(strings.NewReader(strings.ToValidUTF8(string(text), "?")))
	dec.Strict, dec.Entity = false, xml.HTMLEntity
	for {
		token, err := dec.Token()
		if err != nil {
			return pages
		}
		start, ok := token.(xml.StartElement)
		switch {
		case ok && start.Name.Local == "page":
			pages = append(pages, nil)
		case ok && start.Name.Local == "word":
			var w word
			if err := dec.DecodeElement(&w, &start); err != nil {
				t.Fatal(err)
			}
			pages[len(pages)-1] = append(pages[len(pages)-1], w)
		}
	}
}

// outlineEntry is a bookmark.
type outlineEntry struct {
	title string
	page  int
}

func outline(t *testing.T, pdf string) (out []outlineEntry) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(string(tool(t, "mutool", "show", pdf, "outline"))), "\n") {
		_, rest, ok := strings.Cut(line, `"`)
		title, rest, ok2 := strings.Cut(rest, "\"\t#page=")
		number, _, ok3 := strings.Cut(rest, "&")
		page, err := strconv.Atoi(number)
		if !ok || !ok2 || !ok3 || err != nil {
			t.Fatalf("outline line %q", line)
		}
		out = append(out, outlineEntry{title, page})
	}
	return out
}

// renderChild renders the fixture named by the environment and prints the digest.
func renderChild(dir string) int {
	f := newFixture(childTB{dir: dir}, shape{findings: 60, incomplete: true, hostile: true})
	p, err := Write(context.Background(), f.job(), f.ev, f, dir)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(p.Digest)
	return 0
}

// childTB is what a fixture needs of a test outside of one.
type childTB struct {
	testing.TB
	dir string
}

func (c childTB) Helper()                  {}
func (c childTB) Context() context.Context { return context.Background() }
func (c childTB) TempDir() string          { return c.dir }
func (c childTB) Fatal(args ...any) {
	fmt.Println(args...)
	os.Exit(1)
}
