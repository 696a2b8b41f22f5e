package planner

import (
	"maps"
	"slices"

	"muster/internal/access"
	"muster/remediate"
)

// CauseSource is the cause of a hold on what rests on a source that shrank: its snapshot is held, and with it every conclusion.
const CauseSource = "incomplete"

// itself releases holds whose cause is gone.
const itself = "muster"

// sources raises a hold for each source whose snapshot of tonight is held, once, however many nights that lasts, so that people are told;
// and ends that of a source that was read well since. What they hold is blocked by guard, whether the hold is open or not.
func (p *planning) sources(all []proposal) {
	list := []access.SystemFacts{p.in.HR}
	for _, name := range slices.Sorted(maps.Keys(p.in.Systems)) {
		list = append(list, p.in.Systems[name].Facts)
	}
	for _, f := range list {
		old, open := p.open(f.Name, CauseSource)
		switch {
		case f.Tonight.State == access.Held && !open:
			h := p.hold(f.Name, CauseSource, f.Name+" was not read whole: "+reason(f.Tonight)+"; nothing rests on it until it is read whole again, or somebody releases what was read", nil)
			h.Actions, h.Accounts = count(all, f)
			p.holds = append(p.holds, h)
		case open && f.Tonight.Usable():
			old.ReleasedBy, old.ReleasedAt, old.Release = itself, p.in.Run.StartedAt.UTC(), f.Name+" was read whole again, snapshot "+f.Tonight.ID
			p.holds = append(p.holds, old)
		}
	}
}

// count says how much is blocked because a source was not read whole.
func count(all []proposal, f access.SystemFacts) (actions, accounts int) {
	seen := map[string]bool{}
	for i := range all {
		if one := &all[i]; one.State == remediate.Blocked && (f.IsHR || one.System == f.Name) {
			actions++
			seen[one.System+"\x00"+accountOf(one)] = true
		}
	}
	return actions, len(seen)
}
