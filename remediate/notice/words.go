package notice

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/access"
)

// Stamp is how people read a moment.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// AfterExpiry names the state that an approval ends in when nobody decides.
func AfterExpiry(a access.Approval) string {
	if a.OnExpiry == access.ExpiryApply {
		return "the change is made all the same"
	}
	switch a.About {
	case access.AboutRequest:
		return "the request is refused and nothing is given"
	case access.AboutException:
		return "the risk is not accepted and the finding stays open"
	}
	return "nothing is changed and the access stays as it is"
}

// Deadline says until when a question waits and what happens then.
func Deadline(a access.Approval) string {
	if a.ExpiresAt.IsZero() {
		return "until somebody decides; until then nothing is changed"
	}
	return "until " + Stamp(a.ExpiresAt) + "; then " + AfterExpiry(a)
}

// Needed says how many must approve; empty when any one of them will do.
func Needed(a access.Approval) string {
	if a.Need <= 1 {
		return ""
	}
	return fmt.Sprintf("%d different persons must approve; so far %d", a.Need, a.Approvals())
}

// Answer says how a question ended; empty while it waits.
func Answer(a access.Approval) string {
	switch a.State {
	case access.ApprovalApproved:
		return "Approved"
	case access.ApprovalDenied:
		return "Denied"
	case access.ApprovalExpired:
		return "Nobody decided in time: " + AfterExpiry(a)
	case access.ApprovalWithdrawn:
		return "Withdrawn: the reason went away"
	}
	return ""
}

// Decided says what one decision was: by whom, in which role, when, why.
func Decided(d access.Decision) string {
	if d.Verdict == access.Expire {
		return "Ran out " + Stamp(d.At)
	}
	verb := "Approved"
	if d.Verdict == access.Deny {
		verb = "Denied"
	}
	name := d.ByName
	if name == "" {
		name = d.By
	}
	text := fmt.Sprintf("%s by %s", verb, name)
	if d.Role != "" {
		text += " (" + d.Role + ")"
	}
	text += " " + Stamp(d.At)
	if d.Channel != "" {
		text += " by " + string(d.Channel)
	}
	if d.Reason != "" {
		text += ": " + d.Reason
	}
	return text
}

// Proof says in one line what a question rests on: rule, finding and severity.
func Proof(a access.Approval) string {
	var parts []string
	if a.Rule != "" {
		parts = append(parts, "rule "+a.Rule)
	}
	if a.FindingID != "" {
		parts = append(parts, "finding "+a.FindingID)
	}
	if a.Severity != "" {
		parts = append(parts, string(a.Severity))
	}
	return strings.Join(parts, ", ")
}

// DecideCommand decides on the command line; step up, it takes the personal token that comes by mail.
func DecideCommand(a access.Approval, verdict access.Verdict) string {
	text := fmt.Sprintf("muster decide %s %s", a.ID, verdict)
	if a.StepUp {
		text += " --token TOKEN"
	}
	return text
}

// ApprovalCommand shows a question, or a review of access, with everything that it is about.
func ApprovalCommand(id string) string {
	if strings.HasPrefix(id, "C-") {
		return "muster review list " + id
	}
	return "muster approvals " + id
}

// ReleaseCommand releases a hold.
func ReleaseCommand(h access.Hold) string {
	return fmt.Sprintf("muster release %s --reason \"...\"", h.ID)
}
