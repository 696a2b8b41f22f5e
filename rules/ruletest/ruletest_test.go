package ruletest

import (
	"strings"
	"testing"

	"muster/internal/config"
	"muster/rules"
)

const yaml = `
now: 2026-11-22T01:00:00Z
sections:
  - name: leavers
    tests:
      - name: the account of a leaver still works
        input:
          person: {id: W-1, name: Maja Lind, status: terminated, end_date: 2026-11-13}
          accounts: [{system: erp, id: "17", name: MLIND, grants: [{entitlement: GL_POST}]}]
        output:
          - {rule: leaver-active, severity: critical, system: erp, subject: MLIND, message: "Maja Lind (W-1) can still use MLIND in erp, 9 days after leaving"}
      - name: closed in time
        input:
          person: {status: terminated}
          accounts: [{system: erp, name: MLIND, enabled: false}]
  - name: others
    tests:
      - name: orphan, admin without a factor, and a partial source
        input:
          accounts: [{system: erp, name: OLDADMIN, privileged: true, mfa: false}, {system: erp, name: svc-x, kind: service, owner: W-9, owner_status: terminated}]
          systems: [{name: erp, state: partial}]
        output: [{rule: snapshot-incomplete}, {rule: service-account-without-owner}, {rule: privileged-without-mfa, subject: OLDADMIN}, {rule: orphaned-account}]
      - name: missing
        input:
          person: {department: Finance}
          missing: [{system: erp, entitlement: GL_READ, bases: [finance]}]
        output: [{rule: missing-access, detail: GL_READ}]
`

func set(t *testing.T) *rules.Set {
	t.Helper()
	docs, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	s, err := rules.Load(docs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func run1(t *testing.T, text string) ([]Result, error) {
	t.Helper()
	doc, err := config.Parse("tests.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return Run(set(t), rules.Env{}, doc)
}

func TestRun(t *testing.T) {
	results, err := run1(t, yaml)
	if err != nil || len(results) != 4 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for _, r := range results {
		if !r.Passed() || r.Position.Line == 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestAWrongExpectationFails(t *testing.T) {
	results, err := run1(t, strings.ReplaceAll(yaml, "rule: leaver-active, severity: critical", "rule: leaver-active, severity: low"))
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; r.Passed() || len(r.Lacking) != 1 || len(r.Surplus) != 1 || !strings.HasPrefix(r.Surplus[0], "leaver-active critical erp MLIND") {
		t.Errorf("%+v", r)
	}
}

func TestBrokenTestFilesAreProblems(t *testing.T) {
	for text, want := range map[string]string{
		"":              "the file is empty",
		"sections: 1\n": "expected a list",
		strings.ReplaceAll(yaml, "rule: leaver-active", "rule: leaver-activ"): `there is no rule "leaver-activ"`,
		strings.ReplaceAll(yaml, "status: terminated", "status: gone"):        `unknown value "gone"`,
		strings.ReplaceAll(yaml, "missing: [{system: erp, ", "missing: [{"):   "a missing grant needs its system",
	} {
		if _, err := run1(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
