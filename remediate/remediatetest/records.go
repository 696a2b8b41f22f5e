package remediatetest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"muster/internal/access"
)

// Records keep documents in memory. The zero value is empty.
type Records struct {
	// Before is asked before documents are saved; its error keeps them all out.
	Before func([]access.Document) error

	mu   sync.Mutex
	docs map[string][]access.Document // every version, by kind and id, in order
}

// SaveDocuments stores versions. The same version again is stored once; another document of a version that is there is refused.
func (r *Records) SaveDocuments(_ context.Context, docs ...access.Document) error {
	if r.Before != nil {
		if err := r.Before(docs); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range docs {
		for _, old := range r.docs[key(d)] {
			if old.Version == d.Version && !bytes.Equal(old.Body, d.Body) {
				return fmt.Errorf("save %s %s: version %d is there already and says something else", d.Kind, d.ID, d.Version)
			}
			if old.Version > d.Version {
				return fmt.Errorf("save %s %s: version %d comes after version %d", d.Kind, d.ID, d.Version, old.Version)
			}
		}
	}
	if r.docs == nil {
		r.docs = map[string][]access.Document{}
	}
	for _, d := range docs {
		if !slices.ContainsFunc(r.docs[key(d)], func(x access.Document) bool { return x.Version == d.Version }) {
			r.docs[key(d)] = append(r.docs[key(d)], d)
		}
	}
	return nil
}

// Documents yields the newest versions that match, by kind and id.
func (r *Records) Documents(_ context.Context, q access.DocumentQuery, yield func(access.Document) error) error {
	for _, d := range r.newest() {
		if !matches(q, d) {
			continue
		}
		if err := yield(d); err != nil {
			return err
		}
	}
	return nil
}

// History gives every version of a document, the oldest first.
func (r *Records) History(kind access.DocumentKind, id string) []access.Document {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.docs[string(kind)+" "+id])
}

func (r *Records) newest() []access.Document {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []access.Document
	for _, versions := range r.docs {
		out = append(out, versions[len(versions)-1])
	}
	slices.SortFunc(out, func(a, b access.Document) int { return strings.Compare(key(a), key(b)) })
	return out
}

func key(d access.Document) string { return string(d.Kind) + " " + d.ID }

func matches(q access.DocumentQuery, d access.Document) bool {
	for _, f := range []struct{ want, have string }{{string(q.Kind), string(d.Kind)}, {q.ID, d.ID}, {q.System, d.System}, {q.Person, d.Person}, {q.Run, d.Run}} {
		if f.want != "" && f.want != f.have {
			return false
		}
	}
	return (len(q.States) == 0 || slices.Contains(q.States, d.State)) && (q.Keys == nil || slices.Contains(q.Keys, d.Key)) && (q.IDs == nil || slices.Contains(q.IDs, d.ID)) &&
		strings.HasPrefix(strings.ToUpper(d.ID), strings.ToUpper(q.IDPrefix))
}
