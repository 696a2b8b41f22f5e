package spoof

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

// house is an organisation with everything between a click and a decision.
type house struct {
	o        Options
	progress io.Writer
	result   Result
	rand     *rand.Rand
	dir      string
	exe      string
	library  string // of the engine
	cast     cast
	chat     *slackfake.Server
	channel  string
	listen   string // where serve takes requests
	engine   *engine.Engine
	store    *store.Store
	tokens   *approve.Tokens
	desk     *approve.Desk // of the drill's own, to put questions
	board    *slack.Board
	smtp     *smtp.Server
	post     *mail.Channel
	serving  *serving
	seen     uint64 // how many entries of the ledger were looked at
	asked    int
	cleared  map[string]bool   // by id: actions that were honestly approved
	before   map[string]string // every question and action as it was, by id
}

func (h *house) say(format string, args ...any) {
	_, _ = fmt.Fprintf(h.progress, format+"\n", args...)
}

func (h *house) path(name string) string { return filepath.Join(h.dir, name) }

// open makes the organisation, takes the roll once, so that people are known, and starts what outlives the program.
func (h *house) open(ctx context.Context) (err error) {
	h.rand, h.cleared = rand.New(rand.NewPCG(h.o.Seed, 3)), map[string]bool{} //nolint:gosec // places are chosen, not secrets
	if h.exe, err = filepath.Abs(h.o.Muster); err != nil {
		return fmt.Errorf("find the program: %w", err)
	}
	if _, err := os.Stat(h.exe); err != nil {
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
	if h.dir = h.o.Dir; h.dir == "" {
		h.dir, err = os.MkdirTemp("", "muster-spoof-")
	} else {
		err = os.Mkdir(h.dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if _, err := orggen.Generate(ctx, orggen.Options{Seed: int64(h.o.Seed % 1000), Persons: 200, Dir: h.dir, DataDir: "data"}); err != nil {
		return err
	}
	if h.chat, err = slackfake.Start(slackfake.Options{NoLimits: true}); err != nil {
		return err
	}
	h.channel = h.chat.AddChannel(state.Channel{Name: "access"}).ID
	if h.cast, err = casting(h.path("hr/workers.csv"), h.path("vpn/accounts.csv"), h.chat); err != nil {
		return err
	}
	if err := h.configure(); err != nil {
		return err
	}
	if s, err := h.muster(ctx, "night", "nightly"); err != nil {
		return err
	} else if s.code != 0 {
		return fmt.Errorf("take the roll: it ended with %d: %s", s.code, s.all())
	}
	if err := h.connect(ctx); err != nil {
		return err
	}
	_, err = h.news(ctx) // what the night left is not about any attempt
	return err
}

// connect opens the store, the ledger and the channels, as serve does.
func (h *house) connect(ctx context.Context) (err error) {
	if h.engine, err = engine.Attach(ctx, engine.Options{Dir: h.path("data"), Library: h.library}); err != nil {
		return err
	}
	o := store.Options{Dial: h.engine.DialContext}
	o.User, o.Password = h.engine.Auth()
	if h.store, err = store.Open(ctx, o); err != nil {
		return err
	}
	if h.tokens, err = approve.OpenTokens(h.path("data")); err != nil {
		return err
	}
	book := shared.New(h.path("data/ledger"), ledger.Options{Origin: origin, Now: time.Now}, time.Minute)
	h.desk = &approve.Desk{Records: h.store, Ledger: book, People: h.cast, Tokens: h.tokens, Now: time.Now}
	box := &notice.Outbox{Records: h.store, Ledger: book, Now: time.Now}
	s := slack.Settings{Team: h.chat.Team().ID, App: h.chat.App().ID, BotToken: h.chat.BotToken(), Channel: h.channel, People: h.cast.users(), APIURL: h.chat.APIURL()}
	h.board = &slack.Board{Client: slack.New(s, slack.Options{Pace: time.Millisecond}), Outbox: box, Buttons: h.tokens, Now: time.Now}
	if h.smtp, err = smtp.Start(ctx, smtp.Options{}); err != nil {
		return err
	}
	h.post, err = mail.New(mail.Settings{Server: h.smtp.Addr, From: "muster@acme.example", CAFile: h.smtp.CAFile, Dir: h.dir}, mail.Options{Outbox: box, Tokens: h.tokens})
	return err
}

func (h *house) close() {
	h.stop()
	var errs []error
	if h.store != nil {
		errs = append(errs, h.store.Close())
	}
	if h.engine != nil {
		errs = append(errs, h.engine.Close())
	}
	if h.smtp != nil {
		h.smtp.Stop()
	}
	if h.chat != nil {
		h.chat.Close()
	}
	if h.o.Dir == "" && h.dir != "" {
		errs = append(errs, os.RemoveAll(h.dir))
	}
	if err := errors.Join(errs...); err != nil {
		h.say("close: %v", err)
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
func (h *house) configure() error {
	me, err := user.Current()
	if err != nil {
		return fmt.Errorf("find who runs the drill: %w", err)
	}
	if h.listen, err = freePort(); err != nil {
		return err
	}
	text, err := os.ReadFile(h.path("muster.yaml"))
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	base := modeKey.ReplaceAllString(string(text), "mode: apply")
	write := func(name, login, more string) error {
		who := "people:\n  identities:\n"
		for _, p := range h.cast.all {
			who += "    - {person: " + p.id + ", slack: {team: " + h.chat.Team().ID + ", user: " + p.user + "}"
			if p.name == login {
				who += ", os_user: " + me.Username
			}
			who += "}\n"
		}
		return os.WriteFile(h.path(name+".yaml"), []byte(peopleKey.ReplaceAllString(base, who)+more), 0o600)
	}
	common := fmt.Sprintf("slack: {team: %s, app: %s, bot_token: {file: bot}, app_token: {file: app}, signing_secret: {file: secret}, channel: %s, api_url: %q, ",
		h.chat.Team().ID, h.chat.App().ID, h.channel, h.chat.APIURL())
	errs := []error{os.WriteFile(h.path("policies.yaml"), []byte(quiet), 0o600), os.WriteFile(h.path("bot"), []byte(h.chat.BotToken()), 0o600),
		os.WriteFile(h.path("app"), []byte(h.chat.AppToken()), 0o600), os.WriteFile(h.path("secret"), []byte(h.chat.SigningSecret()), 0o600),
		write("night", "", ""), write("http", "", common+"mode: http, listen: "+h.listen+"}\n"), write("socket", "", common+"mode: socket}\n")}
	for _, p := range h.cast.all {
		errs = append(errs, write("as-"+p.name, p.name, common+"mode: socket}\n"))
	}
	if _, err := config.Load(h.path("http.yaml")); err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}

// documents are every question, action and request as the store has them, by kind and id.
func (h *house) documents(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	for _, kind := range []access.DocumentKind{access.DocApproval, access.DocAction, access.DocRequest, access.DocException} {
		err := h.store.Documents(ctx, access.DocumentQuery{Kind: kind}, func(d access.Document) error {
			out[string(kind)+" "+d.ID] = fmt.Sprintf("%d %s %s", d.Version, d.State, d.Body)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// orders are the ids of the actions about which a work order was written.
func (h *house) orders() (map[string]bool, error) {
	found, err := filepath.Glob(h.path("data/orders/*/*/*.json"))
	out := map[string]bool{}
	for _, path := range found {
		out[strings.TrimSuffix(filepath.Base(path), ".json")] = true
	}
	return out, err
}
