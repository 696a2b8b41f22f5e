// Package approve puts questions to people and takes their decisions.
//
// Raise makes an approval of what a plan or a request asks; Decide takes a Claim, which a channel has already bound to a Person, and
// either records a decision or refuses. Every decision and every refusal is on the ledger before anybody acts on it. A question is
// answered once: n of m approvers must approve, one denial ends it, and what came late changes nothing.
//
// Invariant 6 is kept here: requester, beneficiary and subject never decide, whatever route names them, and one person counts once.
//
// Times are UTC and come from the caller. A Desk is safe for concurrent use within the process that holds the ledger.
package approve

import (
	"fmt"
	"time"

	"muster/internal/access"
)

// Claim is what somebody says through a channel about one approval. The channel has checked who it is and bound them to a Person.
type Claim struct {
	Approval string
	Verdict  access.Verdict // approve or deny
	Person   string         // worker id
	Channel  access.Channel
	Reason   string
	Token    string // the opaque token that the question carried; Decide checks that it is of this question and person
	StepUp   bool   // the person was identified by more than the channel itself
}

// Refusal is why a claim was not taken. It is an answer, not a failure.
type Refusal struct {
	Why      RefusalKind
	Approval string
	Detail   string // for the person who clicked; no secrets
}

// RefusalKind names the reasons, as the ledger has them.
type RefusalKind string

// The reasons why a claim is refused. Those of the transport (signature, team, replay) are the channel's to find.
const (
	RefusedSignature   RefusalKind = "forged signature"
	RefusedStale       RefusalKind = "stale"         // the request or the message is too old, or the message is not the present one
	RefusedReplay      RefusalKind = "replay"        // the same interaction came before
	RefusedTeam        RefusalKind = "wrong team"    // another workspace or another app
	RefusedStranger    RefusalKind = "stranger"      // bound to no person
	RefusedGuest       RefusalKind = "guest"         // a restricted account of the workspace, or a bot
	RefusedDeactivated RefusalKind = "deactivated"   // the channel's account, or the person, is no longer active
	RefusedSelf        RefusalKind = "own access"    // the subject or beneficiary
	RefusedRequester   RefusalKind = "own request"   // the requester
	RefusedRoute       RefusalKind = "not on route"  // nobody who may decide this
	RefusedTwice       RefusalKind = "decided twice" // the person has decided already
	RefusedClosed      RefusalKind = "closed"        // the question was answered, or ran out, before
	RefusedStepUp      RefusalKind = "step-up"       // needs more than this channel
	RefusedToken       RefusalKind = "bad token"     // tampered, or of another question
	RefusedUnknown     RefusalKind = "unknown"       // there is no such question
	RefusedShape       RefusalKind = "malformed"     // not what such an interaction looks like
)

// Error says why.
func (r *Refusal) Error() string { return fmt.Sprintf("decision refused (%s): %s", r.Why, r.Detail) }

// Attempt is a refused claim as the channel saw it, for the ledger: ids only.
type Attempt struct {
	Channel  access.Channel
	Approval string
	Who      string // the channel's own id of who it was: team and user id, an OS user; never a secret
	Why      RefusalKind
	At       time.Time
}
