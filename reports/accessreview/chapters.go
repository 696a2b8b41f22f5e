package accessreview

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/frame"
)

func (w *builder) decisions() {
	m, p := w.m, w.m.Pace
	w.Chapter("Decisions")
	w.Para(fmt.Sprintf("%s were taken: %s replaced by a later one of the same person, %s void because the item was given to somebody else, %s passed on because it was not theirs to say. All of them, the replaced and void ones too, are in %s with who, "+
		"in which role, through which channel, when and why; the ledger has each from before it counted.", capital(frame.Plural(p.Decisions, "decision")), frame.Number(p.Replaced), frame.Number(p.Void), frame.Number(p.Abstained), DecisionsAnnex))
	if p.Measured == 0 {
		w.Para("The time that a decision took is not known of any of them.")
	} else {
		w.Para(fmt.Sprintf("The time is known of %s: the median is %s, the fastest took %s, and %s (%s) took less than %d seconds.", frame.Number(p.Measured), took(p.MedianMS), took(p.FastestMS), frame.Number(p.UnderLimit),
			frame.Percent(p.UnderLimit, p.Measured), int(TooFast.Seconds())))
	}
	w.Para(fmt.Sprintf("The ledger has %s of this campaign, of which silence took %s, and %s. It agrees with what is stored: %s.", frame.Plural(m.Ledger.Decisions, "decision"), frame.Number(m.Totals.Silent),
		frame.Plural(m.Ledger.Refusals, "refused attempt"), yes(m.Ledger.Agrees)))
	entries := document.Table{Columns: []document.Column{{Title: "Entry", Share: 16}, {Title: "At (UTC)", Share: 26, Whole: true}, {Title: "What", Share: 60}}}
	for _, e := range m.Ledger.Entries[:min(len(m.Ledger.Entries), mostPrinted)] {
		entries.Rows = append(entries.Rows, document.Row(frame.Number(e.Index), frame.Minute(e.At), e.What))
	}
	w.Table("Entries of the campaign on the ledger", entries)
	w.Section("Several items at once", 30)
	switch {
	case p.Decisions == 0:
		w.Para("Nobody decided anything.")
	case len(m.Strokes) == 0:
		w.Para("No two items were decided by one stroke.")
	default:
		w.Para(fmt.Sprintf("%s over several items, with %s. Whether each was looked at is for the reader to judge.", capital(frame.Plural(p.Strokes, "stroke")), frame.Plural(p.Bulk, "decision")))
		t := document.Table{Columns: []document.Column{{Title: "Reviewer", Share: 30}, {Title: "At (UTC)", Share: 24, Whole: true}, {Title: "Verdict", Share: 14}, {Title: "First of them", Share: 34},
			{Title: "Reason", Share: 34}, {Title: "Items", Share: 10, Align: 'R'}, {Title: "Took in all", Share: 16, Align: 'R'}}}
		for _, s := range m.Strokes[:min(len(m.Strokes), mostPrinted)] {
			t.Rows = append(t.Rows, document.Row(s.Name, frame.Minute(s.At), s.Verdict, s.What, frame.Dash(s.Reason), frame.Number(s.Items), took(s.TookMS)))
		}
		w.list("Strokes over several items", t, len(m.Strokes), DecisionsAnnex)
	}
	w.Section("Faster than one can look", 30)
	switch {
	case p.Measured == 0:
		w.Para("It is not known: no decision has a time.")
		return
	case len(m.Fast) == 0:
		w.Para(fmt.Sprintf("No decision on a single item of which the time is known took less than %d seconds.", int(TooFast.Seconds())))
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Reviewer", Share: 30}, {Title: "At (UTC)", Share: 24, Whole: true}, {Title: "Verdict", Share: 14}, {Title: "Whose", Share: 36}, {Title: "What", Share: 36}, {Title: "Took", Share: 12, Align: 'R'}}}
	for _, f := range m.Fast[:min(len(m.Fast), mostPrinted)] {
		t.Rows = append(t.Rows, []document.Cell{{Text: f.Name}, {Text: frame.Minute(f.At)}, {Text: f.Verdict}, whose(f.Row), {Text: f.Entitlement + " in " + f.System}, {Text: took(f.TookMS)}})
	}
	w.list("Decisions that took less than 5 seconds", t, len(m.Fast), DecisionsAnnex)
}

// list adds a table, and says when it is not all.
func (w *builder) list(caption string, t document.Table, all int, annex string) {
	w.Table(caption, t)
	if more := all - len(t.Rows); more > 0 {
		w.Note(fmt.Sprintf("%s are printed, %s more are in %s.", frame.Number(len(t.Rows)), frame.Number(more), annex))
	}
}

func (w *builder) silent() {
	m := w.m
	w.Part("Who did not answer", 40)
	if len(m.Silent) == 0 {
		switch {
		case m.Totals.Items == 0:
			w.Para("There is no item: nobody was asked anything.")
		case !m.Population.Whole:
			w.Para("Every item that is kept was decided by people. They are not the population that was frozen.")
		default:
			w.Para("Every item was decided by people.")
		}
		return
	}
	what := "is kept and flagged"
	if m.Campaign.Silence == access.SilenceRevoke {
		what = "is revoked"
	}
	w.Para(fmt.Sprintf("Nobody decided %s. The campaign said from the start that what nobody decides %s. Reminded: %s. Escalated to %s after the due day: %s.", frame.Plural(len(m.Silent), "item"), what, yes(m.Campaign.Reminded),
		frame.Dash(strings.Join(m.Campaign.Escalate, ", ")), yes(m.Campaign.Escalated)))
	t := document.Table{Columns: []document.Column{{Title: "Whose", Share: 40}, {Title: "What", Share: 40}, {Title: "Who was asked", Share: 36}, {Title: "Ended", Share: 16}}}
	for _, r := range m.Silent[:min(len(m.Silent), mostPrinted)] {
		asked := document.Cell{Text: frame.Dash(strings.Join(r.Reviewers, ", "))}
		if r.Why != "" {
			asked.More = []string{r.Why}
		}
		t.Rows = append(t.Rows, []document.Cell{whose(r), {Text: r.Entitlement + " in " + r.System}, asked, {Text: r.State}})
	}
	w.list("Items that nobody decided", t, len(m.Silent), ItemsAnnex)
}

func (w *builder) revocations() {
	m := w.m
	w.Chapter("Revocations, and the proof that they are gone")
	w.Para("What was revoked is expected no more from the moment that the campaign is closed, whatever else gives it; the next run finds it, and its removal needs no further question. A removal counts as proven when a snapshot of the " +
		"system that was begun after that moment, was read whole and does not hold the grant was stored; what the system said about the change proves nothing here.")
	if len(m.Revocations) == 0 {
		w.Para("Nothing was revoked.")
		return
	}
	w.Para(fmt.Sprintf("Of %s, %s proven to be gone and %s.", frame.Plural(len(m.Revocations), "revocation"), were(m.Totals.Proven), were(len(m.Revocations)-m.Totals.Proven)+" not"))
	t := document.Table{Columns: []document.Column{{Title: "Whose", Share: 34}, {Title: "What", Share: 30}, {Title: "Revoked by", Share: 32}, {Title: "Action", Share: 20}, {Title: "Proof", Share: 56}}}
	for _, r := range m.Revocations[:min(len(m.Revocations), mostPrinted)] {
		by := document.Cell{Text: "silence"}
		if r.By != "" {
			by = document.Cell{Text: r.Name, More: words(frame.Minute(r.At)+" UTC", r.Reason)}
		}
		proof := document.Cell{Text: "still standing", More: []string{r.Standing}, Fill: 55, Ink: 255, Font: document.Bold}
		if r.Removal != nil {
			proof = document.Cell{Text: "gone", More: []string{"snapshot " + r.Removal.Snapshot + " of " + frame.Minute(r.Removal.TakenAt) + " UTC", "run " + r.Removal.Run}}
		}
		action := document.Cell{Text: frame.Dash(r.Action)}
		if r.Done != "" {
			action.More = []string{r.Done}
		}
		t.Rows = append(t.Rows, []document.Cell{whose(r.Row), {Text: r.Entitlement + " in " + r.System}, by, action, proof})
	}
	w.list("Revocations and their removal", t, len(m.Revocations), ItemsAnnex)
}

func (w *builder) limits() {
	w.Part("Limits of this evidence", 60)
	w.Add(document.List{Items: []string{
		"The population is what the newest complete snapshots of one run show. What a source does not list, or a system that is not connected, is not in it; the chapter above names what was excluded.",
		"The time of a decision is that since the same person's decision before it in this campaign, and is shared evenly by those of one stroke. It is not known of the first one, nor after a pause of more than half an hour. It says that somebody " +
			"was fast, never that somebody looked.",
		"Who decided is the user of the operating system that the configuration binds to a person, or the holder of a token that was handed to that person; that a token was made is on the ledger.",
		"Independence is judged by the links of accounts to persons of the run. An account that is linked to nobody may be a reviewer's own without anybody knowing.",
		"Last use is what the system tells of the account, not of the entitlement; many systems tell nothing.",
		"That something is gone is said of the snapshot that is named, not of any moment after it; a grant that comes back is found by the next run.",
	}})
}

// whose names the person of an item, by name first, and the account.
func whose(r Row) document.Cell {
	if r.Person == "" {
		return document.Cell{Text: "nobody known", More: []string{"account " + r.Account}}
	}
	return document.Cell{Text: r.PersonName + " (" + r.Person + ")", More: []string{"account " + r.Account}}
}

// took prints a time in words that are as exact as they need to be.
func took(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d == 0:
		return "–"
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < 2*time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	}
	return strconv.Itoa(int(d.Minutes())) + " min"
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func were(n int) string {
	if n == 1 {
		return "1 was"
	}
	return frame.Number(n) + " were"
}

func people(n int) string {
	if n == 1 {
		return "One person"
	}
	return frame.Number(n) + " different people"
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// words drops what is empty.
func words(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func minute(s access.ReviewScope) string {
	if s.TakenAt.IsZero() {
		return "–"
	}
	return frame.Minute(s.TakenAt)
}
