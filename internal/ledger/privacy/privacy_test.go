package privacy

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
)

func free(commit.Opening) string { return "" }

// written makes a log with three entries about two people, and gives its folder.
func written(t *testing.T) (*ledger.Log, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ledger")
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l, err := ledger.Open(dir, ledger.Options{Origin: "muster.example/acme", Now: func() time.Time { at = at.AddDate(0, 0, 100); return at }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for _, data := range []map[string]any{
		{"by": commit.Of("W-01442", "W-01442"), "reason": commit.Of("Maja Lind asked", "W-01442", "W-2"), "role": "manager", "nothing": commit.Of("", "W-2")},
		{"list": []map[string]any{{"who": commit.Of("W-2", "W-2")}, {"who": commit.Of("W-01442", "W-01442")}}},
		{"by": commit.Of("W-2", "W-2")},
	} {
		if _, err := l.Append(t.Context(), ledger.Event{Type: ledger.Decision, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	return l, dir
}

// holds reports whether any file below a folder has a text.
func holds(t *testing.T, dir, text string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		found = found || bytes.Contains(data, []byte(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestNobodyIsNamedOnTheLedgerAndEverybodyInItsBook(t *testing.T) {
	_, dir := written(t)
	if holds(t, dir, "W-01442") || holds(t, dir, "Maja") || !holds(t, dir, "manager") {
		t.Error("the ledger names somebody, or lacks what is no secret")
	}
	got, err := Reveal(dir, 0)
	if err != nil || len(got.Openings) != 2 || got.Missing != 0 || string(got.Openings[0].Value) != `"W-01442"` || got.Openings[0].Field != "by" ||
		string(got.Openings[1].Value) != `"Maja Lind asked"` {
		t.Errorf("%+v, %v", got, err)
	}
	if nested, err := Reveal(dir, 1); err != nil || len(nested.Openings) != 2 || nested.Openings[0].Field != "list.0.who" {
		t.Errorf("%+v, %v", nested, err)
	}
	if info, err := os.Stat(filepath.Join(dir+"-private", "000000.ndjson")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	var data map[string]any
	if err := json.Unmarshal(got.Entry.Data, &data); err != nil || data["nothing"] != "" {
		t.Errorf("an empty value became %v, %v", data["nothing"], err)
	}
}

// TestEqualValuesLookDifferent: nobody can tell from the ledger that two entries are about the same person.
func TestEqualValuesLookDifferent(t *testing.T) {
	_, dir := written(t)
	seen := map[string]bool{}
	for i := range uint64(3) {
		got, err := Reveal(dir, i)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range got.Openings {
			if seen[o.Commitment] {
				t.Errorf("%s stands twice", o.Commitment)
			}
			seen[o.Commitment] = true
			other := o
			other.Value = json.RawMessage(`"W-3"`)
			salt := o
			salt.Salt = append([]byte{o.Salt[0] ^ 1}, o.Salt[1:]...)
			if !o.Check(o.Commitment) || other.Check(o.Commitment) || salt.Check(o.Commitment) {
				t.Errorf("%s opens to something else", o.Commitment)
			}
		}
	}
}

func TestErasureForgetsOnePersonAndBreaksNoProof(t *testing.T) {
	l, dir := written(t)
	before := l.Checkpoint()
	got, err := Erase(t.Context(), l, "W-01442", "asked for it by letter", "W-9", free)
	if err != nil || got.Openings != 3 || got.Entry != 3 || !got.Receipt.Check(got.Receipt.Commitment) {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, folder := range []string{dir, dir + "-private"} {
		if holds(t, folder, "W-01442") || holds(t, folder, "Maja") || holds(t, folder, "by letter") {
			t.Errorf("%s still names who was erased", folder)
		}
	}
	if _, err := ledger.Verify(t.Context(), dir); err != nil {
		t.Error(err)
	}
	r, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.ProveConsistency(before); err != nil {
		t.Error(err)
	}
	if kept, erased, err := Count(t.Context(), dir); err != nil || kept != 3 || erased != 3 {
		t.Errorf("%d kept, %d erased, %v", kept, erased, err)
	}
	shown, err := Reveal(dir, 1)
	if err != nil || shown.Missing != 0 || !shown.Openings[1].Erased || string(shown.Openings[0].Value) != `"W-2"` {
		t.Errorf("%+v, %v", shown, err)
	}
	if entry, err := r.Entry(3); err != nil || commit.Found(entry.Data)["person"] != got.Receipt.Commitment || commit.Found(entry.Data)["reason"] != got.Reason.Commitment || !got.Reason.Check(got.Reason.Commitment) {
		t.Errorf("%s, %v", entry.Data, err)
	}
	if _, err := Erase(t.Context(), l, "W-01442", "again", "W-9", free); access.KindOf(err) != access.NotFound {
		t.Errorf("a second time: %v", err)
	}
	if _, err := l.Append(t.Context(), ledger.Event{Type: ledger.Decision, Data: map[string]any{"by": commit.Of("W-5", "W-5")}}); err != nil {
		t.Error(err)
	}
}

// TestWhoErasedThemselvesIsKnownUntilSomebodyElseErasesThem: an erasure has somebody who answers for it.
func TestWhoErasedThemselvesIsKnownUntilSomebodyElseErasesThem(t *testing.T) {
	l, dir := written(t)
	by := func(entry uint64) string {
		t.Helper()
		got, err := Reveal(dir, entry)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range got.Openings {
			if o.Field == "by" {
				return string(o.Value)
			}
		}
		return ""
	}
	if got, err := Erase(t.Context(), l, "W-2", "I leave", "W-2", free); err != nil || got.Openings != 3 || by(3) != `"W-2"` || by(2) != "" {
		t.Errorf("%+v, %v; %s, %s", got, err, by(3), by(2))
	}
	if names, err := Persons(t.Context(), l); err != nil || strings.Join(names, " ") != "W-01442 W-2" {
		t.Errorf("%q, %v", names, err)
	}
	if got, err := Erase(t.Context(), l, "W-2", "they left", "W-9", free); err != nil || got.Openings != 1 || by(3) != "" || by(4) != `"W-9"` {
		t.Errorf("%+v, %v", got, err)
	}
	if names, err := Persons(t.Context(), l); err != nil || strings.Join(names, " ") != "W-01442 W-9" || holds(t, dir+"-private", "leave") {
		t.Errorf("%q, %v", names, err)
	}
}

func TestALegalHoldKeepsWhatItCovers(t *testing.T) {
	l, dir := written(t)
	held := func(o commit.Opening) string {
		if strings.Contains(strings.Join(o.Persons, " "), "W-2") {
			return "litigation"
		}
		return ""
	}
	if _, err := Erase(t.Context(), l, "W-01442", "asked for it by letter", "W-9", held); access.KindOf(err) != access.Denied || !strings.Contains(err.Error(), "litigation") {
		t.Errorf("%v", err) // the reason is about both
	}
	if kept, erased, err := Count(t.Context(), dir); err != nil || kept != 5 || erased != 0 {
		t.Errorf("%d kept, %d erased, %v", kept, erased, err)
	}
	before := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	for _, dry := range []bool{true, false} {
		if expired, kept, err := Expire(t.Context(), l, before, held, dry); err != nil || expired != 2 || kept != 2 {
			t.Errorf("dry %t: %d expired, %d kept, %v", dry, expired, kept, err)
		}
	}
	if kept, erased, err := Count(t.Context(), dir); err != nil || kept != 3 || erased != 2 {
		t.Errorf("%d kept, %d erased, %v", kept, erased, err)
	}
}

// TestAChangedBookIsNoticed: the book is not signed, so what it says is checked against the ledger.
func TestAChangedBookIsNoticed(t *testing.T) {
	_, dir := written(t)
	path := filepath.Join(dir+"-private", "000000.ndjson")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(data, []byte(`"v":"W-01442"`), []byte(`"v":"W-00007"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Reveal(dir, 0); access.KindOf(err) != access.Invalid {
		t.Errorf("%v", err)
	}
	if err := os.RemoveAll(dir + "-private"); err != nil {
		t.Fatal(err)
	}
	if got, err := Reveal(dir, 0); err != nil || got.Missing != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestAPieceOfALineIsNotKept: what a crash left of an opening is dropped by the next.
func TestAPieceOfALineIsNotKept(t *testing.T) {
	l, dir := written(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir+"-private", "000000.ndjson")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteString(`{"n":3,"c":"c1:`)
	_ = f.Close()
	l, err = ledger.Open(dir, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if _, err := l.Append(t.Context(), ledger.Event{Type: ledger.Decision, Data: map[string]any{"by": commit.Of("W-5", "W-5")}}); err != nil {
		t.Fatal(err)
	}
	if got, err := Reveal(dir, 3); err != nil || len(got.Openings) != 1 || string(got.Openings[0].Value) != `"W-5"` {
		t.Errorf("%+v, %v", got, err)
	}
}
