package expect

import (
	"slices"

	"muster/internal/access"
)

// withdraw takes out of what a person should hold what a review revoked: of the account that was reviewed, and of what would be given again.
func (e *Book) withdraw(f *access.PersonFacts) {
	if len(e.Revoked) == 0 {
		return
	}
	for _, a := range f.Accounts {
		for i := range a.Grants {
			g := &a.Grants[i]
			if _, gone := e.Revoked[access.RevokedGrant(a.System, a.ID, g.Entitlement.Name)]; gone && g.Expected {
				g.Expected, g.Basis = false, nil
			}
		}
	}
	f.Missing = slices.DeleteFunc(f.Missing, func(g access.GrantFacts) bool {
		_, gone := e.Revoked[access.RevokedRef(f.Person.ID, access.EntitlementRef{System: g.System, Name: g.Entitlement.Name})]
		return gone
	})
}
