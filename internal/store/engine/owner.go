package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"muster/internal/access"
)

// Crashes that come this quickly one after the other are not bad luck: after so many the engine is given up.
const (
	quickLife   = 20 * time.Second
	quickLimit  = 5
	backoffBase = 100 * time.Millisecond
	backoffCap  = 5 * time.Second
	stopGrace   = 5 * time.Second
)

// owner keeps one child alive from start to stop.
type owner struct {
	options Options
	files   paths
	auth    credentials
	library string
	lock    *os.File

	quit chan struct{} // closed by stop
	once sync.Once
	done chan struct{} // closed when the child is gone for good

	mu      sync.Mutex
	at      address       // of the living child; zero while there is none
	changed chan struct{} // closed and replaced at each change of at and err
	err     error         // why the engine was given up
}

func newOwner(o Options, files paths, auth credentials, library string, lock *os.File) *owner {
	return &owner{
		options: o, files: files, auth: auth, library: library, lock: lock,
		quit: make(chan struct{}), done: make(chan struct{}), changed: make(chan struct{}),
	}
}

// start runs the first child and returns when it answers. After an error nothing of it is left.
func (o *owner) start(ctx context.Context) error {
	go o.supervise()
	if _, err := o.current(ctx); err != nil {
		o.stop()
		return err
	}
	return nil
}

// supervise starts the child and starts it again. The goroutine keeps its thread: the kernel ends the child when the
// thread that started it ends, and Go ends threads. The thread is given back afterwards: other children may have been started from it.
func (o *owner) supervise() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(o.done)
	defer o.lock.Close()
	defer os.Remove(o.files.address)
	quick, ever := 0, false
	for {
		began := time.Now()
		ready, err := o.live()
		if o.quitting() {
			return
		}
		ever = ever || ready
		if quick++; time.Since(began) > quickLife {
			quick = 1
		}
		// What never came up will not come up by being asked again: only a crash of a working engine is worth a restart.
		if quick >= quickLimit || !ever {
			o.set(address{}, err)
			return
		}
		pause := o.pause(quick)
		o.options.Log.LogAttrs(context.Background(), slog.LevelWarn, "engine died and is started again",
			slog.Any("error", err), slog.Int64("pause_ms", pause.Milliseconds()), slog.Int("quick_crashes", quick))
		select {
		case <-o.quit:
			return
		case <-time.After(pause):
		}
	}
}

// live runs one child from start to end. ready says whether it ever answered; the error says how it ended.
func (o *owner) live() (ready bool, err error) {
	defer o.set(address{}, nil)
	child, err := spawn(o.options, o.files, o.library, o.lock)
	if err != nil {
		return false, err
	}
	ended := make(chan error, 1)
	go func() { ended <- child.wait() }()
	port := child.port()
	for {
		select {
		case number, ok := <-port:
			port = nil
			if !ok {
				continue // it ended without a word: ended will tell
			}
			at := address{Port: number, Pid: child.pid(), Started: startTime(child.pid()), Owner: os.Getpid()}
			if err := o.open(at); err != nil {
				child.kill(syscall.SIGKILL)
				<-ended
				return ready, err
			}
			ready = true
		case <-o.quit:
			child.kill(syscall.SIGTERM)
			select {
			case <-ended:
			case <-time.After(stopGrace):
				child.kill(syscall.SIGKILL)
				<-ended
			}
			return ready, nil
		case state := <-ended:
			return ready, o.obituary(ready, state)
		}
	}
}

// open makes the engine usable and tells everybody where it is.
func (o *owner) open(at address) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := createDatabase(ctx, at, o.auth); err != nil {
		return failed("open database", access.Internal, err, "look into "+o.files.errorLog)
	}
	if err := o.files.writeAddress(at); err != nil {
		return failed("publish address", access.Denied, err, "check the free space and the rights of "+o.files.root)
	}
	o.set(at, nil)
	return nil
}

// obituary says why a child ended, with the last words of its log.
func (o *owner) obituary(ready bool, state error) error {
	if state == nil {
		state = errors.New("the process ended")
	}
	op := "start engine"
	if ready {
		op = "run engine"
	}
	hint := "look into " + o.files.logs
	if words := lastWords(o.files.output, o.files.errorLog); words != "" {
		hint += "; its last words:\n" + words
	}
	return failed(op, access.Internal, fmt.Errorf("engine ended: %w", state), hint)
}

// pause is the wait before the next start: doubling, capped, and spread by up to half.
func (o *owner) pause(quick int) time.Duration {
	pause := min(backoffCap, backoffBase<<min(quick-1, 10))
	return pause - time.Duration(o.options.Jitter()*float64(pause)/2)
}

// set publishes a change and wakes everybody who waits for one.
func (o *owner) set(at address, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.at, o.err = at, err
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *owner) where() address {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.at
}

// current waits for a living child and gives its address.
func (o *owner) current(ctx context.Context) (address, error) {
	for {
		o.mu.Lock()
		at, err, changed := o.at, o.err, o.changed
		o.mu.Unlock()
		switch {
		case err != nil:
			return address{}, err
		case at.Port != 0:
			return at, nil
		case o.quitting():
			return address{}, errClosed()
		}
		select {
		case <-changed:
		case <-o.quit:
		case <-ctx.Done():
			return address{}, failed("wait for engine", access.Transient, ctx.Err(), "look into "+o.files.logs)
		}
	}
}

// wait blocks until ctx ends or the engine is gone for good.
func (o *owner) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-o.done:
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.err
	}
}

// stop ends the child and returns when it is gone.
func (o *owner) stop() {
	o.once.Do(func() { close(o.quit) })
	<-o.done
}

func (o *owner) quitting() bool {
	select {
	case <-o.quit:
		return true
	default:
		return false
	}
}
