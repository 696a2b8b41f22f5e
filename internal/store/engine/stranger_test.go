package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// asNobody starts a role as another user, from a copy of this binary that the other user can reach.
func asNobody(t *testing.T, role string, args ...string) *other {
	t.Helper()
	open, err := os.MkdirTemp("", "stranger")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(open) })
	if err := os.Chmod(open, 0o755); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(open, "stranger")
	if err := os.WriteFile(path, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	return startPath(t, path, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}, role, args...)
}

// The folder is reachable for everybody, as a careless --data-dir would be: what is in it must not be.
func TestStrangerGetsNothing(t *testing.T) {
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	e := attach(t, Options{Dir: dir})
	c := connect(t, e)
	run(t, c, "CREATE TABLE secret (text String) ENGINE = MergeTree ORDER BY text")
	run(t, c, "INSERT INTO secret VALUES ('attack at dawn')")
	if listeners := listenersOf(t, e.Pid()); len(listeners) != 1 || listeners[0] != e.Addr() {
		t.Errorf("the engine listens on %v, its address is %s", listeners, e.Addr())
	}

	t.Run("as this user", func(t *testing.T) {
		if err := tryPort(e.Addr()); err != nil {
			t.Error(err)
		}
		for _, refusal := range []string{"Requested cluster 'default' not found", "TablesStatusRequest requires interserver authentication"} {
			logged(t, layout(dir).engineLog, refusal)
		}
	})
	t.Run("as another user", func(t *testing.T) {
		need(t, os.Geteuid() == 0, "becoming another user needs root")
		stranger := asNobody(t, "__stranger", e.Addr(), dir)
		if said := stranger.line(); said != "nothing\n" {
			t.Error(said)
		}
	})
	// All of it left the engine as it was, and its own session alive.
	run(t, c, "SELECT 1")
	if n := count(t, c, "SELECT count() FROM system.tables WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA')"); n != 1 {
		t.Errorf("%d tables, want 1", n)
	}
	if n := count(t, c, "SELECT count() FROM secret"); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

// logged waits for a line of the engine's log: without it the packet that it refuses was not even understood.
func logged(t *testing.T, path, refusal string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if log, err := os.ReadFile(path); err == nil && bytes.Contains(log, []byte(refusal)) {
			return
		}
	}
	t.Errorf("the engine did not log %q", refusal)
}

// roleStranger says "nothing" when that is what it got; args are the engine's address and its data folder.
func roleStranger(args []string) error {
	if os.Geteuid() != nobody {
		return fmt.Errorf("uid is %d", os.Geteuid())
	}
	if err := errors.Join(tryPort(args[0]), tryFiles(args[1])); err != nil {
		fmt.Println(strings.ReplaceAll(err.Error(), "\n", "; "))
		return nil
	}
	fmt.Println("nothing")
	return nil
}

// tryFiles reads, lists and writes what it can in the engine's folder.
func tryFiles(dir string) error {
	files := layout(dir)
	var found []error
	for _, path := range []string{files.root, files.data, files.logs, files.credentials, files.config, files.users, files.address, files.lock} {
		if file, err := os.Open(path); !errors.Is(err, os.ErrPermission) {
			found = append(found, fmt.Errorf("open %s: %v", path, err))
			file.Close()
		}
	}
	if err := os.WriteFile(filepath.Join(files.root, "x"), nil, 0o600); !errors.Is(err, os.ErrPermission) {
		found = append(found, fmt.Errorf("write in %s: %v", files.root, err))
	}
	return errors.Join(found...)
}

// tryPort tries every door of the port; an error says which one was open.
func tryPort(addr string) error {
	var found []error
	for _, auth := range []clickhouse.Auth{
		{Username: "default"}, {Username: "default", Password: "default"}, {Username: "default", Database: Database},
		{Username: "app"}, {Username: "app", Password: "app"}, {Username: "app", Password: "muster"}, {Username: "app", Password: strings.Repeat("0", 64)},
		{Username: "root"}, {Username: "muster"}, {Username: " SSH KEY AUTHENTICATION app"}, {Username: " JWT AUTHENTICATION "},
	} {
		found = append(found, tryUser(addr, auth))
	}
	// A server of a cluster comes without a password but with a secret; then it may name any user.
	interserver := helloPacket(" INTERSERVER SECRET ") + packed("default", strings.Repeat("s", 32))
	query := "\x01" + packed("") + "\x02" + packed("app", "", "0.0.0.0:0") + strings.Repeat("\x00", 8) + "\x01" + packed("x", "x", "x") +
		"\x18\x01\xb9\xa9\x03" + packed("") + strings.Repeat("\x00", 4) + packed("", strings.Repeat("h", 32)) + "\x02\x00" + packed("SELECT text FROM muster.secret") + strings.Repeat("\x00", 100)
	for name, hello := range map[string]string{
		"interserver":        interserver + query,
		"interserver tables": interserver + "\x05\x01" + packed("muster", "secret"),
		"no user":            helloPacket(""),
		"HTTP":               "GET /?query=SELECT+text+FROM+muster.secret HTTP/1.1\r\nHost: x\r\n\r\n",
		"HTTP with user":     "GET /?user=default&query=SHOW+TABLES HTTP/1.1\r\nHost: x\r\n\r\n",
		"PostgreSQL":         "\x00\x00\x00\x17\x00\x03\x00\x00user\x00default\x00\x00",
		"MySQL":              "\x20\x00\x00\x01\x85\xa6\xff\x01\x00\x00\x00\x01\x21" + strings.Repeat("\x00", 23) + "default\x00\x00",
		"query before hello": "\x01\x00\x01\x00\x00\x02\x00\x09SELECT 1\x00",
		"table status":       "\x05\x01\x06muster\x06secret",
		"ping before hello":  "\x04",
		"TLS":                "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
	} {
		found = append(found, tryRaw(addr, name, hello))
	}
	return errors.Join(found...)
}

// tryUser tries to do something as a user.
func tryUser(addr string, auth clickhouse.Auth) error {
	c, err := clickhouse.Open(&clickhouse.Options{Addr: []string{addr}, Auth: auth, DialTimeout: 5 * time.Second})
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var found []error
	if c.Ping(ctx) == nil {
		found = append(found, fmt.Errorf("user %q: ping was answered", auth.Username))
	}
	for _, query := range []string{
		"SELECT 1", "SHOW DATABASES", "SHOW TABLES FROM muster", "SELECT text FROM muster.secret", "INSERT INTO muster.secret VALUES ('x')",
		"SELECT * FROM file('/etc/passwd', 'LineAsString')", "CREATE TEMPORARY TABLE t (n UInt8)", "SYSTEM STOP LISTEN TCP",
		"SYSTEM START LISTEN HTTP", "CREATE TABLE muster.x (n UInt8) ENGINE = Memory", "KILL QUERY WHERE 1",
	} {
		if err := c.Exec(ctx, query); err == nil {
			found = append(found, fmt.Errorf("user %q: %s succeeded", auth.Username, query))
		} else if _, ok := errors.AsType[*clickhouse.Exception](err); !ok && !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
			found = append(found, fmt.Errorf("user %q: %s: not refused but %w", auth.Username, query, err))
		}
	}
	return errors.Join(found...)
}

// packed writes strings as the native protocol does, each after its length (all are shorter than 128).
func packed(texts ...string) string {
	var all strings.Builder
	for _, text := range texts {
		all.WriteByte(byte(len(text)))
		all.WriteString(text)
	}
	return all.String()
}

// helloPacket is the first packet of a native client of revision 54457.
func helloPacket(user string) string {
	return "\x00" + packed("ClickHouse") + "\x18\x01\xb9\xa9\x03" + packed("", user, "")
}

// tryRaw speaks another protocol; what the port answers may be an error and nothing else.
func tryRaw(addr, name, hello string) error {
	connection, err := net.Dial("tcp4", addr)
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(connection, hello); err != nil {
		return nil // hung up on before it had spoken
	}
	answer, _ := io.ReadAll(connection) // ends by reset or by the deadline: the bytes so far are what matters
	// A server of a cluster is greeted (version, time zone, host name) before it must show its secret.
	greeted := strings.HasPrefix(name, "interserver") && bytes.HasPrefix(answer, []byte("\x00\nClickHouse")) && len(answer) < 100
	if greeted || len(answer) == 0 || bytes.Contains(answer, []byte("Exception")) || bytes.HasPrefix(answer, []byte("HTTP/1.0 400 Bad Request")) {
		if !bytes.Contains(answer, []byte("dawn")) {
			return nil
		}
	}
	return fmt.Errorf("%s: the port answered %q", name, answer)
}

// listenersOf gives the addresses that a process accepts connections on, of any kind.
func listenersOf(t *testing.T, pid int) []string {
	t.Helper()
	text, err := osexec.Command("ss", "-Hltunxp").Output()
	need(t, err == nil, "listing sockets needs ss (iproute2)")
	var found []string
	owner := regexp.MustCompile(fmt.Sprintf(`pid=%d\b`, pid))
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); owner.MatchString(line) && len(fields) > 4 {
			found = append(found, fields[4])
		}
	}
	return found
}
