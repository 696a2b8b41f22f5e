package policies

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
)

var known = Known{Systems: []string{"directory", "erp", "saas", "hr"}, Groups: map[string][]string{"it-ops": {"W-1", "W-2"}}, Security: []string{"W-3"},
	Rules: []Rule{{"leaver-active", access.ScopeAccount, access.Critical}, {"contractor-expired", access.ScopeAccount, access.High},
		{"orphaned-account", access.ScopeAccount, access.High}, {"privilege-creep", access.ScopeGrant, access.Medium},
		{"missing-access", access.ScopeGrant, access.Medium}, {"sod-conflict", access.ScopePerson, access.High},
		{"own-account", access.ScopeAccount, access.Low}, {"own-grant", access.ScopeGrant, access.Low}}}

func load(t *testing.T, text string) *Set {
	t.Helper()
	doc, err := config.Parse("policies.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load([]*config.Document{doc}, known)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// caseOf is a finding in saas about a contractor's account.
func caseOf(rule string, severity access.Severity) access.Case {
	c := access.Case{Finding: access.Finding{ID: "F-1", Rule: rule, Scope: access.ScopeAccount, Severity: severity, System: "saas"},
		Person:  &access.Person{ID: "W-9", EmploymentType: access.Contractor},
		Account: &access.AccountFacts{Account: access.Account{System: "saas", Name: "rvoss", Enabled: true}},
		System:  &access.SystemFacts{Name: "saas"}}
	for _, r := range known.Rules {
		if r.ID == rule {
			c.Finding.Scope = r.Scope
		}
	}
	if c.Finding.Scope == access.ScopeGrant {
		c.Grant = &access.GrantFacts{System: "saas", Entitlement: access.Entitlement{Name: "admin", Privileged: true}, Actual: true}
	}
	return c
}

func TestTheFirstPolicyThatMatchesDecides(t *testing.T) {
	s := load(t, `
policies:
  - name: contractors
    rules: [leaver-active, contractor-expired]
    systems: [directory, saas]
    when: 'person.employment_type == "contractor" && finding.severity == "critical"'
    mode: auto
  - name: leavers
    rules: [leaver-active]
    mode: approve
  - name: old-creep
    rules: [privilege-creep]
    when: finding.age >= 7 || grant.privileged && entitlement.name == "root"
    mode: approve
  - name: duties
    rules: [sod-conflict]
    systems: [erp, saas]
    mode: "off"
  - name: rest
    rules: ["*"]
    systems: [erp]
    mode: approve
`)
	change := func(c access.Case, f func(*access.Case)) access.Case { f(&c); return c }
	day := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		c    access.Case
		want string
		mode access.Mode
	}{
		{"all of it holds", caseOf("leaver-active", access.Critical), "contractors", access.ModeAuto},
		{"the condition does not hold", caseOf("leaver-active", access.High), "leavers", access.ModeApprove},
		{"another system", change(caseOf("leaver-active", access.Critical), func(c *access.Case) { c.Finding.System = "erp" }), "leavers", access.ModeApprove},
		{"another rule", caseOf("orphaned-account", access.Critical), Builtin, access.ModeNotify},
		{"any rule in a system", change(caseOf("orphaned-account", access.High), func(c *access.Case) { c.Finding.System = "erp" }), "rest", access.ModeApprove},
		{"a young finding", change(caseOf("privilege-creep", access.High), func(c *access.Case) { c.Finding.FirstSeen, c.Finding.LastSeen = day.AddDate(0, 0, -6), day }), Builtin, access.ModeNotify},
		{"an old finding", change(caseOf("privilege-creep", access.High), func(c *access.Case) { c.Finding.FirstSeen, c.Finding.LastSeen = day.AddDate(0, 0, -7), day }), "old-creep", access.ModeApprove},
		{"the grant", change(caseOf("privilege-creep", access.High), func(c *access.Case) { c.Grant.Entitlement.Name = "root" }), "old-creep", access.ModeApprove},
		{"several systems, all named", change(caseOf("sod-conflict", access.High), func(c *access.Case) { c.Finding.System = "erp+saas" }), "duties", access.ModeOff},
		{"several systems, one not named", change(caseOf("sod-conflict", access.High), func(c *access.Case) { c.Finding.System = "directory+erp" }), Builtin, access.ModeNotify},
		{"a rule that is not loaded any more", change(caseOf("gone", access.High), func(c *access.Case) { c.Finding.System = "erp" }), "rest", access.ModeApprove},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := s.For(tt.c)
			if err != nil || got.Name != tt.want || got.Mode != tt.mode {
				t.Errorf("policy %s, mode %s, error %v; want %s, %s", got.Name, got.Mode, err, tt.want, tt.mode)
			}
		})
	}
}

func TestWhatAPolicyDoesNotSayComesFromRuleAndSeverity(t *testing.T) {
	hour, day := time.Hour, 24*time.Hour
	base := access.Policy{Name: "p", Mode: access.ModeApprove, EscalateTo: []string{"security"}, Remind: 4 * hour, Escalate: day, Expire: 3 * day, Need: 1, OnExpiry: access.ExpiryRefuse}
	with := func(f func(*access.Policy)) access.Policy { p := base; f(&p); return p }
	tests := []struct {
		name, rule, keys string
		severity         access.Severity
		want             access.Policy
	}{
		{"leaver", "leaver-active", "", access.Critical, with(func(p *access.Policy) {
			p.Actions, p.Route = []access.ActionKind{access.DisableAccount, access.RevokeSessions}, []string{"manager", "owner", "security"}
			p.Need, p.StepUp, p.OnExpiry = 2, true, access.ExpiryApply
		})},
		{"leaver who is told of only", "leaver-active", "actions: [notify-owner]", access.High, with(func(p *access.Policy) {
			p.Actions, p.Route = []access.ActionKind{access.NotifyOwner}, []string{"manager", "owner", "security"}
		})},
		{"leaver whose account is deleted", "leaver-active", "actions: [disable-account, delete-account], delete_after: 30d", access.High, with(func(p *access.Policy) {
			p.Actions, p.Route = []access.ActionKind{access.DisableAccount, access.DeleteAccount}, []string{"manager", "owner", "security"}
			p.StepUp, p.DeleteAfter = true, 30*day
		})},
		{"creep", "privilege-creep", "", access.High, with(func(p *access.Policy) {
			p.Actions, p.Route = []access.ActionKind{access.RemoveEntitlement}, []string{"manager", "owner"}
		})},
		{"creep by silence", "privilege-creep", "expire: {after: 12h, then: apply}, escalate: {after: 6h, to: [it-ops]}, step_up: true, approvers: {route: [it-ops], need: 2}", access.High,
			with(func(p *access.Policy) {
				p.Actions, p.Route, p.Need, p.StepUp = []access.ActionKind{access.RemoveEntitlement}, []string{"it-ops"}, 2, true
				p.OnExpiry, p.Expire, p.Escalate, p.EscalateTo = access.ExpiryApply, 12*hour, 6*hour, []string{"it-ops"}
			})},
		{"joiner", "missing-access", "remind: 0h, escalate: {after: 0h}, expire: {after: 0h}, sla: 8h", access.Medium, with(func(p *access.Policy) {
			p.Actions, p.Route = []access.ActionKind{access.GrantEntitlement}, []string{"owner"}
			p.Remind, p.Escalate, p.Expire, p.SLA = 0, 0, 0, 8*hour
		})},
		{"critical without four eyes", "orphaned-account", "approvers: {need: 1}, step_up: false, grace: 24h, handover: 14d", access.Critical, with(func(p *access.Policy) {
			p.Actions, p.Route = []access.ActionKind{access.DisableAccount}, []string{"owner", "security"}
			p.Grace, p.Handover = day, 14*day
		})},
		{"own rule on accounts", "own-account", "", access.Low, with(func(p *access.Policy) {
			p.Actions, p.Route = []access.ActionKind{access.DisableAccount}, []string{"manager", "owner"}
		})},
		{"own rule on grants", "own-grant", "", access.Low, with(func(p *access.Policy) {
			p.Actions, p.Route = []access.ActionKind{access.RemoveEntitlement}, []string{"manager", "owner"}
		})},
		{"duties", "sod-conflict", "", access.High, with(func(p *access.Policy) {
			p.Actions, p.Route = []access.ActionKind{access.NotifyOwner}, []string{"manager", "owner", "security"}
		})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			more := ""
			if tt.keys != "" {
				more = ", " + tt.keys
			}
			got, err := load(t, "policies:\n  - {name: p, rules: ["+tt.rule+"], mode: approve"+more+"}\n").For(caseOf(tt.rule, tt.severity))
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("error %v, got\n%+v, want\n%+v", err, got, tt.want)
			}
		})
	}
}

// A condition that fails must never make more happen than it would have without the failure.
func TestAConditionThatFailsNeverWidens(t *testing.T) {
	s := load(t, `
policies:
  - name: kept
    rules: [leaver-active, privilege-creep]
    when: account.attributes["keep" + account.name] == "yes"
    mode: "off"
    approvers: {need: 3}
    step_up: true
    grace: 48h
  - name: leavers
    rules: [leaver-active]
    systems: [saas]
    mode: auto
    actions: [disable-account]
    delete_after: 30d
  - name: creep
    rules: [privilege-creep]
    mode: "off"
`)
	c := caseOf("leaver-active", access.High)
	got, err := s.For(c)
	if err == nil || !strings.Contains(err.Error(), "kept") || !strings.Contains(err.Error(), "F-1") || access.KindOf(err) != access.Invalid {
		t.Errorf("the error does not say what failed on what: %v", err)
	}
	if got.Name != "leavers" || got.Mode != access.ModeApprove || got.OnExpiry != access.ExpiryRefuse || got.Need != 3 || !got.StepUp || got.Grace != 48*time.Hour || got.DeleteAfter != 0 {
		t.Errorf("widened: %+v", got)
	}
	if got, err := s.For(caseOf("privilege-creep", access.High)); err == nil || got.Mode != access.ModeOff {
		t.Errorf("what would not have acted acts: %+v, %v", got, err)
	}
	c.Account.Attributes = map[string]string{"keeprvoss": "no"}
	if got, err := s.For(c); err != nil || got.Mode != access.ModeAuto || got.OnExpiry != access.ExpiryApply || got.DeleteAfter == 0 {
		t.Errorf("without a failure: %+v, %v", got, err)
	}
	c.Account = nil
	if got, err := s.For(c); err == nil || got.Mode != access.ModeApprove {
		t.Errorf("without the account that the condition reads: %+v, %v", got, err)
	}
	c.Finding.Scope = access.ScopeGrant
	if got, err := s.For(c); err == nil || got.Mode != access.ModeApprove {
		t.Errorf("a finding of another scope than its rule's: %+v, %v", got, err)
	}
}

func TestCallersCannotChangeThePolicies(t *testing.T) {
	s := load(t, "policies:\n  - {name: p, rules: [leaver-active], mode: approve, actions: [disable-account], approvers: {route: [owner]}}\n")
	for _, c := range []access.Case{caseOf("leaver-active", access.Critical), caseOf("contractor-expired", access.High)} {
		first, _ := s.For(c)
		first.Actions[0], first.Route[0] = access.DeleteAccount, "anyone"
		first.Actions, first.Route = append(first.Actions, access.DeleteAccount), append(first.Route, "anyone")
		if second, _ := s.For(c); slices.Contains(second.Actions, access.DeleteAccount) || slices.Contains(second.Route, "anyone") {
			t.Errorf("%+v", second)
		}
	}
}

func TestSafeStateSaysWhatSilenceDoes(t *testing.T) {
	disable, remove := []access.ActionKind{access.DisableAccount, access.RevokeSessions}, []access.ActionKind{access.RemoveEntitlement}
	tests := []struct {
		rule, want string
		p          access.Policy
	}{
		{"leaver-active", "the account is disabled", access.Policy{Actions: disable, OnExpiry: access.ExpiryApply}},
		{"leaver-active", "the account stays as it is", access.Policy{Actions: disable, OnExpiry: access.ExpiryRefuse}},
		{"privilege-creep", "the entitlement is removed", access.Policy{Actions: remove, OnExpiry: access.ExpiryApply}},
		{"privilege-creep", "the access stays as it is", access.Policy{Actions: remove, OnExpiry: access.ExpiryRefuse}},
		{"missing-access", "the access is not granted", access.Policy{Actions: []access.ActionKind{access.GrantEntitlement}, OnExpiry: access.ExpiryRefuse}},
		{"own", "the account stays as it is", access.Policy{Actions: disable, OnExpiry: access.ExpiryRefuse}},
		{"own", "the access is not granted", access.Policy{Actions: []access.ActionKind{access.GrantEntitlement}}},
		{"own", "the access stays as it is", access.Policy{Actions: remove}},
	}
	for _, tt := range tests {
		if got := SafeState(tt.rule, tt.p); got != tt.want {
			t.Errorf("%s, %v on %s: %q, want %q", tt.rule, tt.p.Actions, tt.p.OnExpiry, got, tt.want)
		}
	}
}

func TestWarningsNameWhatWillNotDoWhatWasMeant(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"covered by one", "{name: a, rules: [\"*\"], mode: notify}\n  - {name: b, rules: [leaver-active], systems: [saas], mode: auto}",
			"policies.yaml:3:12: policies[1].name: policy b never matches: a decides before it"},
		{"covered by two", "{name: a, rules: [leaver-active], systems: [saas], mode: notify}\n  - {name: b, rules: [leaver-active], systems: [erp], mode: notify}\n  - {name: c, rules: [leaver-active], systems: [erp, saas], mode: \"off\"}",
			"policy c never matches: b and a decides before it"},
		{"covered by the same condition", "{name: a, rules: [leaver-active], when: finding.age > 1, mode: notify}\n  - {name: b, rules: [leaver-active], when: finding.age > 1, mode: approve}",
			"policy b never matches"},
		{"another condition", "{name: a, rules: [leaver-active], when: finding.age > 2, mode: notify}\n  - {name: b, rules: [leaver-active], when: finding.age > 1, mode: approve}", ""},
		{"a system is left", "{name: a, rules: [leaver-active], systems: [erp, saas, hr], mode: notify}\n  - {name: b, rules: [leaver-active], mode: approve}", ""},
		{"a rule is left", "{name: a, rules: [leaver-active], mode: notify}\n  - {name: b, rules: [leaver-active, orphaned-account], mode: approve}", ""},
		{"need that the route cannot give", "{name: a, rules: [privilege-creep], mode: approve, approvers: {route: [manager, it-ops], need: 5}}",
			"policies.yaml:2:67: policies[0].approvers: policy a needs 5 persons and its route gives 4 at most"},
		{"need that the group can give", "{name: a, rules: [privilege-creep], mode: approve, approvers: {route: [manager, it-ops], need: 4}}", ""},
		{"four eyes and one person", "{name: a, rules: [leaver-active], mode: approve, approvers: {route: [owner]}, escalate: {to: [owner]}}", "needs 2 persons and its route gives 1"},
		{"one who stands in two groups", "{name: a, rules: [privilege-creep], mode: approve, approvers: {route: [it-ops], need: 3}, escalate: {to: [it-ops]}}", "gives 2 at most"},
		{"escalation after the expiry", "{name: a, rules: [privilege-creep], mode: approve, expire: {after: 12h}}", "policy a never escalates: the question expires after 12h"},
		{"a question that never expires", "{name: a, rules: [privilege-creep], mode: approve, expire: {after: 0h}}", ""},
		{"nobody's account", "{name: a, rules: [leaver-active, orphaned-account], mode: approve, when: 'person.title == \"x\"'}", "looks at person, which findings of orphaned-account do not have"},
		{"nobody's account, tested", "{name: a, rules: [leaver-active, orphaned-account], mode: approve, when: 'has(person.title) && person.title == \"x\"'}", ""},
		{"no account", "{name: a, rules: [missing-access], mode: approve, when: account.enabled}", "looks at account, which findings of missing-access do not have"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(load(t, "policies:\n  - "+tt.text+"\n").Warnings(), "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDigestChangesWithWhatPoliciesMean(t *testing.T) {
	const text = "policies:\n  - {name: p, rules: [leaver-active], mode: approve, when: finding.age > 1}\n"
	digest := load(t, text).Digest()
	if len(digest) != 64 || digest != load(t, "# a comment\n"+text).Digest() {
		t.Errorf("digest %q", digest)
	}
	seen := map[string]bool{digest: true}
	for _, change := range []string{"name: q", "rules: [contractor-expired]", "mode: notify", "when: finding.age > 2"} {
		key, _, _ := strings.Cut(change, ":")
		start := strings.Index(text, key+": ")
		end := start + strings.IndexAny(text[start:], ",}")
		d := load(t, text[:start]+change+text[end:]).Digest()
		if seen[d] {
			t.Errorf("%s does not change the digest", change)
		}
		seen[d] = true
	}
}

func TestDescribeListsPoliciesAndThenTheBuiltIn(t *testing.T) {
	s := load(t, `
policies:
  - name: leavers
    rules: [leaver-active]
    systems: [saas, erp]
    when: |
      finding.age > 1
      && account.enabled
    mode: approve
    actions: [disable-account, delete-account]
    approvers: {route: [owner], need: 2}
    delete_after: 30d
    sla: 90m
  - {name: rest, rules: ["*"], mode: notify, step_up: false}
`)
	rows := s.Describe()
	want := []Row{
		{"leavers", "leaver-active", "saas, erp", "finding.age > 1 && account.enabled", "approve", "disable-account, delete-account", "owner (2)", "always",
			"sla 90m, remind 4h, escalate 24h, expire 72h, delete 30d", "by rule", "policies.yaml:3"},
		{"rest", "every rule", "every system", "", "notify", "by rule", "by rule (1, critical 2)", "never", "remind 4h, escalate 24h, expire 72h", "by rule", "policies.yaml:14"},
		{Builtin, "leaver-active", "every system", "", "notify", "disable-account, revoke-sessions", "manager, owner, security (1, critical 2)", "critical",
			"remind 4h, escalate 24h, expire 72h", "apply", "muster"},
	}
	if len(rows) < 8 || !reflect.DeepEqual(rows[:3], want) {
		t.Errorf("got\n%+v\nwant\n%+v", rows[:min(3, len(rows))], want)
	}
	listed := map[string]bool{}
	for _, r := range rows[2:] {
		for _, id := range strings.Split(r.Rules, ", ") {
			listed[id] = true
		}
	}
	if len(listed) != len(known.Rules) {
		t.Errorf("the built-in policy is told of %d of %d rules: %v", len(listed), len(known.Rules), listed)
	}
	if all := s.All(); len(all) != 2 || all[0].Name != "leavers" || all[1].Line != 14 {
		t.Errorf("%+v", all)
	}
}

func TestWithoutKnownRulesAndSystemsNothingIsCalledUnknown(t *testing.T) {
	doc, err := config.Parse("p.yaml", []byte("policies:\n  - {name: p, rules: [odd], systems: [odd], mode: approve, when: grant.privileged && account.enabled}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load([]*config.Document{doc}, Known{}); err != nil {
		t.Error(err)
	}
}
