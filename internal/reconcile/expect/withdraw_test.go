package expect

import (
	"testing"

	"muster/internal/access"
)

func TestWhatAReviewRevokedIsExpectedNoMore(t *testing.T) {
	staff := access.EntitlementRef{System: "erp", Name: "staff"}
	give := newExpected([]access.Expectation{{Ref: staff, Basis: []access.Basis{{Kind: "bundle", Name: "everyone"}}}})
	facts := func(accounts ...string) *access.PersonFacts {
		f := &access.PersonFacts{Person: &access.Person{ID: "W-1"}}
		for _, id := range accounts {
			f.Accounts = append(f.Accounts, &access.AccountFacts{Account: access.Account{System: "erp", ID: id}, Grants: []access.GrantFacts{{System: "erp", Entitlement: access.Entitlement{System: "erp", Name: "staff"}, Actual: true}}})
		}
		give.fill(f, map[string]bool{"erp": true}, func(ref access.EntitlementRef) access.Entitlement {
			return access.Entitlement{System: ref.System, Name: ref.Name}
		})
		return f
	}
	book := &Book{Revoked: access.Revocations{access.RevokedGrant("erp", "a", "staff"): {}, access.RevokedRef("W-1", staff): {}}}
	f := facts("a", "b")
	book.withdraw(f)
	if a, b := f.Accounts[0].Grants[0], f.Accounts[1].Grants[0]; a.Expected || a.Basis != nil || !b.Expected || len(f.Missing) != 0 {
		t.Errorf("the reviewed account %+v, the other %+v, missing %+v", a, b, f.Missing)
	}
	f = facts()
	if len(f.Missing) != 1 {
		t.Fatalf("nothing is missing: %+v", f)
	}
	book.withdraw(f)
	if len(f.Missing) != 0 {
		t.Errorf("what was revoked would be given again: %+v", f.Missing)
	}
	other := facts()
	other.Person.ID = "W-2"
	book.withdraw(other)
	if len(other.Missing) != 1 {
		t.Error("another's access is revoked too")
	}
}
