package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/access"
	"muster/internal/ledger/durable"
	"muster/internal/ledger/tiles"
)

// Options are what a Log needs from outside. Every field but Origin has a default.
type Options struct {
	// Origin names the log in its checkpoints, like muster.example/acme; no space, no plus. It is fixed when the log is made;
	// empty means whatever the existing log says.
	Origin string
	Now    func() time.Time // the clock of entries without a time; time.Now when nil
	Log    *slog.Logger     // told about a tail that a crash left; silent when nil
	Rand   io.Reader        // for the key of a new log; crypto/rand when nil
}

// Log is a ledger opened for writing. There is one per folder at a time, over all processes.
type Log struct {
	now  func() time.Time
	disk *durable.Disk
	keys keys
	lock *os.File

	mu     sync.Mutex
	at     Checkpoint
	edge   tiles.Edge
	tail   []byte // the bytes of the partial entry bundle
	last   time.Time
	dirty  bool  // a failed Append left files beyond the checkpoint
	broken error // it is unknown what is on disk: no more appends until the log is opened again
}

// Open opens the log in dir for writing and makes it when there is none. It takes the folder's lock (Conflict, naming the
// holder, when another process has it), checks the right edge of the tree against the signed checkpoint, and removes what
// lies beyond it.
func Open(dir string, o Options) (*Log, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	d := durable.New(dir)
	if err := d.Mkdir(dir); err != nil {
		return nil, failed(access.Denied, "make folder", "", err)
	}
	lock, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	l := &Log{now: o.Now, disk: d, lock: lock}
	if err := l.load(o); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return l, nil
}

// load reads the keys, the checkpoint and the right edge.
func (l *Log) load(o Options) error {
	var err error
	if l.keys, err = loadKeys(l.disk, o.Origin, o.Rand); err != nil {
		return err
	}
	if !l.disk.Exists(checkpointFile) {
		if l.disk.Exists(tiles.Folder) {
			return failed(access.Invalid, "open log", "restore the file checkpoint from a backup", errors.New("it has tiles and no checkpoint"))
		}
		if l.at, err = sign(l.keys.signer, 0, tiles.Edge{}.Root()); err != nil {
			return failed(access.Internal, "open log", "", err)
		}
		if err := l.save(l.at); err != nil {
			return failed(access.Internal, "open log", "", err)
		}
		return nil
	}
	r, err := Read(l.disk.Dir)
	if err != nil {
		return err
	}
	beyond, err := trim(l.disk, r.at.Size)
	if err != nil {
		return failed(access.Internal, "open log", "", err)
	}
	if beyond > 0 {
		o.Log.WarnContext(context.Background(), "ledger tail was never acknowledged and is dropped", "files", beyond, "entries", r.at.Size)
	}
	if l.edge, l.tail, l.last, err = r.edge(); err != nil {
		return failed(access.Invalid, "open log", "run muster ledger verify; restore the ledger's folder from a backup", err)
	}
	l.at = r.at
	return nil
}

// takeLock takes the folder's exclusive lock, which the kernel drops when the process ends in any way.
func takeLock(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, failed(access.Denied, "open lock", "", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := "another process"
		if text, rerr := io.ReadAll(f); rerr == nil && len(text) > 0 {
			holder = "process " + strings.TrimSpace(string(text))
		}
		err = errors.Join(fmt.Errorf("%s is writing to %s", holder, dir), f.Close())
		return nil, failed(access.Conflict, "lock log", "wait until it ends, or stop it", err)
	}
	if err := f.Truncate(0); err != nil {
		return nil, failed(access.Internal, "write lock", "", errors.Join(err, f.Close()))
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return nil, failed(access.Internal, "write lock", "", errors.Join(err, f.Close()))
	}
	return f, nil
}

// Append enters events in order and returns the index of the first. When it returns without an error the entries are
// durable; with an error none of them is in the log, and the same Append may be tried again.
func (l *Log) Append(ctx context.Context, events ...Event) (first uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return 0, failed(access.Internal, "append", "start again: opening the log finds out what was written", l.broken)
	}
	if err := ctx.Err(); err != nil {
		return 0, failed(access.Transient, "append", "", err)
	}
	if len(events) == 0 {
		return l.edge.Size, nil
	}
	if l.dirty {
		if _, err := trim(l.disk, l.edge.Size); err != nil {
			return 0, failed(access.Internal, "append", "", err)
		}
		l.dirty = false
	}
	b := &batch{disk: l.disk, edge: l.edge.Clone(), tail: append([]byte(nil), l.tail...), last: l.last}
	if err := b.write(ctx, events, l.now().UTC()); err != nil {
		l.dirty = true
		return 0, failed(appendKind(err), "append", "", err)
	}
	next, err := sign(l.keys.signer, b.edge.Size, b.edge.Root())
	if err != nil {
		l.dirty = true
		return 0, failed(access.Internal, "append", "", err)
	}
	if err := l.save(next); err != nil {
		return 0, failed(access.Internal, "append", "free space on the disk; nothing was acknowledged", err)
	}
	first = l.edge.Size
	l.at, l.edge, l.tail, l.last = next, b.edge, b.tail, b.last
	for _, t := range b.filled {
		if err := dropPartials(l.disk, t.level, t.n); err != nil {
			l.dirty = true // harmless: the next Append or Open removes them
		}
	}
	return first, nil
}

// appendKind tells an event that cannot be entered from a disk that cannot be written.
func appendKind(err error) access.Kind {
	if _, ok := errors.AsType[*eventError](err); ok {
		return access.Invalid
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return access.Transient
	}
	return access.Internal
}

// save puts a checkpoint in place. After a failed rename or folder sync nobody knows which of two checkpoints a crash would
// leave, so the log takes no more entries.
func (l *Log) save(c Checkpoint) error {
	if err := l.disk.Write(checkpointFile, []byte(c.Text), 0o644); err != nil {
		l.dirty = true
		if have, rerr := os.ReadFile(filepath.Join(l.disk.Dir, checkpointFile)); rerr != nil || string(have) != l.at.Text {
			l.broken = err
		}
		return err
	}
	if err := l.disk.Flush(); err != nil {
		l.broken = err
		return err
	}
	return nil
}

// Size is how many entries the log has.
func (l *Log) Size() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at.Size
}

// Checkpoint is the newest signed checkpoint.
func (l *Log) Checkpoint() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at.Text
}

// VerifierKey is the log's public key, in the form that ParseCheckpoint takes.
func (l *Log) VerifierKey() string { return l.keys.verifier }

// Reader reads the log as of its newest checkpoint.
func (l *Log) Reader() (*Reader, error) { return Read(l.disk.Dir) }

// Close gives the lock back. Everything acknowledged is on disk already.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = errors.New("the log is closed")
	if err := l.lock.Close(); err != nil {
		return failed(access.Internal, "close lock", "", err)
	}
	return nil
}

// batch is one Append under way: copies of the log's state that replace it when all is on disk.
type batch struct {
	disk   *durable.Disk
	edge   tiles.Edge
	tail   []byte
	last   time.Time
	filled []tile
}

// tile names a full tile.
type tile struct {
	level int
	n     uint64
}

// eventError is an event that cannot be entered.
type eventError struct{ err error }

func (e *eventError) Error() string { return e.err.Error() }
func (e *eventError) Unwrap() error { return e.err }

// write writes the entries and the tiles of all events and makes them durable.
func (b *batch) write(ctx context.Context, events []Event, now time.Time) error {
	before := b.edge.Size
	for _, event := range events {
		at := event.Time.UTC()
		if event.Time.IsZero() {
			at = now
		}
		if at.Before(b.last) {
			at = b.last
		}
		raw, err := event.encode(b.edge.Size, at)
		if err != nil {
			return &eventError{err}
		}
		b.last = at
		b.tail = tiles.AppendEntry(b.tail, raw)
		if err := b.edge.Add(tlog.RecordHash(raw), b.full); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if err := b.writePartials(before); err != nil {
		return err
	}
	return b.disk.Flush()
}

// full writes a tile that has its 256 hashes; at level 0 also its entries, first.
func (b *batch) full(level int, n uint64, hashes []tlog.Hash) error {
	if level == 0 {
		if err := b.disk.Write(tiles.Path(tiles.Entries, n, tiles.Width), b.tail, 0o644); err != nil {
			return err
		}
		b.filled = append(b.filled, tile{tiles.Entries, n})
		b.tail = nil
	}
	b.filled = append(b.filled, tile{level, n})
	return b.disk.Write(tiles.Path(level, n, tiles.Width), tiles.Pack(hashes), 0o644)
}

// writePartials writes the partial tile of every level that changed since the tree had before leaves.
func (b *batch) writePartials(before uint64) error {
	for level, hashes := range b.edge.Levels {
		total := tiles.Count(level, b.edge.Size)
		if len(hashes) == 0 || total == tiles.Count(level, before) {
			continue
		}
		if level == 0 {
			if err := b.disk.Write(tiles.Path(tiles.Entries, total/tiles.Width, len(hashes)), b.tail, 0o644); err != nil {
				return err
			}
		}
		if err := b.disk.Write(tiles.Path(level, total/tiles.Width, len(hashes)), tiles.Pack(hashes), 0o644); err != nil {
			return err
		}
	}
	return nil
}
