package accessreview

import (
	"time"

	"muster/internal/access"
)

// Model is what the report says.
type Model struct {
	Campaign    Campaign             `json:"campaign"`
	Population  Population           `json:"population"`
	Sources     []access.ReviewScope `json:"sources"`
	Totals      Totals               `json:"totals"`
	Pace        Pace                 `json:"pace"`
	Assignment  Assignment           `json:"assignment"`
	Reviewers   []Reviewer           `json:"reviewers"` // those with the most left first
	Strokes     []Stroke             `json:"strokes"`   // in which several items were decided at once, the largest first
	Fast        []Fast               `json:"fast"`      // decisions on one item that took less than TooFast, the fastest first
	Silent      []Row                `json:"silent"`    // what nobody decided
	Revocations []Revocation         `json:"revocations"`
	Ledger      Ledger               `json:"ledger"`
}

// Ledger is what the audit trail has of the campaign.
type Ledger struct {
	Entries   []Entry `json:"entries"`   // of the campaign itself
	Decisions int     `json:"decisions"` // entries of its decisions, those of silence too
	Refusals  int     `json:"refusals"`  // attempts that were refused
	Frozen    string  `json:"frozen"`    // hash of the population, as it has it
	Ended     string  `json:"ended"`     // hash of the items as they ended, as it has it; of a closed campaign
	Agrees    bool    `json:"agrees"`    // with what is stored: the population, the end and the number of decisions
}

// Entry is one entry of the ledger about the campaign.
type Entry struct {
	Index uint64    `json:"index"`
	At    time.Time `json:"at"`
	What  string    `json:"what"` // frozen, assigned, opened, reminded, escalated, told, closed, removed, token
}

// TooFast is the time below which a decision is hardly one.
const TooFast = 5 * time.Second

// Campaign is the campaign without what the other parts say.
type Campaign struct {
	ID        string               `json:"id"`
	Name      string               `json:"name"`
	Scope     string               `json:"scope"`
	Route     []string             `json:"route"`
	Need      int                  `json:"need"`
	Escalate  []string             `json:"escalate"`
	Silence   access.Silence       `json:"silence"`
	Owner     string               `json:"owner"`
	OwnerName string               `json:"owner_name"`
	CreatedBy string               `json:"created_by"`
	Run       string               `json:"run"`
	AsOf      time.Time            `json:"as_of"`
	CreatedAt time.Time            `json:"created_at"`
	OpenedAt  time.Time            `json:"opened_at,omitzero"`
	DueAt     time.Time            `json:"due_at"`
	Reminded  bool                 `json:"reminded"`
	Escalated bool                 `json:"escalated"`
	State     access.CampaignState `json:"state"`
	ClosedAt  time.Time            `json:"closed_at,omitzero"`
	ClosedBy  string               `json:"closed_by,omitempty"`
}

// Population is what was frozen, and what its items come to now.
type Population struct {
	access.Population
	Items      int    `json:"items"`           // that are kept now
	Recomputed string `json:"recomputed"`      // hash of those
	Whole      bool   `json:"whole"`           // they are those that were frozen
	Ended      string `json:"ended,omitempty"` // hash of the items as they ended; of a closed campaign
	Kept       bool   `json:"kept"`            // the items of a closed campaign are still as they ended
}

// Totals count the items by how they stand or ended.
type Totals struct {
	Items      int `json:"items"`
	Keep       int `json:"keep"`
	Revoke     int `json:"revoke"`
	Open       int `json:"open"`
	Silent     int `json:"silent"`     // of those, decided by silence
	Unassigned int `json:"unassigned"` // with nobody to review them
	Proven     int `json:"proven"`     // revoked, and a later snapshot shows that they are gone
	Standing   int `json:"standing"`   // revoked, and nothing shows that yet
}

// Pace is how people decided.
type Pace struct {
	Decisions  int   `json:"decisions"`   // all that were taken, replaced ones and abstentions too
	Replaced   int   `json:"replaced"`    // by a later one of the same person
	Void       int   `json:"void"`        // because the item was given to somebody else
	Abstained  int   `json:"abstained"`   // and passed on
	Strokes    int   `json:"strokes"`     // in which several items were decided
	Bulk       int   `json:"bulk"`        // decisions in such strokes
	Measured   int   `json:"measured"`    // of which the time is known
	MedianMS   int64 `json:"median_ms"`   // of those
	FastestMS  int64 `json:"fastest_ms"`  // of those
	UnderLimit int   `json:"under_limit"` // of those, that took less than TooFast
}

// Assignment is how reviewers were found.
type Assignment struct {
	Reasons     []Reason `json:"reasons"`      // the most frequent first
	Fallback    int      `json:"fallback"`     // items that an earlier word of the route led to nobody for
	ByHand      int      `json:"by_hand"`      // items that somebody was named for
	TooFew      int      `json:"too_few"`      // items with fewer reviewers than the campaign asks for
	OwnAssigned int      `json:"own_assigned"` // assignments of whoever holds the access, or answers for its account: none, or the report says so
	OwnDecided  int      `json:"own_decided"`  // decisions by such
}

// Reason counts the items that a role reviews; an item counts once in each of its roles.
type Reason struct {
	Role  string `json:"role"`
	Items int    `json:"items"`
}

// Reviewer is one person's part.
type Reviewer struct {
	Person  string   `json:"person"`
	Name    string   `json:"name"`
	Roles   []string `json:"roles"`
	Items   int      `json:"items"`   // assigned to them
	Done    int      `json:"done"`    // of those, that they decided
	Decided int      `json:"decided"` // of all items, those too that they decided because others did not
	Keep    int      `json:"keep"`
	Revoke  int      `json:"revoke"`
	Own     int      `json:"own"` // of the items, those that are their own access
	Pace    Pace     `json:"pace"`
}

// Stroke is several items decided at once.
type Stroke struct {
	By      string    `json:"by"`
	Name    string    `json:"name"`
	At      time.Time `json:"at"`
	Verdict string    `json:"verdict"`
	Items   int       `json:"items"`
	What    string    `json:"what"` // the first item's entitlement and system
	TookMS  int64     `json:"took_ms"`
	Reason  string    `json:"reason"`
}

// Fast is one decision on one item that was taken faster than TooFast.
type Fast struct {
	Row
	By      string    `json:"by"`
	Name    string    `json:"name"`
	At      time.Time `json:"at"`
	Verdict string    `json:"verdict"`
	TookMS  int64     `json:"took_ms"`
}

// Row names one item.
type Row struct {
	Item        string   `json:"item"`
	Person      string   `json:"person"`
	PersonName  string   `json:"person_name"`
	System      string   `json:"system"`
	Account     string   `json:"account"`
	Entitlement string   `json:"entitlement"`
	State       string   `json:"state"`
	Reviewers   []string `json:"reviewers"` // names
	Why         string   `json:"why,omitempty"`
}

// Revocation is one revoked item with what became of it.
type Revocation struct {
	Row
	By       string                `json:"by,omitempty"` // empty: silence
	Name     string                `json:"name,omitempty"`
	At       time.Time             `json:"at"`
	Reason   string                `json:"reason,omitempty"`
	Action   string                `json:"action,omitempty"` // id of the action that was to remove it
	Done     string                `json:"done,omitempty"`   // where that stands, in a word
	Removal  *access.ReviewRemoval `json:"removal,omitempty"`
	Standing string                `json:"standing,omitempty"` // why nothing proves that it is gone
}

// Action is what was done about a revocation.
type Action struct{ ID, State string }
