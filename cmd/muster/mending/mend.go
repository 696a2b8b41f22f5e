package mending

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/show"
	"muster/internal/access"
	"muster/internal/ledger/durable"
	"muster/internal/reconcile/mend"
	"muster/remediate"
	"muster/remediate/approve"
	"muster/remediate/planner"
)

// withMender is with, for commands that plan, decide or change.
func (a *commands) withMender(write bool, do func(ctx context.Context, s *cli.Session, m *mend.Mender, args []string) error) func(*cobra.Command, []string) error {
	return a.With(write, func(ctx context.Context, s *cli.Session, args []string) error {
		m, err := a.Mender(ctx, s)
		if err != nil {
			return err
		}
		return do(ctx, s, m, args)
	})
}

func who(s *cli.Session) (person, name string) { return cli.Who(s) }

func (a *commands) planCommand() *cobra.Command {
	var system string
	c := &cobra.Command{
		Use:   "plan [-o FILE.json]",
		Short: "Show what would be done about findings, why, and what undoes it",
		Long: "Plans from what the last completed run saw. Nothing is changed. With -o FILE.json the plan is written to a file and its digest\n" +
			"is entered on the ledger; muster apply FILE.json carries out exactly that plan, as long as nothing has changed.",
		Args: cobra.NoArgs,
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.withMender(a.PlanFile != "", func(ctx context.Context, s *cli.Session, m *mend.Mender, _ []string) error {
			p, err := a.planNow(ctx, s, m)
			if err != nil {
				return err
			}
			if a.PlanFile != "" {
				if err := writePlan(a.PlanFile, p); err != nil {
					return err
				}
				if err := m.EnterPlan(ctx, p); err != nil {
					return err
				}
			}
			if system != "" {
				if _, err := s.Plan.Source(system); err != nil {
					return cli.Usage(err)
				}
			}
			program, flags := a.Invocation()
			return a.Show().Plan(show.PlanView{Plan: p, System: system, DryRun: !m.Enabled(), Program: program, Flags: flags, File: a.PlanFile})
		})(c, args)
	}
	c.Flags().StringVar(&system, "system", "", "show only this system")
	return c
}

// planNow plans from the last completed run.
func (a *commands) planNow(ctx context.Context, s *cli.Session, m *mend.Mender) (planner.Plan, error) {
	last, ok, err := s.Store.LastRun(ctx, true)
	if err != nil {
		return planner.Plan{}, err
	}
	if !ok {
		return planner.Plan{}, cli.ErrNothing
	}
	sight, err := s.Runner.Look(ctx, last)
	if err != nil {
		return planner.Plan{}, err
	}
	return m.PlanFor(ctx, sight)
}

func writePlan(path string, p planner.Plan) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("encode plan: %w", err)
	}
	disk := durable.New(filepath.Dir(path))
	if err := errors.Join(disk.Write(filepath.Base(path), append(text, '\n'), 0o600), disk.Flush()); err != nil {
		return &access.Error{Op: "write plan", Kind: access.Denied, Hint: "name a file in a folder that this user can write", Err: err}
	}
	return nil
}

func (a *commands) applyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "apply [FILE.json]",
		Short: "Carry out a plan, or what is planned and approved by now",
		Long: "With a file of muster plan -o, carries out that plan: refused when the file was changed, or when the world it was made from has.\n" +
			"Without a file, carries out what stands: what is planned and not held, and what was approved since. Approvals are asked for,\n" +
			"never skipped.",
		Args: cobra.MaximumNArgs(1),
		RunE: a.withMender(true, func(ctx context.Context, s *cli.Session, m *mend.Mender, args []string) error {
			if err := mayChange(m); err != nil {
				return err
			}
			if _, err := m.Recover(ctx); err != nil {
				return err
			}
			if len(args) == 1 {
				p, err := a.samePlan(ctx, s, m, args[0])
				if err != nil {
					return err
				}
				if err := m.Keep(ctx, p); err != nil {
					return err
				}
			} else if err := m.Tick(ctx); err != nil {
				return err
			}
			done, err := m.Apply(ctx)
			if err != nil {
				return err
			}
			a.tellQuestions(ctx, s, m)
			return a.showApplied(done)
		}),
	}
}

// mayChange refuses where the configuration says that nothing is changed.
func mayChange(m *mend.Mender) error {
	if m.Enabled() {
		return nil
	}
	return &access.Error{Op: "apply", Kind: access.Denied, Hint: "look at muster plan first; then set remediation.mode: apply in the configuration",
		Err: errors.New("remediation is in dry-run: nothing is changed")}
}

// samePlan reads a plan's file and makes sure that it still is what would be planned.
func (a *commands) samePlan(ctx context.Context, s *cli.Session, m *mend.Mender, path string) (planner.Plan, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return planner.Plan{}, cli.Usage(err)
	}
	var p planner.Plan
	if err := json.Unmarshal(text, &p); err != nil {
		return p, cli.Usage(fmt.Errorf("read plan %s: %w", path, err))
	}
	refuse := func(format string, args ...any) (planner.Plan, error) {
		return p, &access.Error{Op: "apply " + path, Kind: access.Conflict, Hint: "make a new plan: muster plan -o " + path, Err: fmt.Errorf(format, args...)}
	}
	said := p.Digest
	if err := p.Seal(); err != nil {
		return p, err
	}
	if said != p.Digest {
		return refuse("the plan was changed after it was made: its digest is %.12s, the file says %.12s", p.Digest, said)
	}
	known, err := m.PlanEntered(ctx, s.LedgerDir(), p.Digest)
	if err != nil {
		return p, err
	}
	if !known {
		return refuse("the ledger has no plan of that digest: it was not made here")
	}
	now, err := a.planNow(ctx, s, m)
	if err != nil {
		return p, err
	}
	switch {
	case now.Run != p.Run:
		return refuse("run %s has looked since; the plan is of run %s", now.Run, p.Run)
	case now.World != p.World:
		return refuse("the configuration, or a snapshot of run %s, has changed since", p.Run)
	case now.Digest != p.Digest:
		return refuse("decisions, holds or actions have changed since")
	}
	return now, nil
}

func (a *commands) showApplied(done []remediate.Record) error {
	if err := a.Show().Actions(done, "nothing is due: muster plan"); err != nil {
		return err
	}
	for _, r := range done {
		if r.State == remediate.Failed {
			return cli.ExitStatus(cli.ExitError)
		}
	}
	return nil
}

func (a *commands) undoCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "undo ACTION|RUN --reason TEXT",
		Short: "Take back one action, or all that a run did",
		Args:  cobra.ExactArgs(1),
		RunE: a.withMender(true, func(ctx context.Context, s *cli.Session, m *mend.Mender, args []string) error {
			if err := mayChange(m); err != nil {
				return err
			}
			_, by := who(s)
			done, err := m.Undo(ctx, args[0], reason, by)
			if err != nil {
				return err
			}
			return a.showApplied(done)
		}),
	}
	c.Flags().StringVar(&reason, "reason", "", "why it is taken back (required)")
	_ = c.MarkFlagRequired("reason")
	return c
}

func (a *commands) actionsCommand() *cobra.Command {
	var states []string
	var q access.DocumentQuery
	c := &cobra.Command{
		Use:   "actions [ID]",
		Short: "List what was planned, asked and done, or show one action",
		Args:  cobra.MaximumNArgs(1),
		RunE: a.With(false, func(ctx context.Context, s *cli.Session, args []string) error {
			q.Kind, q.States = access.DocAction, states
			if len(args) == 1 {
				q.IDPrefix = args[0]
			}
			list, err := remediate.Load[remediate.Record](ctx, s.Store, q)
			if err != nil {
				return err
			}
			if len(args) == 1 && len(list) == 1 {
				return a.Show().Action(list[0])
			}
			return a.Show().Actions(list, "no such action")
		}),
	}
	c.Flags().StringSliceVar(&states, "state", nil, "only in these states: planned, waiting, held, blocked, done, verified, ...")
	c.Flags().StringVar(&q.System, "system", "", "only in this system")
	c.Flags().StringVar(&q.Person, "person", "", "only of this worker id")
	c.Flags().StringVar(&q.Run, "run", "", "only of this run")
	return c
}

// refusalError is a refused claim as the command line tells it.
func refusalError(err error) error {
	if no, ok := errors.AsType[*approve.Refusal](err); ok {
		return cli.RefusalError(err, "muster approvals "+no.Approval)
	}
	return err
}
