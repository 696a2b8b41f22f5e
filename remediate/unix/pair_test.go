package unix

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collectors"
	collector "muster/collectors/unix"
	"muster/internal/access"
	"muster/internal/config"
	"muster/remediate"
)

const loginDefs = "UID_MIN 1000\nUID_MAX 60000\nGID_MIN 1000\nGID_MAX 60000\nUSERGROUPS_ENAB yes\nENCRYPT_METHOD SHA512\n"

// newHost is a folder that stands for the root of a small host.
func newHost(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"etc/passwd": "root:x:0:0:root:/root:/bin/bash\n" +
			"ada:x:1001:1001:Ada Example:/home/ada:/bin/bash\n" +
			"bob:x:1002:1001:Bob = Example:/home/bob:/bin/sh\n" +
			"eve:x:1003:1003:Eve Example:/home/eve:/bin/bash\n" +
			"kim:x:1004:1001:Kim Example:/home/kim:/bin/bash\n" +
			"web:x:1005:1001::/srv/web:/usr/sbin/nologin\n",
		"etc/shadow": "root:*:19000:0:99999:7:::\n" +
			"ada:$6$salt$abc:20000:0:99999:7::60000:\n" +
			"bob:!$6$salt$abc:20000:0:99999:7::1:\n" +
			"eve:$6$salt$abc:20000:0:99999:7:::\n" +
			"kim::20000:0:99999:7:::\n" +
			"web:!:20000:0:99999:7:::\n",
		"etc/group":      "root:x:0:\nsudo:x:27:bob,eve,ada\nstaff:x:1001:\nops:x:1002:bob\neve:x:1003:\n",
		"etc/gshadow":    "root:*::\nsudo:*::bob,eve,ada\nstaff:!::\nops:!::bob\neve:!::\n",
		"etc/shells":     "/bin/sh\n/bin/bash\n",
		"etc/login.defs": loginDefs,
		"etc/sudoers":    "%sudo ALL=(ALL:ALL) ALL\nbob ALL=(root) NOPASSWD: /usr/bin/systemctl restart nginx\n",
	} {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// shell finds how a script may be run as root of a folder: as root, or as root of an own user namespace.
func shell(t testing.TB) []string {
	t.Helper()
	path := "/usr/sbin:/usr/bin:/sbin:/bin"
	var missing []string
	for _, tool := range []string{"usermod", "useradd", "userdel", "groupadd", "gpasswd"} {
		if !slices.ContainsFunc(filepath.SplitList(path), func(dir string) bool { _, err := os.Stat(filepath.Join(dir, tool)); return err == nil }) {
			missing = append(missing, tool)
		}
	}
	sh := []string{"sh"}
	if os.Getuid() != 0 {
		sh = []string{"unshare", "--user", "--map-root-user", "sh"}
		if err := exec.Command(sh[0], append(sh[1:], "-c", ":")...).Run(); err != nil {
			missing = append(missing, "root or unshare")
		}
	}
	if len(missing) == 0 {
		return sh
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("missing: %v", missing)
	}
	t.Skipf("missing: %v", missing)
	return nil
}

// run runs a script.
func run(t testing.TB, path string) (out string, code int) {
	t.Helper()
	sh := append(shell(t), path)
	var b bytes.Buffer
	cmd := exec.Command(sh[0], sh[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = &b, &b, t.TempDir()
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return b.String(), cmd.ProcessState.ExitCode()
}

// host is a target that writes scripts for a folder, and that folder.
type host struct {
	*Target
	root string
}

func newPair(t testing.TB) host {
	root := newHost(t)
	target, _ := open(t, "root: "+root+"\n", "{}")
	return host{target, root}
}

// state is what the tools change: the account files.
func (h host) state(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	for _, name := range []string{"passwd", "shadow", "group", "gshadow"} {
		b.WriteString(name + "\n" + read(t, filepath.Join(h.root, "etc", name)))
	}
	return b.String()
}

// collected is what collectors/unix reads below the folder.
func (h host) collected(t testing.TB) (accounts map[string]access.Account, grants map[string]bool) {
	t.Helper()
	doc, err := config.Parse("muster.yaml", []byte("root: "+h.root+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := collector.New(collectors.Spec{System: "web1", Settings: doc.Root(), Now: time.Now})
	if err != nil || doc.Err() != nil {
		t.Fatal(err, doc.Err())
	}
	accounts, grants = map[string]access.Account{}, map[string]bool{}
	_, err = c.Collect(t.Context(), func(r access.Record) error {
		switch r := r.(type) {
		case access.Account:
			accounts[r.Name] = r
		case access.Grant:
			grants[r.AccountID+" "+r.EntitlementID] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return accounts, grants
}

// shows reports whether the collector reads what the action wants.
func (h host) shows(t testing.TB, a access.Action) bool {
	t.Helper()
	accounts, grants := h.collected(t)
	account, exists := accounts[a.Account.Name]
	expires := account.ExpiresAt
	if a.Kind == access.SetExpiry && !a.ExpiresAt.IsZero() && expires.Sub(a.ExpiresAt) >= 0 && expires.Sub(a.ExpiresAt) < 24*time.Hour {
		expires = a.ExpiresAt // days are all that shadow knows
	}
	return access.Observation{Exists: exists, Enabled: account.Enabled, ExpiresAt: expires, Holds: grants[account.ID+" "+a.Entitlement.ID]}.Shows(a)
}

func (h host) undo(t testing.TB, a access.Action, id string) access.Action {
	t.Helper()
	inverse, ok := remediate.Inverse(a, access.Observation{Unseen: true, Restore: fmt.Appendf(nil, `{"order":%q}`, a.ID)})
	if !ok {
		t.Fatal("there is no inverse")
	}
	inverse.ID = id
	return inverse
}

func on(name string, a access.Action) access.Action {
	uid := map[string]string{"ada": "1001", "bob": "1002", "eve": "1003", "kim": "1004", "web": "1005"}[name]
	a.Account = access.AccountRef{ID: uid + "/" + name, Name: name}
	return a
}
