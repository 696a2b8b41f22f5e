package reports

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/reports/chart"
	"muster/reports/document"
	"muster/reports/html"
	"muster/reports/pdf"
)

// charts are one of each kind, drawn of an invented organisation.
func charts() map[string]document.Chart {
	at := func(day int) time.Time { return asOf.AddDate(0, 0, day) }
	var nights []chart.Moment
	for i := range 88 {
		nights = append(nights, chart.Moment{At: at(i - 87), Values: []int{2 + i/30, 9 - i/12, 14 + (i/7)%3, 6, 0}})
	}
	var took []time.Duration
	for i := range 60 {
		took = append(took, time.Duration(i*i)*97*time.Second)
	}
	return map[string]document.Chart{
		"ageing": chart.Ageing([]string{"0–7 d", "8–30 d", "31–90 d", "> 90 d"}, []chart.Bar{{Name: "leaver-active", Parts: []int{2, 1, 0, 0}}, {Name: "sod-conflict", Parts: []int{1, 3, 4, 9}},
			{Name: "privilege-creep", Parts: []int{7, 12, 20, 31}}, {Name: "a-rule-whose-name-is-much-longer-than-its-column", Parts: []int{0, 0, 0, 1}}}),
		"heatmap":      chart.HeatMap([]string{"critical", "high", "medium", "low"}, []string{"directory", "saas", "erp", "erp+warehouse"}, [][]int{{0, 1, 2, 0}, {4, 0, 11, 1}, {120, 18, 3, 0}, {0, 0, 1, 0}}),
		"trend":        chart.Trend([]string{"critical", "high", "medium", "low", "informational"}, nights),
		"distribution": chart.Distribution(chart.Revocations{Took: took, Open: 3, SLA: 24 * time.Hour}),
		"completion":   chart.Completion([]chart.Reviewer{{Name: "Petr Novák", Decided: 40, Assigned: 40}, {Name: "Aisha Rahman", Decided: 12, Assigned: 31}, {Name: "Ελένη Παπαδοπούλου", Decided: 0, Assigned: 7}}),
		"timeline": chart.Timeline(at(-900), asOf, []chart.Lane{
			{Name: "HR", Events: []chart.Event{{At: at(-880), Label: "joins Accounts Payable"}, {At: at(-83), Label: "moves to Procurement"}}},
			{Name: "access", Events: []chart.Event{{At: at(-628), Open: true, Label: "PAY_VENDOR in erp"}, {At: at(-880), Until: at(-80), Label: "AP_SENIOR in directory"}, {At: at(-60), Open: true, Label: "CREATE_VENDOR"}}},
			{Name: "requests", Events: []chart.Event{{At: at(-62), Label: "asks for CREATE_VENDOR"}}},
			{Name: "decisions", Events: []chart.Event{{At: at(-61), Label: "approved by P. Novák"}, {At: at(-30), Label: "kept in campaign Q3"}}},
		}),
	}
}

// chartNames are the charts in the order in which they are printed.
func chartNames() []string {
	return []string{"ageing", "heatmap", "trend", "distribution", "completion", "timeline"}
}

// TestChartsAsSVG compares each chart's drawing with the committed one, which is what the page shows.
func TestChartsAsSVG(t *testing.T) {
	for _, name := range chartNames() {
		d := charts()[name].Drawing
		got := fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%gmm\" height=\"%gmm\" viewBox=\"0 0 %g %g\">\n%s</svg>\n", d.Width, d.Height, d.Width, d.Height, html.SVG(d))
		golden := filepath.Join("testdata", "charts", name+".svg")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is drawn differently; look at it, then run go test ./reports -update", golden)
		}
		for dec := xml.NewDecoder(strings.NewReader(got)); ; {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

// chartBook prints all charts on as few pages as they need.
func chartBook(t *testing.T) string {
	t.Helper()
	doc := document.Document{Kind: "charts", Title: "Charts", Organisation: "Acme", Pack: "P-CHARTS", Created: asOf}
	for _, name := range chartNames() {
		doc.Blocks = append(doc.Blocks, document.Heading{Level: 2, Text: name}, charts()[name])
	}
	data, _, err := pdf.Print(doc)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "charts.pdf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestChartsAsPrinted compares how the charts look on paper with committed thumbnails, and that nothing in them overlaps.
func TestChartsAsPrinted(t *testing.T) {
	path := chartBook(t)
	compareRaster(t, path, filepath.Join("testdata", "charts", "printed.png"), len(words(t, path)), 60)
	checkPages(t, path, 2)
}
