package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"muster/internal/access"
)

// refused says what is wrong with an error that an operator is to understand.
func refused(t *testing.T, err error, kind access.Kind, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	text := err.Error() + "\n" + access.HintOf(err)
	if access.KindOf(err) != kind || access.HintOf(err) == "" {
		t.Errorf("kind %q, hint %q", access.KindOf(err), access.HintOf(err))
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("the error does not say %q:\n%s", word, text)
		}
	}
}

func TestMissingLibrary(t *testing.T) {
	_, err := Attach(t.Context(), Options{Dir: t.TempDir(), Library: "/nowhere/libchdb.so"})
	refused(t, err, access.NotFound, "/nowhere/libchdb.so does not exist", "npm ci --prefix deploy/engine", "clickhouse.dsn")
	t.Setenv("MUSTER_ENGINE_LIB", t.TempDir())
	_, err = Attach(t.Context(), Options{Dir: t.TempDir()})
	refused(t, err, access.NotFound, "is not a file", "make setup")
	t.Setenv("MUSTER_ENGINE_LIB", "")
	t.Chdir("/")
	_, err = Attach(t.Context(), Options{Dir: t.TempDir()})
	refused(t, err, access.NotFound, "in none of the usual places")
}

func TestBrokenLibrary(t *testing.T) {
	library := filepath.Join(t.TempDir(), libraryName)
	if err := os.WriteFile(library, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, err := Attach(t.Context(), Options{Dir: dir, Library: library})
	refused(t, err, access.Internal, "start engine", "load library", filepath.Join(dir, "engine", "log"))
	run(t, connect(t, attach(t, Options{Dir: dir})), "SELECT 1") // the lock was let go
}

func TestUnusableFolder(t *testing.T) {
	_, err := Attach(t.Context(), Options{Dir: "/dev/null/data"})
	refused(t, err, access.Denied, "not a directory", "data_dir")
}

func TestFolderOfAnotherUser(t *testing.T) {
	need(t, os.Geteuid() == 0, "giving a folder away needs root")
	dir := t.TempDir()
	if err := layout(dir).prepare(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(layout(dir).root, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	_, err := Attach(t.Context(), Options{Dir: dir})
	refused(t, err, access.Denied, "not a folder of this user", "data_dir")
}

func TestFolderWithAnOddName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `a & b <c> "d" 'e' ü %20 ${HOME}`)
	run(t, connect(t, attach(t, Options{Dir: dir})), "SELECT 1")
}

func TestDamagedCredentials(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "engine"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(layout(dir).credentials, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Attach(t.Context(), Options{Dir: dir})
	refused(t, err, access.Invalid, "credentials is damaged", "delete")
}

func TestStaleAddress(t *testing.T) {
	for name, text := range map[string]string{
		"dead process":   `{"port":9000,"pid":4194304,"started":"1"}`,
		"reused process": fmt.Sprintf(`{"port":9000,"pid":%d,"started":"1"}`, os.Getpid()),
		"damaged":        `{"port":`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := layout(dir).prepare(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(layout(dir).address, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if at, err := layout(dir).readAddress(); err == nil && at.alive() == nil {
				t.Error("it passes for a living engine")
			}
			run(t, connect(t, attach(t, Options{Dir: dir})), "SELECT 1")
		})
	}
}

// A lock that is held by a process whose engine does not answer ends in an error and not in a second engine.
func TestLockHeldBySomebodySilent(t *testing.T) {
	dir := t.TempDir()
	if err := layout(dir).prepare(); err != nil {
		t.Fatal(err)
	}
	lock, err := takeLock(layout(dir).lock)
	if err != nil || lock == nil {
		t.Fatal(err)
	}
	defer lock.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200e6)
	defer cancel()
	_, err = Attach(ctx, Options{Dir: dir})
	refused(t, err, access.Transient, "end that process")
}

// The password is not said to a port that another user listens on.
func TestPortTakenByAnotherUser(t *testing.T) {
	need(t, os.Geteuid() == 0, "becoming another user needs root")
	stranger := asNobody(t, "__listen")
	var port int
	if _, err := fmt.Sscan(stranger.line(), &port); err != nil {
		t.Fatal(err)
	}
	connection, err := dial(t.Context(), address{Port: port})
	if err == nil || !strings.Contains(err.Error(), "belongs to another user (uid 65534)") {
		t.Errorf("got %v", err)
	}
	if connection != nil {
		t.Error("got a connection")
	}
	mine, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	if _, err := dial(t.Context(), address{Port: mine.Addr().(*net.TCPAddr).Port}); err != nil {
		t.Errorf("own port: %v", err)
	}
}

// ownMounts starts a process that may mount what nobody else sees.
func ownMounts() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		attributes.Cloneflags |= syscall.CLONE_NEWUSER
		attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return attributes
}

func canMount() bool {
	probe := osexec.Command("/bin/true")
	probe.SysProcAttr = ownMounts()
	return probe.Run() == nil
}

// mounted attaches with a tmpfs of that size on that folder and gives what the process said.
func mounted(t *testing.T, on, size, dir string) (ok bool, said string) {
	t.Helper()
	need(t, canMount(), "a mount of one's own needs root or user namespaces")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := osexec.Command(exe, "__mounted", on, size, dir)
	command.SysProcAttr = ownMounts()
	text, err := command.CombinedOutput()
	return err == nil, string(text)
}

func TestNoPseudoTerminal(t *testing.T) {
	ok, said := mounted(t, "/dev", "1m", t.TempDir())
	if ok || !strings.Contains(said, "open pseudo-terminal") || !strings.Contains(said, "needs /dev/ptmx") {
		t.Errorf("got %t, %s", ok, said)
	}
}

func TestDiskFullBeforeTheStart(t *testing.T) {
	dir := t.TempDir()
	ok, said := mounted(t, dir, "8k", dir)
	if ok || !strings.Contains(said, "no space left on device") || !strings.Contains(said, "check the free space") {
		t.Errorf("got %t, %s", ok, said)
	}
}

func TestDiskFullFailsTheInsertAndNotTheEngine(t *testing.T) {
	dir := t.TempDir()
	if ok, said := mounted(t, dir, "32m", dir); !ok {
		t.Error(said)
	}
}

// fillDisk inserts until there is no space, and checks that the engine lives and works on when there is some again.
func fillDisk(e *Engine) error {
	ballast := filepath.Join(e.options.Dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 8<<20), 0o600); err != nil {
		return err
	}
	ctx, pid := context.Background(), e.Pid()
	user, password := e.Auth()
	c, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{e.Addr()}, Auth: clickhouse.Auth{Database: Database, Username: user, Password: password}, DialContext: e.DialContext,
	})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Exec(ctx, "CREATE TABLE heavy (text String) ENGINE = MergeTree ORDER BY tuple()"); err != nil {
		return err
	}
	rows := uint64(0)
	for ; err == nil; rows += 2000 {
		err = c.Exec(ctx, "INSERT INTO heavy SELECT randomString(1000) FROM numbers(2000)")
	}
	problem, ok := errors.AsType[*clickhouse.Exception](err)
	if !ok || problem.Code != 243 && !strings.Contains(problem.Message, "No space left") {
		return fmt.Errorf("insert on a full disk: %w", err)
	}
	var kept uint64
	if err := c.QueryRow(ctx, "SELECT count() FROM heavy").Scan(&kept); err != nil || kept != rows-2000 {
		return fmt.Errorf("%d rows of %d on a full disk: %w", kept, rows-2000, err)
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	if err := c.Exec(ctx, "INSERT INTO heavy SELECT 'x'"); err != nil {
		return fmt.Errorf("insert after space was made: %w", err)
	}
	if e.Pid() != pid {
		return errors.New("the engine died of a full disk")
	}
	return nil
}
