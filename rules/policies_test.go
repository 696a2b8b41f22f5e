package rules

import (
	"fmt"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/internal/config"
)

const ownRules = `
rules:
  - id: own-account
    title: Own
    scope: account
    severity: low
    when: account.enabled
    message: account.name
    controls: ["SOC2 CC6.1"]
    remediation: Look at it.
`

const testPolicies = `
policies:
  - name: critical-contractors
    rules: [leaver-active, contractor-expired]
    systems: [directory, saas]
    when: 'person.employment_type == "contractor" && finding.severity == "critical"'
    mode: auto
    actions: [disable-account, revoke-sessions]
    approvers: {route: [manager, it-ops], need: 2}
    step_up: true
    grace: 24h
    handover: 14d
    sla: 24h
    remind: 4h
    escalate: {after: 24h, to: [security]}
    expire: {after: 72h, then: refuse}
    delete_after: 30d
  - name: the-rest
    rules: ["*"]
    mode: notify
`

// knownToPolicies is what policies of tests may name: the built-in rules and one of somebody's own.
func knownToPolicies(t testing.TB) PolicyKnown {
	t.Helper()
	docs, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	own, err := config.Parse("own.yaml", []byte(ownRules))
	if err != nil {
		t.Fatal(err)
	}
	set, err := Load(append(docs, own), nil)
	if err != nil {
		t.Fatal(err)
	}
	return PolicyKnown{Set: set, Systems: []string{"directory", "erp", "saas"}, Groups: map[string][]string{"it-ops": {"W-1", "W-2"}}, Security: []string{"W-3"}}
}

// builtinStances is what each built-in rule calls for: actions, route, what silence does.
const builtinStances = `
access-spike: notify-owner | manager owner | refuse
contractor-expired: disable-account | manager owner | apply
disputed-link: notify-owner | owner security | refuse
dormant-account: disable-account | manager owner | refuse
hr-contractor-without-end: notify-owner | manager owner | refuse
hr-duplicate-email: notify-owner | manager owner | refuse
hr-duplicate-worker-id: notify-owner | manager owner | refuse
hr-end-before-start: notify-owner | manager owner | refuse
hr-manager-cycle: notify-owner | manager owner | refuse
hr-missing-manager: notify-owner | manager owner | refuse
hr-unknown-department: notify-owner | manager owner | refuse
hr-unknown-manager: notify-owner | manager owner | refuse
leaver-active: disable-account revoke-sessions | manager owner security | apply
missing-access: grant-entitlement | owner | refuse
orphaned-account: disable-account | owner security | refuse
post-termination-login: notify-owner | owner security | refuse
privilege-creep: remove-entitlement | manager owner | refuse
privileged-without-mfa: notify-owner | manager owner | refuse
service-account-without-owner: notify-owner | owner security | refuse
shared-account: notify-owner | owner security | refuse
snapshot-incomplete: notify-owner | owner | refuse
sod-conflict: notify-owner | manager owner security | refuse
`

func TestEveryBuiltinRuleHasAStanceOfItsOwn(t *testing.T) {
	set := builtin(t)
	s, err := LoadPolicies(nil, PolicyKnown{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	got := "\n"
	for _, r := range set.All() {
		p, err := s.For(access.Case{Finding: access.Finding{Rule: r.ID, Scope: r.Scope, Severity: r.Severity, System: "saas"}})
		if err != nil || p.Mode != access.ModeNotify || p.Name != "built-in" {
			t.Errorf("%s: %+v, %v", r.ID, p, err)
		}
		got += fmt.Sprintf("%s: %s | %s | %s\n", r.ID, strings.Trim(fmt.Sprint(p.Actions), "[]"), strings.Join(p.Route, " "), p.OnExpiry)
		if SafeState(r.ID, p) == "" {
			t.Errorf("%s has no safe state in words", r.ID)
		}
	}
	if got != builtinStances {
		t.Errorf("got%s\nwant%s", got, builtinStances)
	}
	for _, row := range s.Describe() {
		if row.Place != "muster" {
			t.Errorf("taken for an own rule: %+v", row)
		}
	}
}

func TestPoliciesWithEveryKeyLoad(t *testing.T) {
	doc, err := config.Parse("policies.yaml", []byte(testPolicies))
	if err != nil {
		t.Fatal(err)
	}
	s, err := LoadPolicies([]*config.Document{doc}, knownToPolicies(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.All()) != 2 || len(s.Warnings()) != 0 {
		t.Errorf("%d policies, warnings %v", len(s.All()), s.Warnings())
	}
}
