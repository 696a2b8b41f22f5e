package main

import (
	"encoding/base64"
	"encoding/json"
	"index/suffixarray"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"muster/cmd/muster/cli"
	"muster/internal/orggen"
	"muster/internal/reconcile/reperform"
	"muster/reports/pack"
)

// identities are who the organisation's people are: what must stand nowhere, not even within a word (worker ids, whole names, addresses, logins, account
// ids), and what must be no word (single names, and logins that are short).
type identities struct {
	parts []string
	words map[string]bool
}

// harmless are words that somebody is called, or that an account is, and that the packs say of something else: the collector postgres, and a period of grace.
func harmless() []string { return []string{"postgres", "grace"} }

// plain is a text in small letters without marks.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsMark(r) {
			return -1
		}
		return r
	}, norm.NFKD.String(strings.ToLower(s)))
	return strings.Join(strings.Fields(strings.NewReplacer("ł", "l", "ø", "o", "ß", "ss", "ı", "i", "đ", "d", "ð", "d", "þ", "th", "æ", "ae").Replace(s)), " ")
}

func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}

// people reads them from a pack with names.
func people(t *testing.T, named string) identities {
	t.Helper()
	out := identities{nil, map[string]bool{}}
	add := func(list ...string) {
		for _, s := range list {
			switch s = plain(s); {
			case slices.Contains(harmless(), s) || len([]rune(s)) < 3:
			case len(s) < 5:
				out.words[s] = true
			default:
				out.parts = append(out.parts, s)
			}
		}
	}
	persons, accounts := cells(t, named, "persons.csv"), cells(t, named, "accounts.csv")
	for _, column := range []string{"worker_id", "email", "upn", "username", "display_name"} {
		add(persons[column]...)
	}
	for _, column := range []string{"name", "email", "upn", "employee_id", "display_name", "owner_ref"} {
		add(accounts[column]...)
	}
	for _, id := range accounts["account_id"] {
		if strings.Trim(id, "0123456789") != "" {
			add(id)
		}
	}
	for _, name := range slices.Concat(persons["given_name"], persons["family_name"]) {
		for _, w := range words(plain(name)) {
			if len(w) > 2 && !slices.Contains(harmless(), w) {
				out.words[w] = true
			}
		}
	}
	who, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	add("user "+who.Username, "started by "+who.Username)
	slices.Sort(out.parts)
	out.parts = slices.Compact(out.parts)
	if len(out.parts) < 1000 || len(out.words) < 200 {
		t.Fatalf("only %d identifiers and %d names", len(out.parts), len(out.words))
	}
	return out
}

// found lists what of the people is in a text.
func (p identities) found(text string) (out []string) {
	text = plain(text)
	index := suffixarray.New([]byte(text))
	for _, s := range p.parts {
		if at := index.Lookup([]byte(s), 1); len(at) > 0 {
			out = append(out, text[max(0, at[0]-20):at[0]]+"["+s+"]")
		}
	}
	for _, w := range words(text) {
		if p.words[w] {
			out = append(out, w)
		}
	}
	return out
}

// extra is an entry of the ledger in its proof.
var extra = regexp.MustCompile(`(?m)^extra (\S+)$`)

// read is all that a file says: of a PDF its words, its properties and what is attached to it, of proofs and statements what they carry.
func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	decode := func(s string) string {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		return string(b)
	}
	switch {
	case strings.HasSuffix(path, ".pdf"):
		text = output(t, "pdftotext", path, "-") + output(t, "pdfinfo", path)
		dir := t.TempDir()
		output(t, "pdfdetach", "-saveall", "-o", dir, path)
		attached, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(attached) == 0 {
			t.Errorf("nothing is attached to %s: %v", path, err)
		}
		for _, a := range attached {
			text += read(t, a)
		}
	case strings.HasSuffix(path, ".tlog-proof"):
		text += decode(extra.FindStringSubmatch(text)[1])
	case strings.HasSuffix(path, ".dsse.json"):
		var signed struct{ Payload string }
		if err := json.Unmarshal(raw, &signed); err != nil {
			t.Error(err)
		}
		text = decode(signed.Payload)
	}
	return text
}

// busy is an organisation with two nights, a campaign, and access that was asked for; some of it was done by whoever is at the keyboard.
func busy(t *testing.T) *org {
	o := generate(t, orggen.Options{Persons: 200})
	o.nightly(cli.ExitClean)
	campaign := "name: Quarter\nowner: W-00001\nscope: account.enabled && system.name in [\"codehost\", \"erp\"]\nreviewers: [manager, owner, security]\nsilence: keep\ndue: 14d\n"
	if err := os.WriteFile(filepath.Join(o.dir, "quarter.yaml"), []byte(campaign), 0o600); err != nil {
		t.Fatal(err)
	}
	o.may("review", "create", filepath.Join(o.dir, "quarter.yaml"))
	o.may("review", "assign", "Quarter")
	o.decideSome()
	o.may("review", "close", "Quarter", "--early")
	who, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	o.replace("muster.yaml", "\npeople:\n", "\npeople:\n  identities: [{person: W-00001, os_user: "+who.Username+"}]\n")
	o.may("request", "W-00050", "erp/TREASURY_VIEW", "--for", "14d", "--reason", "Achieng stands in for Maya Achieng's manager, says maya.achieng@acme.example")
	o.at("2026-11-23")
	o.may("nightly")
	return o
}

// TestPacksForOutsideNameNobody looks into every file of a pack with pseudonyms for everybody's names, ids, logins and addresses.
func TestPacksForOutsideNameNobody(t *testing.T) {
	o := busy(t)
	named := o.report(t.TempDir(), "reconciliation")
	who := people(t, named)
	if text, err := os.ReadFile(filepath.Join(spread(t, named), pack.HTMLFile)); err != nil || len(who.found(string(text))) < 50 {
		t.Fatalf("nobody is found where everybody is named: %v", err)
	}
	if len(cells(t, named, "activity.csv")["by"]) == 0 {
		t.Error("nothing was asked or decided")
	}
	var pseudonyms []string
	for _, k := range [][]string{{"reconciliation"}, {"access-review", "--campaign", "Quarter"}, {"terminations", "--period", "2026-Q4"}, {"sod"}, {"person", "--person", "W-00050"}, {"controls", "--period", "2026-Q4"}} {
		t.Run(k[0], func(t *testing.T) {
			path := o.outside(t, k)
			folder := spread(t, path)
			files := []string{}
			for _, dir := range []string{folder, filepath.Dir(path)} {
				err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
					if err == nil && !e.IsDir() {
						files = append(files, path)
					}
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, f := range files {
				text := filepath.Base(f) + "\n"
				if !strings.HasSuffix(f, ".zip") {
					text += read(t, f)
				}
				if found := who.found(text); len(found) > 0 {
					t.Errorf("%s names %d, such as %q", filepath.Base(f), len(found), found[:min(5, len(found))])
				}
				pseudonyms = append(pseudonyms, regexp.MustCompile(`person-[A-Z2-7]{10}`).FindAllString(text, -1)...)
			}
		})
	}
	if len(pseudonyms) < 100 {
		t.Fatalf("only %d pseudonyms", len(pseudonyms))
	}
	if said := o.may("report", "who", pseudonyms[0], "-o", "csv"); !regexp.MustCompile(`W-\d{5}`).MatchString(said) {
		t.Errorf("inside, %s is %s", pseudonyms[0], said)
	}
	if code, _, stderr := o.muster("report", "who", "person-AAAAAAAAAA"); code != cli.ExitError || !strings.Contains(stderr, "HR lists no more") {
		t.Errorf("a pseudonym of nobody: %d %s", code, stderr)
	}
}

// outside renders a pack with pseudonyms, which verifies and comes out the same again.
func (o *org) outside(t *testing.T, kind []string) string {
	t.Helper()
	one := func() string {
		dir := t.TempDir()
		o.may(append([]string{"report", kind[0], "--redact", "--out", dir}, kind[1:]...)...)
		zips, err := filepath.Glob(filepath.Join(dir, "*-redacted.zip"))
		if err != nil || len(zips) != 1 {
			t.Fatal(zips, err)
		}
		return zips[0]
	}
	path := one()
	if rep, err := reperform.Verify(t.Context(), path, ""); err != nil || rep.OK() || !strings.HasPrefix(rep.Summary(), "verified, except: ") || !strings.Contains(rep.Summary(), "the pack carries pseudonyms") {
		t.Errorf("%v %s\n%+v", err, rep.Summary(), rep.Steps)
	}
	if kind[0] != "sod" && kind[0] != "person" {
		return path
	}
	again := one()
	a, err := os.ReadFile(path)
	b, err2 := os.ReadFile(again)
	if err != nil || err2 != nil || string(a) != string(b) || filepath.Base(path) != filepath.Base(again) {
		t.Errorf("rendered again it is another: %v %v %s", err, err2, unlike(spread(t, path), spread(t, again)))
	}
	return path
}
