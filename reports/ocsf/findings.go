package ocsf

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/reports/evidence"
)

// Findings writes a Compliance Finding for each finding of a run, in the stream's order. file is the run's evidence.json, whose rules
// give the titles and whose sources the criticality of systems.
func Findings(w io.Writer, file evidence.File, stream func(yield func(access.Finding) error) error) error {
	c := context{about: AboutFile(file), asOf: file.Run.AsOf, rules: map[string]evidence.Rule{}, systems: map[string]evidence.SourceFile{}}
	for _, r := range file.Rules {
		c.rules[r.ID] = r
	}
	for _, s := range file.Sources {
		c.systems[s.Name] = s
	}
	out := newLines(w)
	if err := stream(func(f access.Finding) error { return out.write(c.finding(f)) }); err != nil {
		return err
	}
	return out.flush()
}

// context is what a finding alone does not say.
type context struct {
	about   About
	asOf    time.Time
	rules   map[string]evidence.Rule
	systems map[string]evidence.SourceFile
}

func (c context) finding(f access.Finding) event {
	rule := c.rules[f.Rule]
	e := begin(f.Change, f.State, moment(f, c.asOf), c.about)
	e.severity(f.Severity)
	e.Message = f.Message
	e.Metadata.UID = c.about.Run + "/" + f.ID // of this run: an unverified finding keeps the run that wrote it first
	e.Metadata.EventCode = f.Rule
	e.judge(f.Rule, f.State, f.Change, f.Controls)
	e.Finding = &findingInfo{UID: cmp.Or(f.Fingerprint, f.ID, "unknown"), Title: cmp.Or(rule.Title, f.Rule, "finding"), Desc: f.Message, Created: milliseconds(f.FirstSeen), FirstSeen: milliseconds(f.FirstSeen),
		LastSeen: milliseconds(f.LastSeen), Modified: e.Time, Types: []string{cmp.Or(f.Rule, "finding")},
		Analytic: &analytic{TypeID: 1, Type: "Rule", UID: cmp.Or(f.Rule, "finding"), Name: rule.Title, Version: rule.Digest}}
	for _, x := range f.Evidence {
		if x.Source != "" && !slices.Contains(e.Finding.Sources, x.Source) {
			e.Finding.Sources = append(e.Finding.Sources, x.Source)
		}
	}
	if f.Hint != "" {
		e.Remediation = &remediation{Desc: f.Hint}
	}
	subject := resource{Type: string(f.Scope), UID: f.SubjectID, Name: f.Subject, Namespace: f.System, Criticality: c.systems[f.System].Criticality}
	if subject.UID == "" && subject.Name == "" {
		subject.Name = cmp.Or(f.System, "unknown")
	}
	if f.Person != "" || f.PersonName != "" {
		subject.Owner = &user{UID: cmp.Or(f.Person, f.PersonName), FullName: f.PersonName}
	}
	e.Resources = []resource{subject}
	if f.Detail != "" {
		e.Resources = append(e.Resources, resource{Type: "detail", Name: f.Detail, Namespace: f.System})
	}
	e.Unmapped = map[string]any{"finding": f.ID, "scope": string(f.Scope), "system": f.System, "state": string(f.State), "change": string(f.Change)}
	if f.Exception != "" {
		e.Unmapped["exception"] = f.Exception
	}
	if len(f.Evidence) > 0 {
		e.Unmapped["evidence"] = f.Evidence
	}
	return e
}

// begin makes the event of a finding by what the run did to it and where it stands.
func begin(change access.Change, state access.FindingState, at time.Time, about About) event {
	id, name := 2, "Update"
	switch change {
	case access.ChangeNew:
		id, name = 1, "Create"
	case access.ChangeResolved:
		id, name = 3, "Close"
	}
	e := complianceFinding().event(id, name, at, about)
	switch state {
	case access.Open, access.Reopened:
		e.StatusID, e.Status = 1, "New"
	case access.Acknowledged, access.Remediating:
		e.StatusID, e.Status = 2, "In Progress"
	case access.Excepted:
		e.StatusID, e.Status = 3, "Suppressed"
	case access.Resolved:
		e.StatusID, e.Status = 4, "Resolved"
	default:
		e.StatusID, e.Status = other, cmp.Or(string(state), "unknown")
	}
	e.StatusCode = string(state)
	e.StatusDetail = string(change)
	return e
}

// judge says what the check came to. One that could not be looked at again is a warning: it neither failed nor passed tonight.
func (e *event) judge(rule string, state access.FindingState, change access.Change, controls []string) {
	controls = slices.DeleteFunc(slices.Clone(controls), func(c string) bool { return strings.TrimSpace(c) == "" })
	e.Compliance = &compliance{Control: rule, Requirements: controls, Standards: frameworks(controls), StatusID: 3, Status: "Fail"}
	if len(e.Compliance.Standards) == 0 {
		e.Compliance.Standards = []string{"Muster rules"} // required; the rule names no standard
	}
	switch {
	case state == access.Resolved:
		e.Compliance.StatusID, e.Compliance.Status = 1, "Pass"
	case change == access.ChangeUnverified:
		e.Compliance.StatusID, e.Compliance.Status = 2, "Warning"
		e.Compliance.StatusDetail = "a source was not read whole; the finding stands as it was"
	case state == access.Excepted:
		e.Compliance.StatusDetail = "covered by an accepted exception"
	}
}

// moment is when what the event tells happened.
func moment(f access.Finding, asOf time.Time) time.Time {
	at := asOf
	switch f.Change {
	case access.ChangeNew:
		at = f.FirstSeen
	case access.ChangeResolved:
		at = f.ResolvedAt
	}
	for _, t := range []time.Time{at, asOf, f.LastSeen} {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
