// Package targettest is the conformance suite that every remediation target passes.
//
// A target's test writes a Harness, which stands up a system that holds a known fixture and can be told to misbehave, and calls Run.
// The suite asks for a fresh system per check and looks at it with the system's own tools (System.Dump), never with the target:
//
//   - Inspect writes nothing, however often it is called; a dry run is made of it alone
//   - an action applied twice changes what it changes once, and the second receipt says so
//   - a receipt is confirmed by a re-read, and the dump shows the change
//   - the inverse restores the exact former state: the dump is equal to the byte
//   - what the account's Version has left behind is a Conflict and changes nothing
//   - an account, group or role that is not there is NotFound, or shows that the change is there already
//   - every refusal has its Kind, and what was refused changed nothing
//   - a system that commits and then breaks the connection leaves an ambiguity that the next Inspect settles
//   - cancellation at every request ends within a second, and applying again ends in the same state as applying once
//   - an account of the same name and another id is not touched
//   - no secret in errors, logs, observations, receipts or restore data
//
// A target that writes orders (Abilities.Orders) is asked the same as far as it makes sense: its system is the folder of orders.
//
// What a harness cannot do is declared in Capabilities with a reason, never skipped silently. Times are UTC.
package targettest

import (
	"log/slog"
	"testing"

	"muster/internal/access"
	"muster/remediate"
)

// Fault is a way in which a system fails.
type Fault string

// The faults. Statuses are HTTP's; other protocols use what means the same: LDAP 49, 50, 32, 68 or 16, 51, 52; PostgreSQL 28P01, 42501,
// 42704, 55P03, 53300, 57P03.
const (
	NoFault      Fault = ""
	Unauthorised Fault = "401"       // Denied
	Forbidden    Fault = "403"       // Denied
	Missing      Fault = "404"       // NotFound
	Clash        Fault = "409"       // Conflict
	Throttled    Fault = "429"       // Throttled
	Unavailable  Fault = "503"       // Transient
	Dropped      Fault = "dropped"   // the connection breaks before the system did anything: Transient
	Committed    Fault = "committed" // the system makes the change and then breaks the connection: Transient
)

// Scenario is what the suite wants from one system.
type Scenario struct {
	Fault Fault        // what goes wrong, at every request that writes
	Log   *slog.Logger // for the target; the suite searches it for the secret
	// OnRequest, when not nil, is called before each request of the target reaches the system, reading ones too. It may cancel the
	// context that the target was called with.
	OnRequest func()
}

// System is a system that stands, with a target that changes it.
type System struct {
	Target remediate.Target
	// Dump is everything that the system holds about accounts and access, by the system's own tools, in a canonical order, without
	// change stamps (modification times, versions, serial numbers).
	Dump func() string
	// Touch changes the account of an action behind the target's back, so that its Version moves on.
	Touch func(a access.Action)
	// Shape is Dump without what a system makes up anew each time: generated ids, creation times. Two systems that had the same done to
	// them have the same Shape. Nil: Dump is that already.
	Shape func() string
	// Fill gives an action of the Suite the ids that this one system made up for its fixture. Nil: ids are fixed.
	Fill func(a access.Action) access.Action
}

// Harness stands up systems.
type Harness interface {
	// Open stands up a fresh system with the fixture. It registers with t whatever takes the system down again.
	Open(t testing.TB, s Scenario) System
}

// Capabilities says, as reasons, what a harness cannot do. The zero value can do everything.
type Capabilities struct {
	Faults   map[Fault]string             // why a fault cannot happen to this kind of system
	Version  string                       // why there is nothing to compare and set
	Versions map[access.ActionKind]string // why one kind has nothing to compare and set; create-account never has
	ID       string                       // why accounts have no id besides their name
	Requests string                       // why requests cannot be watched
	Secret   string                       // why there is no secret to leak
	Inverse  map[access.ActionKind]string // why the inverse cannot restore the dump to the byte; the target's Abilities must say it too
}

// Suite is what Run needs to know about the target under test.
type Suite struct {
	// Actions are one example of every kind that the target can do, on the fixture: the change is not there yet. A kind that
	// Abilities names and that is missing here fails the suite. NotifyOwner is no target's.
	Actions map[access.ActionKind]access.Action
	// Gone is an action on an account that the fixture does not have: neither its id nor its name.
	Gone    access.Action
	Nowhere access.HeldRef // an entitlement that the fixture does not have; asked for when entitlements are granted or removed
	Secret  string         // what the harness's target authenticates with
	Cannot  Capabilities
}
