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

const why = "letter of counsel, 4 May"

// house makes a data folder with two packs and a ledger that names two people, all a year ago.
func house(t *testing.T) *Keeper {
	t.Helper()
	now := time.Now().UTC()
	k := &Keeper{Records: documents{}, Dir: t.TempDir(), Now: func() time.Time { return now }, Messages: &messages{3}, Settings: retention.Settings{Documents: 30 * 24 * time.Hour, Packs: 30 * 24 * time.Hour, Commitments: 30 * 24 * time.Hour}}
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
	if _, err := k.Set(t.Context(), "W-1", "no", "W-9"); access.KindOf(err) != access.Invalid {
		t.Errorf("a hold without a reason: %v", err)
	}
	for _, covers := range []string{"W-1", Packs} {
		if _, err := k.Set(t.Context(), covers, why, "W-9"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Set(t.Context(), "W-1", why, "W-9"); access.KindOf(err) != access.Conflict {
		t.Errorf("held twice: %v", err)
	}
	if days, err := FactsDays(k.Dir, retention.Settings{Facts: 24 * time.Hour}); err != nil || days != forever {
		t.Errorf("facts of a person on hold are kept %d days, %v", days, err)
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
	if days, err := FactsDays(k.Dir, retention.Settings{Facts: 24 * time.Hour}); err != nil || days != 1 {
		t.Errorf("facts are kept %d days, %v", days, err)
	}
	if _, err := k.Erase(t.Context(), "W-1", why, "W-9"); err != nil {
		t.Error(err)
	}
	if got := due(t, k, false); got[Packs].Removed != 1 {
		t.Errorf("%+v", got)
	}
}
