package check

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/reports/pack"
	"muster/reports/pack/archive"
)

// OnLedger compares a verified pack with a ledger that is at hand: its checkpoint must be one that this ledger went through, and the ledger must
// have the SHA-256 of the zip file. It finds what the pack alone cannot show: another ledger made with the same key, and a pack that was
// made later than the one that was handed out.
func OnLedger(ctx context.Context, rep Report, dir string) []Step {
	past, entered := Step{Name: pastStep}, Step{Name: enteredStep}
	r, err := ledger.Read(dir)
	if err != nil {
		_ = finish(&past, []string{"ledger at hand: " + err.Error()}, "") // it gives no error
		entered.Skip("the ledger at hand cannot be read")
		return []Step{past, entered}
	}
	size, err := extends(r, rep)
	_ = finish(&past, texts(err), "%d of its %d entries", size, r.Size())
	if rep.SHA256 == "" {
		entered.Skip("this is an unpacked folder; the ledger has the digest of the zip file")
		return []Step{past, entered}
	}
	e, err := Entry(ctx, r, rep.SHA256)
	_ = finish(&entered, texts(err), "entry %d of %s", e.Index, e.Time.Format(time.RFC3339))
	return []Step{past, entered}
}

// The names of the steps of a ledger at hand.
const (
	pastStep    = "ledger at hand: it went through the pack's checkpoint"
	enteredStep = "ledger at hand: it has the digest of this pack"
)

func texts(err error) []string {
	if err == nil {
		return nil
	}
	return []string{err.Error()}
}

// Entry finds the entry of a pack by the SHA-256 of its zip file: the last one, when it was rendered several times.
func Entry(ctx context.Context, r *ledger.Reader, digest string) (found ledger.Entry, err error) {
	ok := false
	err = r.Entries(ctx, 0, func(e ledger.Entry) error {
		var data struct {
			SHA256 string `json:"sha256"`
		}
		if e.Type == ledger.Pack && json.Unmarshal(e.Data, &data) == nil && data.SHA256 == digest {
			found, ok = e, true
		}
		return nil
	})
	if err != nil {
		return found, fmt.Errorf("ledger at hand: %w", err)
	}
	if !ok {
		return found, &access.Error{System: "ledger", Op: "find pack", Kind: access.NotFound, Err: fmt.Errorf("ledger at hand: no entry has the digest %s of this pack", digest)}
	}
	return found, nil
}

// extends checks that a ledger went through the checkpoint of a pack, and gives how many entries it had then.
func extends(r *ledger.Reader, rep Report) (uint64, error) {
	a, err := archive.Open(rep.Path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = a.Close() }() // it was only read
	text, err := a.ReadFile(pack.CheckpointFile)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", pack.CheckpointFile, err)
	}
	at, err := r.At(string(text))
	if err != nil {
		return 0, fmt.Errorf("ledger at hand: it did not go through the checkpoint of the pack: %w", err)
	}
	return at.Size(), nil
}
