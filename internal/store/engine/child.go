package engine

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"
)

// childArg is the first argument of a process that is the engine itself. It is an argument and not a variable of the
// environment, so that nothing which the engine's owner starts later can take itself for the engine.
const childArg = "__muster-engine"

// The descriptors that the owner hands to its child beside the three standard ones.
const (
	readyFD = 3 // where the child says on which port it listens
	lockFD  = 4 // the lock on the data folder, held for as long as either of the two lives
)

// endless keeps the library's session, and with it the listener, alive for some thirty years.
const endless = "SELECT sleepEachRow(1) FROM numbers(1000000000) SETTINGS max_block_size=1 FORMAT Null"

// IsChild says whether this process was started to be the engine: main and TestMain ask it before anything else.
func IsChild() bool { return len(os.Args) > 1 && os.Args[1] == childArg }

// ChildMain is the whole life of the engine's process: it loads the library, opens the listener, tells the owner the port
// and serves until it is killed. args is os.Args; the result is the exit code.
func ChildMain(args []string) int {
	if len(args) != 4 || args[1] != childArg {
		fmt.Fprintln(os.Stderr, "engine: this entrance is for the owner of an engine only")
		return 4
	}
	// Both were inherited for this process alone: nothing that the library starts may keep them.
	unix.CloseOnExec(readyFD)
	unix.CloseOnExec(lockFD)
	unix.Umask(0o077) // what ClickHouse writes is closed to others by itself, and not by its folder alone
	if err := serve(args[2], args[3]); err != nil {
		fmt.Fprintf(os.Stderr, "engine: %v\n", err)
		return 1
	}
	return 0
}

// serve runs the library's command line with a session that never ends.
func serve(library, dir string) error {
	runtime.LockOSThread()
	handle, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fmt.Errorf("load library: %w", err)
	}
	for _, name := range []string{"chdb_set_signal_handlers_enabled", "chdb_query_cmdline", "chdb_result_error"} {
		if _, err := purego.Dlsym(handle, name); err != nil {
			return fmt.Errorf("find %s in library: %w", name, err)
		}
	}
	var handlers func(int32)
	var cmdline func(int32, unsafe.Pointer) uintptr
	var said func(uintptr) string
	purego.RegisterLibFunc(&said, handle, "chdb_result_error")
	purego.RegisterLibFunc(&handlers, handle, "chdb_set_signal_handlers_enabled")
	purego.RegisterLibFunc(&cmdline, handle, "chdb_query_cmdline")

	// Go's runtime handles the signals: two sets of handlers in one process end in a crash on the first of them.
	handlers(0)
	files := layout(dir)
	argv := []string{
		"clickhouse", "--config-file=" + files.config, "--path=" + files.data, "--interactive", "--log-level=error",
		"--query", "SYSTEM START LISTEN TCP", "--query", endless,
	}
	go announce(os.NewFile(readyFD, "ready"))
	var pinner runtime.Pinner
	defer pinner.Unpin()
	vector := cStrings(&pinner, argv)
	result := cmdline(int32(len(argv)), unsafe.Pointer(&vector[0]))
	if result != 0 {
		if why := said(result); why != "" {
			return fmt.Errorf("the library ended its session: %s", why)
		}
	}
	return errors.New("the library ended its session")
}

// cStrings lays argv out as C wants it, pinned so that the collector leaves it where it is.
func cStrings(pinner *runtime.Pinner, argv []string) []*byte {
	vector := make([]*byte, len(argv)+1)
	for i, arg := range argv {
		text := append([]byte(arg), 0)
		pinner.Pin(&text[0])
		vector[i] = &text[0]
	}
	pinner.Pin(&vector[0])
	return vector
}

// announce waits for the library's listener and tells the owner its port. Asking the kernel needs no right inside the
// database; asking ClickHouse would need FILE, which opens every file of this user to whoever holds it.
func announce(ready *os.File) {
	defer ready.Close()
	for {
		if port, ok := listeningPort(); ok {
			fmt.Fprintln(ready, strconv.Itoa(port))
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// listeningPort finds the one descriptor of this process that accepts connections.
func listeningPort() (int, bool) {
	for fd := lockFD + 1; fd < 4096; fd++ {
		listening, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		if err != nil || listening == 0 {
			continue
		}
		name, err := unix.Getsockname(fd)
		if err != nil {
			continue
		}
		if inet, ok := name.(*unix.SockaddrInet4); ok && inet.Port != 0 {
			return inet.Port, true
		}
	}
	return 0, false
}
