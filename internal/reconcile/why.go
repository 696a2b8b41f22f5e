package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/reconcile/activity"
	"muster/internal/reconcile/expect"
	"muster/internal/reconcile/sight"
	"muster/internal/store"
	"muster/rules"
)

// WhyQuery asks about one person, in one system, about one entitlement; the last two may be empty.
type WhyQuery struct{ Person, System, Entitlement string }

// Answer is what is known about a person's access as of the last completed run.
type Answer struct {
	Run      string           `json:"run"`
	Person   AnswerPerson     `json:"person"`
	Accounts []AnswerAccount  `json:"accounts"`
	Grants   []AnswerGrant    `json:"grants"`
	Findings []access.Finding `json:"findings"` // those that concern no single grant
}

// AnswerPerson is who the answer is about.
type AnswerPerson struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	Title          string `json:"title"`
	Department     string `json:"department"`
	Location       string `json:"location"`
	EmploymentType string `json:"employment_type"`
	Status         string `json:"status"`
	Dates          string `json:"dates"` // in words
}

// AnswerAccount is one account and why it is believed to be the person's.
type AnswerAccount struct {
	System string `json:"system"`
	Name   string `json:"name"`
	State  string `json:"state"`
	Link   string `json:"link"`
}

// AnswerGrant is one entitlement that is held, expected, or both.
type AnswerGrant struct {
	System      string   `json:"system"`
	Account     string   `json:"account"`
	Entitlement string   `json:"entitlement"`
	Held        bool     `json:"held"`
	Expected    bool     `json:"expected"`
	Path        []string `json:"path"`
	Since       string   `json:"since"` // date of the first of the unbroken row of complete snapshots that show it
	Basis       []string `json:"basis"`
	Findings    []string `json:"findings"`
	Reviews     []string `json:"reviews"` // what reviewers said of it, the last campaign first
}

// Why answers from the snapshots of the last completed run.
func (r *Runner) Why(ctx context.Context, q WhyQuery) (Answer, error) {
	run, world, err := r.lastWorld(ctx)
	if err != nil {
		return Answer{}, err
	}
	f, profile, err := r.personFacts(ctx, world, q.Person)
	if err != nil {
		return Answer{}, err
	}
	unsure, err := r.fillOne(ctx, world, f, profile)
	if err != nil {
		return Answer{}, err
	}
	if unsure != "" {
		return Answer{}, &access.Error{Op: "find what " + f.Person.ID + " should hold", Kind: access.Invalid, Hint: "let the bundle's condition hold for such a person too", Err: errors.New(unsure)}
	}
	if err := r.knownEntitlement(ctx, world, q); err != nil {
		return Answer{}, err
	}
	a := Answer{Run: run.ID, Person: describe(f.Person), Accounts: []AnswerAccount{}, Grants: []AnswerGrant{}, Findings: []access.Finding{}}
	var open []access.Finding
	err = r.Store.Findings(ctx, store.FindingFilter{Person: f.Person.ID}, func(x access.Finding) error {
		if x.State != access.Resolved {
			open = append(open, x)
		}
		return nil
	})
	if err != nil {
		return a, fmt.Errorf("read findings of %s: %w", f.Person.ID, err)
	}
	reviewed, err := activity.Reviews(ctx, r.Store, f.Person.ID)
	if err != nil {
		return a, err
	}
	for _, acc := range f.Accounts {
		if q.System != "" && acc.System != q.System {
			continue
		}
		a.Accounts = append(a.Accounts, AnswerAccount{acc.System, acc.Name, accountState(acc), strings.Join(acc.Link.Evidence, ", ")})
		for _, g := range acc.Grants {
			if q.Entitlement != "" && g.Entitlement.Name != q.Entitlement {
				continue
			}
			one, err := r.answerGrant(ctx, acc, g, open)
			if err != nil {
				return a, err
			}
			one.Reviews = append(one.Reviews, reviewed[activity.Reviewed{System: acc.System, Account: acc.ID, Entitlement: g.Entitlement.ID}]...)
			a.Grants = append(a.Grants, one)
		}
	}
	for _, g := range f.Missing {
		if (q.System == "" || g.System == q.System) && (q.Entitlement == "" || g.Entitlement.Name == q.Entitlement) {
			a.Grants = append(a.Grants, AnswerGrant{System: g.System, Entitlement: g.Entitlement.Name, Expected: true, Path: []string{}, Basis: bases(g.Basis), Reviews: []string{},
				Findings: about(open, g.System, "", g.Entitlement.Name)})
		}
	}
	for _, x := range open {
		if x.Scope != access.ScopeGrant && (q.System == "" || slices.Contains(strings.Split(x.System, "+"), q.System)) {
			a.Findings = append(a.Findings, x)
		}
	}
	return a, nil
}

func (r *Runner) answerGrant(ctx context.Context, acc *access.AccountFacts, g access.GrantFacts, open []access.Finding) (AnswerGrant, error) {
	ref := store.GrantRef{Account: acc.ID, Entitlement: g.Entitlement.ID}
	all, err := r.Store.GrantsSince(ctx, acc.System, []store.GrantRef{ref})
	since, known := all[ref]
	if err != nil {
		return AnswerGrant{}, fmt.Errorf("find since when %s is held: %w", g.Entitlement.Name, err)
	}
	out := AnswerGrant{System: acc.System, Account: acc.Name, Entitlement: g.Entitlement.Name, Held: true, Expected: g.Expected,
		Path: append([]string{}, g.Path...), Basis: bases(g.Basis), Reviews: []string{}, Findings: about(open, acc.System, acc.ID, g.Entitlement.Name)}
	if known {
		out.Since = since.Format(time.DateOnly)
	}
	return out, nil
}

// knownEntitlement refuses to answer about an entitlement that the system does not have, and names the nearest that it has.
func (r *Runner) knownEntitlement(ctx context.Context, w store.World, q WhyQuery) error {
	if q.Entitlement == "" {
		return nil
	}
	known := map[string]bool{}
	for _, b := range r.Plan.Bundles.All() {
		for _, ref := range b.Entitlements {
			known[ref.Name] = known[ref.Name] || ref.System == q.System
		}
	}
	err := r.Store.Entitlements(ctx, w, func(e access.Entitlement) error {
		known[e.Name] = known[e.Name] || e.System == q.System
		return nil
	})
	if err != nil || known[q.Entitlement] {
		return err
	}
	var names []string
	for name, here := range known {
		if here {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	hint := "muster why " + q.Person + " " + q.System
	if near := config.Nearest(q.Entitlement, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return &access.Error{System: q.System, Op: "find entitlement " + q.Entitlement, Kind: access.NotFound, Hint: hint, Err: errors.New("the system has none of that name")}
}

// lastWorld is the last completed run and what it reasoned from.
func (r *Runner) lastWorld(ctx context.Context) (access.Run, store.World, error) {
	run, ok, err := r.Store.LastRun(ctx, true)
	if err != nil {
		return run, store.World{}, fmt.Errorf("find the last run: %w", err)
	}
	if !ok {
		return run, store.World{}, &access.Error{Op: "find a completed run", Kind: access.NotFound, Hint: "run: muster nightly", Err: errors.New("there is none yet")}
	}
	w, ok, err := r.Store.WorldOfRun(ctx, run.ID)
	if err == nil && !ok {
		err = fmt.Errorf("run %s has no world", run.ID)
	}
	return run, w, err
}

// personFacts finds one person by worker id, else by e-mail address or login.
func (r *Runner) personFacts(ctx context.Context, w store.World, who string) (*access.PersonFacts, uint64, error) {
	q := store.FactsQuery{Profile: r.Plan.Bundles.Fields(), Person: who}
	var found *access.PersonFacts
	var number uint64
	take := func(f *access.PersonFacts, profile uint64) error {
		if f.Person != nil {
			found, number = f, profile
		}
		return nil
	}
	if err := r.Store.Facts(ctx, w, q, take); err != nil {
		return nil, 0, fmt.Errorf("read facts of %s: %w", who, err)
	}
	if found != nil {
		return found, number, nil
	}
	ids, err := r.Store.FindPersons(ctx, w, who)
	if err != nil {
		return nil, 0, fmt.Errorf("look up %s: %w", who, err)
	}
	if len(ids) == 1 && ids[0] != who {
		return r.personFacts(ctx, w, ids[0])
	}
	hint := "give the worker id, the e-mail address or the login"
	if len(ids) > 1 {
		hint = "give one of the worker ids " + strings.Join(ids, ", ")
	}
	return nil, 0, &access.Error{Op: "find person " + who, Kind: access.NotFound, Hint: hint, Err: fmt.Errorf("%d persons match", len(ids))}
}

// fillOne completes one person's facts without matching every profile. unsure says which bundle condition failed for the person, if any.
func (r *Runner) fillOne(ctx context.Context, w store.World, f *access.PersonFacts, profile uint64) (unsure string, err error) {
	stand, err := sight.Stand(ctx, r.Store, w.AsOf)
	if err != nil {
		return "", err
	}
	book := expect.NewBook(r.Plan.Bundles, w.AsOf)
	book.Personal, book.Revoked = stand.Personal, stand.Revoked
	if f.Person != nil {
		if err := book.Learn(profile, *f.Person); err != nil {
			return "", err
		}
		unsure = book.Unsure(profile, f.Person)
	}
	filler, err := r.filler(ctx, w, book)
	if err != nil {
		return "", err
	}
	return unsure, filler.Fill(f, profile)
}

// Explain draws why a finding's rule is true today, or nothing when it is not, or when its subject is gone.
func (r *Runner) Explain(ctx context.Context, f access.Finding) ([]string, error) {
	if f.State == access.Resolved {
		return nil, nil
	}
	run, w, err := r.lastWorld(ctx)
	if err != nil {
		return nil, err
	}
	systems, _, err := r.choose(ctx, run)
	if err != nil {
		return nil, err
	}
	stand, err := sight.Stand(ctx, r.Store, w.AsOf)
	if err != nil {
		return nil, err
	}
	evaluator := r.evaluator(w, systems, stand)
	if f.Scope == access.ScopeSystem {
		return explainSystem(evaluator, f, systems)
	}
	q := store.FactsQuery{Profile: r.Plan.Bundles.Fields(), Person: f.Person}
	if f.Person == "" {
		q.System, q.Account = f.System, f.SubjectID
	}
	var texts []string
	err = r.Store.Facts(ctx, w, q, func(facts *access.PersonFacts, profile uint64) error {
		if _, err := r.fillOne(ctx, w, facts, profile); err != nil {
			return err
		}
		explanations, err := evaluator.Explain(f.Rule, facts, selector(f))
		for _, x := range explanations {
			// A rule that asks about each item of a list is explained by the item that the finding is about.
			if x.Holds && (f.Scope == access.ScopeGrant || strings.HasSuffix(x.Subject, f.Detail)) {
				texts = append(texts, x.Text())
			}
		}
		return err
	})
	return texts, err
}

// explainSystem draws why a rule on a system is true for it.
func explainSystem(evaluator *rules.Evaluator, f access.Finding, systems []access.SystemFacts) ([]string, error) {
	var texts []string
	for i := range systems {
		if systems[i].Name != f.System {
			continue
		}
		explanations, err := evaluator.ExplainSystem(f.Rule, &systems[i])
		if err != nil {
			return nil, err
		}
		for _, x := range explanations {
			if x.Holds {
				texts = append(texts, x.Text())
			}
		}
	}
	return texts, nil
}

func selector(f access.Finding) rules.Selector {
	s := rules.Selector{System: f.System}
	switch f.Scope {
	case access.ScopeAccount:
		s.AccountID = f.SubjectID
	case access.ScopeGrant:
		s.Entitlement = f.Detail
		if f.SubjectID != f.Person {
			s.AccountID = f.SubjectID
		}
	case access.ScopePerson:
		s.System = ""
	}
	return s
}

func describe(p *access.Person) AnswerPerson {
	dates := "started " + p.StartDate.Format(time.DateOnly)
	if p.StartDate.IsZero() {
		dates = "no start date"
	}
	if !p.EndDate.IsZero() {
		dates += ", ends " + p.EndDate.Format(time.DateOnly)
	}
	name := p.DisplayName
	if name == "" {
		name = strings.TrimSpace(p.GivenName + " " + p.FamilyName)
	}
	return AnswerPerson{p.ID, name, p.Title, p.Department, p.Location, string(p.EmploymentType), string(p.Status), dates}
}

func accountState(a *access.AccountFacts) string {
	switch {
	case a.Enabled:
		return "enabled"
	case a.Locked:
		return "locked"
	}
	return "disabled"
}

func bases(list []access.Basis) []string {
	out := []string{}
	for _, b := range list {
		out = append(out, b.Kind+" "+b.Name)
	}
	return out
}

// about names the open findings on one grant.
func about(open []access.Finding, system, account, entitlement string) []string {
	out := []string{}
	for _, f := range open {
		if f.Scope == access.ScopeGrant && f.System == system && f.Detail == entitlement && (account == "" || f.SubjectID == account) {
			out = append(out, fmt.Sprintf("%s %s (%s, since %s)", f.ID, f.Rule, f.Severity, f.FirstSeen.Format(time.DateOnly)))
		}
	}
	return out
}

// Person finds one person with everything that they hold and should hold, as of the last completed run.
func (r *Runner) Person(ctx context.Context, who string) (*access.PersonFacts, store.World, error) {
	_, world, err := r.lastWorld(ctx)
	if err != nil {
		return nil, world, err
	}
	f, profile, err := r.personFacts(ctx, world, who)
	if err != nil {
		return nil, world, err
	}
	_, err = r.fillOne(ctx, world, f, profile)
	return f, world, err
}

// Entitlement finds an entitlement of a system in the last completed run, or says which name is near.
func (r *Runner) Entitlement(ctx context.Context, w store.World, ref access.EntitlementRef) (access.Entitlement, error) {
	var out access.Entitlement
	if err := r.knownEntitlement(ctx, w, WhyQuery{Person: "PERSON", System: ref.System, Entitlement: ref.Name}); err != nil {
		return out, err
	}
	out = access.Entitlement{System: ref.System, Name: ref.Name}
	err := r.Store.Entitlements(ctx, w, func(e access.Entitlement) error {
		if e.System == ref.System && e.Name == ref.Name {
			out = e
		}
		return nil
	})
	return out, err
}

// LastWorld is the last completed run and what it reasoned from.
func (r *Runner) LastWorld(ctx context.Context) (access.Run, store.World, error) {
	return r.lastWorld(ctx)
}
