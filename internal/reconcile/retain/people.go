package retain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/ledger/privacy"
	"muster/internal/store"
)

// People finds persons by what HR says of them.
type People interface {
	// Find gives the worker ids that a text can mean: in the list of the last run an id, an e-mail address, a login or a name, else an id of an older list.
	Find(ctx context.Context, text string) ([]string, error)
}

// HR is the People of a store.
type HR struct{ Store *store.Store }

// Find implements People.
func (h HR) Find(ctx context.Context, text string) ([]string, error) {
	run, ok, err := h.Store.LastRun(ctx, true)
	if err != nil || !ok {
		return nil, err
	}
	world, ok, err := h.Store.WorldOfRun(ctx, run.ID)
	if err != nil || !ok {
		return nil, err
	}
	ids, err := h.Store.FindPersons(ctx, world, text)
	if err != nil || len(ids) > 0 {
		return ids, err
	}
	past, err := h.Store.PersonHistory(ctx, run.ID, world.HR.System, text)
	if slices.ContainsFunc(past, func(p store.PersonAt) bool { return p.Known }) {
		return []string{text}, err
	}
	return nil, err
}

// covers says what a text names that is to be held: a kind in any case, or a person.
func (k *Keeper) covers(ctx context.Context, text string, unknown bool) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsAny(text, "\r\n") {
		return "", &access.Error{Op: "hold", Kind: access.Invalid, Hint: "name facts, documents, packs, commitments or a person", Err: fmt.Errorf("%q is neither a kind nor a person", text)}
	}
	if lower := strings.ToLower(text); kind(lower) {
		return lower, nil
	}
	named, err := privacy.Persons(ctx, k.Ledger)
	if err != nil {
		return "", err
	}
	meant, err := k.meant(ctx, text, named)
	if err == nil && len(meant) == 0 && unknown {
		return text, nil
	}
	return one("hold "+text, "name facts, documents, packs, commitments or a person by worker id, e-mail address or login; for a worker id that nobody knows any more, or yet, add --unknown", meant, err)
}

// erasable says whom a text names that is to be forgotten.
func (k *Keeper) erasable(ctx context.Context, text string) (string, error) {
	text = strings.TrimSpace(text)
	named, err := privacy.Persons(ctx, k.Ledger)
	if err != nil {
		return "", err
	}
	meant, err := k.meant(ctx, text, named)
	return one("erase "+text, "name the person by worker id, e-mail address or login, or as the ledger does: muster ledger reveal", meant, err)
}

// standing finds the hold that a text names: by what it covers, or by the person who is meant.
func (k *Keeper) standing(ctx context.Context, text string, open []Hold) (Hold, error) {
	trimmed := strings.TrimSpace(text)
	for _, same := range []func(Hold) bool{
		func(h Hold) bool { return h.Covers == text },
		func(h Hold) bool { return h.Covers == trimmed },
		func(h Hold) bool { return strings.EqualFold(strings.TrimSpace(h.Covers), trimmed) },
	} {
		if i := slices.IndexFunc(open, same); i >= 0 {
			return open[i], nil
		}
	}
	meant, err := k.meant(ctx, trimmed, nil)
	if err != nil {
		return Hold{}, err
	}
	for _, h := range open {
		if len(meant) == 1 && h.Covers == meant[0] {
			return h, nil
		}
	}
	return Hold{}, &access.Error{Op: "lift hold of " + trimmed, Kind: access.NotFound, Hint: "list holds with: muster legal-hold list", Err: errors.New("there is no such hold")}
}

// meant are the persons whom a text can mean: the worker of this id, else whom HR finds by it and whom the ledger names so.
func (k *Keeper) meant(ctx context.Context, text string, named []string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	out, err := k.People.Find(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", text, err)
	}
	if len(out) == 1 && strings.EqualFold(out[0], text) {
		return out, nil
	}
	if slices.Contains(named, text) {
		named = []string{text}
	}
	for _, name := range named {
		if strings.EqualFold(name, text) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

// one is the one person who is meant.
func one(op, hint string, meant []string, err error) (string, error) {
	switch {
	case err != nil:
		return "", err
	case len(meant) == 1:
		return meant[0], nil
	case len(meant) == 0:
		return "", &access.Error{Op: op, Kind: access.NotFound, Hint: hint, Err: errors.New("neither HR nor the ledger knows such a person")}
	}
	return "", &access.Error{Op: op, Kind: access.Invalid, Hint: "give one of " + strings.Join(meant, ", "), Err: fmt.Errorf("%d persons match", len(meant))}
}
