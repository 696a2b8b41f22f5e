package config

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Document is one parsed YAML file with the problems found in it so far.
type Document struct {
	File     string
	Data     []byte // as it was read
	root     ast.Node
	lines    []string
	secret   map[int]bool
	problems Problems
}

// ParseFile reads and parses one YAML file. The error is Problems, also when the file cannot be read.
func ParseFile(path string) (*Document, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		hint := "check the path; relative paths are taken from the folder of the file that names them"
		return nil, Problems{{Position: Position{File: path}, Message: "cannot read the file: " + cause(err), Hint: hint}}
	}
	return Parse(path, data)
}

// Parse parses YAML that is called name in messages.
func Parse(name string, data []byte) (*Document, error) {
	d := &Document{File: name, Data: data, secret: map[int]bool{}}
	if !utf8.Valid(data) {
		return nil, Problems{{Position: Position{File: name}, Message: "the file is not UTF-8", Hint: "save it as UTF-8"}}
	}
	for _, l := range strings.Split(string(data), "\n") {
		d.lines = append(d.lines, strings.ReplaceAll(strings.TrimSuffix(l, "\r"), "\t", " "))
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, Problems{d.syntaxProblem(err)}
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) > 1 {
		p := d.position(bodies[1])
		return nil, Problems{{Position: p, Message: "a second YAML document in one file", Hint: "split the file at ---", Source: d.line(p.Line)}}
	}
	if len(bodies) == 1 {
		d.root = bodies[0]
	}
	return d, nil
}

// Root is the top node of the document.
func (d *Document) Root() Node { return Node{doc: d, n: d.root} }

// Err is every problem recorded so far as Problems, or nil.
func (d *Document) Err() error {
	if len(d.problems) == 0 {
		return nil
	}
	return d.problems
}

func (d *Document) syntaxProblem(err error) Problem {
	p := Problem{Position: Position{File: d.File, Line: 1, Col: 1}, Message: "this is not YAML: " + err.Error(),
		Hint: "check indentation, colons and quotes on this line and the one before"}
	var ye yaml.Error
	if errors.As(err, &ye) {
		p.Message = "this is not YAML: " + ye.GetMessage()
		if m := repeatedKey.FindStringSubmatch(ye.GetMessage()); m != nil {
			p.Message, p.Hint = fmt.Sprintf("key %s is given twice, first in line %s", m[1], m[2]), "keep one of them"
		}
		if t := ye.GetToken(); t != nil && t.Position != nil {
			p.Line, p.Position.Col = t.Position.Line, t.Position.Column
		}
	}
	p.Source = d.line(p.Line)
	return p
}

func (d *Document) line(n int) string {
	if n < 1 || n > len(d.lines) || d.secret[n] {
		return ""
	}
	return credentials.ReplaceAllString(d.lines[n-1], "$1***$3")
}

// repeatedKey is how the parser words a key that is given twice.
var repeatedKey = regexp.MustCompile(`^mapping key (".*") already defined at \[(\d+):\d+\]$`)

// credentials finds what looks like a password in a URL, or a literal behind a key that holds a secret.
var credentials = regexp.MustCompile(`(://[^/@:\s]*:|(?i:password|passwd|token|secret|api_key)\s*:\s*)([^\s@{][^\s@]*)(@?)`)

func (d *Document) position(n ast.Node) Position {
	p := Position{File: d.File, Line: 1, Col: 1}
	for {
		m, ok := n.(*ast.MappingNode)
		if !ok || len(m.Values) == 0 || m.IsFlowStyle {
			break
		}
		n = m.Values[0].Key
	}
	if mv, ok := n.(*ast.MappingValueNode); ok {
		n = mv.Key
	}
	if n == nil {
		return p
	}
	t := n.GetToken()
	if t == nil || t.Position == nil {
		return p
	}
	p.Line, p.Col = t.Position.Line, t.Position.Column
	p.Len = utf8.RuneCountInString(strings.TrimSpace(t.Origin))
	if strings.Contains(strings.TrimSpace(t.Origin), "\n") {
		p.Len = 1
	}
	return p
}

func cause(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return fmt.Sprint(err)
}
