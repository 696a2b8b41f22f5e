package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
)

const least = `organisation: Acme
hr: {settings: {path: workers.csv}}
systems:
  - {name: directory, collector: ldap, settings: {url: "ldaps://ldap.acme.example"}REMEDIATION}
`

// settings loads the least configuration with keys of a system's remediation and further sections.
func settings(t *testing.T, remediation, more string, files ...string) (*Settings, error) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f), []byte(f), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if remediation != "" {
		remediation = ", remediation: " + remediation
	}
	file := filepath.Join(dir, "muster.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(least, "REMEDIATION", remediation, 1)+more), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(file)
}

func TestRemediationIsDryAndGuardedByDefault(t *testing.T) {
	s, err := settings(t, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if want := (Remediation{Mode: DryRun, MaxGap: 14 * 24 * time.Hour}); !reflect.DeepEqual(s.Remediation, want) {
		t.Errorf("%+v, want %+v", s.Remediation, want)
	}
	r := s.Systems[0].Remediation
	if r.Target != "ldap" || r.MaxAccounts != 25 || r.MaxPercent != 5 || r.Rate != 10 || r.DeleteAfter != 0 || !r.Windows.Open(time.Now()) {
		t.Errorf("%+v", r)
	}
	if s.Slack != nil || s.Mail != nil {
		t.Error("a channel that is not configured is there")
	}
}

func TestRemediationReadsEveryKey(t *testing.T) {
	s, err := settings(t, `{target: csv, settings: {x: 1}, max_accounts: 3, max_percent: 0.5, rate: 0, windows: ["Mon-Fri 01:00-05:00"], protected: ["svc-*"], entitlements_protected: [admins],
    delete_after: 30d}`, `
remediation: {mode: apply, policies: [policies.yaml], max_gap: 3d, protected: ["root"]}
people:
  security: [W-1, W-2]
  groups: {it-ops: [W-3]}
  identities:
    - {person: W-1, slack: {team: T0123, user: U0123}, os_user: jdoe, email: jdoe@acme.example}
    - {person: W-2, os_user: rvoss}
    - {person: W-3, os_user: hlund}
slack: {team: T0123, app: A0123, bot_token: {env: BOT}, app_token: {env: APP}, channel: C0123, console_url: "https://muster.acme.example", api_url: "http://127.0.0.1:9/api/"}
mail: {smtp: "smtp.acme.example:587", from: muster@acme.example, user: muster, password: {env: SMTP}, ca_file: ca.pem, to: [security@acme.example]}
`, "policies.yaml", "ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	r := s.Systems[0].Remediation
	if r.Target != "csv" || !r.Settings.Get("x").Exists() || r.MaxAccounts != 3 || r.MaxPercent != 0.5 || r.Rate != 0 || r.DeleteAfter != 30*24*time.Hour ||
		r.Windows.Open(time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)) || r.Protected[0] != "svc-*" || r.EntitlementsProtected[0] != "admins" {
		t.Errorf("%+v", r)
	}
	if s.Remediation.Mode != Apply || s.Remediation.MaxGap != 72*time.Hour || s.Remediation.Protected[0] != "root" {
		t.Errorf("%+v", s.Remediation)
	}
	if want := (Identity{Person: "W-1", Slack: SlackUser{"T0123", "U0123"}, OSUser: "jdoe", Email: "jdoe@acme.example"}); s.People.Identities[0] != want || s.People.Groups["it-ops"][0] != "W-3" {
		t.Errorf("%+v", s.People)
	}
	if s.Slack.Mode != "socket" || s.Slack.Listen != "127.0.0.1:8433" || s.Slack.DecideUpTo != access.High || s.Slack.BotToken.Env != "BOT" || s.Mail.StartTLS != "required" {
		t.Errorf("%+v %+v", s.Slack, s.Mail)
	}
}

func TestDigestCoversThePolicies(t *testing.T) {
	s, err := settings(t, "", "remediation: {policies: [policies.yaml]}\n", "policies.yaml")
	if err != nil {
		t.Fatal(err)
	}
	before, err := s.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.Path("policies.yaml"), []byte("policies: []"), 0o600); err != nil {
		t.Fatal(err)
	}
	if after, err := s.Digest(); err != nil || after == before {
		t.Errorf("the digest does not see a changed policy: %v", err)
	}
}

func TestRemediationProblemsSayWhatIsWrong(t *testing.T) {
	const slack = "slack: {team: T0123, app: A0123, bot_token: {env: B}, channel: C0123"
	tests := []struct{ name, remediation, more, want string }{
		{"mode", "", "remediation: {mode: aply}", `remediation.mode: unknown value "aply"`},
		{"policies file", "", "remediation: {policies: [none.yaml]}", `remediation.policies[0]: no such file "none.yaml"`},
		{"no gap", "", "remediation: {max_gap: 0h}", "remediation.max_gap: the clock must be watched"},
		{"glob", "", `remediation: {protected: ["svc-[", ""]}`, `remediation.protected[0]: bad glob "svc-["`},
		{"empty glob", "", `remediation: {protected: [""]}`, `remediation.protected[0]: bad glob ""`},
		{"key", "", "remediation: {polices: [x]}", `did you mean "policies"?`},
		{"system's key", "{max_acounts: 3}", "", `did you mean "max_accounts"?`},
		{"no accounts", "{max_accounts: 0}", "", "systems[0].remediation.max_accounts: bad limit 0"},
		{"no percent", "{max_percent: 0}", "", "systems[0].remediation.max_percent: bad limit 0"},
		{"percent", "{max_percent: 101}", "", "systems[0].remediation.max_percent: bad limit 101"},
		{"rate", "{rate: -1}", "", "systems[0].remediation.rate: bad rate -1"},
		{"deletion", "{delete_after: -1d}", "", "systems[0].remediation.delete_after: the duration is negative"},
		{"window", `{windows: ["Mon-Fri 1-5"]}`, "", `systems[0].remediation.windows[0]: bad window "Mon-Fri 1-5": not days and hours`},
		{"system's glob", `{protected: ["["]}`, "", `systems[0].remediation.protected[0]: bad glob "["`},
		{"entitlement's glob", `{entitlements_protected: ["["]}`, "", `systems[0].remediation.entitlements_protected[0]: bad glob "["`},
		{"security twice", "", "people: {security: [W-1, W-1]}", `people.security[1]: worker id "W-1" is given twice or empty`},
		{"group's name", "", "people: {groups: {security: [W-1]}}", `people.groups.security: "security" is an approver of its own`},
		{"group's bad name", "", "people: {groups: {IT Ops: [W-1]}}", `bad group name "IT Ops"`},
		{"group of nobody", "", "people: {groups: {it-ops: []}}", `group "it-ops" has no members`},
		{"group's member", "", `people: {groups: {it-ops: [""]}}`, `people.groups.it-ops[0]: worker id "" is given twice or empty`},
		{"identity of nothing", "", "people: {identities: [{person: W-1}]}", "people.identities[0]: the identity binds nothing to W-1"},
		{"identity of nobody", "", "people: {identities: [{os_user: jdoe}]}", "people.identities[0].person: required key is missing"},
		{"person twice", "", "people: {identities: [{person: W-1, os_user: a}, {person: W-1, os_user: b}]}", `people.identities[1].person: person "W-1" is given twice`},
		{"login twice", "", "people: {identities: [{person: W-1, os_user: a}, {person: W-2, os_user: a}]}", `people.identities[1].os_user: os_user "a" is bound twice`},
		{"Slack user twice", "", "people: {identities: [{person: W-1, slack: {team: T01, user: U01}}, {person: W-2, slack: {team: T01, user: U01}}]}", "people.identities[1].slack.user: Slack user U01 is bound twice"},
		{"Slack user without a team", "", "people: {identities: [{person: W-1, slack: {user: U01}}]}", "people.identities[0].slack.team: bad or missing Slack team"},
		{"Slack user by name", "", "people: {identities: [{person: W-1, slack: {team: T01, user: jdoe}}]}", `people.identities[0].slack.user: bad or missing Slack user "jdoe"`},
		{"Slack user of another team", "", slack + ", app_token: {env: A}}\npeople: {identities: [{person: W-1, slack: {team: T9999, user: U01}}]}", `the team is not that of slack.team, "T0123"`},
		{"identity's address", "", "people: {identities: [{person: W-1, email: jdoe}]}", `people.identities[0].email: bad e-mail address "jdoe"`},
		{"socket without token", "", slack + "}", "slack.app_token: Socket Mode needs an app-level token"},
		{"http without secret", "", slack + ", mode: http}", "slack.signing_secret: without the signing secret anybody could post decisions"},
		{"listen", "", slack + ", mode: http, signing_secret: {env: S}, listen: 8433}", `slack.listen: bad address "8433"`},
		{"channel by name", "", "slack: {team: T0123, app: A0123, bot_token: {env: B}, app_token: {env: A}, channel: general}", `slack.channel: bad Slack id "general"`},
		{"token in clear", "", "slack: {team: T0123, app: A0123, bot_token: xoxb-1, app_token: {env: A}, channel: C0123}", "slack.bot_token: a secret must not stand in the configuration"},
		{"no channel", "", "slack: {team: T0123, app: A0123, bot_token: {env: B}, app_token: {env: A}}", "slack.channel: required key is missing"},
		{"console", "", slack + `, app_token: {env: A}, console_url: "http://acme.example"}`, "slack.console_url: bad URL: it is not https"},
		{"API", "", slack + `, app_token: {env: A}, api_url: "http://slack.example/api/"}`, "slack.api_url: bad URL: it is not https"},
		{"severity", "", slack + ", app_token: {env: A}, decide_up_to: hihg}", `did you mean "high"?`},
		{"mail server", "", "mail: {smtp: smtp.acme.example, from: a@acme.example}", `mail.smtp: bad server "smtp.acme.example"`},
		{"mail in clear", "", "mail: {smtp: 'smtp.acme.example:25', from: a@acme.example, start_tls: never}", "mail.start_tls: mail would leave this host in clear"},
		{"password in clear", "", "mail: {smtp: 'smtp.acme.example:25', from: a@acme.example, user: a, password: {env: P}, start_tls: optional}", "mail.start_tls: the password could be sent in clear"},
		{"user alone", "", "mail: {smtp: 'smtp.acme.example:25', from: a@acme.example, user: a}", "mail: user and password belong together"},
		{"from", "", "mail: {smtp: 'smtp.acme.example:25', from: Muster}", `mail.from: bad e-mail address "Muster"`},
		{"to", "", "mail: {smtp: 'smtp.acme.example:25', from: a@acme.example, to: [b]}", `mail.to[0]: bad e-mail address "b"`},
		{"certificate", "", "mail: {smtp: 'smtp.acme.example:25', from: a@acme.example, ca_file: ca.pem}", `mail.ca_file: no such file "ca.pem"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := settings(t, tt.remediation, tt.more+"\n")
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "xoxb-1") {
				t.Errorf("want %q in:\n%v", tt.want, err)
			}
			for _, p := range problems(err) {
				if p.Line == 0 || p.Hint == "" {
					t.Errorf("no place or no hint: %v", p)
				}
			}
		})
	}
	if _, err := settings(t, "", "mail: {smtp: '127.0.0.1:25', from: a@acme.example, start_tls: never}\n"); err != nil {
		t.Errorf("mail on this host: %v", err)
	}
}

func problems(err error) Problems {
	ps, _ := err.(Problems)
	return ps
}
