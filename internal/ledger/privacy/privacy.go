// Package privacy opens what a log's entries commit to, and forgets it: on the wish of a person, or because it was kept long enough. The
// log itself never changes, so every proof of it holds afterwards. Errors are *access.Error.
package privacy

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
)

// Held tells why an opening may not be erased: the legal holds that cover it; empty when none does.
type Held func(commit.Opening) string

// Revealed is one entry with what is known of its commitments.
type Revealed struct {
	Entry    ledger.Entry
	Openings []commit.Opening // by field; of what was erased or was never here, only Field and Commitment
	Missing  int              // how many are neither kept nor noted as erased
}

// Reveal reads an entry of the log in dir and opens its commitments, each of which is checked.
func Reveal(dir string, index uint64) (Revealed, error) {
	r, err := ledger.Read(dir)
	if err != nil {
		return Revealed{}, err
	}
	e, err := r.Entry(index)
	if err != nil {
		return Revealed{}, err
	}
	have, err := commit.NewBook(ledger.PrivateDir(dir)).Openings(index)
	if err != nil {
		return Revealed{}, failed(access.Denied, "reveal entry", "", err)
	}
	out := Revealed{Entry: e}
	for field, commitment := range commit.Found(e.Data) {
		o, ok := have[commitment]
		switch {
		case !ok:
			out.Missing++
			o = commit.Opening{Entry: index, Commitment: commitment}
		case !o.Erased && !o.Check(commitment):
			err := fmt.Errorf("entry %d: what is kept for %s is not what the entry commits to", index, field)
			return out, failed(access.Invalid, "reveal entry", "the folder beside the ledger was changed; restore it from a backup", err)
		}
		o.Field = field
		out.Openings = append(out.Openings, o)
	}
	slices.SortFunc(out.Openings, func(a, b commit.Opening) int { return strings.Compare(a.Field, b.Field) })
	return out, nil
}

// Count says how many openings are kept beside the log in dir, and how many were erased.
func Count(ctx context.Context, dir string) (kept, erased int, err error) {
	err = commit.NewBook(ledger.PrivateDir(dir)).Each(ctx, func(o commit.Opening) error {
		if o.Erased {
			erased++
		} else {
			kept++
		}
		return nil
	})
	if err != nil {
		return 0, 0, failed(access.Denied, "count commitments", "", err)
	}
	return kept, erased, nil
}

// Persons names everybody whom what is kept beside a log is about, sorted.
func Persons(ctx context.Context, l *ledger.Log) ([]string, error) {
	seen := map[string]bool{}
	err := l.Private(func(b *commit.Book) error {
		return b.Each(ctx, func(o commit.Opening) error {
			for _, person := range o.Persons {
				seen[person] = true
			}
			return nil
		})
	})
	return slices.Sorted(maps.Keys(seen)), wrapped(err)
}

// Erased is what an erasure did. The receipts show to whoever has them whom the entry is about, and why; they are kept nowhere.
type Erased struct {
	Openings int
	Entry    uint64         // where the erasure is on the ledger
	Receipt  commit.Opening // of the person
	Reason   commit.Opening
}

// Erase removes the values and salts of one person, after an entry that commits to who it was and why. held refuses what a legal hold covers:
// then nothing is removed. The reason may tell of the person, so it is handed out with the receipt and never written down; who erased stays known
// by this entry, even if they erased themselves, until somebody else erases them.
func Erase(ctx context.Context, l *ledger.Log, person, reason, by string, held Held) (Erased, error) {
	n := 0
	of := func(o commit.Opening) bool { return slices.Contains(o.Persons, person) }
	err := l.Private(func(b *commit.Book) (err error) {
		var why string
		n, err = b.Erase(ctx, true, func(o commit.Opening) bool {
			if of(o) && why == "" {
				why = held(o)
			}
			return of(o)
		})
		if err == nil && why != "" {
			return failed(access.Denied, "erase "+person, "lift the hold first: muster legal-hold lift", fmt.Errorf("a legal hold covers it: %s", why))
		}
		return err
	})
	if err != nil {
		return Erased{}, wrapped(err)
	}
	if n == 0 {
		return Erased{}, failed(access.NotFound, "erase "+person, "name the person as the ledger does: muster ledger reveal", errors.New("nothing is kept of this person"))
	}
	receipt, err := commit.New(person, rand.Reader)
	why, werr := commit.New(reason, rand.Reader)
	if err := errors.Join(err, werr); err != nil {
		return Erased{}, failed(access.Internal, "erase "+person, "", err)
	}
	entry, err := l.Append(ctx, ledger.Event{Type: ledger.Erasure, Data: map[string]any{"person": receipt.Commitment, "openings": n,
		"reason": why.Commitment, "by": commit.Of(by, by)}})
	if err != nil {
		return Erased{}, fmt.Errorf("enter the erasure on the ledger: %w", err)
	}
	receipt.Entry, receipt.Field, why.Entry, why.Field = entry, "person", entry, "reason"
	err = l.Private(func(b *commit.Book) (err error) {
		n, err = b.Erase(ctx, false, func(o commit.Opening) bool { return of(o) && o.Entry != entry })
		return err
	})
	return Erased{n, entry, receipt, why}, wrapped(err)
}

// Expire removes the values and salts of entries that are older than before, except what a legal hold covers. With dry set it only counts.
func Expire(ctx context.Context, l *ledger.Log, before time.Time, held Held, dry bool) (expired, kept int, err error) {
	r, err := l.Reader()
	if err != nil {
		return 0, 0, err
	}
	var rerr error
	first := sort.Search(int(r.Size()), func(i int) bool { // times never run backwards
		e, err := r.Entry(uint64(i))
		rerr = errors.Join(rerr, err)
		return !e.Time.Before(before)
	})
	if rerr != nil {
		return 0, 0, rerr
	}
	err = l.Private(func(b *commit.Book) error {
		expired, err = b.Erase(ctx, dry, func(o commit.Opening) bool {
			if o.Entry >= uint64(first) {
				return false
			}
			if held(o) != "" {
				kept++
				return false
			}
			return true
		})
		return err
	})
	return expired, kept, wrapped(err)
}

// wrapped gives errors of the disk their meaning, and leaves others as they are.
func wrapped(err error) error {
	if _, ok := errors.AsType[*access.Error](err); ok || err == nil {
		return err
	}
	return failed(access.Internal, "change what entries commit to", "", err)
}

func failed(kind access.Kind, op, hint string, err error) error {
	return &access.Error{System: "ledger", Op: op, Kind: kind, Hint: hint, Err: err}
}

// Data is the entry's data with the values that are kept in place of their commitments.
func (r Revealed) Data() json.RawMessage {
	text := string(r.Entry.Data)
	for _, o := range r.Openings {
		if o.Value != nil {
			text = strings.Replace(text, `"`+o.Commitment+`"`, string(o.Value), 1)
		}
	}
	return json.RawMessage(text)
}
