package remediate

import (
	"time"

	"muster/internal/access"
)

// End is a decision made before that takes access away without a further question: the request that gave it is over, or a review revoked
// it. Name is that decision in a policy's place, Reason and Basis are the action's.
type End struct {
	Name, Reason, Basis string
	At                  time.Time
}

// Ends are such decisions.
type Ends map[string]End

// Person sets the end of what a person holds.
func (e Ends) Person(person string, ref access.EntitlementRef, end End) {
	e["person "+person+" "+ref.String()] = end
}

// Account sets the end of what one account holds; it goes before one of its person.
func (e Ends) Account(id string, ref access.EntitlementRef, end End) {
	e["account "+id+" "+ref.String()] = end
}

// Of is the end of a grant; person and account may be nil.
func (e Ends) Of(person *access.Person, account *access.AccountFacts, ref access.EntitlementRef) (End, bool) {
	if account != nil {
		if end, ok := e["account "+account.ID+" "+ref.String()]; ok {
			return end, true
		}
	}
	if person == nil {
		return End{}, false
	}
	end, ok := e["person "+person.ID+" "+ref.String()]
	return end, ok
}
