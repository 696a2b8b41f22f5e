package retain

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config/retention"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/internal/ledger/privacy"
	"muster/internal/store"
)

// documents is a store of documents in memory.
type documents map[string]access.Document

func (d documents) SaveDocuments(_ context.Context, docs ...access.Document) error {
	for _, doc := range docs {
		d[doc.ID] = doc
	}
	return nil
}

func (d documents) Documents(_ context.Context, q access.DocumentQuery, yield func(access.Document) error) error {
	for _, doc := range d {
		if doc.Kind == q.Kind {
			if err := yield(doc); err != nil {
				return err
			}
		}
	}
	return nil
}

// messages are three old messages, one of which is to W-1.
type messages struct{ left int }

func (m *messages) ExpireMessages(_ context.Context, _ time.Time, keep []string, dry bool) (due, held uint64, err error) {
	held = uint64(len(keep))
	due = uint64(m.left) - held
	if !dry {
		m.left = int(held)
	}
	return due, held, nil
}

// kept is the store's age of facts.
type kept struct {
	days  int
	calls int
	first func() // runs with the first call
}

func (f *kept) KeepFacts(_ context.Context, days int) error {
	f.days, f.calls = days, f.calls+1
	if f.calls == 1 && f.first != nil {
		f.first()
	}
	return nil
}

// list is HR: two who work, one of whom has the login of the other's worker id, and one of whom an older list tells.
type list struct{}

func (list) Find(_ context.Context, text string) ([]string, error) {
	switch strings.ToLower(text) {
	case "w-1", "maja@acme.example", "mlind":
		return []string{"W-1"}, nil
	case "w-2":
		return []string{"W-2"}, nil
	case "kofi okafor":
		return []string{"W-2", "W-7"}, nil
	case "1234":
		return []string{"W-2"}, nil
	case "w-0":
		return []string{"W-0"}, nil
	}
	return nil, nil
}

const why = "letter of counsel, 4 May"

// house makes a data folder with two packs and a ledger that names two people, all a year ago.
func house(t *testing.T) *Keeper {
	t.Helper()
	now := time.Now().UTC()
	k := &Keeper{Records: documents{}, Dir: t.TempDir(), Now: func() time.Time { return now }, Messages: &messages{3}, Facts: &kept{}, People: list{}, Settings: retention.Settings{Facts: 36 * time.Hour, Documents: 30 * 24 * time.Hour, Packs: 30 * 24 * time.Hour, Commitments: 30 * 24 * time.Hour}}
	k.Packs = filepath.Join(k.Dir, "packs")
	for _, name := range []string{"R-old", "R-new"} {
		if err := os.MkdirAll(filepath.Join(k.Packs, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	old := now.AddDate(-1, 0, 0)
	if err := os.Chtimes(filepath.Join(k.Packs, "R-old"), old, old); err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(filepath.Join(k.Dir, "ledger"), ledger.Options{Origin: "muster.example/acme"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for _, person := range []string{"W-1", "W-2"} {
		if _, err := l.Append(t.Context(), ledger.Event{Time: old, Type: ledger.Decision, Data: map[string]any{"by": commit.Of(person, person)}}); err != nil {
			t.Fatal(err)
		}
	}
	k.Ledger = l
	return k
}

func due(t *testing.T, k *Keeper, dry bool) map[string]Due {
	t.Helper()
	list, err := k.Apply(t.Context(), dry)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]Due{}
	for _, d := range list {
		out[d.Kind] = d
	}
	return out
}

func TestWhatIsPastItsTimeIsRemovedOnceAndSaidOnTheLedger(t *testing.T) {
	k := house(t)
	for _, dry := range []bool{true, false} {
		size := k.Ledger.Size()
		got := due(t, k, dry)
		if got[Packs].Removed != 1 || got[Commitments].Removed != 2 || got[Documents].Removed != 3 {
			t.Errorf("dry %t: %+v", dry, got)
		}
		if _, err := os.Stat(filepath.Join(k.Packs, "R-old")); (err == nil) != dry {
			t.Errorf("dry %t: the old pack: %v", dry, err)
		}
		if grew := k.Ledger.Size() - size; dry && grew != 0 || !dry && grew != 3 {
			t.Errorf("dry %t: %d entries", dry, grew)
		}
	}
	if _, err := os.Stat(filepath.Join(k.Packs, "R-new")); err != nil {
		t.Error(err)
	}
	if got := due(t, k, false); got[Packs].Removed+got[Commitments].Removed+got[Documents].Removed != 0 {
		t.Errorf("a second time: %+v", got)
	}
	if _, err := ledger.Verify(t.Context(), filepath.Join(k.Dir, "ledger")); err != nil {
		t.Error(err)
	}
	if kept, erased, err := privacy.Count(t.Context(), filepath.Join(k.Dir, "ledger")); err != nil || kept != 0 || erased != 2 {
		t.Errorf("%d kept, %d erased, %v", kept, erased, err)
	}
}

func TestNothingHasARetentionThatNobodyAskedFor(t *testing.T) {
	k := house(t)
	k.Settings = retention.Settings{}
	if got := due(t, k, false); got[Packs].Removed+got[Commitments].Removed+got[Documents].Removed != 0 || k.Ledger.Size() != 2 {
		t.Errorf("%+v", got)
	}
}

func TestALegalHoldStopsRetentionAndErasure(t *testing.T) {
	k := house(t)
	if _, err := k.Set(t.Context(), "W-1", "no", "W-9", false); access.KindOf(err) != access.Invalid {
		t.Errorf("a hold without a reason: %v", err)
	}
	for _, covers := range []string{"W-1", Packs} {
		if _, err := k.Set(t.Context(), covers, why, "W-9", false); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Set(t.Context(), "W-1", why, "W-9", false); access.KindOf(err) != access.Conflict {
		t.Errorf("held twice: %v", err)
	}
	if days := k.Facts.(*kept).days; days != store.FactsForever {
		t.Errorf("facts of a person on hold are kept %d days", days)
	}
	if _, err := k.Erase(t.Context(), "W-1", why, "W-9"); access.KindOf(err) != access.Denied || access.HintOf(err) == "" {
		t.Errorf("who is on hold was erased: %v", err)
	}
	got := due(t, k, false)
	if got[Packs].Removed != 0 || got[Packs].Held != 1 || got[Commitments].Removed != 1 || got[Commitments].Held != 1 || got[Documents].Removed != 2 || got[Documents].Held != 1 {
		t.Errorf("%+v", got)
	}
	text, err := os.ReadFile(filepath.Join(k.Dir, "ledger", "tile", "entries", "000.p", "5"))
	if err != nil || strings.Contains(string(text), "W-1") || strings.Contains(string(text), "counsel") || strings.Count(string(text), `"type":"legal-hold"`) != 2 {
		t.Errorf("the ledger says %s, %v", text, err)
	}
	for _, covers := range []string{"W-1", Packs} {
		if _, err := k.Lift(t.Context(), covers, "the case was closed", "W-9"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Lift(t.Context(), "W-1", "the case was closed", "W-9"); access.KindOf(err) != access.NotFound {
		t.Errorf("lifted twice: %v", err)
	}
	if days := k.Facts.(*kept).days; days != 2 {
		t.Errorf("facts are kept %d days", days)
	}
	if _, err := k.Erase(t.Context(), "W-1", why, "W-9"); err != nil {
		t.Error(err)
	}
	if got := due(t, k, false); got[Packs].Removed != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAHoldOnAPersonKeepsPacksAsItKeepsFacts(t *testing.T) {
	k := house(t)
	if _, err := k.Set(t.Context(), "W-1", why, "W-9", false); err != nil {
		t.Fatal(err)
	}
	if got := due(t, k, false); got[Packs].Removed != 0 || got[Packs].Held != 1 || got[Packs].Hold == "" || got[Facts].Hold == "" || got[Documents].Hold != "" {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(filepath.Join(k.Packs, "R-old")); err != nil {
		t.Error(err)
	}
}

// TestWhatIsHeldIsWhatTheStoreSays: the file may be missing, or be that of another data folder.
func TestWhatIsHeldIsWhatTheStoreSays(t *testing.T) {
	k := house(t)
	file := filepath.Join(k.Dir, holdFile)
	read := func() string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if _, err := k.Set(t.Context(), "W-1", why, "W-9", false); err != nil || read() != "W-1\n" {
		t.Fatalf("%q, %v", read(), err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	facts := &kept{days: store.FactsForever}
	k.Facts = facts
	if lost, err := k.KeepFacts(t.Context()); err != nil || len(lost) != 0 || facts.days != store.FactsForever || read() != "W-1\n" {
		t.Errorf("kept %d days; lost %q, file %q, %v", facts.days, lost, read(), err)
	}
	if err := os.WriteFile(file, []byte("W-1\nW-5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if lost, err := k.KeepFacts(t.Context()); err != nil || len(lost) != 1 || lost[0] != "W-5" || read() != "W-1\n" {
		t.Errorf("lost %q, file %q, %v", lost, read(), err)
	}
	// A hold that another data folder sets while this one lowers the age is seen.
	other := house(t)
	other.Records = k.Records
	if _, err := k.Lift(t.Context(), "W-1", "the case was closed", "W-9"); err != nil {
		t.Fatal(err)
	}
	late := &kept{}
	late.first = func() {
		other.Facts = late
		if _, err := other.Set(t.Context(), Facts, why, "W-9", false); err != nil {
			t.Error(err)
		}
		late.days = 2 // as the store was when the first call came through last
	}
	k.Facts = late
	if _, err := k.KeepFacts(t.Context()); err != nil || late.days != store.FactsForever || read() != Facts+"\n" {
		t.Errorf("kept %d days, file %q, %v", late.days, read(), err)
	}
}

func TestAHoldIsOnSomebodyOrOnAKind(t *testing.T) {
	k := house(t)
	for text, want := range map[string]string{" W-1 ": "W-1", "maja@acme.example": "W-1", "w-1": "W-1", "w-0": "W-0", "Packs": Packs, " FACTS": Facts} {
		h, err := k.Set(t.Context(), text, why, "W-9", false)
		if err != nil || h.Covers != want {
			t.Errorf("%q is %q, %v", text, h.Covers, err)
			continue
		}
		if _, err := k.Lift(t.Context(), strings.ToUpper(text), "the case was closed", "W-9"); err != nil {
			t.Errorf("lift %q: %v", text, err)
		}
	}
	for text, want := range map[string]access.Kind{"": access.Invalid, "W-1\nW-2": access.Invalid, "pack": access.NotFound, "W-99": access.NotFound, "nobody@acme.example": access.NotFound, "kofi okafor": access.Invalid} {
		if _, err := k.Set(t.Context(), text, why, "W-9", false); access.KindOf(err) != want || access.HintOf(err) == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
	if open, err := k.Holds(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("%+v, %v", open, err)
	}
	if h, err := k.Set(t.Context(), " W-99", why, "W-9", true); err != nil || h.Covers != "W-99" {
		t.Errorf("%+v, %v", h, err)
	}
	// The login of one may be the worker id of another, who left.
	if _, err := k.Ledger.Append(t.Context(), ledger.Event{Type: ledger.Decision, Data: map[string]any{"by": commit.Of("1234", "1234")}}); err != nil {
		t.Fatal(err)
	}
	for _, do := range []func() error{
		func() error { _, err := k.Set(t.Context(), "1234", why, "W-9", false); return err },
		func() error { _, err := k.Erase(t.Context(), "1234", why, "W-9"); return err },
	} {
		if err := do(); access.KindOf(err) != access.Invalid || !strings.Contains(access.HintOf(err), "W-2, 1234") {
			t.Errorf("%v (%s)", err, access.HintOf(err))
		}
	}
}

func TestReasonsAreErasedWithThePersonTheyAreAbout(t *testing.T) {
	k := house(t)
	if _, err := k.Set(t.Context(), "W-1", "Maja Lind sued us", "user ops", false); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Lift(t.Context(), "W-1", "Maja Lind and we agreed", "user ops"); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Erase(t.Context(), "W-99", why, "user ops"); access.KindOf(err) != access.NotFound {
		t.Errorf("nobody was erased: %v", err)
	}
	got, err := k.Erase(t.Context(), "mlind", "Maja Lind asked for it", "user ops")
	if err != nil || got.Openings != 5 {
		t.Errorf("%+v, %v", got, err)
	}
	private, err := filepath.Glob(filepath.Join(k.Dir, "ledger-private", "*"))
	if err != nil || len(private) != 1 {
		t.Fatalf("%q, %v", private, err)
	}
	if text, err := os.ReadFile(private[0]); err != nil || strings.Contains(string(text), "Maja") || strings.Contains(string(text), "W-1") || !strings.Contains(string(text), "user ops") {
		t.Errorf("%s, %v", text, err)
	}
}
