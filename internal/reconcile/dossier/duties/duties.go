// Package duties gathers what is known about segregation of duties as of a completed run: the matrix and the rules as the run's inputs have them, how they changed from
// run to run, what of the systems is mapped, who has which conflict, and what the rules make of persons who are made up to test them. It changes nothing. Times are UTC.
package duties

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/reconcile/activity"
	"muster/internal/reconcile/inputs"
	"muster/internal/reconcile/seeded"
	"muster/internal/store"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/reports/sod"
)

// Ground is the completed run that is told of.
type Ground struct {
	Store    *store.Store
	Trail    activity.Trail
	Run      access.Run
	World    store.World
	Evidence evidence.Evidence
	Inputs   *inputs.Inputs // read from the evidence
}

// Gather gathers the facts.
func Gather(ctx context.Context, g Ground) (sod.Facts, error) {
	w := &gathering{Ground: g, ctx: ctx, f: sod.Facts{Run: g.Run.ID, AsOf: g.Run.AsOf, Holders: map[string]int{}}}
	if g.Inputs.Matrix == nil {
		return w.f, &access.Error{Op: "report segregation of duties", Kind: access.NotFound, Hint: "name the matrix in muster.yaml (sod:), and let a night run with it",
			Err: fmt.Errorf("run %s had no matrix of functions and conflicts", g.Run.ID)}
	}
	w.ruleset()
	for _, step := range []func() error{w.versions, w.mapping, w.held, w.since, w.findings, w.seeds} {
		if err := step(); err != nil {
			return w.f, fmt.Errorf("gather what is known of segregation of duties: %w", err)
		}
	}
	return w.f, nil
}

// gathering is one under way.
type gathering struct {
	Ground
	ctx context.Context
	f   sod.Facts
}

// ruleset reads what the run was configured with.
func (w *gathering) ruleset() {
	m := w.Inputs.Matrix
	for _, in := range w.Evidence.Inputs {
		if in.Name == w.Inputs.SoD {
			w.f.Matrix = sod.Digest{File: "inputs/" + in.Name, SHA256: digest(in.Content)}
		}
	}
	names := map[string]string{}
	for _, x := range w.Evidence.Mitigations {
		names[x.Person] = x.PersonName
	}
	for _, fn := range m.All() {
		out := sod.Function{Name: fn.Name, Title: fn.Title}
		for _, e := range fn.Entitlements {
			out.Entitlements = append(out.Entitlements, e.String())
		}
		w.f.Functions = append(w.f.Functions, out)
	}
	for _, c := range m.Conflicts() {
		w.f.Conflicts = append(w.f.Conflicts, sod.Conflict{ID: c.ID, Title: c.Title, Functions: c.Functions, Severity: c.Severity, Controls: c.Controls})
	}
	for _, x := range m.Mitigations() {
		w.f.Mitigations = append(w.f.Mitigations, sod.Mitigation{ID: x.ID, Conflict: x.Conflict, Person: x.Person, Name: names[x.Person], Control: x.Control, Owner: x.Owner, Approver: x.Approver,
			Reason: x.Reason, Expires: x.Expires, Expired: x.Expired})
	}
	ours := map[string]bool{}
	for _, r := range w.Inputs.Set.All() {
		if seeded.Judges(r) {
			ours[r.ID] = true
			w.f.Rules = append(w.f.Rules, sod.Rule{ID: r.ID, Title: r.Title, When: r.When, File: r.File, SHA256: r.Digest, Enabled: r.Enabled})
		}
	}
	for _, x := range w.Evidence.Exceptions {
		if ours[x.Rule] {
			w.f.Exceptions = append(w.f.Exceptions, sod.Exception{ID: x.ID, Rule: x.Rule, Subject: x.Subject, Detail: x.Detail, Owner: x.Owner, Approver: x.Approver, Reason: x.Reason, Control: x.Control,
				Expires: x.Expires, State: x.State})
		}
	}
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// mapping puts what the systems grant to what the matrix names.
func (w *gathering) mapping() error {
	gives := map[access.EntitlementRef][]string{}
	for _, fn := range w.Inputs.Matrix.All() {
		for _, ref := range fn.Entitlements {
			gives[ref] = append(gives[ref], fn.Name)
		}
	}
	read := map[string]bool{}
	for _, s := range w.Evidence.Sources {
		if s.System.IsHR {
			continue
		}
		read[s.System.Name] = s.System.Used.ID != ""
		w.f.Systems = append(w.f.Systems, sod.System{Name: s.System.Name, Title: frame.SourceName(s), Owner: s.System.Owner, Governed: w.Inputs.Given.Governs(s.System.Name), Snapshot: s.System.Used.ID, At: s.System.Used.TakenAt})
	}
	slices.SortFunc(w.f.Systems, func(a, b sod.System) int { return strings.Compare(a.Name, b.Name) })
	there := map[access.EntitlementRef]bool{}
	err := w.Store.Entitlements(w.ctx, w.World, func(e access.Entitlement) error {
		ref := access.EntitlementRef{System: e.System, Name: e.Name}
		there[ref] = true
		w.f.Entitlements = append(w.f.Entitlements, sod.Entitlement{System: e.System, ID: e.ID, Name: e.Name, Kind: e.Kind, Privileged: e.Privileged, Functions: gives[ref]})
		return nil
	})
	if err != nil {
		return err
	}
	for ref, functions := range gives {
		n := sod.Named{System: ref.System, Name: ref.Name, Functions: functions, State: sod.NotThere}
		switch {
		case there[ref]:
			n.State = sod.There
		case !read[ref.System]:
			n.State = sod.NotRead
		}
		w.f.Named = append(w.f.Named, n)
	}
	slices.SortFunc(w.f.Named, func(a, b sod.Named) int { return strings.Compare(a.System+"/"+a.Name, b.System+"/"+b.Name) })
	return nil
}

// held finds who can exercise what, by the very function that the run used.
func (w *gathering) held() error {
	m := w.Inputs.Matrix
	err := w.Store.Facts(w.ctx, w.World, store.FactsQuery{}, func(f *access.PersonFacts, _ uint64) error {
		if f.Person == nil {
			return nil
		}
		can := m.Functions(f)
		for name := range can {
			w.f.Holders[name]++
		}
		for _, c := range m.Conflicts() {
			if slices.ContainsFunc(c.Functions, func(name string) bool { return can[name] == nil }) {
				continue
			}
			h := sod.Held{Conflict: c.ID, Person: f.Person.ID, Name: f.Person.Name(), Dept: f.Person.Department}
			for _, name := range c.Functions {
				h.Sides = append(h.Sides, sod.Side{Function: name, Uses: uses(f, can[name])})
			}
			w.f.Held = append(w.f.Held, h)
		}
		return nil
	})
	slices.SortFunc(w.f.Held, func(a, b sod.Held) int {
		if a.Conflict != b.Conflict {
			return strings.Compare(a.Conflict, b.Conflict)
		}
		return strings.Compare(a.Person, b.Person)
	})
	return err
}

// uses are the grants through which a person has a function.
func uses(f *access.PersonFacts, refs []access.EntitlementRef) []sod.Use {
	var out []sod.Use
	for _, a := range f.Accounts {
		if !a.Enabled || a.Link.Result != access.Linked {
			continue
		}
		for _, g := range a.Grants {
			if g.Actual && g.Effective && slices.Contains(refs, access.EntitlementRef{System: a.System, Name: g.Entitlement.Name}) {
				out = append(out, sod.Use{System: a.System, AccountID: a.ID, Account: a.Name, ID: g.Entitlement.ID, Entitlement: g.Entitlement.Name, LastLogin: a.LastLogin, Never: a.NeverLoggedIn})
			}
		}
	}
	return out
}

// since finds from when on the grants are there without a break.
func (w *gathering) since() error {
	asked := map[string]map[store.GrantRef]bool{}
	w.each(func(u *sod.Use) {
		if asked[u.System] == nil {
			asked[u.System] = map[store.GrantRef]bool{}
		}
		asked[u.System][store.GrantRef{Account: u.AccountID, Entitlement: u.ID}] = true
	})
	first := map[string]map[store.GrantRef]start{}
	for system, refs := range asked {
		var err error
		if first[system], err = w.starts(system, refs); err != nil {
			return err
		}
	}
	w.each(func(u *sod.Use) {
		if s, ok := first[u.System][store.GrantRef{Account: u.AccountID, Entitlement: u.ID}]; ok {
			u.Since, u.Oldest = s.at, s.oldest
		}
	})
	return nil
}

func (w *gathering) each(yield func(*sod.Use)) {
	for i := range w.f.Held {
		for j := range w.f.Held[i].Sides {
			for k := range w.f.Held[i].Sides[j].Uses {
				yield(&w.f.Held[i].Sides[j].Uses[k])
			}
		}
	}
}

// findings are those that the run wrote of the rules that judge conflicts.
func (w *gathering) findings() error {
	ours := map[string]bool{}
	for _, r := range w.f.Rules {
		ours[r.ID] = true
	}
	return w.Store.FindingsOfRun(w.ctx, w.Run.ID, func(f access.Finding) error {
		if ours[f.Rule] {
			w.f.Findings = append(w.f.Findings, f)
		}
		return nil
	})
}

// seeds lets the rules judge persons who were made up.
func (w *gathering) seeds() error {
	var err error
	w.f.Seeds, err = seeded.Tests(w.Inputs.Set, w.Inputs.Matrix, w.Inputs.Clock)
	return err
}
