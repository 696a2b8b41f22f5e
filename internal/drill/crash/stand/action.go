package stand

import (
	"fmt"
	"time"

	"muster/internal/access"
)

// Action is the action that a case is for. It has no id yet.
func (s *Stand) Action(c Case) access.Action {
	name := c.Name()
	a := access.Action{Kind: c.Kind, System: c.System, Account: access.AccountRef{Name: name}, Person: "W-" + name, Reason: "the crash drill wants it"}
	if c.exists() {
		a.Account.ID = s.id(c)
	}
	switch c.Kind {
	case access.CreateAccount:
		a.Attributes = map[string]string{access.AttrUserName: name, access.AttrDisplayName: "Example " + name, access.AttrGivenName: "Example", access.AttrFamilyName: "Person",
			access.AttrEmployeeID: "W-" + name, access.AttrEmail: name + "@acme.example"}
	case access.SetExpiry:
		a.ExpiresAt = time.Date(2036, 12, 31, 0, 0, 0, 0, time.UTC)
	case access.GrantEntitlement, access.RemoveEntitlement:
		a.Entitlement = entitlement(c)
	}
	return a
}

// id is the account's id in its system. Those of PostgreSQL are the server's own.
func (s *Stand) id(c Case) string {
	switch c.System {
	case Directory:
		return entryID(c, "8")
	case CRM:
		return "u-" + c.Name()
	case Warehouse:
		return s.cluster.oids[c.Name()]
	case Web:
		return fmt.Sprintf("%d/%s", 10000+c.Number, c.Name())
	}
	return "P-" + c.Name()
}

// entryID is an entryUUID: of the person's entry with the variant 8, of the group's with 9.
func entryID(c Case, variant string) string {
	return fmt.Sprintf("%08d-0000-4000-%s000-000000000000", c.Number, variant)
}

func entitlement(c Case) access.HeldRef {
	group := "g-" + c.Name()
	switch c.System {
	case Directory:
		return access.HeldRef{ID: entryID(c, "9"), Name: group, Kind: "group"}
	case CRM:
		return access.HeldRef{ID: group, Name: group, Kind: "group"}
	case Web:
		return access.HeldRef{ID: fmt.Sprintf("gid:%d/%s", 20000+c.Number, group), Name: group, Kind: "group"}
	case Warehouse:
		if c.Kind == access.GrantEntitlement { // the one kind goes by a privilege, the other by a membership
			privilege := fmt.Sprintf("table:fin.t_%s:INSERT", c.Name())
			return access.HeldRef{ID: privilege, Name: privilege, Kind: "permission"}
		}
		return access.HeldRef{Name: "g_" + c.Name(), Kind: "role"}
	}
	return access.HeldRef{ID: "ROLE-" + c.Name(), Name: "Role " + c.Name(), Kind: "role"}
}
