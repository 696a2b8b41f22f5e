package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/show"
	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/reconcile"
	"muster/internal/reconcile/dossier"
	"muster/internal/signing"
	"muster/reports"
	"muster/reports/frame"
	"muster/reports/redact"
)

// asked is what a report is asked for.
type asked struct {
	out, run, period, system, person, campaign, control string
	redact                                              bool
}

// reported is a pack to be written: the run that it rests on, and what of it.
type reported struct {
	run    access.Run
	job    reports.Job
	narrow reconcile.Narrow
}

// reportKind is one kind of pack.
type reportKind struct {
	name, short string
	flags       []string // besides --out and --run
	gather      func(ctx context.Context, s *cli.Session, g dossier.Ground, ask asked) (reported, error)
}

// reportKinds are all kinds but the reconciliation, which rests on nothing but its run.
func reportKinds() []reportKind {
	return []reportKind{
		{"access-review", "A campaign: population, reviewers, decisions, removals", []string{"campaign"}, gatherReview},
		{"terminations", "Who left, and when each account was proven unusable", []string{"period", "system"}, gatherTerminations},
		{"sod", "Duties: the matrix, whether its rules fire, conflicts", nil, gatherSoD},
		{"person", "Why one person has what they have", []string{"person"}, gatherPerson},
		{"controls", "Control by control: procedure, population, tests, deviations", []string{"period", "control"}, gatherControls},
	}
}

func (a *app) reportCommand() *cobra.Command {
	c := &cobra.Command{Use: "report", Short: "Render an evidence pack", Args: noSuchCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	var ask asked
	rec := a.reportOf("reconciliation", "A run: its sources, rules, findings and accepted risks", nil, &ask, func(ctx context.Context, s *cli.Session, run access.Run) (reported, error) {
		job, err := s.Runner.ReportJob(ctx, run)
		return reported{run: run, job: job}, err
	})
	c.AddCommand(rec)
	for _, k := range reportKinds() {
		c.AddCommand(a.reportOf(k.name, k.short, k.flags, &ask, func(ctx context.Context, s *cli.Session, run access.Run) (reported, error) {
			g, err := ground(ctx, s, run)
			if err != nil {
				return reported{}, err
			}
			return k.gather(ctx, s, g, ask)
		}))
	}
	c.AddCommand(a.whoCommand())
	return c
}

// whoCommand says inside who a pseudonym of a pack for outside is.
func (a *app) whoCommand() *cobra.Command {
	return &cobra.Command{Use: "who PSEUDONYM...", Short: "Say whose pseudonym it is, of the last run's persons", Args: cobra.MinimumNArgs(1),
		RunE: a.With(false, func(ctx context.Context, s *cli.Session, args []string) error {
			key, err := signing.Secret(s.Dir, "pseudonyms")
			if err != nil {
				return err
			}
			run, err := s.Runner.Completed(ctx, "")
			if err != nil {
				return err
			}
			world, _, err := s.Store.WorldOfRun(ctx, run.ID)
			if err != nil {
				return err
			}
			known := map[string]string{}
			err = s.Store.Managers(ctx, world, func(id, _ string, _ access.Status) error {
				known[redact.PersonWith(key, id)] = id
				return nil
			})
			if err != nil {
				return err
			}
			l := show.Listing{Head: []string{"pseudonym", "worker id"}, Items: known, Wide: -1}
			found := map[string]string{}
			for _, p := range args {
				if id := known[p]; id != "" {
					found[p] = id
				}
				l.Rows = append(l.Rows, []string{p, known[p]})
			}
			l.Items = found
			if err := a.Show().List(l); err != nil {
				return err
			}
			if len(found) < len(args) {
				return &access.Error{Op: "look up pseudonyms", Kind: access.NotFound, Hint: "they are of another data folder, of accounts that are nobody's, or of people whom HR lists no more",
					Err: fmt.Errorf("%d of %d are nobody's whom the last run knows", len(args)-len(found), len(args))}
			}
			return nil
		})}
}

// reportOf is the command of one kind.
func (a *app) reportOf(name, short string, flags []string, ask *asked, gather func(context.Context, *cli.Session, access.Run) (reported, error)) *cobra.Command {
	all := map[string]struct {
		value *string
		says  string
		must  bool
	}{
		"campaign": {&ask.campaign, "campaign: the beginning of its id, or its name (required)", true},
		"person":   {&ask.person, "worker id, e-mail address, login or name (required)", true},
		"period":   {&ask.period, "quarter (2026-Q3) or days (2026-07-01..2026-09-30); default the 90 days up to the run", false},
		"system":   {&ask.system, "only this system", false},
		"control":  {&ask.control, "only this control, such as \"SOC 2 CC6.3\"", false},
	}
	c := &cobra.Command{Use: name + " --out DIR", Short: short, Args: cobra.NoArgs, RunE: a.With(true, func(ctx context.Context, s *cli.Session, _ []string) error {
		run, err := s.Runner.Completed(ctx, ask.run)
		if err != nil {
			if ask.run == "" && access.KindOf(err) == access.NotFound {
				return cli.ErrNothing
			}
			return err
		}
		r, err := gather(ctx, s, run)
		if err == nil && ask.redact {
			r.job.Redact, err = signing.Secret(s.Dir, "pseudonyms")
		}
		if err != nil {
			return err
		}
		p, err := s.Runner.Pack(ctx, r.run, r.job, r.narrow, ask.out)
		if err != nil {
			return err
		}
		l := show.Listing{Head: []string{"pack", "pdf", "sha256"}, Rows: [][]string{{p.ZipPath, p.PDFPath, p.Digest}}, Wide: -1,
			Items: map[string]string{"pack": p.ZipPath, "pdf": p.PDFPath, "sha256": p.Digest, "run": r.run.ID}}
		return a.Show().List(l)
	})}
	c.Flags().StringVar(&ask.out, "out", "", "folder to write the pack into (required)")
	c.Flags().StringVar(&ask.run, "run", "", "run id; default the last completed run")
	c.Flags().BoolVar(&ask.redact, "redact", false, "for outside: give people pseudonyms, by a key that stays inside")
	_ = c.MarkFlagRequired("out")
	for _, f := range flags {
		c.Flags().StringVar(all[f].value, f, "", all[f].says)
		if all[f].must {
			_ = c.MarkFlagRequired(f)
		}
	}
	return c
}

// ground is what a pack that rests on a completed run is gathered from.
func ground(ctx context.Context, s *cli.Session, run access.Run) (g dossier.Ground, err error) {
	g = dossier.Ground{Store: s.Store, Run: run}
	if g.Trail, err = ledger.Read(s.LedgerDir()); err != nil {
		return g, err
	}
	var ok bool
	if g.World, ok, err = s.Store.WorldOfRun(ctx, run.ID); err == nil && !ok {
		err = fmt.Errorf("read what run %s reasoned from: it is gone", run.ID)
	}
	if err != nil {
		return g, err
	}
	g.Evidence, err = s.Runner.Evidence(ctx, run)
	return g, err
}

func gatherReview(ctx context.Context, s *cli.Session, _ dossier.Ground, ask asked) (reported, error) {
	trail, err := ledger.Read(s.LedgerDir())
	if err != nil {
		return reported{}, err
	}
	r, err := dossier.Review(ctx, s.Store, trail, ask.campaign)
	if err != nil {
		return reported{}, err
	}
	if ask.run != "" && ask.run != r.Campaign.Run {
		return reported{}, cli.Usage(fmt.Errorf("campaign %s was frozen of run %s", r.Campaign.ID, r.Campaign.Run))
	}
	run, err := s.Runner.Completed(ctx, r.Campaign.Run)
	return reported{run: run, job: r.Job()}, err
}

func gatherTerminations(ctx context.Context, s *cli.Session, g dossier.Ground, ask asked) (reported, error) {
	period, err := periodOf(ask, g.Run)
	if err != nil {
		return reported{}, err
	}
	if ask.system != "" {
		if _, err := s.Plan.Source(ask.system); err != nil {
			return reported{}, err
		}
	}
	l, err := dossier.Terminations(ctx, g, period, ask.system)
	if err != nil {
		return reported{}, err
	}
	return reported{run: g.Run, job: l.Job()}, nil
}

func gatherSoD(ctx context.Context, _ *cli.Session, g dossier.Ground, _ asked) (reported, error) {
	d, err := dossier.SoD(ctx, g)
	if err != nil {
		return reported{}, err
	}
	return reported{run: g.Run, job: d.Job()}, nil
}

// gatherControls rests on the last run of the period, unless one was asked for.
func gatherControls(ctx context.Context, s *cli.Session, g dossier.Ground, ask asked) (reported, error) {
	period, err := periodOf(ask, g.Run)
	if err != nil {
		return reported{}, err
	}
	if ask.run == "" && !period.Has(g.Run.AsOf) {
		run, err := dossier.LastRunIn(ctx, s.Store, period)
		if err != nil {
			return reported{}, err
		}
		if g, err = ground(ctx, s, run); err != nil {
			return reported{}, err
		}
	}
	c, err := dossier.Controls(ctx, g, period, ask.control)
	if err != nil {
		return reported{}, err
	}
	return reported{run: g.Run, job: c.Job()}, nil
}

func gatherPerson(ctx context.Context, _ *cli.Session, g dossier.Ground, ask asked) (reported, error) {
	p, err := dossier.Person(ctx, g, ask.person)
	if err != nil {
		return reported{}, err
	}
	return reported{run: g.Run, job: p.Job(), narrow: p.Narrow}, nil
}

// periodOf is the period asked for, or the 90 days up to the run.
func periodOf(ask asked, run access.Run) (frame.Period, error) {
	if ask.period == "" {
		day := run.AsOf.UTC().Truncate(24 * time.Hour)
		return frame.Period{From: day.AddDate(0, 0, -89), To: day}, nil
	}
	p, err := frame.ParsePeriod(ask.period)
	if err == nil && p.From.After(run.AsOf) {
		err = errors.New("it begins after the run that it would rest on")
	}
	if err != nil {
		return p, cli.Usage(err)
	}
	return p, nil
}
