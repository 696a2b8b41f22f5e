package html

import (
	"fmt"
	"strings"

	"muster/reports/document"
)

func (p *page) block(b document.Block) {
	switch b := b.(type) {
	case document.Heading:
		p.title(b)
	case document.Paragraph:
		p.paragraph(b)
	case document.List:
		p.list(b)
	case document.Callout:
		p.callout(b)
	case document.Pairs:
		p.pairs(b)
	case document.Table:
		p.table(b)
	case document.Chart:
		p.chart(b)
	case document.SignOff:
		p.signOff(b)
	default:
		if p.err == nil {
			p.err = fmt.Errorf("the document holds a %T", b)
		}
	}
}

// title writes a heading; no level is left out on the way down.
func (p *page) title(h document.Heading) {
	tag := "h2"
	if h.Level > 1 && p.chapter {
		tag = "h3"
	}
	p.chapter = p.chapter || h.Level == 1
	p.heading = h.Text
	p.raw("<", tag, " id=\"", p.anchors[p.headings], "\">", text(h.Text), "</", tag, ">\n")
	p.headings++
}

func (p *page) paragraph(t document.Paragraph) {
	switch t.Style {
	case document.Mono:
		p.raw("<pre class=\"mono\">")
		for i, line := range strings.Split(strings.TrimSuffix(t.Text, "\n"), "\n") {
			if i > 0 {
				p.raw("\n")
			}
			p.raw(text(line))
		}
		p.raw("</pre>\n")
	case document.Note:
		p.raw("<p class=\"note\">", text(t.Text), "</p>\n")
	case document.Lead:
		p.raw("<p class=\"lead\">", text(t.Text), "</p>\n")
	default:
		p.raw("<p>", text(t.Text), "</p>\n")
	}
}

func (p *page) list(l document.List) {
	tag := "ul"
	if l.Ordered {
		tag = "ol"
	}
	p.raw("<", tag, ">\n")
	for _, item := range l.Items {
		p.raw("<li>", text(item), "</li>\n")
	}
	p.raw("</", tag, ">\n")
}

func (p *page) callout(c document.Callout) {
	p.raw("<div class=\"callout\"><p class=\"title\">", text(c.Title), "</p>\n")
	for _, para := range c.Paras {
		p.raw("<p>", text(para), "</p>\n")
	}
	p.raw("</div>\n")
}

func (p *page) pairs(pairs document.Pairs) {
	if len(pairs.Pairs) == 0 {
		return
	}
	p.raw("<dl class=\"pairs\">\n")
	for _, pair := range pairs.Pairs {
		value := text(pair.Value)
		if pair.Mono {
			value = "<code>" + value + "</code>"
		}
		p.raw("<dt>", text(pair.Label), "</dt><dd>", value, "</dd>\n")
	}
	p.raw("</dl>\n")
}

// signOff leaves room to sign on the printed page.
func (p *page) signOff(s document.SignOff) {
	if s.Intro != "" {
		p.raw("<p>", text(s.Intro), "</p>\n")
	}
	p.raw("<table class=\"sign\">\n<caption>Sign-off</caption>\n<thead><tr><th scope=\"col\">Role</th><th scope=\"col\">Name and role</th><th scope=\"col\">Date</th><th scope=\"col\">Signature</th></tr></thead>\n<tbody>\n")
	for _, role := range s.Roles {
		p.raw("<tr><th scope=\"row\" class=\"b\">", text(role), "</th><td></td><td></td><td></td></tr>\n")
	}
	p.raw("</tbody>\n</table>\n")
}
