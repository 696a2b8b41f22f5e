package order

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/access"
)

func now() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

// form lists orders as lines of ids.
func form() Form {
	return Form{Ext: ".json", Listing: "list.txt", Mode: 0o600,
		Draft:  func(a access.Action, at time.Time) (Order, error) { return New(a, at), nil },
		Encode: func(o Order) ([]byte, error) { return json.Marshal(o) },
		Decode: func(data []byte) (Order, error) { var o Order; return o, json.Unmarshal(data, &o) },
		Assemble: func(_ string, list []Entry) ([]byte, error) {
			var b strings.Builder
			for _, e := range list {
				fmt.Fprintf(&b, "%s %s\n", e.Action.ID, e.WithdrawnBy)
			}
			return []byte(b.String()), nil
		},
		Listed: func(listing []byte, id string) bool { return strings.Contains("\n"+string(listing), "\n"+id+" ") }}
}

func book(t testing.TB) *Book {
	return &Book{System: "payroll", Dir: filepath.Join(t.TempDir(), "orders", "payroll"), Label: "orders/payroll", Form: form(), Now: now}
}

func action(id string) access.Action {
	return access.Action{ID: id, Kind: access.DisableAccount, System: "payroll", Account: access.AccountRef{Name: "eve"}}
}

func files(t testing.TB, b *Book) string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(b.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		out = append(out, strings.TrimPrefix(path, b.Dir)+" "+string(data))
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Join(out, "\n")
}

// TestEveryStepMayFail fails each step of writing an order in turn: nothing half-written is left, and the next try ends as if nothing
// had happened.
func TestEveryStepMayFail(t *testing.T) {
	clean := book(t)
	for _, id := range []string{"A-ONE", "A-TWO"} {
		if _, err := clean.Apply(t.Context(), action(id)); err != nil {
			t.Fatal(err)
		}
	}
	want := files(t, clean)
	for cause, c := range map[error]struct {
		kind access.Kind
		hint string
	}{syscall.ENOSPC: {access.Internal, "make room"}, syscall.EACCES: {access.Denied, "let Muster's user write"}, syscall.EROFS: {access.Denied, "let Muster's user write"}, syscall.EIO: {access.Internal, "look at the disk"}} {
		steps := 0
		for n := 1; ; n++ {
			b := book(t)
			if _, err := b.Apply(t.Context(), action("A-ONE")); err != nil {
				t.Fatal(err)
			}
			before := files(t, b)
			at, failed := 0, ""
			b.Fault = func(op, path string) error {
				if at++; at == n {
					failed = op + " " + filepath.Base(path)
					return &fs.PathError{Op: op, Path: path, Err: cause}
				}
				return nil
			}
			_, err := b.Apply(t.Context(), action("A-TWO"))
			b.Fault = nil
			if failed == "" {
				break
			}
			steps++
			if access.KindOf(err) != c.kind || !strings.Contains(access.HintOf(err), c.hint) {
				t.Errorf("%s: %v gives kind %q, hint %q", failed, err, access.KindOf(err), access.HintOf(err))
			}
			committed := strings.HasPrefix(failed, "syncdir")
			if got := files(t, b); !committed && got != before {
				t.Errorf("%s left\n%s\nwant\n%s", failed, got, before)
			}
			if obs, err := b.Inspect(t.Context(), action("A-TWO")); err != nil || obs.Ordered != committed {
				t.Errorf("%s: a look gives %+v %v", failed, obs, err)
			}
			if _, err := b.Apply(t.Context(), action("A-TWO")); err != nil {
				t.Errorf("%s: the next try: %v", failed, err)
			}
			if got := files(t, b); got != want {
				t.Errorf("%s: after the next try\n%s\nwant\n%s", failed, got, want)
			}
		}
		if steps < 10 {
			t.Errorf("only %d steps were tried", steps)
		}
	}
}

// TestKilledAtEveryStep stops dead at each step, as a process that dies does: nothing is cleaned up.
func TestKilledAtEveryStep(t *testing.T) {
	clean := book(t)
	if _, err := clean.Apply(t.Context(), action("A-ONE")); err != nil {
		t.Fatal(err)
	}
	want := files(t, clean)
	for n := 1; n < 50; n++ {
		b := book(t)
		at := 0
		b.Fault = func(string, string) error {
			if at++; at == n {
				panic("killed")
			}
			return nil
		}
		killed := func() (killed bool) {
			defer func() { killed = recover() != nil }()
			_, _ = b.Apply(t.Context(), action("A-ONE"))
			return false
		}()
		if !killed {
			if n < 8 {
				t.Errorf("only %d steps were tried", n)
			}
			return
		}
		again := &Book{System: b.System, Dir: b.Dir, Label: b.Label, Form: b.Form, Now: b.Now}
		obs, err := again.Inspect(t.Context(), action("A-ONE"))
		if err != nil {
			t.Fatalf("step %d: %v", n, err)
		}
		if _, err := os.Stat(filepath.Join(b.Dir, "2026-11-22", "list.txt")); (err == nil) != obs.Ordered {
			t.Errorf("step %d: the listing is there: %t, ordered: %t", n, err == nil, obs.Ordered)
		}
		if _, err := again.Apply(t.Context(), action("A-ONE")); err != nil {
			t.Errorf("step %d: %v", n, err)
		}
		if got := files(t, again); got != want {
			t.Errorf("step %d left\n%s\nwant\n%s", n, got, want)
		}
	}
}

func TestRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(dir string) error
		action  access.Action
		kind    access.Kind
		want    string
	}{
		"a file of somebody else": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "A-ONE.json"), []byte("mine"), 0o600)
		}, action("A-ONE"), access.Conflict, "is not as Muster wrote it"},
		"the order of another action": {func(dir string) error {
			other := action("A-ONE")
			other.Account.Name = "ada"
			data, _ := json.Marshal(New(other, now()))
			return os.WriteFile(filepath.Join(dir, "A-ONE.json"), data, 0o600)
		}, action("A-ONE"), access.Conflict, "the order of another action"},
		"a link": {func(dir string) error { return os.Symlink("/etc/hostname", filepath.Join(dir, "A-ONE.json")) },
			action("A-ONE"), access.Conflict, "no file of Muster's"},
		"an order of that day that was changed": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "A-OLD.json"), []byte("{"), 0o600)
		}, action("A-ONE"), access.Conflict, "A-OLD.json is not as Muster wrote it"},
		"an order under another name": {func(dir string) error {
			data, _ := json.Marshal(New(action("A-OTHER"), now()))
			return os.WriteFile(filepath.Join(dir, "A-OLD.json"), data, 0o600)
		}, action("A-ONE"), access.Conflict, `it is order "A-OTHER"`},
		"an id that leaves the folder": {nil, action("A-../../x"), access.Invalid, "makes no file name"},
		"an id that is the listing":    {nil, action("list"), access.Invalid, "makes no file name"},
		"another system":               {nil, func() access.Action { a := action("A-ONE"); a.System = "web1"; return a }(), access.Invalid, "system web1"},
		"restore data of nobody":       {nil, func() access.Action { a := action("A-ONE"); a.Restore = json.RawMessage(`{"order":"../x"}`); return a }(), access.Invalid, "name no order"},
		"a file in place of the folder": {func(dir string) error {
			return errors.Join(os.RemoveAll(filepath.Dir(dir)), os.WriteFile(filepath.Dir(dir), nil, 0o600))
		}, action("A-ONE"), access.Denied, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			b := book(t)
			dir := filepath.Join(b.Dir, "2026-11-22")
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if c.prepare != nil {
				if err := c.prepare(dir); err != nil {
					t.Fatal(err)
				}
			}
			before := files(t, b)
			_, err := b.Apply(t.Context(), c.action)
			if access.KindOf(err) != c.kind || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("kind %q: %v", access.KindOf(err), err)
			}
			if got := files(t, b); got != before {
				t.Errorf("it left\n%s\nwant\n%s", got, before)
			}
		})
	}
}

// TestFolderThatMayNotBeWritten asks the system itself, where permissions count.
func TestFolderThatMayNotBeWritten(t *testing.T) {
	if os.Getuid() == 0 {
		t.Log("root writes everywhere; TestEveryStepMayFail fails the steps instead")
		return
	}
	b := book(t)
	if err := os.MkdirAll(b.Dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Apply(t.Context(), action("A-ONE")); access.KindOf(err) != access.Denied {
		t.Errorf("kind %q: %v", access.KindOf(err), err)
	}
}

func TestLine(t *testing.T) {
	for text, want := range map[string]string{"Zoë Example": "Zoë Example", "a\nb": "a⟦U+000A⟧b", "a\u202Eb": "a⟦U+202E⟧b", "a\x00\xffb": "a⟦U+0000⟧⟦0xFF⟧b",
		"⟦U+0041⟧": "⟦U+27E6⟧U+0041⟧", "\u2028": "⟦U+2028⟧", "\u200bx": "⟦U+200B⟧x", "\uFFFD": "⟦U+FFFD⟧", "": ""} {
		if got := Line(text); got != want {
			t.Errorf("Line(%q) = %q, want %q", text, got, want)
		}
	}
}
