package ledger

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"muster/internal/ledger/commit"
	"muster/internal/ledger/segment"
)

// about is an event about people.
func about(persons ...string) (list []Event) {
	for _, p := range persons {
		list = append(list, Event{Type: Decision, Data: map[string]any{"by": commit.Of(p, p)}})
	}
	return list
}

// opened gives whom the openings name that are kept, and wants each to be that of its entry.
func opened(t *testing.T, dir string) (who []string) {
	t.Helper()
	r, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	err = r.Entries(t.Context(), 0, func(e Entry) error {
		for _, c := range commit.Found(e.Data) {
			want[c] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = commit.NewBook(PrivateDir(dir)).Each(t.Context(), func(o commit.Opening) error {
		e, err := r.Entry(o.Entry)
		if err != nil || !o.Check(commit.Found(e.Data)["by"]) {
			t.Errorf("what is kept of %s belongs to no entry: %v", o.Value, err)
		}
		delete(want, o.Commitment)
		who = append(who, o.Persons...)
		return nil
	})
	if err != nil || len(want) > 0 {
		t.Errorf("%v; nothing is kept for %v", err, slices.Collect(maps.Keys(want)))
	}
	return who
}

// TestOpeningsOfWhatNeverHappenedAreDropped fails every step of an Append about W-1 and then enters one about W-2, with the same log or with
// the log opened anew: what is kept is what the entries commit to, and nothing else.
func TestOpeningsOfWhatNeverHappenedAreDropped(t *testing.T) {
	broken := errors.New("disk gone")
	for _, before := range [][]string{nil, {"W-0", "W-0"}} {
		for step := 0; ; step++ {
			dir := t.TempDir() + "/log"
			l := open(t, dir)
			for _, p := range before {
				if _, err := l.Append(t.Context(), about(p)...); err != nil {
					t.Fatal(err)
				}
			}
			done := 0
			l.disk.Fault = func(string, string) error {
				if done++; done == step+1 {
					return broken
				}
				return nil
			}
			_, refused := l.Append(t.Context(), about("W-1", "W-1")...)
			l.disk.Fault = nil
			if done <= step {
				break
			}
			want := before
			if refused == nil || l.broken != nil && len(before) > 0 && files(t, dir)[segment.JournalFile] {
				want = nil // what is there is as sure as the log
			}
			if l.broken == nil && want != nil {
				if got := opened(t, dir); !slices.Equal(got, want) {
					t.Errorf("step %d: right after it was refused, %v are kept", step, got)
				}
			}
			if step%2 == 0 || l.broken != nil {
				_ = l.Close()
				l = open(t, dir)
			}
			if _, err := l.Append(t.Context(), about("W-2")...); err != nil {
				t.Fatal(err)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			_ = open(t, dir).Close()
			if got := opened(t, dir); want != nil && !slices.Equal(got, append(slices.Clip(want), "W-2")) {
				t.Errorf("step %d: %v are kept", step, got)
			}
		}
	}
}

// TestOpeningsOfADeadProcessAreDropped: a process that dies between an opening and its entry leaves nothing to the next, and what it left is
// neither dropped before somebody writes, nor kept when somebody erases.
func TestOpeningsOfADeadProcessAreDropped(t *testing.T) {
	for name, next := range map[string]func(l *Log) error{
		"an entry": func(l *Log) error {
			_, err := l.Append(t.Context(), about("W-2")...)
			return err
		},
		"an entry that commits to nothing": func(l *Log) error {
			_, err := l.Append(t.Context(), Event{Type: Config})
			return err
		},
		"work on the book": func(l *Log) error { return l.Private(func(*commit.Book) error { return nil }) },
	} {
		dir := t.TempDir() + "/log"
		l := open(t, dir)
		if _, err := l.Append(t.Context(), about("W-0")...); err != nil {
			t.Fatal(err)
		}
		_, stale, err := commit.Seal(map[string]any{"by": commit.Of("W-1", "W-1")}, l.random)
		if err != nil {
			t.Fatal(err)
		}
		stale[0].Entry = 1
		if err := errors.Join(l.book.Add(stale), l.Close()); err != nil {
			t.Fatal(err)
		}
		l = open(t, dir)
		if have, err := l.book.Openings(1); err != nil || len(have) != 1 {
			t.Errorf("%s: openings of a newer log were dropped before anything was written: %v, %v", name, have, err)
		}
		if err := errors.Join(next(l), l.Close()); err != nil {
			t.Fatal(err)
		}
		if got := opened(t, dir); slices.Contains(got, "W-1") {
			t.Errorf("%s: %v are kept", name, got)
		}
	}
}
