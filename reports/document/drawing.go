package document

// Drawing is a vector picture, at most as wide as the text (174 mm). It is drawn once and shown alike in print and on screen.
type Drawing struct {
	Width, Height float64
	Shapes        []Shape
}

// Shape is one element of a drawing: Rect, Line, Label, Path or Dot.
type Shape interface{ shape() }

// NoInk is the grey of what is not drawn.
const NoInk = -1

// Rect is a rectangle. Fill and Stroke are greys, or NoInk.
type Rect struct {
	X, Y, W, H   float64
	Fill, Stroke int
}

// Line is a straight line.
type Line struct {
	X1, Y1, X2, Y2 float64
	Weight         float64 // mm
	Grey           int
	Dash           float64 // length of dash and gap in mm; 0 is solid
}

// Label is one line of text with its baseline at Y; Align L, C or R says which point of it X is. Max shortens it with an ellipsis; 0 does not.
type Label struct {
	X, Y  float64
	Text  string
	Size  float64 // points
	Font  Font
	Align byte
	Grey  int
	Max   float64
}

// Path is a line through points, filled below nothing.
type Path struct {
	Points []Point
	Weight float64
	Grey   int
	Dash   float64
}

// Point is a place in a drawing.
type Point struct{ X, Y float64 }

// Dot is a filled circle.
type Dot struct {
	X, Y, R float64
	Grey    int
}

func (Rect) shape()  {}
func (Line) shape()  {}
func (Label) shape() {}
func (Path) shape()  {}
func (Dot) shape()   {}
