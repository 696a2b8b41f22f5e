package dossier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/reconcile/inputs"
	"muster/internal/sheet"
	"muster/internal/store"
	"muster/reports"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/reports/person"
)

// Ground is the completed run that a pack rests on.
type Ground struct {
	Store    *store.Store
	Trail    Trail
	Run      access.Run
	World    store.World       // what the run reasoned from
	Evidence evidence.Evidence // of the whole run
}

// Personal is one person as a run saw them, with what the report says.
type Personal struct {
	Model  person.Model
	run    access.Run
	theirs theirs
	scope  evidence.Scope
	inputs []evidence.Input

	activity []evidence.Activity
}

// Person gathers what a run and what people decided say about one person, by worker id, e-mail address, login or name. An account of theirs is one that
// the run linked with them.
func Person(ctx context.Context, g Ground, who string) (Personal, error) {
	in, err := reread(g.Evidence.Inputs)
	if err != nil {
		return Personal{}, fmt.Errorf("read what run %s was configured with: %w", g.Run.ID, err)
	}
	id, err := g.find(ctx, who)
	if err != nil {
		return Personal{}, err
	}
	w := &personal{Ground: g, ctx: ctx, in: in, id: id}
	for _, step := range []func() error{w.facts, w.history, w.findings, w.decisions, w.kept, w.ledger, w.narrowInputs} {
		if err := step(); err != nil {
			return Personal{}, fmt.Errorf("gather what is known of %s: %w", id, err)
		}
	}
	w.m.Finish()
	return Personal{Model: w.m, run: g.Run, theirs: w.theirs, scope: w.scope, inputs: w.cut, activity: w.activity}, nil
}

// find finds one worker id.
func (g Ground) find(ctx context.Context, who string) (string, error) {
	ids, err := g.Store.FindPersons(ctx, g.World, who)
	if err != nil {
		return "", fmt.Errorf("look up %s: %w", who, err)
	}
	if len(ids) == 1 {
		return ids[0], nil
	}
	hint := "give the worker id, the e-mail address or the login"
	if len(ids) > 1 {
		hint = "give one of the worker ids " + strings.Join(ids, ", ")
	} else if past, err := g.Store.PersonHistory(ctx, g.Run.ID, g.World.HR.System, who); err != nil {
		return "", fmt.Errorf("look up %s: %w", who, err)
	} else if last, ok := lastListed(past); ok {
		hint = "HR listed them last on " + last + "; give a run of that time by --run"
	}
	return "", &access.Error{Op: "find person " + who, Kind: access.NotFound, Hint: hint, Err: fmt.Errorf("%d persons match", len(ids))}
}

// lastListed is the day of the last snapshot that has the person.
func lastListed(past []store.PersonAt) (string, bool) {
	for _, p := range slices.Backward(past) {
		if p.Known {
			return day(p.Snapshot.TakenAt), true
		}
	}
	return "", false
}

// Narrow cuts the evidence of the run down to this person; see Narrow of data.
func (p Personal) Narrow(ev evidence.Evidence, data evidence.Data) (evidence.Evidence, evidence.Data) {
	ev.Scope, ev.Inputs = p.scope, p.inputs
	ev.Exceptions, ev.Mitigations = nil, nil
	for _, x := range p.Model.Exceptions {
		if x.Entries == nil { // of the file; those that were asked for come with the decisions
			ev.Exceptions = append(ev.Exceptions, evidence.Exception{ID: x.ID, Rule: x.Rule, System: x.System, Subject: x.Subject, Detail: x.Detail, Owner: x.Owner, Approver: x.Approver,
				Reason: x.Reason, Control: x.Control, Expires: x.Expires, State: x.State})
		}
	}
	ev.Mitigations = p.theirs.mitigations
	sources := make([]evidence.Source, len(ev.Sources))
	for i, s := range ev.Sources {
		s.System.Tonight.Rejections, s.System.Used.Rejections, s.Previous.Rejections = nil, nil, nil // rows of others
		sources[i] = s
	}
	ev.Sources = sources
	return ev, narrowed{data: data, theirs: p.theirs}
}

// Job is the pack about the person.
func (p Personal) Job() reports.Job {
	m := p.Model
	return reports.Job{Kind: "person", Subject: m.Person.ID, Name: p.run.AsOf.UTC().Format("2006-01-02") + "-person-" + fileName(m.Person.ID), Detail: m, Activity: p.activity,
		Annexes: []reports.Annex{
			{Name: person.HeldAnnex, Fill: func(t *sheet.Table) error { return person.HeldTable(t, m) }},
			{Name: person.EventsAnnex, Fill: func(t *sheet.Table) error { return person.EventsTable(t, m) }},
		},
		Document: func(in frame.Input) document.Document { return person.Document(in, m) }}
}

// fileName makes a worker id a part of a file's name.
func fileName(id string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, id)
}

// personal is a Personal under way.
type personal struct {
	Ground
	ctx context.Context
	in  *inputs.Inputs
	id  string

	f        *access.PersonFacts
	profile  uint64
	past     []store.PersonAt
	excepted []access.Finding // on single grants
	m        person.Model
	theirs   theirs
	scope    evidence.Scope
	cut      []evidence.Input
	activity []evidence.Activity
}

var errNobody = errors.New("the run knows no such person")
