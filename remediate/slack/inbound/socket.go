package inbound

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	slackgo "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"muster/internal/access"
	"muster/remediate/approve"
)

const (
	// socketParallel is how many envelopes are taken in at the same time: each waits for the disk.
	socketParallel = 16
	socketRest     = 5 * time.Second
)

// Socket takes in interactions over Socket Mode until ctx ends, which is no error. It comes back after every loss of the connection; only
// tokens that Slack refuses end it.
func (d *Door) Socket(ctx context.Context) error {
	for {
		client := socketmode.New(d.Client.API(), socketmode.OptionReadLimit(maxBody))
		ended := make(chan struct{})
		var events sync.WaitGroup
		events.Go(func() { d.receive(ctx, client, ended) })
		err := client.RunContext(ctx)
		close(ended)
		events.Wait()
		if ctx.Err() != nil {
			return nil
		}
		if fatal(err) {
			return &access.Error{System: "slack", Op: "connect Socket Mode", Kind: access.Denied, Hint: "slack.app_token must be an app-level token (xapp-...) with connections:write, and Socket Mode be on",
				Err: errors.New(errorText(err))}
		}
		d.Log.WarnContext(ctx, "Socket Mode ended", slog.String("error", errorText(err)))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(socketRest):
		}
	}
}

// fatal reports whether Slack refused the token; everything else passes.
func fatal(err error) bool {
	switch errorText(err) {
	case "invalid_auth", "account_inactive", "not_authed", "token_revoked", "missing_scope", "not_allowed_token_type":
		return true
	}
	return false
}

func errorText(err error) string {
	if err == nil {
		return "closed"
	}
	return err.Error()
}

// receive hands on what the connection brings, several at a time.
func (d *Door) receive(ctx context.Context, client *socketmode.Client, ended <-chan struct{}) {
	slots := make(chan struct{}, socketParallel)
	var running sync.WaitGroup
	defer running.Wait()
	for {
		select {
		case <-ended:
			return
		case e := <-client.Events:
			request := e.Request
			if bad, ok := e.Data.(*socketmode.ErrorBadMessage); ok { // slack-go could not read it; it may be an envelope all the same
				request = &socketmode.Request{}
				_ = json.Unmarshal(bad.Message, request) // what cannot be read stays empty
			}
			if request == nil || request.EnvelopeID == "" {
				d.note(ctx, e)
				continue
			}
			slots <- struct{}{}
			running.Go(func() {
				defer func() { <-slots }()
				d.envelope(ctx, client, request)
			})
		}
	}
}

// envelope takes in one envelope and acknowledges it. What could not be kept is not acknowledged: Slack sends it again.
func (d *Door) envelope(ctx context.Context, client *socketmode.Client, r *socketmode.Request) {
	var answer any
	if r.Type == socketmode.RequestTypeInteractive {
		body, err := d.accept(ctx, r.Payload)
		if err != nil {
			d.Log.ErrorContext(ctx, "interaction could not be kept", slog.Any("error", err))
			return
		}
		if body != nil {
			answer = json.RawMessage(body)
		}
	} // slash commands and events were not asked for: they are acknowledged and nothing more
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := client.AckCtx(limited, r.EnvelopeID, answer); err != nil {
		d.Log.WarnContext(ctx, "acknowledgement could not be sent", slog.Any("error", err))
	}
}

// note logs what happens to the connection, and refuses what is no interaction.
func (d *Door) note(ctx context.Context, e socketmode.Event) {
	switch e.Type {
	case socketmode.EventTypeConnected:
		d.Log.InfoContext(ctx, "Socket Mode connected")
	case socketmode.EventTypeConnectionError:
		if failure, ok := e.Data.(*slackgo.ConnectionErrorEvent); ok {
			d.Log.WarnContext(ctx, "Socket Mode not connected", slog.Int("attempt", failure.Attempt), slog.Duration("wait", failure.Backoff))
		}
	case socketmode.EventTypeErrorBadMessage:
		d.refuse(ctx, "", unsigned, approve.RefusedShape)
	case socketmode.EventTypeErrorWriteFailed:
		d.Log.WarnContext(ctx, "acknowledgement could not be written")
	}
}
