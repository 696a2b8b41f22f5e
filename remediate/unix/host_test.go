package unix

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/access"
)

// TestScriptsDoWhatTheCollectorReads runs the scripts on a folder and reads it with collectors/unix: what was ordered shows, what takes
// it back brings back every byte of the account files, and what takes that back does it again.
func TestScriptsDoWhatTheCollectorReads(t *testing.T) {
	expiry := action(access.SetExpiry)
	never := expiry
	never.ExpiresAt = time.Time{}
	for name, c := range map[string]struct {
		action access.Action
		exact  bool // the inverse brings back every byte
	}{
		"disable":                           {on("eve", action(access.DisableAccount)), true},
		"disable what expires one day":      {on("ada", action(access.DisableAccount)), true},
		"disable what has no password":      {on("kim", action(access.DisableAccount)), true},
		"enable":                            {on("bob", action(access.EnableAccount)), true},
		"let expire":                        {on("eve", expiry), true},
		"let expire at another time":        {on("ada", expiry), true},
		"let never expire":                  {on("ada", never), true},
		"remove from the middle of a group": {on("eve", action(access.RemoveEntitlement)), true},
		"remove from the end of a group":    {on("ada", action(access.RemoveEntitlement)), true},
		"add to a group":                    {on("eve", action(access.GrantEntitlement)), true},
		"create":                            {action(access.CreateAccount), true},
		"delete":                            {on("bob", action(access.DeleteAccount)), false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newPair(t)
			before := h.state(t)
			if h.shows(t, c.action) {
				t.Fatal("the fixture shows the change already")
			}
			script := write(t, h.Target, c.action)
			if out, code := run(t, script); code != 0 || !strings.Contains(out, ": done: ") {
				t.Fatalf("exit %d: %s", code, out)
			}
			if !h.shows(t, c.action) {
				t.Fatalf("the collector does not read the change:\n%s", h.state(t))
			}
			changed := h.state(t)
			if out, code := run(t, script); code != 0 || !strings.Contains(out, "carried out before") || h.state(t) != changed {
				t.Errorf("run again: exit %d: %s\n%s", code, out, h.state(t))
			}
			inverse := h.undo(t, c.action, "A-UNDO")
			if out, code := run(t, write(t, h.Target, inverse)); code != 0 {
				t.Fatalf("undo: exit %d: %s", code, out)
			}
			if h.shows(t, c.action) {
				t.Errorf("the change is there after the undo:\n%s", h.state(t))
			}
			if got := h.state(t); c.exact && got != before {
				t.Errorf("after the undo:\n%s\nwant\n%s", got, before)
			}
			if out, code := run(t, script); code != 1 || !strings.Contains(out, "taken back since") {
				t.Errorf("the order after its undo: exit %d: %s", code, out)
			}
			again := h.undo(t, inverse, "A-AGAIN")
			if out, code := run(t, write(t, h.Target, again)); code != 0 {
				t.Fatalf("undo of the undo: exit %d: %s", code, out)
			}
			if got := h.state(t); c.exact && got != changed || !h.shows(t, c.action) {
				t.Errorf("after the undo of the undo:\n%s\nwant\n%s", got, changed)
			}
		})
	}
}

// TestDeletedAccountComesBack compares what userdel takes with what the undo brings back: all but the password and the order of lines.
func TestDeletedAccountComesBack(t *testing.T) {
	h := newPair(t)
	a := on("eve", action(access.DisableAccount))
	for _, a := range []access.Action{a, on("eve", action(access.DeleteAccount))} {
		if out, code := run(t, write(t, h.Target, a)); code != 0 {
			t.Fatalf("exit %d: %s", code, out)
		}
	}
	if text := h.state(t); strings.Contains(text, "eve") {
		t.Fatalf("eve is still in\n%s", text)
	}
	if out, code := run(t, write(t, h.Target, h.undo(t, on("eve", action(access.DeleteAccount)), "A-UNDO"))); code != 0 {
		t.Fatalf("undo: exit %d: %s", code, out)
	}
	for file, want := range map[string]string{"passwd": "eve:x:1003:1003:Eve Example:/home/eve:/bin/bash\n", "shadow": "eve:!:", "group": "sudo:x:27:bob,ada,eve\n"} {
		if text := read(t, filepath.Join(h.root, "etc", file)); !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", file, want, text)
		}
	}
	if accounts, _ := h.collected(t); accounts["eve"].Enabled {
		t.Error("a deleted account came back enabled")
	}
	if note := dump(t, filepath.Join(h.root, "var/lib/muster-orders")); strings.Contains(note, "$6$") {
		t.Errorf("the notes hold a password hash:\n%s", note)
	}
}

// TestScriptsLookFirst changes the host behind the order's back.
func TestScriptsLookFirst(t *testing.T) {
	edit := func(file, from, to string) func(testing.TB, host) {
		return func(t testing.TB, h host) {
			path := filepath.Join(h.root, "etc", file)
			text := read(t, path)
			if !strings.Contains(text, from) {
				t.Fatalf("%s has no %q", file, from)
			}
			if err := os.WriteFile(path, []byte(strings.Replace(text, from, to, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	sudo := on("bob", action(access.RemoveEntitlement))
	sudo.Entitlement = access.HeldRef{ID: "sudo:/usr/bin/systemctl restart nginx", Name: "sudo:/usr/bin/systemctl restart nginx", Kind: "permission"}
	primary := on("eve", action(access.RemoveEntitlement))
	primary.Entitlement = access.HeldRef{ID: "gid:1003/eve", Name: "eve", Kind: "group"}
	for name, c := range map[string]struct {
		action access.Action
		change func(testing.TB, host)
		code   int
		want   string
	}{
		"another account of that name": {on("eve", action(access.DisableAccount)), edit("passwd", "eve:x:1003", "eve:x:1077"), 1, "it is another account"},
		"the account is gone":          {on("eve", action(access.DisableAccount)), edit("passwd", "eve:x:1003", "eva:x:1003"), 0, "there is no account eve: nothing to do"},
		"nobody to enable":             {on("bob", action(access.EnableAccount)), edit("passwd", "bob:x", "rob:x"), 1, "there is no account bob"},
		"disabled already":             {on("eve", action(access.DisableAccount)), edit("shadow", "eve:$6$salt$abc:20000:0:99999:7:::", "eve:!$6$salt$abc:20000:0:99999:7::1:"), 0, "disabled already"},
		"another group of that name":   {on("eve", action(access.RemoveEntitlement)), edit("group", "sudo:x:27", "sudo:x:28"), 1, "it is another group"},
		"not a member any more":        {on("eve", action(access.RemoveEntitlement)), edit("group", "bob,eve,ada", "bob,ada"), 0, "eve is not in sudo: nothing to do"},
		"a member already":             {on("eve", action(access.GrantEntitlement)), edit("group", "ops:x:1002:bob", "ops:x:1002:bob,eve"), 0, "in ops already"},
		"the primary group":            {primary, nil, 3, "by hand: eve is the primary group"},
		"an account that is in use":    {on("eve", action(access.DeleteAccount)), nil, 1, "disable first, delete later"},
		"the name was taken meanwhile": {action(access.CreateAccount), edit("passwd", "web:x", "zoe:x:1099:1001::/:/bin/sh\nweb:x"), 1, "look whose it is"},
		"a shell that lets nobody in":  {on("web", action(access.EnableAccount)), nil, 3, "by hand: its shell /usr/sbin/nologin"},
		"what sudo allows":             {sudo, nil, 3, "take from bob what gives it: sudo:/usr/bin/systemctl restart nginx"},
		"a half line of shadow":        {on("eve", action(access.DisableAccount)), edit("shadow", "eve:", "evelyn:"), 1, "has no line in"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newPair(t)
			if c.change != nil {
				c.change(t, h)
			}
			before := h.state(t)
			out, code := run(t, write(t, h.Target, c.action))
			if code != c.code || !strings.Contains(out, c.want) {
				t.Errorf("exit %d, want %d: %s", code, c.code, out)
			}
			if h.state(t) != before {
				t.Errorf("it changed the host:\n%s", h.state(t))
			}
			if out, code := run(t, write(t, h.Target, h.undo(t, c.action, "A-UNDO"))); code == 0 && !strings.Contains(out, "nothing to take back") && c.code != 3 || h.state(t) != before {
				t.Errorf("its undo: exit %d: %s\n%s", code, out, h.state(t))
			}
		})
	}
}

func TestUndoLeavesWhatOthersChangedSince(t *testing.T) {
	h := newPair(t)
	a := on("eve", action(access.DisableAccount))
	if out, code := run(t, write(t, h.Target, a)); code != 0 {
		t.Fatal(out)
	}
	later := on("eve", action(access.SetExpiry))
	if out, code := run(t, write(t, h.Target, later)); code != 0 {
		t.Fatal(out)
	}
	before := h.state(t)
	if out, code := run(t, write(t, h.Target, h.undo(t, a, "A-UNDO"))); code != 1 || !strings.Contains(out, "eve was changed since A-DISABLEACCOUNT") || h.state(t) != before {
		t.Errorf("exit %d: %s", code, out)
	}
	removal := on("eve", action(access.RemoveEntitlement))
	addition := on("web", action(access.GrantEntitlement))
	addition.Entitlement = removal.Entitlement
	for _, a := range []access.Action{removal, addition} {
		if out, code := run(t, write(t, h.Target, a)); code != 0 {
			t.Fatal(out)
		}
	}
	if out, code := run(t, write(t, h.Target, h.undo(t, removal, "A-UNDO2"))); code != 0 || !strings.Contains(h.state(t), "sudo:x:27:bob,ada,web,eve\n") {
		t.Errorf("exit %d: %s\n%s", code, out, h.state(t))
	}
}

// TestScriptsThatStoppedHalfWay leaves the notes as a script leaves them that was killed right before and right after its change.
func TestScriptsThatStoppedHalfWay(t *testing.T) {
	for _, a := range []access.Action{on("eve", action(access.DisableAccount)), on("eve", action(access.RemoveEntitlement)), action(access.CreateAccount)} {
		t.Run(string(a.Kind), func(t *testing.T) {
			h := newPair(t)
			before := h.state(t)
			script := write(t, h.Target, a)
			notes := filepath.Join(h.root, "var/lib/muster-orders")
			if out, code := run(t, script); code != 0 {
				t.Fatal(out)
			}
			changed := h.state(t)
			if err := os.Remove(filepath.Join(notes, a.ID+".done")); err != nil {
				t.Fatal(err)
			}
			if out, code := run(t, script); code != 0 || h.state(t) != changed {
				t.Errorf("after the change: exit %d: %s\n%s", code, out, h.state(t))
			}
			undo := h.undo(t, a, "A-UNDO")
			if out, code := run(t, write(t, h.Target, undo)); code != 0 || h.state(t) != before {
				t.Errorf("undo: exit %d: %s\n%s", code, out, h.state(t))
			}
			b := a
			b.ID = "A-SECOND"
			if err := os.WriteFile(filepath.Join(notes, b.ID), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, code := run(t, write(t, h.Target, b)); code != 0 || !h.shows(t, b) {
				t.Errorf("before the change: exit %d: %s", code, out)
			}
		})
	}
}

// TestNotesMustBeRootsAlone: who may write the notes could say what root restores, and where it writes.
func TestNotesMustBeRootsAlone(t *testing.T) {
	for name, prepare := range map[string]func(notes string) error{
		"a link":           func(notes string) error { return os.Symlink(t.TempDir(), notes) },
		"others may write": func(notes string) error { return errors.Join(os.Mkdir(notes, 0o700), os.Chmod(notes, 0o777)) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newPair(t)
			if err := errors.Join(os.MkdirAll(filepath.Join(h.root, "var/lib"), 0o755), prepare(filepath.Join(h.root, "var/lib/muster-orders"))); err != nil {
				t.Fatal(err)
			}
			before := h.state(t)
			if out, code := run(t, write(t, h.Target, on("eve", action(access.DisableAccount)))); code != 1 || !strings.Contains(out, "must be root's alone") || h.state(t) != before {
				t.Errorf("exit %d: %s", code, out)
			}
		})
	}
}

// TestSessionsEnd starts a process as an account that nothing else runs for, and lets the script end it. The script reads this host's own
// files, and notes elsewhere.
func TestSessionsEnd(t *testing.T) {
	const uid, name = 5, "games"
	passwd := read(t, "/etc/passwd")
	busy := exec.Command("pgrep", "-U", fmt.Sprint(uid)).Run() == nil
	if _, err := exec.LookPath("pgrep"); err != nil || os.Getuid() != 0 || busy || !strings.Contains(passwd, fmt.Sprintf("\n%s:x:%d:", name, uid)) {
		if os.Getenv("CI") == "true" {
			t.Fatalf("it takes root, pgrep and an account %s that nothing runs for", name)
		}
		t.Skipf("it takes root, pgrep and an account %s that nothing runs for", name)
	}
	sleep := exec.Command("sleep", "600")
	sleep.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- sleep.Wait() }()
	t.Cleanup(func() { _ = sleep.Process.Kill() })
	target, _ := open(t, "notes: "+filepath.Join(t.TempDir(), "notes")+"\n", "root: "+t.TempDir()+"\n")
	a := action(access.RevokeSessions)
	a.Account = access.AccountRef{ID: fmt.Sprintf("%d/%s", uid, name), Name: name}
	script := write(t, target, a)
	if out, code := run(t, script); code != 0 || !strings.Contains(out, "done: nothing runs for games any more") {
		t.Errorf("exit %d: %s", code, out)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the process lives")
	}
	if out, code := run(t, script); code != 0 || !strings.Contains(out, "carried out before") {
		t.Errorf("again: exit %d: %s", code, out)
	}
}

func TestWrongHost(t *testing.T) {
	target, _ := open(t, "hostname: some-other-host\n", "{}")
	if out, code := run(t, write(t, target, action(access.DisableAccount))); code != 1 || !strings.Contains(out, "it is an order for some-other-host, this is ") {
		t.Errorf("exit %d: %s", code, out)
	}
}

// TestRunMe runs the orders of a day, of which one was tampered with, one is for people, and one was taken back.
func TestRunMe(t *testing.T) {
	h := newPair(t)
	sudo := on("bob", action(access.RemoveEntitlement))
	sudo.ID, sudo.Entitlement = "A-SUDO", access.HeldRef{ID: "sudo:NOPASSWD", Name: "sudo:NOPASSWD", Kind: "permission"}
	withdrawn := on("ada", action(access.DisableAccount))
	withdrawn.ID = "A-WITHDRAWN"
	tampered := write(t, h.Target, on("ada", action(access.SetExpiry)))
	for _, a := range []access.Action{on("eve", action(access.DisableAccount)), on("eve", action(access.GrantEntitlement)), sudo, withdrawn, h.undo(t, withdrawn, "A-UNDO")} {
		write(t, h.Target, a)
	}
	if err := os.WriteFile(tampered, []byte(read(t, tampered)+"\ntouch "+h.root+"/tampered\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := run(t, filepath.Join(h.book.Dir, today, Listing))
	if code != 1 || !strings.Contains(out, "\n3 orders done or without need; by hand: A-SUDO; not done: A-SETEXPIRY\n") {
		t.Errorf("exit %d: %s", code, out)
	}
	if text := h.state(t); !strings.Contains(text, "eve:!$6$salt$abc:20000:0:99999:7::1:") || !strings.Contains(text, "ops:x:1002:bob,eve") || !strings.Contains(text, "ada:$6$salt$abc:20000:0:99999:7::60000:") {
		t.Errorf("the host is\n%s", text)
	}
	if _, err := os.Stat(filepath.Join(h.root, "tampered")); err == nil {
		t.Error("a script that was changed after it was listed was run")
	}
}

// TestHostileTextIsNotRun puts code into every text that comes from a system or from people.
func TestHostileTextIsNotRun(t *testing.T) {
	h := newPair(t)
	mark := filepath.Join(h.root, "pwned")
	for i, code := range []string{"'; touch MARK; '", "$(touch MARK)", "`touch MARK`", "\ntouch MARK\n", "\r\ntouch MARK #", "\"; touch MARK; \"", "\u2028touch MARK", "|| touch MARK", "*"} {
		code = strings.ReplaceAll(code, "MARK", mark)
		name := strings.NewReplacer("\n", "", "\r", "", "\u2028", "", "/", "", "*", "").Replace(code) // what a name may hold
		disable := access.Action{ID: fmt.Sprintf("A-D%d", i), Kind: access.DisableAccount, Account: access.AccountRef{ID: "1003/" + name, Name: name}}
		create := access.Action{ID: fmt.Sprintf("A-C%d", i), Kind: access.CreateAccount, Account: access.AccountRef{Name: fmt.Sprintf("new%d", i)}, Attributes: map[string]string{access.AttrDisplayName: code}}
		remove := access.Action{ID: fmt.Sprintf("A-R%d", i), Kind: access.RemoveEntitlement, Account: access.AccountRef{ID: "1003/eve", Name: "eve"}, Entitlement: access.HeldRef{Name: name}}
		sudo := access.Action{ID: fmt.Sprintf("A-S%d", i), Kind: access.GrantEntitlement, Account: access.AccountRef{Name: "eve"}, Entitlement: access.HeldRef{Name: "sudo:" + strings.NewReplacer("\n", "", "\r", "", "\u2028", "").Replace(code)}}
		for _, a := range []access.Action{disable, create, remove, sudo} {
			if name == "" && (a.Kind == access.DisableAccount || a.Kind == access.RemoveEntitlement) {
				continue
			}
			a.System, a.Reason, a.PersonName, a.Person, a.FindingID, a.Rule, a.Basis = "web1", code, code, code, code, code, []string{code}
			script := write(t, h.Target, a)
			out, _ := run(t, script)
			if strings.Contains(out, "syntax error") || strings.Contains(out, "not found") {
				t.Errorf("%q: %s", code, out)
			}
			for line := range strings.Lines(read(t, script)) {
				if strings.HasPrefix(line, "touch") {
					t.Errorf("%q makes the line %q", code, line)
				}
			}
		}
	}
	run(t, filepath.Join(h.book.Dir, today, Listing))
	if _, err := os.Stat(mark); err == nil {
		t.Error("a text was run")
	}
	if accounts, _ := h.collected(t); accounts["new1"].DisplayName != "$(touch "+mark+")" {
		t.Errorf("the comment of the new account is %q", accounts["new1"].DisplayName)
	}
}

// TestScriptsAreGoodShell reads every script without running it, with shellcheck too where there is one.
func TestScriptsAreGoodShell(t *testing.T) {
	h := newPair(t)
	plain, _ := open(t, "{}", "{}")
	var scripts []string
	for kind := range plain.Abilities().Kinds {
		a := action(kind)
		scripts = append(scripts, write(t, plain, a))
		if kind != access.RevokeSessions {
			scripts = append(scripts, write(t, plain, h.undo(t, a, a.ID+"-UNDO")))
		}
	}
	sudo := action(access.RemoveEntitlement)
	sudo.ID, sudo.Entitlement = "A-SUDO", access.HeldRef{Name: "sudo:ALL"}
	scripts = append(scripts, write(t, plain, sudo), filepath.Join(plain.book.Dir, today, Listing))
	for _, s := range scripts {
		if out, err := exec.Command("sh", "-n", s).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", filepath.Base(s), err, out)
		}
	}
	if _, err := exec.LookPath("shellcheck"); err != nil {
		return
	}
	// Of values and functions no order needs all: 2034, 2154, 2317.
	if out, err := exec.Command("shellcheck", append([]string{"--shell=sh", "--exclude=SC2034,SC2154,SC2317"}, scripts...)...).CombinedOutput(); err != nil {
		t.Errorf("shellcheck: %v: %s", err, out)
	}
}
