package terminations

import (
	"fmt"
	"slices"
	"time"

	"muster/internal/access"
	"muster/reports/frame"
)

// seen is how one usable snapshot shows an account.
type seen int

const (
	nothing  seen = iota // it proves nothing: the account is not in it, and something of it was rejected
	usable               // it is there and can be used
	disabled             // it is there and cannot be used
	gone                 // it is not there
)

// shows says how the snapshot at a place shows the account, and its last login.
func (a Account) shows(h History, place int) (seen, AccountChange) {
	if _, in := slices.BinarySearch(a.Seen, place); !in {
		if h.Usable[place].Whole {
			return gone, AccountChange{}
		}
		return nothing, AccountChange{}
	}
	var c AccountChange
	for _, x := range a.Changes {
		if x.At <= place {
			c = x
		}
	}
	if c.Enabled {
		return usable, c
	}
	return disabled, c
}

// judge works out how an account of a leaver ended.
func judge(l Leaver, a Account, s System, actions []Action, f Facts) AccountEnd {
	out := AccountEnd{System: a.System, Account: a.ID, Name: a.Name, Key: string(a.Key), First: a.First, Last: a.Last, SLA: seconds(s.SLA)}
	until := f.AsOf
	if l.Rehired != nil {
		until = l.Rehired.Start.Add(-1)
	}
	last := nothing
	for i, snap := range s.History.Usable {
		if snap.At.After(until) {
			break
		}
		state, c := a.shows(s.History, i)
		out.login(l, snap, c, until)
		switch {
		case state == nothing:
		case state == usable:
			out.Again = out.Again || out.Off != nil && out.Off.At.After(l.Ends)
			out.On, out.Off, last = &s.History.Usable[i], nil, state
		case out.Off == nil:
			out.Off, last = &s.History.Usable[i], state
		default:
			last = state
		}
	}
	out.How = map[seen]string{usable: "usable", disabled: "disabled", gone: "gone"}[last]
	if out.Off != nil {
		out.when(l, actions)
	}
	if s.SLA > 0 {
		out.Due = l.Clock.Add(s.SLA)
	}
	out.verdict(l, s, until)
	out.cause(l, s, actions, f)
	return out
}

// login keeps the last use after the end of the last day.
func (e *AccountEnd) login(l Leaver, snap Snapshot, c AccountChange, until time.Time) {
	e.Told = e.Told || c.Never || !c.LastLogin.IsZero()
	if c.LastLogin.Before(l.Ends) || c.LastLogin.After(until) || e.Login != nil && !c.LastLogin.After(e.Login.At) {
		return
	}
	e.Login = &Login{At: c.LastLogin, Shown: snap}
}

// when works out since when the account is unusable: since the moment that the system named when it lies between the two snapshots, else since the second at the latest.
func (e *AccountEnd) when(l Leaver, actions []Action) {
	e.At = e.Off.At
	for _, a := range actions {
		if !a.Done.IsZero() && !a.Done.After(e.Off.At) && e.On != nil && a.Done.After(e.On.At) {
			e.At, e.Exact, e.Action = a.Done, true, a.ID
		}
	}
	if e.On == nil && e.Off.At.After(l.Ends) {
		return // it was so before anything was seen: how long it took is not known
	}
	end, clock := max(seconds(e.At.Sub(l.Ends)), 0), max(seconds(e.At.Sub(l.Clock)), 0)
	e.FromEnd, e.FromClock = &end, &clock
}

func (e *AccountEnd) verdict(l Leaver, s System, until time.Time) {
	switch {
	case e.Off == nil && e.On == nil:
		e.Verdict, e.Why = NotKnown, "no complete snapshot of the system is kept from that time"
	case e.Off == nil && e.On.At.Before(l.Ends):
		e.Verdict, e.Why = NotKnown, "no complete snapshot of the system was taken since the last day"
		if s.SLA > 0 && until.Before(e.Due) {
			e.Verdict, e.Why = inTheTime(l), ""
		}
	case s.SLA == 0:
		e.Verdict = NoSLA
	case e.Off != nil && l.Unknown && l.LastDay.IsZero():
		e.Verdict, e.Why = NotKnown, "HR gives no last day, and its first snapshot that is kept shows the leaving already"
	case e.Off == nil && !until.After(e.Due):
		e.Verdict = inTheTime(l)
	case e.Off == nil && !e.On.At.After(e.Due):
		e.Verdict, e.Why = Unsure, "the last snapshot that shows it usable is from before the time was over, and none was taken since"
	case e.Off == nil && l.Rehired != nil:
		e.Verdict, e.Why = Breach, "it was usable until the person was hired again"
	case e.Off == nil:
		e.Verdict = StillOpen
	case !e.At.After(e.Due) && (!e.At.After(l.Ends.Add(s.SLA)) || e.On == nil):
		e.Verdict = InTime
	case !e.At.After(e.Due):
		e.Verdict = LateByHR
	case e.On == nil:
		e.Verdict, e.Why = NotKnown, "it was unusable in the first snapshot that is kept, which is from after the time was over"
	case e.Exact || e.On.At.After(e.Due):
		e.Verdict = Breach
	default:
		e.Verdict, e.Why = Unsure, "it became unusable between the two snapshots, and the time ended between them too"
	}
}

// inTheTime is the verdict on what was usable as long as it is judged, which is no longer than is allowed: the time of someone who was hired again is over.
func inTheTime(l Leaver) Verdict {
	if l.Rehired != nil {
		return HiredAgain
	}
	return Running
}

// cause says why an account was not unusable in time, by what is on record from the beginning of the clock to the end of the time.
func (e *AccountEnd) cause(l Leaver, s System, actions []Action, f Facts) {
	switch e.Verdict {
	case InTime, Running, NoSLA, HiredAgain:
		return
	case NotKnown:
		e.FromEnd, e.FromClock, e.Cause = nil, nil, CauseUnknown
		if lost(s.History, l.Ends) {
			e.Cause = CauseExpired
		} else if missed(s.History, l.Ends, e.until(f)) > 0 {
			e.Cause = CauseSource
		} else if e.Off != nil {
			e.Cause = CauseBefore
		}
		return
	case LateByHR:
		switch {
		case l.Late:
			e.Cause, e.Why = CauseHR, fmt.Sprintf("HR showed it at least %s after the end", frame.Span(l.LateLeast))
		case l.MissedHR > 0:
			e.Cause, e.Why = CauseSource, fmt.Sprintf("HR was not read whole %d times before it showed the leaving", l.MissedHR)
		default:
			e.Cause, e.Why = CauseNights, "HR may have shown it in time, between two nights"
		}
		return
	}
	if n := missed(s.History, l.Clock, e.Due); n > 0 && !read(s.History, l.Clock, e.Due) {
		e.Cause, e.Why = CauseSource, fmt.Sprintf("the system was read %d times until the time was over, and never whole", n)
		return
	}
	if e.action(l, actions) {
		return
	}
	switch {
	case e.Verdict == Unsure && e.Off != nil && missed(s.History, e.On.At, e.Off.At) > 0:
		e.Cause = CauseSource
	case e.Verdict == Unsure:
		e.Cause = CauseNights
	case l.Unknown:
		e.Cause, e.Why = CauseUnknown, "it was so when HR was first read: when HR entered the leaving is not known"
	case f.Policies == 0:
		e.Cause, e.Why = CausePolicy, "the run had no policies: nothing is done about findings"
	default:
		e.Cause, e.Why = CauseUnknown, "no action about it is on record"
	}
}

// action blames what stood in the way of the action when the time was over. The last action that was there counts.
func (e *AccountEnd) action(l Leaver, actions []Action) bool {
	causes := map[string]Cause{"waiting": CauseApproval, "held": CauseHeld, "blocked": CauseHeld, "failed": CauseFailed, "contradicted": CauseFailed, "refused": CauseRefused,
		"ordered": CauseOrdered, "planned": CausePlanned, "applying": CausePlanned, "told": CauseTold, "done": CausePlanned, "verified": CausePlanned}
	found := false
	for _, a := range actions {
		for _, s := range a.States {
			cause, known := causes[s.State]
			if !known || s.At.Before(l.Ends) || s.At.After(e.Due) && found {
				continue
			}
			found = true
			e.Cause, e.Action = cause, a.ID
			e.Why = "action " + a.ID + " was " + s.State
			if s.At.After(e.Due) {
				e.Why += ", first planned after the time was over"
			}
			if s.Why != "" {
				e.Why += ": " + s.Why
			}
		}
	}
	return found
}

func (e *AccountEnd) until(f Facts) time.Time {
	if e.Off != nil {
		return e.Off.At
	}
	return f.AsOf
}

// missed counts the snapshots of a time that are not complete.
func missed(h History, from, to time.Time) (n int) {
	for _, m := range h.Missed {
		if m.At.After(from) && !m.At.After(to) {
			n++
		}
	}
	return n
}

// read reports whether a usable snapshot was taken in a time.
func read(h History, from, to time.Time) bool {
	return slices.ContainsFunc(h.Usable, func(s Snapshot) bool { return s.At.After(from) && !s.At.After(to) })
}

// lost reports whether facts from about a moment have expired.
func lost(h History, at time.Time) bool {
	return slices.ContainsFunc(h.Lost, func(s Snapshot) bool { return s.At.After(at) })
}

// Takes reports whether a kind of action makes an account unusable.
func Takes(k access.ActionKind) bool {
	return k == access.DisableAccount || k == access.DeleteAccount || k == access.SetExpiry
}
