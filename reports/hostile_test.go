package reports

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/reports/document"
	"muster/reports/pdf"
)

// hostileTexts try to run, to break the page, or to look like something else.
func hostileTexts() []string {
	return append(hostileNames(), "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</style></title>", "=cmd|'/c calc'!A1", "{nb} {nb}", "\u202Egpj.exe", "\xff\xfe\x00",
		"\U0001F469\u200D\U0001F4BB", strings.Repeat("Wolfeschlegelsteinhausenberger", 340), strings.Repeat("name ", 2000))
}

// full is a document with a text in every place that takes one.
func full(s string) document.Document {
	cell := document.Cell{Text: s, More: []string{s}, Link: s}
	table := document.Table{Caption: s, Columns: []document.Column{{Title: s, Share: 1}, {Title: s, Share: 2, Whole: true}, {Title: s, Share: 1, Align: 'R'}},
		Rows: [][]document.Cell{{{Text: s, Font: document.Bold}}, {cell, {Text: s, Font: document.Fixed, Fill: 55, Ink: 255}, {Tick: true}}}}
	return document.Document{Kind: s, Title: s, Subtitle: s, Organisation: s, Classification: s, Pack: s, Subject: s, Foot: s, GeneratedBy: s, Created: asOf,
		Cover: document.Cover{Verdict: s, Figures: []document.Figure{{Number: s, Label: s}, {Number: s, Label: s}}, Callouts: []document.Callout{{Title: s, Paras: []string{s}}}, Pairs: []document.Pair{{Label: s, Value: s, Mono: true}}},
		Blocks: []document.Block{document.Heading{Level: 1, Text: s, ID: s, NewPage: true}, document.Paragraph{Text: s}, document.Paragraph{Text: s, Style: document.Mono}, document.Paragraph{Text: s, Style: document.Lead},
			document.List{Items: []string{s}}, document.Callout{Title: s, Paras: []string{s}}, document.Pairs{Pairs: []document.Pair{{Label: s, Value: s}}}, document.Heading{Level: 2, Text: s}, table,
			document.Chart{Title: s, Alt: s, Data: table, Drawing: document.Drawing{Width: 174, Height: 10, Shapes: []document.Shape{document.Label{X: 1, Y: 5, Text: s, Size: 7, Max: 100}}}},
			document.SignOff{Intro: s, Roles: []string{s}}}}
}

// TestEveryPlaceTakesHostileText prints each hostile text in every place of a document: it becomes a whole PDF, and all words stay on their pages.
func TestEveryPlaceTakesHostileText(t *testing.T) {
	for _, s := range hostileTexts() {
		data, pages, err := pdf.Print(full(s))
		if err != nil || pages < 3 {
			t.Errorf("%.30q: %d pages, %v", s, pages, err)
			continue
		}
		path := filepath.Join(t.TempDir(), "hostile.pdf")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if out := tool(t, "qpdf", "--check", path); !bytes.Contains(out, []byte("No syntax or stream encoding errors")) {
			t.Errorf("%.30q: %s", s, out)
		}
		checkPages(t, path, 1)
	}
}

// TestNamesOfTenThousandCharacters: a name of any length is printed whole, in the PDF and in its twin.
func TestNamesOfTenThousandCharacters(t *testing.T) {
	f := newFixture(t, shape{findings: 30})
	name := strings.Repeat("Wolfeschlegelsteinhausen ", 400) + "Zz-the-end"
	for i := range 3 {
		f.findings[i].PersonName, f.findings[i].Message = name, name+" still holds access"
	}
	p, err := Write(t.Context(), f.job(), f.ev, f, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(strings.Join(pageText(t, p.PDFPath), ""), "Zz-the-end"); n < 6 {
		t.Errorf("the PDF has the end of the name %d times", n)
	}
	if n := strings.Count(twin(t, p), name); n < 6 {
		t.Errorf("the twin has the name %d times", n)
	}
	checkPages(t, p.PDFPath, 2)
}

// TestLinksLeadToTheirHeadings follows every link of the PDF: from a cell to the page of the heading that it names.
func TestLinksLeadToTheirHeadings(t *testing.T) {
	_, p := render(t, shape{findings: 60, incomplete: true})
	marks, pages := map[int][]string{}, pageText(t, p.PDFPath)
	for _, mark := range outline(t, p.PDFPath) {
		marks[mark.page] = append(marks[mark.page], mark.title)
	}
	var doc struct {
		Pages []struct {
			Object string `json:"object"`
		} `json:"pages"`
		QPDF []json.RawMessage `json:"qpdf"`
	}
	if err := json.Unmarshal(tool(t, "qpdf", "--json", "--json-key=pages", "--json-key=qpdf", p.PDFPath), &doc); err != nil {
		t.Fatal(err)
	}
	number := map[string]int{}
	for i, page := range doc.Pages {
		number[page.Object] = i + 1
	}
	var objects map[string]struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(doc.QPDF[1], &objects); err != nil {
		t.Fatal(err)
	}
	links := 0
	for n, page := range doc.Pages {
		var annotated struct {
			Annots []json.RawMessage `json:"/Annots"`
		}
		if err := json.Unmarshal(objects["obj:"+page.Object].Value, &annotated); err != nil {
			t.Fatal(err)
		}
		for _, text := range annotated.Annots {
			var a struct {
				Dest []any     `json:"/Dest"`
				Rect []float64 `json:"/Rect"`
			}
			if text[0] == '"' { // the field of the seal
				continue
			}
			if err := json.Unmarshal(text, &a); err != nil {
				t.Fatal(err)
			}
			links++
			to := number[a.Dest[0].(string)]
			if len(marks[to]) == 0 || to > len(pages) {
				t.Errorf("page %d: a link leads to page %d, where no heading is", n+1, to)
			}
			if a.Rect[0] < 50 || a.Rect[2] > 546 || a.Rect[2] <= a.Rect[0] {
				t.Errorf("page %d: a link at %v", n+1, a.Rect)
			}
		}
	}
	if of := len(outline(t, p.PDFPath)); links < of+25 {
		t.Errorf("only %d links, of which %d are the contents", links, of)
	}
}
