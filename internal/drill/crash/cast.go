package crash

import (
	"slices"

	"muster/internal/access"
	"muster/internal/drill/crash/stand"
	"muster/remediate/execute"
)

// pairing is a kind of action on a system.
type pairing struct {
	system string
	kind   access.ActionKind
}

// pairings are all kinds on all systems. Whether that is so is checked against the targets.
func pairings() []pairing {
	var out []pairing
	for _, system := range stand.Systems() {
		for _, kind := range access.ActionKinds() {
			switch {
			case kind == access.NotifyOwner, system == stand.CRM && (kind == access.SetExpiry || kind == access.RevokeSessions),
				system == stand.Directory && kind == access.RevokeSessions:
			default:
				out = append(out, pairing{system, kind})
			}
		}
	}
	return out
}

// moment is where a cell of the matrix is killed: at a step, or in the recovery from a kill at an earlier one.
type moment struct{ before, at execute.Step }

func moments() []moment {
	return []moment{{"", execute.StepInspected}, {"", execute.StepStored}, {"", execute.StepIntent}, {"", execute.StepApplied}, {"", execute.StepReceipt}, {"", execute.StepSettled},
		{execute.StepIntent, execute.StepRecoverLook}, {execute.StepIntent, execute.StepRecoverWrote},
		{execute.StepApplied, execute.StepRecoverLook}, {execute.StepApplied, execute.StepRecoverWrote}}
}

// Rounds is how many rounds the whole matrix takes.
func Rounds() int { return len(moments()) }

// cell is one case of the matrix.
type cell struct {
	stand.Case
	moment
}

// cast is every account of the drill.
type cast struct {
	calm    []stand.Case
	cells   []cell
	toggles []stand.Case // to and fro, at random
}

// casting gives each account its part.
func casting(o Options) cast {
	var c cast
	number := 0
	one := func(p pairing) stand.Case {
		number++
		return stand.Case{System: p.system, Kind: p.kind, Number: number}
	}
	all, when := pairings(), moments()
	if o.systems != nil {
		all = slices.DeleteFunc(all, func(p pairing) bool { return !slices.Contains(o.systems, p.system) })
	}
	for _, p := range all {
		c.calm = append(c.calm, one(p))
	}
	for round := range o.Rounds {
		for i, p := range all {
			at := when[(i+round+int(o.Seed%uint64(len(when))))%len(when)]
			c.cells = append(c.cells, cell{one(p), at})
		}
	}
	for _, p := range all {
		if p.kind == access.RevokeSessions || stand.Orders(p.system) && p.kind != access.DisableAccount && p.kind != access.GrantEntitlement {
			continue // what cannot be taken back; few orders, since each writes the listing of its day anew
		}
		c.toggles = append(c.toggles, one(p))
	}
	return c
}

func (c cast) all() []stand.Case {
	out := append(append([]stand.Case{}, c.calm...), c.toggles...)
	for _, k := range c.cells {
		out = append(out, k.Case)
	}
	return out
}

func (c cast) has(system string, kind access.ActionKind) bool {
	for _, k := range c.calm {
		if k.System == system && k.Kind == kind {
			return true
		}
	}
	return false
}
