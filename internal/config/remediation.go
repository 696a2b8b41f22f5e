package config

import (
	"time"

	"muster/internal/config/window"
)

// The modes of Remediation. A fresh install is dry: it plans and shows, and changes nothing.
const (
	DryRun = "dry-run"
	Apply  = "apply"
)

// TargetNone is the target of a system that is never changed.
const TargetNone = "none"

// Remediation says whether and how far findings are mended.
type Remediation struct {
	Mode      string        `yaml:"mode" enum:"dry-run,apply"`
	Policies  []string      `yaml:"policies"`  // files; see package rules/policies
	MaxGap    time.Duration `yaml:"max_gap"`   // a run whose clock is further than this after the last completed run's, or before it, holds everything
	Protected []string      `yaml:"protected"` // globs of account names that are touched in no system
}

// SystemRemediation says how one system is changed, and the limits of it.
type SystemRemediation struct {
	Target                string        `yaml:"target"`                 // kind of remediation target; the collector's kind by default, or none
	Settings              Node          `yaml:"settings"`               // the target's own
	MaxAccounts           int           `yaml:"max_accounts"`           // changed in one run without a release
	MaxPercent            float64       `yaml:"max_percent"`            // of the system's accounts, the same
	Rate                  float64       `yaml:"rate"`                   // actions a second; 0 is no limit
	Windows               Windows       `yaml:"windows"`                // when it may be changed; always by default
	Protected             []string      `yaml:"protected"`              // globs of account names that are never touched
	EntitlementsProtected []string      `yaml:"entitlements_protected"` // globs of entitlements that are never granted or removed without a person
	DeleteAfter           time.Duration `yaml:"delete_after"`           // the least time between disabling and deleting an account, whatever a policy says
}

// Windows are the maintenance windows of a system.
type Windows struct{ window.Set }

// DecodeYAML reads a list of windows.
func (w *Windows) DecodeYAML(n Node) {
	var texts []string
	n.Decode(&texts)
	for i, text := range texts {
		if err := w.Add(text); err != nil {
			n.Index(i).Problem("write days and hours in UTC: Mon-Fri 01:00-05:00, Sat,Sun 00:00-24:00 or 22:00-04:00", "bad window %q: %v", text, err)
		}
	}
}

func (r *SystemRemediation) defaults(n Node, collector string) {
	if r.Target == "" {
		r.Target = collector
	}
	if !n.Get("max_accounts").Exists() {
		r.MaxAccounts = 25
	}
	if !n.Get("max_percent").Exists() {
		r.MaxPercent = 5
	}
	if !n.Get("rate").Exists() {
		r.Rate = 10
	}
}
