package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"muster/internal/access"
	"muster/internal/ledger/commit"
	"muster/internal/ledger/durable"
	"muster/internal/ledger/keys"
	"muster/internal/ledger/lock"
	"muster/internal/ledger/segment"
	"muster/internal/ledger/tiles"
	"muster/internal/ledger/together"
)

// The files of a log beside the tiles.
const (
	checkpointFile = "checkpoint"
	verifierFile   = keys.VerifierFile
	keyFile        = keys.File
	lockFile       = lock.File
)

// PrivateDir is where what the entries of the log in dir commit to is kept. It is no part of the log and is handed to nobody.
func PrivateDir(dir string) string { return filepath.Clean(dir) + "-private" }

// Options are what a Log needs from outside. Every field but Origin has a default.
type Options struct {
	// Origin names the log in its checkpoints, like muster.example/acme; no space, no plus. It is fixed when the log is made;
	// empty means whatever the existing log says.
	Origin string
	Now    func() time.Time // the clock of entries without a time; time.Now when nil
	Log    *slog.Logger     // told about a tail that a crash left; silent when nil
	Rand   io.Reader        // for the key of a new log and for salts; crypto/rand when nil

	fault func(op, path string) error // of the disk, in tests
}

// Log is a ledger opened for writing. There is one per folder at a time, over all processes.
type Log struct {
	now  func() time.Time
	disk *durable.Disk
	keys keys.Pair
	lock *os.File

	queue   together.Queue[*request]
	random  io.Reader // of salts
	book    *commit.Book
	trimmed bool // the book has nothing beyond the log

	mu     sync.Mutex
	at     Checkpoint
	writer *segment.Writer
	last   time.Time
	soon   *time.Timer // publishes; nil when nothing waits for it
	broken error       // no more appends until the log is opened again
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
	d.Fault = o.fault
	if err := d.Mkdir(dir); err != nil {
		return nil, failed(access.Denied, "make folder", "", err)
	}
	held, err := lock.Take(dir)
	if err != nil {
		return nil, err
	}
	l := &Log{now: o.Now, disk: d, lock: held, random: o.Rand, book: commit.NewBook(PrivateDir(dir))}
	if err := d.Anchor(); err != nil {
		return nil, errors.Join(failed(access.Internal, "make folder", "", err), held.Close())
	}
	if err := l.load(o); err != nil {
		return nil, errors.Join(err, held.Close())
	}
	return l, nil
}

// load reads the keys, the checkpoint and the right edge.
func (l *Log) load(o Options) error {
	var err error
	if l.keys, err = keys.Load(l.disk, checkpointFile, o.Origin, o.Rand); err != nil {
		return err
	}
	if !l.disk.Exists(checkpointFile) && !l.disk.Exists(segment.JournalFile) {
		if l.disk.Exists(tiles.Folder) {
			return failed(access.Invalid, "open log", "restore the file checkpoint from a backup", errors.New("it has tiles and no checkpoint"))
		}
		if l.at, err = sign(l.keys.Signer, 0, tiles.Edge{}.Root()); err != nil {
			return failed(access.Internal, "open log", "", err)
		}
		if err := errors.Join(l.disk.Write(checkpointFile, []byte(l.at.Text), 0o644), l.disk.Flush()); err != nil {
			return failed(access.Internal, "open log", "", err)
		}
		l.writer = segment.Resume(l.disk, tiles.Edge{}, nil, checkpointFile, l.at.Text)
		return nil
	}
	left, err := segment.ReadJournal(filepath.Join(l.disk.Dir, segment.JournalFile))
	if err != nil {
		return failed(access.Invalid, "open log", "restore the ledger's folder from a backup", err)
	}
	r, err := Read(l.disk.Dir)
	if left != nil {
		last, lerr := ParseCheckpoint(left.Last, l.keys.Verifier)
		if lerr != nil {
			return lerr
		}
		if err != nil || last.Size >= r.at.Size {
			return l.recover(left, last, o.Log)
		}
	}
	if err != nil {
		return err
	}
	beyond, err := l.resume(r, left != nil)
	if err == nil && beyond > 0 {
		o.Log.WarnContext(context.Background(), "ledger tail was never acknowledged and is dropped", "files", beyond, "entries", r.at.Size)
	}
	return err
}

// resume goes on from the Reader's checkpoint, and drops what lies beyond it and a journal that is older. Nothing is removed before it is
// known that the log can go on without it, and that the checkpoint is on disk for sure.
func (l *Log) resume(r *Reader, older bool) (beyond int, err error) {
	own := *r
	own.tiles = r.tiles.Own()
	edge, tail, last, err := own.edge()
	if err != nil {
		return 0, failed(access.Invalid, "open log", "run muster ledger verify; restore the ledger's folder from a backup", err)
	}
	err = l.disk.SyncRoot()
	if err == nil && older {
		err = errors.Join(l.disk.Remove(segment.JournalFile), l.disk.Flush())
	}
	if err == nil {
		beyond, err = segment.Trim(l.disk, r.at.Size, r.at.Size)
	}
	if err != nil {
		return beyond, failed(access.Internal, "open log", "", err)
	}
	l.at, l.last, l.writer = r.at, last, segment.Resume(l.disk, edge, tail, checkpointFile, r.at.Text)
	return beyond, nil
}

// recover adds what a dead writer's journal acknowledged to the checkpoint that was on disk for sure.
func (l *Log) recover(left *segment.Left, last Checkpoint, log *slog.Logger) error {
	base, err := ParseCheckpoint(left.Base, l.keys.Verifier)
	if err != nil {
		return err
	}
	r := &Reader{dir: l.disk.Dir, verifier: l.keys.Verifier, at: base, tiles: segment.NewSource(l.disk.Dir, base.Size)}
	edge, tail, until, err := r.edge()
	if err != nil {
		return failed(access.Invalid, "recover from journal", "run muster ledger verify; restore the ledger's folder from a backup", err)
	}
	if n := len(left.Raws); n > 0 {
		final, err := decodeEntry(last.Size-1, left.Raws[n-1])
		if err != nil {
			return failed(access.Invalid, "recover from journal", "restore the ledger's folder from a backup", err)
		}
		until = final.Time
	}
	w := segment.Resume(l.disk, edge, tail, checkpointFile, base.Text)
	if err := w.Recover(left, last.Size, last.Root); err != nil {
		return failed(access.Invalid, "recover from journal", "restore the ledger's folder from a backup", err)
	}
	if _, err := segment.Trim(l.disk, last.Size, last.Size); err != nil {
		return failed(access.Internal, "recover from journal", "", err)
	}
	l.at, l.last, l.writer = last, until, w
	log.WarnContext(context.Background(), "ledger was recovered from its journal", "entries", last.Size, "from_journal", len(left.Raws), "torn_bytes", left.Torn)
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
func (l *Log) VerifierKey() string { return l.keys.Verifier }

// Reader reads the log as of its newest checkpoint.
func (l *Log) Reader() (*Reader, error) {
	l.mu.Lock()
	err := l.show()
	l.mu.Unlock()
	if err != nil {
		return nil, failed(access.Internal, "read log", "free space on the disk, then start again", err)
	}
	return Read(l.disk.Dir)
}

// Close waits until the tiles of everything acknowledged are on disk and gives the lock back. Without it nothing is lost: the next
// Open reads the journal.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = errors.New("the log is closed")
	var err error
	if l.writer != nil {
		err = l.writer.Close()
		l.writer = nil
	}
	if err := errors.Join(err, l.book.Close(), l.lock.Close()); err != nil {
		return failed(access.Internal, "close log", "", err)
	}
	return nil
}

// Private lets work change what entries commit to, while nothing is appended.
func (l *Log) Private(work func(*commit.Book) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return failed(access.Internal, "open what entries commit to", "start again", l.broken)
	}
	if err := l.trimBook(); err != nil {
		return failed(access.Internal, "open what entries commit to", "", err)
	}
	return work(l.book)
}
