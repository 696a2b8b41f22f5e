package config

import (
	"path"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/config/form"
)

// checkRemediation checks what may be changed, who decides, and how they are asked.
func (s *Settings) checkRemediation(root Node) {
	n := root.Get("remediation")
	if s.Remediation.MaxGap <= 0 {
		n.Get("max_gap").Problem("a duration above 0; the default is 14d", "the clock must be watched: bad max_gap")
	}
	checkGlobs(n.Get("protected"), s.Remediation.Protected)
	s.checkPeople(root.Get("people"))
	s.Slack.check(root.Get("slack"))
	s.Mail.check(root.Get("mail"))
}

func (r *SystemRemediation) check(n Node, collector string) {
	r.defaults(n, collector)
	if r.MaxAccounts < 1 {
		n.Get("max_accounts").Problem("1 or more, 25 by default; for a system that is never changed write target: none", "bad limit %d", r.MaxAccounts)
	}
	if r.MaxPercent <= 0 || r.MaxPercent > 100 {
		n.Get("max_percent").Problem("a percentage above 0 and up to 100; the default is 5", "bad limit %v", r.MaxPercent)
	}
	if r.Rate < 0 {
		n.Get("rate").Problem("actions a second, 10 by default; 0 is no limit", "bad rate %v", r.Rate)
	}
	if r.DeleteAfter < 0 {
		n.Get("delete_after").Problem("write 30d", "the duration is negative")
	}
	checkGlobs(n.Get("protected"), r.Protected)
	checkGlobs(n.Get("entitlements_protected"), r.EntitlementsProtected)
}

func checkGlobs(n Node, globs []string) {
	for i, g := range globs {
		if _, err := path.Match(strings.ToLower(g), ""); err != nil || strings.TrimSpace(g) == "" {
			n.Index(i).Problem("use * and ? and [a-z]", "bad glob %q", g)
		}
	}
}

func (s *Settings) checkPeople(n Node) {
	checkIDs(n.Get("security"), s.People.Security)
	for name, members := range s.People.Groups {
		at := n.Get("groups").Key(name)
		switch {
		case name == access.RouteManager || name == access.RouteOwner || name == access.RouteSecurity:
			at.Problem("choose another name", "%q is an approver of its own", name)
		case !systemName.MatchString(name):
			at.Problem("lower-case letters, digits, - and _, at most 40, a letter first", "bad group name %q", name)
		case len(members) == 0:
			at.Problem("write worker ids: [W-1, W-2], or remove the group", "group %q has no members", name)
		}
		checkIDs(n.Get("groups").Get(name), members)
	}
	persons, users, logins := map[string]bool{}, map[SlackUser]bool{}, map[string]bool{}
	for i, id := range s.People.Identities {
		at := n.Get("identities").Index(i)
		if id.Person != "" && persons[id.Person] {
			at.Get("person").Problem("keep one of them: a person is bound once", "person %q is given twice", id.Person)
		}
		if at.Get("person").Exists() && id.Slack == (SlackUser{}) && id.OSUser == "" && id.Email == "" {
			at.Problem("add slack, os_user or email", "the identity binds nothing to %s", id.Person)
		}
		if id.OSUser != "" && logins[id.OSUser] {
			at.Get("os_user").Problem("a login decides as one person", "os_user %q is bound twice", id.OSUser)
		}
		if id.Email != "" {
			checkAddress(at.Get("email"), id.Email)
		}
		s.checkSlackUser(at.Get("slack"), id.Slack, users)
		persons[id.Person], logins[id.OSUser], users[id.Slack] = true, true, true
	}
}

func (s *Settings) checkSlackUser(n Node, u SlackUser, taken map[SlackUser]bool) {
	switch {
	case !n.Exists():
	case !form.SlackTeam.Is(u.Team):
		n.Get("team").Problem("the id of the workspace, T0123: a user id alone may belong to another one", "bad or missing Slack team %q", u.Team)
	case s.Slack != nil && s.Slack.Team != "" && u.Team != s.Slack.Team:
		n.Get("team").Problem("users of other workspaces cannot decide", "the team is not that of slack.team, %q", s.Slack.Team)
	case !form.SlackUser.Is(u.User):
		n.Get("user").Problem("the id of the user, U0123, from the profile's menu in Slack: Copy member ID", "bad or missing Slack user %q", u.User)
	case taken[u]:
		n.Get("user").Problem("a Slack user decides as one person", "Slack user %s is bound twice", u.User)
	}
}

func checkIDs(n Node, ids []string) {
	for i, id := range ids {
		if strings.TrimSpace(id) == "" || slices.Contains(ids[:i], id) {
			n.Index(i).Problem("worker ids of HR, each once", "worker id %q is given twice or empty", id)
		}
	}
}

func (s *Slack) check(n Node) {
	if s == nil {
		return
	}
	s.defaults()
	for _, id := range []struct {
		key, value, hint string
		form             form.ID
	}{{"team", s.Team, "the id of the workspace: T0123", form.SlackTeam}, {"app", s.App, "the id of the app, from its Basic Information: A0123", form.SlackApp},
		{"channel", s.Channel, "the id of the channel, not its name: C0123", form.SlackChannel}} {
		if n.Get(id.key).Exists() && !id.form.Is(id.value) {
			n.Get(id.key).Problem(id.hint, "bad Slack id %q", id.value)
		}
	}
	if s.Mode == "socket" && !s.AppToken.IsSet() {
		n.Get("app_token").Problem("add app_token: {env: NAME}, or write mode: http", "Socket Mode needs an app-level token")
	}
	if s.Mode == "http" && !s.SigningSecret.IsSet() {
		n.Get("signing_secret").Problem("add signing_secret: {env: NAME}, or write mode: socket", "without the signing secret anybody could post decisions")
	}
	if _, ok := form.Server(s.Listen); !ok {
		n.Get("listen").Problem("write 127.0.0.1:8433", "bad address %q", s.Listen)
	}
	checkURL(n.Get("console_url"), s.ConsoleURL)
	checkURL(n.Get("api_url"), s.APIURL)
}

func checkURL(n Node, text string) {
	if err := form.URL(text); text != "" && err != nil {
		n.Problem("write https://host/path; http is for this host alone", "bad URL: %v", err)
	}
}

func (m *Mail) check(n Node) {
	if m == nil {
		return
	}
	m.defaults()
	host, ok := form.Server(m.SMTP)
	local := form.Loopback(host)
	if n.Get("smtp").Exists() && !ok {
		n.Get("smtp").Problem("write smtp.example:587", "bad server %q", m.SMTP)
	}
	if (m.User == "") == m.Password.IsSet() {
		n.Problem("give both or neither", "user and password belong together")
	}
	switch {
	case m.StartTLS == "never" && !local:
		n.Get("start_tls").Problem("write required; never is for this host alone", "mail would leave this host in clear")
	case m.StartTLS == "optional" && m.Password.IsSet() && !local:
		n.Get("start_tls").Problem("write required", "the password could be sent in clear")
	}
	if n.Get("from").Exists() {
		checkAddress(n.Get("from"), m.From)
	}
	for i, to := range m.To {
		checkAddress(n.Get("to").Index(i), to)
	}
}

func checkAddress(n Node, text string) {
	if !form.Address(text) {
		n.Problem("write jdoe@acme.example", "bad e-mail address %q", text)
	}
}
