package letter

import (
	"fmt"
	"time"

	"muster/internal/access"
	"muster/remediate/notice"
)

// Occasion is why a question is put in a letter.
type Occasion int

// The occasions.
const (
	Asked     Occasion = iota // for the first time
	Reminder                  // once more, nobody decided
	Snoozed                   // once more, as the person wished
	Escalated                 // to somebody who may decide besides, since nobody decided
)

// Question is one approval for one person.
type Question struct {
	Approval access.Approval
	To       access.Approver // without a Person it goes to an office that hands it on
	Occasion Occasion
	Token    string    // the person's own; empty for an office
	Until    time.Time // how long the token is good
	Links    notice.Links
}

const (
	maxChanges   = 25
	maxConflicts = 10
	maxApprovers = 10
)

// Letter puts the question, with everything that the decision needs and the commands that make it.
func (q Question) Letter() (Letter, error) {
	a := q.Approval
	p := page{Subject: rootSubject(a, q.Occasion), Title: fit(a.Title, maxLine), Lead: q.lead(), Foot: foot(a)}
	switch q.Occasion {
	case Reminder, Snoozed: // the same subject, so that clients keep it with the first letter
		root := Asked
		if _, asked := approver(a.Approvers, q.To.Person); !asked && a.Escalated {
			root = Escalated
		}
		p.Subject = "Re: " + rootSubject(a, root)
	}
	if changes := q.changes(); len(changes.Items) > 0 {
		p.Parts = append(p.Parts, changes)
	}
	p.Parts = append(p.Parts, reasons(a, q.Links))
	if a.Irreversible != "" {
		p.Parts = append(p.Parts, part{Title: "This cannot be undone", Warn: true, Text: []safe{fit(a.Irreversible, maxText)}})
	}
	if len(a.Conflicts) > 0 {
		x := part{Title: "This would break segregation of duties", Warn: true}
		var shown []string
		shown, x.After = few(a.Conflicts, maxConflicts, notice.ApprovalCommand(a.ID))
		x.Items = items(shown)
		p.Parts = append(p.Parts, x)
	}
	p.Parts = append(p.Parts, route(a))
	if q.Token != "" {
		p.Parts = append(p.Parts, q.decide())
	} else {
		p.Parts = append(p.Parts, handOver(a))
	}
	return render(p, q.Token)
}

func rootSubject(a access.Approval, o Occasion) safe {
	what := safe("Decision needed")
	if o == Escalated {
		what = "Escalated, decision needed"
	}
	return what + say(" (%s): ", a.ID) + fit(a.Title, maxSubject-60)
}

func approver(list []access.Approver, person string) (access.Approver, bool) {
	for _, x := range list {
		if x.Person == person {
			return x, true
		}
	}
	return access.Approver{}, false
}

func (q Question) lead() []safe {
	a := q.Approval
	waits := safe("It waits ") + safe(notice.Deadline(a)) + "."
	if a.State != access.ApprovalWaiting {
		waits = ""
	}
	name := say("%s, ", q.To.Name)
	if q.To.Person == "" {
		return []safe{"No address is known of anybody who may decide this. Please see to it that one of them does. " + waits}
	}
	switch q.Occasion {
	case Reminder:
		return []safe{name + say("a reminder: you were asked %s as %s, and nobody has decided yet. ", notice.Stamp(a.RaisedAt), q.To.Role) + waits}
	case Snoozed:
		return []safe{name + "you wanted to be reminded of this question. " + waits}
	case Escalated:
		return []safe{name + say("nobody has decided this since %s. You may decide it now too, as %s. ", notice.Stamp(a.RaisedAt), q.To.Role) + waits}
	}
	return []safe{name + say("you are asked as %s. ", q.To.Role) + waits}
}

func (q Question) changes() part {
	a := q.Approval
	if len(a.Lines) == 0 || len(a.Lines) == 1 && a.Lines[0] == a.Title {
		return part{}
	}
	x := part{Title: "What would change"}
	lines, more := few(a.Lines, maxChanges, notice.ApprovalCommand(a.ID))
	x.Items, x.After = items(lines), more
	return x
}

func items(lines []string) []item {
	var out []item
	for _, l := range lines {
		out = append(out, item{Text: fit(l, maxLine)})
	}
	return out
}

func reasons(a access.Approval, links notice.Links) part {
	x := part{Title: "Why", Text: []safe{fit(a.Why, maxText)}}
	if proof := notice.Proof(a); proof != "" {
		it := item{Text: fit(proof, maxLine)}
		if a.FindingID != "" {
			if it.URL = links.Finding(a.FindingID); it.URL == "" {
				it.Command = shell(notice.FindingCommand, a.FindingID)
			}
		}
		x.Items = []item{it}
	}
	return x
}

// route says who may decide, and what was decided so far.
func route(a access.Approval) part {
	who := a.Approvers
	if a.Escalated {
		who = append(append([]access.Approver{}, who...), a.Escalation...)
	}
	x := part{Title: "Who may decide"}
	shown, more := few(who, maxApprovers, notice.ApprovalCommand(a.ID))
	for _, w := range shown {
		x.Items = append(x.Items, item{Text: say("%s (%s)", w.Name, w.Role)})
	}
	x.After = more
	if need := notice.Needed(a); need != "" {
		x.After = append(x.After, safe(need)+".")
	}
	for _, d := range a.Decisions {
		x.After = append(x.After, fit(notice.Decided(d), maxText))
	}
	if len(who) == 0 {
		x.Text = []safe{"Nobody yet."}
	}
	return x
}

// decide shows the commands. They are the only way: a link that decides would be followed by whatever looks through mail.
func (q Question) decide() part {
	a := q.Approval
	line := func(v access.Verdict) string {
		return fmt.Sprintf("muster decide %s %s --token %s", a.ID, v, blot)
	}
	x := part{Title: "How to decide", Text: []safe{"On a host where muster runs:"}, Commands: []command{
		{"Approve:", line(access.Approve)},
		{"Deny, and say why:", line(access.Deny) + ` --reason "..."`},
		{"See everything about it:", notice.ApprovalCommand(a.ID)},
	}}
	if url := q.Links.Approval(a.ID); url != "" {
		x.Commands[2] = command{"See everything about it:", url}
	}
	x.After = []safe{"The token is yours alone, for this question alone, and good until " + safe(notice.Stamp(q.Until)) + ". Whoever has it decides in your name: do not pass this mail on."}
	return x
}

// handOver says how somebody without an address gets a token.
func handOver(a access.Approval) part {
	x := part{Title: "How to hand it on", Text: []safe{"Make a token for one of them, and give it to them by a way that you trust:"}}
	who := a.Approvers
	if a.Escalated {
		who = append(append([]access.Approver{}, who...), a.Escalation...)
	}
	for _, w := range who[:min(3, len(who))] {
		person := shell(func(id string) string { return id }, w.Person)
		if person == "" {
			person = "PERSON"
		}
		x.Commands = append(x.Commands, command{say("For %s, %s:", w.Name, w.Person), "muster token " + a.ID + " " + person})
	}
	return x
}

func foot(a access.Approval) []safe {
	list := []safe{say("%s", a.ID)}
	if a.System != "" {
		list = append(list, say("system %s", a.System))
	}
	if a.Requester != "" {
		list = append(list, say("asked for by %s", a.Requester))
	}
	if !a.DueAt.IsZero() {
		list = append(list, "due by "+safe(notice.Stamp(a.DueAt)))
	}
	if a.Run != "" {
		list = append(list, say("run %s", a.Run))
	}
	return []safe{joined(list, " · "), "Muster sent this by itself; answers to it are read by nobody."}
}

// Answered tells somebody who was asked that nothing is left to decide.
func Answered(a access.Approval, to access.Approver, links notice.Links) (Letter, error) {
	root := Asked
	if _, asked := approver(a.Approvers, to.Person); !asked && to.Person != "" {
		root = Escalated
	}
	p := page{Subject: "Re: " + rootSubject(a, root), Title: fit(notice.Answer(a), maxLine), Foot: foot(a),
		Lead: []safe{fit(a.Title, maxLine), "There is nothing left for you to do: this question is closed, and its token is good for nothing any more."}}
	x := part{Title: "What was decided"}
	for _, d := range a.Decisions {
		x.Items = append(x.Items, item{Text: fit(notice.Decided(d), maxText)})
	}
	if len(a.Decisions) == 0 {
		x.Text = []safe{"Nobody decided."}
	}
	if a.Outcome != "" {
		x.After = append(x.After, "Outcome: "+fit(a.Outcome, maxText))
	}
	see := command{"See everything about it:", notice.ApprovalCommand(a.ID)}
	if url := links.Approval(a.ID); url != "" {
		see.Line = url
	}
	x.Commands = []command{see}
	p.Parts = []part{x}
	return render(p, "")
}
