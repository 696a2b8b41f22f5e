package cli

import (
	"context"
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/reconcile/mend"
	"muster/internal/reconcile/plan"
	"muster/internal/reconcile/tell"
	"muster/remediate"
	"muster/remediate/approve"
	"muster/remediate/mail"
	"muster/remediate/notice"
	"muster/remediate/slack"
)

// Channels are the ways to people that the configuration names.
type Channels struct {
	Teller *tell.Teller
	Board  *slack.Board // nil without Slack
}

// Channels makes the channels of a session that writes to a ledger. None is spoken to.
func (a *App) Channels(s *Session, m *mend.Mender, book remediate.Ledger) (Channels, error) {
	out := Channels{Teller: &tell.Teller{Store: s.Store, Mender: m, Log: a.Log()}}
	box := &notice.Outbox{Records: s.Store, Ledger: book, Now: a.Now, Log: a.Log()}
	settings := s.Plan.Settings
	people := map[string]string{}
	if c := settings.Slack; c != nil {
		cs, err := slackSettings(c, settings.People)
		if err != nil {
			return out, err
		}
		people = cs.People
		out.Board = &slack.Board{Client: slack.New(cs, slack.Options{Now: a.Now, Log: a.Log()}), Outbox: box, Buttons: m.Desk.Tokens, Now: a.Now}
		out.Teller.Channels = append(out.Teller.Channels, out.Board)
	}
	if c := settings.Mail; c != nil {
		post, err := a.post(s, m, box, people)
		if err != nil {
			return out, err
		}
		out.Teller.Channels = append(out.Teller.Channels, post)
	}
	return out, nil
}

// CheckChannel asks slack or mail whether it answers; false when the configuration does not name it.
func (a *App) CheckChannel(ctx context.Context, loaded *plan.Plan, name string) (configured bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	s := &Session{Plan: loaded, Dir: a.Folder(loaded.Settings)}
	m := &mend.Mender{Desk: &approve.Desk{Tokens: approve.NewTokens(nil)}}
	switch {
	case name == "slack" && loaded.Settings.Slack != nil:
		settings, err := slackSettings(loaded.Settings.Slack, loaded.Settings.People)
		if err != nil {
			return true, err
		}
		return true, slack.New(settings, slack.Options{Now: a.Now, Log: a.Log()}).Check(ctx)
	case name == "mail" && loaded.Settings.Mail != nil:
		post, err := a.post(s, m, nil, nil)
		if err != nil {
			return true, err
		}
		return true, post.Check(ctx)
	}
	return false, nil
}

// slackSettings reads the secrets and who is who.
func slackSettings(c *config.Slack, people config.People) (slack.Settings, error) {
	out := slack.Settings{Team: c.Team, App: c.App, Channel: c.Channel, People: map[string]string{}, Console: c.ConsoleURL, APIURL: c.APIURL}
	for _, x := range []struct {
		to   *string
		from config.Secret
	}{{&out.BotToken, c.BotToken}, {&out.AppToken, c.AppToken}, {&out.Secret, c.SigningSecret}} {
		if !x.from.IsSet() {
			continue
		}
		value, err := x.from.Value()
		if err != nil {
			return out, &access.Error{System: "slack", Op: "read a secret", Kind: access.Invalid, Hint: "set the variable or write the file", Err: err}
		}
		*x.to = value
	}
	for _, id := range people.Identities {
		if id.Slack.User != "" && id.Slack.Team == c.Team {
			out.People[id.Person] = id.Slack.User
		}
	}
	return out, nil
}

// post is the mail channel. Whom Slack asks is not asked by mail, unless the question needs a token.
func (a *App) post(s *Session, m *mend.Mender, box *notice.Outbox, inSlack map[string]string) (*mail.Channel, error) {
	c := s.Plan.Settings.Mail
	set := mail.Settings{Server: c.SMTP, From: c.From, User: c.User, StartTLS: c.StartTLS, CAFile: c.CAFile, Dir: s.Plan.Settings.Dir(), To: slices.Clone(c.To)}
	if slackConfig := s.Plan.Settings.Slack; slackConfig != nil {
		set.Console = slackConfig.ConsoleURL
	}
	if c.Password.IsSet() {
		var err error
		if set.Password, err = c.Password.Value(); err != nil {
			return nil, &access.Error{System: "mail", Op: "read the password", Kind: access.Invalid, Hint: "set the variable or write the file", Err: err}
		}
	}
	return mail.New(set, mail.Options{Outbox: box, Tokens: m.Desk.Tokens, Now: a.Now, Log: a.Log(),
		Elsewhere: func(_ access.Approval, who access.Approver) bool { return inSlack[who.Person] != "" }})
}

// Tell lets a telling fail without failing what it is about: the run stands, and the next telling catches up.
func (a *App) Tell(ctx context.Context, err error) {
	if err == nil {
		return
	}
	a.Log().ErrorContext(ctx, "people could not be told", "error", err)
	warn(a.Stderr, "people could not be told: %v", err)
}
