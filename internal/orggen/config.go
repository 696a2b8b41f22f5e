package orggen

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

	"muster/internal/orggen/export"
	"muster/internal/orggen/model"
)

//go:embed muster.yaml.tmpl
var configTemplate string

// configData is what the template of muster.yaml needs.
type configData struct {
	AsOf, Baseline, DataDir, Head, Domain, BaseDN, Extension, Enterprise string
	Departments                                                          []string
	Mapped                                                               []mapping
	Host                                                                 bool
}

// System, Account and Person let the template read a mapping.
func (m mapping) System() string  { return m.system }
func (m mapping) Account() string { return m.account }
func (m mapping) Person() string  { return m.person }

// writeConfig writes muster.yaml, bundles.yaml, sod.yaml and exceptions.yaml.
func (g *generator) writeConfig() error {
	slices.SortFunc(g.mapped, func(a, b mapping) int {
		return cmp.Or(cmp.Compare(a.system, b.system), cmp.Compare(a.account, b.account))
	})
	slices.SortFunc(g.exceptions, func(a, b model.Exception) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.System, b.System), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Detail, b.Detail))
	})
	slices.SortFunc(g.mitigated, func(a, b model.Mitigation) int {
		return cmp.Or(cmp.Compare(a.Conflict, b.Conflict), cmp.Compare(a.Person, b.Person))
	})
	t, err := template.New("muster.yaml").Parse(configTemplate)
	if err != nil {
		return fmt.Errorf("read template: %w", err)
	}
	var b bytes.Buffer
	data := configData{AsOf: g.opt.AsOf.Format(time.RFC3339), Baseline: g.baseline().Format(time.RFC3339), DataDir: cmp.Or(g.opt.DataDir, ".muster"),
		Head: workerID(0), Domain: export.Domain, BaseDN: export.BaseDN, Extension: export.MusterUser, Enterprise: export.EnterpriseUser,
		Departments: g.policy.Departments, Mapped: g.mapped, Host: g.opt.Host}
	if err := t.Execute(&b, data); err != nil {
		return fmt.Errorf("write muster.yaml: %w", err)
	}
	for name, content := range map[string]string{"muster.yaml": b.String(), "bundles.yaml": g.bundlesYAML(), "sod.yaml": g.sodYAML(),
		"exceptions.yaml": g.exceptionsYAML()} {
		if err := os.WriteFile(filepath.Join(g.opt.Dir, name), []byte(content), 0o644); err != nil {
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

func (g *generator) bundlesYAML() string {
	var b strings.Builder
	b.WriteString("# Who should hold what. A group that another group is a member of is named with it.\nbundles:\n")
	for _, x := range g.policy.Bundles {
		fmt.Fprintf(&b, "  - name: %s\n    title: %q\n    when: '%s'\n    lead_days: %d\n    entitlements: %s\n",
			x.Name, x.Title, x.When.CEL(), x.LeadDays, bySystem(x.Entitlements))
	}
	return b.String()
}

func (g *generator) sodYAML() string {
	var b strings.Builder
	b.WriteString("# Business functions, and which of them one person must not hold together.\nfunctions:\n")
	for _, f := range g.policy.Functions {
		fmt.Fprintf(&b, "  %s: {title: %q, entitlements: %s}\n", f.Name, f.Title, bySystem(f.GivenBy))
	}
	b.WriteString("\nconflicts:\n")
	for _, c := range g.policy.Conflicts {
		fmt.Fprintf(&b, "  - {id: %s, title: %q, functions: [%s], severity: %s, controls: [\"SOC2 CC6.3\", \"ISO27001 A.5.3\"]}\n",
			c.ID, c.Title, strings.Join(c.Functions, ", "), c.Severity)
	}
	if len(g.mitigated) == 0 {
		return b.String()
	}
	b.WriteString("\nmitigations:\n")
	for _, m := range g.mitigated {
		fmt.Fprintf(&b, "  - {conflict: %s, person: %s, control: %q, owner: %q, approver: %q, reason: %q, expires: %s}\n",
			m.Conflict, m.Person, m.Control, m.Owner, m.Approver, m.Reason, m.Expires.Format(time.DateOnly))
	}
	return b.String()
}

func (g *generator) exceptionsYAML() string {
	var b strings.Builder
	b.WriteString("# Findings that somebody accepted, until when, and what is done instead.\n")
	if len(g.exceptions) == 0 {
		b.WriteString("exceptions: []\n")
		return b.String()
	}
	b.WriteString("exceptions:\n")
	for i, x := range g.exceptions {
		fmt.Fprintf(&b, "  - id: EX-%d\n    rule: %s\n    system: %s\n    subject: %q\n", i+1, x.Rule, x.System, x.Subject)
		if x.Detail != "" {
			fmt.Fprintf(&b, "    detail: %q\n", x.Detail)
		}
		fmt.Fprintf(&b, "    owner: %q\n    approver: %q\n    reason: %q\n    compensating_control: %q\n    expires: %s\n",
			x.Owner, x.Approver, x.Reason, x.Control, x.Expires.Format(time.DateOnly))
	}
	return b.String()
}
