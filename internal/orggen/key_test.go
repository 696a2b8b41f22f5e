package orggen_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/internal/orggen"
	"muster/internal/orggen/answer"
	"muster/internal/orggen/model"
)

func TestFilesReadBackGiveTheKey(t *testing.T) {
	for _, o := range []orggen.Options{{Seed: 11, Persons: 2000}, {Seed: 12, Persons: 1500, Shuffle: 3}, {Seed: 13, Persons: 400, Grants: 16_000}} {
		t.Run(fmt.Sprintf("seed %d", o.Seed), func(t *testing.T) {
			o.Dir = t.TempDir()
			generate(t, o)
			r := read(t, o.Dir)
			key, err := answer.ReadFile(filepath.Join(o.Dir, orggen.KeyFile))
			if err != nil {
				t.Fatal(err)
			}
			if len(key) < 100 {
				t.Fatalf("the key has %d findings", len(key))
			}
			var text strings.Builder
			if !answer.Report(&text, answer.Score(r.judge(), key), 5) {
				t.Error("\n" + text.String())
			}
		})
	}
}

func read(t *testing.T, dir string) *reading {
	t.Helper()
	policy, err := orggen.PolicyOf(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := &reading{t: t, dir: dir, policy: policy, ents: map[string]*model.Entitlement{}, byID: map[string]int{}, byFoldedID: map[string]int{}, byMail: map[string][]int{},
		byUPN: map[string][]int{}, byLogin: map[string][]int{}, byKey: map[string]*model.Account{}}
	for _, e := range policy.Entitlements {
		r.ents[e.System.String()+"/"+e.Name] = e
	}
	r.hr()
	r.vpn()
	r.erp()
	r.codehost()
	r.warehouse()
	r.saas()
	r.directory()
	r.mapped()
	return r
}

// mapped applies the explicit map of muster.yaml.
func (r *reading) mapped() {
	text := r.text("muster.yaml")
	for _, m := range regexp.MustCompile(`\{system: (\w+), account: "(\w+)", person: (\S+)\}`).FindAllStringSubmatch(text, -1) {
		r.byKey[m[1]+"/"+m[2]].Keys.Map = r.byID[m[3]]
	}
}

func (r *reading) text(name string) string {
	data, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(data)
}

// accepted applies exceptions.yaml and the mitigations of sod.yaml to the persons that the findings concern. The key's evaluation
// knows a person's exceptions; here they are matched by the subject's name, as any reader would.
func (r *reading) accepted(f answer.Finding) answer.Finding {
	for _, m := range regexp.MustCompile(`\{conflict: (\S+), person: (\S+),.*expires: (\S+)\}`).FindAllStringSubmatch(r.text("sod.yaml"), -1) {
		if f.Rule == "sod-conflict" && f.Detail == m[1] && f.Subject == m[2] && m[3] >= "2026-11-22" {
			f.State = access.Excepted
		}
	}
	for _, x := range strings.Split(r.text("exceptions.yaml"), "  - id: ")[1:] {
		field := func(name string) string {
			m := regexp.MustCompile(`(?m)^    ` + name + `: "?([^"\n]*)"?$`).FindStringSubmatch(x)
			if m == nil {
				return ""
			}
			return m[1]
		}
		if f.Rule == field("rule") && f.System == field("system") && f.Subject == field("subject") && f.Detail == field("detail") && field("expires") >= "2026-11-22" {
			f.State = access.Excepted
		}
	}
	return f
}

// judge links by the folded identifiers and judges person by person.
func (r *reading) judge() []answer.Finding {
	var found []answer.Finding
	holders := func(i int) []int { return r.byMail[fold(r.persons[i].Email)] }
	e := answer.New(r.policy, orggen.DefaultAsOf(), holders, func(f answer.Finding) { found = append(found, r.accepted(f)) })
	for _, a := range r.accounts {
		if p := r.owner(a, holders, e); p != nil {
			p.Accounts = append(p.Accounts, a)
			continue
		}
		e.Account(a)
	}
	for _, p := range r.persons {
		e.Person(p)
	}
	return found
}

// owner is the one person whom every key that matches allows.
func (r *reading) owner(a *model.Account, holders func(int) []int, e *answer.Evaluator) *model.Person {
	if e.Link(a) != access.Linked {
		return nil
	}
	if a.Keys.Map != model.Nobody {
		return r.persons[a.Keys.Map]
	}
	var left []int
	for _, list := range [][]int{single(a.Keys.EmployeeID), many(a.Keys.Email, holders), single(a.Keys.UPN), single(a.Keys.Username), many(a.Keys.Address, holders)} {
		switch {
		case len(list) == 0:
		case left == nil:
			left = slices.Clone(list)
		default:
			left = slices.DeleteFunc(left, func(i int) bool { return !slices.Contains(list, i) })
		}
	}
	if len(left) != 1 {
		r.t.Fatalf("%s/%s: linked and %d persons are left", a.System, a.Name, len(left))
	}
	return r.persons[left[0]]
}

func single(i int) []int {
	if i == model.Nobody {
		return nil
	}
	return []int{i}
}

func many(i int, holders func(int) []int) []int {
	if i == model.Nobody {
		return nil
	}
	return holders(i)
}
