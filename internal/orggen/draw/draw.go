// Package draw makes the random choices of the invented organisation: the same ones for the same seed, on every machine, for ever.
//
// A Random belongs to one goroutine and is cheap to make; nothing here is fit for secrets.
package draw

import (
	"encoding/binary"
	"encoding/hex"
	"time"
)

// Random is splitmix64: a generator whose whole state is one number, so that every person has a sequence of their own and can be
// made in any order.
type Random struct{ state uint64 }

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// New seeds a sequence by the organisation's seed, what it is for, and an index.
func New(seed int64, purpose string, n uint64) *Random {
	x := mix(uint64(seed))
	for i := range len(purpose) {
		x = mix(x ^ uint64(purpose[i]))
	}
	return &Random{state: mix(x ^ mix(n))}
}

// Next is the next 64 bits.
func (r *Random) Next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	x := r.state
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Below is a number in [0, n).
func (r *Random) Below(n int) int { return int(r.Next() % uint64(n)) }

// Between is a number in [lo, hi].
func (r *Random) Between(lo, hi int) int { return lo + r.Below(hi-lo+1) }

// Chance is true n times of a thousand.
func (r *Random) Chance(n int) bool { return r.Below(1000) < n }

// Within is a duration below n days, in whole seconds.
func (r *Random) Within(days int) time.Duration {
	return time.Duration(r.Below(days*24*3600)) * time.Second
}

// UUID is a stable version 4 UUID (RFC 9562) for an object.
func UUID(seed int64, kind string, n uint64) string {
	r := New(seed, "uuid-"+kind, n)
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], r.Next())
	binary.BigEndian.PutUint64(b[8:], r.Next())
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// Shuffle permutes list; the permutation is a function of the sequence alone.
func Shuffle[T any](r *Random, list []T) {
	for i := len(list) - 1; i > 0; i-- {
		j := r.Below(i + 1)
		list[i], list[j] = list[j], list[i]
	}
}
