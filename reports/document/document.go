package document

import "time"

// Document is one report.
type Document struct {
	Kind           string // reconciliation, access-review, ...
	Title          string // Nightly reconciliation of access
	Subtitle       string // as of 2026-11-22 01:00 UTC
	Organisation   string
	Classification string // on every page
	Pack           string // P-7Q2K4MZD; on every page
	Subject        string // for the file's properties: "Pack P-..., run R-..."
	Foot           string // in the middle of every page's foot: "Run of 2026-11-22 01:00 UTC"
	GeneratedBy    string // muster's version
	Created        time.Time
	Cover          Cover
	Blocks         []Block // after the cover and the contents, which are made of the headings
}

// Cover is the first page: the verdict in one sentence, three numbers, what to beware of, and the particulars.
type Cover struct {
	Verdict  string
	Figures  []Figure // three
	Callouts []Callout
	Pairs    []Pair
}

// Figure is one large number with what it counts.
type Figure struct{ Number, Label string }

// Block is one part of a document: Heading, Paragraph, List, Callout, Pairs, Table, Chart, SignOff.
type Block interface{ block() }

// Heading begins a chapter (level 1) or a section (level 2). It has a bookmark, and a line in the contents.
type Heading struct {
	Level   int
	Text    string
	ID      string  // names it for links, unique in the document; empty when nothing links to it
	NewPage bool    // begins on a new page
	Keep    float64 // millimetres that must follow on the same page; a default when 0
}

// Style is how a paragraph looks.
type Style int

// The styles of paragraphs.
const (
	Normal Style = iota
	Note         // small and grey: remarks, sources
	Lead         // larger: a verdict
	Mono         // digests, checkpoints, commands: kept as it is
)

// Paragraph is running text.
type Paragraph struct {
	Text  string
	Style Style
}

// List is a list of items, each a paragraph.
type List struct {
	Ordered bool
	Items   []string
}

// Callout is a boxed message that a reader must not miss.
type Callout struct {
	Title string
	Paras []string
}

// Pairs are labels with their values.
type Pairs struct {
	Label float64 // width of the labels
	Pairs []Pair
}

// Pair is a label with its value.
type Pair struct {
	Label, Value string
	Mono         bool // digests and keys
}

// Column is one column of a Table. The widths of all columns are shares of the text's width, corrected so that no word of a head and no
// ordinary word of a cell is cut.
type Column struct {
	Title string
	Share float64
	Align byte // L (default), R or C
	Whole bool // the cells are ids, dates or digests: not wrapped
}

// Font is a face.
type Font int

// The faces.
const (
	Regular Font = iota
	Bold
	Fixed // of one width: digests, code
)

// Cell is one cell. A cell is never cut: it wraps, and the row grows.
type Cell struct {
	Text string
	More []string // further paragraphs
	Font Font
	Tick bool   // an empty box to tick by hand
	Fill int    // grey of the chip behind the text, 1 to 255; 0 none
	Ink  int    // grey of the text
	Link string // ID of the heading that the cell leads to
}

// Table is a table whose head is repeated on every page. A row of a single cell in a table of several columns is the head of the group of rows
// that follows it: it spans the table, stays with the next row, and is repeated where the group goes on.
type Table struct {
	Caption string // what the table shows, for those who hear it; not printed
	Columns []Column
	Rows    [][]Cell
	// Stream yields the rows instead of Rows when there are too many to hold: the same ones each time that it is called, and it is called
	// several times. The printer keeps none of them.
	Stream func(yield func([]Cell) error) error
	Size   float64 // font size; a default when 0
	// KeepRows is not 0 for a choice of rows that needs not be whole: rows that do not fit on the page are left out, as long as that many are
	// left.
	KeepRows int
}

// Row makes a row of plain cells.
func Row(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, t := range texts {
		cells[i].Text = t
	}
	return cells
}

// Chart is a drawing with a text that says what it shows, and the numbers behind it for those who cannot see it.
type Chart struct {
	Title   string // what the drawing is of, in a few words
	Alt     string // one or two sentences: what is seen
	Drawing Drawing
	Data    Table // the numbers; the page leaves it out, the twin offers it
}

// SignOff leaves lines for the people who answer for the report.
type SignOff struct {
	Intro string
	Roles []string // Prepared by, Reviewed by, Approved by
}

func (Heading) block()   {}
func (Paragraph) block() {}
func (List) block()      {}
func (Callout) block()   {}
func (Pairs) block()     {}
func (Table) block()     {}
func (Chart) block()     {}
func (SignOff) block()   {}

// Each yields the rows of a table, however it holds them.
func (t Table) Each(yield func([]Cell) error) error {
	if t.Stream != nil {
		return t.Stream(yield)
	}
	for _, row := range t.Rows {
		if err := yield(row); err != nil {
			return err
		}
	}
	return nil
}

// Group reports whether a row is the head of the group of rows that follows it.
func (t Table) Group(row []Cell) bool { return len(row) == 1 && len(t.Columns) > 1 }
