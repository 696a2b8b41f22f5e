package wire

import (
	"sync"
	"time"
)

// The rate limit tiers, in calls a minute.
const (
	Tier1 = 1
	Tier2 = 20
	Tier3 = 50
	Tier4 = 100
)

// Limiter counts calls. A bucket fills steadily and holds Burst calls when it is full.
type Limiter struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// NewLimiter makes a limiter on a clock.
func NewLimiter(now func() time.Time) *Limiter {
	return &Limiter{now: now, buckets: map[string]bucket{}}
}

// Take takes one call out of the named bucket. When the bucket is empty it takes nothing and says how long it is until there is one.
func (l *Limiter) Take(name string, perMinute, burst float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b, ok := l.buckets[name]
	if !ok {
		b = bucket{left: burst, at: now}
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.left = min(burst, b.left+passed.Minutes()*perMinute)
	}
	b.at = now
	var wait time.Duration
	if b.left >= 1 {
		b.left--
	} else {
		wait = max(1, time.Duration((1-b.left)/perMinute*float64(time.Minute)))
	}
	l.buckets[name] = b
	return wait
}

// Clock is a clock that starts at the present and runs scale times as fast as the wall clock; 0 is 1.
func Clock(scale float64) func() time.Time {
	if scale == 0 || scale == 1 {
		return time.Now
	}
	start := time.Now()
	return func() time.Time { return start.Add(time.Duration(float64(time.Since(start)) * scale)) }
}
