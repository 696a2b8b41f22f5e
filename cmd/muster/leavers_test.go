package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/cmd/muster/cli"
	"muster/internal/access"
	"muster/internal/orggen"
	"muster/internal/reconcile/dossier"
	"muster/internal/reconcile/reperform"
	"muster/reports"
	"muster/reports/frame"
)

// TestLeaversAndDutiesOfAnOrganisation compares both reports with what the generator planted, which the answer key says too.
func TestLeaversAndDutiesOfAnOrganisation(t *testing.T) {
	o := generate(t, orggen.Options{Persons: 400})
	o.nightly(cli.ExitClean)
	o.edit("sod.yaml", func(text string) string {
		return strings.Replace(text, "Create a vendor and pay it", "Create a vendor and pay them", 1)
	})
	o.nightly(cli.ExitClean)
	found := map[string][]access.Finding{}
	for _, f := range o.findings() {
		found[f.Rule] = append(found[f.Rule], f)
	}
	o.session(true, func(s *cli.Session) {
		g := o.ground(s)
		o.checkLeavers(g, found)
		o.checkDuties(g, found["sod-conflict"])
		left, err := dossier.Terminations(t.Context(), g, wholeYear(), "erp")
		if err != nil {
			t.Fatal(err)
		}
		duties, err := dossier.SoD(t.Context(), g)
		if err != nil {
			t.Fatal(err)
		}
		for _, job := range []reports.Job{left.Job(), duties.Job()} {
			p, err := s.Runner.Pack(t.Context(), g.Run, job, nil, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if rep, err := reperform.Verify(t.Context(), p.ZipPath, ""); err != nil {
				t.Errorf("%s: %v\n%+v", job.Kind, err, rep.Steps)
			}
			if dir := os.Getenv("MUSTER_LOOK"); dir != "" { // to look at the pages
				text, err := os.ReadFile(p.PDFPath)
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, "org-"+job.Kind+".pdf"), text, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func wholeYear() frame.Period {
	return frame.Period{From: time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)}
}

// checkLeavers wants exactly the accounts that the rules on leavers name as usable, and as used after the last day.
func (o *org) checkLeavers(g dossier.Ground, found map[string][]access.Finding) {
	o.t.Helper()
	left, err := dossier.Terminations(o.t.Context(), g, wholeYear(), "")
	if err != nil {
		o.t.Fatal(err)
	}
	ends := map[string]bool{} // worker ids whose last day lies in the period
	var usable, used, wantUsable, wantUsed []string
	for _, l := range left.Model.Leavers {
		ends[l.Person] = true
		if !l.Unknown && l.Shown.At.After(l.Ends) || l.Late {
			o.t.Errorf("%s: HR is called late by its first snapshot: %+v", l.Person, l)
		}
		for _, a := range l.Accounts {
			if a.How == "usable" {
				usable = append(usable, a.System+"/"+a.Name)
			}
			if a.Login != nil && l.Status == access.StatusTerminated { // the rule leaves contracts to HR that it has not closed
				used = append(used, a.System+"/"+a.Name)
			}
		}
	}
	for rule, list := range map[string]*[]string{"leaver-active": &wantUsable, "contractor-expired": &wantUsable, "post-termination-login": &wantUsed} {
		for _, f := range found[rule] {
			if ends[f.Person] {
				*list = append(*list, f.System+"/"+f.Subject)
			}
		}
	}
	for _, list := range []*[]string{&usable, &used, &wantUsable, &wantUsed} {
		slices.Sort(*list)
	}
	if len(wantUsable) < 5 || !slices.Equal(usable, wantUsable) {
		o.t.Errorf("usable %q\nthe rules found %q", usable, wantUsable)
	}
	if len(wantUsed) < 2 || !slices.Equal(used, wantUsed) {
		o.t.Errorf("used after the last day %q\nthe rules found %q", used, wantUsed)
	}
}

// checkDuties wants exactly the conflicts that the rule found, and that all seeded tests come out as expected.
func (o *org) checkDuties(g dossier.Ground, found []access.Finding) {
	o.t.Helper()
	d, err := dossier.SoD(o.t.Context(), g)
	if err != nil {
		o.t.Fatal(err)
	}
	m := d.Model
	var held, want []string
	for _, h := range m.Held {
		held = append(held, h.Conflict+" "+h.Person+" "+strings.Join(h.Systems, "+")+" "+h.State)
		for _, side := range h.Sides {
			if len(side.Uses) == 0 || side.Uses[0].Since.IsZero() {
				o.t.Errorf("%s of %s has %s through nothing: %+v", h.Conflict, h.Person, side.Function, side)
			}
		}
	}
	for _, f := range found {
		want = append(want, f.Detail+" "+f.Person+" "+f.System+" "+string(f.State))
	}
	slices.Sort(held)
	slices.Sort(want)
	if len(want) < 5 || !slices.Equal(held, want) {
		o.t.Errorf("held %q\nthe rule found %q", held, want)
	}
	if len(m.Unfound)+len(m.Stale)+m.Totals.Failed > 0 || len(m.Seeds) < 20 || m.Totals.Accepted == 0 {
		o.t.Errorf("%d seeds, %+v, without a finding %q, stale %q", len(m.Seeds), m.Totals, m.Unfound, m.Stale)
	}
	if v := m.Versions; len(v) != 2 || !v[0].OnFile || !v[1].OnFile || v[0].Matrix != m.Matrix.SHA256 || v[1].Matrix == m.Matrix.SHA256 || !slices.Equal(v[0].Changes, []string{"conflict vendor-pay changed"}) {
		o.t.Errorf("versions %+v of %+v", m.Versions, m.Matrix)
	}
}
