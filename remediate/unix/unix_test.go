package unix

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/remediate"
	"muster/remediate/targettest"
)

func now() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

const today = "2026-11-22"

// open makes a target whose orders lie in the returned folder.
func open(t testing.TB, yaml, collector string) (*Target, string) {
	t.Helper()
	doc, err := config.Parse("muster.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	read, err := config.Parse("collector.yaml", []byte(collector))
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	target, err := New(remediate.Spec{System: "web1", Dir: data, DataDir: data, Settings: doc.Root(), Collector: read.Root(), Now: now})
	if err != nil || doc.Err() != nil {
		t.Fatal(err, doc.Err())
	}
	return target.(*Target), filepath.Join(data, "orders")
}

// dump is every file below a folder with its content.
func dump(t testing.TB, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		b.WriteString(strings.TrimPrefix(path, root) + "\n" + string(data) + "\n")
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return b.String()
}

func action(kind access.ActionKind) access.Action {
	a := access.Action{ID: "A-" + strings.ToUpper(strings.ReplaceAll(string(kind), "-", "")), Kind: kind, System: "web1", Person: "W-7", PersonName: "Eve Example",
		Account: access.AccountRef{ID: "1003/eve", Name: "eve"}, Reason: "Eve Example left on 2026-11-20", FindingID: "F-2MQ5TZ7A", Rule: "leaver-active", Severity: access.Critical}
	switch kind {
	case access.CreateAccount:
		a.Account = access.AccountRef{Name: "zoe"}
		a.Attributes = map[string]string{access.AttrUserName: "zoe", access.AttrDisplayName: "Zoë Example: on loan, really"}
	case access.GrantEntitlement:
		a.Entitlement = access.HeldRef{ID: "gid:1002/ops", Name: "ops", Kind: "group"}
	case access.RemoveEntitlement:
		a.Entitlement = access.HeldRef{ID: "gid:27/sudo", Name: "sudo", Kind: "group"}
	case access.SetExpiry:
		a.ExpiresAt = time.Date(2099, 12, 30, 18, 0, 0, 0, time.UTC)
	}
	return a
}

type harness struct{}

func (harness) Open(t testing.TB, s targettest.Scenario) targettest.System {
	target, root := open(t, "hostname: web1\n", "{}")
	target.book.Fault = func(op, path string) error {
		if s.OnRequest != nil {
			s.OnRequest()
		}
		if s.Fault == targettest.Forbidden && op == "create" {
			return &fs.PathError{Op: "open", Path: path, Err: syscall.EACCES}
		}
		return nil
	}
	if s.Fault == targettest.Clash {
		for kind := range target.Abilities().Kinds {
			path := filepath.Join(root, "web1", today, action(kind).ID+".sh")
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("#!/bin/sh\n"), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return targettest.System{Target: target, Dump: func() string { return dump(t, root) }}
}

func TestConformance(t *testing.T) {
	target, _ := open(t, "{}", "{}")
	actions, inverse := map[access.ActionKind]access.Action{}, map[access.ActionKind]string{}
	for kind := range target.Abilities().Kinds {
		actions[kind], inverse[kind] = action(kind), "an order is taken back by another order, both stay on file; TestScriptsDoWhatTheCollectorReads restores a host"
	}
	gone := action(access.DisableAccount)
	gone.ID, gone.Account = "A-GONE", access.AccountRef{ID: "1/ghost", Name: "ghost"}
	noServer := "files are written, no server is asked"
	targettest.Run(t, harness{}, targettest.Suite{Actions: actions, Gone: gone, Nowhere: access.HeldRef{ID: "gid:4711/none", Name: "none", Kind: "group"},
		Cannot: targettest.Capabilities{Version: "the host is not looked at", Secret: "nothing is asked for a secret", Inverse: inverse,
			Faults: map[targettest.Fault]string{targettest.Unauthorised: noServer, targettest.Missing: noServer, targettest.Throttled: noServer,
				targettest.Unavailable: noServer, targettest.Dropped: noServer, targettest.Committed: noServer}}})
}

// write puts the order of an action on file and gives its script.
func write(t testing.TB, target *Target, a access.Action) string {
	t.Helper()
	if _, err := target.Apply(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(target.book.Dir, today, a.ID+".sh")
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestScriptSaysWhatItIsFor(t *testing.T) {
	target, _ := open(t, "hostname: web1.corp.example\n", "{}")
	path := write(t, target, action(access.RemoveEntitlement))
	text := read(t, path)
	for _, want := range []string{"#!/bin/sh\n# Muster order A-REMOVEENTITLEMENT of 2026-11-22 03:00 UTC for web1, host web1\n", "# what     remove group sudo from account eve\n",
		"# why      Eve Example left on 2026-11-20\n", "# who      Eve Example W-7\n", "# finding  F-2MQ5TZ7A leaver-active critical\n",
		"# inverse  grant it again; muster undo A-REMOVEENTITLEMENT orders it\n", "\nset -eu\n", "\nhost='web1'\n", "\nname='eve'\nuid='1003'\ngroup='sudo'\ngid='27'\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestListingLeavesOutWhatWasTakenBack(t *testing.T) {
	target, _ := open(t, "{}", "{}")
	first := action(access.DisableAccount)
	write(t, target, first)
	write(t, target, action(access.CreateAccount))
	inverse, ok := remediate.Inverse(first, access.Observation{Unseen: true, Restore: []byte(`{"order":"A-DISABLEACCOUNT"}`)})
	if !ok {
		t.Fatal("there is no inverse")
	}
	inverse.ID = "A-UNDO"
	write(t, target, inverse)
	var got []string
	for line := range strings.Lines(read(t, filepath.Join(target.book.Dir, today, Listing))) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "run" || strings.HasPrefix(line, "# withdrawn") {
			got = append(got, strings.Join(f[:min(2, len(f))], " ")+" "+f[len(f)-1][:6])
		}
	}
	if len(got) != 3 || !strings.HasPrefix(got[0], "run A-CREATEACCOUNT") || !strings.HasPrefix(got[1], "run A-UNDO") || got[2] != "# withdrawn A-UNDO" {
		t.Errorf("listed %q", got)
	}
}

func TestRefusesWhatAScriptMustNotHold(t *testing.T) {
	target, root := open(t, "root: /srv/jail\n", "{}")
	for name, change := range map[string]func(*access.Action){
		"a line break in a name":   func(a *access.Action) { a.Account = access.AccountRef{Name: "eve\nreboot"} },
		"a carriage return":        func(a *access.Action) { a.Account = access.AccountRef{Name: "eve\r"} },
		"text that changes sides":  func(a *access.Action) { a.Account = access.AccountRef{Name: "eve\u202E"} },
		"a name that is an option": func(a *access.Action) { a.Account = access.AccountRef{Name: "-R"} },
		"a name with a colon":      func(a *access.Action) { a.Account = access.AccountRef{Name: "eve:x"} },
		"a name with a comma":      func(a *access.Action) { a.Account = access.AccountRef{Name: "eve,ada"} },
		"no name":                  func(a *access.Action) { a.Account = access.AccountRef{} },
		"an id of another kind":    func(a *access.Action) { a.Account.ID = "S-1-5-21" },
		"an id of another name":    func(a *access.Action) { a.Account.ID = "1003/ada" },
		"root":                     func(a *access.Action) { a.Account = access.AccountRef{ID: "0/root", Name: "root"} },
		"no unix name for a new account": func(a *access.Action) {
			a.Kind, a.Account = access.CreateAccount, access.AccountRef{Name: "Zoë Example"}
		},
		"an entitlement that is no group": func(a *access.Action) {
			a.Kind, a.Entitlement = access.RemoveEntitlement, access.HeldRef{ID: "r1", Name: "admin", Kind: "role"}
		},
		"a group of another name": func(a *access.Action) {
			a.Kind, a.Entitlement = access.RemoveEntitlement, access.HeldRef{ID: "gid:27/sudo", Name: "wheel", Kind: "group"}
		},
		"a sudo right with a line break": func(a *access.Action) {
			a.Kind, a.Entitlement = access.RemoveEntitlement, access.HeldRef{ID: "sudo:x\nreboot", Name: "sudo:x\nreboot", Kind: "permission"}
		},
		"sessions below a folder": func(a *access.Action) { a.Kind = access.RevokeSessions },
		"a message":               func(a *access.Action) { a.Kind = access.NotifyOwner },
	} {
		t.Run(name, func(t *testing.T) {
			a := action(access.DisableAccount)
			change(&a)
			_, err := target.Apply(t.Context(), a)
			if access.KindOf(err) != access.Invalid || access.HintOf(err) == "" {
				t.Errorf("kind %q: %v", access.KindOf(err), err)
			}
		})
	}
	if text := dump(t, root); text != "" {
		t.Errorf("files were written:\n%s", text)
	}
}

func TestHostnameOfTheScript(t *testing.T) {
	host := t.TempDir()
	if err := errors.Join(os.MkdirAll(filepath.Join(host, "etc"), 0o755), os.WriteFile(filepath.Join(host, "etc/hostname"), []byte("db7\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ yaml, collector, want string }{
		"its own":             {"hostname: a.corp.example\n", "hostname: b\n", "a"},
		"the collector's":     {"{}", "hostname: b\nroot: " + host + "\n", "b"},
		"that of the files":   {"{}", "root: " + host + "\n", "db7"},
		"unknown":             {"{}", "root: " + t.TempDir() + "\n", ""},
		"below a folder none": {"root: /srv/jail\nhostname: a\n", "{}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			target, _ := open(t, c.yaml, c.collector)
			text := read(t, write(t, target, action(access.DisableAccount)))
			if !strings.Contains(text, "\nhost='"+c.want+"'\n") {
				t.Errorf("host is not %q in\n%s", c.want, text)
			}
		})
	}
}

func TestBadSettings(t *testing.T) {
	for yaml, want := range map[string]string{
		"run: true\n":               "runs none",
		"dir: \"\"\n":               "an empty path",
		"root: jail\n":              "bad path",
		"notes: \"/a\\nb\"\n":       "bad path",
		"hostname: \"a\\u202Eb\"\n": "bad name",
		"rot: /\n":                  `did you mean "root"?`,
	} {
		doc, err := config.Parse("muster.yaml", []byte(yaml))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(remediate.Spec{System: "x", Settings: doc.Root(), Now: now}); err != nil {
			t.Fatal(err)
		}
		if doc.Err() == nil || !strings.Contains(doc.Err().Error(), want) {
			t.Errorf("%q gives %v, want %s", yaml, doc.Err(), want)
		}
	}
}

func TestDays(t *testing.T) {
	for at, want := range map[time.Time]string{{}: "", time.Unix(0, 0): "1", time.Unix(86400, 0): "1", time.Unix(86400, 1): "2", time.Unix(86401, 0): "2",
		time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC): "20818", time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC): "2932896"} {
		if got := days(at); got != want {
			t.Errorf("days(%v) = %s, want %s", at, got, want)
		}
	}
}

func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "eve", "'", `\'`, "$(reboot)", "`x`", "a'b\"c\\", "-n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// What stands between single quotes is literal in POSIX sh (§2.2.2); outside of them there is nothing but \'.
		rest, out := quote(text), ""
		for rest != "" {
			switch {
			case strings.HasPrefix(rest, `\'`):
				out, rest = out+"'", rest[2:]
			case rest[0] == '\'':
				inner, after, ok := strings.Cut(rest[1:], "'")
				if !ok {
					t.Fatalf("%q is left open", quote(text))
				}
				out, rest = out+inner, after
			default:
				t.Fatalf("%q holds code", quote(text))
			}
		}
		if out != text {
			t.Errorf("%q stands for %q, want %q", quote(text), out, text)
		}
	})
}

func TestEveryKindHasItsCode(t *testing.T) {
	target, _ := open(t, "{}", "{}")
	var used []string
	for kind := range target.Abilities().Kinds {
		for _, undoes := range []string{"", "A-BEFORE"} {
			a := action(kind)
			a.Undoes = undoes
			used = append(used, body(a))
		}
	}
	used = append(used, body(access.Action{Entitlement: access.HeldRef{Name: "sudo:ALL"}}), "prelude", "run-me")
	files, err := code.ReadDir("shell")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(f.Name(), ".sh"); !slices.Contains(used, name) {
			t.Errorf("no order uses %s", f.Name())
		}
	}
}
