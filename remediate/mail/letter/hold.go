package letter

import (
	"muster/internal/access"
	"muster/remediate/notice"
)

const maxHolds = 25

// Holds tells what one run holds back, with the command that releases each.
func Holds(run string, holds []access.Hold) (Letter, error) {
	var open []access.Hold
	var actions, accounts int
	for _, h := range holds {
		if h.Open() {
			open = append(open, h)
			actions, accounts = actions+h.Actions, accounts+h.Accounts
		}
	}
	p := page{Subject: holdSubject(run), Title: "Actions are held back", Foot: holdFoot(run),
		Lead: []safe{"Nothing of this is done until a person releases it. Nobody has to hurry: while it is held nothing is changed."}}
	if actions > 0 {
		p.Title = "Held back: " + plural(actions, "action") + " on " + plural(accounts, "account")
	}
	x := part{Title: "What is held, and how it is released"}
	shown, more := few(open, maxHolds, "muster actions --state held")
	for _, h := range shown {
		it := item{Text: where(h) + ": " + fit(h.Reason, maxLine), Command: shell(releaseCommand, h.ID)}
		if h.Actions > 0 {
			it.Text += " (" + plural(h.Actions, "action") + " on " + plural(h.Accounts, "account") + ")"
		}
		x.Items = append(x.Items, it)
	}
	x.After = more
	p.Parts = []part{x, {Title: "Before you release it", Commands: []command{{"Look at what would be done:", "muster actions --state held"}}}}
	return render(p, "")
}

// Released tells that nothing of a run is held any more.
func Released(run string, holds []access.Hold) (Letter, error) {
	p := page{Subject: "Re: " + holdSubject(run), Title: "Nothing is held any more", Foot: holdFoot(run),
		Lead: []safe{"What was held back was released by a person. There is nothing left for you to do."}}
	x := part{Title: "What was released"}
	shown, more := few(holds, maxHolds, "muster actions --state held")
	for _, h := range shown {
		it := item{Text: where(h) + say(": released by %s ", h.ReleasedBy) + safe(notice.Stamp(h.ReleasedAt))}
		if h.Release != "" {
			it.More = fit(h.Release, maxLine)
		}
		x.Items = append(x.Items, it)
	}
	x.After = more
	p.Parts = []part{x}
	return render(p, "")
}

func holdSubject(run string) safe { return say("Actions are held back, run %s", run) }

func where(h access.Hold) safe {
	if h.System == "" {
		return "every system"
	}
	return fit(h.System, 80)
}

func holdFoot(run string) []safe {
	return []safe{say("run %s", run), "Muster sent this by itself; answers to it are read by nobody."}
}
