// Package slackbench measures how fast clicks are acknowledged: real requests from the fake of Slack to a Door, with its inbox on a real
// disk, real approvals and tokens, and the records and ledger of the caller. Nothing here is used in production.
//
// Latencies are seen from Slack's side, from the first byte sent to the acknowledgement. Times are UTC.
package slackbench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/approve"
	"muster/remediate/notice"
	"muster/remediate/slack"
	"muster/remediate/slack/blocks"
	"muster/remediate/slack/inbound"
	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/state"
)

// Options say what to measure.
type Options struct {
	Dir     string // the data folder: the inbox lies in it
	Records remediate.Records
	Ledger  remediate.Ledger
	Clicks  int     // in all
	Rate    float64 // a second
	HTTP    bool    // over HTTP instead of Socket Mode
	Now     func() time.Time
}

// Result is what was measured.
type Result struct {
	P50, P99, Max time.Duration
	Clicks        int
	Decided       int           // approvals that were decided when all was done: every one has one click that counts
	Took          time.Duration // from the first click to the last decision
}

// questions is how many questions are clicked on in turn; the clicks after the first on each are refused, which is work too.
const questions = 50

// everybody is an HR in which everybody is there.
type everybody struct{}

// Find gives an active person of any id.
func (everybody) Find(_ context.Context, ref string) (access.Person, bool, error) {
	return access.Person{ID: ref, Status: access.StatusActive}, true, nil
}

// Ack clicks Clicks times at Rate and measures each acknowledgement.
func Ack(ctx context.Context, o Options) (Result, error) {
	fake, err := slackfake.Start(slackfake.Options{NoLimits: true})
	if err != nil {
		return Result{}, err
	}
	defer fake.Close()
	user, channel := fake.AddUser(state.User{Name: "petra"}), fake.AddChannel(state.Channel{Name: "access"})
	tokens := approve.NewTokens([]byte("a key that is only for measurements"))
	desk := &approve.Desk{Records: o.Records, Ledger: o.Ledger, People: everybody{}, Tokens: tokens, Now: o.Now}
	client := slack.New(slack.Settings{Team: fake.Team().ID, App: fake.App().ID, BotToken: fake.BotToken(), AppToken: fake.AppToken(), Secret: fake.SigningSecret(),
		Channel: channel.ID, People: map[string]string{"W-1": user.ID}, APIURL: fake.APIURL()}, slack.Options{Now: o.Now, Pace: time.Millisecond})
	box := &notice.Outbox{Records: o.Records, Ledger: o.Ledger, Now: o.Now, Log: slog.New(slog.DiscardHandler)}
	board := &slack.Board{Client: client, Outbox: box, Buttons: tokens, Now: o.Now}
	door, err := inbound.New(inbound.Config{Client: client, Board: board, Desk: desk, Tokens: tokens, Records: o.Records, Folder: filepath.Join(o.Dir, "slack-inbox"), Now: o.Now})
	if err != nil {
		return Result{}, err
	}
	asked, err := ask(ctx, desk, board, o.Now())
	if err != nil {
		return Result{}, err
	}
	stop, err := open(ctx, fake, door, o.HTTP)
	if err != nil {
		return Result{}, err
	}
	defer stop()
	clicks := make([]slackfake.Click, len(asked))
	for i, a := range asked {
		m := fake.Find("approval/" + a.ID)[0]
		clicks[i] = slackfake.Click{User: user.ID, Channel: m.Channel, TS: m.TS, ActionID: blocks.ActionApprove,
			// Once a question is answered its message has no button any more; who has an old view presses it all the same.
			Forge: &slackfake.Forgery{Element: map[string]any{"type": "button", "value": tokens.Button(a.ID), "text": map[string]any{"type": "plain_text", "text": "Approve"}}}}
	}
	begin := time.Now()
	took, err := press(ctx, fake, clicks, o)
	if err != nil {
		return Result{}, err
	}
	decided, err := await(ctx, o.Records, min(len(asked), o.Clicks))
	slices.Sort(took)
	return Result{P50: took[len(took)/2], P99: took[len(took)*99/100], Max: took[len(took)-1], Clicks: len(took), Decided: decided, Took: time.Since(begin)}, err
}

func ask(ctx context.Context, desk *approve.Desk, board *slack.Board, now time.Time) ([]access.Approval, error) {
	var list []access.Approval
	for i := range questions {
		list = append(list, access.Approval{ID: remediate.ShortID("AP-", "bench", fmt.Sprint(i)), Key: fmt.Sprint("bench", i), About: access.AboutActions, Title: "Kemi Okafor would lose PAY_VENDOR in erp",
			Why: "she moved", Approvers: []access.Approver{{Person: "W-1", Name: "Petra Novak", Role: "manager"}}, Need: 1, Person: "W-2", ExpiresAt: now.Add(time.Hour)})
	}
	raised, err := desk.Raise(ctx, list)
	if err != nil {
		return nil, err
	}
	return raised, board.Sync(ctx, raised)
}

// open lets the door be reached and worked at.
func open(ctx context.Context, fake *slackfake.Server, door *inbound.Door, overHTTP bool) (func(), error) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { door.Work(ctx) })
	stop := func() { cancel(); running.Wait() }
	if overHTTP {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			stop()
			return nil, fmt.Errorf("listen for clicks: %w", err)
		}
		server := &http.Server{Handler: door, ReadHeaderTimeout: time.Second}
		running.Go(func() { _ = server.Serve(listener) }) // it ends by Close
		fake.SetRequestURL("http://" + listener.Addr().String())
		return func() { _ = server.Close(); stop() }, nil // the measurement is over
	}
	running.Go(func() { _ = door.Socket(ctx) }) // it ends with ctx
	for fake.Socket().Connections() == 0 {
		select {
		case <-ctx.Done():
			stop()
			return nil, fmt.Errorf("wait for the connection: %w", ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
	return stop, nil
}

// press clicks at the rate, whether or not the clicks before are acknowledged.
func press(ctx context.Context, fake *slackfake.Server, clicks []slackfake.Click, o Options) ([]time.Duration, error) {
	took, errs := make([]time.Duration, o.Clicks), make([]error, o.Clicks)
	var running sync.WaitGroup
	ticker := time.NewTicker(time.Duration(float64(time.Second) / o.Rate))
	defer ticker.Stop()
	for i := range o.Clicks {
		running.Go(func() {
			d, err := fake.Click(ctx, clicks[i%len(clicks)])
			took[i], errs[i] = d.Took, err
		})
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	running.Wait()
	return took, errors.Join(errs...)
}

// await waits until as many questions are approved as have been clicked on.
func await(ctx context.Context, records remediate.Records, want int) (int, error) {
	for {
		list, err := remediate.Load[access.Approval](ctx, records, access.DocumentQuery{Kind: access.DocApproval, States: []string{string(access.ApprovalApproved)}})
		if err != nil || len(list) >= want {
			return len(list), err
		}
		select {
		case <-ctx.Done():
			return len(list), fmt.Errorf("wait for the decisions: %w", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
