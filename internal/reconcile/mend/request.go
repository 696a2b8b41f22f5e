package mend

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/internal/reconcile/people"
	"muster/remediate"
	"muster/remediate/approve"
	"muster/remediate/planner"
)

// Ask is what a person asks for.
type Ask struct {
	Person string // whom it is for: worker id, e-mail address or login
	Ref    access.EntitlementRef
	For    time.Duration
	Reason string
	By     string // who asks
}

// The times of questions about requests and exceptions: those of the policies' defaults.
const (
	askRemind   = 4 * time.Hour
	askEscalate = 24 * time.Hour
	askExpire   = 72 * time.Hour
)

// maxRequest is the longest time that access can be asked for; what is needed for longer belongs into a bundle.
const maxRequest = 366 * 24 * time.Hour

// Preview says what a request would mean, without asking: the request with its conflicts, and who would decide.
func (m *Mender) Preview(ctx context.Context, ask Ask) (access.Request, access.Approval, error) {
	f, world, err := m.Runner.Person(ctx, ask.Person)
	if err != nil {
		return access.Request{}, access.Approval{}, err
	}
	bad := func(hint, format string, args ...any) (access.Request, access.Approval, error) {
		return access.Request{}, access.Approval{}, &access.Error{System: ask.Ref.System, Op: "request " + ask.Ref.Name, Kind: access.Invalid, Hint: hint, Err: fmt.Errorf(format, args...)}
	}
	if _, err := m.Plan.Source(ask.Ref.System); err != nil {
		return access.Request{}, access.Approval{}, err
	}
	held, err := m.Runner.Entitlement(ctx, world, ask.Ref)
	if err != nil {
		return access.Request{}, access.Approval{}, err
	}
	now := m.Now().UTC()
	by, known, err := people.In(m.Store, world).Find(ctx, ask.By)
	switch {
	case err != nil:
		return access.Request{}, access.Approval{}, err
	case !known || by.Status != access.StatusActive:
		return bad("bind the user by people.identities, or say --as PERSON", "who asks is no active person: %q", ask.By)
	case f.Person.Status != access.StatusActive && f.Person.Status != access.StatusPrehire:
		return bad("only people who work here can be given access", "%s is %s", f.Person.ID, f.Person.Status)
	case ask.For <= 0 || ask.For > maxRequest:
		return bad("give --for 14d; what is needed for longer than a year belongs into a bundle", "the time must be above 0 and at most 366 days")
	case len(strings.TrimSpace(ask.Reason)) < remediate.MinReason:
		return bad("say what the access is needed for", "the reason is too short for whoever decides")
	}
	for _, a := range f.Accounts {
		for _, g := range a.Grants {
			if a.System == ask.Ref.System && g.Entitlement.Name == ask.Ref.Name && g.Expected {
				return bad("muster why "+f.Person.ID+" "+ask.Ref.System+" "+ask.Ref.Name, "%s holds it already, and should", f.Person.ID)
			}
		}
	}
	q := access.Request{ID: remediate.ShortID("RQ-", f.Person.ID, ask.Ref.String(), now.Format(time.RFC3339Nano)), Person: f.Person.ID, PersonName: f.Person.Name(), Ref: ask.Ref,
		Privileged: held.Privileged, Reason: strings.TrimSpace(ask.Reason), By: by.ID, ByName: by.Name(), At: now, For: ask.For, State: access.RequestWaiting}
	for _, c := range m.Plan.Matrix.Would(f, ask.Ref) {
		q.Conflicts = append(q.Conflicts, fmt.Sprintf("%s (%s, %s)", c.Title, c.ID, c.Severity))
	}
	approval := access.Approval{About: access.AboutRequest, Subject: q.ID, Title: fmt.Sprintf("%s would get %s in %s for %s", q.PersonName, ask.Ref.Name, ask.Ref.System, planner.Days(ask.For)),
		Lines: []string{fmt.Sprintf("give %s to %s in %s until %s after approval", ask.Ref.Name, q.PersonName, ask.Ref.System, planner.Days(ask.For))}, Why: q.ByName + ": " + q.Reason,
		Conflicts: q.Conflicts, Severity: access.Medium, System: ask.Ref.System, Person: q.Person, PersonName: q.PersonName, Requester: q.By, Need: 1}
	route := []string{access.RouteManager, access.RouteOwner}
	if q.Privileged || len(q.Conflicts) > 0 {
		approval.Severity, approval.Need, approval.StepUp = access.High, 2, true
		route = append(route, access.RouteSecurity)
	}
	q.Approval, err = m.putTo(ctx, &approval, m.Routes(world), route, m.ownerOf(ask.Ref.System), now)
	return q, approval, err
}

// Request asks. The question is on the ledger before it is put.
func (m *Mender) Request(ctx context.Context, ask Ask) (access.Request, access.Approval, error) {
	q, a, err := m.Preview(ctx, ask)
	if err != nil {
		return q, a, err
	}
	if err := m.enterRequest(ctx, q, "asked", q.By); err != nil {
		return q, a, err
	}
	if _, err := m.Desk.Raise(ctx, []access.Approval{a}); err != nil {
		return q, a, err
	}
	return q, a, m.saveRequest(ctx, &q)
}

// putTo names who decides a question and when it runs out, and gives its id.
func (m *Mender) putTo(ctx context.Context, a *access.Approval, routes *approve.Routes, route []string, owner string, now time.Time) (string, error) {
	a.Key = remediate.Hash(string(a.About), a.Subject)
	a.ID = remediate.ShortID("AP-", a.Key)
	a.RaisedAt, a.OnExpiry, a.StepUp = now, access.ExpiryRefuse, a.StepUp || m.beyondSlack(a.Severity)
	planner.Times(a, access.Policy{Remind: askRemind, Escalate: askEscalate, Expire: askExpire})
	about := approve.Question{Person: a.Person, Requester: a.Requester, Owner: owner}
	var err error
	if a.Approvers, err = routes.Resolve(ctx, route, about); err != nil {
		return a.ID, err
	}
	if a.Escalation, err = routes.Resolve(ctx, []string{access.RouteSecurity}, about); err != nil {
		return a.ID, err
	}
	if len(a.Approvers) < a.Need {
		a.Approvers = append(a.Approvers, missing(a.Approvers, a.Escalation)...)
	}
	if len(a.Approvers) < a.Need {
		return a.ID, &access.Error{System: a.System, Op: "put the question", Kind: access.Invalid, Hint: "name people.security in muster.yaml, and an owner of the system",
			Err: fmt.Errorf("%d must approve, and only %d may", a.Need, len(a.Approvers))}
	}
	return a.ID, nil
}

// missing are those of more who are not in list.
func missing(list, more []access.Approver) []access.Approver {
	have := map[string]bool{}
	for _, x := range list {
		have[x.Person] = true
	}
	var out []access.Approver
	for _, x := range more {
		if !have[x.Person] {
			out = append(out, x)
		}
	}
	return out
}

func (m *Mender) ownerOf(system string) string {
	if s, err := m.Plan.Source(system); err == nil {
		return s.System.Owner
	}
	return ""
}

func (m *Mender) enterRequest(ctx context.Context, q access.Request, what, by string) error {
	digest, err := remediate.Digest(q)
	if err != nil {
		return err
	}
	if _, err := m.Ledger.Append(ctx, ledger.Event{Time: m.Now().UTC(), Type: ledger.Request, Data: map[string]any{"request": q.ID, "approval": q.Approval, "system": q.Ref.System,
		"what": what, "by": commit.Of(by, by), "conflicts": len(q.Conflicts), "sha256": commit.Of(digest, q.Person)}}); err != nil {
		return fmt.Errorf("enter the request on the ledger: %w", err)
	}
	return nil
}

func (m *Mender) saveRequest(ctx context.Context, q *access.Request) error {
	q.Version++
	doc, err := remediate.RequestDocument(*q, m.Now().UTC())
	if err != nil {
		return err
	}
	return m.Store.SaveDocuments(ctx, doc)
}

// settleRequests lets requests and exceptions follow their approvals and the clock.
func (m *Mender) settleRequests(ctx context.Context) error {
	approvals, err := m.approvals(ctx)
	if err != nil {
		return err
	}
	now := m.Now().UTC()
	open := []string{string(access.RequestWaiting), string(access.RequestActive)}
	requests, err := remediate.Load[access.Request](ctx, m.Store, access.DocumentQuery{Kind: access.DocRequest, States: open})
	if err != nil {
		return err
	}
	for _, q := range requests {
		what := ""
		switch a := approvals[q.Approval]; {
		case q.State == access.RequestActive && !now.Before(q.Until):
			q.State, what = access.RequestEnded, "ended"
		case q.State == access.RequestWaiting && approve.Cleared(a):
			q.State, q.From, q.Until, what = access.RequestActive, now, now.Add(q.For), "given"
		case q.State == access.RequestWaiting && a.State != access.ApprovalWaiting && a.ID != "":
			q.State, what = access.RequestDenied, "refused"
		}
		if what == "" {
			continue
		}
		if err := errors.Join(m.enterRequest(ctx, q, what, ""), m.saveRequest(ctx, &q)); err != nil {
			return err
		}
	}
	return m.settleExceptions(ctx, approvals, now)
}

// EndRequest takes a request back before its time.
func (m *Mender) EndRequest(ctx context.Context, id, by string) (access.Request, error) {
	list, err := remediate.Load[access.Request](ctx, m.Store, access.DocumentQuery{Kind: access.DocRequest, ID: strings.ToUpper(id)})
	if err != nil {
		return access.Request{}, err
	}
	if len(list) != 1 || list[0].State == access.RequestEnded || list[0].State == access.RequestDenied {
		return access.Request{}, &access.Error{Op: "end request " + id, Kind: access.NotFound, Hint: "list them with: muster request list", Err: errors.New("there is no such request in force")}
	}
	q := list[0]
	q.State, q.Until = access.RequestEnded, m.Now().UTC()
	if err := m.enterRequest(ctx, q, "ended", by); err != nil {
		return q, err
	}
	return q, m.saveRequest(ctx, &q)
}
