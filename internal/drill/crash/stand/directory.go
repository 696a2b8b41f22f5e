package stand

import (
	"context"
	"fmt"
	"strings"

	"muster/internal/access"
	"muster/internal/drill/crash/victim"
	"muster/internal/testserver/ldapproxy"
	"muster/internal/testserver/slapd"
)

// directory is OpenLDAP behind a proxy.
type directory struct {
	server *slapd.Server
	proxy  *ldapproxy.Proxy
	target victim.Target
}

const roots = `dn: dc=acme,dc=example
objectClass: dcObject
objectClass: organization
dc: acme
o: Acme

dn: ou=people,dc=acme,dc=example
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=acme,dc=example
objectClass: organizationalUnit
ou: groups

dn: uid=always,ou=people,dc=acme,dc=example
objectClass: inetOrgPerson
uid: always
cn: Always There
sn: There

`

func startDirectory(ctx context.Context, dir string, cases []Case, note func(Write)) (*directory, error) {
	var ldif strings.Builder
	ldif.WriteString(roots)
	for _, c := range cases {
		if c.exists() {
			person(&ldif, c)
		}
		group(&ldif, c)
	}
	d := &directory{}
	var err error
	if d.server, err = slapd.Start(ctx, slapd.Options{LDIF: ldif.String()}); err != nil {
		return nil, err
	}
	if d.proxy, err = ldapproxy.Start(d.server.Addr()); err != nil {
		d.server.Stop()
		return nil, err
	}
	d.proxy.Request = func(r ldapproxy.Request) (int, ldapproxy.Ending) {
		if r.Writes() {
			dawdle()
		}
		return 0, ldapproxy.Pass
	}
	d.proxy.Answer = func(r ldapproxy.Request, code int) {
		if code == 0 {
			note(Write{System: Directory, Name: name.FindString(r.Base), What: r.Verb + " " + r.Base})
		}
	}
	reader, err := secret(dir, "ldap-reader", d.server.Password)
	if err != nil {
		return d, err
	}
	writer, err := secret(dir, "ldap-writer", d.server.WriterPassword)
	d.target = victim.Target{System: Directory, Kind: "ldap",
		Settings: fmt.Sprintf("bind_dn: %q\npassword: {file: %q}\n", d.server.WriterDN, writer),
		Collector: fmt.Sprintf("url: %s\nbase_dn: dc=acme,dc=example\npeople: {base: \"ou=people,dc=acme,dc=example\"}\nbind_dn: %q\npassword: {file: %q}\n",
			d.proxy.URL(), d.server.BindDN, reader)}
	return d, err
}

func person(b *strings.Builder, c Case) {
	fmt.Fprintf(b, "dn: uid=%[1]s,ou=people,dc=acme,dc=example\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: Example %[1]s\nsn: Person\nmail: %[1]s@acme.example\n"+
		"employeeNumber: W-%[1]s\nentryUUID: %[2]s\n", c.Name(), entryID(c, "8"))
	switch c.Kind {
	case access.EnableAccount:
		b.WriteString("pwdAccountLockedTime: 000001010000Z\n")
	case access.SetExpiry:
		b.WriteString("pwdEndTime: 20370131000000Z\n")
	}
	b.WriteString("\n")
}

func group(b *strings.Builder, c Case) {
	fmt.Fprintf(b, "dn: cn=g-%[1]s,ou=groups,dc=acme,dc=example\nobjectClass: groupOfNames\ncn: g-%[1]s\nentryUUID: %[2]s\nmember: uid=always,ou=people,dc=acme,dc=example\n",
		c.Name(), entryID(c, "9"))
	if c.member() {
		fmt.Fprintf(b, "member: uid=%s,ou=people,dc=acme,dc=example\n", c.Name())
	}
	b.WriteString("\n")
}

// facts are the entries as slapcat gives them, without ids and times of creation, which a new entry has others of.
func (d *directory) facts(ctx context.Context) ([]string, error) {
	text, err := d.server.Dump(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for entry := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		var kept []string
		for line := range strings.Lines(entry) {
			if !strings.HasPrefix(line, "entryUUID:") && !strings.HasPrefix(line, "createTimestamp:") && !strings.HasPrefix(line, "creatorsName:") {
				kept = append(kept, strings.TrimSpace(line))
			}
		}
		out = append(out, strings.Join(kept, "; "))
	}
	return out, nil
}

func (d *directory) stop() {
	if d.proxy != nil {
		d.proxy.Stop()
	}
	d.server.Stop()
}
