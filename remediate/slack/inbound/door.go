package inbound

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	slackgo "github.com/slack-go/slack"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/approve"
	"muster/remediate/slack"
	"muster/remediate/slack/blocks"
)

// Desk takes decisions. What it refuses itself is on the ledger already; what the Door refuses goes there through Refuse.
type Desk interface {
	Decide(ctx context.Context, c approve.Claim) (access.Approval, error)
	Snooze(ctx context.Context, approval, person string, until time.Time) (access.Approval, error)
	Refuse(ctx context.Context, a approve.Attempt) error
}

// Tokens checks the opaque values that buttons carry.
type Tokens interface {
	// Check gives the approval that a value is about.
	Check(value string) (string, error)
}

// Config is what a Door needs.
type Config struct {
	Client  *slack.Client
	Board   *slack.Board
	Desk    Desk
	Tokens  Tokens
	People  approve.People    // who is here, by HR; nil leaves that to the Desk alone
	Records remediate.Records // where approvals are read
	Folder  string            // of the inbox
	Now     func() time.Time
	Log     *slog.Logger
	Workers int                     // interactions that are handled at the same time; 0 is 8
	Decided func(a access.Approval) // told of every decision that was taken; may be nil, must not block
	Step    func(string)            // the crash drill's hook, called at every Step...; may be nil
}

// The steps of an interaction, in order, as Config.Step is told.
const (
	StepStored  = "interaction stored"  // in the inbox, not acknowledged
	StepDecided = "interaction decided" // the Desk has taken it, it is still in the inbox
	StepHandled = "interaction handled" // out of the inbox
)

// Door takes in interactions.
type Door struct {
	Config
	inbox   *Inbox
	replays replays
	people  people
	queue   queue
	sayings chan saying
	shows   shows
}

const (
	defaultWorkers = 8
	queueSize      = 256
)

// New opens the inbox. Nothing is handled before Work.
func New(c Config) (*Door, error) {
	inbox, err := OpenInbox(c.Folder)
	if err != nil {
		return nil, err
	}
	if c.Workers <= 0 {
		c.Workers = defaultWorkers
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	d := &Door{Config: c, inbox: inbox, sayings: make(chan saying, queueSize), queue: newQueue(queueSize), shows: shows{wake: make(chan struct{}, 1)}}
	d.people = people{read: c.Client.User, now: c.Now}
	return d, nil
}

// accept takes in the JSON of one interaction, signed or from our own connection, and gives the body of the acknowledgement. An error says
// that it could not be kept, and must not be acknowledged. What is refused is acknowledged: who sent it learns nothing.
func (d *Door) accept(ctx context.Context, raw []byte) ([]byte, error) {
	now := d.Now()
	p, err := decode(raw)
	who := p.Team.id() + "/" + p.User.ID
	if err != nil {
		return d.refuse(ctx, "", who, approve.RefusedShape)
	}
	s := d.Client.Settings()
	if p.Team.id() != s.Team || p.App != s.App || p.Enterprise.id() != s.Enterprise {
		return d.refuse(ctx, "", who, approve.RefusedTeam)
	}
	x, marks, err := p.interaction(now)
	if errors.Is(err, errOther) {
		return nil, nil
	}
	if err != nil {
		return d.refuse(ctx, "", who, approve.RefusedShape)
	}
	if at, ok := p.pressedAt(); !ok || !at.IsZero() && now.Sub(at).Abs() > maxAge {
		return d.refuse(ctx, d.about(x.Token), who, approve.RefusedStale)
	}
	if x.Want == wantDeny {
		if problem := reasonProblem(x.Reason); problem != "" {
			return json.Marshal(slackgo.NewErrorsViewSubmissionResponse(map[string]string{blocks.BlockReason: problem}))
		}
	}
	if !d.replays.take(marks, now) {
		return d.refuse(ctx, d.about(x.Token), who, approve.RefusedReplay)
	}
	if err := d.inbox.Put(x); errors.Is(err, fs.ErrExist) {
		return d.refuse(ctx, d.about(x.Token), who, approve.RefusedReplay)
	} else if err != nil {
		d.replays.forget(marks)
		return nil, err
	}
	d.step(StepStored)
	d.queue.push(x)
	return nil, nil
}

// about gives the approval that a token is about; empty when the token is not ours.
func (d *Door) about(token string) string {
	id, err := d.Tokens.Check(token)
	if err != nil {
		return ""
	}
	return id
}

// refuse enters a refusal on the ledger, and gives the acknowledgement of what is refused, which says nothing. When the ledger cannot be
// written it stays refused, and the error is logged here: nobody else could do more.
func (d *Door) refuse(ctx context.Context, approval, who string, why approve.RefusalKind) ([]byte, error) {
	a := approve.Attempt{Channel: access.ChannelSlack, Approval: approval, Who: who, Why: why, At: d.Now().UTC()}
	if err := d.Desk.Refuse(context.WithoutCancel(ctx), a); err != nil {
		d.Log.ErrorContext(ctx, "refusal could not be entered on the ledger", slog.String("approval", approval), slog.String("why", string(why)), slog.Any("error", err))
	}
	return nil, nil
}

func (d *Door) step(name string) {
	if d.Step != nil {
		d.Step(name)
	}
}
