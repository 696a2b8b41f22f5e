package unix

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// The records of glibc's utmp(5) and of lastlog(8). Where 32-bit programs are run beside 64-bit ones (x86) a time has 4 bytes,
// elsewhere 8; both kinds are little-endian on the platforms that Muster runs on.
const (
	utmpSmall   = 384
	utmpLarge   = 400
	lastlogSize = 292
	userLogin   = 7 // USER_PROCESS
	lastType    = 9 // ACCOUNTING
)

// wtmp keeps the newest login of each name.
func (l *logins) wtmp(data []byte) error {
	size := utmpSize(data)
	for len(data) >= size {
		rec := data[:size]
		data = data[size:]
		if binary.LittleEndian.Uint16(rec) != userLogin {
			continue
		}
		name := string(bytes.TrimRight(bytes.SplitN(rec[44:76], []byte{0}, 2)[0], " "))
		seconds, micros := int64(int32(binary.LittleEndian.Uint32(rec[340:]))), int64(int32(binary.LittleEndian.Uint32(rec[344:])))
		if size == utmpLarge {
			seconds, micros = int64(binary.LittleEndian.Uint64(rec[344:])), int64(binary.LittleEndian.Uint64(rec[352:]))
		}
		if name == "" || seconds <= 0 || seconds > 1<<40 {
			continue
		}
		if micros < 0 || micros > 999_999 {
			micros = 0
		}
		t := time.Unix(seconds, micros*1000).UTC()
		if t.After(l.byName[name]) {
			l.byName[name] = t
		}
	}
	if len(data) > 0 {
		return fmt.Errorf("%w: %d bytes are left after the last record", errShort, len(data))
	}
	return nil
}

// utmpSize finds the size of the records: that which fits the length and gives each record a type that exists.
func utmpSize(data []byte) int {
	for _, size := range []int{utmpSmall, utmpLarge} {
		ok := len(data)%size == 0
		for at := 0; ok && at+size <= len(data); at += size {
			ok = binary.LittleEndian.Uint16(data[at:]) <= lastType
		}
		if ok {
			return size
		}
	}
	return utmpSmall
}

// logins is what the host's records tell about logins.
type logins struct {
	byName map[string]time.Time // wtmp
	byUID  map[int64]time.Time  // lastlog
	tracks bool                 // lastlog is kept: no entry means no login
}

// lastlog reads the records of the given uids; the file is sparse and may be as long as the largest uid ever seen.
func (l *logins) lastlog(r io.ReaderAt, uids []int64) error {
	var rec [lastlogSize]byte
	n, _ := r.ReadAt(rec[:1], 0)
	l.tracks = n > 0 // an empty file is one that nobody writes to
	for _, uid := range uids {
		n, err := r.ReadAt(rec[:], uid*lastlogSize)
		if errors.Is(err, io.EOF) && n == 0 {
			continue
		}
		if errors.Is(err, io.EOF) && n < lastlogSize {
			return fmt.Errorf("%w: the record of uid %d is cut", errShort, uid)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if seconds := int64(binary.LittleEndian.Uint32(rec[:])); seconds > 0 {
			l.byUID[uid] = time.Unix(seconds, 0).UTC()
		}
	}
	return nil
}

// of gives the newest login of an account, and whether it is known that there was none.
func (l *logins) of(u *user) (last time.Time, never bool) {
	last = l.byUID[u.uid]
	if t := l.byName[u.name]; t.After(last) {
		last = t
	}
	return last, last.IsZero() && l.tracks
}
