// Package history gathers how findings came to stand otherwise over the runs of a period: found, gone, accepted, and accepted no more.
package history

import (
	"context"
	"maps"
	"slices"
	"time"

	"muster/internal/access"
	"muster/reports/controls"
)

// Told is what completed runs said of findings; see store.Store.
type Told interface {
	FindingsBefore(ctx context.Context, runID string, yield func(access.Finding) error) error
	FindingChanges(ctx context.Context, runs []string, yield func(access.Finding) error) error
	FindingsOfRun(ctx context.Context, runID string, yield func(access.Finding) error) error
}

// Gather gathers what runs, the oldest first, said of each finding. The findings come in the order that people see.
func Gather(ctx context.Context, st Told, list []access.Run) ([]controls.Seen, error) {
	at, ids := map[string]time.Time{}, make([]string, len(list))
	for i, r := range list {
		at[r.ID], ids[i] = r.AsOf, r.ID
	}
	before, excepted := map[string]access.FindingState{}, map[string]bool{}
	err := st.FindingsBefore(ctx, ids[0], func(f access.Finding) error {
		if f.State != access.Resolved {
			before[f.Fingerprint] = f.State
		}
		if f.State == access.Excepted {
			excepted[f.Fingerprint] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []controls.Seen
	err = st.FindingChanges(ctx, ids, func(f access.Finding) error {
		n := len(out)
		if n == 0 || out[n-1].Finding.Fingerprint != f.Fingerprint {
			out = append(out, controls.Seen{Before: before[f.Fingerprint]})
			n++
		}
		out[n-1].Add(f, at[f.RunID])
		if f.Exception != "" {
			excepted[f.Fingerprint] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b controls.Seen) int { return access.CompareFindings(a.Finding, b.Finding) })
	return out, covered(ctx, st, turns(list, len(excepted) > 0), excepted, out)
}

// covered adds to findings what runs said of them where exceptions began or ceased to cover some. excepted are those that one is known to have covered.
func covered(ctx context.Context, st Told, nights []access.Run, excepted map[string]bool, list []controls.Seen) error {
	for _, r := range nights {
		err := st.FindingsOfRun(ctx, r.ID, func(f access.Finding) error {
			if f.State == access.Excepted {
				excepted[f.Fingerprint] = true
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	steps := map[string][]controls.Step{}
	for _, r := range nights {
		err := st.FindingsOfRun(ctx, r.ID, func(f access.Finding) error {
			if excepted[f.Fingerprint] {
				steps[f.Fingerprint] = append(steps[f.Fingerprint], controls.StepOf(f, r.AsOf))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for i := range list {
		list[i].Between(steps[list[i].Finding.Fingerprint]...)
	}
	return nil
}

// turns are the runs after which exceptions covered more or fewer findings of a rule in a system than after the run before; the first one too, when
// any were covered at some time.
func turns(list []access.Run, any bool) []access.Run {
	type key struct{ rule, system string }
	var out []access.Run
	var last map[key]int
	for i, r := range list {
		now := map[key]int{}
		for _, c := range r.Counts {
			if c.Excepted > 0 {
				now[key{c.Rule, c.System}] = c.Excepted
			}
		}
		if i == 0 && any || !maps.Equal(now, last) {
			out = append(out, r)
		}
		last = now
	}
	return out
}
