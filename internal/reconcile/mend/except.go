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
)

// Accept is a finding that somebody wants to be accepted for a time.
type Accept struct {
	Finding access.Finding
	Owner   string // who answers for it: worker id, e-mail address or login
	Reason  string
	Control string // what compensates
	Expires time.Time
}

// maxException is the longest time that a risk can be accepted for before it is looked at again.
const maxException = 366 * 24 * time.Hour

// Except asks that a finding be accepted. Its owner asks; security and the system's owner decide.
func (m *Mender) Except(ctx context.Context, ask Accept) (access.RiskException, access.Approval, error) {
	f := ask.Finding
	bad := func(hint, format string, args ...any) (access.RiskException, access.Approval, error) {
		return access.RiskException{}, access.Approval{}, &access.Error{Op: "except " + f.ID, Kind: access.Invalid, Hint: hint, Err: fmt.Errorf(format, args...)}
	}
	_, world, err := m.Runner.LastWorld(ctx)
	if err != nil {
		return access.RiskException{}, access.Approval{}, err
	}
	owner, known, err := people.In(m.Store, world).Find(ctx, ask.Owner)
	now := m.Now().UTC()
	switch {
	case err != nil:
		return access.RiskException{}, access.Approval{}, err
	case f.State == access.Resolved:
		return bad("there is nothing to accept", "the finding is resolved")
	case !known || owner.Status != access.StatusActive:
		return bad("name a person who works here by worker id, e-mail address or login", "no active person is %q", ask.Owner)
	case len(strings.TrimSpace(ask.Reason)) < remediate.MinReason:
		return bad("say why the risk is taken", "the reason is too short to tell an auditor anything")
	case strings.TrimSpace(ask.Control) == "":
		return bad("say what is done instead, by --control", "a risk is accepted with a compensating control")
	case !ask.Expires.After(now) || ask.Expires.After(now.Add(maxException)):
		return bad("give --until YYYY-MM-DD, at most a year from now", "the last day must lie ahead, within 366 days")
	}
	x := access.RiskException{ID: remediate.ShortID("RX-", f.Fingerprint, now.Format(time.RFC3339Nano)), Finding: f.Fingerprint, FindingID: f.ID, Rule: f.Rule, System: f.System,
		SubjectID: f.SubjectID, SubjectName: f.Subject, Detail: f.Detail, Person: f.Person, Owner: owner.ID, OwnerName: owner.Name(), Reason: strings.TrimSpace(ask.Reason),
		CompensatingControl: strings.TrimSpace(ask.Control), Expires: ask.Expires, At: now, State: access.RequestWaiting}
	a := access.Approval{About: access.AboutException, Subject: x.ID, Title: fmt.Sprintf("%s would be accepted until %s", f.ID, x.Expires.Format(time.DateOnly)),
		Lines: []string{f.Message, "instead: " + x.CompensatingControl}, Why: x.OwnerName + ": " + x.Reason, Rule: f.Rule, FindingID: f.ID, Severity: f.Severity, System: f.System,
		Person: f.Person, PersonName: f.PersonName, Requester: x.Owner, Need: 1, StepUp: f.Severity == access.Critical}
	if f.Severity == access.Critical {
		a.Need = 2
	}
	system, _, _ := strings.Cut(f.System, "+")
	if x.Approval, err = m.putTo(ctx, &a, m.Routes(world), []string{access.RouteSecurity, access.RouteOwner}, m.ownerOf(system), now); err != nil {
		return x, a, err
	}
	if err := m.enterException(ctx, x, "asked"); err != nil {
		return x, a, err
	}
	if _, err := m.Desk.Raise(ctx, []access.Approval{a}); err != nil {
		return x, a, err
	}
	return x, a, m.saveException(ctx, &x)
}

func (m *Mender) settleExceptions(ctx context.Context, approvals map[string]access.Approval, now time.Time) error {
	list, err := remediate.Load[access.RiskException](ctx, m.Store, access.DocumentQuery{Kind: access.DocException,
		States: []string{string(access.RequestWaiting), string(access.RequestActive)}})
	if err != nil {
		return err
	}
	for _, x := range list {
		what := ""
		switch a := approvals[x.Approval]; {
		case x.State == access.RequestActive && !now.Before(x.Expires.AddDate(0, 0, 1)):
			x.State, what = access.RequestEnded, "ended"
		case x.State == access.RequestWaiting && approve.Cleared(a):
			x.State, what = access.RequestActive, "accepted"
			for _, d := range a.Decisions {
				x.ApprovedBy = append(x.ApprovedBy, d.By)
			}
		case x.State == access.RequestWaiting && a.State != access.ApprovalWaiting && a.ID != "":
			x.State, what = access.RequestDenied, "refused"
		}
		if what == "" {
			continue
		}
		if err := errors.Join(m.enterException(ctx, x, what), m.saveException(ctx, &x)); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mender) enterException(ctx context.Context, x access.RiskException, what string) error {
	digest, err := remediate.Digest(x)
	if err != nil {
		return err
	}
	if _, err := m.Ledger.Append(ctx, ledger.Event{Time: m.Now().UTC(), Type: ledger.Accept, Data: map[string]any{"exception": x.ID, "approval": x.Approval, "finding": commit.Of(x.Finding, x.Person),
		"what": what, "expires": x.Expires.Format(time.DateOnly), "sha256": commit.Of(digest, x.Person)}}); err != nil {
		return fmt.Errorf("enter the exception on the ledger: %w", err)
	}
	return nil
}

func (m *Mender) saveException(ctx context.Context, x *access.RiskException) error {
	x.Version++
	doc, err := remediate.ExceptionDocument(*x, m.Now().UTC())
	if err != nil {
		return err
	}
	return m.Store.SaveDocuments(ctx, doc)
}
