package postgres

import (
	"fmt"
	"strings"

	"muster/collectors/postgres/rows"
	"muster/internal/access"
	dial "muster/internal/dial/postgres"
)

// maxListed is how many privileges of PUBLIC, or default privileges, a note names.
const maxListed = 20

// role takes a row of roles. Accounts that can log in are emitted at once; whether another one is an account depends on its members.
func (r *reading) role(ref string, row []string) error {
	if row == nil {
		return r.reject(access.ClassAccount, ref, "the row has another number of fields than the header")
	}
	one, err := rows.ParseRole(ref, row)
	if err != nil {
		return r.reject(access.ClassAccount, ref, err.Error())
	}
	if _, twice := r.index[one.Name]; twice || r.oids[one.OID] {
		return r.reject(access.ClassAccount, ref, fmt.Sprintf("role %q or oid %s is there twice", one.Name, one.OID))
	}
	i := len(r.roles)
	r.index[one.Name], r.oids[one.OID] = i, true
	r.graph.names = append(r.graph.names, one.Name)
	r.graph.out = append(r.graph.out, nil)
	r.members = append(r.members, false)
	r.roles = append(r.roles, held{Role: one, account: one.Login})
	if !one.Login {
		return nil
	}
	if err := r.emitAccount(i); err != nil {
		return err
	}
	r.roles[i].Comment = ""
	return nil
}

// emitAccount makes the account of a role.
func (r *reading) emitAccount(i int) error {
	one := &r.roles[i].Role
	t := dial.Tokens(one.Comment)
	a := access.Account{ID: one.OID, Name: one.Name, DisplayName: t["name"], Email: t["email"], EmployeeID: t["employee"], OwnerRef: t["owner"],
		Kind: access.KindHuman, Enabled: one.Login && (one.ValidUntil.IsZero() || one.ValidUntil.After(r.now)),
		Privileged: one.Superuser || one.CreateRole, ExpiresAt: one.ValidUntil, SourceRef: one.Ref}
	switch kind := access.AccountKind(strings.ToLower(t["kind"])); kind {
	case access.KindService, access.KindShared, access.KindBreakGlass:
		a.Kind = kind
	case "", access.KindHuman:
	default:
		a.Attributes = map[string]string{"kind": t["kind"]}
	}
	return r.emit(a)
}

// membership takes a row of members.
func (r *reading) membership(ref string, row []string) error {
	if row == nil {
		return r.reject(access.ClassGrant, ref, "the row has another number of fields than the header")
	}
	m, err := rows.ParseMembership(row)
	if err != nil {
		return r.reject(access.ClassGrant, ref, err.Error())
	}
	to, ok := r.index[m.Role]
	if !ok {
		return r.reject(access.ClassGrant, ref, fmt.Sprintf("%q is no role of this cluster", m.Role))
	}
	from, ok := r.index[m.Member]
	if !ok {
		return r.reject(access.ClassGrant, ref, fmt.Sprintf("member %q is no role of this cluster", m.Member))
	}
	inherit := m.Inherit == "t" || m.Inherit == "" && r.roles[from].Inherit
	r.graph.out[from] = append(r.graph.out[from], edge{to, m.Admin, inherit})
	r.members[to] = true
	return nil
}

// settleRoles emits what only all memberships together tell: the disabled accounts, the roles as entitlements, and who holds them.
func (r *reading) settleRoles() error {
	r.graph.settle()
	for i := range r.roles {
		one := &r.roles[i]
		if !one.Login && !r.members[i] && dial.Tokens(one.Comment)["employee"] != "" {
			one.account = true
			if r.account.Claimed >= 0 {
				r.account.Claimed++ // the server counted those that can log in
			}
			if err := r.emitAccount(i); err != nil {
				return err
			}
		}
		if (r.members[i] || !one.Login) && !one.account || one.Login && r.members[i] {
			if !strings.HasPrefix(one.Name, "pg_") {
				if err := r.emitRole(i); err != nil {
					return err
				}
			}
		}
	}
	emitted := map[string]bool{}
	for i := range r.roles {
		if !r.roles[i].account {
			continue
		}
		if err := r.emitAttributes(i, emitted); err != nil {
			return err
		}
		if err := r.emitHeld(i); err != nil {
			return err
		}
	}
	return nil
}

// emitRole makes the entitlement of a role.
func (r *reading) emitRole(i int) error {
	one := &r.roles[i].Role
	privileged := r.match(one.Name) || powerful(one.Name)
	for _, a := range one.Attributes() {
		privileged = privileged || a.Privileged
	}
	return r.emit(access.Entitlement{ID: one.OID, Kind: "role", Name: one.Name, Description: one.Comment, Privileged: privileged, SourceRef: one.Ref})
}

// powerful are built-in roles that reach beyond the database, or all of its data (PostgreSQL manual, Predefined Roles).
func powerful(name string) bool {
	switch name {
	case "pg_read_all_data", "pg_write_all_data", "pg_read_server_files", "pg_write_server_files", "pg_execute_server_program",
		"pg_create_subscription", "pg_maintain":
		return true
	}
	return false
}

func (r *reading) emitAttributes(i int, emitted map[string]bool) error {
	one := &r.roles[i].Role
	for _, a := range one.Attributes() {
		name := "attribute:" + a.Name
		if !emitted[name] {
			emitted[name] = true
			e := access.Entitlement{ID: name, Kind: "permission", Name: name, Privileged: a.Privileged || r.match(name), SourceRef: "pg_roles"}
			if err := r.emit(e); err != nil {
				return err
			}
		}
		if err := r.emit(access.Grant{AccountID: one.OID, EntitlementID: name, Effective: true}); err != nil {
			return err
		}
	}
	return nil
}

// emitHeld makes the grants of an account's own roles and of those behind them.
func (r *reading) emitHeld(i int) error {
	id := r.roles[i].OID
	for _, e := range r.graph.out[i] {
		if err := r.emitGrant(e.to, access.Grant{AccountID: id, Effective: e.inherit, AdminOption: e.admin}); err != nil {
			return err
		}
		for _, up := range r.graph.above(e.to) {
			if up.role == i {
				continue
			}
			g := access.Grant{AccountID: id, Path: up.path, Effective: e.inherit && up.effective, AdminOption: up.admin}
			if err := r.emitGrant(up.role, g); err != nil {
				return err
			}
		}
	}
	return nil
}

// emitGrant emits g on a role, and a built-in role before its first grant.
func (r *reading) emitGrant(to int, g access.Grant) error {
	one := &r.roles[to].Role
	if strings.HasPrefix(one.Name, "pg_") && !r.builtins[to] {
		r.builtins[to] = true
		if err := r.emitRole(to); err != nil {
			return err
		}
	}
	g.EntitlementID = one.OID
	return r.emit(g)
}

// privilege takes a row of grants. Only what accounts hold by name is a grant of its own.
func (r *reading) privilege(ref, database string, row []string) error {
	if row == nil {
		return r.reject(access.ClassGrant, ref, "the row has another number of fields than the header")
	}
	p, err := rows.ParsePrivilege(row)
	if err != nil {
		return r.reject(access.ClassGrant, ref, err.Error())
	}
	name := p.Entitlement(database)
	if p.Grantee == "PUBLIC" {
		if r.publicN++; len(r.public) < maxListed {
			r.public = append(r.public, name)
		}
		return nil
	}
	i, ok := r.index[p.Grantee]
	switch {
	case !ok:
		return r.reject(access.ClassGrant, ref, fmt.Sprintf("grantee %q is no role of this cluster", p.Grantee))
	case strings.HasPrefix(p.Grantee, "pg_"):
		return nil // what built-in roles mean is the manual's to say
	case !r.roles[i].account:
		r.ofRoles++
		return nil
	}
	n, known := r.named[name]
	if !known {
		n = len(r.named)
		r.named[name] = n
		if err := r.emit(access.Entitlement{ID: name, Kind: "permission", Name: name, Privileged: r.match(name), SourceRef: p.Kind}); err != nil {
			return err
		}
	}
	if r.direct[[2]int{i, n}] {
		return nil
	}
	r.direct[[2]int{i, n}] = true
	return r.emit(access.Grant{AccountID: r.roles[i].OID, EntitlementID: name, Effective: true, AdminOption: p.Grantable})
}
