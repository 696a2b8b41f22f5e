package remediatetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/privacy"
	"muster/remediate"
)

// Tape writes down what happened, in order: "ledger action.intent A-1", "save A-1 applying", "apply A-1". The zero value is empty.
type Tape struct {
	mu    sync.Mutex
	lines []string
}

// Note writes one line.
func (t *Tape) Note(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, fmt.Sprintf(format, args...))
}

// Lines are what was written.
func (t *Tape) Lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lines)
}

// Index is where a line stands first; -1 when it does not.
func (t *Tape) Index(line string) int { return slices.Index(t.Lines(), line) }

// Watch lets a system and records write on the tape, and gives a ledger that does. Their own hooks go on working.
func (t *Tape) Watch(l remediate.Ledger, r *Records, systems ...*System) *Ledger {
	saved := r.Before
	r.Before = func(docs []access.Document) error {
		if saved != nil {
			if err := saved(docs); err != nil {
				return err
			}
		}
		for _, d := range docs {
			t.Note("save %s %s", d.ID, d.State)
		}
		return nil
	}
	for _, s := range systems {
		before := s.Before
		s.Before = func(ctx context.Context, op Op, a access.Action) error {
			t.Note("%s %s", op, a.ID)
			if before == nil {
				return nil
			}
			return before(ctx, op, a)
		}
	}
	return &Ledger{Ledger: l, tape: t}
}

// Ledger is a ledger that can be made to fail, and that may write on a Tape.
type Ledger struct {
	remediate.Ledger
	Before func([]ledger.Event) error // its error keeps the events out; may be nil
	tape   *Tape
}

// Append enters events.
func (l *Ledger) Append(ctx context.Context, events ...ledger.Event) (uint64, error) {
	if l.Before != nil {
		if err := l.Before(events); err != nil {
			return 0, err
		}
	}
	n, err := l.Ledger.Append(ctx, events...)
	if err == nil && l.tape != nil {
		for _, e := range events {
			data, _ := e.Data.(map[string]any)
			l.tape.Note("ledger %s %v", e.Type, data["action"])
		}
	}
	return n, err
}

// Entries reads what a ledger in a folder holds of one type, as JSON, with what the entries commit to. An entry in which one of the words of secret
// stands in clear is an error.
func Entries(ctx context.Context, dir string, kind ledger.Type, secret ...string) ([]string, error) {
	r, err := ledger.Read(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	err = r.Entries(ctx, 0, func(e ledger.Entry) error {
		if e.Type != kind {
			return nil
		}
		for _, word := range secret {
			if strings.Contains(string(e.Data), word) {
				return fmt.Errorf("entry %d says %q in clear: %s", e.Index, word, e.Data)
			}
		}
		opened, err := privacy.Reveal(dir, e.Index)
		out = append(out, string(opened.Data()))
		return err
	})
	return out, err
}
