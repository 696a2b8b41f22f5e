package retain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/ledger/durable"
	"muster/internal/store"
)

// holdFile names what is held, a line each, in the data folder.
const holdFile = "legal-holds"

// KeepFacts lets the store keep facts as long as the configuration says, and for ever while a hold covers them or any person, whose facts lie among
// all others. What is held is what the store says, whichever data folder set it. The file follows; lost is what it named and the store does not.
func (k *Keeper) KeepFacts(ctx context.Context) (lost []string, err error) {
	open, err := k.Holds(ctx)
	if err != nil {
		return nil, err
	}
	for {
		days := k.days(open)
		if err := k.Facts.KeepFacts(ctx, days); err != nil {
			return nil, fmt.Errorf("set how long facts are kept: %w", err)
		}
		if open, err = k.Holds(ctx); err != nil { // another data folder may have set one meanwhile
			return nil, err
		}
		if k.days(open) == days {
			return k.follow(open)
		}
	}
}

func (k *Keeper) days(open []Hold) int {
	if slices.ContainsFunc(open, func(h Hold) bool { return h.stops(Facts) }) {
		return store.FactsForever
	}
	return min(k.Settings.FactsDays(), store.FactsForever)
}

// follow makes the file say what is held.
func (k *Keeper) follow(open []Hold) (lost []string, err error) {
	was, err := os.ReadFile(filepath.Join(k.Dir, holdFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &access.Error{Op: "read " + holdFile, Kind: access.Denied, Err: err}
	}
	now := lines(open)
	if string(was) == now {
		return nil, nil
	}
	for covers := range strings.Lines(string(was)) {
		if covers = strings.TrimSuffix(covers, "\n"); covers != "" && !slices.ContainsFunc(open, func(h Hold) bool { return h.Covers == covers }) {
			lost = append(lost, covers)
		}
	}
	return lost, k.write(open)
}

func lines(open []Hold) string {
	var text strings.Builder
	for _, h := range open {
		fmt.Fprintln(&text, h.Covers)
	}
	return text.String()
}

func (k *Keeper) write(open []Hold) error {
	d := durable.New(k.Dir)
	if err := errors.Join(d.Write(holdFile, []byte(lines(open)), 0o600), d.Flush()); err != nil {
		return fmt.Errorf("write %s: %w", holdFile, err)
	}
	return nil
}
