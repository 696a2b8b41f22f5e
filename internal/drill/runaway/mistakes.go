package runaway

import (
	"context"
	"os"
	"regexp"
	"strings"
)

// mistake is one piece of bad news.
type mistake struct {
	name    string
	make    func(context.Context, *house) error
	unread  []string // sources that must not count as read whole; else actions must be held
	failed  bool     // nothing at all could be read: there is nothing that somebody could release
	clock   bool     // the clock is wrong: that it is right again is a jump too, and asks for a release of its own
	mistook bool     // somebody releases the snapshot that is held, as if the news were true
}

// feed is a mistake in the organisation's files.
func feed(change func(*house) error) func(context.Context, *house) error {
	return func(_ context.Context, h *house) error { return change(h) }
}

func workersOf(change func(*table)) func(context.Context, *house) error {
	return feed(func(h *house) error { return h.people(change) })
}

// clockOf lets the organisation's clock show another moment. It is 2026-11-22 otherwise.
func clockOf(moment string) func(context.Context, *house) error {
	return feed(func(h *house) error {
		return h.edit("muster.yaml", func(text string) string {
			return baseline.ReplaceAllString(asOf.ReplaceAllString(text, "as_of: "+moment), "") // a baseline that lies ahead is a bad configuration
		})
	})
}

var (
	asOf       = regexp.MustCompile(`as_of: \S+`)
	baseline   = regexp.MustCompile(`(?m)^    baseline:\n(?:      .*\n)+`)
	conditions = regexp.MustCompile(`(?m)^    when: .*$`)
)

// mistakes are all drills, in their order.
func mistakes() []mistake {
	hr := []string{"hr"}
	return []mistake{
		{name: "hr-empty", make: workersOf(func(t *table) { t.rows = nil }), unread: hr},
		{name: "hr-zero-bytes", make: feed(func(h *house) error { return os.WriteFile(h.file(workers), nil, 0o600) }), unread: hr, failed: true},
		{name: "hr-gone", make: feed(func(h *house) error { return os.Remove(h.file(workers)) }), unread: hr, failed: true},
		{name: "hr-sixty-percent", make: workersOf(sixty), unread: hr},
		{name: "hr-renumbered", make: workersOf(renumber), unread: hr},
		{name: "hr-statuses-flipped", make: workersOf(flip)},
		{name: "hr-twelve-percent-leave", make: func(ctx context.Context, h *house) error { return h.people(terminate(h.o.Seed, 12)) }},
		{name: "exports-sixty-percent", make: feed(cutExports), unread: []string{"vpn", "erp", "codehost"}},
		{name: "scim-lost-forty-percent", make: loseUsers, unread: []string{"saas"}},
		{name: "ldap-people-emptied", make: losePeople, unread: []string{"directory"}, failed: true},
		{name: "rule-matches-everyone", make: feed(everyone)},
		{name: "bundles-give-nobody", make: feed(func(h *house) error {
			return h.edit("bundles.yaml", func(text string) string {
				return conditions.ReplaceAllString(text, `    when: 'person.id == "W-nobody"'`)
			})
		})},
		{name: "bundle-gives-everybody", make: feed(func(h *house) error {
			return h.edit("bundles.yaml", func(text string) string { return strings.TrimRight(text, "\n") + "\n" + adminsAll })
		})},
		{name: "clock-a-year-ahead", make: clockOf("2027-11-22T01:00:00Z"), clock: true},
		{name: "clock-a-month-back", make: clockOf("2026-10-22T01:00:00Z"), clock: true},
		{name: "hr-cut-and-released", make: workersOf(sixty), unread: hr, mistook: true},
	}
}

const adminsAll = `  - name: everybody
    title: "Everybody"
    when: 'person.status != "terminated"'
    entitlements: {directory: ["domain-admins"], saas: ["Org Admins"], vpn: ["vpn-admins"]}
`

const everyoneRule = `rules:
  - id: everyone
    title: Every account
    description: A condition that lost its second half.
    scope: account
    severity: high
    when: account.enabled
    message: '"Account " + account.name + " in " + account.system + " is enabled"'
    controls: ["SOC2 CC6.2"]
    remediation: Disable it.
`

// everyone adds a rule that matches every account, and a policy that lets it act.
func everyone(h *house) error {
	if err := os.WriteFile(h.file("everyone.yaml"), []byte(everyoneRule), 0o600); err != nil {
		return err
	}
	if err := h.edit("policies.yaml", func(text string) string {
		return strings.Replace(text, "policies:\n", "policies:\n  - {name: everyone, rules: [everyone], mode: auto, systems: "+systems+", actions: [disable-account]}\n", 1)
	}); err != nil {
		return err
	}
	return h.edit("muster.yaml", func(text string) string {
		return strings.Replace(text, "rules: {packs: [builtin]}", "rules: {packs: [builtin], files: [everyone.yaml]}", 1)
	})
}
