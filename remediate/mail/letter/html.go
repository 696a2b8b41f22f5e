package letter

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed page.html
var pageHTML string

// document is the HTML of every letter. Safe texts are strings to it, which it escapes.
var document = template.Must(template.New("page").Parse(pageHTML))

func (p page) html() (string, error) {
	var b strings.Builder
	if err := document.Execute(&b, p); err != nil {
		return "", fmt.Errorf("write HTML of a letter: %w", err)
	}
	return b.String(), nil
}
