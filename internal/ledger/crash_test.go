package ledger

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the process that is killed, and the one that the kernel denies space.
func TestMain(m *testing.M) {
	switch dir := os.Getenv("LEDGER_CHILD_DIR"); {
	case dir == "":
		os.Exit(m.Run())
	default:
		if err := child(dir); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
}

// child appends batches of random size for ever and says on stdout what was acknowledged.
func child(dir string) error {
	if limit := os.Getenv("LEDGER_CHILD_LIMIT"); limit != "" {
		signal.Ignore(syscall.SIGXFSZ)
		n, err := strconv.ParseUint(limit, 10, 64)
		if err != nil {
			return err
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return err
		}
	}
	l, err := Open(dir, Options{Origin: origin})
	if err != nil {
		return err
	}
	fmt.Println("open", l.Size())
	for {
		n := 1 + rand.IntN(3)
		if rand.IntN(4) == 0 {
			n = 1 + rand.IntN(400)
		}
		events := make([]Event, n)
		for i := range events {
			events[i] = event(int(l.Size()) + i)
		}
		first, err := l.Append(context.Background(), events...)
		if err != nil {
			return err
		}
		fmt.Println("ack", first+uint64(n))
	}
}

func spawn(t *testing.T, dir string, env ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd, out := exec.Command(exe), &bytes.Buffer{}
	cmd.Env = append(os.Environ(), append(env, "LEDGER_CHILD_DIR="+dir)...)
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

// acknowledged reads the last count that a child said it had acknowledged.
func acknowledged(t *testing.T, out []byte) (n uint64) {
	t.Helper()
	s := bufio.NewScanner(bytes.NewReader(out))
	for s.Scan() {
		word, number, _ := strings.Cut(s.Text(), " ")
		if word == "ack" || word == "open" {
			v, err := strconv.ParseUint(number, 10, 64)
			if err != nil {
				return n // the line was cut by the kill
			}
			n = v
		}
	}
	return n
}

// checkLog opens a log after a crash and wants every acknowledged entry with the content that it was acknowledged with.
func checkLog(t *testing.T, dir string, want uint64) {
	t.Helper()
	l, err := Open(dir, Options{Origin: origin})
	if err != nil {
		t.Fatalf("open after crash: %v", err)
	}
	defer func() { _ = l.Close() }()
	if l.Size() < want {
		t.Fatalf("%d entries, %d were acknowledged", l.Size(), want)
	}
	r, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	err = r.Entries(context.Background(), 0, func(e Entry) error {
		if want := fmt.Sprintf(`{"fingerprint":"%064x","n":%d}`, e.Index, e.Index); string(e.Data) != want {
			return fmt.Errorf("entry %d is %s, want %s", e.Index, e.Data, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if rep := verify(t, dir); len(rep.Notes) != 0 {
		t.Errorf("after Open: %v", rep.Notes)
	}
}

// startup measures how long a child takes until it has opened a log: on a busy machine most of a short life is that.
func startup(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	cmd, out := exec.Command(os.Args[0]), bufio.NewReader(nil)
	cmd.Env = append(os.Environ(), "LEDGER_CHILD_DIR="+filepath.Join(t.TempDir(), "log"))
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.Reset(pipe)
	_, err = out.ReadString('\n')
	took := time.Since(began)
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
	if err != nil {
		t.Fatalf("a child did not open its log: %v", err)
	}
	return took
}

// manyEntries is how long a log grows under kills before another takes its place: many bundles of tiles, and still quickly re-computed.
const manyEntries = 5000

// TestKilled kills a process that appends, 60 times at random moments, again and again on the same log: while it starts, and while it
// works. Every log is re-computed from its beginning after each kill.
func TestKilled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	life := 2*startup(t) + 30*time.Millisecond
	var size, before uint64
	logs := 1
	for range 60 {
		if size > manyEntries {
			dir, size, before = filepath.Join(t.TempDir(), "log"), 0, before+size
			logs++
		}
		cmd, out := spawn(t, dir)
		time.Sleep(rand.N(life))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		if strings.Contains(out.String(), "error") {
			t.Fatalf("child: %s", out)
		}
		size = max(size, acknowledged(t, out.Bytes()))
		checkLog(t, dir, size)
	}
	t.Logf("%d entries acknowledged in %d logs over 60 kills", before+size, logs)
	if before+size == 0 {
		t.Error("no child acknowledged anything: the test shows nothing")
	}
}

// TestNoSpace lets the kernel refuse writes beyond a file size: nothing is acknowledged then, and the log goes on afterwards.
func TestNoSpace(t *testing.T) {
	for _, limit := range []int{60, 300, 900, 5000, 20000} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir)
			add(t, l, 0, 2)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			cmd, out := spawn(t, dir, "LEDGER_CHILD_LIMIT="+strconv.Itoa(limit))
			if err := cmd.Wait(); err == nil || !strings.Contains(out.String(), "file too large") {
				t.Fatalf("child: %v %s", err, out)
			}
			checkLog(t, dir, max(2, acknowledged(t, out.Bytes())))
		})
	}
}

// TestFaultAtEveryStep fails every single file operation of an Append once, and tries again: with the same Log, and with the log
// opened anew as after a crash.
func TestFaultAtEveryStep(t *testing.T) {
	broken := errors.New("disk gone")
	for _, sizes := range [][2]int{{0, 1}, {5, 3}, {250, 10}, {255, 1}, {511, 300}} {
		for step := 0; ; step++ {
			dir := t.TempDir()
			l, err := Open(dir, Options{Origin: origin, Now: clock()})
			if err != nil {
				t.Fatal(err)
			}
			if sizes[0] > 0 {
				add(t, l, 0, sizes[0])
			}
			done := 0
			l.disk.Fault = func(string, string) error {
				if done++; done == step+1 {
					return broken
				}
				return nil
			}
			_, err = l.Append(t.Context(), Event{Type: Config}, Event{Type: Config}, Event{Type: Config})
			l.disk.Fault = nil
			if done <= step {
				_ = l.Close()
				if step == 0 || err != nil {
					t.Fatalf("no step was failed, %v", err)
				}
				break
			}
			sure := sizes[0]
			if err == nil { // it was acknowledged, and what failed came later
				sure += 3
			}
			if err != nil && !errors.Is(err, broken) || l.Size() != uint64(sure) {
				t.Fatalf("step %d: %v, size %d", step, err, l.Size())
			}
			if step%2 == 0 { // the process lives on
				if l.broken == nil {
					add(t, l, sure, sizes[1])
					verify(t, dir)
				}
			}
			_ = l.Close()
			l, err = Open(dir, Options{Origin: origin, Now: clock()})
			if err != nil {
				t.Fatalf("step %d: open: %v", step, err)
			}
			if l.Size() < uint64(sure) {
				t.Fatalf("step %d: lost entries: %d", step, l.Size())
			}
			add(t, l, int(l.Size()), sizes[1])
			if rep := verify(t, dir); len(rep.Notes) != 0 {
				t.Errorf("step %d: %v", step, rep.Notes)
			}
			_ = l.Close()
		}
	}
}
