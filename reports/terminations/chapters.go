package terminations

import (
	"fmt"
	"strings"

	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/frame"
)

func (w *builder) breaches() {
	w.Chapter("Late, and why")
	list := w.rows(func(r row) bool {
		return r.Verdict.Failed() || r.Verdict == Unsure || r.Verdict == LateByHR || r.Verdict == NotKnown
	})
	if len(list) == 0 {
		w.Para(w.known(w.m.Totals.over(), "There is no account whose time is over", "Every account whose time is over was proven unusable in time."))
		return
	}
	w.Para("Everything that was not unusable within the time from the end of the last day, with the cause that is on record. A cause is what stood in the way when the time was over; where nothing is on record, it is unknown.")
	causes := document.Table{Columns: []document.Column{{Title: "Cause", Share: 34}, {Title: "Accounts", Share: 13, Align: 'R'}, {Title: "What it says", Share: 90}}}
	for _, c := range w.m.Totals.ByCause {
		causes.Rows = append(causes.Rows, document.Row(c.What, frame.Number(c.N), meaning(Cause(c.What))))
	}
	w.Table("Causes", causes)
	t := document.Table{Columns: []document.Column{{Title: "Leaver", Share: 30}, {Title: "Account", Share: 28}, {Title: "Ends", Share: 17, Whole: true}, {Title: "Due, UTC", Share: 23, Whole: true},
		{Title: "Unusable, UTC", Share: 26, Whole: true}, {Title: "Cause", Share: 44}}}
	order := []Verdict{StillOpen, Breach, NotKnown, Unsure, LateByHR}
	for _, v := range order {
		of := []row{}
		for _, r := range list {
			if r.Verdict == v {
				of = append(of, r)
			}
		}
		if len(of) == 0 {
			continue
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: frame.Capital(string(v)) + ": " + frame.Plural(len(of), "account"), Font: document.Bold}})
		for _, r := range of[:min(len(of), mostPrinted)] {
			due := "–"
			if !r.Due.IsZero() {
				due = frame.Minute(r.Due)
			}
			cause := document.Cell{Text: string(r.Cause)}
			if r.Why != "" {
				cause.More = []string{r.Why}
			}
			t.Rows = append(t.Rows, []document.Cell{who(r.Of), account(r), {Text: frame.Date(r.Of.Ends)}, {Text: due}, unusable(r), cause})
		}
		if n := len(of) - mostPrinted; n > 0 {
			t.Rows = append(t.Rows, []document.Cell{{Text: frame.Number(n) + " more in " + AccountsAnnex}})
		}
	}
	w.Section("Accounts", 30)
	w.Table("Accounts that were not unusable in time", t)
}

// unusable says since when an account is unusable, as exactly as it is known.
func unusable(r row) document.Cell {
	switch {
	case r.Off == nil && r.On == nil:
		return document.Cell{Text: "unknown"}
	case r.Off == nil:
		return document.Cell{Text: "usable", More: []string{frame.Minute(r.On.At)}, Font: document.Bold}
	case r.Exact:
		return document.Cell{Text: frame.Minute(r.At), More: []string{r.How + ", confirmed"}}
	}
	c := document.Cell{Text: "by " + frame.Minute(r.At), More: []string{r.How}}
	if r.On != nil {
		c.More = []string{r.How + ", after", frame.Minute(r.On.At)}
	}
	return c
}

func (w *builder) usable() {
	list := w.rows(func(r row) bool { return r.How == "usable" && r.Of.Rehired == nil })
	looked, unknown := len(w.rows(func(r row) bool { return r.How != "" && r.Of.Rehired == nil })), ""
	if n := len(w.rows(func(r row) bool { return r.How == "" && r.Of.Rehired == nil })); n > 0 {
		unknown = fmt.Sprintf(" Of %s it is not known: no complete snapshot that is kept shows whether %s can be used.", frame.Plural(n, "account"), frame.Of(n, "it", "they"))
	}
	w.Part("Still usable", 45)
	if len(list) == 0 {
		w.Para(w.known(looked, "No complete snapshot that is kept shows an account of a leaver who did not come back", fmt.Sprintf("Of %s of leavers who did not come back, none was usable in the last complete snapshot of its system.",
			frame.Plural(looked, "account"))) + unknown)
		return
	}
	w.Para(frame.Capital(frame.Plural(len(list), "account")) + " of leavers could be used when the system was last read whole, whether the time is over or not." + unknown)
	t := document.Table{Columns: []document.Column{{Title: "Leaver", Share: 34}, {Title: "Account", Share: 30}, {Title: "Linked by", Share: 18}, {Title: "Usable on, UTC", Share: 24, Whole: true}, {Title: "Snapshot", Share: 34}, {Title: "Since the end", Share: 15, Align: 'R'}}}
	for _, r := range list[:min(len(list), mostPrinted)] {
		since := "–"
		if d := r.On.At.Sub(r.Of.Ends); d > 0 {
			since = frame.Span(seconds(d))
		}
		t.Rows = append(t.Rows, []document.Cell{who(r.Of), account(r), {Text: r.Key}, {Text: frame.Minute(r.On.At)}, {Text: r.On.ID}, {Text: since}})
	}
	w.Bounded("Accounts that are still usable", t, mostPrinted, len(list), AccountsAnnex)
}

func (w *builder) logins() {
	w.Part("Used after the last day", 45)
	list := w.rows(func(r row) bool { return r.Login != nil })
	told := fmt.Sprintf("The system tells of %s of %s when they were used last. It tells the last use only: an earlier one after the last day does not show once there is a later one, and how often is not known.",
		frame.Number(w.m.Totals.LoginsTold), frame.Plural(w.m.Totals.Accounts, "account"))
	if len(list) == 0 {
		w.Para(w.known(w.m.Totals.Accounts, "No account of a leaver is known", "No use after the last day is on record. "+told))
		return
	}
	w.Para(frame.Capital(frame.Plural(len(list), "account")) + " " + frame.Of(len(list), "was", "were") + " used after the end of the last day. " + told)
	t := document.Table{Columns: []document.Column{{Title: "Leaver", Share: 34}, {Title: "Account", Share: 30}, {Title: "Ended", Share: 17, Whole: true}, {Title: "Used on, UTC", Share: 24, Whole: true}, {Title: "After the end", Share: 14, Align: 'R'},
		{Title: "Shown by snapshot", Share: 36}, {Title: "Followed up", Share: 13, Align: 'C'}}}
	for _, r := range list[:min(len(list), mostPrinted)] {
		t.Rows = append(t.Rows, []document.Cell{who(r.Of), account(r), {Text: frame.Date(r.Of.Ends)}, {Text: frame.Minute(r.Login.At)}, {Text: frame.Span(seconds(r.Login.At.Sub(r.Of.Ends)))}, {Text: r.Login.Shown.ID}, {Tick: true}})
	}
	w.Bounded("Accounts that were used after the last day", t, mostPrinted, len(list), AccountsAnnex)
}

// hr is about those whom HR showed late, and those who came back.
func (w *builder) hr() {
	w.Part("Late entries of HR, and those hired again", 50)
	late := document.Table{Columns: []document.Column{{Title: "Leaver", Share: 36}, {Title: "Last day", Share: 17, Whole: true}, {Title: "Not shown yet, UTC", Share: 25, Whole: true}, {Title: "Shown first, UTC", Share: 25, Whole: true},
		{Title: "Late by", Share: 22}, {Title: "HR incomplete between", Share: 16, Align: 'R'}}}
	again := document.Table{Columns: []document.Column{{Title: "Worker", Share: 36}, {Title: "Last day", Share: 17, Whole: true}, {Title: "Works again from", Share: 22, Whole: true}, {Title: "Shown first, UTC", Share: 24, Whole: true}, {Title: "Accounts", Share: 40}}}
	unknown := 0
	for _, l := range w.m.Leavers {
		if l.Unknown {
			unknown++
		}
		if l.Late {
			late.Rows = append(late.Rows, []document.Cell{who(l), {Text: frame.Date(l.LastDay)}, {Text: frame.Minute(l.Before.At)}, {Text: frame.Minute(l.Shown.At)}, {Text: frame.Span(l.LateLeast) + " to " + frame.Span(l.LateMost)}, {Text: frame.Zero(l.MissedHR)}})
		}
		if l.Rehired != nil {
			var ends []string
			for _, a := range l.Accounts {
				ends = append(ends, a.Name+" in "+a.System+": "+string(a.Verdict))
			}
			c := document.Cell{Text: "none known"}
			if len(ends) > 0 {
				c = document.Cell{Text: ends[0], More: ends[1:]}
			}
			again.Rows = append(again.Rows, []document.Cell{who(l), {Text: frame.Date(l.LastDay)}, {Text: frame.Date(l.Rehired.Start)}, {Text: frame.Minute(l.Rehired.Shown.At)}, c})
		}
	}
	if len(w.m.Leavers) == 0 {
		w.Para(w.known(0, "", ""))
		return
	}
	if len(late.Rows) == 0 {
		says := "HR was not proven late for anybody."
		if unknown > 0 {
			says += fmt.Sprintf(" Of %s it is not known: HR's first kept snapshot shows the leaving already.", frame.Plural(unknown, "leaving"))
		}
		w.Para(says)
	} else {
		w.Para(fmt.Sprintf("HR showed %s only after the last day was over. What that cost is told from the end and belongs to HR; the time that a system allows runs from the detection.", frame.Plural(len(late.Rows), "leaving")))
		all := len(late.Rows)
		late.Rows = late.Rows[:min(all, mostPrinted)]
		w.Section("Late entries", 25)
		w.Bounded("Leavings that HR showed late", late, mostPrinted, all, LeaversAnnex)
	}
	if len(again.Rows) == 0 {
		w.Para("Nobody who left was hired again under the same worker id.")
		return
	}
	all := len(again.Rows)
	again.Rows = again.Rows[:min(all, mostPrinted)]
	w.Section("Hired again", 25)
	w.Para("What happened to an account after the person worked again is not judged here.")
	w.Bounded("Workers who were hired again", again, mostPrinted, all, LeaversAnnex)
}

func (w *builder) leavers() {
	w.Part("The leavers", 80)
	if len(w.m.Leavers) == 0 {
		w.Para(w.known(0, "", ""))
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Leaver", Share: 32}, {Title: "Left as", Share: 18}, {Title: "Last day", Share: 17, Whole: true}, {Title: "Detected, UTC", Share: 24, Whole: true}, {Title: "Accounts", Share: 70}}}
	for _, l := range w.m.Leavers[:min(len(w.m.Leavers), mostPrinted)] {
		accounts := document.Cell{Text: "no account known" + w.here(), Ink: 110}
		var lines []string
		for _, a := range l.Accounts {
			state := a.How
			if a.Off != nil {
				state += " by " + frame.Minute(a.At)
			}
			lines = append(lines, a.Name+" in "+a.System+": "+strings.TrimSpace(frame.Dash(state))+"; "+string(a.Verdict))
		}
		if len(lines) > 0 {
			accounts = document.Cell{Text: lines[0], More: lines[1:]}
		}
		kind := document.Cell{Text: string(l.Kind)}
		if l.Status != access.StatusTerminated && l.Kind != Dropped {
			kind.More = []string{"HR: " + string(l.Status)}
		}
		detected := document.Cell{Text: frame.Minute(l.Shown.At)}
		if l.Unknown {
			detected.More = []string{"or before"}
		}
		t.Rows = append(t.Rows, []document.Cell{who(l), kind, {Text: frame.Date(l.LastDay)}, detected, accounts})
	}
	w.Bounded("The leavers of the period", t, mostPrinted, len(w.m.Leavers), LeaversAnnex)
}

// nights says how well the sources were read.
func (w *builder) nights() {
	w.Part("What was read", 50)
	w.Para("Only complete snapshots count. Those that are not, from the beginning of the period on, are listed with why; complete ones whose facts have expired are counted, and prove nothing any more.")
	t := document.Table{Columns: []document.Column{{Title: "Source", Share: 30}, {Title: "Complete", Share: 13, Align: 'R'}, {Title: "First, UTC", Share: 25, Whole: true}, {Title: "Last, UTC", Share: 25, Whole: true}, {Title: "Not complete", Share: 14, Align: 'R'},
		{Title: "Expired", Share: 12, Align: 'R'}}}
	missed := document.Table{Columns: []document.Column{{Title: "Source", Share: 30}, {Title: "At, UTC", Share: 25, Whole: true}, {Title: "State", Share: 14}, {Title: "Why", Share: 70}}}
	all := 0
	add := func(name string, s Source) {
		first, last := "–", "–"
		if s.First != nil {
			first, last = frame.Minute(s.First.At), frame.Minute(s.Last.At)
		}
		t.Rows = append(t.Rows, document.Row(name, frame.Zero(s.Usable), first, last, frame.Zero(len(s.Missed)), frame.Zero(s.Lost)))
		for _, m := range s.Missed {
			if all++; all <= mostPrinted {
				missed.Rows = append(missed.Rows, document.Row(name, frame.Minute(m.At), string(m.State), frame.Dash(m.Reason)))
			}
		}
	}
	add("HR", w.m.HR)
	for _, s := range w.m.Systems {
		add(s.Title, s.Source)
	}
	w.Table("Snapshots of the sources", t)
	if all > 0 {
		w.Section("Not complete", 25)
		w.Bounded("Snapshots that are not complete", missed, mostPrinted, all, "evidence.json")
	}
}

func (w *builder) sample() {
	s := frame.Sample{Annex: AccountsAnnex, What: "account", Size: frame.SampleSize}
	for _, l := range w.m.Leavers {
		for _, a := range l.Accounts {
			s.IDs = append(s.IDs, a.ID)
		}
	}
	w.Sample(s, []document.Column{{Title: "Leaver", Share: 32}, {Title: "Account", Share: 30}, {Title: "Ends", Share: 17, Whole: true}, {Title: "Unusable, UTC", Share: 26, Whole: true}}, func(id string) []document.Cell {
		r := w.byRow[id]
		return []document.Cell{who(r.Of), account(r), {Text: frame.Date(r.Of.Ends)}, unusable(r)}
	})
}

func (w *builder) limits() {
	w.Part("Limits of this evidence", 75)
	w.Add(document.List{Items: []string{
		"Who left is what HR says. Whoever works for the organisation and is not in HR is not in the population.",
		"A worker whom HR did not list for a while and whom HR listed again afterwards is no leaver here, however long that was. Such workers are not counted, and their access in that time is not judged.",
		"Whose an account is, is what the links of the nightly runs say. An account that was linked with nobody is not in the population: the reconciliation lists it as an orphan. Service, shared and break-glass accounts that a leaver " +
			"answered for are not theirs, and the reconciliation lists those without an owner.",
		"An account that was linked with somebody else later is told of the leaver all the same; the annex names the first and the last run that linked it with them.",
		"Snapshots are taken once a night. What happened between two of them, and was undone before the second, does not show.",
		"An account is one login of one system. Sessions, tokens and keys that outlive it are not seen here.",
		"Links and facts are kept for a time that is configured; what is older is unknown here, and the packs of those nights are the evidence.",
		"A last day is counted in UTC. An organisation in another time zone has days that begin earlier or later by as much.",
	}})
}

func who(l Leaver) document.Cell {
	if l.Name == l.Person {
		return document.Cell{Text: l.Person}
	}
	return document.Cell{Text: l.Name + " (" + l.Person + ")"}
}

func account(r row) document.Cell {
	return document.Cell{Text: frame.Dash(r.Name) + " in " + r.System}
}

func verdictCell(v Verdict) document.Cell {
	c := document.Cell{Text: string(v), Ink: 20}
	if v.Failed() {
		c.Fill, c.Ink, c.Font = 55, 255, document.Bold
	} else if v == Unsure || v == NotKnown {
		c.Fill = 205
	}
	return c
}

// says explains a verdict.
func says(v Verdict) string {
	return map[Verdict]string{InTime: "unusable within the time that is allowed, by both clocks", LateByHR: "within the time from the detection on, later than that from the end of the last day",
		Running: "still usable, or not read since, and the time is not over", HiredAgain: "the person worked again before the time was over", NoSLA: "the system has no time within which access of leavers must end",
		Unsure: "unusable now or when last seen, and no record shows that it was in time", NotKnown: "the snapshots that would show it were not complete, have expired, or were not taken yet",
		Breach: "proven to have been usable after the time was over", StillOpen: "usable in the last complete snapshot, and the time is over"}[v]
}

// meaning explains a cause.
func meaning(c Cause) string {
	return map[Cause]string{CauseHR: "HR did not show the leaving when the last day was over", CauseSource: "HR or the system was not read whole in that time", CauseApproval: "the removal waited for somebody's decision",
		CauseHeld: "a guardrail held or blocked the removal", CauseFailed: "the system refused the removal, or a later snapshot contradicts it", CauseOrdered: "the removal was handed to a person as a work order",
		CauseTold: "the policy tells the owner and changes nothing", CausePolicy: "no policy says that access of leavers is taken away", CauseRefused: "somebody refused the removal, or nobody decided",
		CausePlanned: "the removal was planned or done too late", CauseNights: "two nights lie too far apart to tell", CauseExpired: "what was read then is no longer kept", CauseBefore: "it was unusable when it was first seen, and nothing shows since when", CauseUnknown: "nothing on record says why"}[c]
}
