package blocks

import (
	"fmt"

	slackgo "github.com/slack-go/slack"

	"muster/internal/access"
	"muster/remediate/notice"
)

const maxHolds = 12

// Holds shows what one run holds back, whatever the number of systems, with the command that releases each.
func Holds(run string, holds []access.Hold, c Context) Message {
	var open, actions, accounts int
	var lines []string
	for _, h := range holds {
		if h.Open() {
			open++
			actions += h.Actions
			accounts += h.Accounts
		}
		lines = append(lines, holdLine(h, c))
	}
	head, intro := "Actions are held", fmt.Sprintf("*%s on %s %s not done* until a person releases them. Nobody has to hurry: while they are held nothing is changed.",
		plural(actions, "action"), plural(accounts, "account"), areIs(actions))
	switch {
	case open == 0:
		head, intro = "Held actions were released", "Nothing is held any more."
	case actions == 0:
		intro = "*Nothing is changed on the strength of what is listed here* until it is right again, or a person releases it. Nobody has to hurry."
	}
	text := fmt.Sprintf("%s: %s, run %s", head, plural(len(holds), "hold"), run)
	return Message{Text: fit(text, maxText), Blocks: []slackgo.Block{
		header(head), section(intro), section(list("", lines, maxHolds, maxSection, code("muster actions --state held"))), small(fit("run "+run, maxContext)),
	}}
}

func holdLine(h access.Hold, c Context) string {
	where := "every system"
	if h.System != "" {
		where = h.System
	}
	text := "*" + fit(where, 80) + "*: " + fit(h.Reason, maxLine)
	if h.Actions > 0 {
		text += fmt.Sprintf(" (%s on %s)", plural(h.Actions, "action"), plural(h.Accounts, "account"))
	}
	if h.Open() {
		return text + ". " + code(notice.ReleaseCommand(h))
	}
	text += ". ✓ Released by " + c.who(h.ReleasedBy, "") + " " + notice.Stamp(h.ReleasedAt)
	if h.Release != "" {
		text += ": " + fit(h.Release, maxLine)
	}
	return text
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func areIs(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
