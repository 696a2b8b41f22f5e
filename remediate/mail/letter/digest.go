package letter

import (
	"cmp"

	"muster/internal/access"
	"muster/remediate/notice"
)

// How much of each part a digest shows.
const (
	digestWorst = 10
	digestRules = 20
	digestLines = 15
	maxRule     = 38 // characters of a rule's name in the table
)

// Digest tells one owner what one run found and did. instead says that it goes to an office because the owner has no address.
func Digest(d notice.Digest, instead bool) (Letter, error) {
	day := d.AsOf.UTC().Format("2006-01-02")
	headline := fit(d.Headline(), maxLine)
	p := page{Subject: "Access digest " + safe(day) + ": " + fit(d.Headline(), maxSubject-30), Title: headline,
		Lead: []safe{say("%s, this is what the roll call of %s found in the systems that you answer for: ", d.Owner.Name, d.Organisation) + names(d.Systems)},
		Foot: []safe{"As of " + safe(notice.Stamp(d.AsOf)) + say(" · run %s", d.Run), "Muster sent this by itself; answers to it are read by nobody."}}
	if instead {
		p.Lead = []safe{say("This is for %s, of whom no address is known. Please pass it on. It is what the roll call of %s found in: ", d.Owner.Name, d.Organisation) + names(d.Systems)}
	}
	held := lines("Held back", d.Held, "muster actions --state held", releaseCommand)
	held.Warn = true
	incomplete := part{Title: "Sources that were incomplete", Warn: true, Text: []safe{"Nothing is concluded from what they lack."}}
	var shown []string
	shown, incomplete.After = few(d.Incomplete, digestLines, "muster doctor")
	incomplete.Items = items(shown)
	for _, x := range []part{
		incomplete, held,
		lines("Waits for a decision", d.Waiting, "muster approvals", notice.ApprovalCommand),
		worst(d),
		rules(d),
		lines("Done by itself", d.Done, cmp.Or(shell(actionsCommand, d.Run), "muster actions"), nil),
	} {
		if len(x.Items)+len(x.Table.Rows) > 0 {
			p.Parts = append(p.Parts, x)
		}
	}
	return render(p, "")
}

func names(systems []string) safe {
	if len(systems) == 0 {
		return "none."
	}
	shown, more := few(systems, 20, "muster doctor")
	var list []safe
	for _, s := range shown {
		list = append(list, fit(s, 60))
	}
	return joined(append(list, more...), ", ") + "."
}

func worst(d notice.Digest) part {
	x := part{Title: "The worst findings"}
	shown, more := few(d.Findings, digestWorst, "muster findings")
	if len(d.Findings) <= digestWorst {
		x.Title = "Open findings"
	}
	for _, f := range shown {
		text := say("%s: %s in %s", f.Rule, f.Subject, f.System)
		if f.PersonName != "" && f.PersonName != f.Subject {
			text += say(" (%s)", f.PersonName)
		}
		if f.Change == access.ChangeNew || f.Change == access.ChangeReopened {
			text += say(", %s", string(f.Change))
		}
		if !f.FirstSeen.IsZero() {
			text += say(", since %s", f.FirstSeen.UTC().Format("2006-01-02"))
		}
		it := item{Mark: fit(string(f.Severity), 20), Text: text, More: fit(f.Message, maxLine), URL: d.Links.Finding(f.ID)}
		if it.URL == "" {
			it.Command = shell(notice.FindingCommand, f.ID)
		}
		x.Items = append(x.Items, it)
	}
	x.After = more
	return x
}

func rules(d notice.Digest) part {
	x := part{Title: "By rule", Table: table{Head: []safe{"Severity", "Rule", "New", "Open", "Resolved"}}}
	shown, more := few(d.Rules(), digestRules, "muster findings")
	for _, r := range shown {
		x.Table.Rows = append(x.Table.Rows, []safe{fit(string(r.Severity), 10), fit(r.Rule, maxRule), say("%d", r.New), say("%d", r.Open), say("%d", r.Resolved)})
	}
	x.After = more
	return x
}

// lines lists actions or questions, each with the command that shows or releases it.
func lines(title safe, list []notice.Line, all string, command func(id string) string) part {
	x := part{Title: title}
	shown, more := few(list, digestLines, all)
	for _, l := range shown {
		it := item{Text: fit(l.Text, maxLine), URL: l.URL}
		if l.ID != "" {
			it.Text = say("%s: ", l.ID) + it.Text
		}
		if !l.Until.IsZero() {
			it.Text += ", until " + safe(notice.Stamp(l.Until))
		}
		if it.URL == "" {
			it.Command = shell(command, l.ID)
		}
		x.Items = append(x.Items, it)
	}
	x.After = more
	return x
}

func actionsCommand(run string) string { return "muster actions --run " + run }

func releaseCommand(id string) string { return notice.ReleaseCommand(access.Hold{ID: id}) }
