package ldap

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"muster/internal/access"
	"muster/internal/testserver/ldapproxy"
	"muster/internal/testserver/slapd"
	"muster/remediate"
	"muster/remediate/ldap/schema"
)

func grant(n int, name string, who access.AccountRef) access.Action {
	a := newAction(access.GrantEntitlement, who)
	a.Entitlement = heldRef(n, name)
	return a
}

func remove(n int, name string, who access.AccountRef) access.Action {
	a := newAction(access.RemoveEntitlement, who)
	a.Entitlement = heldRef(n, name)
	return a
}

func inspect(t *testing.T, target *Target, a access.Action) access.Observation {
	t.Helper()
	obs, err := target.Inspect(t.Context(), a)
	if err != nil {
		t.Fatalf("inspect: %v", err)
	}
	return obs
}

// apply looks and changes, as the executor does, and gives the action as it was applied.
func apply(t *testing.T, target *Target, a access.Action) (access.Action, access.Receipt) {
	t.Helper()
	obs := inspect(t, target, a)
	a.Before = &obs
	receipt, err := target.Apply(t.Context(), a)
	if err != nil {
		t.Fatalf("apply %s: %v", a.Kind, err)
	}
	if !receipt.After.Shows(a) {
		t.Fatalf("apply %s: the re-read does not show it: %+v", a.Kind, receipt.After)
	}
	return a, receipt
}

func undo(t *testing.T, target *Target, a access.Action, receipt access.Receipt) access.Receipt {
	t.Helper()
	inverse, ok := remediate.Inverse(a, *a.Before)
	if !ok {
		t.Fatalf("%s has no inverse", a.Kind)
	}
	inverse.ID = "A-UNDO"
	if a.Kind == access.CreateAccount {
		inverse.Account.ID = receipt.After.AccountID
	}
	_, undone := apply(t, target, inverse)
	return undone
}

// refused wants an error of a kind with a hint, and nothing changed.
func refused(t *testing.T, s *slapd.Server, target *Target, a access.Action, kind access.Kind, text, hint string) {
	t.Helper()
	before := dump(t, s)
	_, err := target.Apply(t.Context(), a)
	switch {
	case access.KindOf(err) != kind:
		t.Errorf("kind %q, want %q: %v", access.KindOf(err), kind, err)
	case !strings.Contains(err.Error(), text):
		t.Errorf("error %q lacks %q", err, text)
	case !strings.Contains(access.HintOf(err), hint):
		t.Errorf("hint %q lacks %q", access.HintOf(err), hint)
	}
	if dump(t, s) != before {
		t.Errorf("what was refused changed something:\n%s\n---\n%s", before, dump(t, s))
	}
}

func login(s *slapd.Server) error {
	c, err := goldap.DialURL(s.URL())
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Bind("uid=ada,ou=people,"+s.Suffix, "secret-of-ada")
}

// TestWhoIsLockedOutCannotLogIn asks the server itself.
func TestWhoIsLockedOutCannotLogIn(t *testing.T) {
	s := start(t, slapd.Options{})
	target := build(t, s, s.URL(), "", nil)
	ended := newAction(access.SetExpiry, accountRef(1, "ada"))
	ended.ExpiresAt = now().Add(-time.Hour).UTC().Truncate(time.Second)
	for _, a := range []access.Action{newAction(access.DisableAccount, accountRef(1, "ada")), ended} {
		if err := login(s); err != nil {
			t.Fatalf("before %s: %v", a.Kind, err)
		}
		a, receipt := apply(t, target, a)
		if login(s) == nil {
			t.Errorf("%s: the account still logs in", a.Kind)
		}
		if receipt.After.Enabled {
			t.Errorf("%s: the account looks enabled", a.Kind)
		}
		undo(t, target, a, receipt)
		if err := login(s); err != nil {
			t.Errorf("undo of %s: %v", a.Kind, err)
		}
	}
}

// TestLockThatNobodyHeedsIsRefused: slapd ignores locks where the policy does not say pwdLockout.
func TestLockThatNobodyHeedsIsRefused(t *testing.T) {
	s := start(t, slapd.Options{Unenforced: true})
	disable := newAction(access.DisableAccount, accountRef(1, "ada"))
	refused(t, s, build(t, s, s.URL(), "", nil), disable, access.Invalid, "cn=policy,dc=acme,dc=example does not enforce locks", "pwdLockout: TRUE")
	refused(t, s, build(t, s, s.URL(), "policy: cn=other,dc=acme,dc=example\n", nil), disable, access.Invalid, "no password policy that muster may read", "locks_enforced")
	apply(t, build(t, s, s.URL(), "locks_enforced: true\n", nil), disable)

	s = start(t, slapd.Options{LDIF: fixture + "dn: cn=lax,dc=acme,dc=example\nobjectClass: organizationalRole\nobjectClass: pwdPolicy\ncn: lax\npwdAttribute: userPassword\n\n"})
	refused(t, s, build(t, s, s.URL(), "", nil), disable, access.Invalid, "cn=lax,dc=acme,dc=example does not enforce locks", "policy")
	administer(t, s, func(c *goldap.Conn) error {
		change := goldap.NewModifyRequest("uid=zoe,ou=people,"+s.Suffix, nil)
		change.Replace("pwdPolicySubentry", []string{"cn=lax,dc=acme,dc=example"})
		return c.Modify(change)
	})
	named := build(t, s, s.URL(), "policy: cn=policy,dc=acme,dc=example\n", nil)
	apply(t, named, disable)
	refused(t, s, named, newAction(access.DisableAccount, accountRef(3, "zoe")), access.Invalid, "cn=lax", "policy")
}

func TestNobodyLeavesAGroupEmpty(t *testing.T) {
	s := start(t, slapd.Options{})
	target := build(t, s, s.URL(), "", nil)
	refused(t, s, target, remove(14, "visitors", accountRef(3, "zoe")), access.Invalid, "objectClassViolation (65)", "cannot be empty")
	// She leaves admins on the way, and must be put back.
	refused(t, s, target, newAction(access.DeleteAccount, accountRef(3, "zoe")), access.Invalid, "take it out of visitors", "cannot be empty")
}

// TestPlaceholderTakesTheLastMembersPlace, whoever it is, and goes when the inverse brings the member back; one that was there before stays.
func TestPlaceholderTakesTheLastMembersPlace(t *testing.T) {
	for name, dn := range map[string]string{"a name": "cn=Nobody,dc=acme,dc=example", "the empty name": ""} {
		t.Run(name, func(t *testing.T) {
			s := start(t, slapd.Options{})
			target := build(t, s, s.URL(), "placeholder_member: \""+dn+"\"\n", nil)
			before := dump(t, s)
			removal, removed := apply(t, target, remove(14, "visitors", accountRef(3, "zoe")))
			line := strings.TrimSpace("uniqueMember: " + dn)
			if got := dump(t, s); !strings.Contains(got, line+"\n") || strings.Contains(got, "uniqueMember: uid=zoe") {
				t.Fatalf("the group is not kept by %q:\n%s", line, got)
			}
			empty := dump(t, s)
			joining, joined := apply(t, target, grant(14, "visitors", accountRef(1, "ada")))
			undo(t, target, joining, joined)
			if got := dump(t, s); got != empty {
				t.Errorf("a grant taken back does not leave the placeholder:\n%s\n---\n%s", empty, got)
			}
			undo(t, target, removal, removed)
			if got := dump(t, s); got != before {
				t.Errorf("not as before:\n%s\n---\n%s", before, got)
			}

			administer(t, s, func(c *goldap.Conn) error {
				change := goldap.NewModifyRequest("cn=visitors,ou=groups,"+s.Suffix, nil)
				change.Add("uniqueMember", []string{dn})
				return c.Modify(change)
			})
			before = dump(t, s)
			removal, removed = apply(t, target, remove(14, "visitors", accountRef(3, "zoe")))
			undo(t, target, removal, removed)
			if got := dump(t, s); got != before {
				t.Errorf("a placeholder that was there did not stay:\n%s\n---\n%s", before, got)
			}

			s = start(t, slapd.Options{})
			target = build(t, s, s.URL(), "placeholder_member: \""+dn+"\"\n", nil)
			deletion, deleted := apply(t, target, newAction(access.DeleteAccount, accountRef(3, "zoe")))
			undo(t, target, deletion, deleted)
			if got := dump(t, s); strings.Contains(got, line+"\n") || !strings.Contains(got, "uniqueMember: uid=zoe") {
				t.Errorf("the deleted account did not come back into its group alone:\n%s", got)
			}
		})
	}
}

// TestRefusedDeletionTakesThePlaceholderBack: the entry has another below it, which shows when its groups are behind.
func TestRefusedDeletionTakesThePlaceholderBack(t *testing.T) {
	s := start(t, slapd.Options{LDIF: fixture + "dn: cn=phone,uid=zoe,ou=people,dc=acme,dc=example\nobjectClass: device\ncn: phone\n\n"})
	target := build(t, s, s.URL(), "placeholder_member: cn=nobody,dc=acme,dc=example\n", nil)
	refused(t, s, target, newAction(access.DeleteAccount, accountRef(3, "zoe")), access.Conflict, "notAllowedOnNonLeaf", "below it")
}

func TestNestingIsTold(t *testing.T) {
	s := start(t, slapd.Options{})
	target := build(t, s, s.URL(), "", nil)
	for name, c := range map[string]struct {
		a       access.Action
		holds   bool
		through []string
	}{
		"direct and nested":     {remove(11, "staff", accountRef(1, "ada")), true, []string{"engineers"}},
		"nested":                {remove(13, "admins", accountRef(1, "ada")), false, []string{"engineers"}},
		"through two groups":    {remove(11, "staff", accountRef(3, "zoe")), false, []string{"admins"}},
		"direct in a cycle":     {remove(13, "admins", accountRef(3, "zoe")), true, nil},
		"not at all":            {grant(14, "visitors", accountRef(1, "ada")), false, nil},
		"by the group's name":   {grant(0, "staff", accountRef(2, "bob")), true, nil},
		"in what is not there":  {grant(99, "nowhere", accountRef(1, "ada")), false, nil},
		"of nobody who is here": {remove(11, "staff", accountRef(98, "nobody")), false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if c.a.Entitlement.Name == "staff" && c.a.Entitlement.ID == uuid(0) {
				c.a.Entitlement.ID = ""
			}
			obs := inspect(t, target, c.a)
			if obs.Holds != c.holds || !slices.Equal(obs.Through, c.through) {
				t.Errorf("holds %t through %q, want %t through %q", obs.Holds, obs.Through, c.holds, c.through)
			}
		})
	}
}

func TestOthersMayComeAndGoInTheGroup(t *testing.T) {
	s := start(t, slapd.Options{})
	target := build(t, s, s.URL(), "", nil)
	a := remove(11, "staff", accountRef(1, "ada"))
	obs := inspect(t, target, a)
	a.Before = &obs
	apply(t, target, grant(11, "staff", accountRef(3, "zoe")))
	if _, err := target.Apply(t.Context(), a); err != nil {
		t.Errorf("another member's coming is a conflict: %v", err)
	}
}

// TestServerRefusesWhatChangedInBetween changes the account when the request is on its way, past our own comparison.
func TestServerRefusesWhatChangedInBetween(t *testing.T) {
	for _, kind := range []access.ActionKind{access.DisableAccount, access.DeleteAccount} {
		t.Run(string(kind), func(t *testing.T) {
			s := start(t, slapd.Options{})
			front, err := ldapproxy.Start(s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(front.Stop)
			a := newAction(kind, accountRef(1, "ada"))
			var armed atomic.Bool
			front.Request = func(r ldapproxy.Request) (int, ldapproxy.Ending) {
				if r.Writes() && armed.Swap(false) {
					touch(t, s, a)
				}
				return 0, ldapproxy.Pass
			}
			target := build(t, s, front.URL(), "", nil)
			obs := inspect(t, target, a)
			a.Before = &obs
			armed.Store(true)
			_, err = target.Apply(t.Context(), a)
			if access.KindOf(err) != access.Conflict || !strings.Contains(err.Error(), "assertionFailed (122)") {
				t.Errorf("got %v", err)
			}
			after := dump(t, s)
			if strings.Contains(after, "pwdAccountLockedTime: 0000") || !strings.Contains(after, "dn: uid=ada,") || !strings.Contains(after, "member: uid=ADA,ou=People") {
				t.Errorf("something was changed:\n%s", after)
			}
		})
	}
}

// TestDeletedAccountComesBack compares all but what Abilities says cannot come back.
func TestDeletedAccountComesBack(t *testing.T) {
	s := start(t, slapd.Options{})
	target := build(t, s, s.URL(), "", nil)
	apply(t, target, grant(14, "visitors", accountRef(1, "ada"))) // through the server, so that the overlay keeps memberOf
	apply(t, target, newAction(access.DisableAccount, accountRef(1, "ada")))
	lasting := func() string {
		var kept []string
		for line := range strings.Lines(dump(t, s)) {
			if attr, _, _ := strings.Cut(line, ":"); !slices.Contains([]string{"entryUUID", "createTimestamp", "creatorsName", "userPassword"}, attr) {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
	before := lasting()
	a, receipt := apply(t, target, newAction(access.DeleteAccount, accountRef(1, "ada")))
	if strings.Contains(strings.ToLower(lasting()), "uid=ada") {
		t.Errorf("something of the account is left:\n%s", lasting())
	}
	undone := undo(t, target, a, receipt)
	if got := lasting(); got != before {
		t.Errorf("it came back otherwise:\n%s\n--- was\n%s", got, before)
	}
	if undone.After.AccountID == uuid(1) || undone.After.AccountID == "" {
		t.Errorf("the id is %q", undone.After.AccountID)
	}
}

// TestHalfOfAnAccountIsNotBack: interrupted between the entry and its groups, the return is still to be done.
func TestHalfOfAnAccountIsNotBack(t *testing.T) {
	s := start(t, slapd.Options{})
	target := build(t, s, s.URL(), "", nil)
	a, _ := apply(t, target, newAction(access.DeleteAccount, accountRef(1, "ada")))
	inverse, _ := remediate.Inverse(a, *a.Before)
	inverse.ID = "A-UNDO"
	administer(t, s, func(c *goldap.Conn) error {
		half := goldap.NewAddRequest("uid=ada,ou=people,"+s.Suffix, nil)
		for name, value := range map[string]string{"objectClass": "inetOrgPerson", "cn": "Ada Example", "sn": "Example", "uid": "ada", "employeeNumber": "W-00001"} {
			half.Attribute(name, []string{value})
		}
		return c.Add(half)
	})
	if inspect(t, target, inverse).Shows(inverse) {
		t.Fatal("half of it passes for all")
	}
	apply(t, target, inverse)
	if text := dump(t, s); !strings.Contains(text, "member: uid=ADA,ou=People,dc=acme,dc=example") || !strings.Contains(text, "member: uid=ada,ou=people,dc=acme,dc=example") {
		t.Errorf("memberships are missing:\n%s", text)
	}
}

func TestNewAccounts(t *testing.T) {
	s := start(t, slapd.Options{})
	target := build(t, s, s.URL(), "create: {attributes: {title: '', description: 'Hired as {title}', o: '{upn}'}}\n", nil)
	create := func(name, employee string) access.Action {
		a := newAction(access.CreateAccount, access.AccountRef{Name: name})
		a.Attributes = map[string]string{access.AttrUserName: name, access.AttrDisplayName: "Edith, Example", access.AttrEmployeeID: employee, access.AttrTitle: "Analyst"}
		return a
	}
	refused(t, s, target, create("ada", "W-00077"), access.Conflict, `"ada" is taken by another account`, "")
	refused(t, s, target, create("zoe", "W-00077"), access.Conflict, `"zoe" is taken by another account`, "") // hers has no number
	if obs := inspect(t, target, create("bobby", "W-00002")); !obs.Exists || obs.AccountID != uuid(2) {
		t.Errorf("the person's account of another name is not found: %+v", obs)
	}
	odd := create("edith, x", "W-00009")
	_, receipt := apply(t, target, odd)
	text := dump(t, s)
	for _, want := range []string{`dn: uid=edith\2C x,ou=people,dc=acme,dc=example`, "cn: Edith, Example", "sn: Edith, Example", "description: Hired as Analyst", "employeeNumber: W-00009"} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("the entry lacks %q:\n%s", want, text)
		}
	}
	if i := strings.Index(text, "dn: uid=edith"); strings.Contains(text[i:], "title:") || strings.Contains(text[i:], "\no: ") || strings.Contains(text[i:strings.Index(text, "dn: uid=zoe")], "mail:") {
		t.Errorf("what is empty was written:\n%s", text[i:])
	}
	if receipt.Outcome != access.OutcomeDone {
		t.Errorf("outcome %s", receipt.Outcome)
	}
}

func TestMusterLeavesItselfAlone(t *testing.T) {
	s := start(t, slapd.Options{})
	target := build(t, s, s.URL(), "people: {base: \"dc=acme,dc=example\", filter: \"(objectClass=organizationalRole)\"}\nattributes: {name: cn}\n", nil)
	me := access.AccountRef{Name: "muster-writer"}
	refused(t, s, target, newAction(access.DisableAccount, me), access.Denied, "muster itself uses", "")
	if self := target.Abilities().Self; !slices.Contains(self, "muster-writer") || !slices.Contains(self, s.WriterDN) {
		t.Errorf("self is %q", self)
	}
}

func TestPosixGroupsNameTheirMembers(t *testing.T) {
	s := start(t, slapd.Options{LDIF: fixture + "dn: cn=ops,ou=groups,dc=acme,dc=example\nobjectClass: posixGroup\ncn: ops\ngidNumber: 700\nmemberUid: bob\nentryUUID: " + uuid(15) + "\n\n"})
	target := build(t, s, s.URL(), "groups: {filter: \"(objectClass=posixGroup)\"}\nmember_attributes: [member, memberUid]\n", nil)
	before := dump(t, s)
	a, receipt := apply(t, target, grant(15, "ops", accountRef(1, "ada")))
	if !strings.Contains(dump(t, s), "memberUid: ada\n") {
		t.Error("she is not in it")
	}
	undo(t, target, a, receipt)
	b, receipt := apply(t, target, remove(15, "ops", accountRef(2, "bob")))
	undo(t, target, b, receipt)
	if dump(t, s) != before {
		t.Error("undo left something")
	}
}

func TestManyAtOnce(t *testing.T) {
	s := start(t, slapd.Options{})
	target := build(t, s, s.URL(), "", nil)
	before := dump(t, s)
	var g sync.WaitGroup
	for range 4 {
		for _, who := range []access.AccountRef{accountRef(1, "ada"), accountRef(2, "bob")} {
			g.Go(func() {
				for range 5 {
					for _, a := range []access.Action{grant(14, "visitors", who), remove(14, "visitors", who)} {
						if _, err := target.Apply(t.Context(), a); err != nil && access.KindOf(err) != access.Conflict {
							t.Error(err)
						}
					}
				}
			})
		}
	}
	g.Wait()
	for _, who := range []access.AccountRef{accountRef(1, "ada"), accountRef(2, "bob")} {
		apply(t, target, remove(14, "visitors", who))
	}
	if dump(t, s) != before {
		t.Error("something else was changed")
	}
}

func TestRestoreHoldsNoSecret(t *testing.T) {
	for _, name := range []string{"userPassword", "userPassword;x-1", "sambaNTPassword", "pwdHistory", "krbPrincipalKey", "oathHOTPKey", "olcSecret"} {
		if !schema.Secret(name) {
			t.Errorf("%s passes for no secret", name)
		}
	}
	for _, name := range []string{"uid", "sshPublicKey", "description", "jpegPhoto", "pwdAccountLockedTime"} {
		if schema.Secret(name) {
			t.Errorf("%s passes for a secret", name)
		}
	}
	s := start(t, slapd.Options{})
	s.WriterDN, s.WriterPassword = s.AdminDN, s.AdminPassword // who may read everything
	admin := build(t, s, s.URL(), "", nil)
	obs := inspect(t, admin, newAction(access.DeleteAccount, accountRef(1, "ada")))
	var f former
	if err := json.Unmarshal(obs.Restore, &f); err != nil || f.Values["mail"] == nil || len(f.Members) != 2 || string(f.Binary["jpegPhoto"][0][:2]) != "\xff\xd8" {
		t.Errorf("the former state is %s: %v", obs.Restore, err)
	}
	if strings.Contains(strings.ToLower(string(obs.Restore)), "password") {
		t.Errorf("the former state has the password: %s", obs.Restore)
	}
}

func TestTLS(t *testing.T) {
	s := start(t, slapd.Options{RequireTLS: true})
	a := newAction(access.DisableAccount, accountRef(1, "ada"))
	ca := "ca_file: " + s.CAFile + "\n"
	for name, c := range map[string]struct{ url, more string }{"ldaps": {s.TLSURL(), ca}, "start_tls": {s.URL(), ca + "start_tls: true\n"}} {
		t.Run(name, func(t *testing.T) { inspect(t, build(t, s, c.url, c.more, nil), a) })
	}
	for name, c := range map[string]struct{ url, more, text, hint string }{
		"unknown authority":   {s.TLSURL(), "", "unknown authority", "set ca_file"},
		"start_tls unknown":   {s.URL(), "start_tls: true\n", "unknown authority", "set ca_file"},
		"in clear":            {s.URL(), "", "confidentialityRequired (13)", "start_tls"},
		"another server name": {s.TLSURL(), ca + "server_name: ldap.acme.example\n", "ldap.acme.example", "server_name"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := build(t, s, c.url, c.more, nil).Inspect(t.Context(), a)
			if err == nil || !strings.Contains(err.Error(), c.text) || !strings.Contains(access.HintOf(err), c.hint) {
				t.Errorf("got %v (%s)", err, access.HintOf(err))
			}
		})
	}
}
