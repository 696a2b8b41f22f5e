package html

import (
	"strconv"
	"strings"

	"muster/reports/document"
)

// table writes a table with its caption; one that is wider than the screen scrolls inside of its box, with the keyboard too.
func (p *page) table(t document.Table) {
	caption := t.Caption
	if caption == "" {
		caption = p.heading
	}
	said := ""
	if caption == p.heading {
		said = "said" // the eye has just read it
	}
	p.raw("<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"Table: ", attr(caption), "\">\n<table>\n<caption", class(said), ">", text(caption), "</caption>\n<thead><tr>")
	for _, c := range t.Columns {
		p.raw("<th scope=\"col\"", class(align(c)), ">", text(c.Title), "</th>")
	}
	p.raw("</tr></thead>\n<tbody>\n")
	rows := 0
	err := t.Each(func(row []document.Cell) error {
		if rows++; t.Group(row) {
			if rows > 1 {
				p.raw("</tbody>\n<tbody>\n")
			}
			p.raw("<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"", strconv.Itoa(len(t.Columns)), "\">", p.content(row[0]), "</th></tr>\n")
			return p.err
		}
		p.row(t, row)
		return p.err
	})
	if p.err == nil {
		p.err = err
	}
	p.raw("</tbody>\n</table>\n</div>\n")
}

// row writes one row; its first cell names it.
func (p *page) row(t document.Table, row []document.Cell) {
	p.raw("<tr>")
	for i, c := range row {
		if i >= len(t.Columns) {
			break
		}
		column, names := t.Columns[i], ""
		if c.Font == document.Bold && c.Fill == 0 {
			names = "b"
		}
		if column.Whole && c.Font != document.Fixed {
			names += " w"
		}
		names = class(align(column), names)
		if i == 0 && c.Text != "" && len(t.Columns) > 1 {
			p.raw("<th scope=\"row\"", names, ">", p.content(c), "</th>")
		} else {
			p.raw("<td", names, ">", p.content(c), "</td>")
		}
	}
	p.raw("</tr>\n")
}

func align(c document.Column) string {
	switch c.Align {
	case 'R':
		return "r"
	case 'C':
		return "c"
	}
	return ""
}

// content is what stands in a cell.
func (p *page) content(c document.Cell) string {
	open, end := "", ""
	if c.Font == document.Fixed {
		open, end = "<code>", "</code>"
	}
	out := words(c.Text)
	if anchor := p.ids[c.Link]; anchor != "" && c.Link != "" {
		out = `<a href="#` + anchor + `">` + out + "</a>"
	}
	out = open + out + end
	for _, more := range c.More {
		out += `<span class="more">` + open + words(more) + end + "</span>"
	}
	if c.Fill > 0 {
		out = `<span class="chip g` + strconv.Itoa((c.Fill*(greys-1)+127)/255) + `">` + out + "</span>"
	}
	if c.Tick {
		out += `<span class="tick" role="img" aria-label="to be ticked by hand"></span>`
	}
	return out
}

// words is text whose ids and dates, which have a digit after a hyphen, are not broken over two lines.
func words(s string) string {
	if !hyphenated(s) || strings.IndexFunc(s, rightToLeft) >= 0 {
		return text(s)
	}
	parts := strings.Split(s, " ")
	for i, word := range parts {
		parts[i] = text(word)
		if len(word) <= 24 && hyphenated(word) {
			parts[i] = `<span class="w">` + parts[i] + "</span>"
		}
	}
	return strings.Join(parts, " ")
}

func hyphenated(s string) bool {
	for i := 1; i+1 < len(s); i++ {
		if s[i] == '-' && s[i+1] >= '0' && s[i+1] <= '9' {
			return true
		}
	}
	return false
}
