package html

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"muster/reports/document"
)

// parsed is a page taken apart.
type parsed struct {
	text     string
	elements map[string]int
	ids      map[string]bool
	targets  []string
	headings []string // "2 Sources"
}

// parse reads a page strictly: every element is closed in its order, and nothing is in it that could run or fetch.
func parse(t *testing.T, page []byte) parsed {
	t.Helper()
	p := parsed{elements: map[string]int{}, ids: map[string]bool{}}
	dec := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(page, []byte("<!DOCTYPE html>\n"))))
	var all strings.Builder
	heading := ""
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			p.text = all.String()
			return p
		} else if err != nil {
			t.Fatalf("byte %d: %v", dec.InputOffset(), err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			p.elements[name]++
			p.attributes(t, name, token.Attr)
			if regexp.MustCompile(`^h[1-6]$`).MatchString(name) {
				heading = name[1:] + " "
			}
		case xml.EndElement:
			if heading != "" && token.Name.Local[0] == 'h' && token.Name.Local != "header" {
				p.headings, heading = append(p.headings, heading), ""
			}
		case xml.CharData:
			all.Write(token)
			if heading != "" {
				heading += string(token)
			}
		}
	}
}

func (p *parsed) attributes(t *testing.T, element string, attributes []xml.Attr) {
	t.Helper()
	if strings.Contains(" script iframe object embed form base link img a:animate use image foreignObject input ", " "+element+" ") {
		t.Errorf("the page holds <%s>", element)
	}
	for _, a := range attributes {
		name := strings.ToLower(a.Name.Local)
		switch {
		case strings.HasPrefix(name, "on"), name == "style", name == "src", name == "srcset":
			t.Errorf("<%s> has %s", element, name)
		case name == "href":
			if !strings.HasPrefix(a.Value, "#") {
				t.Errorf("<%s> leads to %q", element, a.Value)
			}
			p.targets = append(p.targets, strings.TrimPrefix(a.Value, "#"))
		case name == "id":
			if p.ids[a.Value] {
				t.Errorf("the id %s is there twice", a.Value)
			}
			p.ids[a.Value] = true
		}
	}
}

// hostile names try to run, to break out of where they stand, or to look like something else.
func hostile() map[string]string {
	return map[string]string{
		"<script>alert(1)</script>":                    "<script>alert(1)</script>",
		`"><img src=x onerror=alert(1)>`:               `"><img src=x onerror=alert(1)>`,
		"' onmouseover='alert(1)":                      "' onmouseover='alert(1)",
		"</title><svg onload=alert(1)>":                "</title><svg onload=alert(1)>",
		"</style><style>*{background:url(//x.example)": "</style><style>*{background:url(//x.example)",
		"javascript:alert(1)":                          "javascript:alert(1)",
		"&lt;b&gt; &amp;amp;":                          "&lt;b&gt; &amp;amp;",
		"{nb} {{.}} ${x}":                              "{nb} {{.}} ${x}",
		"=cmd|'/c calc'!A1":                            "=cmd|'/c calc'!A1",
		"a\u202Egpj.exe":                               "a⟦U+202E⟧gpj.exe",
		"\x00\r\n\x1b[31m":                             "⟦U+0000⟧⟦U+000D⟧⟦U+000A⟧⟦U+001B⟧[31m",
		"\xff\xfebytes":                                "⟦0xFF⟧⟦0xFE⟧bytes",
		"😀 👩\u200D💻 日本":                                "😀 👩\u200D💻 日本",
		strings.Repeat("Wolfe", 2000):                  strings.Repeat("Wolfe", 2000),
	}
}

// everywhere puts a text into every place of a document that takes one.
func everywhere(s string) document.Document {
	c := document.Cell{Text: s, More: []string{s}, Link: s}
	t := document.Table{Caption: s, Columns: []document.Column{{Title: s, Share: 1}, {Title: s, Share: 1}}, Rows: [][]document.Cell{{{Text: s}}, {c, {Text: s, Font: document.Fixed, Fill: 55, Ink: 255}}}}
	return document.Document{Kind: s, Title: s, Subtitle: s, Organisation: s, Classification: s, Pack: s, Subject: s, Foot: s, GeneratedBy: s, Created: time.Unix(0, 0),
		Cover: document.Cover{Verdict: s, Figures: []document.Figure{{Number: s, Label: s}}, Callouts: []document.Callout{{Title: s, Paras: []string{s}}}, Pairs: []document.Pair{{Label: s, Value: s, Mono: true}}},
		Blocks: []document.Block{document.Heading{Level: 1, Text: s, ID: s}, document.Paragraph{Text: s}, document.Paragraph{Text: s, Style: document.Mono}, document.List{Items: []string{s}},
			document.Callout{Title: s, Paras: []string{s}}, document.Pairs{Pairs: []document.Pair{{Label: s, Value: s}}}, document.Heading{Level: 2, Text: s}, t,
			document.Chart{Title: s, Alt: s, Data: t, Drawing: document.Drawing{Width: 174, Height: 10, Shapes: []document.Shape{document.Label{X: 1, Y: 5, Text: s, Size: 7}, document.Rect{W: 3, H: 3, Fill: 100, Stroke: -1}}}},
			document.SignOff{Intro: s, Roles: []string{s}}}}
}

// TestNothingOfACustomersRuns puts hostile names everywhere: the page has the elements that it has for a harmless name, and shows the name.
func TestNothingOfACustomersRuns(t *testing.T) {
	page := func(s string) parsed {
		var b bytes.Buffer
		if err := Write(&b, everywhere(s)); err != nil {
			t.Fatal(err)
		}
		for _, r := range b.String() {
			if r < 0x20 && r != '\n' || r == '\u202E' || r == '\uFFFD' {
				t.Fatalf("the page for %.20q holds %q", s, r)
			}
		}
		return parse(t, b.Bytes())
	}
	plain := page("name")
	for name, shown := range hostile() {
		p := page(name)
		if fmt.Sprint(p.elements) != fmt.Sprint(plain.elements) {
			t.Errorf("%.40q makes elements:\n%v, want\n%v", name, p.elements, plain.elements)
		}
		want := strings.Count(plain.text, "name")
		if strings.Contains(shown, "\n") {
			continue
		}
		if shownText := strings.Count(p.text, shown); shownText < want-8 || shownText == 0 { // the style and fixed words have "name" in them
			t.Errorf("%.40q is shown %d times, a plain name %d times", name, shownText, want)
		}
	}
}

// TestRightToLeftNamesStayInTheirPlace: a run is isolated whole, and nothing else is.
func TestRightToLeftNamesStayInTheirPlace(t *testing.T) {
	for in, want := range map[string]string{
		"Maja <Lind>":                 "Maja &lt;Lind&gt;",
		"عمر خالد (W-01) holds erp":   "<bdi>عمر خالد</bdi> (W-01) holds erp",
		"from נועה לוי to عمر, twice": "from <bdi>נועה לוי</bdi> to <bdi>عمر</bdi>, twice",
		"שָׁלוֹם":                     "<bdi>שָׁלוֹם</bdi>",
		"a\u2067עמ":                   "a⟦U+2067⟧<bdi>עמ</bdi>",
	} {
		if got := text(in); got != want {
			t.Errorf("text(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestPageIsOneThatCanBeHeard: language, landmarks, headings in order, links that lead somewhere, names for all that is no text.
func TestPageIsOneThatCanBeHeard(t *testing.T) {
	doc := everywhere("Sources")
	doc.Blocks = append(doc.Blocks, document.Heading{Level: 1, Text: "Findings"}, document.Heading{Level: 2, Text: "One", ID: "one"}, document.Heading{Level: 2, Text: "Two"},
		document.Table{Columns: []document.Column{{Title: "a", Share: 1}, {Title: "b", Share: 1}}, Rows: [][]document.Cell{{{Text: "x", Link: "one"}, {Tick: true}}, {{Text: "y", Link: "nowhere"}, {}}}})
	var b bytes.Buffer
	if err := Write(&b, doc); err != nil {
		t.Fatal(err)
	}
	p, page := parse(t, b.Bytes()), b.String()
	if got, want := strings.Join(p.headings, "|"), "1 Sources|2 Contents|2 Sources|3 Sources|2 Findings|3 One|3 Two"; got != want {
		t.Errorf("headings %s, want %s", got, want)
	}
	for _, target := range p.targets {
		if !p.ids[target] {
			t.Errorf("a link leads to %q, which is not there", target)
		}
	}
	for _, want := range []string{`<html lang="en">`, `default-src 'none'; style-src 'sha256-`, `<main id="main"`, `<th scope="rowgroup" colspan="2">`, `<th scope="row"><a href="#h4">x</a></th>`,
		`<th scope="row">y</th>`, `role="img" aria-label="to be ticked by hand"`, `<svg role="img" aria-labelledby="f1t f1d"`, "<details>", `<a class="skip" href="#main">`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for element, want := range map[string]int{"header": 1, "nav": 1, "main": 1, "footer": 1, "h1": 1, "title": 2, "caption": 4, "style": 1} {
		if p.elements[element] != want {
			t.Errorf("%d <%s>, want %d", p.elements[element], element, want)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestErrorsComeOut(t *testing.T) {
	if err := Write(failing{}, everywhere("x")); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error %v", err)
	}
	doc := document.Document{Blocks: []document.Block{document.Table{Columns: []document.Column{{Title: "a"}}, Stream: func(func([]document.Cell) error) error { return errors.New("gone") }}}}
	if err := Write(io.Discard, doc); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("error %v", err)
	}
}
