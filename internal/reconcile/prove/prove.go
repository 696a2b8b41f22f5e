// Package prove makes the ledger's proofs that packs carry: of a run's own entries at its checkpoint, of what was entered later at a later one, and of the
// pack's own digest. The same entries have the same proofs, whenever they are made. It reads; only Later may keep a checkpoint.
package prove

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/reports/evidence"
	"muster/reports/pack"
)

// Run proves the run's own entries at the checkpoint of the run, except the single findings, which the digest of all stands for.
func Run(ctx context.Context, dir string, run access.Run) (evidence.Ledger, error) {
	newest, err := ledger.Read(dir)
	if err != nil {
		return evidence.Ledger{}, err
	}
	at, err := newest.At(run.Checkpoint)
	if err != nil {
		return evidence.Ledger{}, err
	}
	out := evidence.Ledger{Checkpoint: run.Checkpoint, VerifierKey: at.VerifierKey()}
	err = at.Entries(ctx, run.FirstEntry, func(e ledger.Entry) error {
		if e.Run != run.ID || e.Type == ledger.Finding || e.Index > run.LastEntry {
			return nil
		}
		p, err := at.Prove(e.Index)
		out.Proofs = append(out.Proofs, p)
		return err
	})
	return out, err
}

// Later proves entries that are younger than the run at the first checkpoint that was kept and has them all; when there is none, the newest is
// kept. Nil for no entries.
func Later(dir string, log *ledger.Log, run access.Run, entries []uint64) (*evidence.Later, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	last := slices.Max(entries)
	newest, err := ledger.Read(dir)
	if err != nil {
		return nil, err
	}
	kept, err := newest.Kept()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(kept, func(c ledger.Checkpoint) bool { return c.Size > last })
	if i < 0 {
		c, err := log.Keep()
		if err != nil {
			return nil, err
		}
		if newest, err = ledger.Read(dir); err != nil {
			return nil, err
		}
		i, kept = 0, []ledger.Checkpoint{c}
	}
	at, err := newest.At(kept[i].Text)
	if err != nil {
		return nil, err
	}
	out := &evidence.Later{Checkpoint: kept[i].Text}
	if out.Growth, err = at.ProveConsistency(run.Checkpoint); err != nil {
		return nil, err
	}
	for _, index := range slices.Sorted(slices.Values(entries)) {
		p, err := at.Prove(index)
		if err != nil {
			return nil, err
		}
		out.Proofs = append(out.Proofs, p)
	}
	out.Opened, err = opened(dir, at, entries)
	return out, err
}

// opened shows whose decisions entries commit to. What is kept of an append that never happened is not shown.
func opened(dir string, at *ledger.Reader, entries []uint64) (out []evidence.Opened, err error) {
	err = commit.NewBook(ledger.PrivateDir(dir)).Of(entries, func(o commit.Opening) error {
		if o.Field != evidence.FieldBy || o.Erased {
			return nil
		}
		e, err := at.Entry(o.Entry)
		if err == nil && o.Check(commit.Found(e.Data)[o.Field]) {
			out = append(out, evidence.Opened{Entry: o.Entry, Field: o.Field, Value: o.Value, Salt: o.Salt})
		}
		return err
	})
	slices.SortFunc(out, func(a, b evidence.Opened) int { return cmp.Compare(a.Entry, b.Entry) })
	return out, err
}

// Receipt leaves beside a pack the proof that its digest is on the ledger. It cannot be in the pack, whose digest it is about.
func Receipt(dir, path string, index uint64) error {
	proof, err := ledger.Prove(dir, index)
	if err != nil {
		return fmt.Errorf("prove that the pack is on the ledger: %w", err)
	}
	return pack.WriteFile(path+pack.ReceiptSuffix, []byte(proof.String()))
}
