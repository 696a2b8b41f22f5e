package blocks

import (
	"fmt"
	"strings"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"

	"muster/internal/access"
	"muster/remediate/notice"
)

// The ids of what can be pressed. The value of each is the opaque token of the question.
const (
	ActionApprove = "muster_approve"
	ActionDeny    = "muster_deny"
	ActionSnooze  = "muster_snooze" // the option's value is SnoozeValue
	ActionDetails = "muster_details"
	ActionOpen    = "muster_open" // a link; Slack tells us all the same
)

const (
	maxApprovers = 10
	maxChanges   = 12
)

// Approval shows a question: while it waits with buttons that carry the token, afterwards with its answer.
func Approval(a access.Approval, token string, c Context) Message {
	waiting := a.State == access.ApprovalWaiting
	head := a.ID + ": decision needed"
	if !waiting {
		head = a.ID + ": " + string(a.State)
	}
	blocks := []slackgo.Block{header(head), section("*" + fit(a.Title, maxTitle) + "*")}
	if lines := changes(a, token != ""); lines != "" {
		blocks = append(blocks, section(lines))
	}
	blocks = append(blocks, section(why(a, c)))
	if warning := warnings(a); warning != "" {
		blocks = append(blocks, section(warning))
	}
	if waiting {
		blocks = append(blocks, section(route(a, c)))
		blocks = append(blocks, buttons(a, token)...)
	} else {
		blocks = append(blocks, section(answer(a, c)))
	}
	blocks = append(blocks, small(fit(footer(a), maxContext)))
	return Message{Text: approvalText(a), Blocks: blocks}
}

func changes(a access.Approval, details bool) string {
	if len(a.Lines) == 0 || len(a.Lines) == 1 && a.Lines[0] == a.Title {
		return ""
	}
	rest := code(notice.ApprovalCommand(a.ID))
	if details {
		rest = "see Details"
	}
	return list("", cleaned(a.Lines, maxLine), maxChanges, maxSection, rest)
}

func cleaned(lines []string, n int) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = fit(l, n)
	}
	return out
}

func why(a access.Approval, c Context) string {
	text := "*Why:* " + fit(a.Why, maxWhy)
	var proof []string
	if a.Rule != "" {
		proof = append(proof, "rule "+link(c.Links.Rule(a.Rule), codeCut(a.Rule, 80)))
	}
	if a.FindingID != "" {
		proof = append(proof, "finding "+link(c.Links.Finding(a.FindingID), codeCut(a.FindingID, 40)))
	}
	if a.Severity != "" {
		proof = append(proof, severity(a.Severity))
	}
	if len(proof) > 0 {
		text += " (" + strings.Join(proof, ", ") + ")"
	}
	return text
}

func warnings(a access.Approval) string {
	var lines []string
	if a.Irreversible != "" {
		lines = append(lines, "⚠ *Cannot be undone:* "+fit(a.Irreversible, maxWhy))
	}
	if len(a.Conflicts) > 0 {
		lines = append(lines, list("⚠ *Would break segregation of duties:*", cleaned(a.Conflicts, maxLine), 5, 1400, code("muster approvals show "+a.ID)))
	}
	return strings.Join(lines, "\n")
}

func route(a access.Approval, c Context) string {
	who := a.Approvers
	if a.Escalated {
		who = append(append([]access.Approver{}, who...), a.Escalation...)
	}
	var names []string
	for i, x := range who {
		if i == maxApprovers {
			names = append(names, fmt.Sprintf("and %d more", len(who)-i))
			break
		}
		names = append(names, c.who(x.Person, x.Name)+" ("+fit(x.Role, 40)+")")
	}
	if len(names) == 0 {
		names = []string{"nobody yet"}
	}
	lines := []string{"*May decide:* " + strings.Join(names, ", ")}
	if need := notice.Needed(a); need != "" {
		lines = append(lines, need)
	}
	lines = append(lines, "*Waits* "+notice.Deadline(a))
	for _, d := range a.Decisions {
		lines = append(lines, Decided(d, c))
	}
	return joined(lines)
}

// Decided says what one decision was.
func Decided(d access.Decision, c Context) string {
	if d.Verdict == access.Expire {
		return notice.Decided(d)
	}
	verb := "✓ Approved"
	if d.Verdict == access.Deny {
		verb = "✗ Denied"
	}
	text := verb + " by " + c.who(d.By, d.ByName)
	if d.Role != "" {
		text += " (" + fit(d.Role, 40) + ")"
	}
	text += " " + notice.Stamp(d.At)
	if d.Channel != access.ChannelSlack {
		text += " by " + fit(string(d.Channel), 20)
	}
	if d.Reason != "" {
		text += ": " + fit(d.Reason, maxWhy)
	}
	return text
}

func answer(a access.Approval, c Context) string {
	lines := []string{"*" + fit(notice.Answer(a), maxLine) + "*"}
	for _, d := range a.Decisions {
		if d.Verdict != access.Expire {
			lines = append(lines, Decided(d, c))
		}
	}
	if a.Outcome != "" {
		lines = append(lines, "*Outcome:* "+fit(a.Outcome, maxWhy))
	}
	return joined(lines)
}

// joined puts lines into one section; what is too much is left out and said so.
func joined(lines []string) string {
	var b strings.Builder
	size := maxSection - 30
	for i, l := range lines {
		if size -= utf8.RuneCountInString(l) + 1; size < 0 {
			fmt.Fprintf(&b, "\nand %d more lines", len(lines)-i)
			break
		}
		b.WriteString("\n" + l)
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// buttons are what a waiting question can be answered with. One that needs more than Slack says how to decide instead.
func buttons(a access.Approval, token string) []slackgo.Block {
	details := slackgo.NewButtonBlockElement(ActionDetails, token, plain("Details"))
	if a.StepUp {
		return []slackgo.Block{
			section("*This one is not decided in Slack.* Your token has come by mail; then: " + code(notice.DecideCommand(a, access.Approve)) + " or " +
				code(notice.DecideCommand(a, access.Deny)+" --reason \"...\"")),
			slackgo.NewActionBlock("muster", snooze(token), details),
		}
	}
	return []slackgo.Block{slackgo.NewActionBlock("muster",
		slackgo.NewButtonBlockElement(ActionApprove, token, plain("Approve")).WithStyle(slackgo.StylePrimary),
		slackgo.NewButtonBlockElement(ActionDeny, token, plain("Deny")).WithStyle(slackgo.StyleDanger),
		snooze(token), details)}
}

func snooze(token string) *slackgo.SelectBlockElement {
	var options []*slackgo.OptionBlockObject
	for _, p := range periods() {
		options = append(options, slackgo.NewOptionBlockObject(SnoozeValue(p.code, token), plain("Remind me in "+p.words), nil))
	}
	return slackgo.NewOptionsSelectBlockElement(slackgo.OptTypeStatic, plain("Snooze"), ActionSnooze, options...)
}

func footer(a access.Approval) string {
	parts := []string{a.ID}
	if a.Run != "" {
		parts = append(parts, "run "+a.Run)
	}
	if a.System != "" {
		parts = append(parts, "system "+a.System)
	}
	if a.Requester != "" {
		parts = append(parts, "asked for by "+a.Requester)
	}
	if !a.DueAt.IsZero() {
		parts = append(parts, "due by "+notice.Stamp(a.DueAt))
	}
	return strings.Join(parts, " · ")
}

func approvalText(a access.Approval) string {
	if a.State == access.ApprovalWaiting {
		return fit(fmt.Sprintf("Decision needed (%s): %s; waits %s", a.ID, a.Title, notice.Deadline(a)), maxText)
	}
	return fit(fmt.Sprintf("%s (%s): %s", notice.Answer(a), a.ID, a.Title), maxText)
}
