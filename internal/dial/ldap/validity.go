package ldap

import (
	"fmt"
	"time"

	"muster/internal/dial/ldap/entry"
)

// PermanentLock is the lock that only an administrator lifts (draft-behera-ldap-password-policy-10 §5.3.3).
const PermanentLock = "000001010000Z"

// Validity names the attributes that say when an account may be used; an empty name means that the directory does not hold it.
type Validity struct {
	LockedAt, StartsAt, ExpiresAt string
	LockoutDuration               time.Duration // how long a lock with a time lasts; 0 is until an administrator lifts it
}

// State is what an entry's validity comes to at one moment.
type State struct {
	Locked, Enabled bool
	ExpiresAt       time.Time
}

// Of reads an entry.
func (v Validity) Of(e *entry.Entry, now time.Time) (State, error) {
	s, starts := State{}, time.Time{}
	var err error
	if starts, err = When(e, v.StartsAt); err != nil {
		return s, err
	}
	if s.ExpiresAt, err = When(e, v.ExpiresAt); err != nil {
		return s, err
	}
	if s.Locked, err = v.locked(e, now); err != nil {
		return s, err
	}
	expired := !s.ExpiresAt.IsZero() && !s.ExpiresAt.After(now)
	s.Enabled = !s.Locked && !expired && !starts.After(now)
	return s, nil
}

func (v Validity) locked(e *entry.Entry, now time.Time) (bool, error) {
	value := e.Value(v.LockedAt)
	if v.LockedAt == "" || value == "" {
		return false, nil
	}
	if value == PermanentLock {
		return true, nil
	}
	since, err := entry.ParseTime(value)
	if err != nil {
		return false, fmt.Errorf("%s: %w", v.LockedAt, err)
	}
	return v.LockoutDuration == 0 || since.Add(v.LockoutDuration).After(now), nil
}

// When reads a time attribute; of several values, such as those of a login on two servers, the newest counts.
func When(e *entry.Entry, attr string) (time.Time, error) {
	var newest time.Time
	if attr == "" {
		return newest, nil
	}
	for _, v := range e.Values(attr) {
		t, err := entry.ParseTime(v)
		if err != nil {
			return newest, fmt.Errorf("%s: %w", attr, err)
		}
		if t.After(newest) {
			newest = t
		}
	}
	return newest, nil
}
