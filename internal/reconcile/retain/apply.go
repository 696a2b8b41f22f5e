package retain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"muster/internal/ledger"
	"muster/internal/ledger/privacy"
)

// Due is what the retention of one kind does.
type Due struct {
	Kind    string        `json:"kind"`
	Keep    time.Duration `json:"keep"`    // 0 for ever
	Removed int           `json:"removed"` // or to be removed, in a dry run; facts are removed by the store, uncounted
	Held    int           `json:"held"`    // past their time, and kept by a legal hold
	Hold    string        `json:"hold"`    // the hold of the whole kind; empty without
}

// Apply removes what is past its time, and says so on the ledger; with dry set it only counts. Facts are the store's: it removes them by itself.
func (k *Keeper) Apply(ctx context.Context, dry bool) ([]Due, error) {
	holds, err := k.Holds(ctx)
	if err != nil {
		return nil, err
	}
	of := func(kind string) string {
		for _, h := range holds {
			if h.stops(kind) {
				return h.ID
			}
		}
		return ""
	}
	facts := Due{Kind: Facts, Keep: k.Settings.Facts, Hold: of(Facts)}
	documents := Due{Kind: Documents, Keep: k.Settings.Documents, Hold: of(Documents)}
	if documents.Keep > 0 {
		if err := k.expireDocuments(ctx, &documents, holds, dry); err != nil {
			return nil, err
		}
	}
	packs := Due{Kind: Packs, Keep: k.Settings.Packs, Hold: of(Packs)}
	if packs.Keep > 0 {
		if err := k.expirePacks(ctx, &packs, dry); err != nil {
			return nil, err
		}
	}
	commitments := Due{Kind: Commitments, Keep: k.Settings.Commitments, Hold: of(Commitments)}
	if commitments.Keep > 0 {
		if err := k.expireCommitments(ctx, &commitments, held(holds), dry); err != nil {
			return nil, err
		}
	}
	return []Due{facts, documents, packs, commitments}, nil
}

// enter says on the ledger what is about to be removed.
func (k *Keeper) enter(ctx context.Context, d Due) error {
	_, err := k.Ledger.Append(ctx, ledger.Event{Time: k.Now().UTC(), Type: ledger.Retain, Data: map[string]any{"kind": d.Kind, "keep_days": int(d.Keep / (24 * time.Hour)), "removed": d.Removed, "held": d.Held}})
	if err != nil {
		return fmt.Errorf("enter the retention on the ledger: %w", err)
	}
	return nil
}

// expireDocuments removes messages to people, except to those on hold.
func (k *Keeper) expireDocuments(ctx context.Context, d *Due, holds []Hold, dry bool) error {
	var persons []string
	for _, h := range holds {
		if !kind(h.Covers) {
			persons = append(persons, h.Covers)
		}
	}
	before := k.Now().Add(-d.Keep)
	due, held, err := k.Messages.ExpireMessages(ctx, before, persons, true)
	if err != nil {
		return fmt.Errorf("count old messages: %w", err)
	}
	if d.Hold != "" {
		due, held = 0, held+due
	}
	if d.Removed, d.Held = int(due), int(held); dry || due == 0 {
		return nil
	}
	if err := k.enter(ctx, *d); err != nil {
		return err
	}
	if _, _, err := k.Messages.ExpireMessages(ctx, before, persons, false); err != nil {
		return fmt.Errorf("remove old messages: %w", err)
	}
	return nil
}

// expirePacks removes folders of packs that were not written to since. Their digests stay on the ledger.
func (k *Keeper) expirePacks(ctx context.Context, d *Due, dry bool) error {
	entries, err := os.ReadDir(k.Packs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read packs: %w", err)
	}
	before := k.Now().Add(-d.Keep)
	var old []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return fmt.Errorf("read packs: %w", err)
		}
		if info.IsDir() && info.ModTime().Before(before) {
			old = append(old, filepath.Join(k.Packs, e.Name()))
		}
	}
	if d.Hold != "" {
		d.Held, old = len(old), nil
	}
	if d.Removed = len(old); dry || len(old) == 0 {
		return nil
	}
	if err := k.enter(ctx, *d); err != nil {
		return err
	}
	for _, folder := range old {
		if err := os.RemoveAll(folder); err != nil {
			return fmt.Errorf("remove pack: %w", err)
		}
	}
	return nil
}

func (k *Keeper) expireCommitments(ctx context.Context, d *Due, held privacy.Held, dry bool) (err error) {
	before := k.Now().Add(-d.Keep)
	if d.Removed, d.Held, err = privacy.Expire(ctx, k.Ledger, before, held, true); err != nil || dry || d.Removed == 0 {
		return err
	}
	if err := k.enter(ctx, *d); err != nil {
		return err
	}
	_, _, err = privacy.Expire(ctx, k.Ledger, before, held, false)
	return err
}
