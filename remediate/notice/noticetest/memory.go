// Package noticetest holds what tests of messages need: documents and a ledger in memory, and a channel that loses, delays and doubts.
//
// All of it is safe for concurrent use. Nothing here is used outside of tests.
package noticetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"muster/internal/access"
	"muster/internal/ledger"
)

// Records keeps documents in memory.
type Records struct {
	mu   sync.Mutex
	docs map[access.DocumentKind]map[string][]access.Document // every version of each id
	// Fault, when it is set, is asked before every write.
	Fault func(access.Document) error
}

// SaveDocuments stores versions; the same version twice is stored once.
func (r *Records) SaveDocuments(_ context.Context, docs ...access.Document) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range docs {
		if r.Fault != nil {
			if err := r.Fault(d); err != nil {
				return err
			}
		}
	}
	if r.docs == nil {
		r.docs = map[access.DocumentKind]map[string][]access.Document{}
	}
	for _, d := range docs {
		kind := r.docs[d.Kind]
		if kind == nil {
			kind = map[string][]access.Document{}
			r.docs[d.Kind] = kind
		}
		if !slices.ContainsFunc(kind[d.ID], func(x access.Document) bool { return x.Version == d.Version }) {
			kind[d.ID] = append(kind[d.ID], d)
		}
	}
	return nil
}

// Documents yields the newest versions that match, by kind and id.
func (r *Records) Documents(_ context.Context, q access.DocumentQuery, yield func(access.Document) error) error {
	for _, d := range r.matching(q) {
		if err := yield(d); err != nil {
			return err
		}
	}
	return nil
}

func (r *Records) matching(q access.DocumentQuery) []access.Document {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []access.Document
	for kind, ids := range r.docs {
		if q.Kind != "" && kind != q.Kind {
			continue
		}
		if q.ID != "" {
			ids = map[string][]access.Document{q.ID: ids[q.ID]}
		}
		for _, versions := range ids {
			if len(versions) == 0 {
				continue
			}
			if d := slices.MaxFunc(versions, func(a, b access.Document) int { return int(a.Version) - int(b.Version) }); matches(q, d) {
				out = append(out, d)
			}
		}
	}
	slices.SortFunc(out, func(a, b access.Document) int {
		return strings.Compare(string(a.Kind)+" "+a.ID, string(b.Kind)+" "+b.ID)
	})
	return out
}

func matches(q access.DocumentQuery, d access.Document) bool {
	return (q.System == "" || d.System == q.System) && (q.Person == "" || d.Person == q.Person) && (q.Run == "" || d.Run == q.Run) &&
		(len(q.States) == 0 || slices.Contains(q.States, d.State)) && (q.Keys == nil || slices.Contains(q.Keys, d.Key)) &&
		strings.HasPrefix(strings.ToUpper(d.ID), strings.ToUpper(q.IDPrefix))
}

// Ledger keeps events in memory.
type Ledger struct {
	mu     sync.Mutex
	events []ledger.Event
	// Down makes it refuse.
	Down bool
}

// Append enters events.
func (l *Ledger) Append(_ context.Context, events ...ledger.Event) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Down {
		return 0, errors.New("append to the ledger: the disk is full")
	}
	l.events = append(l.events, events...)
	return uint64(len(l.events)), nil
}

// Fail makes the ledger refuse, or take again.
func (l *Ledger) Fail(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Down = down
}

// Events gives what was entered of a type.
func (l *Ledger) Events(kind ledger.Type) []ledger.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []ledger.Event
	for _, e := range l.events {
		if e.Type == kind {
			out = append(out, e)
		}
	}
	return out
}
