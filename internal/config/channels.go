package config

import "muster/internal/access"

// Slack says how Slack is reached, and what may be decided there.
type Slack struct {
	Team          string          `yaml:"team" required:"true"` // the workspace, T0123
	App           string          `yaml:"app" required:"true"`  // the app's id, A0123
	BotToken      Secret          `yaml:"bot_token" required:"true"`
	AppToken      Secret          `yaml:"app_token"`      // of mode socket
	SigningSecret Secret          `yaml:"signing_secret"` // of mode http
	Mode          string          `yaml:"mode" enum:"socket,http"`
	Listen        string          `yaml:"listen"`                  // of mode http
	Channel       string          `yaml:"channel" required:"true"` // where digests and holds go, C0123; owners get direct messages
	ConsoleURL    string          `yaml:"console_url"`             // deep links begin with it
	APIURL        string          `yaml:"api_url"`                 // instead of Slack's own
	DecideUpTo    access.Severity `yaml:"decide_up_to" enum:"info,low,medium,high,critical"`
}

// Mail says how mail is sent.
type Mail struct {
	SMTP     string   `yaml:"smtp" required:"true"` // host:port
	From     string   `yaml:"from" required:"true"`
	User     string   `yaml:"user"`
	Password Secret   `yaml:"password"`
	StartTLS string   `yaml:"start_tls" enum:"required,optional,never"`
	CAFile   string   `yaml:"ca_file"`
	To       []string `yaml:"to"` // who gets digests and holds
}

func (s *Slack) defaults() {
	if s == nil {
		return
	}
	if s.Mode == "" {
		s.Mode = "socket"
	}
	if s.Listen == "" {
		s.Listen = "127.0.0.1:8433"
	}
	if s.DecideUpTo == "" {
		s.DecideUpTo = access.High
	}
}

func (m *Mail) defaults() {
	if m != nil && m.StartTLS == "" {
		m.StartTLS = "required"
	}
}
