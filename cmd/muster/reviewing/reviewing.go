// Package reviewing holds the command review: campaigns in which people look at access and keep or revoke it. It opens a session, asks the
// package review, and shows what it says.
package reviewing

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/internal/access"
	"muster/internal/reconcile/mend"
	"muster/internal/reconcile/review"
	"muster/internal/store"
)

// commands are those of this package, for one invocation.
type commands struct{ *cli.App }

// Command makes the command with its own commands.
func Command(app *cli.App) *cobra.Command {
	a := &commands{app}
	c := &cobra.Command{
		Use:     "review",
		Short:   "Freeze who holds what and let people keep or revoke it",
		GroupID: "ask",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.createCommand(), a.assignCommand(), a.listCommand(), a.decideCommand(), a.statusCommand(), a.remindCommand(), a.closeCommand(), a.tokenCommand())
	return c
}

// work is what a command works with.
type work struct {
	*review.Board
	session *cli.Session
	mender  *mend.Mender
	world   store.World // of the last completed run
}

// with opens a session with a board.
func (a *commands) with(write bool, do func(ctx context.Context, w *work, args []string) error) func(*cobra.Command, []string) error {
	return a.With(write, func(ctx context.Context, s *cli.Session, args []string) error {
		m, err := a.Mender(ctx, s)
		if err != nil {
			return err
		}
		b, world, err := board(ctx, a.App, s, m)
		if err != nil {
			return err
		}
		return do(ctx, &work{b, s, m, world}, args)
	})
}

// board makes the board of a session. Without a completed run there is nothing to review.
func board(ctx context.Context, a *cli.App, s *cli.Session, m *mend.Mender) (*review.Board, store.World, error) {
	_, world, err := s.Runner.LastWorld(ctx)
	if access.KindOf(err) == access.NotFound {
		return nil, world, cli.ErrNothing
	}
	if err != nil {
		return nil, world, err
	}
	b := &review.Board{Records: s.Store, People: m.People(), Routes: m.Routes(world), Snapshots: s.Store, Now: a.Now}
	b.Findings = func(ctx context.Context, yield func(access.Finding) error) error {
		return s.Store.Findings(ctx, store.FindingFilter{}, yield)
	}
	if s.Ledger != nil {
		b.Ledger = s.Ledger
		b.Trail = func() (review.Trail, error) { return s.Ledger.Reader() }
	}
	return b, world, nil
}

// Night lets a night pass over the campaigns: reminders, escalation, and the proof of what was removed. It says on standard error what it did, and
// tells people of it, also when it could not do all.
func Night(ctx context.Context, a *cli.App, s *cli.Session, m *mend.Mender, channels cli.Channels) error {
	b, _, err := board(ctx, a, s, m)
	if err != nil {
		return err
	}
	done, err := b.Tick(ctx)
	if err != nil {
		err = fmt.Errorf("let campaigns age: %w", err)
	}
	errs := []error{err}
	for _, c := range done.Due {
		errs = append(errs, due(ctx, a, s, b, channels, c))
	}
	if done.Proven > 0 {
		fmt.Fprintf(a.Stderr, "%d revocations of reviews are proven: tonight's snapshots do not hold them\n", done.Proven)
	}
	return errors.Join(errs...)
}

// due tells people what is still to be told of a campaign. Whom no channel could tell, the next night does.
func due(ctx context.Context, a *cli.App, s *cli.Session, b *review.Board, channels cli.Channels, c access.Campaign) error {
	p, err := b.Progress(ctx, c)
	if err != nil {
		return err
	}
	if c.Untold == review.Escalated {
		p.Reviewers = append(p.Reviewers, p.Escalated()...)
	}
	fmt.Fprintf(a.Stderr, "review %s (%s) is %s: %d of %d items are not decided, due %s\n", c.ID, c.Name, c.Untold, p.Open, p.Items, day(c.DueAt))
	told, err := channels.Teller.Review(ctx, b.Records, s.Plan.Settings.Organisation, p, c.Untold)
	a.Tell(ctx, err)
	if !told {
		return nil
	}
	return b.Told(ctx, c)
}
