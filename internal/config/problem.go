package config

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"muster/internal/config/spelling"
)

// Position is a place in a file. Line and Col are 1-based, Col counts runes; zero Line means the whole file.
type Position struct {
	File      string
	Line, Col int
	Len       int // runes to underline; 0 or 1 is one caret
}

// String is file:line:col.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Problem is one thing that is wrong in a file.
type Problem struct {
	Position
	Path    string // systems[0].kind; empty for the whole file
	Message string
	Hint    string
	Source  string // the source line, tabs made spaces; empty when it must not be shown
}

// Error is the one-line form, without the quoted source.
func (p Problem) Error() string {
	if p.Path == "" {
		return fmt.Sprintf("%s: %s", p.Position, p.Message)
	}
	return fmt.Sprintf("%s: %s: %s", p.Position, p.Path, p.Message)
}

// Text is the form for people: the line, the quoted source with a caret, and the hint.
func (p Problem) Text() string {
	var b strings.Builder
	b.WriteString(p.Error())
	b.WriteByte('\n')
	if p.Source != "" {
		num := fmt.Sprintf("%5d", p.Line)
		width := max(p.Len, 1)
		if rest := utf8.RuneCountInString(p.Source) - p.Col + 1; width > rest {
			width = max(rest, 1)
		}
		fmt.Fprintf(&b, "%s | %s\n", num, p.Source)
		fmt.Fprintf(&b, "%s | %s%s\n", strings.Repeat(" ", len(num)), strings.Repeat(" ", max(p.Col-1, 0)), strings.Repeat("^", width))
	}
	if p.Hint != "" {
		b.WriteString("hint: " + p.Hint + "\n")
	}
	return b.String()
}

// Problems is every problem found in one or more files, as one error. The command line prints it and exits with 4.
type Problems []Problem

// Error joins the texts of all problems in file order.
func (ps Problems) Error() string {
	sorted := append(Problems(nil), ps...)
	sort.SliceStable(sorted, func(i, j int) bool {
		a, b := sorted[i].Position, sorted[j].Position
		if a.File != b.File {
			return a.File < b.File
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Col < b.Col
	})
	texts := make([]string, len(sorted))
	for i, p := range sorted {
		texts[i] = p.Text()
	}
	return strings.TrimSuffix(strings.Join(texts, ""), "\n")
}

// Nearest returns the candidate that a misspelt word most likely meant, or "" when none is near.
func Nearest(word string, candidates []string) string { return spelling.Nearest(word, candidates) }
