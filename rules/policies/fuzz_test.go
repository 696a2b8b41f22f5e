package policies

import (
	"slices"
	"testing"

	"muster/internal/access"
	"muster/internal/config"
)

// FuzzPolicies loads any YAML and asks what loads about findings of every scope, with and without the facts of their subject. Whatever
// the file says: silence never deletes or gives access, doubt never acts, auto is for named systems, and somebody is asked.
func FuzzPolicies(f *testing.F) {
	for _, seed := range []string{
		"policies:\n  - {name: a, rules: [leaver-active], systems: [saas], mode: auto, when: 'account.attributes[\"x\" + account.name] == \"y\"'}",
		"policies:\n  - {name: a, rules: [\"*\"], mode: approve, when: finding.age > 1, expire: {after: 1h, then: apply}}",
		"policies:\n  - {name: a, rules: [privilege-creep], mode: approve, when: grant.privileged && person.title.matches(\"^x\"), actions: [remove-entitlement, revoke-sessions]}",
		"policies:\n  - {name: a, rules: [own-account], mode: approve, actions: [enable-account]}",
		"policies:\n  - {name: a, rules: [leaver-active], mode: approve, actions: [disable-account, delete-account], delete_after: 30d, approvers: {route: [it-ops], need: 3}}",
		"policies: [{}]", "policies: {}", "- x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := config.Parse("fuzz.yaml", []byte(text))
		if err != nil {
			return
		}
		s, err := Load([]*config.Document{doc}, known)
		if (s == nil) != (err != nil) {
			t.Fatalf("set %v and error %v", s, err)
		}
		if err != nil {
			return
		}
		for _, r := range known.Rules {
			full := caseOf(r.ID, r.Severity)
			for _, c := range []access.Case{full, {Finding: full.Finding}} {
				p, err := s.For(c)
				silent := p.OnExpiry == access.ExpiryApply
				switch {
				case silent && bySilence(p.Actions) != "":
					t.Errorf("silence does %v", p.Actions)
				case err != nil && (p.Mode == access.ModeAuto || silent || p.DeleteAfter > 0):
					t.Errorf("in doubt it acts: %+v, %v", p, err)
				case len(p.Actions) == 0 || len(p.Route) == 0 || p.Need < 1:
					t.Errorf("nothing to do or nobody to ask: %+v", p)
				case slices.Contains(p.Actions, access.DeleteAccount) && p.DeleteAfter <= 0 && err == nil:
					t.Errorf("it deletes without waiting: %+v", p)
				case SafeState(r.ID, p) == "":
					t.Errorf("no safe state for %+v", p)
				}
				c.Finding.System = "elsewhere"
				if p, _ := s.For(c); p.Mode == access.ModeAuto {
					t.Errorf("auto in a system that no policy names: %+v", p)
				}
			}
		}
		if len(s.Describe()) <= len(s.All()) || len(s.Digest()) != 64 {
			t.Error("policies are not described")
		}
	})
}
