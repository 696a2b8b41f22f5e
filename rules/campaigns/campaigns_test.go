package campaigns_test

import (
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/rules/campaigns"
)

const quarter = `name: Q3 privileged access
owner: W-006
scope: entitlement.privileged && system.name == "erp"
reviewers: [manager, auditors]
due: 14d
silence: keep
`

func load(t *testing.T, text string) (*campaigns.Definition, error) {
	t.Helper()
	doc, err := config.Parse("q3.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return campaigns.Load(doc, []string{"auditors"})
}

func TestWhatIsWrongIsSaidAtItsPlace(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"field":      {`entitlement.privileged`, `entitlement.privilegd`, `q3.yaml:3:20: scope: undefined field 'privilegd'`},
		"hint":       {`entitlement.privileged`, `entitlement.privilegd`, `did you mean 'privileged'`},
		"variable":   {`entitlement.privileged`, `entitlment.privileged`, `entitlment`},
		"no sod":     {`entitlement.privileged`, `size(sod.conflicts) > 0`, `sod`},
		"not bool":   {`entitlement.privileged && system.name == "erp"`, `system.name`, `q3.yaml:3:8`},
		"has":        {`entitlement.privileged`, `account.last_login < now`, `has(account.last_login)`},
		"route":      {`auditors`, `auditor`, `q3.yaml:4:22: reviewers[1]: nobody is called "auditor"`},
		"to owners":  {`due: 14d`, "escalate: [auditors, owner]\ndue: 14d", `q3.yaml:5:22: escalate[1]: "owner" leads to nobody here`},
		"to manager": {`due: 14d`, "escalate: [manager]\ndue: 14d", `an escalation is about all items at once: one of security, auditors`},
		"nobody":     {`[manager, auditors]`, `[]`, `nobody would review it`},
		"too long":   {`14d`, `400d`, `a campaign lasts between`},
		"silence":    {`silence: keep`, `silence: forget`, `q3.yaml:6:10`},
		"need":       {`due: 14d`, "due: 14d\nneed: 7", `need must be between 1 and 3`},
		"reminder":   {`due: 14d`, "due: 14d\nremind: 20d", `the reminder must come before it is due`},
		"key":        {`due: 14d`, "due: 14d\nreviewer: [owner]", `reviewer`},
		"no silence": {"silence: keep\n", "", `silence`},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(quarter, c.old) {
				t.Fatalf("the campaign has no %q", c.old)
			}
			_, err := load(t, strings.Replace(quarter, c.old, c.new, 1))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %q, got: %v", c.want, err)
			}
		})
	}
}

func TestAScopeSeesPersonAccountGrantEntitlementAndSystem(t *testing.T) {
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	person := &access.Person{ID: "W-1", Department: "Finance"}
	account := &access.AccountFacts{Account: access.Account{System: "erp", ID: "7", Name: "ada", Enabled: true, LastLogin: now.AddDate(0, 0, -100)}}
	grant := &access.GrantFacts{System: "erp", Actual: true, Entitlement: access.Entitlement{System: "erp", ID: "g1", Name: "payroll", Privileged: true}}
	systems := map[string]*access.SystemFacts{"erp": {Name: "erp", Criticality: "high"}}
	for scope, want := range map[string]bool{
		`entitlement.privileged && system.name == "erp"`:                          true,
		`system.criticality == "low"`:                                             false,
		`person.department == "Finance" && !grant.expected`:                       true,
		`has(account.last_login) && now - account.last_login > duration("2400h")`: false,
		`has(account.last_login) && now - account.last_login > duration("2160h")`: true,
		`grant.governed`: true,
	} {
		d, err := load(t, strings.Replace(quarter, `entitlement.privileged && system.name == "erp"`, scope, 1))
		if err != nil {
			t.Errorf("%s: %v", scope, err)
			continue
		}
		at := d.At(now, systems, func(string) bool { return true })
		if got, err := at.Covers(person, account, grant); err != nil || got != want {
			t.Errorf("%s: %t, %v", scope, got, err)
		}
		if got, err := at.Covers(nil, account, grant); strings.Contains(scope, "person") != (err != nil) || err != nil && got {
			t.Errorf("%s on an account of nobody: %t, %v", scope, got, err)
		}
	}
}

func TestWhatAFileLeavesOutIsTheCautiousThing(t *testing.T) {
	d, err := load(t, quarter)
	if err != nil {
		t.Fatal(err)
	}
	if d.Need != 1 || d.Remind != 7*24*time.Hour || len(d.Escalate) != 1 || d.Escalate[0] != access.RouteSecurity || d.Silence != access.SilenceKeep {
		t.Errorf("it is %+v", d)
	}
}
