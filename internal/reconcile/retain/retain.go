// Package retain removes what was kept long enough, and what a person wants forgotten, unless a legal hold covers it. Holds are documents, on the
// ledger first; what they cover is also in a file of the data folder, because how long facts live is decided before the store is open.
package retain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config/retention"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/internal/ledger/durable"
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

// holdFile names what is held, a line each, in the data folder.
const holdFile = "legal-holds"

// forever is how many days held facts are kept: for ever, as far as it matters.
const forever = 36_500

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

// Keeper applies retention and holds.
type Keeper struct {
	Records  remediate.Records
	Messages Messages
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

// Set puts a hold on a kind or a person.
func (k *Keeper) Set(ctx context.Context, covers, reason, by string) (Hold, error) {
	if err := errors.Join(remediate.CheckReason("hold", reason), checkCovers(covers)); err != nil {
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
	return h, k.keep(ctx, "set", reason, by, &h, append(open, h))
}

// Lift ends the hold of a kind or a person.
func (k *Keeper) Lift(ctx context.Context, covers, reason, by string) (Hold, error) {
	if err := remediate.CheckReason("lift", reason); err != nil {
		return Hold{}, err
	}
	open, err := k.Holds(ctx)
	if err != nil {
		return Hold{}, err
	}
	for i, h := range open {
		if h.Covers == covers {
			h.Lift, h.LiftedBy, h.LiftedAt = strings.TrimSpace(reason), by, k.Now().UTC()
			return h, k.keep(ctx, "lifted", reason, by, &h, slices.Delete(slices.Clone(open), i, i+1))
		}
	}
	return Hold{}, &access.Error{Op: "lift hold of " + covers, Kind: access.NotFound, Hint: "list holds with: muster legal-hold list", Err: errors.New("there is no such hold")}
}

func checkCovers(covers string) error {
	if covers == "" || strings.ContainsAny(covers, "\r\n") {
		return &access.Error{Op: "hold", Kind: access.Invalid, Hint: "name facts, documents, packs, commitments or a person", Err: fmt.Errorf("%q is neither a kind nor a person", covers)}
	}
	return nil
}

// keep enters a change of a hold on the ledger, stores it, and writes the file. A hold is in the file before it is anywhere else, and leaves it last.
func (k *Keeper) keep(ctx context.Context, what, reason, by string, h *Hold, open []Hold) error {
	if what == "set" {
		if err := k.write(open); err != nil {
			return err
		}
	}
	covers := any(h.Covers)
	if !kind(h.Covers) {
		covers = commit.Of(h.Covers, h.Covers)
	}
	_, err := k.Ledger.Append(ctx, ledger.Event{Time: k.Now().UTC(), Type: ledger.Legal, Data: map[string]any{"hold": h.ID, "what": what, "covers": covers,
		"reason": commit.Of(reason, by), "by": commit.Of(by, by)}})
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
	return k.write(open)
}

func kind(covers string) bool {
	return slices.Contains([]string{Facts, Documents, Packs, Commitments}, covers)
}

func (k *Keeper) write(open []Hold) error {
	var text strings.Builder
	for _, h := range open {
		fmt.Fprintln(&text, h.Covers)
	}
	d := durable.New(k.Dir)
	if err := errors.Join(d.Write(holdFile, []byte(text.String()), 0o600), d.Flush()); err != nil {
		return fmt.Errorf("write %s: %w", holdFile, err)
	}
	return nil
}

// FactsDays is how many days facts are kept: for ever while a hold covers them or any person, whose facts lie among all others; 0 is the default.
func FactsDays(dir string, settings retention.Settings) (int, error) {
	text, err := os.ReadFile(filepath.Join(dir, holdFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, &access.Error{Op: "read legal holds", Kind: access.Denied, Err: err}
	}
	for covers := range strings.Lines(string(text)) {
		if covers = strings.TrimSuffix(covers, "\n"); covers != "" && !isOtherKind(covers) {
			return forever, nil
		}
	}
	return int(settings.Facts / (24 * time.Hour)), nil
}

// held says which hold covers an opening.
func held(holds []Hold) privacy.Held {
	return func(o commit.Opening) string {
		for _, h := range holds {
			if h.Covers == Commitments || slices.Contains(o.Persons, h.Covers) {
				return h.ID + " on " + h.Covers
			}
		}
		return ""
	}
}

// Erase forgets what the ledger's entries commit to about a person.
func (k *Keeper) Erase(ctx context.Context, person, reason, by string) (privacy.Erased, error) {
	if err := remediate.CheckReason("erase", reason); err != nil {
		return privacy.Erased{}, err
	}
	holds, err := k.Holds(ctx)
	if err != nil {
		return privacy.Erased{}, err
	}
	return privacy.Erase(ctx, k.Ledger, person, strings.TrimSpace(reason), by, held(holds))
}
