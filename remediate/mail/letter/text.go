package letter

import "strings"

// lineWidth is RFC 5322's "should": 78 characters without the line break (§2.1.1).
const lineWidth = 78

// text writes the page as plain text.
func (p page) text() string {
	var b strings.Builder
	title := wrap(string(p.Title), "", "")
	b.WriteString(title)
	longest := 0
	for line := range strings.Lines(title) {
		longest = max(longest, columns(strings.TrimSuffix(line, "\n")))
	}
	b.WriteString(strings.Repeat("-", longest) + "\n")
	paragraphs(&b, p.Lead, "")
	for _, x := range p.Parts {
		x.text(&b)
	}
	b.WriteString("\n-- \n")
	for _, line := range p.Foot {
		b.WriteString(wrap(string(line), "", ""))
	}
	return b.String()
}

func (x part) text(b *strings.Builder) {
	head := strings.ToUpper(string(x.Title))
	if x.Warn {
		head = "!! " + head
	}
	b.WriteString("\n" + wrap(head, "", "   "))
	for i, s := range x.Text {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(wrap(string(s), "  ", "  "))
	}
	for _, it := range x.Items {
		line := string(it.Text)
		if it.Mark != "" {
			line = string(it.Mark) + " " + line
		}
		b.WriteString(wrap(line, "  - ", "    "))
		if it.More != "" {
			b.WriteString(wrap(string(it.More), "    ", "    "))
		}
		for _, way := range []string{it.URL, it.Command} {
			if way != "" {
				b.WriteString("    " + way + "\n")
			}
		}
	}
	x.Table.text(b)
	for _, c := range x.Commands {
		b.WriteString("\n" + wrap(string(c.What), "  ", "  ") + "\n    " + c.Line + "\n")
	}
	paragraphs(b, x.After, "  ")
}

func paragraphs(b *strings.Builder, list []safe, indent string) {
	for _, s := range list {
		b.WriteString("\n" + wrap(string(s), indent, indent))
	}
}

// text writes the table in columns.
func (t table) text(b *strings.Builder) {
	if len(t.Rows) == 0 {
		return
	}
	rows := append([][]safe{t.Head}, t.Rows...)
	widths := make([]int, len(t.Head))
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], columns(string(c)))
		}
	}
	for _, row := range rows {
		line := " "
		for i, c := range row {
			pad := strings.Repeat(" ", widths[i]-columns(string(c)))
			if i < 2 {
				line += " " + string(c) + pad
			} else {
				line += " " + pad + string(c)
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// wrap breaks a text into lines, at spaces where there are any. The first line begins with first, the others with rest.
func wrap(s, first, rest string) string {
	var b strings.Builder
	line, size, empty := first, columns(first), true
	end := func() {
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		line, size, empty = rest, columns(rest), true
	}
	for word := range strings.FieldsSeq(s) {
		if !empty && size+1+columns(word) > lineWidth {
			end()
		}
		if !empty {
			line, size = line+" ", size+1
		}
		from := 0
		for i, r := range word { // one that is longer than a line is broken anywhere
			if size+column(r) > lineWidth {
				line += word[from:i]
				end()
				from = i
			}
			size, empty = size+column(r), false
		}
		line += word[from:]
	}
	if !empty {
		end()
	}
	return b.String()
}
