package load

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/internal/access"
	"muster/internal/store/wire"
)

// When a buffer is handed over: rows a class, or bytes, whichever comes first. Grants are small and many, and a part of the table should be large:
// the server merges small ones, at twice the price of the insert.
const (
	maxRows      = 50_000
	maxGrantRows = 1 << 20
	maxBytes     = 64 << 20
	// parallel inserts at once: one while the next buffer fills, and one more for a class that fills at the same time.
	parallel = 2
)

// Loader takes the records of one snapshot.
type Loader struct {
	db     *wire.DB
	snap   access.Snapshot
	day    time.Time // the day of loading, fixed so that a batch sent again after midnight is still the same
	closed func()    // tells the store that the loader is gone

	mu      sync.Mutex
	buffers map[access.Class]buffer
	seq     map[access.Class]int
	added   map[access.Class]int64
	ended   bool
	drained bool // everything was inserted; there is no more to come
	// recording: the commit record was sent. Whether it arrived is not known if that failed, so Abort must not touch the rows.
	recording bool

	spare   chan *grants // emptied buffers, to be filled again
	flushes *errgroup.Group
	flushed context.Context // cancelled with the first failed flush; cause tells why
	stop    context.CancelFunc
}

// buffer is the rows of one class that are not yet inserted.
type buffer interface {
	add(rec access.Record) int // returns how many bytes it grew by, about
	rows() int
	insert(snap access.Snapshot, day time.Time) wire.Chunked
}

// sized is a buffer with its limits.
type sized struct {
	buffer
	bytes, maxRows int
}

// Begin starts to load snap, whose ID nobody has used before. closed is called once, when the loader has ended.
func Begin(ctx context.Context, db *wire.DB, snap access.Snapshot, closed func()) (*Loader, error) {
	if snap.ID == "" || snap.System == "" {
		return nil, wire.Failf(access.Internal, "begin snapshot", "", "a snapshot needs an id and a system")
	}
	stored, err := Counts(ctx, db, snap.ID)
	if err != nil {
		return nil, err
	}
	for class, n := range stored {
		if n > 0 {
			return nil, wire.Failf(access.Conflict, "begin snapshot", "take a new snapshot id; the next run sweeps what a killed one left behind",
				"snapshot %s has %d rows of class %s already", snap.ID, n, class)
		}
	}
	// Inserts outlive the Add that caused them, but not the caller's ctx.
	fctx, stop := context.WithCancel(ctx)
	group, gctx := errgroup.WithContext(fctx)
	group.SetLimit(parallel)
	return &Loader{
		db: db, snap: snap, day: db.Now().Truncate(24 * time.Hour), closed: closed,
		buffers: map[access.Class]buffer{}, seq: map[access.Class]int{}, added: map[access.Class]int64{},
		spare: make(chan *grants, parallel), flushes: group, flushed: gctx, stop: stop,
	}, nil
}

// newBuffer makes an empty buffer for class.
func (l *Loader) newBuffer(class access.Class) (*sized, error) {
	switch class {
	case access.ClassPerson:
		return &sized{buffer: &persons{}, maxRows: maxRows}, nil
	case access.ClassAccount:
		return &sized{buffer: &accounts{}, maxRows: maxRows}, nil
	case access.ClassEntitlement:
		return &sized{buffer: &entitlements{}, maxRows: maxRows}, nil
	case access.ClassGrant:
		select {
		case g := <-l.spare:
			return &sized{buffer: g, maxRows: maxGrantRows}, nil
		default:
			return &sized{buffer: newGrants(), maxRows: maxGrantRows}, nil
		}
	case access.ClassRejection:
		return &sized{buffer: &rejections{}, maxRows: maxRows}, nil
	}
	return nil, wire.Failf(access.Internal, "add record", "", "unknown object class %q", class)
}

// Add takes one record. It may block while inserts are under way, and it reports the failure of an earlier insert.
func (l *Loader) Add(ctx context.Context, rec access.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return wire.Failf(access.Internal, "add record", "", "the loader of snapshot %s has ended", l.snap.ID)
	}
	if err := ctx.Err(); err != nil {
		return wire.Fail("add record", err)
	}
	if err := l.flushed.Err(); err != nil {
		return l.broken()
	}
	class := rec.Class()
	b, _ := l.buffers[class].(*sized)
	if b == nil {
		fresh, err := l.newBuffer(class)
		if err != nil {
			return err
		}
		b, l.buffers[class] = fresh, fresh
	}
	b.bytes += b.add(rec)
	l.added[class]++
	if b.rows() >= b.maxRows || b.bytes >= maxBytes {
		l.hand(class)
	}
	return nil
}

// broken waits for the inserts that are left and returns what the first failed one said.
func (l *Loader) broken() error {
	if err := l.flushes.Wait(); err != nil {
		return err
	}
	return wire.Fail("insert records", l.flushed.Err())
}

// hand gives the buffer of class to a background insert, waiting for a free one. l.mu is held.
func (l *Loader) hand(class access.Class) {
	b := l.buffers[class]
	if b == nil || b.rows() == 0 {
		return
	}
	delete(l.buffers, class)
	l.seq[class]++
	token := wire.Token("snapshot", l.snap.ID, string(class), fmt.Sprint(l.seq[class]))
	l.flushes.Go(func() error {
		c := b.insert(l.snap, l.day)
		c.Token = token
		err := l.db.InsertChunks(l.flushed, "insert "+c.Table, c)
		if g, ok := b.(*sized).buffer.(*grants); ok && err == nil {
			g.reset()
			select {
			case l.spare <- g:
			default:
			}
		}
		return err
	})
}

// Abort ends the load without a commit and removes what it has written. It does nothing after Commit, and when Commit lost the answer to its
// last insert the rows stay: they are a snapshot or, if the record never arrived, a matter for the next sweep.
func (l *Loader) Abort(ctx context.Context) error {
	if !l.end() {
		return nil
	}
	l.stop()
	_ = l.flushes.Wait() // cancelled on purpose
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.recording {
		return nil
	}
	return Remove(ctx, l.db, l.snap.ID)
}

// end marks the loader as ended; false when it was already.
func (l *Loader) end() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	l.ended = true
	l.closed()
	return true
}
