package mend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/internal/reconcile/people"
	"muster/remediate/approve"
	"muster/remediate/planner"
)

// tokenTime is how long a token that an operator hands out is good.
const tokenTime = 24 * time.Hour

// EnterPlan says on the ledger what a plan is that is handed out.
func (m *Mender) EnterPlan(ctx context.Context, p planner.Plan) error { return m.enterPlan(ctx, p) }

// PlanEntered reports whether the ledger has a plan of a digest.
func (m *Mender) PlanEntered(ctx context.Context, ledgerDir, digest string) (bool, error) {
	r, err := ledger.Read(ledgerDir)
	if err != nil {
		return false, err
	}
	found := false
	err = r.Entries(ctx, 0, func(e ledger.Entry) error {
		var data struct {
			SHA256 string `json:"sha256"`
		}
		if e.Type == ledger.Plan && json.Unmarshal(e.Data, &data) == nil && data.SHA256 == digest {
			found = true
		}
		return nil
	})
	return found, err
}

// Token makes the token by which one approver may decide one question. That it was made, and by whom, is on the ledger; the token is not. by
// is who hands it over: their worker id where they are known. Who asked, and whose access it is, hand out no token (invariant 6).
func (m *Mender) Token(ctx context.Context, approval, person, by string) (string, error) {
	approvals, err := m.approvals(ctx)
	if err != nil {
		return "", err
	}
	a, ok := approvals[approval]
	who, may := a.May(person)
	switch {
	case !ok:
		return "", &access.Error{Op: "make token", Kind: access.NotFound, Hint: "list them with: muster approvals", Err: fmt.Errorf("there is no question %s", approval)}
	case !may:
		var names []string
		for _, x := range a.Approvers {
			names = append(names, x.Person+" "+x.Name)
		}
		return "", &access.Error{Op: "make token", Kind: access.Denied, Hint: "it is decided by " + strings.Join(names, ", "), Err: fmt.Errorf("%s may not decide %s", person, approval)}
	case by == a.Requester && by != "" || by == a.Person && by != "":
		return "", &access.Error{Op: "make token", Kind: access.Denied, Hint: "let somebody else hand it out", Err: errors.New("nobody hands out tokens about their own request or access")}
	case a.State != access.ApprovalWaiting:
		return "", &access.Error{Op: "make token", Kind: access.Conflict, Err: errors.New("the question was answered")}
	}
	_, err = m.Ledger.Append(ctx, ledger.Event{Time: m.Now().UTC(), Type: ledger.Approval, Data: map[string]any{"approval": a.ID, "what": "token", "for": commit.Of(who.Person, who.Person), "by": commit.Of(by, by)}})
	if err != nil {
		return "", fmt.Errorf("enter the token on the ledger: %w", err)
	}
	until := m.Now().Add(tokenTime)
	if !a.ExpiresAt.IsZero() && a.ExpiresAt.Before(until) {
		until = a.ExpiresAt
	}
	return m.Desk.Tokens.Personal(a.ID, who.Person, until), nil
}

// People knows the persons of the run that was completed last, whichever that is when somebody is looked up.
func (m *Mender) People() approve.People {
	return &people.Present{Store: m.Store, Last: m.Runner.LastWorld}
}
