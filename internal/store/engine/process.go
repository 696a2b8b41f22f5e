package engine

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/creack/pty"

	"muster/internal/access"
)

// self is this very program, also after its file was replaced by a newer one: a restart must not depend on an upgrade.
const self = "/proc/self/exe"

// process is one running child.
type process struct {
	command  *exec.Cmd
	terminal *os.File // our end of the child's terminal: closing it hangs the child up
	ready    *os.File
}

// spawn starts the child. The caller keeps its thread until the child has ended (Pdeathsig is the thread's, not ours).
func spawn(o Options, files paths, library string, lock *os.File) (*process, error) {
	terminal, stdin, err := pty.Open()
	if err != nil {
		return nil, failed("open pseudo-terminal", access.Denied, err,
			"the engine needs /dev/ptmx and a devpts mounted on /dev/pts; or set clickhouse.dsn to use a server")
	}
	defer stdin.Close()
	_ = os.Rename(files.output, files.output+".1") // there is none the first time
	output, err := os.OpenFile(files.output, os.O_CREATE|os.O_WRONLY|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		terminal.Close()
		return nil, failed("open engine log", access.Denied, err, "check the free space and the rights of "+files.root)
	}
	defer output.Close()
	ready, tell, err := os.Pipe()
	if err != nil {
		terminal.Close()
		return nil, failed("start engine", access.Internal, err, "")
	}
	defer tell.Close()

	command := exec.Command(self, childArg, library, o.Dir)
	command.Args[0] = os.Args[0]
	command.Dir = files.root
	command.Env = childEnv(files.root)
	command.Stdin, command.Stdout, command.Stderr = stdin, output, output
	command.ExtraFiles = []*os.File{tell, lock} // readyFD, lockFD
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		terminal.Close()
		ready.Close()
		return nil, failed("start engine", access.Internal, err, "")
	}
	go io.Copy(io.Discard, terminal) // ends with the child: a full terminal would block it
	return &process{command: command, terminal: terminal, ready: ready}, nil
}

// childEnv gives the engine a plain environment: the owner's may hold secrets, which a crash dump would show. Its home is
// its own folder, where the library leaves a history file and nothing of the user's is read.
func childEnv(home string) []string {
	env := []string{"TZ=UTC", "LANG=C.UTF-8", "HOME=" + home}
	for _, name := range []string{"PATH", "TMPDIR", "LD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// port gives the number that the child announces; the channel closes without one when the child ends first.
func (p *process) port() <-chan int {
	port := make(chan int, 1)
	go func() {
		defer close(port)
		defer p.ready.Close()
		line, err := bufio.NewReader(p.ready).ReadString('\n')
		if err != nil {
			return
		}
		if number, err := strconv.Atoi(strings.TrimSpace(line)); err == nil {
			port <- number
		}
	}()
	return port
}

func (p *process) pid() int { return p.command.Process.Pid }

// kill sends a signal; a child that is gone already is what was wanted.
func (p *process) kill(signal os.Signal) { _ = p.command.Process.Signal(signal) }

// wait blocks until the child has ended.
func (p *process) wait() error {
	err := p.command.Wait()
	p.terminal.Close()
	return err
}

// startTime is the kernel's start time of a process; "" when there is no such process or it is a zombie.
func startTime(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// proc(5): the name, in parentheses, may hold anything; after it come the state (3rd field) and so on.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return ""
	}
	return fields[19] // the 22nd: starttime
}

// residentSet reads a process's resident memory, now and at its peak, in bytes.
func residentSet(pid int) (now, peak int64, err error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, fmt.Errorf("read memory of engine: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
		switch {
		case err != nil:
		case fields[0] == "VmRSS:":
			now = kilobytes << 10
		case fields[0] == "VmHWM:":
			peak = kilobytes << 10
		}
	}
	return now, peak, lines.Err()
}

// lastWords gives the ends of the logs, for the error that an operator sees.
func lastWords(files ...string) string {
	const most = 1200
	var words []string
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // a log that was never begun
		}
		if len(text) > most {
			text = text[len(text)-most:]
		}
		if tail := strings.TrimSpace(string(text)); tail != "" {
			words = append(words, tail)
		}
	}
	return strings.Join(words, "\n")
}
