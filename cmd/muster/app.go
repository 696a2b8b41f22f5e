package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/keeping"
	"muster/cmd/muster/mending"
	"muster/cmd/muster/reviewing"
	"muster/cmd/muster/show"
	"muster/cmd/muster/vouching"
	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/reconcile"
	"muster/internal/reconcile/plan"
	"muster/reports"
)

// app is one invocation of one of the commands here.
type app struct{ *cli.App }

// run parses args, runs the command and gives the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &show.Screen{Raw: stdout}
	a := &app{&cli.App{Stdin: stdin, Stdout: out, Stderr: &show.Screen{Raw: stderr}, Now: time.Now, Version: version}}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(a.Stderr)
	c, err := root.ExecuteContextC(ctx)
	if err != nil && strings.HasPrefix(err.Error(), "required flag(s)") {
		err = cli.Usage(err) // cobra has no hook for these
	}
	var status cli.ExitStatus
	if out.Err != nil && (err == nil || errors.As(err, &status)) {
		err = fmt.Errorf("write the result: %w", out.Err) // a result that nobody got is no success
	}
	return cli.Report(a.Stderr, c, err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "muster",
		Short: "Who has access to what, should they, and can you prove it?",
		Long: "Muster snapshots the accounts and entitlements of every system, compares them\n" +
			"with the access that HR data says each person should have, and leaves findings\n" +
			"and an evidence pack.\n\n" +
			"Exit codes: 0 clean, 1 error, 2 findings at or above --fail-on, 3 incomplete,\n" +
			"4 bad configuration or usage.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages", "FlagUsagesWrapped 80"))
	f := root.PersistentFlags()
	f.StringVar(&a.ConfigFile, "config", fallback(os.Getenv("MUSTER_CONFIG"), "muster.yaml"), "configuration file")
	f.StringVar(&a.DataDir, "data-dir", os.Getenv("MUSTER_DATA_DIR"), "folder of the engine, the ledger and the packs (default data_dir of the configuration, else .muster beside it)")
	f.StringVarP(&a.Format, "output", "o", "table", "format of lists: table, json or csv")
	f.BoolVarP(&a.Quiet, "quiet", "q", false, "no progress on standard error")
	f.BoolVarP(&a.Verbose, "verbose", "v", false, "log what is done, as JSON lines on standard error")
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if c.Name() == "plan" && strings.HasSuffix(a.Format, ".json") {
			a.PlanFile, a.Format = a.Format, "table"
		}
		if a.Format != "table" && a.Format != "json" && a.Format != "csv" {
			return cli.Usage(errors.New(`-o takes table, json or csv, not "` + a.Format + `"`))
		}
		return nil
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return cli.Usage(err) })
	root.AddGroup(&cobra.Group{ID: "run", Title: "Runs:"}, &cobra.Group{ID: "look", Title: "Looking:"}, &cobra.Group{ID: "mend", Title: "Remediation:"},
		&cobra.Group{ID: "ask", Title: "Decisions:"}, &cobra.Group{ID: "prove", Title: "Proof:"})
	for group, commands := range map[string][]*cobra.Command{
		"run":   {a.initCommand(), a.doctorCommand(), a.collectCommand(), a.reconcileCommand(), a.nightlyCommand(), a.engineCommand()},
		"look":  {a.findingsCommand(), a.whyCommand(), a.rulesCommand()},
		"prove": {a.reportCommand(), a.verifyCommand(), a.ledgerCommand()},
	} {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	for _, c := range mending.Commands(a.App) {
		root.AddCommand(c)
	}
	root.AddCommand(keeping.Commands(a.App)...)
	root.AddCommand(reviewing.Command(a.App), vouching.Command(a.App), a.versionCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	markUsage(root)
	return root
}

// noSuchCommand refuses the arguments of a command that has only commands below it.
func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, sub := range c.Commands() {
		known = append(known, sub.Name())
	}
	if near := config.Nearest(args[0], known); near != "" {
		return fmt.Errorf("unknown command %q for %q; did you mean %q?", args[0], c.CommandPath(), near)
	}
	return fmt.Errorf("unknown command %q for %q", args[0], c.CommandPath())
}

// markUsage makes wrong arguments of every command a usage error.
func markUsage(c *cobra.Command) {
	switch c.Name() {
	case "help": // cobra shows its own help instead of refusing
		c.Args = func(c *cobra.Command, args []string) error {
			if found, rest, err := c.Root().Find(args); err != nil || len(rest) > 0 {
				return noSuchCommand(found, rest)
			}
			return nil
		}
	case "completion":
		c.Args, c.RunE = noSuchCommand, func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			switch {
			case err == nil:
				return nil
			case c.HasSubCommands() || c.Name() == "help":
				return cli.Usage(err)
			}
			return cli.Usage(&access.Error{Op: c.Name(), Kind: access.Invalid, Hint: "usage: " + c.UseLine(), Err: err})
		}
	}
	for _, sub := range c.Commands() {
		markUsage(sub)
	}
}

// outcome is what there is to show of a run.
func (a *app) outcome(s *cli.Session, res reconcile.Result, pack *reports.Pack) show.Outcome {
	program, flags := a.Invocation()
	return show.Outcome{Result: res, Warnings: s.Plan.Warnings, Pack: pack, Program: program, Flags: flags}
}

// showProgress draws progress on standard error while that is a terminal, and gives what ends it.
func (a *app) showProgress(s *cli.Session, sources []plan.Source) (stop func()) {
	if a.Quiet || a.Verbose || !show.Terminal(a.Stderr) {
		return func() {}
	}
	names := make([]string, 0, len(sources))
	for _, src := range sources {
		names = append(names, src.Name)
	}
	s.Runner.Progress, stop = show.Progress(a.Stderr, names)
	return stop
}

func fallback(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
