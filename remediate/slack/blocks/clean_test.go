package blocks_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"muster/internal/access"
	"muster/remediate/slack/blocks"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"k.okafor@acme.example":      "k.okafor@acme.example",
		"AP_SENIOR":                  "AP_SENIOR",
		"__init__":                   "ˍ_init_ˍ",
		"<!channel> & <@U1>":         "&lt;!channel&gt; &amp; &lt;@U1&gt;",
		"@here @Channel @hereafter":  "＠here ＠Channel @hereafter",
		"*done* `rm` ~x~":            "∗done∗ ˋrmˋ ∼x∼",
		":white_check_mark: 12:30:5": "∶white_check_mark: 12:30:5",
		"a\u202Egpj.exe":             "a⟦U+202E⟧gpj.exe",
		"one\r\ntwo\nthree\tfour":    "one ⏎ two ⏎ three four",
		"nul\x00 zero\u200Bwidth":    "nul⟦U+0000⟧ zero⟦U+200B⟧width",
		"\xff\xfe":                   "⟦0xFF⟧⟦0xFE⟧",
		"fil\u3164ler ⟦U+202E⟧":      "fil⟦U+3164⟧ler ⟦U+27E6⟧U+202E⟧",
		"tag\U000E0041":              "tag⟦U+E0041⟧",
		"Nguyễn Thị Hạnh, Шевченко":  "Nguyễn Thị Hạnh, Шевченко",
		"日本 太郎 عمر 😀":                "日本 太郎 عمر 😀",
		"":                           "",
	} {
		if got := blocks.Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMentionsAreMadeOfUserIDsAlone(t *testing.T) {
	for in, want := range map[string]string{"U024BE7LH": "<@U024BE7LH>", "W012A3CDE": "<@W012A3CDE>", "!channel": "!channel", "S0GROUP": "S0GROUP", "U1><!here": "U1&gt;&lt;!here", "here": "here"} {
		if got := blocks.Mention(in); got != want {
			t.Errorf("Mention(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzNoTextOfASystemActs puts any text into every field of an approval: the message has no markup of Slack's but our own.
func FuzzNoTextOfASystemActs(f *testing.F) {
	for _, s := range []string{"<!channel>", "<https://evil.example|x>", "@everyone", "\u202E", "a&b<c>d", ":x:", "`a` *b*", "\xff", strings.Repeat("&", 9000), "&lt;!here&gt;", "<@U1>|"} {
		f.Add(s)
	}
	angle := regexp.MustCompile(`<[^>]*>`)
	own := regexp.MustCompile(`^<@U0(PNOVAK|MLIND)>$`)
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "<@U0PNOVAK>") || strings.Contains(s, "<@U0MLIND>") {
			return // it cannot be told from our own
		}
		a := approval()
		a.Title, a.Why, a.Lines, a.Conflicts, a.Irreversible, a.Rule, a.FindingID, a.System, a.Run = s, s, []string{s}, []string{s}, s, s, s, s, s
		a.Approvers = append(a.Approvers, access.Approver{Person: "W-9", Name: s, Role: s})
		text, err := json.Marshal(blocks.Approval(a, token, context()))
		if err != nil {
			t.Fatal(err)
		}
		check(t, text)
		for _, shown := range texts(t, text) {
			for _, m := range angle.FindAllString(shown, -1) {
				if !own.MatchString(m) {
					t.Fatalf("%q acts in %q", m, shown)
				}
			}
			for _, r := range shown {
				if r != '\n' && (unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r) || r == utf8.RuneError) {
					t.Fatalf("U+%04X in %q", r, shown)
				}
			}
			if strings.Contains(shown, "@here") || strings.Contains(shown, "@channel") || strings.Contains(shown, "@everyone") {
				t.Fatalf("a broadcast in %q", shown)
			}
		}
	})
}

// texts lists everything that a message shows.
func texts(t *testing.T, message []byte) []string {
	t.Helper()
	var out []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, x := range v {
				if s, ok := x.(string); ok && key == "text" {
					out = append(out, s)
				}
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	var m any
	if err := json.Unmarshal(message, &m); err != nil {
		t.Fatal(err)
	}
	walk(m)
	return out
}
