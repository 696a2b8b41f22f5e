package export

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"muster/internal/orggen/model"
)

//go:embed muster.yaml.tmpl
var configTemplate string

//go:embed policies.yaml
var policies string

// configData is what the template of muster.yaml needs.
type configData struct {
	AsOf, Baseline, DataDir, Head, Domain, BaseDN, Extension, Enterprise string
	Departments                                                          []string
	Mapped                                                               []Mapping
	Host                                                                 bool
	Security                                                             []string
	Teams                                                                []model.Team
}

// Mapping is one line of the explicit map from accounts to persons.
type Mapping struct{ System, Account, Person string }

// Config is what the organisation's configuration says beside its policy.
type Config struct {
	AsOf, Baseline time.Time
	DataDir        string
	Head           string // worker id of the chief executive
	Host           bool   // name this host as a system
	Mapped         []Mapping
	Teams          []model.Team // those who decide about systems; the one called security is the security team
	Exceptions     []model.Exception
	Mitigations    []model.Mitigation
}

// Configuration writes muster.yaml, bundles.yaml, sod.yaml, exceptions.yaml and policies.yaml. It sorts the lists of c.
func (f *Files) Configuration(c Config) error {
	slices.SortFunc(c.Mapped, func(a, b Mapping) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Account, b.Account))
	})
	slices.SortFunc(c.Exceptions, func(a, b model.Exception) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.System, b.System), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Detail, b.Detail))
	})
	slices.SortFunc(c.Mitigations, func(a, b model.Mitigation) int {
		return cmp.Or(cmp.Compare(a.Conflict, b.Conflict), cmp.Compare(a.Person, b.Person))
	})
	t, err := template.New("muster.yaml").Parse(configTemplate)
	if err != nil {
		return fmt.Errorf("read template: %w", err)
	}
	var b bytes.Buffer
	data := configData{AsOf: c.AsOf.Format(time.RFC3339), Baseline: c.Baseline.Format(time.RFC3339), DataDir: cmp.Or(c.DataDir, ".muster"),
		Head: c.Head, Domain: Domain, BaseDN: BaseDN, Extension: MusterUser, Enterprise: EnterpriseUser,
		Departments: f.policy.Departments, Mapped: c.Mapped, Host: c.Host}
	for _, team := range c.Teams {
		if team.Name == "security" {
			data.Security = team.People
			continue
		}
		data.Teams = append(data.Teams, team)
	}
	if err := t.Execute(&b, data); err != nil {
		return fmt.Errorf("write muster.yaml: %w", err)
	}
	for name, content := range map[string]string{"muster.yaml": b.String(), "bundles.yaml": bundlesYAML(f.policy),
		"sod.yaml": sodYAML(f.policy, c.Mitigations), "exceptions.yaml": exceptionsYAML(c.Exceptions), "policies.yaml": policies} {
		if err := os.WriteFile(filepath.Join(f.dir, name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("write configuration: %w", err)
		}
	}
	return nil
}

// bySystem writes {directory: [a, b], erp: [C]} in the order of the systems.
func bySystem(list []*model.Entitlement) string {
	var parts []string
	for s := range model.Systems {
		var names []string
		for _, e := range list {
			if e.System == s {
				names = append(names, fmt.Sprintf("%q", e.Name))
			}
		}
		if len(names) > 0 {
			parts = append(parts, s.String()+": ["+strings.Join(names, ", ")+"]")
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func bundlesYAML(p *model.Policy) string {
	var b strings.Builder
	b.WriteString("# Who should hold what. A group that another group is a member of is named with it.\nbundles:\n")
	for _, x := range p.Bundles {
		fmt.Fprintf(&b, "  - name: %s\n    title: %q\n    when: '%s'\n    lead_days: %d\n    entitlements: %s\n",
			x.Name, x.Title, x.When.CEL(), x.LeadDays, bySystem(x.Entitlements))
	}
	return b.String()
}

func sodYAML(p *model.Policy, mitigations []model.Mitigation) string {
	var b strings.Builder
	b.WriteString("# Business functions, and which of them one person must not hold together.\nfunctions:\n")
	for _, f := range p.Functions {
		fmt.Fprintf(&b, "  %s: {title: %q, entitlements: %s}\n", f.Name, f.Title, bySystem(f.GivenBy))
	}
	b.WriteString("\nconflicts:\n")
	for _, c := range p.Conflicts {
		fmt.Fprintf(&b, "  - {id: %s, title: %q, functions: [%s], severity: %s, controls: [\"SOC2 CC6.3\", \"ISO27001 A.5.3\"]}\n",
			c.ID, c.Title, strings.Join(c.Functions, ", "), c.Severity)
	}
	if len(mitigations) == 0 {
		return b.String()
	}
	b.WriteString("\nmitigations:\n")
	for _, m := range mitigations {
		fmt.Fprintf(&b, "  - {conflict: %s, person: %s, control: %q, owner: %q, approver: %q, reason: %q, expires: %s}\n",
			m.Conflict, m.Person, m.Control, m.Owner, m.Approver, m.Reason, m.Expires.Format(time.DateOnly))
	}
	return b.String()
}

func exceptionsYAML(exceptions []model.Exception) string {
	var b strings.Builder
	b.WriteString("# Findings that somebody accepted, until when, and what is done instead.\n")
	if len(exceptions) == 0 {
		b.WriteString("exceptions: []\n")
		return b.String()
	}
	b.WriteString("exceptions:\n")
	for i, x := range exceptions {
		fmt.Fprintf(&b, "  - id: EX-%d\n    rule: %s\n    system: %s\n    subject: %q\n", i+1, x.Rule, x.System, x.Subject)
		if x.Detail != "" {
			fmt.Fprintf(&b, "    detail: %q\n", x.Detail)
		}
		fmt.Fprintf(&b, "    owner: %q\n    approver: %q\n    reason: %q\n    compensating_control: %q\n    expires: %s\n",
			x.Owner, x.Approver, x.Reason, x.Control, x.Expires.Format(time.DateOnly))
	}
	return b.String()
}
