package facts

import (
	"time"

	"muster/internal/access"
)

// World is what one run reasons from: the newest complete snapshot of HR and of every system, and how accounts are linked.
type World struct {
	RunID   string
	AsOf    time.Time
	HR      access.Snapshot // its ID is empty when HR was never read whole; then no account can be linked
	Systems []SystemWorld   // sorted by system
	Linking LinkSpec
}

// SystemWorld is one system within a World.
type SystemWorld struct {
	System   string
	Used     access.Snapshot // ID empty: no usable snapshot, and the system gives no facts
	Previous access.Snapshot // the complete one before Used, to compare with; ID empty: there is none
}

// LinkSpec says how accounts are matched with persons.
type LinkSpec struct {
	Keys    []access.LinkKey // in the order that they are asked; KeyMap needs no place in it, the map always comes first
	Domains []string         // for KeyUserDomain
	Map     []MapEntry
}

// MapEntry is one line of the explicit map.
type MapEntry struct {
	System  string
	Account string // the account's id, or its name (folded)
	Person  string // worker id (folded)
}

// Query narrows a reading of facts. The zero value reads everything.
type Query struct {
	Profile []string // person fields that make up the profile whose number is given with each person; none: the number is 0
	Person  string   // only this worker and their accounts
	System  string   // with Account: only the facts that hold this account, be they its person's or its own
	Account string   // account id
	Chunk   int      // about how many accounts, with their grants, are joined at once, which bounds the engine's memory; default 200,000
}

// UsedIDs are the ids of the systems' snapshots that give facts.
func (w World) UsedIDs() []string {
	out := []string{}
	for _, s := range w.Systems {
		if s.Used.ID != "" {
			out = append(out, s.Used.ID)
		}
	}
	return out
}

// PreviousIDs are the ids of the snapshots to compare with.
func (w World) PreviousIDs() []string {
	out := []string{}
	for _, s := range w.Systems {
		if s.Used.ID != "" && s.Previous.ID != "" {
			out = append(out, s.Previous.ID)
		}
	}
	return out
}
