package plan

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"muster/internal/config"
	"muster/remediate"
	"muster/remediate/builtin"
)

// Target is a system that may be changed, with its limits.
type Target struct {
	remediate.Target
	Limits config.SystemRemediation
}

// OpenTargets makes the targets of the systems that have a section remediation, by system. A system without one is never changed. The
// error is config.Problems where the settings are at fault.
func (p *Plan) OpenTargets(dataDir string, now func() time.Time, log *slog.Logger) (map[string]Target, error) {
	known := builtin.Targets()
	out := map[string]Target{}
	var all problemSet
	for i, sys := range p.Settings.Systems {
		at := p.Settings.Node().Get("systems").Index(i).Get("remediation")
		if !at.Exists() || sys.Remediation.Target == config.TargetNone {
			continue
		}
		entry, ok := known[sys.Remediation.Target]
		if !ok {
			var kinds []string
			for k := range known {
				kinds = append(kinds, k)
			}
			slices.Sort(kinds)
			at.Get("target").Problem("known targets: "+strings.Join(kinds, ", ")+", none", "unknown remediation target %q", sys.Remediation.Target)
			continue
		}
		spec := remediate.Spec{System: sys.Name, Dir: p.Settings.Dir(), DataDir: dataDir, Settings: sys.Remediation.Settings, Now: now, Log: log}
		if sys.Remediation.Target == sys.Collector {
			spec.Collector = sys.Settings
		}
		t, err := entry.New(spec)
		if err != nil {
			all.add(fmt.Errorf("open target of %s: %w", sys.Name, err))
			continue
		}
		out[sys.Name] = Target{Target: t, Limits: sys.Remediation}
	}
	all.add(p.Settings.Problems())
	return out, all.err()
}
