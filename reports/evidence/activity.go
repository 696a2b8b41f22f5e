package evidence

import (
	"encoding/json"
	"fmt"
	"time"

	"muster/internal/ledger"
)

// Activity is one entry of the ledger about something that was asked, decided or done, with what it was about. Said is what the entry itself
// says; the rest is what is known of it besides.
type Activity struct {
	Entry uint64
	At    time.Time
	Type  ledger.Type
	Said  Said

	By, ByName  string // whose decision or request it was; empty for nobody's
	System      string
	Person      string // worker id of whom it concerns
	Account     string // its name
	Entitlement string
	Finding     string // id of the finding that it answers
	Policy      string // by which it was done, and in which mode
	About       string // what a decision was about, in one line
}

// Activities are what was asked, decided and done in a stretch of the ledger.
type Activities struct {
	From  uint64     `json:"from"`  // the first entry
	Until uint64     `json:"until"` // behind the last
	List  []Activity `json:"-"`     // it is a table
}

// Said is what an entry says in clear of a decision, a request or a change.
type Said struct {
	Action    string `json:"action"`
	Decision  string `json:"decision"`
	Undo      string `json:"undo"` // id of the action that somebody took back
	Request   string `json:"request"`
	Exception string `json:"exception"`
	Item      string `json:"item"`
	Approval  string `json:"approval"`
	Campaign  string `json:"campaign"`
	Kind      string `json:"kind"`
	System    string `json:"system"`
	State     string `json:"state"`
	Outcome   string `json:"outcome"`
	Inverse   bool   `json:"inverse"`
	What      string `json:"what"`
	Verdict   string `json:"verdict"`
	Role      string `json:"role"`
	Channel   string `json:"channel"`
}

// Subject is the id of what the entry is about.
func (s Said) Subject() string {
	for _, id := range []string{s.Decision, s.Undo, s.Action, s.Request, s.Exception, s.Item} {
		if id != "" {
			return id
		}
	}
	return ""
}

// ReadActivity reads what an entry says; false for an entry about something else.
func ReadActivity(e ledger.Entry) (a Activity, ok bool, err error) {
	switch e.Type {
	case ledger.Intent, ledger.Receipt, ledger.Settled, ledger.Decision, ledger.Request, ledger.Accept:
	default:
		return a, false, nil
	}
	a = Activity{Entry: e.Index, At: e.Time.UTC(), Type: e.Type}
	if err := json.Unmarshal(e.Data, &a.Said); err != nil {
		return a, false, fmt.Errorf("entry %d: %w", e.Index, err)
	}
	return a, true, nil
}

// FieldBy is the field of an entry that commits to whose decision it was.
const FieldBy = "by"

// Opened is a value that an entry commits to, with the salt that shows it.
type Opened struct {
	Entry uint64          `json:"entry"`
	Field string          `json:"field"` // of the entry's data
	Value json.RawMessage `json:"value"`
	Salt  []byte          `json:"salt"` // base64
}
