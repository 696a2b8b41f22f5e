package load

import (
	"time"

	"muster/internal/access"
	"muster/internal/store/fold"
	"muster/internal/store/wire"
)

// accounts is the buffer of access.Account.
type accounts struct {
	id, name, displayName, email, upn, employeeID, ownerRef, kind, ref strs
	nameKey, emailKey, upnKey, employeeKey, ownerKey                   strs
	enabled, locked, privileged, never                                 wire.Slice[bool]
	mfa                                                                wire.Slice[int8]
	created, login, password, expires                                  wire.Slice[*int64]
	attributes                                                         wire.Each[map[string]string]
}

func (b *accounts) rows() int { return len(b.id) }

func (b *accounts) add(rec access.Record) int {
	a := rec.(access.Account)
	b.id = append(b.id, a.ID)
	b.name = append(b.name, a.Name)
	b.displayName = append(b.displayName, a.DisplayName)
	b.email = append(b.email, a.Email)
	b.upn = append(b.upn, a.UPN)
	b.employeeID = append(b.employeeID, a.EmployeeID)
	b.ownerRef = append(b.ownerRef, a.OwnerRef)
	b.kind = append(b.kind, string(a.Kind))
	b.ref = append(b.ref, a.SourceRef)
	b.nameKey = append(b.nameKey, fold.Key(a.Name))
	b.emailKey = append(b.emailKey, fold.Key(a.Email))
	b.upnKey = append(b.upnKey, fold.Key(a.UPN))
	b.employeeKey = append(b.employeeKey, fold.Key(a.EmployeeID))
	b.ownerKey = append(b.ownerKey, fold.Key(a.OwnerRef))
	b.enabled = append(b.enabled, a.Enabled)
	b.locked = append(b.locked, a.Locked)
	b.privileged = append(b.privileged, a.Privileged)
	b.never = append(b.never, a.NeverLoggedIn)
	b.mfa = append(b.mfa, int8(a.MFA))
	b.created = append(b.created, wire.Milli(a.CreatedAt))
	b.login = append(b.login, wire.Milli(a.LastLogin))
	b.password = append(b.password, wire.Milli(a.PasswordChangedAt))
	b.expires = append(b.expires, wire.Milli(a.ExpiresAt))
	m, n := attrs(a.Attributes)
	b.attributes = append(b.attributes, m)
	return size(a.ID, a.DisplayName, string(a.Kind), a.SourceRef) + 2*size(a.Name, a.Email, a.UPN, a.EmployeeID, a.OwnerRef) + n + 300
}

func (b *accounts) insert(s access.Snapshot, day time.Time) wire.Chunked {
	n := b.rows()
	return wire.Block{Table: "accounts", Cols: []wire.Col{
		{Name: "snapshot_id", Data: wire.Same(s.ID, n)}, {Name: "system", Data: wire.Same(s.System, n)}, {Name: "loaded_on", Data: wire.Same(day, n)},
		{Name: "id", Data: b.id}, {Name: "name", Data: b.name}, {Name: "display_name", Data: b.displayName}, {Name: "email", Data: b.email},
		{Name: "upn", Data: b.upn}, {Name: "employee_id", Data: b.employeeID}, {Name: "owner_ref", Data: b.ownerRef}, {Name: "kind", Data: b.kind},
		{Name: "enabled", Data: b.enabled}, {Name: "locked", Data: b.locked}, {Name: "privileged", Data: b.privileged}, {Name: "mfa", Data: b.mfa},
		{Name: "created_ms", Data: b.created}, {Name: "last_login_ms", Data: b.login}, {Name: "never_logged_in", Data: b.never},
		{Name: "password_changed_ms", Data: b.password}, {Name: "expires_ms", Data: b.expires}, {Name: "attributes", Data: b.attributes},
		{Name: "source_ref", Data: b.ref}, {Name: "name_key", Data: b.nameKey}, {Name: "email_key", Data: b.emailKey}, {Name: "upn_key", Data: b.upnKey},
		{Name: "employee_key", Data: b.employeeKey}, {Name: "owner_key", Data: b.ownerKey},
	}}.Chunked()
}
