// Package house is what the spoof drill happens in: an organisation with a store, a ledger, a Slack, a mail server, the program that serves
// it, and people who play the parts. It makes nothing of what it sees. A House is used by one goroutine.
package house

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/ledger"
	"muster/internal/ledger/shared"
	"muster/internal/orggen"
	"muster/internal/store"
	"muster/internal/store/engine"
	"muster/internal/testserver/smtp"
	"muster/remediate/approve"
	"muster/remediate/mail"
	"muster/remediate/notice"
	"muster/remediate/slack"
	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/state"
)

// House is an organisation with everything between a click and a decision.
type House struct {
	Seed     uint64
	Program  string    // bin/muster
	Folder   string    // to work in; empty: a temporary one
	Progress io.Writer // what went wrong at the end

	Rand    *rand.Rand
	Dir     string
	Exe     string
	Cast    Cast
	Chat    *slackfake.Server
	Channel string
	Listen  string // where serve takes requests
	Store   *store.Store
	Tokens  *approve.Tokens
	Desk    *approve.Desk // of the drill's own, to put questions
	Board   *slack.Board
	SMTP    *smtp.Server
	Post    *mail.Channel

	library string // of the engine
	engine  *engine.Engine
	serving *serving
	seen    uint64 // how many entries of the ledger were looked at
}

// Path is a file of the organisation.
func (h *House) Path(name string) string { return filepath.Join(h.Dir, name) }

// Open makes the organisation, takes the roll once, so that people are known, and starts what outlives the program.
func (h *House) Open(ctx context.Context) (err error) {
	h.Rand = rand.New(rand.NewPCG(h.Seed, 3)) //nolint:gosec // places are chosen, not secrets
	if h.Exe, err = filepath.Abs(h.Program); err != nil {
		return fmt.Errorf("find the program: %w", err)
	}
	if _, err := os.Stat(h.Exe); err != nil {
		return fmt.Errorf("find the program, make build: %w", err)
	}
	if h.library = os.Getenv("MUSTER_ENGINE_LIB"); h.library == "" {
		found, err := filepath.Glob("deploy/engine/node_modules/@chdb/lib-*/libchdb.so")
		if err != nil || len(found) == 0 {
			return errors.New("find the engine: run make setup")
		}
		if h.library, err = filepath.Abs(found[0]); err != nil {
			return fmt.Errorf("find the engine: %w", err)
		}
	}
	if h.Dir = h.Folder; h.Dir == "" {
		h.Dir, err = os.MkdirTemp("", "muster-spoof-")
	} else {
		err = os.Mkdir(h.Dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if _, err := orggen.Generate(ctx, orggen.Options{Seed: int64(h.Seed % 1000), Persons: 200, Dir: h.Dir, DataDir: "data"}); err != nil {
		return err
	}
	if h.Chat, err = slackfake.Start(slackfake.Options{NoLimits: true}); err != nil {
		return err
	}
	h.Channel = h.Chat.AddChannel(state.Channel{Name: "access"}).ID
	if h.Cast, err = casting(h.Path("hr/workers.csv"), h.Path("vpn/accounts.csv"), h.Chat); err != nil {
		return err
	}
	if err := h.configure(); err != nil {
		return err
	}
	if s, err := h.Muster(ctx, "night", "nightly"); err != nil {
		return err
	} else if s.Code != 0 {
		return fmt.Errorf("take the roll: it ended with %d: %s", s.Code, s.All())
	}
	if err := h.connect(ctx); err != nil {
		return err
	}
	_, err = h.News(ctx) // what the night left is not about any attempt
	return err
}

// connect opens the store, the ledger and the channels, as serve does.
func (h *House) connect(ctx context.Context) (err error) {
	if h.engine, err = engine.Attach(ctx, engine.Options{Dir: h.Path("data"), Library: h.library}); err != nil {
		return err
	}
	o := store.Options{Dial: h.engine.DialContext}
	o.User, o.Password = h.engine.Auth()
	if h.Store, err = store.Open(ctx, o); err != nil {
		return err
	}
	if h.Tokens, err = approve.OpenTokens(h.Path("data")); err != nil {
		return err
	}
	book := shared.New(h.Path("data/ledger"), ledger.Options{Origin: origin, Now: time.Now}, time.Minute)
	h.Desk = &approve.Desk{Records: h.Store, Ledger: book, People: h.Cast, Tokens: h.Tokens, Now: time.Now}
	box := &notice.Outbox{Records: h.Store, Ledger: book, Now: time.Now}
	s := slack.Settings{Team: h.Chat.Team().ID, App: h.Chat.App().ID, BotToken: h.Chat.BotToken(), Channel: h.Channel, People: h.Cast.Users(), APIURL: h.Chat.APIURL()}
	h.Board = &slack.Board{Client: slack.New(s, slack.Options{Pace: time.Millisecond}), Outbox: box, Buttons: h.Tokens, Now: time.Now}
	if h.SMTP, err = smtp.Start(ctx, smtp.Options{}); err != nil {
		return err
	}
	h.Post, err = mail.New(mail.Settings{Server: h.SMTP.Addr, From: "muster@acme.example", CAFile: h.SMTP.CAFile, Dir: h.Dir}, mail.Options{Outbox: box, Tokens: h.Tokens})
	return err
}

// Close ends everything.
func (h *House) Close() {
	h.Stop()
	var errs []error
	if h.Store != nil {
		errs = append(errs, h.Store.Close())
	}
	if h.engine != nil {
		errs = append(errs, h.engine.Close())
	}
	if h.SMTP != nil {
		h.SMTP.Stop()
	}
	if h.Chat != nil {
		h.Chat.Close()
	}
	if h.Folder == "" && h.Dir != "" {
		errs = append(errs, os.RemoveAll(h.Dir))
	}
	if err := errors.Join(errs...); err != nil {
		_, _ = fmt.Fprintf(h.Progress, "close: %v\n", err)
	}
}

// origin is that of an organisation called Acme.
const origin = "muster.example/acme"

const quiet = `policies:
  - {name: nothing, rules: ["*"], mode: off}
`

var (
	peopleKey = regexp.MustCompile(`(?m)^people:\n`)
	modeKey   = regexp.MustCompile(`mode: dry-run`)
)

// configure writes the configurations: of the night, of serve over each transport, and of each user of the host.
func (h *House) configure() error {
	me, err := user.Current()
	if err != nil {
		return fmt.Errorf("find who runs the drill: %w", err)
	}
	if h.Listen, err = freePort(); err != nil {
		return err
	}
	text, err := os.ReadFile(h.Path("muster.yaml"))
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	base := modeKey.ReplaceAllString(string(text), "mode: apply")
	write := func(name, login, more string) error {
		who := "people:\n  identities:\n"
		for _, p := range h.Cast.All {
			who += "    - {person: " + p.ID + ", slack: {team: " + h.Chat.Team().ID + ", user: " + p.User + "}"
			if p.Name == login {
				who += ", os_user: " + me.Username
			}
			who += "}\n"
		}
		return os.WriteFile(h.Path(name+".yaml"), []byte(peopleKey.ReplaceAllString(base, who)+more), 0o600)
	}
	common := fmt.Sprintf("slack: {team: %s, app: %s, bot_token: {file: bot}, app_token: {file: app}, signing_secret: {file: secret}, channel: %s, api_url: %q, ",
		h.Chat.Team().ID, h.Chat.App().ID, h.Channel, h.Chat.APIURL())
	errs := []error{os.WriteFile(h.Path("policies.yaml"), []byte(quiet), 0o600), os.WriteFile(h.Path("bot"), []byte(h.Chat.BotToken()), 0o600),
		os.WriteFile(h.Path("app"), []byte(h.Chat.AppToken()), 0o600), os.WriteFile(h.Path("secret"), []byte(h.Chat.SigningSecret()), 0o600),
		write("night", "", ""), write("http", "", common+"mode: http, listen: "+h.Listen+"}\n"), write("socket", "", common+"mode: socket}\n")}
	for _, p := range h.Cast.All {
		errs = append(errs, write("as-"+p.Name, p.Name, common+"mode: socket}\n"))
	}
	if _, err := config.Load(h.Path("http.yaml")); err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}

// Documents are every question, action and request as the store has them, by kind and id.
func (h *House) Documents(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	for _, kind := range []access.DocumentKind{access.DocApproval, access.DocAction, access.DocRequest, access.DocException} {
		err := h.Store.Documents(ctx, access.DocumentQuery{Kind: kind}, func(d access.Document) error {
			out[string(kind)+" "+d.ID] = fmt.Sprintf("%d %s %s", d.Version, d.State, d.Body)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Orders are the ids of the actions about which a work order was written.
func (h *House) Orders() (map[string]bool, error) {
	found, err := filepath.Glob(h.Path("data/orders/*/*/*.json"))
	out := map[string]bool{}
	for _, path := range found {
		out[strings.TrimSuffix(filepath.Base(path), ".json")] = true
	}
	return out, err
}
