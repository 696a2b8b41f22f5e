package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// shapes are the documents that every page test looks at.
func shapes() map[string]shape {
	return map[string]shape{
		"normal":     {findings: 40},
		"incomplete": {findings: 60, incomplete: true, hostile: true},
		"none":       {},
	}
}

// TestGoldenText compares what each document says, laid out, with the committed text.
func TestGoldenText(t *testing.T) {
	for name, s := range shapes() {
		t.Run(name, func(t *testing.T) {
			_, p := render(t, s)
			got := strings.ReplaceAll(string(tool(t, "pdftotext", "-layout", p.PDFPath, "-")), runtime.Version(), "GOVERSION")
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if a, b := strings.Split(got, "\n"), strings.Split(string(want), "\n"); got != string(want) {
				for i := range min(len(a), len(b)) {
					if a[i] != b[i] {
						t.Fatalf("line %d of %s\n got %q\nwant %q\nlook at the PDF, then run go test ./reports -update", i+1, golden, a[i], b[i])
					}
				}
				t.Fatalf("%s has %d lines, want %d", golden, len(a), len(b))
			}
		})
	}
}

// TestGoldenRaster compares what each document looks like with committed thumbnails: every page in blocks of 8 × 8 pixels. It
// catches what text cannot: overlapping text, lost fills, a chart drawn elsewhere.
func TestGoldenRaster(t *testing.T) {
	for name, s := range shapes() {
		t.Run(name, func(t *testing.T) {
			_, p := render(t, s)
			compareRaster(t, p.PDFPath, filepath.Join("testdata", name+".png"), p.Pages, 24)
		})
	}
}

// compareRaster compares the pages of a PDF with committed thumbnails.
func compareRaster(t *testing.T, pdf, golden string, total, dpi int) {
	t.Helper()
	prefix := filepath.Join(t.TempDir(), "page")
	tool(t, "pdftoppm", "-r", strconv.Itoa(dpi), "-gray", "-png", pdf, prefix)
	var pages []*image.Gray
	files, err := filepath.Glob(prefix + "-*.png")
	if err != nil || len(files) != total {
		t.Fatalf("%d pages drawn of %d (%v)", len(files), total, err)
	}
	for _, file := range files {
		pages = append(pages, readGray(t, file))
	}
	sheet := image.NewGray(image.Rect(0, 0, pages[0].Rect.Dx(), pages[0].Rect.Dy()*len(pages)))
	for i, page := range pages {
		copy(sheet.Pix[i*len(page.Pix):], page.Pix)
	}
	if *update {
		var b bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, sheet); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := readGray(t, golden)
	if want.Rect != sheet.Rect {
		t.Fatalf("the thumbnails are %v, want %v", sheet.Rect, want.Rect)
	}
	if at, off := farthest(sheet, want); off > 24 {
		t.Errorf("page %d differs by %d grey levels at %v", at.Y/pages[0].Rect.Dy()+1, off, at)
	}
}

func readGray(t *testing.T, file string) *image.Gray {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	gray := image.NewGray(img.Bounds())
	draw.Draw(gray, gray.Rect, img, img.Bounds().Min, draw.Src)
	return gray
}

// farthest finds the 8 × 8 block whose mean grey differs most.
func farthest(a, b *image.Gray) (at image.Point, off int) {
	for y := 0; y+8 <= a.Rect.Dy(); y += 8 {
		for x := 0; x+8 <= a.Rect.Dx(); x += 8 {
			sum := 0
			for dy := range 8 {
				for dx := range 8 {
					sum += int(a.GrayAt(x+dx, y+dy).Y) - int(b.GrayAt(x+dx, y+dy).Y)
				}
			}
			if mean := max(sum, -sum) / 64; mean > off {
				at, off = image.Pt(x, y), mean
			}
		}
	}
	return at, off
}

// TestPagesAreWhole looks at every word's place: nothing leaves the text area, nothing overlaps, and no page has fewer than four lines.
func TestPagesAreWhole(t *testing.T) {
	all := shapes()
	all["many"] = shape{findings: 900, hostile: true}
	all["vast"] = shape{findings: 300, hostile: true, vast: true}
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			_, p := render(t, s)
			checkPages(t, p.PDFPath, 4)
		})
	}
}

// checkPages looks at every word of a PDF and wants at least least lines on every page.
func checkPages(t *testing.T, pdf string, least int) {
	t.Helper()
	const mm = 72 / 25.4
	for n, page := range words(t, pdf) {
		lines := map[int]bool{}
		for i, w := range page {
			if w.X1 < 17*mm || w.X2 > 193*mm || w.Y1 < 12*mm || w.Y2 > 290*mm {
				t.Errorf("page %d: %q leaves the page at %.0f–%.0f, %.0f–%.0f mm", n+1, w.Text, w.X1/mm, w.X2/mm, w.Y1/mm, w.Y2/mm)
			}
			if w.Y1 > 20*mm && w.Y2 < 279*mm {
				lines[int(w.Y2)] = true
			}
			for _, o := range page[i+1:] {
				// Boxes are as high as the font, so lines that stand close touch; half of the height is a real overlap.
				wide, high := min(w.X2, o.X2)-max(w.X1, o.X1), min(w.Y2, o.Y2)-max(w.Y1, o.Y1)
				if wide > 1 && high > 0.5*min(w.Y2-w.Y1, o.Y2-o.Y1) {
					t.Errorf("page %d: %q and %q overlap", n+1, w.Text, o.Text)
				}
			}
		}
		if len(lines) < least {
			t.Errorf("page %d has only %d lines", n+1, len(lines))
		}
	}
}

// TestEveryPageSaysWhatItIs: pack, page x of y, run time and classification on every page.
func TestEveryPageSaysWhatItIs(t *testing.T) {
	f, p := render(t, shape{findings: 120})
	pages := pageText(t, p.PDFPath)
	if len(pages) != p.Pages {
		t.Fatalf("%d pages, the pack says %d", len(pages), p.Pages)
	}
	for i, text := range pages {
		for _, want := range []string{"Pack " + p.ID, fmt.Sprintf("page %d of %d", i+1, len(pages)), "Run of 2026-11-22 01:00:02 UTC", f.ev.Classification, f.ev.Organisation} {
			if !strings.Contains(text, want) {
				t.Errorf("page %d lacks %q", i+1, want)
			}
		}
	}
}

// TestStructure checks the file itself: qpdf finds no error, each bookmark and each link of the contents leads to the page that has its
// heading, and the printed page numbers say the same.
func TestStructure(t *testing.T) {
	for name, s := range shapes() {
		t.Run(name, func(t *testing.T) {
			_, p := render(t, s)
			if out := tool(t, "qpdf", "--check", p.PDFPath); !bytes.Contains(out, []byte("No syntax or stream encoding errors")) {
				t.Errorf("qpdf: %s", out)
			}
			pages, marks := pageText(t, p.PDFPath), outline(t, p.PDFPath)
			if len(marks) < 10 {
				t.Fatalf("only %d bookmarks", len(marks))
			}
			contents := regexp.MustCompile(`(?m)^ *(\S.*?)\s+(\d+)$`).FindAllStringSubmatch(pages[1], -1)
			links := contentLinks(t, p.PDFPath)
			if len(links) != len(marks) || len(contents) < len(marks) {
				t.Fatalf("%d links, %d lines of contents, %d bookmarks", len(links), len(contents), len(marks))
			}
			for i, mark := range marks {
				if !strings.Contains(pages[mark.page-1], mark.title) {
					t.Errorf("bookmark %q leads to page %d, which lacks it", mark.title, mark.page)
				}
				if links[i] != mark.page {
					t.Errorf("link %d (%s) leads to page %d, want %d", i, mark.title, links[i], mark.page)
				}
				if line := contents[i]; line[1] != mark.title || line[2] != strconv.Itoa(mark.page) {
					t.Errorf("contents say %q on page %s, want %q on %d", line[1], line[2], mark.title, mark.page)
				}
			}
		})
	}
}

// contentLinks reads the target page of every link on page 2.
func contentLinks(t *testing.T, path string) (targets []int) {
	t.Helper()
	var doc struct {
		Pages []struct {
			Object string `json:"object"`
		} `json:"pages"`
		QPDF []json.RawMessage `json:"qpdf"`
	}
	if err := json.Unmarshal(tool(t, "qpdf", "--json", "--json-key=pages", "--json-key=qpdf", path), &doc); err != nil {
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
	var page struct {
		Annots []struct {
			Dest []any `json:"/Dest"`
		} `json:"/Annots"`
	}
	if err := json.Unmarshal(objects["obj:"+doc.Pages[1].Object].Value, &page); err != nil {
		t.Fatal(err)
	}
	for _, a := range page.Annots {
		targets = append(targets, number[a.Dest[0].(string)])
	}
	return targets
}

// TestIdenticalBytes renders the same run twice here and once in another process with another clock zone and locale.
func TestIdenticalBytes(t *testing.T) {
	s := shape{findings: 60, incomplete: true, hostile: true}
	_, first := render(t, s)
	_, second := render(t, s)
	if first.Digest != second.Digest || first.PDFDigest != second.PDFDigest {
		t.Errorf("digests %s and %s", first.Digest, second.Digest)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "REPORTS_CHILD_DIR="+t.TempDir(), "TZ=Asia/Kathmandu", "LANG=de_DE.UTF-8", "GOMAXPROCS=1")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != first.Digest {
		t.Errorf("another process: %s %v, want %s", out, err, first.Digest)
	}
}

func TestIncompleteRunSaysSo(t *testing.T) {
	_, p := render(t, shape{findings: 60, incomplete: true})
	text := strings.Join(strings.Fields(strings.Join(pageText(t, p.PDFPath), " ")), " ")
	for _, want := range []string{"This picture is incomplete", "2 of 7 sources could not be read whole", "page 3 of 6: 503 after 5 tries", "Of 1,050 accounts that it says it holds, 611 were read",
		"no account of it is newly called an orphan, and none of its earlier findings is called resolved", "There is no complete snapshot of it at all", "7 possible findings would have rested on absence",
		"Reasoned from instead: its complete snapshot of 2026-11-21 01:00:00 UTC", "could not be looked at and stands as it was (unverified)", "none: left out"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}

// TestLongRunsStayShort: 10,000 findings make at most 200 pages, and the report says how many rows are in the annex only.
func TestLongRunsStayShort(t *testing.T) {
	_, p := render(t, shape{findings: 10_000})
	if p.Pages > 200 {
		t.Errorf("%d pages", p.Pages)
	}
	text := strings.Join(pageText(t, p.PDFPath), "\n")
	shown := len(regexp.MustCompile(`(?m)^ *F-[A-Z2-7]{8} `).FindAllString(text, -1))
	more := 0
	for _, m := range regexp.MustCompile(`are printed, ([\d,]+) more are in`).FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
		if err != nil {
			t.Fatal(err)
		}
		more += n
	}
	// A group's head is repeated with its counts where a page turns, so more is counted at least once.
	if shown < 2500 || shown+more < 10_000 {
		t.Errorf("%d findings printed and %d named as left out, of 10,000", shown, more)
	}
}

// TestHostileText: what tries to break the page or to pretend something is shown for what it is.
func TestHostileText(t *testing.T) {
	_, p := render(t, shape{findings: 200, hostile: true})
	text := strings.Join(pageText(t, p.PDFPath), "\n")
	for _, want := range []string{"a⟦U+202E⟧gpj.exe", "⟦U+1F600⟧ Emoji", "⟦U+0009⟧", "⟦U+000D⟧⟦U+000A⟧", "x⟦U+200B⟧y", "⟦0xFF⟧⟦0xFE⟧bytes", "{nb}", "⟦U+27E6⟧U+0041", `\(paren)\`, "⟦U+0000⟧nul", "@SUM(1)", "Nguyễn Thị Hạnh", "Ελένη", "Шевченко"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	for _, bad := range []string{"\u202E", "\u200B", "\x00", "\uFFFD"} {
		if strings.Contains(text, bad) {
			t.Errorf("the report holds %q", bad)
		}
	}
}
