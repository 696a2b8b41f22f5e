// Package cli is what every command needs: the streams and flags of one invocation, the session with configuration, store and ledger, exit
// codes, and how errors are told to people. It holds no logic of its own.
package cli

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
	"muster/internal/reconcile/retain"
	"muster/internal/store"
	"muster/internal/store/engine"
)

// App is one invocation: its streams and the flags that every command takes.
type App struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Now            func() time.Time

	ConfigFile string
	DataDir    string
	Format     string
	PlanFile   string // of muster plan -o FILE.json
	Version    string // muster's own
	Quiet      bool
	Verbose    bool
}

// Log is where what is done is written down, on standard error, if the user wants to see it.
func (a *App) Log() *slog.Logger {
	level := slog.LevelError
	if a.Verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewJSONHandler(a.Stderr, &slog.HandlerOptions{Level: level}))
}

// Show draws what the command has to show.
func (a *App) Show() show.Printer {
	return show.Printer{Out: a.Stdout, Err: a.Stderr, Format: a.Format}
}

// Invocation is how the user called muster, and the flags that name this configuration and data, for commands that are suggested.
func (a *App) Invocation() (program, flags string) {
	program, text := "muster", ""
	if strings.ContainsRune(os.Args[0], os.PathSeparator) && filepath.Base(os.Args[0]) == program {
		program = os.Args[0]
	}
	if a.ConfigFile != "muster.yaml" {
		text += " --config " + Quoted(a.ConfigFile)
	}
	if a.DataDir != "" {
		text += " --data-dir " + Quoted(a.DataDir)
	}
	return program, text
}

// Quoted is a path as a shell takes it.
func Quoted(path string) string {
	if strings.ContainsAny(path, " \t\n\"'\\$`*?[]{}()<>|&;!#~") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// Session is a configuration with its store, and with its ledger when the command writes.
type Session struct {
	Plan   *plan.Plan
	Dir    string
	Store  *store.Store
	Engine *engine.Engine // nil when a ClickHouse server is used
	Ledger *ledger.Log    // nil when the command only reads
	Runner *reconcile.Runner
}

// Open checks the configuration, then starts or joins the engine. A writing session holds the ledger, so there is one at a time.
func (a *App) Open(ctx context.Context, write bool) (*Session, error) {
	loaded, err := plan.Load(a.ConfigFile, a.Now, a.Log())
	if err != nil {
		return nil, err
	}
	s := &Session{Plan: loaded, Dir: a.Folder(loaded.Settings)}
	if err := s.Connect(ctx, a, write); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.Runner = &reconcile.Runner{Plan: loaded, Store: s.Store, Ledger: s.Ledger, LedgerDir: s.LedgerDir(), Now: a.Now, Version: a.Version, RanBy: ranBy(), Log: a.Log(), Trust: a.trust(loaded.Settings)}
	return s, nil
}

// Connect opens the ledger, when the command writes, and the store. How long facts are kept is for those who write to say.
func (s *Session) Connect(ctx context.Context, a *App, write bool) error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return &access.Error{Op: "open data folder", Kind: access.Denied, Hint: "choose a folder that this user can write, by --data-dir or data_dir", Err: err}
	}
	var err error
	if write {
		if s.Ledger, err = ledger.Open(s.LedgerDir(), ledger.Options{Origin: LedgerOrigin(s.Plan.Settings), Now: a.Now}); err != nil {
			return err
		}
	}
	o := store.Options{Log: a.Log(), Now: a.Now}
	ch := s.Plan.Settings.ClickHouse
	if ch.DSN.IsSet() {
		if o.DSN, err = ch.DSN.Value(); err != nil {
			return err
		}
	} else {
		if s.Engine, err = engine.Attach(ctx, engine.Options{Dir: s.Dir, Library: s.Plan.Settings.Path(ch.Library), MemoryMB: ch.MemoryMB, Log: a.Log()}); err != nil {
			return err
		}
		o.Dial = s.Engine.DialContext
		o.User, o.Password = s.Engine.Auth()
	}
	if s.Store, err = store.Open(ctx, o); err != nil || !write {
		return err
	}
	lost, err := s.Keeper(a).KeepFacts(ctx)
	for _, covers := range lost {
		fmt.Fprintf(a.Stderr, "note: the file legal-holds named %s, on which the store has no hold; it was written anew (muster legal-hold list)\n", covers)
	}
	return err
}

// Keeper applies the configuration's retention, and holds. Only a writing session can change any.
func (s *Session) Keeper(a *App) *retain.Keeper {
	return &retain.Keeper{Records: s.Store, Messages: s.Store, Facts: s.Store, People: retain.HR{Store: s.Store}, Ledger: s.Ledger, Dir: s.Dir, Packs: s.PacksDir(), Settings: s.Plan.Settings.Retention, Now: a.Now}
}

// Close gives back what the session holds.
func (s *Session) Close() error {
	var errs []error
	if s.Store != nil {
		errs = append(errs, s.Store.Close())
	}
	if s.Ledger != nil {
		errs = append(errs, s.Ledger.Close())
	}
	if s.Engine != nil {
		errs = append(errs, s.Engine.Close())
	}
	return errors.Join(errs...)
}

// LedgerDir is where the ledger is.
func (s *Session) LedgerDir() string { return filepath.Join(s.Dir, "ledger") }

// PacksDir is where evidence packs go.
func (s *Session) PacksDir() string { return filepath.Join(s.Dir, "packs") }

// Folder is the data folder: the flag, the configuration's, or .muster beside the configuration.
func (a *App) Folder(s *config.Settings) string {
	switch {
	case a.DataDir != "":
		return a.DataDir
	case s.DataDir != "":
		return s.Path(s.DataDir)
	}
	return filepath.Join(s.Dir(), ".muster")
}

// With opens a session for one command and closes it afterwards.
func (a *App) With(write bool, do func(ctx context.Context, s *Session, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) (err error) {
		s, err := a.Open(c.Context(), write)
		if err != nil {
			return err
		}
		defer func() {
			if cerr := s.Close(); err == nil {
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

// LedgerOrigin names the log in its checkpoints: muster.example/ and the organisation in lower case, its other runes as dashes.
func LedgerOrigin(s *config.Settings) string {
	slug := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(s.Organisation))
	return "muster.example/" + strings.Trim(slug, "-")
}
