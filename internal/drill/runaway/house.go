package runaway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"

	"muster/internal/orggen"
	"muster/internal/testserver/organisation"
	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/state"
)

// house is the organisation on its servers with its Slack workspace.
type house struct {
	o        Options
	exe      string
	library  string // of the engine, where it is found from here
	dir      string // of everything
	live     *organisation.Organisation
	chat     *slackfake.Server
	channel  string
	progress io.Writer
	also     []server // further servers that a drill has put up
}

func (h *house) say(format string, args ...any) {
	_, _ = fmt.Fprintf(h.progress, format+"\n", args...)
}

// open makes the organisation and starts everything.
func open(ctx context.Context, o Options, progress io.Writer) (*house, error) {
	h := &house{o: o, progress: progress}
	var err error
	if h.exe, err = filepath.Abs(o.Muster); err != nil {
		return nil, fmt.Errorf("find the program: %w", err)
	}
	if _, err := os.Stat(h.exe); err != nil {
		return nil, fmt.Errorf("find the program, make build: %w", err)
	}
	if found, err := filepath.Glob("deploy/engine/node_modules/@chdb/lib-*/libchdb.so"); err == nil && len(found) > 0 {
		if h.library, err = filepath.Abs(found[0]); err != nil {
			return nil, fmt.Errorf("find the engine: %w", err)
		}
	}
	if h.dir = o.Dir; h.dir == "" {
		h.dir, err = os.MkdirTemp("", "muster-runaway-")
	} else {
		err = os.Mkdir(h.dir, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	if err := h.start(ctx); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *house) start(ctx context.Context) error {
	org := filepath.Join(h.dir, "org")
	if _, err := orggen.Generate(ctx, orggen.Options{Seed: h.o.Seed, Persons: h.o.Persons, Dir: org}); err != nil {
		return err
	}
	var err error
	if h.live, err = organisation.Start(ctx, organisation.Options{Org: org, Dir: h.path("live")}); err != nil {
		return err
	}
	if h.chat, err = slackfake.Start(slackfake.Options{NoLimits: true}); err != nil {
		return err
	}
	h.channel = h.chat.AddChannel(state.Channel{Name: "access"}).ID
	for name, secret := range map[string]string{"slack-bot": h.chat.BotToken(), "slack-app": h.chat.AppToken()} {
		if err := os.WriteFile(filepath.Join(h.live.Dir, "secrets", name), []byte(secret+"\n"), 0o600); err != nil {
			return fmt.Errorf("write secret: %w", err)
		}
	}
	return nil
}

func (h *house) close() {
	h.dismiss()
	if h.chat != nil {
		h.chat.Close()
	}
	if h.live != nil {
		h.live.Stop()
	}
	if h.o.Dir == "" {
		_ = os.RemoveAll(h.dir) // it is a temporary one
	}
}

func (h *house) path(name string) string { return filepath.Join(h.dir, name) }

// file is a path in the organisation's folder.
func (h *house) file(name string) string { return filepath.Join(h.live.Dir, name) }

// edit changes a text file of the organisation. A change that changes nothing is a mistake in the drill.
func (h *house) edit(name string, change func(string) string) error {
	text, err := os.ReadFile(h.file(name))
	if err != nil {
		return fmt.Errorf("edit %s: %w", name, err)
	}
	changed := change(string(text))
	if changed == string(text) {
		return fmt.Errorf("edit %s: nothing was changed", name)
	}
	if err := os.WriteFile(h.file(name), []byte(changed), 0o600); err != nil {
		return fmt.Errorf("edit %s: %w", name, err)
	}
	return nil
}

// said is what a command answered.
type said struct {
	code           int
	stdout, stderr string
}

// all is everything that it said.
func (s said) all() string { return s.stdout + s.stderr }

// muster runs the program on the organisation.
func (h *house) muster(ctx context.Context, args ...string) (said, error) {
	cmd := exec.CommandContext(ctx, h.exe, append(args, "--config", h.live.Config)...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	if h.library != "" {
		cmd.Env = append(cmd.Env, "MUSTER_ENGINE_LIB="+h.library)
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && (!errors.As(err, &ended) || ctx.Err() != nil) {
		return said{}, fmt.Errorf("run muster %s: %w", args[0], err)
	}
	return said{cmd.ProcessState.ExitCode(), out.String(), errs.String()}, nil
}

const (
	generous = "max_accounts: 100000, max_percent: 100, rate: 0"
	usual    = "rate: 0" // the limits are those of a fresh install
)

// systems are all of the organisation's.
const systems = "[directory, saas, warehouse, vpn, erp, codehost]"

// policies let every rule that can act do so by itself, in every system.
const policies = `policies:
  - name: accounts
    rules: [orphaned-account, disputed-link, leaver-active, contractor-expired, post-termination-login, dormant-account, privileged-without-mfa, access-spike, shared-account, service-account-without-owner]
    mode: auto
    systems: ` + systems + `
    actions: [revoke-sessions, disable-account]
  - {name: excess, rules: [privilege-creep], mode: auto, systems: ` + systems + `}
  - {name: shortage, rules: [missing-access], mode: auto, systems: ` + systems + `}
  - {name: rest, rules: ["*"], mode: notify}
`

var (
	section  = regexp.MustCompile(`(?m)^    remediation: \{(.*)\}( *#.*)?$`)
	limits   = regexp.MustCompile(`max_accounts: [0-9]+, max_percent: [0-9]+|rate: 0`)
	security = regexp.MustCompile(`security: \[(W-[0-9]+), (W-[0-9]+), (W-[0-9]+)\]`)
)

// configure lets Muster act by itself, and lets it tell people in Slack.
func (h *house) configure() error {
	if err := h.edit("policies.yaml", func(string) string { return policies }); err != nil {
		return err
	}
	me, err := user.Current()
	if err != nil {
		return fmt.Errorf("find who runs the drill: %w", err)
	}
	return h.edit("muster.yaml", func(text string) string {
		text = strings.Replace(text, "mode: dry-run", "mode: apply", 1)
		text = section.ReplaceAllStringFunc(text, func(line string) string {
			rest := strings.Trim(limits.ReplaceAllString(section.FindStringSubmatch(line)[1], ""), ", ")
			return "    remediation: {" + strings.TrimSuffix(generous+", "+rest, ", ") + "}"
		})
		who := "people:\n  identities:\n"
		for i, person := range security.FindStringSubmatch(text)[1:] {
			login := ""
			if i == 0 {
				login = ", os_user: " + me.Username
			}
			who += fmt.Sprintf("    - {person: %s, slack: {team: %s, user: %s}%s}\n", person, h.chat.Team().ID, h.chat.AddUser(state.User{Name: strings.ToLower(person)}).ID, login)
		}
		text = strings.Replace(text, "people:\n", who, 1)
		return text + fmt.Sprintf("slack: {team: %s, app: %s, bot_token: {file: secrets/slack-bot}, app_token: {file: secrets/slack-app}, channel: %s, api_url: %q}\n",
			h.chat.Team().ID, h.chat.App().ID, h.channel, h.chat.APIURL())
	})
}

// maxNights is how many nights may pass until nothing is left to do.
const maxNights = 8

// settle lets nights with generous limits mend everything, and keeps what there is then.
func (h *house) settle(ctx context.Context) error {
	if err := h.configure(); err != nil {
		return err
	}
	for n := 1; ; n++ {
		s, err := h.muster(ctx, "nightly")
		if err != nil {
			return err
		}
		if s.code != 0 {
			return fmt.Errorf("night %d ended with %d:\n%s", n, s.code, s.all())
		}
		did := acted(s.stdout)
		h.say("night %d: %s", n, strings.Join(strings.Fields(actions.FindString(s.stdout)), " "))
		if did == "" {
			break
		}
		if n == maxNights {
			return fmt.Errorf("after %d nights there is still something to do:\n%s", n, s.all())
		}
	}
	if err := h.edit("muster.yaml", func(text string) string { return strings.ReplaceAll(text, generous, usual) }); err != nil {
		return err
	}
	s, err := h.muster(ctx, "nightly")
	if err != nil {
		return err
	}
	if s.code != 0 || acted(s.stdout) != "" || strings.Contains(s.stdout, " held") {
		return fmt.Errorf("the night with the usual limits ended with %d:\n%s", s.code, s.all())
	}
	return copyTree(h.path("kept"), h.live.Dir)
}

var (
	actions = regexp.MustCompile(`(?s)\n  Actions   .*?(?:\n\n|$)`)
	changes = regexp.MustCompile(`[0-9,]+ (?:done|ordered|failed)`)
)

// acted is what a night did, in its own words; empty when it did nothing.
func acted(stdout string) string {
	return strings.Join(changes.FindAllString(actions.FindString(stdout), -1), ", ")
}

// reset takes the organisation's folder, with the data folder in it, back to what settle kept.
func (h *house) reset() error {
	if err := os.RemoveAll(h.live.Dir); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	return copyTree(h.live.Dir, h.path("kept"))
}

// mend takes back what a mistake changed and leaves the data folder as it is.
func (h *house) mend() error {
	entries, err := os.ReadDir(h.path("kept"))
	if err != nil {
		return fmt.Errorf("mend: %w", err)
	}
	for _, e := range entries {
		if e.Name() == "data" {
			continue
		}
		if err := os.RemoveAll(h.file(e.Name())); err != nil {
			return fmt.Errorf("mend: %w", err)
		}
		if err := copyTree(h.file(e.Name()), filepath.Join(h.path("kept"), e.Name())); err != nil {
			return err
		}
	}
	return nil
}
