package orggen

import (
	"encoding/binary"
	"encoding/hex"
	"time"
)

// random is splitmix64: a generator whose whole state is one number, so that every person has a sequence of their own and can be
// made in any order.
type random struct{ state uint64 }

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// newRandom seeds a sequence by the organisation's seed, what it is for, and an index.
func newRandom(seed int64, purpose string, n uint64) *random {
	x := mix(uint64(seed))
	for i := range len(purpose) {
		x = mix(x ^ uint64(purpose[i]))
	}
	return &random{state: mix(x ^ mix(n))}
}

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	x := r.state
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// below is a number in [0, n).
func (r *random) below(n int) int { return int(r.next() % uint64(n)) }

// between is a number in [lo, hi].
func (r *random) between(lo, hi int) int { return lo + r.below(hi-lo+1) }

// chance is true n times of a thousand.
func (r *random) chance(n int) bool { return r.below(1000) < n }

// within is a duration below n days, in whole seconds.
func (r *random) within(days int) time.Duration {
	return time.Duration(r.below(days*24*3600)) * time.Second
}

// uuid is a stable version 4 UUID (RFC 9562) for an object.
func uuid(seed int64, kind string, n uint64) string {
	r := newRandom(seed, "uuid-"+kind, n)
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], r.next())
	binary.BigEndian.PutUint64(b[8:], r.next())
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// shuffle permutes list; the permutation is a function of the sequence alone.
func shuffle[T any](r *random, list []T) {
	for i := len(list) - 1; i > 0; i-- {
		j := r.below(i + 1)
		list[i], list[j] = list[j], list[i]
	}
}
