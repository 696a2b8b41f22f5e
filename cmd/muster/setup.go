package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/show"
	"muster/collectors"
	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/reconcile/plan"
	"muster/internal/store/engine"
)

//go:embed starter/muster.yaml
var starterConfig []byte

//go:embed starter/bundles.yaml
var starterBundles []byte

//go:embed starter/workers.csv
var starterWorkers []byte

//go:embed starter/accounts.csv
var starterAccounts []byte

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a small configuration that runs, to start from",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			files := map[string][]byte{"muster.yaml": starterConfig, "bundles.yaml": starterBundles, "hr/workers.csv": starterWorkers, "vpn/accounts.csv": starterAccounts}
			for _, name := range show.SortedKeys(files) {
				if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
					return &access.Error{Op: "init", Kind: access.Conflict, Hint: "name another folder: muster init DIR",
						Err: fmt.Errorf("%s is there already; nothing was written", filepath.Join(dir, name))}
				}
			}
			for _, name := range show.SortedKeys(files) {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					return err
				}
				if err := os.WriteFile(path, files[name], 0o644); err != nil {
					return err
				}
				fmt.Fprintln(a.Stderr, "wrote "+path)
			}
			cd := ""
			if dir != "." {
				cd = "cd " + cli.Quoted(dir) + " && "
			}
			fmt.Fprintf(a.Stderr, "next: %smuster doctor && muster nightly\n", cd)
			return nil
		},
	}
}

// diagnosis is one line of doctor.
type diagnosis struct {
	Name   string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check configuration, engine, ledger and that every source answers",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			loaded, err := plan.Load(a.ConfigFile, a.Now, a.Log())
			if err != nil {
				return err
			}
			checks := []diagnosis{{Name: "configuration", OK: true, Detail: fmt.Sprintf("%d sources, %d rules, %d bundles", len(loaded.Sources), len(loaded.Rules.Rules()), len(loaded.Bundles.All()))}}
			checks = append(checks, a.checkEngine(c.Context(), loaded), a.checkLedger(c.Context(), loaded))
			for _, src := range loaded.Sources {
				checks = append(checks, probe(c.Context(), src))
			}
			checks = append(checks, a.checkRemediation(loaded))
			for _, channel := range []string{"slack", "mail"} {
				if ok, err := a.CheckChannel(c.Context(), loaded, channel); ok {
					checks = append(checks, outcome(channel, "answers", err))
				}
			}
			l := show.Listing{Head: []string{"check", "ok", "detail"}, Wide: 2, Items: checks}
			failed := false
			for _, k := range checks {
				ok := "ok"
				if !k.OK {
					ok, failed = "FAILED", true
				}
				l.Rows = append(l.Rows, []string{k.Name, ok, k.Detail})
			}
			if err := a.Show().List(l); err != nil {
				return err
			}
			for _, k := range checks {
				if !k.OK && k.Hint != "" {
					fmt.Fprintf(a.Stderr, "hint: %s: %s\n", k.Name, k.Hint)
				}
			}
			if failed {
				return cli.ExitStatus(cli.ExitError)
			}
			return nil
		},
	}
}

func outcome(name, detail string, err error) diagnosis {
	if err != nil {
		return diagnosis{Name: name, Detail: strings.TrimPrefix(err.Error(), name+": "), Hint: access.HintOf(err)}
	}
	return diagnosis{Name: name, OK: true, Detail: detail}
}

func (a *app) checkEngine(ctx context.Context, loaded *plan.Plan) diagnosis {
	s := &cli.Session{Plan: loaded, Dir: a.Folder(loaded.Settings)}
	err := s.Connect(ctx, a.App, false)
	detail := "a ClickHouse server of the configuration"
	if s.Engine != nil {
		detail = "embedded, at " + s.Engine.Addr()
	}
	return outcome("engine", detail, errors.Join(err, s.Close()))
}

func (a *app) checkLedger(ctx context.Context, loaded *plan.Plan) diagnosis {
	dir := (&cli.Session{Dir: a.Folder(loaded.Settings)}).LedgerDir()
	if _, err := os.Stat(filepath.Join(dir, "checkpoint")); errors.Is(err, os.ErrNotExist) {
		return diagnosis{Name: "ledger", OK: true, Detail: "none yet; the first run makes it"}
	}
	rep, err := ledger.Verify(ctx, dir)
	if want := cli.LedgerOrigin(loaded.Settings); err == nil && rep.Origin != want {
		err = &access.Error{Op: "compare the organisation", Kind: access.Conflict, Hint: "use another data folder for another organisation",
			Err: fmt.Errorf("the ledger is %s, this configuration's would be %s", rep.Origin, want)}
	}
	return outcome("ledger", fmt.Sprintf("%s entries, recomputed and signed", show.Thousands(int64(rep.Size))), err)
}

// checkRemediation says which systems may be changed, and whether anything is.
func (a *app) checkRemediation(loaded *plan.Plan) diagnosis {
	targets, err := loaded.OpenTargets(a.Folder(loaded.Settings), a.Now, a.Log())
	names := "no system has a section remediation"
	if len(targets) > 0 {
		names = "may change " + strings.Join(show.SortedKeys(targets), ", ")
	}
	return outcome("remediation", loaded.Settings.Remediation.Mode+"; "+names, err)
}

func probe(ctx context.Context, src plan.Source) diagnosis {
	p, ok := src.Collector.(collectors.Prober)
	if !ok {
		return diagnosis{Name: src.Name, OK: true, Detail: src.Kind + ", cannot be asked without reading it"}
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	return outcome(src.Name, src.Kind+", answers", p.Probe(ctx))
}

func (a *app) engineCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "engine",
		Short: "Run the embedded engine alone; other commands share it",
		Args:  cobra.NoArgs,
		RunE: a.With(false, func(ctx context.Context, s *cli.Session, _ []string) error {
			if s.Engine == nil {
				return cli.Usage(errors.New("the configuration names a ClickHouse server; there is no embedded engine to run"))
			}
			whose := "started"
			if !s.Engine.Owner() {
				whose = "already running, shared"
			}
			fmt.Fprintf(a.Stderr, "engine %s: %s, pid %d; user and password are in %s\n", whose, s.Engine.Addr(), s.Engine.Pid(),
				filepath.Join(s.Dir, "engine", "credentials"))
			err := s.Engine.Wait(ctx)
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		}),
	}
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.Format == "json" {
				return a.Show().List(show.Listing{Items: map[string]string{"version": version, "go": runtime.Version(), "engine": engine.Version}})
			}
			fmt.Fprintf(a.Stdout, "muster %s (%s, engine %s)\n", version, runtime.Version(), engine.Version)
			return nil
		},
	}
}
