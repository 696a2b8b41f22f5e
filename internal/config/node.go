package config

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Node is a place in a Document that a value was, or should have been. The zero Node belongs to no document: it decodes to
// nothing and drops problems. A struct field of type Node keeps its subtree for whoever knows how to decode it.
type Node struct {
	doc    *Document
	n      ast.Node
	path   string
	absent bool // n is the nearest parent that exists
}

// Exists reports whether there is a value here.
func (n Node) Exists() bool {
	if n.doc == nil || n.n == nil || n.absent {
		return false
	}
	_, null := n.n.(*ast.NullNode)
	return !null
}

// Path is the place in the document: systems[0].kind.
func (n Node) Path() string { return n.path }

// File is the name of the document.
func (n Node) File() string {
	if n.doc == nil {
		return ""
	}
	return n.doc.File
}

// Position is where the value starts; of an absent value, where its parent starts.
func (n Node) Position() Position {
	if n.doc == nil {
		return Position{}
	}
	return n.doc.position(n.n)
}

// Get is the value of a key of a mapping; an absent key gives an absent Node whose position is the mapping's.
func (n Node) Get(key string) Node {
	sub := Node{doc: n.doc, n: n.n, path: join(n.path, key), absent: true}
	for _, mv := range n.pairs() {
		if keyOf(mv) == key {
			sub.n, sub.absent = unwrap(mv.Value), false
			if _, null := sub.n.(*ast.NullNode); null {
				sub.n, sub.absent = mv.Key, true
			}
		}
	}
	return sub
}

// Key is the place of the key itself.
func (n Node) Key(key string) Node {
	for _, mv := range n.pairs() {
		if keyOf(mv) == key {
			return Node{doc: n.doc, n: mv.Key, path: join(n.path, key)}
		}
	}
	return n.Get(key)
}

// Keys lists the keys of a mapping in file order.
func (n Node) Keys() []string {
	var keys []string
	for _, mv := range n.pairs() {
		keys = append(keys, keyOf(mv))
	}
	return keys
}

// Index is item i of a sequence.
func (n Node) Index(i int) Node {
	path := fmt.Sprintf("%s[%d]", n.path, i)
	if seq, ok := n.n.(*ast.SequenceNode); ok && !n.absent && i < len(seq.Values) {
		return Node{doc: n.doc, n: unwrap(seq.Values[i]), path: path}
	}
	return Node{doc: n.doc, n: n.n, path: path, absent: true}
}

// Len is the number of items of a sequence, 0 for anything else.
func (n Node) Len() int {
	if seq, ok := n.n.(*ast.SequenceNode); ok && !n.absent {
		return len(seq.Values)
	}
	return 0
}

// Problem records that something is wrong here.
func (n Node) Problem(hint, format string, args ...any) {
	n.ProblemAt(n.Position(), hint, format, args...)
}

// ProblemAt records a problem of this node at another position, such as one inside an expression.
func (n Node) ProblemAt(at Position, hint, format string, args ...any) {
	if n.doc == nil {
		return
	}
	p := Problem{Position: at, Path: n.path, Message: fmt.Sprintf(format, args...), Hint: hint, Source: n.doc.line(at.Line)}
	n.doc.problems = append(n.doc.problems, p)
}

// PositionIn maps a place inside a scalar's text (line and col 1-based, in runes) to the place in the file. It is exact for
// plain, quoted (without escapes before the place), literal (|) and folded (>) scalars on one line or several, as long as a folded
// text has no blank line before the place.
func (n Node) PositionIn(line, col int) Position {
	p := n.Position()
	p.Len = 1
	switch s := n.n.(type) {
	case *ast.LiteralNode:
		first := s.Start.Position.Line // index of the first line below the | or >
		if s.Start.Type == token.FoldedType {
			p.Line, p.Col = n.doc.unfold(first, -1, line, col)
			return p
		}
		p.Line = first + line
		p.Col = n.doc.indentBelow(first) + col
	case *ast.StringNode:
		if t := s.Token.Type; line == 1 && (t == token.DoubleQuoteType || t == token.SingleQuoteType) {
			col++
		}
		p.Line, p.Col = n.doc.unfold(p.Line-1, p.Col-1, line, col)
	}
	return p
}

// indentBelow is the indentation of a block scalar: that of its first line with text.
func (d *Document) indentBelow(index int) int {
	for ; index < len(d.lines); index++ {
		if text := strings.TrimLeft(d.lines[index], " "); text != "" {
			return len(d.lines[index]) - len(text)
		}
	}
	return 0
}

// unfold finds a place of a folded text: YAML joined its lines with one space each and dropped their indentation. index is the
// first line, which begins at rune start, or where its text does when start is negative.
func (d *Document) unfold(index, start, line, col int) (int, int) {
	rest := col - 1
	for first := true; index < len(d.lines); index++ {
		runes := []rune(d.lines[index])
		if !first || start < 0 {
			start = len(runes) - len([]rune(strings.TrimLeft(d.lines[index], " ")))
		}
		text := []rune(strings.TrimRight(string(runes[min(start, len(runes)):]), " "))
		if line == 1 && rest <= len(text) || index+1 == len(d.lines) {
			return index + 1, start + rest + 1
		}
		switch {
		case line > 1:
			line--
		case len(text) > 0:
			rest -= len(text) + 1
		}
		first = false
	}
	return index, start + rest + 1
}

// MarkSecret keeps the lines of this value out of every message.
func (n Node) MarkSecret() {
	if n.doc == nil || n.n == nil {
		return
	}
	start := n.Position().Line
	for i := range 1 + strings.Count(n.n.String(), "\n") {
		n.doc.secret[start+i] = true
	}
}

func (n Node) pairs() []*ast.MappingValueNode {
	if n.absent {
		return nil
	}
	switch m := n.n.(type) {
	case *ast.MappingNode:
		return m.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}
	}
	return nil
}

func unwrap(n ast.Node) ast.Node {
	for {
		switch w := n.(type) {
		case *ast.TagNode:
			n = w.Value
		case *ast.AnchorNode:
			n = w.Value
		default:
			return n
		}
	}
}

func keyOf(mv *ast.MappingValueNode) string {
	if s, ok := mv.Key.(*ast.StringNode); ok {
		return s.Value
	}
	return mv.Key.GetToken().Value
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
