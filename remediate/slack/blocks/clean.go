package blocks

import (
	"fmt"
	"iter"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes a text harmless in mrkdwn and in plain text: see the package's comment.
func Clean(s string) string { return fit(s, len(s)*maxGrowth+1) }

// maxGrowth bounds how many characters one byte may become: ⟦U+10FFFF⟧.
const maxGrowth = 12

// cutMark ends what was cut.
const cutMark = "…"

// fit cleans a text and cuts it to n characters as Slack counts them, never inside an escape.
func fit(s string, n int) string {
	var b strings.Builder
	size, room := 0, 0 // room is the length in bytes of what still fits with a mark of the cut
	for piece := range pieces(neutral(s)) {
		size += utf8.RuneCountInString(piece)
		if size > n {
			return b.String()[:room] + cutMark
		}
		b.WriteString(piece)
		if size <= n-1 {
			room = b.Len()
		}
	}
	return b.String()
}

// broadcast is what addresses a whole channel, if Slack were to parse it; emoji is what Slack draws as one.
var (
	broadcast = regexp.MustCompile(`(?i)@(here|channel|everyone|group)\b`)
	emoji     = regexp.MustCompile(`(?i):([a-z0-9_+'-]*[a-z][a-z0-9_+'-]*:)`)
	userID    = regexp.MustCompile(`^[UW][A-Z0-9]{2,20}$`)
)

// neutral takes the meaning from whole words.
func neutral(s string) string {
	if strings.Contains(s, "@") {
		s = broadcast.ReplaceAllString(s, "＠$1")
	}
	if strings.Count(s, ":") > 1 {
		s = emoji.ReplaceAllString(s, "∶$1")
	}
	return strings.ReplaceAll(s, "\r\n", "\n")
}

// pieces yields what each character of a text becomes.
func pieces(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		before := ' '
		for len(s) > 0 {
			r, n := utf8.DecodeRuneInString(s)
			after, _ := utf8.DecodeRuneInString(s[n:])
			text := fmt.Sprintf("⟦0x%02X⟧", s[0])
			if r != utf8.RuneError || n > 1 {
				text = piece(r, before, after)
			}
			if !yield(text) {
				return
			}
			before, s = r, s[n:]
		}
	}
}

func piece(r, before, after rune) string {
	switch r {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '\n', '\u2028', '\u2029':
		return " ⏎ "
	case '\t':
		return " "
	case '*':
		return "∗"
	case '~':
		return "∼"
	case '`':
		return "ˋ"
	case '_': // inside a word it is no markup, and names are full of it
		if word(before) && word(after) {
			return "_"
		}
		return "ˍ"
	}
	switch {
	case unicode.Is(unicode.Zs, r):
		return " "
	case !unicode.IsGraphic(r) || blank(r):
		return fmt.Sprintf("⟦U+%04X⟧", r)
	}
	return string(r)
}

func word(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// blank reports whether a letter or symbol is drawn as nothing, though Unicode calls it graphic.
func blank(r rune) bool {
	switch r {
	case '\u115F', '\u1160', '\u3164', '\uFFA0', '\u2800', '\u17B4', '\u17B5', '⟦':
		return true
	}
	return unicode.Is(unicode.Variation_Selector, r) && r != '\uFE0F'
}

// code shows a name as it is written; in a code span nothing is markup, and the span cannot be left.
func code(s string) string { return codeCut(s, len(s)*maxGrowth+1) }

func codeCut(s string, n int) string {
	if s == "" {
		return ""
	}
	return "`" + strings.NewReplacer("∗", "*", "∼", "~", "ˍ", "_", "∶", ":").Replace(fit(s, n)) + "`"
}

// link makes a link of an address of ours; without one it is the label.
func link(url, label string) string {
	if url == "" {
		return label
	}
	url = strings.NewReplacer("<", "%3C", ">", "%3E", "|", "%7C", "&", "&amp;", " ", "%20").Replace(url)
	return "<" + url + "|" + strings.ReplaceAll(label, "|", "¦") + ">"
}

// Mention addresses a Slack user by a configured id; an id of another form is shown as it is.
func Mention(id string) string {
	if !userID.MatchString(id) {
		return Clean(id)
	}
	return "<@" + id + ">"
}
