package pdf

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/jung-kurt/gofpdf"

	"muster/reports/document"
	"muster/reports/typeface"
)

// maxPasses bounds the layouts of a document whose page numbers do not settle.
const maxPasses = 6

// Options are what a document is, beside its content.
type Options struct {
	Title, Subject, Author string
	Created                time.Time // both dates of the document
	HeadLeft, HeadRight    string    // on every page
	FootLeft, FootMiddle   string    // on every page, beside "page x of y"
}

// Doc is a document being laid out, or drawn.
type Doc struct {
	f   *gofpdf.Fpdf // nil while the document is only laid out
	o   Options
	y   float64
	n   int // pages so far
	err error

	// What the library was last told, so that it is told once.
	ink, filled, filledOn int
	stroke                stroke
	set                   setting

	total    int            // pages, from the pass before
	known    []Heading      // headings, from the pass before
	index    map[string]int // of the known headings, by their ids
	links    []int          // by index of the heading; only while drawing
	headings []Heading
	tables   int
	widths   map[int][]float64 // columns of the tables, by their order: they are the same in every pass
}

// Heading is one line of the contents.
type Heading struct {
	Level int // 1 or 2
	Text  string
	ID    string // what cells link to; may be empty
	Page  int
}

// Render lays a document out until it knows which pages its headings are on, draws it, and returns its bytes and how many pages it has. The
// function build is called for every pass and must draw the same each time. Whoever knows the headings beforehand, without their pages, saves a
// pass.
func Render(o Options, build func(*Doc) error, headings ...Heading) (data []byte, pages int, err error) {
	before := &Doc{widths: map[int][]float64{}, headings: headings}
	for range maxPasses {
		d := before.next(o)
		if err := d.pass(build); err != nil {
			return nil, 0, err
		}
		if before = d; !d.settled() {
			continue
		}
		drawn := d.next(o)
		data, err := drawn.draw(build)
		if err != nil || drawn.n == d.n && slices.Equal(drawn.headings, d.headings) {
			return data, drawn.n, err
		}
		before = drawn
	}
	return nil, 0, fmt.Errorf("draw pdf: page numbers do not settle after %d passes", maxPasses)
}

// draw is the pass that draws.
func (d *Doc) draw(build func(*Doc) error) ([]byte, error) {
	d.open()
	if err := d.pass(build); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := d.f.Output(&b); err != nil {
		return nil, fmt.Errorf("write pdf: %w", err)
	}
	return b.Bytes(), nil
}

// next is the pass that follows, which knows what this one found out.
func (d *Doc) next(o Options) *Doc {
	n := &Doc{o: o, total: d.n, known: d.headings, widths: d.widths, index: map[string]int{}}
	for i, h := range n.known {
		if h.ID != "" {
			n.index[h.ID] = i
		}
	}
	return n
}

func (d *Doc) pass(build func(*Doc) error) error {
	err := build(d)
	if err == nil {
		err = d.err
	}
	if err == nil && d.f != nil && d.f.Error() != nil {
		err = fmt.Errorf("draw pdf: %w", d.f.Error())
	}
	return err
}

// settled reports whether this pass was laid out with the headings that it turned out to have. Their pages do not matter: a line of the contents
// is as high whatever its number.
func (d *Doc) settled() bool {
	return slices.EqualFunc(d.known, d.headings, func(a, b Heading) bool { return a.Level == b.Level && a.Text == b.Text && a.ID == b.ID })
}

// open lets the pass draw.
func (d *Doc) open() {
	f := gofpdf.New("P", "mm", "A4", "")
	for font := range fonts {
		f.AddUTF8FontFromBytes(fonts[font].family, fonts[font].style, typeface.Of(document.Font(font)).File())
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

// fonts are the library's names for the faces.
var fonts = [3]struct{ family, style string }{{"sans", ""}, {"sans", "B"}, {"mono", ""}}

// Renderer names what makes the bytes.
func Renderer() string { return "gofpdf 1.16.2" }
