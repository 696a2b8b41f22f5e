package letter

import (
	"strings"

	"muster/remediate"
)

// Letter is one message in both forms.
type Letter struct {
	Subject string
	Text    string // lines end with \n
	HTML    string
	Digest  string // hex SHA-256 of all of it with the token blotted out
	Token   string // the secret in it; empty: none
}

// page is what a letter says, in the order in which it is read.
type page struct {
	Subject safe
	Title   safe
	Lead    []safe // paragraphs
	Parts   []part
	Foot    []safe
}

// part is one section. What is empty in it is left out.
type part struct {
	Title    safe
	Warn     bool
	Text     []safe // paragraphs
	Items    []item
	Table    table
	Commands []command
	After    []safe // paragraphs below
}

// item is one point of a list.
type item struct {
	Mark    safe // how bad it is
	Text    safe
	More    safe
	URL     string // of our own console
	Command string
}

// table has as many cells in a row as in its head. Every column but the first two holds numbers.
type table struct {
	Head []safe
	Rows [][]safe
}

// command is a line for a shell, which is shown as it is.
type command struct {
	What safe
	Line string
}

// blot stands for the token in a page.
const blot = "TOKEN"

// render writes a page with its token.
func render(p page, token string) (Letter, error) {
	html, err := p.html()
	if err != nil {
		return Letter{}, err
	}
	l := Letter{Subject: header(p.Subject), Text: p.text(), HTML: html, Token: token}
	l.Digest = remediate.Hash(l.Subject, l.Text, l.HTML)
	if token == "" {
		return l, nil
	}
	for i, part := range p.Parts {
		for j, c := range part.Commands {
			p.Parts[i].Commands[j].Line = strings.Replace(c.Line, " --token "+blot, " --token "+token, 1)
		}
	}
	l.Text = p.text()
	l.HTML, err = p.html()
	return l, err
}

// few gives the first of a list, and what says that there are more and what shows them.
func few[T any](list []T, n int, command string) ([]T, []safe) {
	if len(list) <= n {
		return list, nil
	}
	return list[:n], []safe{say("and %d more: ", len(list)-n) + safe(command)}
}

// plural counts.
func plural(n int, noun string) safe {
	if n == 1 {
		return say("1 %s", noun)
	}
	return say("%d %ss", n, noun)
}
