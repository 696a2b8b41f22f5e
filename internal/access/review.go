package access

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// CampaignState is where a campaign stands. Draft: its population is frozen and nobody is asked yet. Closing: its end is settled and nothing is
// decided any more, but not all of the end is on the ledger and stored; nothing rests on it.
type CampaignState string

// The states of a campaign.
const (
	CampaignDraft   CampaignState = "draft"
	CampaignOpen    CampaignState = "open"
	CampaignClosing CampaignState = "closing"
	CampaignClosed  CampaignState = "closed"
)

// Silence is what the end of a campaign makes of what nobody decided: kept and flagged, or revoked.
type Silence string

// What silence may mean.
const (
	SilenceKeep   Silence = "keep"
	SilenceRevoke Silence = "revoke"
)

// Campaign is one review of access: a population that was frozen, who reviews it, and how it ended.
type Campaign struct {
	ID       string        `json:"id"` // C- and eight base32 characters
	Name     string        `json:"name"`
	Scope    string        `json:"scope"`              // CEL over person, account, grant, entitlement, system: what is reviewed
	Route    []string      `json:"route"`              // who reviews: manager, owner, security, or a group; the first independent ones
	Need     int           `json:"need"`               // how many different people must keep a grant
	Escalate []string      `json:"escalate,omitempty"` // who may decide besides, once the due day is past
	Silence  Silence       `json:"silence"`
	Owner    string        `json:"owner"` // worker id of who answers for the campaign
	Owned    string        `json:"owner_name,omitempty"`
	By       string        `json:"by"` // who created it: a worker id, or a user of the operating system
	Run      string        `json:"run"`
	AsOf     time.Time     `json:"as_of"` // the clock of the run whose world was frozen
	Sources  []ReviewScope `json:"sources"`

	Population Population      `json:"population"`
	CreatedAt  time.Time       `json:"created_at"`
	OpenedAt   time.Time       `json:"opened_at,omitzero"`
	RemindAt   time.Time       `json:"remind_at,omitzero"`
	DueAt      time.Time       `json:"due_at"`
	Reminded   bool            `json:"reminded,omitempty"`
	Escalated  bool            `json:"escalated,omitempty"`
	Escalation []Approver      `json:"escalation,omitempty"` // who that came to
	Untold     string          `json:"untold,omitempty"`     // reminded or escalated: people are still to be told of it
	State      CampaignState   `json:"state"`
	ClosedAt   time.Time       `json:"closed_at,omitzero"`
	ClosedBy   string          `json:"closed_by,omitempty"`
	Outcome    CampaignOutcome `json:"outcome,omitzero"` // of a campaign that is closed or closing
	Version    uint64          `json:"version"`
}

// Population is what was frozen: one item for each account and entitlement.
type Population struct {
	Count     int    `json:"count"`
	SHA256    string `json:"sha256"` // hex; over the sorted keys of the items, each followed by a line feed
	Persons   int    `json:"persons"`
	Accounts  int    `json:"accounts"`
	Undecided int    `json:"undecided,omitempty"` // grants on which the scope could not be evaluated; they are not in it
	Why       string `json:"why,omitempty"`       // of one of those
}

// ReviewScope is one system as the campaign saw it when it was frozen.
type ReviewScope struct {
	System   string    `json:"system"`
	Owner    string    `json:"owner,omitempty"`
	Snapshot string    `json:"snapshot,omitempty"` // that was frozen; empty when the system was never read whole
	Digest   string    `json:"digest,omitempty"`
	TakenAt  time.Time `json:"taken_at,omitzero"`
	Items    int       `json:"items"`
	Excluded string    `json:"excluded,omitempty"` // why nothing of it is reviewed
	Warning  string    `json:"warning,omitempty"`  // what its items may lack: the run did not read it whole
}

// CampaignOutcome counts how a closed campaign ended.
type CampaignOutcome struct {
	Kept       int    `json:"kept"`
	Revoked    int    `json:"revoked"`
	Silent     int    `json:"silent"`     // of those, by silence
	Unassigned int    `json:"unassigned"` // of the silent ones, those that nobody could be asked about
	SHA256     string `json:"sha256"`     // hex, over the items as they ended: their digests in the order of the items
}

// ReviewVerdict is how a reviewer answers about one item. Abstain: it is not theirs to say, and it goes on to the next.
type ReviewVerdict string

// The verdicts of reviewers.
const (
	ReviewKeep    ReviewVerdict = "keep"
	ReviewRevoke  ReviewVerdict = "revoke"
	ReviewAbstain ReviewVerdict = "abstain"
)

// ItemState is where an item stands. Kept and Revoked are those of a closed campaign.
type ItemState string

// The states of an item.
const (
	ItemOpen    ItemState = "open"
	ItemKeep    ItemState = "keep"
	ItemRevoke  ItemState = "revoke"
	ItemKept    ItemState = "kept"
	ItemRevoked ItemState = "revoked"
)

// ReviewItem is one account's one entitlement under review.
type ReviewItem struct {
	ID          string     `json:"id"` // the campaign's, a full stop, and the item's number in the population: C-7Q2K4MZD.42
	Campaign    string     `json:"campaign"`
	Key         string     `json:"key"` // hex SHA-256; see ItemParts
	System      string     `json:"system"`
	Account     AccountRef `json:"account"`
	AccountKind string     `json:"account_kind,omitempty"`
	Enabled     bool       `json:"enabled"`
	Entitlement HeldRef    `json:"entitlement"`
	Privileged  bool       `json:"privileged,omitempty"`
	Path        []string   `json:"path,omitempty"` // empty: held directly
	Person      string     `json:"person,omitempty"`
	PersonName  string     `json:"person_name,omitempty"`
	Department  string     `json:"department,omitempty"`
	Status      string     `json:"status,omitempty"`
	Answers     string     `json:"answers,omitempty"` // worker id of who answers for a service account
	Basis       []string   `json:"basis,omitempty"`   // why it was expected when the population was frozen; empty: for no reason
	LastUse     time.Time  `json:"last_use,omitzero"`
	Findings    []string   `json:"findings,omitempty"` // ids of those on it, then

	Reviewers  []ReviewAssignment `json:"reviewers,omitempty"`
	Unassigned string             `json:"unassigned,omitempty"` // why too few review it
	Decisions  []ReviewDecision   `json:"decisions,omitempty"`  // all of them, the oldest first; of each person the last counts, unless it is void
	State      ItemState          `json:"state"`
	Silent     bool               `json:"silent,omitempty"` // it ended by silence
	EndedAt    time.Time          `json:"ended_at,omitzero"`
	Removal    *ReviewRemoval     `json:"removal,omitempty"` // of a revoked one: what shows that it is gone
	Version    uint64             `json:"version"`
}

// ItemParts are what the key of an item is made of: each as its length in bytes, a colon and itself, one after the other.
func (i ReviewItem) ItemParts() []string {
	return []string{i.System, i.Account.ID, i.Entitlement.ID, i.Entitlement.Name, i.Person}
}

// Own reports whether the item is a person's own access: theirs, or that of an account that they answer for.
func (i ReviewItem) Own(person string) bool {
	return person != "" && (person == i.Person || person == i.Answers)
}

// PopulationHash is the hex SHA-256 over the sorted keys of items, each followed by a line feed.
func PopulationHash(keys []string) string {
	sorted := slices.Sorted(slices.Values(keys))
	h := sha256.New()
	for _, k := range sorted {
		h.Write([]byte(k + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ReviewAssignment is one reviewer of an item and why it is them.
type ReviewAssignment struct {
	Approver
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// ReviewDecision is what one reviewer said about one item.
type ReviewDecision struct {
	ID       string        `json:"id"` // D- and eight base32 characters
	Item     string        `json:"item"`
	Verdict  ReviewVerdict `json:"verdict"`
	By       string        `json:"by"`
	ByName   string        `json:"by_name,omitempty"`
	Role     string        `json:"role"`
	Channel  Channel       `json:"channel"`
	At       time.Time     `json:"at"`
	Reason   string        `json:"reason,omitempty"`
	Bulk     int           `json:"bulk,omitempty"`     // how many items were decided by the same stroke, when it was more than one
	Took     time.Duration `json:"took,omitempty"`     // since the reviewer's decision before it, shared by those of one stroke; 0 when it cannot be known
	Replaces string        `json:"replaces,omitempty"` // the same person's decision before
	VoidAt   time.Time     `json:"void_at,omitzero"`   // since when it does not count: the item was given to somebody else
}

// ReviewRemoval is the proof that what was revoked is gone.
type ReviewRemoval struct {
	Snapshot string    `json:"snapshot"` // the first whole one, begun after the campaign was closed, that does not hold the grant
	Digest   string    `json:"digest"`
	TakenAt  time.Time `json:"taken_at"`
	Run      string    `json:"run"`
}

// Reviewer finds a person among those who review an item.
func (i ReviewItem) Reviewer(person string) (Approver, bool) {
	for _, r := range i.Reviewers {
		if r.Person == person {
			return r.Approver, true
		}
	}
	return Approver{}, false
}

// Said is what a person said last about an item, as far as it counts.
func (i ReviewItem) Said(person string) (ReviewDecision, bool) {
	for n := len(i.Decisions) - 1; n >= 0; n-- {
		if i.Decisions[n].By == person && i.Decisions[n].VoidAt.IsZero() {
			return i.Decisions[n], true
		}
	}
	return ReviewDecision{}, false
}

// Standing is what the decisions that count come to: one revocation revokes, need different people keep, and anything else leaves it open.
func (i ReviewItem) Standing(need int) ItemState {
	last := map[string]ReviewVerdict{}
	for _, d := range i.Decisions {
		if d.VoidAt.IsZero() {
			last[d.By] = d.Verdict
		}
	}
	keeps := 0
	for _, v := range last {
		switch v {
		case ReviewRevoke:
			return ItemRevoke
		case ReviewKeep:
			keeps++
		}
	}
	if keeps >= max(need, 1) {
		return ItemKeep
	}
	return ItemOpen
}

// Revocation takes one grant of one account out of what is expected.
type Revocation struct {
	Item string // id
	By   string // worker id; empty when silence revoked
	At   time.Time
}

// Revocations are what reviews revoked, by RevokedGrant and RevokedRef.
type Revocations map[string]Revocation

// RevokedGrant is the key of a revocation by the account that holds it.
func RevokedGrant(system, account, entitlement string) string {
	return "account\x00" + system + "\x00" + account + "\x00" + entitlement
}

// RevokedRef is the key of a revocation by the person who should not be given it again.
func RevokedRef(person string, ref EntitlementRef) string {
	return "person\x00" + person + "\x00" + ref.System + "\x00" + ref.Name
}
