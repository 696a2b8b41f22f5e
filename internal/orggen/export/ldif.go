package export

import (
	"encoding/base64"
	"time"

	"muster/internal/access"
	"muster/internal/orggen/model"
)

// BaseDN is the directory's suffix.
const BaseDN = "dc=acme,dc=example"

const generalizedTime = "20060102150405Z"

// ldif writes the directory as slapadd(8) loads it, so without a version line: people as they come, groups at the end.
type ldif struct {
	out     *sink
	files   *Files
	logins  []string
	members [][]uint32 // by entitlement index: positions in logins
}

func (f *Files) openLDIF() *ldif {
	l := &ldif{out: f.sink("directory/acme.ldif"), files: f, members: make([][]uint32, len(f.policy.Entitlements))}
	l.line("dn", BaseDN)
	l.line("objectClass", "dcObject")
	l.line("objectClass", "organization")
	l.line("dc", "acme")
	l.line("o", "Acme")
	l.end()
	for _, ou := range []string{"people", "groups"} {
		l.line("dn", "ou="+ou+","+BaseDN)
		l.line("objectClass", "organizationalUnit")
		l.line("ou", ou)
		l.end()
	}
	return l
}

// line writes one attribute; values that are not safe strings (RFC 2849) are base64.
func (l *ldif) line(name, value string) {
	if value == "" {
		return
	}
	_, _ = l.out.WriteString(name)
	if safe(value) {
		_, _ = l.out.WriteString(": ")
		_, _ = l.out.WriteString(value)
	} else {
		_, _ = l.out.WriteString(":: ")
		_, _ = l.out.WriteString(base64.StdEncoding.EncodeToString([]byte(value)))
	}
	_ = l.out.WriteByte('\n')
}

func (l *ldif) end() { _ = l.out.WriteByte('\n') }

func safe(s string) bool {
	if s[0] == ' ' || s[0] == ':' || s[0] == '<' || s[len(s)-1] == ' ' {
		return false
	}
	for i := range len(s) {
		if s[i] >= 0x80 || s[i] == '\n' || s[i] == '\r' || s[i] == 0 {
			return false
		}
	}
	return true
}

// IA5 reports whether s can stand in an attribute of IA5 syntax, such as mail (RFC 4524 §2.16).
func IA5(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func person(login string) string { return "uid=" + login + ",ou=people," + BaseDN }
func group(name string) string   { return "cn=" + name + ",ou=groups," + BaseDN }

func (l *ldif) account(a *model.Account) {
	l.line("dn", person(a.Name))
	l.line("objectClass", "inetOrgPerson")
	if a.OwnerRef != "" {
		l.line("objectClass", "extensibleObject") // allows "info", which says who owns the account
		l.line("info", a.OwnerRef)
	}
	l.line("uid", a.Name)
	l.line("cn", a.DisplayName)
	l.line("sn", a.FamilyName)
	l.line("givenName", a.GivenName)
	if IA5(a.Email) {
		l.line("mail", a.Email)
	}
	l.line("employeeNumber", a.EmployeeID)
	if a.Kind != access.KindHuman {
		l.line("employeeType", string(a.Kind))
	}
	l.line("entryUUID", a.ID)
	l.line("createTimestamp", a.CreatedAt.Format(generalizedTime))
	if !a.LastLogin.IsZero() {
		l.line("pwdLastSuccess", a.LastLogin.Format(generalizedTime))
	}
	switch {
	case a.Enabled:
	case a.Member%5 == 2 && !a.LastLogin.IsZero(): // locked after wrong passwords, until an administrator unlocks
		l.line("pwdAccountLockedTime", a.LastLogin.Format(generalizedTime))
	default:
		l.line("pwdAccountLockedTime", "000001010000Z") // for good
	}
	l.end()
	n := uint32(len(l.logins))
	l.logins = append(l.logins, a.Name)
	for _, g := range a.Grants {
		l.members[g.Of.Index] = append(l.members[g.Of.Index], n)
	}
}

// groups writes every group that has a member; groupOfNames must not be empty.
func (l *ldif) groups() {
	filled := make([]bool, len(l.members))
	for _, x := range l.files.policy.Entitlements {
		if x.System == model.Directory && len(l.members[x.Index]) > 0 {
			for y := x; y != nil; y = y.Parent {
				filled[y.Index] = true
			}
		}
	}
	created := time.Date(2019, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, x := range l.files.order {
		if x.System != model.Directory || !filled[x.Index] {
			continue
		}
		l.line("dn", group(x.Name))
		l.line("objectClass", "groupOfNames")
		l.line("cn", x.Name)
		l.line("description", x.Description)
		for _, y := range l.files.order {
			if y.Parent == x && filled[y.Index] {
				l.line("member", group(y.Name))
			}
		}
		for _, m := range l.members[x.Index] {
			_, _ = l.out.WriteString("member: ")
			_, _ = l.out.WriteString(person(l.logins[m]))
			_ = l.out.WriteByte('\n')
		}
		l.line("entryUUID", l.files.uuid("directory-group", uint64(x.Index)))
		l.line("createTimestamp", created.Format(generalizedTime))
		l.end()
	}
}
