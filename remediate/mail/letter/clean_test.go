package letter_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"muster/internal/access"
	"muster/remediate/mail/letter"
)

func TestNamesAreMadeHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"Nguyễn Thị Hạnh, Шевченко":       "Nguyễn Thị Hạnh, Шевченко",
		"日本 太郎 😀":                         "日本 太郎 😀",
		"one\r\ntwo\nthree\tfour":         "one ⏎ two ⏎ three four",
		"a\u202Egpj.exe\u200B":            "a⟦U+202E⟧gpj.exe⟦U+200B⟧",
		"nul\x00\x7f\xff":                 "nul⟦U+0000⟧⟦U+007F⟧⟦U+FFFD⟧",
		"⟦U+202E⟧":                        "⟦U+27E6⟧U+202E⟧",
		"عمر":                             "\u2068عمر\u2069",
		"https://evil.example/?a=b":       "https[:]//evil.example/?a=b",
		"WWW.evil.example awww.b":         "WWW[.]evil.example awww.b",
		"=?utf-8?b?QXBwcm92ZWQ=?= by you": "= ?utf-8?b?QXBwcm92ZWQ= ?= by you",
		"fil\u3164ler":                    "fil⟦U+3164⟧ler",
		strings.Repeat("x", 81):           strings.Repeat("x", 80) + "…",
		"  ":                              "",
	} {
		if got := letter.Name(in); got != want {
			t.Errorf("Name(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzNoTextOfASystemActs puts any text into every field of an approval and a digest. No reader sees anything in it but text.
func FuzzNoTextOfASystemActs(f *testing.F) {
	for _, s := range []string{evil, "<b>", "\u202E", "https://evil.example", "\xff", strings.Repeat("&", 9000), "\r\nBcc: x@acme.example", "'; rm -rf / #", "{{.}}", " --token TOKEN", "WwW.x", "-- "} {
		f.Add(s)
	}
	tag := regexp.MustCompile(`<[^>]*>`)
	own := regexp.MustCompile(`^<(!DOCTYPE html|/?(html|head|body|div|h1|h2|p|table|tr|td|th|pre|code|title|br|meta)( (lang|charset|name|content|style|dir|role|cellspacing|cellpadding|scope)="[^"]*")*)>$`)
	f.Fuzz(func(t *testing.T, s string) {
		a := approval()
		a.Title, a.Why, a.Lines, a.Conflicts, a.Irreversible, a.Rule, a.FindingID, a.System, a.Run, a.Requester = s, s, []string{s}, []string{s}, s, s, s, s, s, s
		a.Approvers = append(a.Approvers, access.Approver{Person: s, Name: s, Role: s})
		a.Decisions = []access.Decision{{Verdict: access.Approve, By: "W-1", ByName: s, Role: s, Reason: s}}
		q := ask(a, access.Approver{Person: "W-1", Name: s, Role: s}, letter.Asked)
		office := ask(a, access.Approver{}, letter.Asked)
		office.Token = ""
		d := digest(2)
		d.Organisation, d.Run, d.Owner.Name, d.Systems, d.Incomplete, d.Findings[0].ID, d.Findings[0].Message, d.Findings[1].Subject, d.Held[0].ID, d.Done[0].Text = s, s, s, []string{s, s}, []string{s}, s, s, s, s, s
		for _, write := range []func() (letter.Letter, error){q.Letter, office.Letter, func() (letter.Letter, error) { return letter.Digest(d, false) }} {
			l, err := write()
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range tag.FindAllString(l.HTML, -1) {
				if !own.MatchString(found) {
					t.Fatalf("%q acts in the HTML", found)
				}
			}
			for _, shown := range []string{l.Subject, l.Text, l.HTML} {
				for _, r := range shown {
					// Isolates are our own (UAX #9): they end where a text ends.
					if r != '\n' && r != '\u2068' && r != '\u2069' && unicode.In(r, unicode.Cf, unicode.Cc, unicode.Co) || r == utf8.RuneError && !strings.Contains(s, "\uFFFD") {
						t.Fatalf("U+%04X in %q", r, shown)
					}
				}
				if strings.Contains(shown, "://") || regexp.MustCompile(`(?i)\bwww\.`).MatchString(shown) {
					t.Fatalf("a client makes a link of something in %q", shown)
				}
			}
			if strings.ContainsAny(l.Subject, "\r\n") || strings.Contains(l.Subject, "=?") || utf8.RuneCountInString(l.Subject) > 250 {
				t.Fatalf("subject %q", l.Subject)
			}
			if strings.Count(l.Text, "\n-- \n") != 1 {
				t.Fatalf("a text of a system looks like the end of the mail in %q", l.Text)
			}
			for line := range strings.Lines(l.Text) {
				if command, ok := strings.CutPrefix(line, "    muster "); ok && s != "" && !regexp.MustCompile(`^[A-Za-z0-9 ._:"=-]+\n$`).MatchString(command) {
					t.Fatalf("a shell reads more than words in %q", command)
				}
			}
		}
	})
}
