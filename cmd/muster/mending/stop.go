package mending

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/reconcile/halt"
	"muster/internal/reconcile/mend"
	"muster/internal/reconcile/plan"
	"muster/remediate/planner"
)

func (a *commands) holdCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "hold [SYSTEM] --reason TEXT",
		Short: "Let nothing be changed in a system until it is released",
		Args:  cobra.MaximumNArgs(1),
		RunE: a.withMender(true, func(ctx context.Context, s *cli.Session, m *mend.Mender, args []string) error {
			system := ""
			if len(args) == 1 {
				if _, err := s.Plan.Source(args[0]); err != nil {
					return cli.Usage(err)
				}
				system = args[0]
			}
			_, by := who(s)
			h, err := m.Hold(ctx, system, reason, by)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Stderr, "held as %s; lift it with: muster release %s --reason ...\n", h.ID, h.ID)
			return nil
		}),
	}
	c.Flags().StringVar(&reason, "reason", "", "why (required)")
	_ = c.MarkFlagRequired("reason")
	return c
}

func (a *commands) releaseCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "release SYSTEM|HOLD --reason TEXT",
		Short: "Let go of what a guardrail or a person holds",
		Long: "Releases holds of actions in a system (or one hold by its id, or all), and a snapshot that was held because its source shrank:\n" +
			"nothing rests on it until a person who looked into it releases it. The release and its reason are entered on the ledger;\n" +
			"what was held is done, or asked about, by the next run or muster apply.",
		Args: cobra.ExactArgs(1),
		RunE: a.withMender(true, func(ctx context.Context, s *cli.Session, m *mend.Mender, args []string) error {
			_, by := who(s)
			released, err := m.Release(ctx, args[0], reason, by)
			if err != nil {
				return err
			}
			for _, h := range released {
				fmt.Fprintf(a.Stderr, "released %s (%s): %s\n", h.ID, h.Cause, h.Reason)
			}
			source := args[0]
			switch byID := strings.HasPrefix(strings.ToUpper(source), "H-"); {
			case byID && len(released) == 1 && released[0].Cause == planner.CauseSource:
				source = released[0].System
			case (byID || source == "all") && len(released) == 0:
				return &access.Error{Op: "release " + args[0], Kind: access.NotFound, Hint: "muster plan says what is held", Err: fmt.Errorf("no such hold is open")}
			case byID || source == "all":
				return a.afterRelease(ctx, s, m, released)
			}
			if err := a.releaseSnapshot(ctx, s, source, reason, len(released) > 0); err != nil || len(released) == 0 {
				return err
			}
			return a.afterRelease(ctx, s, m, released)
		}),
	}
	c.Flags().StringVar(&reason, "reason", "", "why it may go on (required)")
	_ = c.MarkFlagRequired("reason")
	return c
}

// releaseSnapshot lets runs use the held snapshot of a source, if that is what is held.
func (a *commands) releaseSnapshot(ctx context.Context, s *cli.Session, name, reason string, also bool) error {
	src, err := s.Plan.Source(name)
	if err != nil {
		return cli.Usage(err)
	}
	snap, err := s.Runner.Release(ctx, src, reason)
	if err != nil {
		if also && access.KindOf(err) == access.Conflict {
			return nil // holds were released, and no snapshot is held
		}
		return err
	}
	fmt.Fprintf(a.Stderr, "released %s of %s; run: muster reconcile\n", snap.ID, snap.System)
	return nil
}

// afterRelease tells people, and plans again, so that what was held is asked about or becomes due at once. What was read and released is
// judged by the next run, and nothing is planned from the run before it.
func (a *commands) afterRelease(ctx context.Context, s *cli.Session, m *mend.Mender, released []access.Hold) error {
	channels, err := a.Channels(s, m, s.Ledger)
	if err != nil {
		return err
	}
	a.Tell(ctx, channels.Teller.Holds(ctx, released))
	ofSource := func(h access.Hold) bool { return h.Cause == planner.CauseSource }
	if !m.Enabled() || slices.ContainsFunc(released, ofSource) {
		return nil
	}
	p, err := a.planNow(ctx, s, m)
	if err != nil {
		return err
	}
	if err := m.Keep(ctx, p); err != nil {
		return err
	}
	a.Tell(ctx, channels.Teller.Questions(ctx))
	fmt.Fprintln(a.Stderr, "next: muster plan, then muster apply")
	return nil
}

func (a *commands) stopCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "stop --reason TEXT",
		Short: "Set the kill switch: an apply stops between two actions",
		Long: "Writes the file STOP into the data folder. While it is there nothing is changed in any system; making the file by hand does the\n" +
			"same. muster resume lifts it.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			settings, err := config.Load(a.ConfigFile)
			if err != nil {
				return err
			}
			_, by := who(&cli.Session{Plan: &plan.Plan{Settings: settings}})
			if err := halt.Set(a.Folder(settings), reason, by); err != nil {
				return err
			}
			fmt.Fprintln(a.Stderr, "stopped: nothing is changed until muster resume --reason ...")
			return nil
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why (required)")
	_ = c.MarkFlagRequired("reason")
	return c
}

func (a *commands) resumeCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "resume --reason TEXT",
		Short: "Lift the kill switch",
		Args:  cobra.NoArgs,
		RunE: a.withMender(true, func(ctx context.Context, s *cli.Session, m *mend.Mender, _ []string) error {
			_, by := who(s)
			if err := m.Resume(ctx, reason, by); err != nil {
				return err
			}
			fmt.Fprintln(a.Stderr, "the kill switch is lifted; muster plan says what is due")
			return nil
		}),
	}
	c.Flags().StringVar(&reason, "reason", "", "why it may go on (required)")
	_ = c.MarkFlagRequired("reason")
	return c
}
