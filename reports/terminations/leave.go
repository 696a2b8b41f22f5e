package terminations

import (
	"time"

	"muster/internal/access"
)

// over is the first moment without access of someone whose last day is given.
func over(lastDay time.Time) time.Time { return lastDay.AddDate(0, 0, 1) }

// leaving is one leaving under way.
type leaving struct {
	change  PersonChange // as HR shows it last
	shown   int          // place of the first HR snapshot that shows it
	rehired *PersonChange
	dropped bool
}

// ends is the first moment without access.
func (l leaving) ends(hr History) time.Time {
	if l.change.End.IsZero() {
		return hr.Usable[l.shown].At
	}
	return over(l.change.End)
}

// leavings finds every time that a worker left, by what HR showed from snapshot to snapshot. A last day that was moved before it came is no leaving, nor is one that
// is still ahead.
func leavings(p Person, hr History, asOf time.Time) []leaving {
	var out []leaving
	var now *leaving
	for i, c := range p.Changes {
		marked := c.Status == access.StatusTerminated || !c.End.IsZero()
		came := now != nil && !now.ends(hr).After(hr.Usable[c.At].At) // it was in effect when HR said something else
		left := c.Status == access.StatusTerminated || marked && !over(c.End).After(hr.Usable[c.At].At)
		switch {
		case came && !left:
			now.rehired = &p.Changes[i]
			out, now = append(out, *now), nil
			if marked { // hired again for a time that is known
				now = &leaving{change: c, shown: c.At}
			}
		case !marked:
			now = nil
		case now != nil && (came || now.change.End.Equal(c.End)): // the same leaving, told again or corrected
			now.change = c
		default:
			now = &leaving{change: c, shown: c.At}
		}
	}
	if now != nil && !now.ends(hr).After(asOf) {
		return append(out, *now)
	}
	if at, ok := unlisted(p, hr); ok { // whatever last day was ahead
		last := p.Changes[len(p.Changes)-1]
		out = append(out, leaving{change: PersonChange{At: at, Status: last.Status, Type: last.Type}, shown: at, dropped: true})
	}
	return out
}

// unlisted finds the first whole HR snapshot after the last one that lists the worker.
func unlisted(p Person, hr History) (int, bool) {
	for at := p.Seen[len(p.Seen)-1] + 1; at < len(hr.Usable); at++ {
		if hr.Usable[at].Whole {
			return at, true
		}
	}
	return 0, false
}

// leaver makes the row of a leaving.
func leaver(p Person, l leaving, hr History) Leaver {
	out := Leaver{Person: p.ID, Name: p.Name, Department: p.Department, Kind: kindOf(l), Status: l.change.Status, LastDay: l.change.End, Ends: l.ends(hr), Shown: hr.Usable[l.shown], Accounts: []AccountEnd{}}
	if l.shown > 0 {
		before := hr.Usable[l.shown-1]
		out.Before = &before
		for _, m := range hr.Missed {
			if m.At.After(before.At) && m.At.Before(out.Shown.At) {
				out.MissedHR++
			}
		}
	}
	out.Clock = out.Ends
	dated := !l.change.End.IsZero()
	switch {
	case out.Before == nil:
		out.Unknown = out.Shown.At.After(out.Ends) || !dated
	case dated && out.Shown.At.After(out.Ends):
		out.Clock = out.Shown.At
		if out.Late = !out.Before.At.Before(out.Ends); out.Late {
			out.LateLeast, out.LateMost = seconds(out.Before.At.Sub(out.Ends)), seconds(out.Shown.At.Sub(out.Ends))
		}
	}
	if l.rehired != nil {
		r := &Rehire{Shown: hr.Usable[l.rehired.At], Start: hr.Usable[l.rehired.At].At}
		if s := l.rehired.Start; !s.Before(out.Ends) {
			r.Start = s
		}
		out.Rehired = r
	}
	return out
}

func kindOf(l leaving) Kind {
	switch {
	case l.dropped:
		return Dropped
	case l.change.Type == access.Contractor:
		return ContractEnded
	case l.change.Type == access.Intern:
		return InternLeft
	case l.change.Type == access.Employee:
		return EmployeeLeft
	}
	return OtherLeft
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }
