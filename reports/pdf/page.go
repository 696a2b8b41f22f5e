package pdf

import (
	"bytes"
	"fmt"
	"time"

	"github.com/jung-kurt/gofpdf"
)

// The measures of a page.
const (
	PageWidth    = 210.0
	PageHeight   = 297.0
	Left         = 18.0  // left margin
	Right        = 192.0 // right edge of the text
	Top          = 25.0  // first line of text
	Bottom       = 277.0 // last line of text
	Width        = Right - Left
	pointMM      = 25.4 / 72
	leading      = 1.32 // line height in font sizes
	bodySize     = 9.0
	furniture    = 7.0 // size of header and footer
	maxPasses    = 6
	headingSpace = 5.0
)

// Options are what a document is, beside its content.
type Options struct {
	Title, Subject, Author string
	Created                time.Time // both dates of the document
	HeadLeft, HeadRight    string    // on every page
	FootLeft, FootMiddle   string    // on every page, beside "page x of y"
}

// Doc is a document being drawn.
type Doc struct {
	f      *gofpdf.Fpdf
	o      Options
	covers *[3]*coverage
	widths [3]map[rune]float64
	y      float64

	total    int       // pages, from the pass before
	known    []Heading // headings, from the pass before
	links    []int     // by index of the heading
	headings []Heading
}

// Heading is one line of the contents.
type Heading struct {
	Level int // 1 or 2
	Text  string
	Page  int
}

// Render draws a document as often as it takes until the page numbers that it prints are right, and returns its bytes and how
// many pages it has.
func Render(o Options, build func(*Doc) error) (data []byte, pages int, err error) {
	var covers [3]*coverage
	for i, face := range faces() {
		if covers[i], err = readCoverage(face.data); err != nil {
			return nil, 0, err
		}
	}
	var before *Doc
	widths := [3]map[rune]float64{{}, {}, {}}
	for range maxPasses {
		d := &Doc{o: o, covers: &covers, widths: widths}
		if before != nil {
			d.total, d.known = before.f.PageCount(), before.headings
		}
		d.open()
		if err := build(d); err != nil {
			return nil, 0, err
		}
		if err := d.f.Error(); err != nil {
			return nil, 0, fmt.Errorf("draw pdf: %w", err)
		}
		if d.settled() {
			var b bytes.Buffer
			if err := d.f.Output(&b); err != nil {
				return nil, 0, fmt.Errorf("write pdf: %w", err)
			}
			return b.Bytes(), d.total, nil
		}
		before = d
	}
	return nil, 0, fmt.Errorf("draw pdf: page numbers do not settle after %d passes", maxPasses)
}

// settled reports whether this pass printed the numbers that it turned out to have.
func (d *Doc) settled() bool {
	if d.total != d.f.PageCount() || len(d.known) != len(d.headings) {
		return false
	}
	for i := range d.known {
		if d.known[i] != d.headings[i] {
			return false
		}
	}
	return true
}

func (d *Doc) open() {
	f := gofpdf.New("P", "mm", "A4", "")
	for _, face := range faces() {

		f.AddUTF8FontFromBytes(face.family, face.style, []byte(face.data))
	}
	f.SetCatalogSort(true)
	f.SetCreationDate(d.o.Created.UTC())
	f.SetModificationDate(d.o.Created.UTC())
	f.SetTitle(d.o.Title, true)
	f.SetSubject(d.o.Subject, true)
	f.SetAuthor(d.o.Author, true)
	f.SetCreator(d.o.Author, true)
	f.SetMargins(Left, Top, PageWidth-Right)
	f.SetAutoPageBreak(false, 0)
	f.SetDisplayMode("fullpage", "default")
	d.f = f
	for range d.known {
		d.links = append(d.links, f.AddLink())
	}
}

// Renderer names what makes the bytes.
func Renderer() string { return "gofpdf 1.16.2" }

// NewPage begins a page.
func (d *Doc) NewPage() {
	d.f.AddPage()
	d.y = Top
	d.Ink(90)
	d.f.SetLineWidth(0.2)
	d.f.SetDrawColor(170, 170, 170)
	d.f.Line(Left, Top-7, Right, Top-7)
	d.f.Line(Left, Bottom+5, Right, Bottom+5)
	d.fit(Left, Top-9, d.o.HeadLeft, Regular, 'L', Width*0.64)
	d.fit(Right, Top-9, d.o.HeadRight, Bold, 'R', Width*0.34)
	d.fit(Left, Bottom+9, d.o.FootLeft, Regular, 'L', Width*0.33)
	d.fit((Left+Right)/2, Bottom+9, d.o.FootMiddle, Regular, 'C', Width*0.32)
	page := fmt.Sprintf("page %d of %d", d.f.PageNo(), d.total)
	d.fit(Right, Bottom+9, page, Regular, 'R', Width*0.33)
	d.Ink(20)
}

// fit prints one line of a header or footer in smaller type when it is long, and shortened when even that is too wide; the cover
// has such a name in full.
func (d *Doc) fit(x, y float64, text string, font Font, align byte, room float64) {
	text = d.Visible(text, font)
	size := furniture
	for size > 5 && d.TextWidth(text, font, size) > room {
		size -= 0.5
	}
	if d.TextWidth(text, font, size) > room {
		runes := []rune(text)
		for len(runes) > 0 && d.TextWidth(string(runes)+"…", font, size) > room {
			runes = runes[:len(runes)-1]
		}
		text = string(runes) + "…"
	}
	d.Line(x, y, text, font, size, align)
}

// Page is the number of the current page.
func (d *Doc) Page() int { return d.f.PageNo() }

// Y is how far down the page is used.
func (d *Doc) Y() float64 { return d.y }

// Skip leaves some space, unless a page begins.
func (d *Doc) Skip(mm float64) {
	if d.y > Top {
		d.y += mm
	}
}

// MoveTo continues at a height of the page.
func (d *Doc) MoveTo(y float64) { d.y = y }

// Need begins a new page unless that much space is left.
func (d *Doc) Need(mm float64) {
	if d.y+mm > Bottom {
		d.NewPage()
	}
}

func (d *Doc) setFont(font Font, size float64) {
	face := faces()[font]
	d.f.SetFont(face.family, face.style, size)
}

// Ink sets the grey of text, 0 black to 255 white.
func (d *Doc) Ink(grey int) { d.f.SetTextColor(grey, grey, grey) }

// TextAt draws one line with its baseline at y; align L, C or R says which point of it x is. The text must fit: see Wrap.
func (d *Doc) TextAt(x, y float64, text string, font Font, size float64, align byte) {
	d.Line(x, y, d.Visible(text, font), font, size, align)
}

// Line is TextAt for a line that came out of Visible or Wrap.
func (d *Doc) Line(x, y float64, text string, font Font, size float64, align byte) {
	switch align {
	case 'R':
		x -= d.TextWidth(text, font, size)
	case 'C':
		x -= d.TextWidth(text, font, size) / 2
	}
	d.setFont(font, size)
	d.f.Text(x, y, text)
}

// Box fills a rectangle with a grey.
func (d *Doc) Box(x, y, w, h float64, grey int) {
	d.f.SetFillColor(grey, grey, grey)
	d.f.Rect(x, y, w, h, "F")
}

// Frame outlines a rectangle.
func (d *Doc) Frame(x, y, w, h float64) {
	d.f.SetDrawColor(90, 90, 90)
	d.f.SetLineWidth(0.25)
	d.f.Rect(x, y, w, h, "D")
}

// Rule draws a line from x1 to x2.
func (d *Doc) Rule(x1, x2, y, weight float64, grey int) {
	d.f.SetDrawColor(grey, grey, grey)
	d.f.SetLineWidth(weight)
	d.f.Line(x1, y, x2, y)
}
