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
// plain, quoted (without escapes before the place) and literal block scalars.
func (n Node) PositionIn(line, col int) Position {
	p := n.Position()
	p.Len = 1
	switch s := n.n.(type) {
	case *ast.LiteralNode:
		p.Line = s.Start.Position.Line + line
		indent := 0
		if p.Line <= len(n.doc.lines) {
			l := n.doc.lines[s.Start.Position.Line]
			indent = len(l) - len(strings.TrimLeft(l, " "))
		}
		p.Col = indent + col
	case *ast.StringNode:
		if t := s.Token.Type; line == 1 && (t == token.DoubleQuoteType || t == token.SingleQuoteType) {
			col++
		}
		p.Line += line - 1
		if line == 1 {
			p.Col += col - 1
		} else if p.Line <= len(n.doc.lines) {
			l := n.doc.lines[p.Line-1]
			p.Col = len(l) - len(strings.TrimLeft(l, " ")) + col
		}
	}
	return p
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
