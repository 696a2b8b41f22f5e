package blocks

import (
	"fmt"
	"strings"

	slackgo "github.com/slack-go/slack"

	"muster/internal/access"
	"muster/remediate/notice"
)

// How much of each part a digest shows: together well below Slack's limits, however large the model is.
const (
	digestWorst = 3
	digestRules = 10
	digestLines = 5
	partSize    = 1100 // characters of one part
)

// Digest shows one owner what one run found.
func Digest(d notice.Digest, c Context) Message {
	c.Links = d.Links
	title := fmt.Sprintf("Access digest, %s, %s", d.Organisation, d.AsOf.UTC().Format("2006-01-02"))
	blocks := []slackgo.Block{header(title), section(digestHead(d))}
	for _, f := range d.Findings[:min(digestWorst, len(d.Findings))] {
		blocks = append(blocks, findingBlock(f, c))
	}
	if more := len(d.Findings) - digestWorst; more > 0 {
		blocks = append(blocks, small(fmt.Sprintf("and %s: %s", plural(more, "more open finding"), link(d.Links.All(), code("muster findings")))))
	}
	for _, part := range []string{
		list("*By rule*", ruleLines(d), digestRules, partSize, code("muster findings")),
		list("*Done by itself*", actionLines(d.Done), digestLines, partSize, codeCut("muster actions --run "+d.Run, 100)),
		list("*Waits for a decision*", actionLines(d.Waiting), digestLines, partSize, code("muster approvals")),
		list("*Held*", actionLines(d.Held), digestLines, partSize, code("muster actions --state held")),
		list("⚠ *Incomplete sources:* nothing is concluded from what they lack", cleaned(d.Incomplete, maxLine), digestLines, partSize, code("muster doctor")),
	} {
		if strings.Contains(part, "\n") { // a title alone says nothing
			blocks = append(blocks, section(part))
		}
	}
	blocks = append(blocks, small(fit(fmt.Sprintf("as of %s · run %s", notice.Stamp(d.AsOf), d.Run), maxContext)))
	return Message{Text: fit(title+": "+d.Headline(), maxText), Blocks: blocks}
}

func digestHead(d notice.Digest) string {
	text := "*" + fit(d.Headline(), maxTitle) + "*"
	if len(d.Systems) > 1 {
		text += "\nYour systems: " + fit(strings.Join(d.Systems, ", "), maxTitle)
	}
	return text
}

// findingBlock names one finding; with a console it has a button, without one the command.
func findingBlock(f access.Finding, c Context) slackgo.Block {
	text := severity(f.Severity) + " " + codeCut(f.Rule, 60) + ": *" + fit(f.Subject, 80) + "* in " + fit(f.System, 60)
	if f.PersonName != "" && f.PersonName != f.Subject {
		text += " (" + fit(f.PersonName, 80) + ")"
	}
	if f.Change == access.ChangeNew || f.Change == access.ChangeReopened {
		text += ", " + string(f.Change)
	}
	if !f.FirstSeen.IsZero() {
		text += ", since " + f.FirstSeen.UTC().Format("2006-01-02")
	}
	text += "\n" + fit(f.Message, maxLine)
	url := c.Links.Finding(f.ID)
	if url == "" {
		return section(text + "\n" + code(notice.FindingCommand(f.ID)))
	}
	button := slackgo.NewButtonBlockElement(ActionOpen, "", plain("Open "+fit(f.ID, 60)))
	button.URL = url
	return slackgo.NewSectionBlock(mrkdwn(text), nil, slackgo.NewAccessory(button))
}

func ruleLines(d notice.Digest) []string {
	var lines []string
	for _, r := range d.Rules() {
		text := fmt.Sprintf("%s %s: %d new, %d open, %d resolved", link(d.Links.Rule(r.Rule), codeCut(r.Rule, 60)), fit(string(r.Severity), 20), r.New, r.Open, r.Resolved)
		lines = append(lines, text)
	}
	return lines
}

func actionLines(list []notice.Line) []string {
	var lines []string
	for _, l := range list {
		text := fit(l.Text, maxLine)
		if l.ID != "" {
			text = link(l.URL, code(l.ID)) + " " + text
		}
		if !l.Until.IsZero() {
			text += ", until " + notice.Stamp(l.Until)
		}
		lines = append(lines, text)
	}
	return lines
}

// Critical is the own message of a finding that is too bad to wait in a digest.
func Critical(d notice.Digest, f access.Finding, c Context) Message {
	c.Links = d.Links
	title := fmt.Sprintf("Critical: %s in %s", f.Subject, f.System)
	blocks := []slackgo.Block{header(title), findingBlock(f, c)}
	if f.Hint != "" {
		blocks = append(blocks, section("*What to do:* "+fit(f.Hint, maxWhy)))
	}
	owner := c.who(d.Owner.Person, d.Owner.Name)
	if owner != "" {
		blocks = append(blocks, section("*Answers for it:* "+owner))
	}
	blocks = append(blocks, small(fit(fmt.Sprintf("%s · rule %s · run %s", f.ID, f.Rule, d.Run), maxContext)))
	return Message{Text: fit(title+": "+f.Message, maxText), Blocks: blocks}
}

// MoreCritical says how many further critical findings a run has, for when they are too many for a message each.
func MoreCritical(n int, run string) Message {
	text := fmt.Sprintf("and %s in run %s: %s", plural(n, "more new critical finding"), fit(run, 80), code("muster findings --severity critical"))
	return Plain(text)
}
