package remediate

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
)

// Records keeps documents: every version of an action, an approval, a request, an exception, a hold, a message.
type Records interface {
	// SaveDocuments stores new versions, durably and all or none as far as the caller sees.
	SaveDocuments(ctx context.Context, docs ...access.Document) error
	// Documents yields the newest versions that match, in the order of kind and id.
	Documents(ctx context.Context, q access.DocumentQuery, yield func(access.Document) error) error
}

// Ledger is the audit trail.
type Ledger interface {
	Append(ctx context.Context, events ...ledger.Event) (uint64, error)
}

// ShortID makes a name that people can say: the prefix and eight base32 characters (40 bits) of the hash of the parts.
func ShortID(prefix string, parts ...string) string {
	raw, _ := hex.DecodeString(Hash(parts...)) // it is hex
	return prefix + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:5])
}

// Hash is the hex SHA-256 over the length-prefixed parts.
func Hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Digest is the hex SHA-256 of a value's JSON; the ledger holds it in place of what it says.
func Digest(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("digest %T: %w", v, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// State is where an action stands.
type State string

// The states of an action. Those from Done on are final, but Done and Ordered, which wait for the snapshot that shows them.
const (
	Planned      State = "planned"      // to be done at the next apply
	Waiting      State = "waiting"      // for a decision
	Held         State = "held"         // by a hold, until it is released
	Blocked      State = "blocked"      // by a guardrail, until the world changes
	Applying     State = "applying"     // the intent is on the ledger; what happened is known only by looking
	Done         State = "done"         // the system says so, and a re-read shows it
	Ordered      State = "ordered"      // written down for a person to do
	Verified     State = "verified"     // a later complete snapshot shows it
	Contradicted State = "contradicted" // a later complete snapshot does not show it
	Failed       State = "failed"       // the system refused; the next plan asks again
	Skipped      State = "skipped"      // the account had changed since the snapshot, or the change was there already
	Refused      State = "refused"      // denied, or nobody decided in time
	Dropped      State = "dropped"      // its reason went away before it was done
	Told         State = "told"         // a policy only tells
	Undone       State = "undone"       // its inverse was done
)

// Live lists the states of actions that are still to be settled.
func Live() []string {
	return []string{string(Planned), string(Waiting), string(Held), string(Blocked), string(Applying)}
}

// Record is an action with where it stands. Everything but the action itself changes, a version at a time.
type Record struct {
	access.Action
	Mode      access.Mode     `json:"mode"`
	Policy    access.Policy   `json:"policy"`
	State     State           `json:"state"`
	Why       string          `json:"why,omitempty"`   // of a state that needs a word: what holds, blocks or failed
	Seen      Seen            `json:"seen"`            // the account as the snapshot showed it
	After     string          `json:"after,omitempty"` // id of the action that must be done first
	Approval  string          `json:"approval,omitempty"`
	Hold      string          `json:"hold,omitempty"` // id of the guardrail's hold that holds it, or whose release let it go on
	NotBefore time.Time       `json:"not_before,omitzero"`
	DueAt     time.Time       `json:"due_at,omitzero"`
	Once      string          `json:"irreversible,omitempty"` // what of it cannot be undone, in words
	Inverse   *access.Action  `json:"inverse,omitempty"`      // recorded before the change
	Receipt   *access.Receipt `json:"receipt,omitempty"`
	UndoneBy  string          `json:"undone_by,omitempty"`
	Tries     int             `json:"tries,omitempty"`
	ChangedAt time.Time       `json:"changed_at"`
	Version   uint64          `json:"version"`
}

// Seen is how the snapshot that an action was planned from showed its account. An account that is found otherwise has changed since.
type Seen struct {
	Exists  bool `json:"exists"`
	Enabled bool `json:"enabled"`
}

// Document writes the record for storage.
func (r Record) Document() (access.Document, error) {
	return document(access.DocAction, r.ID, r.Version, string(r.State), r.Key, r.System, r.Person, r.Run, r.ChangedAt, r)
}

// ApprovalDocument writes an approval for storage.
func ApprovalDocument(a access.Approval, at time.Time) (access.Document, error) {
	return document(access.DocApproval, a.ID, a.Version, string(a.State), a.Key, a.System, a.Person, a.Run, at, a)
}

// RequestDocument writes a request for storage.
func RequestDocument(r access.Request, at time.Time) (access.Document, error) {
	return document(access.DocRequest, r.ID, r.Version, string(r.State), r.Person+" "+r.Ref.String(), r.Ref.System, r.Person, "", at, r)
}

// ExceptionDocument writes an exception for storage.
func ExceptionDocument(x access.RiskException, at time.Time) (access.Document, error) {
	return document(access.DocException, x.ID, x.Version, string(x.State), x.Finding, x.System, x.Person, "", at, x)
}

// HoldDocument writes a hold for storage.
func HoldDocument(h access.Hold, at time.Time) (access.Document, error) {
	state := "open"
	if !h.Open() {
		state = "released"
	}
	return document(access.DocHold, h.ID, h.Version, state, h.System+" "+h.Cause, h.System, "", h.Run, at, h)
}

func document(kind access.DocumentKind, id string, version uint64, state, key, system, person, run string, at time.Time, body any) (access.Document, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return access.Document{}, fmt.Errorf("encode %s %s: %w", kind, id, err)
	}
	return access.Document{Kind: kind, ID: id, Version: version, State: state, Key: key, System: system, Person: person, Run: run, At: at, Body: text}, nil
}

// Load reads the newest versions of documents of one kind, decoded.
func Load[T any](ctx context.Context, r Records, q access.DocumentQuery) ([]T, error) {
	var out []T
	err := r.Documents(ctx, q, func(d access.Document) error {
		var v T
		if err := json.Unmarshal(d.Body, &v); err != nil {
			return &access.Error{Op: fmt.Sprintf("read %s %s", d.Kind, d.ID), Kind: access.Internal, Err: err}
		}
		out = append(out, v)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", q.Kind, err)
	}
	return out, nil
}

// MinReason is the shortest reason that tells an auditor anything.
const MinReason = 10

// CheckReason refuses a reason that says nothing.
func CheckReason(op, reason string) error {
	if len(strings.TrimSpace(reason)) >= MinReason {
		return nil
	}
	return &access.Error{Op: op, Kind: access.Invalid, Hint: "say what happened and who confirmed it", Err: errors.New("the reason is too short to tell an auditor anything")}
}
