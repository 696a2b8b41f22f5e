package ldap

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/testserver/slapd"
)

// fromFile collects from LDIF text.
func fromFile(t *testing.T, text, extra string) collected {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export.ldif")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return collect(t, build(t, mapping+extra+"ldif: "+path+"\n", nil))
}

// sorted renders records, with the two spellings of an escaped comma made one.
func sorted(records []access.Record) []string {
	var out []string
	for _, r := range records {
		out = append(out, strings.NewReplacer(`\,`, `\2C`, `\2c`, `\2C`).Replace(fmt.Sprintf("%s %+v", r.Class(), r)))
	}
	sort.Strings(out)
	return out
}

func TestExportOfLdapsearchGivesTheSameAsTheServer(t *testing.T) {
	s := startSlapd(t, slapd.Options{LDIF: ldifText(false)})
	live := collect(t, build(t, liveSettings(s.URL()), nil))
	out, err := exec.Command("ldapsearch", "-x", "-H", s.URL(), "-D", s.BindDN, "-w", password, "-b", s.Suffix, "(objectClass=*)", "*", "+").Output()
	if err != nil {
		t.Fatal(err)
	}
	file := fromFile(t, string(out), "")
	if live.err != nil || file.err != nil {
		t.Fatal(live.err, file.err)
	}
	if a, b := sorted(live.records), sorted(file.records); !reflect.DeepEqual(a, b) {
		t.Errorf("live\n%s\nfile\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
}

func TestSignsOfAShortFile(t *testing.T) {
	whole := ldifText(false)
	for name, c := range map[string]struct{ text, reason, hint string }{
		"no last newline":   {strings.TrimRight(whole, "\n"), "cut off", "final_newline"},
		"size limit":        {whole + "search: 2\nresult: 4 Size limit exceeded\n", "sizeLimitExceeded (4)", "pr=1000"},
		"references":        {whole + "ref: ldap://other.acme.example/\n\n", "1 references to other servers", ""},
		"nothing":           {"", "no entry of the file", "base_dn"},
		"cut after dn line": {whole[:strings.Index(whole, "dn: uid=zoe")] + "dn: uid=zoe,ou=people,dc=acme,dc=example\n", "1 entries could not be read", ""},
		"no objectClass":    {whole + "dn: uid=x,ou=people,dc=acme,dc=example\nuid: x\n", "1 entries could not be read", ""},
		"bad base64":        {whole + "dn: uid=x,ou=people,dc=acme,dc=example\ncn:: %%\n", "1 entries could not be read", ""},
		"no entryUUID":      {whole + "dn: uid=x,ou=people,dc=acme,dc=example\nobjectClass: inetOrgPerson\nuid: x\n", "1 entries could not be read", ""},
		"bad time":          {whole + "dn: uid=x,ou=people,dc=acme,dc=example\nobjectClass: inetOrgPerson\nentryUUID: 1\npwdAccountLockedTime: soon\n", "1 entries could not be read", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := fromFile(t, c.text, "")
			if got.coverage.State() == access.Complete {
				t.Fatal("it is called complete")
			}
			k, _ := got.coverage.Of(access.ClassAccount)
			if !strings.Contains(k.Reason, c.reason) || !strings.Contains(access.HintOf(got.err), c.hint) {
				t.Errorf("reason %q, hint %q", k.Reason, access.HintOf(got.err))
			}
		})
	}
	if got := fromFile(t, strings.TrimRight(whole, "\n"), "final_newline: optional\n"); got.err != nil || got.coverage.State() != access.Complete {
		t.Errorf("final_newline: optional: %v", got.err)
	}
}

func TestFileThatMayNotBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "export.ldif")
	got := collect(t, build(t, mapping+"ldif: "+path+"\n", nil))
	got.failed(t, access.NotFound, "no such file", "check the path")
	got.short(t, access.ClassAccount, access.Failed, "no such file")
	if err := os.WriteFile(path, nil, 0); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Open(path); err == nil {
		f.Close()
		t.Log("this user may read every file")
		return
	}
	got = collect(t, build(t, mapping+"ldif: "+path+"\n", nil))
	got.failed(t, access.Denied, "permission denied", "let the user")
}

func TestLocksAndTimes(t *testing.T) {
	entry := func(uid, rest string) string {
		return "dn: uid=" + uid + ",ou=people,dc=acme,dc=example\nobjectClass: inetOrgPerson\nuid: " + uid + "\nentryUUID: id-" + uid + "\n" + rest + "\n"
	}
	text := tree + entry("open", "") +
		entry("forever", "pwdAccountLockedTime: 000001010000Z\n") +
		entry("lately", "pwdAccountLockedTime: 20261122005500Z\n") +
		entry("long-ago", "pwdAccountLockedTime: 20261101000000Z\n") +
		entry("ended", "pwdEndTime: 20261121000000Z\n") +
		entry("later", "pwdStartTime: 20261201000000Z\n") +
		entry("twice", "pwdLastSuccess: 20261001000000Z\npwdLastSuccess: 20261101000000.5Z\npwdChangedTime: 20250101000000Z\n") +
		entry("mfa", "departmentNumber: yes\nemployeeType: SHARED\n") + entry("told", "employeeType: robot\n")
	got := fromFile(t, text, "lockout_duration: 15m\nlast_login_tracked: true\nextra_attributes: [employeeType]\nkinds: {Robot: service}\n")
	if got.err != nil {
		t.Fatal(got.err)
	}
	for name, want := range map[string]struct{ enabled, locked, never bool }{
		"open": {true, false, true}, "forever": {false, true, true}, "lately": {false, true, true}, "long-ago": {true, false, true},
		"ended": {false, false, true}, "later": {false, false, true}, "twice": {true, false, false},
	} {
		if a := got.account(name); a.Enabled != want.enabled || a.Locked != want.locked || a.NeverLoggedIn != want.never {
			t.Errorf("%s: enabled %v, locked %v, never %v; want %+v", name, a.Enabled, a.Locked, a.NeverLoggedIn, want)
		}
	}
	if a := got.account("twice"); !a.LastLogin.Equal(time.Date(2026, 11, 1, 0, 0, 0, 500_000_000, time.UTC)) || a.PasswordChangedAt.Year() != 2025 {
		t.Errorf("times %v %v", a.LastLogin, a.PasswordChangedAt)
	}
	if a := got.account("mfa"); a.Kind != access.KindShared || a.Attributes["employeeType"] != "SHARED" {
		t.Errorf("%+v", a)
	}
	if a := got.account("told"); a.Kind != access.KindService {
		t.Errorf("%+v", a)
	}
	without := fromFile(t, text, "")
	if a := without.account("long-ago"); a.Enabled || !a.Locked || a.NeverLoggedIn {
		t.Errorf("without lockout_duration: %+v", a)
	}
}

func TestGroupsOfTheSameNameAndMembersByName(t *testing.T) {
	text := ldifText(false) + `dn: ou=old,ou=groups,dc=acme,dc=example
objectClass: organizationalUnit
ou: old

dn: cn=Staff,ou=old,ou=groups,dc=acme,dc=example
objectClass: posixGroup
cn: Staff
gidNumber: 5000
entryUUID: posix-staff
memberUid: ADA
memberUid: nobody

`
	got := fromFile(t, text, "member_attributes: [member, memberUid]\ngroups: {filter: \"(|(objectClass=groupOfNames)(&(objectClass=posixGroup)(!(cn=wheel*))))\"}\n")
	if got.err != nil {
		t.Fatal(got.err)
	}
	names := map[string]string{}
	holds := map[string]bool{}
	for _, r := range got.records {
		switch v := r.(type) {
		case access.Entitlement:
			names[v.ID] = v.Name
		case access.Grant:
			holds[v.AccountID+" "+v.EntitlementID] = true
		}
	}
	if names["posix-staff"] != "cn=Staff,ou=old,ou=groups,dc=acme,dc=example" || names[uuid(11)] != "cn=staff,ou=groups,dc=acme,dc=example" || names[uuid(13)] != "admins" {
		t.Errorf("names %v", names)
	}
	if !holds[uuid(1)+" posix-staff"] {
		t.Error("memberUid ADA is not ada")
	}
}

// TestPlaceholderIsNobody: it is no grant, and no member that is missing; any other name that is not there is.
func TestPlaceholderIsNobody(t *testing.T) {
	text := ldifText(false) + `dn: cn=left,ou=groups,dc=acme,dc=example
objectClass: groupOfNames
cn: left
entryUUID: left-group
member: CN=Nobody, dc=acme,dc=example
member:

`
	without, with := fromFile(t, text, ""), fromFile(t, text, "placeholder_member: \"cn=nobody,dc=acme,dc=example\"\n")
	count := func(c collected) (rejected, held int) {
		for _, r := range c.records {
			switch v := r.(type) {
			case access.Rejection:
				rejected++
			case access.Grant:
				if v.EntitlementID == "left-group" {
					held++
				}
			}
		}
		return rejected, held
	}
	loud, _ := count(without)
	quiet, held := count(with)
	if with.err != nil || loud != quiet+1 || held != 0 {
		t.Errorf("%v: %d rejections without the setting, %d with it, %d grants", with.err, loud, quiet, held)
	}
}

func TestCancelledWhileReadingAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "export.ldif")
	if err := os.WriteFile(path, []byte(bigLDIF(2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	_, err := build(t, mapping+"ldif: "+path+"\n", nil).Collect(ctx, func(access.Record) error {
		if n++; n == 100 {
			cancel()
		}
		return nil
	})
	if err == nil || n != 100 {
		t.Errorf("%d records, %v", n, err)
	}
}
