package targettest

import (
	"maps"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
)

func fakeSuite() Suite {
	ada, grace := access.AccountRef{ID: "u1", Name: "ada"}, access.AccountRef{ID: "u2", Name: "grace"}
	group := func(name string) access.HeldRef { return access.HeldRef{ID: name, Name: name, Kind: "group"} }
	s := Suite{Secret: secret, Nowhere: group("nowhere"), Actions: map[access.ActionKind]access.Action{
		access.CreateAccount:     {Account: access.AccountRef{Name: "edith"}},
		access.EnableAccount:     {Account: grace},
		access.GrantEntitlement:  {Account: ada, Entitlement: group("admins")},
		access.SetExpiry:         {Account: ada, ExpiresAt: time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)},
		access.RevokeSessions:    {Account: ada},
		access.RemoveEntitlement: {Account: ada, Entitlement: group("staff")},
		access.DisableAccount:    {Account: ada},
		access.DeleteAccount:     {Account: ada},
	}}
	for kind, a := range s.Actions {
		a.ID, a.Kind, a.System = "A-"+strings.ToUpper(string(kind[:8])), kind, "fake"
		s.Actions[kind] = a
	}
	s.Gone = access.Action{ID: "A-GONE", Kind: access.DisableAccount, Account: access.AccountRef{ID: "u9", Name: "nobody"}}
	return s
}

func TestSuitePassesACorrectTarget(t *testing.T) {
	Run(t, fakeHarness{}, fakeSuite())
}

// TestSuiteCatchesDefects proves that every check can fail: each defect must be caught, and by the check that is about it.
func TestSuiteCatchesDefects(t *testing.T) {
	for defect, want := range map[string]string{
		"cannot expire":            "abilities",
		"inspect writes":           "inspect writes nothing",
		"local time":               "inspect writes nothing",
		"receipt of before":        "receipt is confirmed",
		"secret in log":            "receipt is confirmed",
		"does it again":            "applied twice is once",
		"forgets expiry":           "inverse restores",
		"no version":               "changed meanwhile",
		"ignores version":          "changed meanwhile",
		"gone is done":             "account is not there",
		"makes groups":             "entitlement is not there",
		"by name alone":            "another account of the same name",
		"same id for all":          "another account of the same name",
		"wrong kind":               "refused with 503",
		"swallows refusal":         "refused with 401",
		"writes before refusal":    "refused with dropped",
		"secret in error":          "refused with 403",
		"swallows break":           "committed and broken off",
		"ignores cancel":           "apply cancelled at every request",
		"hides cancel":             "apply cancelled at every request",
		"dawdles":                  "inspect cancelled at every request",
		"ignores an ended context": "cancelled before the start",
		"half done":                "apply cancelled at every request",
	} {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			for _, c := range checks() {
				if c.name != want {
					continue
				}
				err := c.run(&bench{t: t, h: fakeHarness{defect: defect}, s: fakeSuite()})
				if err == nil {
					t.Fatalf("check %q did not notice", want)
				}
				t.Log(strings.SplitN(err.Error(), "\n", 2)[0])
				return
			}
			t.Fatalf("there is no check %q", want)
		})
	}
}

func TestSuiteIsRefusedWhenItTellsNothing(t *testing.T) {
	for name, spoil := range map[string]func(*Suite){
		"no actions": func(s *Suite) { s.Actions = nil },
		"no gone":    func(s *Suite) { s.Gone = access.Action{} },
		"no gone id": func(s *Suite) { s.Gone.Account.ID = "" },
		"no secret":  func(s *Suite) { s.Secret = "" },
		"no nowhere": func(s *Suite) { s.Nowhere = access.HeldRef{} },
		"wrong kind": func(s *Suite) { s.Actions[access.SetExpiry] = s.Actions[access.DisableAccount] },
		"same id": func(s *Suite) {
			a := s.Actions[access.SetExpiry]
			a.ID = s.Actions[access.DisableAccount].ID
			s.Actions[access.SetExpiry] = a
		},
		"notify owner": func(s *Suite) { s.Actions[access.NotifyOwner] = access.Action{ID: "A-N", Kind: access.NotifyOwner} },
	} {
		s := fakeSuite()
		s.Actions = maps.Clone(s.Actions)
		spoil(&s)
		if s.validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
