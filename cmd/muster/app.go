package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/muster/show"
	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/ledger"
	"muster/internal/reconcile"
	"muster/internal/reconcile/plan"
	"muster/internal/store"
	"muster/internal/store/engine"
	"muster/reports"
)

// app is one invocation: its streams and the flags that every command takes.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time

	configFile string
	dataDir    string
	format     string
	planFile   string // of muster plan -o FILE.json
	quiet      bool
	verbose    bool
}

// run parses args, runs the command and gives the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &show.Screen{Raw: stdout}
	a := &app{stdin: stdin, stdout: out, stderr: &show.Screen{Raw: stderr}, now: time.Now}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(a.stderr)
	c, err := root.ExecuteContextC(ctx)
	if err != nil && strings.HasPrefix(err.Error(), "required flag(s)") {
		err = usageError{err} // cobra has no hook for these
	}
	var status exitStatus
	if out.Err != nil && (err == nil || errors.As(err, &status)) {
		err = fmt.Errorf("write the result: %w", out.Err) // a result that nobody got is no success
	}
	return report(a.stderr, c, err)
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
	f.StringVar(&a.configFile, "config", fallback(os.Getenv("MUSTER_CONFIG"), "muster.yaml"), "configuration file")
	f.StringVar(&a.dataDir, "data-dir", os.Getenv("MUSTER_DATA_DIR"), "folder of the engine, the ledger and the packs (default data_dir of the configuration, else .muster beside it)")
	f.StringVarP(&a.format, "output", "o", "table", "format of lists: table, json or csv")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress on standard error")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "log what is done, as JSON lines on standard error")
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		if c.Name() == "plan" && strings.HasSuffix(a.format, ".json") {
			a.planFile, a.format = a.format, "table"
		}
		if a.format != "table" && a.format != "json" && a.format != "csv" {
			return usageError{errors.New(`-o takes table, json or csv, not "` + a.format + `"`)}
		}
		return nil
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddGroup(&cobra.Group{ID: "run", Title: "Runs:"}, &cobra.Group{ID: "look", Title: "Looking:"}, &cobra.Group{ID: "mend", Title: "Remediation:"},
		&cobra.Group{ID: "ask", Title: "Decisions:"}, &cobra.Group{ID: "prove", Title: "Proof:"})
	for group, commands := range map[string][]*cobra.Command{
		"run":   {a.initCommand(), a.doctorCommand(), a.collectCommand(), a.reconcileCommand(), a.nightlyCommand(), a.engineCommand()},
		"mend":  {a.planCommand(), a.applyCommand(), a.undoCommand(), a.holdCommand(), a.releaseCommand(), a.stopCommand(), a.resumeCommand(), a.actionsCommand()},
		"ask":   {a.approvalsCommand(), a.decideCommand(), a.tokenCommand(), a.requestCommand(), a.exceptCommand()},
		"look":  {a.findingsCommand(), a.whyCommand(), a.rulesCommand()},
		"prove": {a.reportCommand(), a.verifyCommand(), a.ledgerCommand()},
	} {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	root.AddCommand(a.versionCommand())
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
				return usageError{err}
			}
			return usageError{&access.Error{Op: c.Name(), Kind: access.Invalid, Hint: "usage: " + c.UseLine(), Err: err}}
		}
	}
	for _, sub := range c.Commands() {
		markUsage(sub)
	}
}

func (a *app) log() *slog.Logger {
	level := slog.LevelError
	if a.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewJSONHandler(a.stderr, &slog.HandlerOptions{Level: level}))
}

func (a *app) show() show.Printer {
	return show.Printer{Out: a.stdout, Err: a.stderr, Format: a.format}
}

// invocation is how the user called muster, and the flags that name this configuration and data, for commands that are suggested.
func (a *app) invocation() (program, flags string) {
	program, text := "muster", ""
	if strings.ContainsRune(os.Args[0], os.PathSeparator) && filepath.Base(os.Args[0]) == program {
		program = os.Args[0]
	}
	if a.configFile != "muster.yaml" {
		text += " --config " + quoted(a.configFile)
	}
	if a.dataDir != "" {
		text += " --data-dir " + quoted(a.dataDir)
	}
	return program, text
}

// quoted is a path as a shell takes it.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t\n\"'\\$`*?[]{}()<>|&;!#~") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// outcome is what there is to show of a run.
func (a *app) outcome(s *session, res reconcile.Result, pack *reports.Pack) show.Outcome {
	program, flags := a.invocation()
	return show.Outcome{Result: res, Warnings: s.plan.Warnings, Pack: pack, Program: program, Flags: flags}
}

// showProgress draws progress on standard error while that is a terminal, and gives what ends it.
func (a *app) showProgress(s *session, sources []plan.Source) (stop func()) {
	if a.quiet || a.verbose || !show.Terminal(a.stderr) {
		return func() {}
	}
	names := make([]string, 0, len(sources))
	for _, src := range sources {
		names = append(names, src.Name)
	}
	s.runner.Progress, stop = show.Progress(a.stderr, names)
	return stop
}

// session is a configuration with its store, and with its ledger when the command writes.
type session struct {
	plan   *plan.Plan
	dir    string
	store  *store.Store
	engine *engine.Engine // nil when a ClickHouse server is used
	ledger *ledger.Log    // nil when the command only reads
	runner *reconcile.Runner
}

// open checks the configuration, then starts or joins the engine. A writing session holds the ledger, so there is one at a time.
func (a *app) open(ctx context.Context, write bool) (*session, error) {
	loaded, err := plan.Load(a.configFile, a.now, a.log())
	if err != nil {
		return nil, err
	}
	s := &session{plan: loaded, dir: a.folder(loaded.Settings)}
	if err := s.connect(ctx, a, write); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.runner = &reconcile.Runner{Plan: loaded, Store: s.store, Ledger: s.ledger, LedgerDir: s.ledgerDir(), Now: a.now, Version: version, RanBy: ranBy(), Log: a.log()}
	return s, nil
}

func (s *session) connect(ctx context.Context, a *app, write bool) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return &access.Error{Op: "open data folder", Kind: access.Denied, Hint: "choose a folder that this user can write, by --data-dir or data_dir", Err: err}
	}
	var err error
	if write {
		if s.ledger, err = ledger.Open(s.ledgerDir(), ledger.Options{Origin: ledgerOrigin(s.plan.Settings), Now: a.now}); err != nil {
			return err
		}
	}
	o := store.Options{Log: a.log(), Now: a.now}
	ch := s.plan.Settings.ClickHouse
	if ch.DSN.IsSet() {
		if o.DSN, err = ch.DSN.Value(); err != nil {
			return err
		}
	} else {
		if s.engine, err = engine.Attach(ctx, engine.Options{Dir: s.dir, Library: s.plan.Settings.Path(ch.Library), MemoryMB: ch.MemoryMB, Log: a.log()}); err != nil {
			return err
		}
		o.Dial = s.engine.DialContext
		o.User, o.Password = s.engine.Auth()
	}
	s.store, err = store.Open(ctx, o)
	return err
}

func (s *session) close() error {
	var errs []error
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.ledger != nil {
		errs = append(errs, s.ledger.Close())
	}
	if s.engine != nil {
		errs = append(errs, s.engine.Close())
	}
	return errors.Join(errs...)
}

func (s *session) ledgerDir() string { return filepath.Join(s.dir, "ledger") }
func (s *session) packsDir() string  { return filepath.Join(s.dir, "packs") }

// folder is the data folder: the flag, the configuration's, or .muster beside the configuration.
func (a *app) folder(s *config.Settings) string {
	switch {
	case a.dataDir != "":
		return a.dataDir
	case s.DataDir != "":
		return s.Path(s.DataDir)
	}
	return filepath.Join(s.Dir(), ".muster")
}

// with opens a session for one command and closes it afterwards.
func (a *app) with(write bool, do func(ctx context.Context, s *session, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) (err error) {
		s, err := a.open(c.Context(), write)
		if err != nil {
			return err
		}
		defer func() {
			if cerr := s.close(); err == nil {
				err = cerr
			}
		}()
		return do(c.Context(), s, args)
	}
}

// ranBy names the command and the user of the operating system who runs it, for the evidence.
func ranBy() string {
	who := "an unnamed user"
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		who += " on " + host
	}
	return "muster, started by " + who
}

func fallback(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
