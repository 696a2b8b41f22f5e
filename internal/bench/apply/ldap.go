package apply

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/testserver/ldapbare"
	"muster/internal/testserver/ldapproxy"
	"muster/internal/testserver/slapd"
	"muster/remediate"
	"muster/remediate/ldap"
)

func ldapAccount(i int) access.AccountRef {
	return access.AccountRef{ID: fmt.Sprintf("%08x-0000-4000-8000-000000000000", i), Name: fmt.Sprintf("u%06d", i), SourceRef: fmt.Sprintf("uid=u%06d,ou=people,dc=acme,dc=example", i)}
}

func ldapGroup(i int) access.HeldRef {
	return access.HeldRef{ID: fmt.Sprintf("%08x-0000-4000-8000-000000000001", i), Name: fmt.Sprintf("g%03d", i), Kind: "group"}
}

func groupDN(i int) string { return fmt.Sprintf("cn=g%03d,ou=groups,dc=acme,dc=example", i) }

// directory is the LDIF: accounts that may all log in, each in two groups.
func directory() string {
	var b strings.Builder
	b.WriteString("dn: dc=acme,dc=example\nobjectClass: dcObject\nobjectClass: organization\ndc: acme\no: Acme\n\n")
	for _, unit := range []string{"people", "groups"} {
		fmt.Fprintf(&b, "dn: ou=%s,dc=acme,dc=example\nobjectClass: organizationalUnit\nou: %s\n\n", unit, unit)
	}
	members := make([][]string, Groups)
	for i := range Accounts {
		ref := ldapAccount(i)
		fmt.Fprintf(&b, "dn: %s\nobjectClass: inetOrgPerson\nuid: %s\ncn: Given%d Family%d\nsn: Family%d\nmail: %s@acme.example\nemployeeNumber: W-%05d\nentryUUID: %s\n\n",
			ref.SourceRef, ref.Name, i, i, i, ref.Name, i, ref.ID)
		for _, g := range memberships(i) {
			members[g] = append(members[g], ref.SourceRef)
		}
	}
	for g := range Groups {
		fmt.Fprintf(&b, "dn: %s\nobjectClass: groupOfNames\ncn: g%03d\nentryUUID: %s\nmember: %s\n\n", groupDN(g), g, ldapGroup(g).ID, strings.Join(members[g], "\nmember: "))
	}
	return b.String()
}

// LDAP starts a slapd with a proxy in front. stop ends both.
func LDAP(ctx context.Context, dir string) (s *Stand, stop func(), err error) {
	server, err := slapd.Start(ctx, slapd.Options{LDIF: directory(), Dir: filepath.Join(dir, "slapd")})
	if err != nil {
		return nil, nil, err
	}
	notes := &notebook{}
	proxy, err := ldapproxy.Start(server.Addr())
	if err != nil {
		server.Stop()
		return nil, nil, err
	}
	var clients []*ldapbare.Client
	end := func() {
		for _, c := range clients {
			c.Close()
		}
		proxy.Stop()
		server.Stop()
	}
	defer func() {
		if err != nil {
			end()
		}
	}()
	proxy.Request = func(r ldapproxy.Request) (int, ldapproxy.Ending) {
		if r.Verb != "BIND" && r.Verb != "UNBIND" { // of connections
			notes.note(strings.TrimSpace(r.Verb + " " + r.Base + " " + r.Filter))
		}
		return 0, ldapproxy.Pass
	}
	s = &Stand{system: "directory", actions: planActions("directory", ldapAccount, ldapGroup), noted: notes.take, dump: server.Dump}
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(server.WriterPassword), 0o600); err != nil {
		return nil, nil, fmt.Errorf("write password: %w", err)
	}
	if s.ours, err = ldapTarget(server.URL(), server.WriterDN, secret); err != nil {
		return nil, nil, err
	}
	if s.watched, err = ldapTarget(proxy.URL(), server.WriterDN, secret); err != nil {
		return nil, nil, err
	}
	for url, calls := range map[string]*[]call{server.URL(): &s.bare, proxy.URL(): &s.heard} {
		for range Connections {
			c, err := ldapbare.Dial(url, server.WriterDN, server.WriterPassword)
			if err != nil {
				return nil, nil, err
			}
			clients = append(clients, c)
			*calls = append(*calls, (&plainLDAP{c}).change)
		}
	}
	return s, end, nil
}

func ldapTarget(url, dn, secret string) (remediate.Target, error) {
	settings, err := config.Parse("bench.yaml", fmt.Appendf(nil, "url: %s\nbind_dn: %q\npassword: {file: %q}\nbase_dn: dc=acme,dc=example\n"+
		"people: {base: \"ou=people,dc=acme,dc=example\"}\ngroups: {base: \"ou=groups,dc=acme,dc=example\"}\nlocks_enforced: true\n", url, dn, secret))
	if err != nil {
		return nil, err
	}
	target, err := ldap.New(remediate.Spec{System: "directory", Settings: settings.Root(), Now: time.Now})
	return target, errors.Join(err, settings.Err())
}

// plainLDAP is a client that makes the requests of the ldap target on one connection.
type plainLDAP struct{ c *ldapbare.Client }

// The filters of the target's defaults.
const (
	peopleFilter = "(objectClass=inetOrgPerson)"
	groupsFilter = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames))"
	lookPage     = 500
)

// change looks twice, as the executor and then the target do, changes, and reads again.
func (p *plainLDAP) change(_ context.Context, a access.Action) error {
	member := a.Kind == access.RemoveEntitlement || a.Kind == access.GrantEntitlement
	if _, _, err := p.look(a, member); err != nil {
		return err
	}
	csn, _, err := p.look(a, false)
	if err != nil {
		return err
	}
	dn := a.Account.SourceRef
	change := ldapbare.Change{DN: dn, Attribute: "pwdAccountLockedTime", Unless: "(entryCSN=" + csn + ")"}
	switch a.Kind {
	case access.DisableAccount:
		change.Replace = []string{"000001010000Z"}
	case access.RemoveEntitlement:
		change = ldapbare.Change{DN: groupDN(groupOf(a)), Attribute: "member", Delete: []string{dn}}
	case access.GrantEntitlement:
		change = ldapbare.Change{DN: groupDN(groupOf(a)), Attribute: "member", Add: []string{dn}}
	}
	if err := p.c.Modify(change); err != nil {
		return err
	}
	_, there, err := p.look(a, member)
	if err == nil && there == a.Kind.Removes() {
		err = errors.New("a re-read does not show the change")
	}
	return err
}

// groupOf is the number of the group of an action.
func groupOf(a access.Action) int {
	var g int
	_, _ = fmt.Sscanf(a.Entitlement.Name, "g%03d", &g) // ldapGroup wrote it
	return g
}

// look reads the account and, of a membership, the group; fully also the groups through which it might be held besides. It gives the
// account's entryCSN, and whether it is enabled, or a member.
func (p *plainLDAP) look(a access.Action, fully bool) (csn string, is bool, err error) {
	people, err := p.c.Search(ldapbare.Search{Base: "ou=people,dc=acme,dc=example", Page: lookPage,
		Filter: "(&" + peopleFilter + "(|(entryUUID=" + a.Account.ID + ")(uid=" + a.Account.Name + ")))",
		Attributes: []string{"entryUUID", "uid", "employeeNumber", "pwdAccountLockedTime", "pwdStartTime", "pwdEndTime", "entryCSN", "modifyTimestamp",
			"pwdPolicySubentry"}})
	if err != nil {
		return "", false, err
	}
	if len(people) != 1 {
		return "", false, fmt.Errorf("%d accounts of the id", len(people))
	}
	csn, is = people[0].GetAttributeValue("entryCSN"), people[0].GetAttributeValue("pwdAccountLockedTime") == ""
	if a.Entitlement.ID == "" {
		return csn, is, nil
	}
	names := func(dn string) []string { return []string{"(member=" + dn + ")", "(uniqueMember=" + dn + ")"} }
	found, err := p.groups("(entryUUID="+a.Entitlement.ID+")", names(a.Account.SourceRef))
	if err != nil || len(found) != 1 {
		return csn, false, errors.Join(err, fmt.Errorf("%d groups of the id", len(found)))
	}
	is = len(found[0].GetAttributeValues("member")) > 0
	if !fully {
		return csn, is, nil
	}
	direct, err := p.groups("(|"+strings.Join(names(a.Account.SourceRef), "")+")", names(a.Account.SourceRef))
	if err != nil {
		return csn, is, err
	}
	for _, g := range direct {
		if g.DN != groupDN(groupOf(a)) {
			if _, err = p.groups("(|"+strings.Join(names(g.DN), "")+")", names(g.DN)); err != nil {
				return csn, is, err
			}
		}
	}
	return csn, is, nil
}

// groups reads the groups that pass a test, and of their members only those that are named.
func (p *plainLDAP) groups(test string, names []string) ([]*ldapbare.Entry, error) {
	return p.c.Search(ldapbare.Search{Base: "ou=groups,dc=acme,dc=example", Page: lookPage, Filter: "(&" + groupsFilter + test + ")",
		Attributes: []string{"entryUUID", "cn", "objectClass", "member", "uniqueMember"},
		Only:       append([]string{"(entryUUID=*)", "(cn=*)", "(objectClass=*)"}, names...)})
}
