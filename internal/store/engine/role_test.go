package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"golang.org/x/sys/unix"

	"muster/internal/access"
)

// nobody is the other local user of these tests.
const nobody = 65534

// TestMain lets this binary be the engine, as every program that attaches must, and the other processes of the tests.
func TestMain(m *testing.M) {
	if IsChild() {
		os.Exit(ChildMain(os.Args))
	}
	roles := map[string]func(args []string) error{
		"__hold": roleHold, "__stranger": roleStranger, "__listen": roleListen, "__mounted": roleMounted,
	}
	if len(os.Args) > 1 && roles[os.Args[1]] != nil {
		if err := roles[os.Args[1]](os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err, access.HintOf(err))
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// state is what a holder reports, one line of JSON for each line that it is sent.
type state struct {
	Owner bool
	Pid   int
	Err   string
}

// roleHold attaches to a folder and uses the engine whenever it is asked to.
func roleHold(args []string) error {
	e, err := Attach(context.Background(), Options{Dir: args[0], MemoryMB: 512})
	if err != nil {
		return err
	}
	defer e.Close()
	user, password := e.Auth()
	connection, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{e.Addr()}, Auth: clickhouse.Auth{Database: Database, Username: user, Password: password},
		DialContext: e.DialContext,
	})
	if err != nil {
		return err
	}
	defer connection.Close()
	lines := bufio.NewScanner(os.Stdin)
	for more := true; more; more = lines.Scan() {
		s := state{}
		if err := connection.Exec(context.Background(), "SELECT 1"); err != nil {
			s.Err = err.Error()
		}
		s.Owner, s.Pid = e.Owner(), e.Pid()
		if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
			return err
		}
	}
	return lines.Err()
}

// roleListen takes a free port, says which, and holds it.
func roleListen([]string) error {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// roleMounted attaches below a mount of its own: args are what to put a tmpfs on, its size, and the data folder.
func roleMounted(args []string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil { // or else others would see it too
		return fmt.Errorf("keep mounts private: %w", err)
	}
	if err := unix.Mount("tmpfs", args[0], "tmpfs", 0, "size="+args[1]); err != nil {
		return fmt.Errorf("mount tmpfs: %w", err)
	}
	e, err := Attach(context.Background(), Options{Dir: args[2], MemoryMB: 512})
	if err != nil {
		return err
	}
	defer e.Close()
	return fillDisk(e)
}

// other is another process of the test.
type other struct {
	t       *testing.T
	command *exec.Cmd
	stdin   io.WriteCloser
	stdout  *bufio.Reader
}

// start runs this binary in a role. It is killed at the end of the test.
func start(t *testing.T, attributes *syscall.SysProcAttr, role string, args ...string) *other {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return startPath(t, exe, attributes, role, args...)
}

// startPath runs a copy of this binary in a role.
func startPath(t *testing.T, exe string, attributes *syscall.SysProcAttr, role string, args ...string) *other {
	t.Helper()
	var err error
	o := &other{t: t, command: exec.Command(exe, append([]string{role}, args...)...)}
	o.command.SysProcAttr = attributes
	o.command.Stderr = t.Output()
	if o.stdin, err = o.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := o.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	o.stdout = bufio.NewReader(stdout)
	if err := o.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.kill() })
	return o
}

// line reads one line.
func (o *other) line() string {
	o.t.Helper()
	line, err := o.stdout.ReadString('\n')
	if err != nil {
		o.t.Fatalf("read from %s: %v", o.command.Args[1], err)
	}
	return line
}

// state reads a holder's report.
func (o *other) state() state {
	o.t.Helper()
	var s state
	if err := json.Unmarshal([]byte(o.line()), &s); err != nil {
		o.t.Fatal(err)
	}
	return s
}

// ask makes a holder use its engine.
func (o *other) ask() state {
	o.t.Helper()
	if _, err := io.WriteString(o.stdin, "\n"); err != nil {
		o.t.Fatal(err)
	}
	return o.state()
}

// kill is kill -9.
func (o *other) kill() {
	_ = o.command.Process.Kill() // gone already is as good
	_ = o.command.Wait()
}

// gone waits until a process has ended.
func gone(t *testing.T, pid int, patience time.Duration) {
	t.Helper()
	for end := time.Now().Add(patience); startTime(pid) != ""; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %d is still there after %s", pid, patience)
		}
	}
}

// need skips a test that this machine or user cannot run, and fails instead where everything must run.
func need(t *testing.T, ok bool, reason string) {
	t.Helper()
	switch {
	case ok:
	case os.Getenv("CI") == "true":
		t.Fatal(reason)
	default:
		t.Skip(reason)
	}
}
