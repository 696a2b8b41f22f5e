package unix

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/collectors"
	"muster/collectors/collectortest"
	"muster/internal/access"
	"muster/internal/config"
)

func now() time.Time { return time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC) }

// host is a small machine: file name → content.
func host() map[string]string {
	return map[string]string{
		"etc/passwd": "root:x:0:0:root:/root:/bin/bash\n" +
			"daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n" +
			"ada:x:1001:1001:Ada Example,Room 1,,:/home/ada:/bin/bash\n" +
			"bob:x:1002:1001:Bob Example:/home/bob:/usr/bin/fish\n" +
			"eve:x:1003:4711:Eve Example:/home/eve:\n" +
			"toor:x:0:0:second root:/root:/bin/sh\n" +
			"kim:x:1004:1001:Kim Example:/home/kim:/bin/bash\n",
		"etc/shadow": "root:*:19000:0:99999:7:::\n" +
			"daemon:*:19000:0:99999:7:::\n" +
			"ada:$6$" + hash + ":20000:0:99999:7:::\n" +
			"bob:!$6$" + hash + ":20000:0:99999:7:::\n" +
			"eve:$6$" + hash + ":20000:0:99999:7::20500:\n" +
			"toor:!:19000:0:99999:7:::\n" +
			"kim:!!:19000:0:99999:7:::\n",
		"etc/group":                     "root:x:0:\ndaemon:x:1:\nsudo:x:27:ada,ghost\nstaff:x:1001:\nops:x:1002:bob,ada\n",
		"etc/shells":                    "# shells\n/bin/sh\n/bin/bash\n",
		"etc/hostname":                  "web1\n",
		"etc/sudoers":                   "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n",
		"etc/login.defs":                "UID_MIN 1000\nUID_MAX 60000\n",
		"etc/sudoers.d/ops":             "%ops web1=(root) NOPASSWD: /usr/bin/systemctl restart nginx\n+admins ALL=ALL\n",
		"etc/nsswitch.conf":             "passwd: files systemd sss\n",
		"home/kim/.ssh/authorized_keys": "# old\nssh-ed25519 AAAA kim\n",
		"var/log/wtmp":                  string(login("ada", 1_763_000_000)) + string(login("ada", 1_762_000_000)),
		"var/log/lastlog":               lastlog(1003, 1_760_000_000),
	}
}

const hash = "do-not-show-this-hash"

func login(name string, seconds int64) []byte {
	rec := make([]byte, utmpSmall)
	binary.LittleEndian.PutUint16(rec, userLogin)
	copy(rec[44:], name)
	binary.LittleEndian.PutUint32(rec[340:], uint32(seconds))
	return rec
}

func lastlog(uid, seconds int64) string {
	data := make([]byte, (uid+1)*lastlogSize)
	binary.LittleEndian.PutUint32(data[uid*lastlogSize:], uint32(seconds))
	return string(data)
}

func want() []access.Record {
	account := func(id, name, display string, line int, home, shell string, a access.Account) access.Record {
		uid, _, _ := strings.Cut(id, "/")
		a.ID, a.Name, a.DisplayName, a.SourceRef = id, name, display, fmt.Sprintf("/etc/passwd:%d", line)
		if a.Attributes == nil {
			a.Attributes = map[string]string{}
		}
		a.Attributes["uid"], a.Attributes["home"], a.Attributes["shell"] = uid, home, shell
		if a.Kind == "" {
			a.Kind = access.KindHuman
		}
		if a.PasswordChangedAt.IsZero() {
			a.PasswordChangedAt = day(19000)
		}
		return a
	}
	group := func(gid int, name string, line int, privileged bool) access.Record {
		return access.Entitlement{ID: fmt.Sprintf("gid:%d/%s", gid, name), Kind: "group", Name: name, Privileged: privileged, SourceRef: fmt.Sprintf("/etc/group:%d", line)}
	}
	right := func(name string) access.Record {
		return access.Entitlement{ID: name, Kind: "permission", Name: name, Privileged: true, SourceRef: "/etc/sudoers"}
	}
	grant := func(account, entitlement string, path ...string) access.Record {
		return access.Grant{AccountID: account, EntitlementID: entitlement, Path: path, Effective: true}
	}
	restart := "sudo:/usr/bin/systemctl restart nginx"
	return []access.Record{
		account("0/root", "root", "root", 1, "/root", "/bin/bash", access.Account{Kind: access.KindBreakGlass, Privileged: true, Locked: true, NeverLoggedIn: true}),
		account("1/daemon", "daemon", "daemon", 2, "/usr/sbin", "/usr/sbin/nologin", access.Account{Kind: access.KindService, Locked: true, NeverLoggedIn: true}),
		account("1001/ada", "ada", "Ada Example", 3, "/home/ada", "/bin/bash", access.Account{Enabled: true, LastLogin: time.Unix(1_763_000_000, 0).UTC(), PasswordChangedAt: day(20000)}),
		account("1002/bob", "bob", "Bob Example", 4, "/home/bob", "/usr/bin/fish", access.Account{Locked: true, NeverLoggedIn: true, PasswordChangedAt: day(20000)}),
		account("1003/eve", "eve", "Eve Example", 5, "/home/eve", "", access.Account{ExpiresAt: day(20500), LastLogin: time.Unix(1_760_000_000, 0).UTC(), PasswordChangedAt: day(20000)}),
		account("0/toor", "toor", "second root", 6, "/root", "/bin/sh", access.Account{Privileged: true, Locked: true, NeverLoggedIn: true}),
		account("1004/kim", "kim", "Kim Example", 7, "/home/kim", "/bin/bash", access.Account{Enabled: true, Locked: true, NeverLoggedIn: true, Attributes: map[string]string{"login": "key"}}),
		group(0, "root", 1, true), group(1, "daemon", 2, false), group(27, "sudo", 3, true), group(1001, "staff", 4, false), group(1002, "ops", 5, false),
		right("sudo:ALL"), right(restart), right("sudo:NOPASSWD"),
		grant("0/root", "gid:0/root"), grant("0/toor", "gid:0/root"), grant("1/daemon", "gid:1/daemon"), grant("1001/ada", "gid:27/sudo"), grant("1001/ada", "gid:1001/staff"), grant("1001/ada", "gid:1002/ops"),
		grant("1002/bob", "gid:1001/staff"), grant("1002/bob", "gid:1002/ops"), grant("1004/kim", "gid:1001/staff"),
		grant("0/root", "sudo:ALL"), grant("1001/ada", "sudo:ALL", "sudo"), grant("1001/ada", restart, "ops"), grant("1001/ada", "sudo:NOPASSWD", "ops"),
		grant("1002/bob", restart, "ops"), grant("1002/bob", "sudo:NOPASSWD", "ops"),
		access.Rejection{Of: access.ClassGrant, Ref: "/etc/group:3", Reason: "member ghost of sudo is not in /etc/passwd"},
		access.Rejection{Of: access.ClassGrant, Ref: "/etc/passwd:5", Reason: "the primary group 4711 of eve is not in /etc/group"},
		access.Rejection{Of: access.ClassGrant, Ref: "/etc/sudoers", Reason: "rules for +admins need another name service to be resolved"},
	}
}

func write(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func build(t testing.TB, files map[string]string, yaml string, log *slog.Logger) *Collector {
	t.Helper()
	doc, err := config.Parse("muster.yaml", []byte("root: "+write(t, files)+"\n"+yaml))
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(collectors.Spec{System: "host", Settings: doc.Root(), Now: now, Log: log})
	if err != nil || doc.Err() != nil {
		t.Fatal(err, doc.Err())
	}
	return c.(*Collector)
}

// breaking ends in an error after some bytes.
type breaking struct {
	io.Reader
	err error
}

// Read gives the bytes and then the error.
func (b breaking) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}

type harness struct{}

func (harness) Open(t testing.TB, s collectortest.Scenario) collectortest.Source {
	files := host()
	if s.Reversed {
		for _, name := range []string{"etc/passwd", "etc/shadow", "etc/group"} {
			lines := strings.SplitAfter(strings.TrimSuffix(files[name], "\n"), "\n")
			lines[len(lines)-1] += "\n"
			slices.Reverse(lines)
			files[name] = strings.Join(lines, "")
		}
	}
	if s.Fault == collectortest.Truncated {
		files["etc/passwd"] = files["etc/passwd"][:len(files["etc/passwd"])/2]
	}
	if s.Text != "" {
		files["etc/passwd"] = strings.ReplaceAll(files["etc/passwd"], "Ada Example", s.Text)
	}
	c := build(t, files, "", s.Log)
	var mu sync.Mutex
	var asked []collectortest.Request
	inner := c.open
	c.open = func(path string) (io.ReadCloser, error) {
		mu.Lock()
		asked = append(asked, collectortest.Request{Verb: "OPEN", Text: "OPEN " + path})
		mu.Unlock()
		passwd := strings.HasSuffix(path, "etc/passwd")
		if s.Fault == collectortest.Forbidden && passwd {
			return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.EACCES}
		}
		if s.Fault == collectortest.Dropped && passwd {
			half := files["etc/passwd"][:strings.Index(files["etc/passwd"], "eve")]
			return io.NopCloser(breaking{strings.NewReader(half), syscall.EIO}), nil
		}
		return inner(path)
	}
	return collectortest.Source{Collector: c, Requests: func() []collectortest.Request {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(asked)
	}}
}

func TestConformance(t *testing.T) {
	noServer := "files are read, no server is asked"
	collectortest.Run(t, harness{}, collectortest.Suite{Want: want(), Text: "Ada Example", Secret: hash,
		Reasons: map[collectortest.Fault]string{collectortest.Truncated: "the last line has no newline", collectortest.Dropped: "read /etc/passwd: input/output error"},
		Cannot: collectortest.Capabilities{Paging: "files have no pages", Faults: map[collectortest.Fault]string{
			collectortest.Unauthorised: noServer, collectortest.Throttled: noServer, collectortest.Unavailable: noServer},
			Once: map[collectortest.Fault]string{collectortest.Throttled: noServer, collectortest.Unavailable: noServer}}})
}

type collected struct {
	records  []access.Record
	coverage access.Coverage
	err      error
}

func collect(t testing.TB, c *Collector) collected {
	var got collected
	got.coverage, got.err = c.Collect(t.Context(), func(r access.Record) error { got.records = append(got.records, r); return nil })
	return got
}

func (c collected) account(name string) access.Account {
	for _, r := range c.records {
		if a, ok := r.(access.Account); ok && a.Name == name {
			return a
		}
	}
	return access.Account{}
}

func (c collected) state(class access.Class) (access.SnapshotState, string) {
	k, _ := c.coverage.Of(class)
	return k.State, k.Reason
}

func TestWithoutShadowAccountsArePartial(t *testing.T) {
	c := build(t, host(), "", nil)
	inner := c.open
	c.open = func(path string) (io.ReadCloser, error) {
		if strings.HasSuffix(path, "etc/shadow") {
			return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.EACCES}
		}
		return inner(path)
	}
	got := collect(t, c)
	if access.KindOf(got.err) != access.Denied || !strings.Contains(access.HintOf(got.err), "group shadow") {
		t.Errorf("%v; %s", got.err, access.HintOf(got.err))
	}
	if s, why := got.state(access.ClassAccount); s != access.Partial || !strings.Contains(why, "read /etc/shadow: permission denied") {
		t.Errorf("accounts are %s: %s", s, why)
	}
	if s, _ := got.state(access.ClassGrant); s != access.Complete {
		t.Errorf("grants are %s", s)
	}
	if strings.Contains(got.err.Error(), "/tmp") {
		t.Errorf("the error holds the place of the root: %v", got.err)
	}
}

func TestWithoutSudoers(t *testing.T) {
	files := host()
	delete(files, "etc/sudoers")
	if got := collect(t, build(t, files, "", nil)); got.err != nil || got.coverage.State() != access.Complete {
		t.Errorf("no sudo at all: %v", got.err)
	}
	c := build(t, host(), "", nil)
	inner := c.open
	c.open = func(path string) (io.ReadCloser, error) {
		if strings.HasSuffix(path, "etc/sudoers") {
			return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.EACCES}
		}
		return inner(path)
	}
	got := collect(t, c)
	if s, why := got.state(access.ClassEntitlement); s != access.Partial || !strings.Contains(why, "/etc/sudoers: permission denied") || access.KindOf(got.err) != access.Denied {
		t.Errorf("entitlements are %s: %s; %v", s, why, got.err)
	}
}

func TestLinesThatCannotBeRead(t *testing.T) {
	files := host()
	files["etc/passwd"] += "bad:x:1005\nworse:x:minus:1::/:/bin/sh\nada:x:1009:1001::/:/bin/sh\n+nis\n"
	files["etc/shadow"] += "bad:" + hash + ":soon:::::" + hash + ":\n"
	files["etc/group"] += "odd:x:many:\n"
	files["etc/sudoers"] += "ada ALL=ls\n"
	got := collect(t, build(t, files, "", nil))
	var refs []string
	for _, r := range got.records {
		if rej, ok := r.(access.Rejection); ok && rej.Of != access.ClassGrant {
			refs = append(refs, rej.Ref)
			if strings.Contains(rej.Reason, hash) {
				t.Errorf("a hash shows: %s", rej.Reason)
			}
		}
	}
	slices.Sort(refs)
	if fmt.Sprint(refs) != "[/etc/group:6 /etc/passwd:10 /etc/passwd:8 /etc/passwd:9 /etc/shadow:8 /etc/sudoers:5]" {
		t.Errorf("rejected %v", refs)
	}
	if got.coverage.State() != access.Partial {
		t.Error("it is called complete")
	}
	if got := collect(t, build(t, files, "max_rejected: 5\n", nil)); got.coverage.State() != access.Complete {
		t.Error("max_rejected: 5 is not kept to")
	}
}

func TestWhoCanGetIn(t *testing.T) {
	for name, c := range map[string]struct {
		password, days, shell string
		enabled, locked       bool
	}{
		"open":            {"$6$x", "20000:0:99999:7:::", "/bin/bash", true, false},
		"locked":          {"!$6$x", "20000:0:99999:7:::", "/bin/bash", false, true},
		"starred":         {"*", "20000:0:99999:7:::", "/bin/bash", false, true},
		"empty":           {"", "20000:0:99999:7:::", "/bin/bash", true, false},
		"expired":         {"$6$x", "20000:0:99999:7::20000:", "/bin/bash", false, false},
		"expires today":   {"$6$x", "20000:0:99999:7::20779:", "/bin/bash", false, false},
		"expires later":   {"$6$x", "20000:0:99999:7::20780:", "/bin/bash", true, false},
		"expired in 1970": {"$6$x", "20000:0:99999:7::0:", "/bin/bash", false, false},
		"stale password":  {"$6$x", "20000:0:90:7:30::", "/bin/bash", false, false},
		"old password":    {"$6$x", "20700:0:90:7:30::", "/bin/bash", true, false},
		"nologin":         {"$6$x", "20000:0:99999:7:::", "/usr/sbin/nologin", false, false},
		"false":           {"$6$x", "20000:0:99999:7:::", "/bin/false", false, false},
		"unlisted shell":  {"$6$x", "20000:0:99999:7:::", "/opt/zsh", true, false},
		"no shell":        {"$6$x", "20000:0:99999:7:::", "", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := collect(t, build(t, map[string]string{"etc/passwd": "u:x:1000:1000::/home/u:" + c.shell + "\n",
				"etc/shadow": "u:" + c.password + ":" + c.days + "\n", "etc/group": "u:x:1000:\n", "etc/shells": "/bin/bash\n/usr/sbin/nologin\n"}, "", nil))
			if got.err != nil {
				t.Fatal(got.err)
			}
			if a := got.account("u"); a.Enabled != c.enabled || a.Locked != c.locked {
				t.Errorf("enabled %v, locked %v; want %v, %v", a.Enabled, a.Locked, c.enabled, c.locked)
			}
		})
	}
}

func TestSourceSaysWhatIsNotInTheFiles(t *testing.T) {
	got := collect(t, build(t, host(), "", nil))
	if got.coverage.Source != "files of this host web1; accounts of sss (nsswitch.conf) are not in them" {
		t.Errorf("source %q", got.coverage.Source)
	}
}

func TestEmptyHostIsNotComplete(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no passwd":    {"etc/group": "a:x:1:\n"},
		"empty passwd": {"etc/passwd": "", "etc/group": "a:x:1:\n"},
		"no group":     {"etc/passwd": "u:*:1:1::/:/bin/sh\n"},
	} {
		if got := collect(t, build(t, files, "", nil)); got.err == nil || got.coverage.State() == access.Complete {
			t.Errorf("%s: %v", name, got.err)
		}
	}
	if err := build(t, nil, "", nil).Probe(t.Context()); access.KindOf(err) != access.NotFound {
		t.Errorf("probe: %v", err)
	}
}

func TestThisHost(t *testing.T) {
	doc, err := config.Parse("muster.yaml", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(collectors.Spec{System: "host", Settings: doc.Root(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	got := collect(t, c.(*Collector))
	if a := got.account("root"); a.Kind != access.KindBreakGlass || !a.Privileged {
		t.Errorf("root is %+v", a)
	}
	if got.err != nil && access.KindOf(got.err) != access.Denied {
		t.Errorf("%v", got.err)
	}
	if got.err == nil && got.coverage.State() != access.Complete {
		t.Errorf("no error and %s", got.coverage.State())
	}
	for _, k := range got.coverage.Classes {
		t.Logf("%s: %s, %d read, %d rejected: %s", k.Class, k.State, k.Parsed, k.Rejected, k.Reason)
	}
}

func TestBadSettings(t *testing.T) {
	for yaml, want := range map[string]string{
		"root: \"\"\n":                  "an empty path",
		"uid_min: 5\nuid_max: 2\n":      "uid_max: uid_min and uid_max are no range",
		"max_rejected: -1\n":            "a negative number",
		"rot: /\n":                      `did you mean "root"?`,
		"privileged_groups: [\"a[\"]\n": "bad glob",
	} {
		doc, err := config.Parse("muster.yaml", []byte(yaml))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(collectors.Spec{Settings: doc.Root()}); err != nil {
			t.Fatal(err)
		}
		if doc.Err() == nil || !strings.Contains(doc.Err().Error(), want) {
			t.Errorf("%q gives %v, want %s", yaml, doc.Err(), want)
		}
	}
}

func TestLargeRecordsOfWtmp(t *testing.T) {
	rec := make([]byte, utmpLarge)
	binary.LittleEndian.PutUint16(rec, userLogin)
	copy(rec[44:], "ada")
	binary.LittleEndian.PutUint64(rec[344:], 1_763_000_000)
	l := logins{byName: map[string]time.Time{}}
	if err := l.wtmp(append(rec, rec...)); err != nil || l.byName["ada"].Unix() != 1_763_000_000 {
		t.Errorf("%v %v", err, l.byName)
	}
	if err := l.wtmp(login("bob", 5)[:100]); !errors.Is(err, errShort) {
		t.Errorf("a cut record gives %v", err)
	}
}

func FuzzWtmp(f *testing.F) {
	f.Add(login("ada", 1_763_000_000))
	f.Add(make([]byte, 400))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := logins{byName: map[string]time.Time{}, byUID: map[int64]time.Time{}}
		_ = l.wtmp(data)
		_ = l.lastlog(strings.NewReader(string(data)), []int64{0, 1, 1 << 31})
		for name, at := range l.byName {
			if name == "" || at.Location() != time.UTC {
				t.Fatalf("%q %v", name, at)
			}
		}
	})
}

func FuzzFiles(f *testing.F) {
	f.Add("root:x:0:0:root:/root:/bin/bash\n", "root:*:1:2:3:4:5:6:\n", "root:x:0:a,b\n")
	f.Fuzz(func(t *testing.T, passwd, shadow, group string) {
		users, _ := parsePasswd([]byte(passwd))
		ids := map[string]bool{}
		for _, u := range users {
			if ids[u.id] {
				t.Fatalf("id %s twice", u.id)
			}
			ids[u.id] = true
		}
		lines, _ := parseShadow([]byte(shadow))
		for _, s := range lines {
			_ = s.stale(now())
		}
		parseGroup([]byte(group))
	})
}
