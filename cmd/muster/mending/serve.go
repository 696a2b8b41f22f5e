package mending

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"muster/cmd/muster/cli"
	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/shared"
	"muster/internal/reconcile/listen"
	"muster/internal/reconcile/mend"
	"muster/remediate/slack/inbound"
)

// lockWait is how long a piece of work waits for a nightly run to give the ledger back.
const lockWait = 6 * time.Hour

func (a *commands) serveCommand() *cobra.Command {
	var every time.Duration
	c := &cobra.Command{
		Use:   "serve",
		Short: "Take decisions from Slack, escalate, and do what is approved",
		Long: "Runs beside the nightly run and takes turns with it. Connects to Slack (Socket Mode, or HTTP with signed requests), lets questions age,\n" +
			"carries out what was approved, and keeps Slack and mail up to date. Without Slack it does the rest.",
		Args: cobra.NoArgs,
		RunE: a.withMender(false, func(ctx context.Context, s *cli.Session, m *mend.Mender, _ []string) error {
			book := shared.New(s.LedgerDir(), ledger.Options{Origin: cli.LedgerOrigin(s.Plan.Settings), Now: a.Now}, lockWait)
			m.Ledger, m.Desk.Ledger = book, book
			channels, err := a.Channels(s, m, book)
			if err != nil {
				return err
			}
			spool, err := listen.OpenSpool(filepath.Join(s.Dir, "refusals"))
			if err != nil {
				return err
			}
			l := listen.New(listen.Listener{Ledger: book, Mender: m, Teller: channels.Teller, Spool: spool, Every: every, Log: a.Log()})
			return a.listen(ctx, s, l, channels)
		}),
	}
	c.Flags().DurationVar(&every, "every", time.Minute, "how often the clock is looked at")
	return c
}

// listen runs the listener and the door to Slack until ctx ends.
func (a *commands) listen(ctx context.Context, s *cli.Session, l *listen.Listener, channels cli.Channels) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { l.Work(ctx); return nil })
	slack := s.Plan.Settings.Slack
	if channels.Board == nil {
		fmt.Fprintln(a.Stderr, "serving without Slack: questions age, and what is approved is done")
		return g.Wait()
	}
	if err := channels.Board.Client.Check(ctx); err != nil {
		return err
	}
	door, err := inbound.New(inbound.Config{Client: channels.Board.Client, Board: channels.Board, Desk: l, Tokens: l.Mender.Desk.Tokens, People: l.Mender.Desk.People, Records: s.Store,
		Folder: filepath.Join(s.Dir, "inbox"), Now: a.Now, Log: a.Log(), Decided: l.Decided})
	if err != nil {
		return err
	}
	g.Go(func() error { door.Work(ctx); return nil })
	if slack.Mode == "http" {
		g.Go(func() error { return a.serveHTTP(ctx, slack.Listen, door) })
	} else {
		fmt.Fprintln(a.Stderr, "serving: Slack by Socket Mode")
		g.Go(func() error { return door.Socket(ctx) })
	}
	return g.Wait()
}

// serveHTTP takes in signed requests until ctx ends.
func (a *commands) serveHTTP(ctx context.Context, address string, door http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return &access.Error{System: "slack", Op: "listen on " + address, Kind: access.Conflict, Hint: "choose another address by slack.listen", Err: err}
	}
	mux := http.NewServeMux()
	mux.Handle("/slack/interactions", door)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	fmt.Fprintf(a.Stderr, "serving: Slack by HTTP at http://%s/slack/interactions\n", listener.Addr())
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve interactions: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(stop); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stop serving: %w", err)
	}
	return nil
}
