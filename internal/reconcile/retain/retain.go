// Package retain removes what was kept long enough, and what a person wants forgotten, unless a legal hold covers it. Holds are documents, on the
// ledger first. A file of the data folder repeats what they cover, so that somebody notices when the store has lost one; it decides nothing.
package retain

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config/retention"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/internal/ledger/privacy"
	"muster/remediate"
)

// The kinds that have a retention and that a hold may cover as a whole.
const (
	Facts       = "facts"
	Documents   = "documents"
	Packs       = "packs"
	Commitments = "commitments"
)

func kinds() []string { return []string{Facts, Documents, Packs, Commitments} }

func kind(covers string) bool { return slices.Contains(kinds(), covers) }

// Hold is a legal hold.
type Hold struct {
	ID       string    `json:"id"`
	Covers   string    `json:"covers"` // a kind, or a person as the ledger names them
	Reason   string    `json:"reason"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Lift     string    `json:"lift,omitempty"` // why it was lifted
	LiftedBy string    `json:"lifted_by,omitempty"`
	LiftedAt time.Time `json:"lifted_at,omitzero"`
	Version  uint64    `json:"version"`
}

// Messages removes the records of messages to people whose newest version lies before a time, except those to persons of keep.
type Messages interface {
	ExpireMessages(ctx context.Context, before time.Time, keep []string, dry bool) (due, held uint64, err error)
}

// FactsKeeper sets how many days the store keeps facts; 0 is its default.
type FactsKeeper interface {
	KeepFacts(ctx context.Context, days int) error
}

// Keeper applies retention and holds.
type Keeper struct {
	Records  remediate.Records
	Messages Messages
	Facts    FactsKeeper
	People   People
	Ledger   *ledger.Log
	Dir      string // the data folder
	Packs    string // folder of packs, below it
	Settings retention.Settings
	Now      func() time.Time
}

// Holds are those that are in force, the oldest first.
func (k *Keeper) Holds(ctx context.Context) ([]Hold, error) {
	all, err := remediate.Load[Hold](ctx, k.Records, access.DocumentQuery{Kind: access.DocLegalHold})
	if err != nil {
		return nil, fmt.Errorf("read legal holds: %w", err)
	}
	all = slices.DeleteFunc(all, func(h Hold) bool { return !h.LiftedAt.IsZero() })
	slices.SortFunc(all, func(a, b Hold) int { return a.At.Compare(b.At) })
	return all, nil
}

// stops reports whether a hold stops the retention of all of a kind: of facts and packs that of any person does too, whose rows lie among all others.
func (h Hold) stops(of string) bool {
	return h.Covers == of || (of == Facts || of == Packs) && !kind(h.Covers)
}

// Set puts a hold on a kind or a person. Somebody whom neither HR nor the ledger knows is refused, unless unknown is set: then the text is their worker id.
func (k *Keeper) Set(ctx context.Context, text, reason, by string, unknown bool) (Hold, error) {
	if err := remediate.CheckReason("hold", reason); err != nil {
		return Hold{}, err
	}
	covers, err := k.covers(ctx, text, unknown)
	if err != nil {
		return Hold{}, err
	}
	open, err := k.Holds(ctx)
	if err != nil {
		return Hold{}, err
	}
	for _, h := range open {
		if h.Covers == covers {
			return h, &access.Error{Op: "hold " + covers, Kind: access.Conflict, Hint: "list holds with: muster legal-hold list", Err: fmt.Errorf("%s is held already: %s", covers, h.Reason)}
		}
	}
	now := k.Now().UTC()
	h := Hold{ID: remediate.ShortID("L-", now.Format(time.RFC3339Nano), covers), Covers: covers, Reason: strings.TrimSpace(reason), By: by, At: now}
	if err := k.write(append(open, h)); err != nil { // first of all: should nothing else come of it, the next session says so
		return Hold{}, err
	}
	return h, k.keep(ctx, "set", h.Reason, by, &h)
}

// Lift ends the hold of a kind or a person.
func (k *Keeper) Lift(ctx context.Context, text, reason, by string) (Hold, error) {
	if err := remediate.CheckReason("lift", reason); err != nil {
		return Hold{}, err
	}
	open, err := k.Holds(ctx)
	if err != nil {
		return Hold{}, err
	}
	h, err := k.standing(ctx, text, open)
	if err != nil {
		return Hold{}, err
	}
	h.Lift, h.LiftedBy, h.LiftedAt = strings.TrimSpace(reason), by, k.Now().UTC()
	return h, k.keep(ctx, "lifted", h.Lift, by, &h)
}

// keep enters a change of a hold on the ledger, stores it, and lets the store keep facts by it.
func (k *Keeper) keep(ctx context.Context, what, reason, by string, h *Hold) error {
	covers, about := any(h.Covers), []string{by}
	if !kind(h.Covers) {
		covers, about = commit.Of(h.Covers, h.Covers), append(about, h.Covers)
	}
	_, err := k.Ledger.Append(ctx, ledger.Event{Time: k.Now().UTC(), Type: ledger.Legal, Data: map[string]any{"hold": h.ID, "what": what, "covers": covers,
		"reason": commit.Of(reason, about...), "by": commit.Of(by, by)}})
	if err != nil {
		return fmt.Errorf("enter the hold on the ledger: %w", err)
	}
	h.Version++
	body, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode hold: %w", err)
	}
	doc := access.Document{Kind: access.DocLegalHold, ID: h.ID, Version: h.Version, State: what, Key: h.Covers, At: k.Now().UTC(), Body: body}
	if err := k.Records.SaveDocuments(ctx, doc); err != nil {
		return fmt.Errorf("store hold: %w", err)
	}
	_, err = k.KeepFacts(ctx)
	return err
}

// held says which hold covers an opening.
func held(holds []Hold) privacy.Held {
	return func(o commit.Opening) string {
		for _, h := range holds {
			if h.Covers == Commitments || slices.ContainsFunc(o.Persons, func(person string) bool { return strings.EqualFold(person, h.Covers) }) {
				return h.ID + " on " + h.Covers
			}
		}
		return ""
	}
}

// Erase forgets what the ledger's entries commit to about a person.
func (k *Keeper) Erase(ctx context.Context, text, reason, by string) (privacy.Erased, error) {
	if err := remediate.CheckReason("erase", reason); err != nil {
		return privacy.Erased{}, err
	}
	person, err := k.erasable(ctx, text)
	if err != nil {
		return privacy.Erased{}, err
	}
	holds, err := k.Holds(ctx)
	if err != nil {
		return privacy.Erased{}, err
	}
	return privacy.Erase(ctx, k.Ledger, person, strings.TrimSpace(reason), by, held(holds))
}
