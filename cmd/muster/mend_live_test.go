package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/cmd/muster/cli"
	"muster/internal/access"
	"muster/internal/orggen"
	"muster/internal/orggen/answer"
	"muster/internal/testserver/organisation"
	"muster/internal/testserver/postgres"
	"muster/internal/testserver/scimmy"
	"muster/internal/testserver/slapd"
)

// liveSystems are those on servers.
var liveSystems = []string{"directory", "saas", "warehouse"}

// mendEverything lets what the servers hold be mended by itself, and leaves the systems that are read from files alone.
const mendEverything = `policies:
  - {name: leavers, rules: [leaver-active, contractor-expired, orphaned-account], mode: auto, systems: [directory, saas, warehouse], actions: [disable-account]}
  - {name: excess, rules: [privilege-creep], mode: auto, systems: [directory, saas, warehouse]}
  - {name: shortage, rules: [missing-access], mode: auto, systems: [directory, saas, warehouse]}
  - {name: rest, rules: ["*"], mode: off}
`

// TestNightMendsExactlyTheDriftAndUndoTakesItBack loads an organisation on real servers and lets a night mend it. What changed is read with
// the servers' own tools and compared with the answer key; the next night finds nothing left; undo brings back equal dumps.
func TestNightMendsExactlyTheDriftAndUndoTakesItBack(t *testing.T) {
	for _, available := range []func() error{slapd.Available, scimmy.Available, postgres.Available} {
		if err := available(); err != nil {
			need(t, err.Error())
		}
	}
	o := generate(t, orggen.Options{Persons: 2000, Seed: 2026})
	live, err := organisation.Start(t.Context(), organisation.Options{Org: o.dir, Dir: filepath.Join(t.TempDir(), "live")})
	if err != nil {
		t.Fatal(err)
	}
	defer live.Stop()
	o = &org{t: t, dir: live.Dir}
	o.edit("policies.yaml", func(string) string { return mendEverything })
	o.edit("muster.yaml", func(s string) string {
		s = strings.Replace(s, "mode: dry-run", "mode: apply", 1)
		return strings.ReplaceAll(s, "remediation: {rate: 0", "remediation: {max_accounts: 10000, max_percent: 100, rate: 0")
	})
	before := dumps(t, live)
	first := o.nightly(cli.ExitClean)
	t.Log(first)
	after := dumps(t, live)

	second := o.nightly(cli.ExitClean)
	t.Log(second)
	kept := o.kept()
	for _, f := range o.findings() {
		if f.State == access.Resolved || f.State == access.Excepted || !slices.Contains(liveSystems, f.System) || !mended(f.Rule) {
			continue
		}
		if why := kept[f.Fingerprint]; excuse(why) {
			t.Logf("kept: %s: %s", f.Message, why)
		} else {
			t.Errorf("%s %s in %s is left after the second night: %s (%s)", f.ID, f.Rule, f.System, f.Message, why)
		}
	}
	compareWithKey(t, o, before, after)
	if again := dumps(t, live); !maps.Equal(again, after) {
		t.Error("the second night changed something")
	}
	run := regexp.MustCompile(`R-\S+`).FindString(first)
	code, undone, stderr := o.muster("undo", run, "--reason", "the test takes it all back")
	if code != 0 {
		t.Fatalf("undo ended with %d\n%s\n%s", code, undone, stderr)
	}
	for name, text := range dumps(t, live) {
		if text != before[name] {
			_, actions, _ := o.muster("actions", "-o", "csv")
			t.Errorf("%s is not what it was:\n%s\n%s\n%s", name, difference(before[name], text), undone, actions)
		}
	}
}

// excuse reports whether a planted drift may stand for a reason: a guardrail's, or that a person cannot have two accounts.
func excuse(why string) bool {
	return strings.Contains(why, "last enabled") || strings.Contains(why, "account of that name")
}

func mended(rule string) bool {
	return slices.Contains([]string{"leaver-active", "contractor-expired", "orphaned-account", "privilege-creep", "missing-access"}, rule)
}

// kept are the findings, by fingerprint, that a guardrail or a system kept from being mended, each with its reason.
func (o *org) kept() map[string]string {
	code, stdout, stderr := o.muster("actions", "--state", "blocked,failed,skipped", "-o", "json")
	if code != 0 {
		o.t.Fatal(stderr)
	}
	var list []struct {
		Finding string `json:"finding"`
		Why     string `json:"why"`
	}
	if err := json.Unmarshal([]byte(stdout), &list); err != nil {
		o.t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range list {
		out[r.Finding] = r.Why
	}
	return out
}

func dumps(t *testing.T, live *organisation.Organisation) map[string]string {
	t.Helper()
	out, err := live.Dump(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// difference shows the first lines that two dumps do not share.
func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	inA, inB := map[string]int{}, map[string]int{}
	for _, l := range x {
		inA[l]++
	}
	for _, l := range y {
		inB[l]++
	}
	var out []string
	for _, l := range x {
		if inB[l] < inA[l] {
			out = append(out, "- "+l)
		}
	}
	for _, l := range y {
		if inA[l] < inB[l] {
			out = append(out, "+ "+l)
		}
	}
	if len(out) > 40 {
		out = out[:40]
	}
	return strings.Join(out, "\n")
}

// facts is what a dump says, a line each: who is there, who may not log in, who holds what by themselves.
type facts map[string]bool

// ofDump reads the dump of one system.
func ofDump(t *testing.T, system, dump string) facts {
	t.Helper()
	out := facts{}
	switch system {
	case "directory":
		out.ofLDIF(t, dump)
	case "saas":
		out.ofSCIM(t, dump)
	default:
		out.ofSQL(dump)
	}
	if len(out) < 50 {
		t.Fatalf("the dump of %s says only %d things", system, len(out))
	}
	return out
}

func (f facts) ofLDIF(t *testing.T, dump string) {
	for _, entry := range strings.Split(dump, "\n\n") {
		attrs := map[string][]string{}
		for _, line := range strings.Split(strings.ReplaceAll(entry, "\n ", ""), "\n") {
			name, value, _ := strings.Cut(line, ":")
			if coded, ok := strings.CutPrefix(value, ":"); ok {
				raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(coded))
				if err != nil {
					t.Fatal(err)
				}
				value = string(raw)
			}
			attrs[name] = append(attrs[name], strings.TrimSpace(value))
		}
		dn := strings.Join(attrs["dn"], "")
		if uid, ok := under(dn, "uid=", ",ou=people,"); ok {
			f["account "+uid] = true
			if attrs["pwdAccountLockedTime"] != nil {
				f["disabled "+uid] = true
			}
		}
		if group, ok := under(dn, "cn=", ",ou=groups,"); ok {
			for _, m := range attrs["member"] {
				if uid, ok := under(m, "uid=", ",ou=people,"); ok {
					f["holds "+uid+" "+group] = true
				}
			}
		}
	}
}

// under gives the name of an entry below a branch.
func under(dn, prefix, branch string) (string, bool) {
	rest, ok := strings.CutPrefix(dn, prefix)
	name, _, below := strings.Cut(rest, branch)
	return name, ok && below
}

func (f facts) ofSCIM(t *testing.T, dump string) {
	var store struct {
		Users []struct {
			ID, UserName string
			Active       *bool
		}
		Groups []struct {
			DisplayName string
			Members     []struct{ Value string }
		}
	}
	if err := json.Unmarshal([]byte(dump), &store); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, u := range store.Users {
		names[u.ID] = u.UserName
		f["account "+u.UserName] = true
		if u.Active != nil && !*u.Active {
			f["disabled "+u.UserName] = true
		}
	}
	for _, g := range store.Groups {
		for _, m := range g.Members {
			f["holds "+names[m.Value]+" "+g.DisplayName] = true
		}
	}
}

func (f facts) ofSQL(dump string) {
	role := regexp.MustCompile(`^roles: ALTER ROLE (\S+) WITH (.*?)( VALID UNTIL .*)?;$`)
	member := regexp.MustCompile(`^roles: GRANT (\S+) TO (\S+)( WITH ADMIN OPTION)? GRANTED BY \S+;$`)
	object := regexp.MustCompile(`^\w+: GRANT (\w+) ON (\w+) (\S+) TO (\S+);$`)
	clean := func(s string) string { return strings.Trim(s, `"`) }
	for _, line := range strings.Split(dump, "\n") {
		if m := role.FindStringSubmatch(line); m != nil {
			f["account "+clean(m[1])] = true
			for _, word := range strings.Fields(m[2]) {
				switch word {
				case "NOLOGIN":
					f["disabled "+clean(m[1])] = true
				case "SUPERUSER", "CREATEROLE", "CREATEDB":
					f["holds "+clean(m[1])+" attribute:"+strings.ToLower(word)] = true
				}
			}
		}
		if m := member.FindStringSubmatch(line); m != nil {
			f["holds "+clean(m[2])+" "+clean(m[1])] = true
		}
		if m := object.FindStringSubmatch(line); m != nil {
			f["holds "+clean(m[4])+" "+strings.ToLower(m[2])+":"+m[3]+":"+m[1]] = true
		}
	}
}

// compareWithKey compares what changed on the servers with what the answer key says was planted: every excess that was held directly is
// gone, every leaver and orphan is disabled, every shortage is there, and nothing else has changed.
func compareWithKey(t *testing.T, o *org, before, after map[string]string) {
	t.Helper()
	key, err := answer.ReadFile(filepath.Join(o.dir, organisation.KeyFile))
	if err != nil {
		t.Fatal(err)
	}
	kept, reasons := map[string]bool{}, o.kept()
	for _, f := range o.findings() {
		if excuse(reasons[f.Fingerprint]) {
			kept[f.Rule+" "+f.System+" "+f.Subject+" "+f.Detail] = true
		}
	}
	for _, system := range liveSystems {
		was, is := ofDump(t, system, before[system]), ofDump(t, system, after[system])
		want, given := map[string]bool{}, map[string]int{}
		for _, f := range key {
			if f.System != system || f.State == access.Excepted || !mended(f.Rule) || kept[f.Rule+" "+system+" "+f.Subject+" "+f.Detail] {
				continue
			}
			switch f.Rule {
			case "privilege-creep":
				if held := "holds " + f.Subject + " " + f.Detail; was[held] {
					want["- "+held] = true
				}
			case "missing-access":
				given[f.Detail]++
			default:
				want["+ disabled "+f.Subject] = true
			}
		}
		if len(want) < 3 {
			t.Errorf("%s: the key plants only %v", system, want)
		}
		changes := map[string]bool{}
		for line := range was {
			if !is[line] {
				changes["- "+line] = true
			}
		}
		for line := range is {
			if was[line] {
				continue
			}
			fields := strings.SplitN(line, " ", 3)
			switch {
			case fields[0] == "holds": // whose account it is the key does not say, only whose person
				given[fields[2]]--
			case fields[0] == "account": // created for a shortage: it holds what was counted above
			default:
				changes["+ "+line] = true
			}
		}
		for _, line := range slices.Sorted(maps.Keys(want)) {
			if !changes[line] {
				t.Errorf("%s: planted and not mended: %s", system, line)
			}
		}
		for _, line := range slices.Sorted(maps.Keys(changes)) {
			if !want[line] {
				t.Errorf("%s: changed and not planted: %s", system, line)
			}
		}
		for name, n := range given {
			if n != 0 {
				t.Errorf("%s: %s was given to %d fewer than lack it", system, name, n)
			}
		}
	}
}
