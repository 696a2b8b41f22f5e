package wire

import "time"

// Day is a date as days since 1970-01-01, exact for every year (ClickHouse's Date32 ends with 2299 and clamps a 9999). A zero time is NULL.
func Day(t time.Time) *int32 {
	if t.IsZero() {
		return nil
	}
	y, m, d := t.UTC().Date()
	n := int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	return &n
}

// OfDay reads what Day wrote.
func OfDay(n *int32) time.Time {
	if n == nil {
		return time.Time{}
	}
	return time.Unix(int64(*n)*86400, 0).UTC()
}

// Milli is a moment as milliseconds since 1970, exact for every year. A zero time is NULL.
func Milli(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := t.UnixMilli()
	return &n
}

// OfMilli reads what Milli wrote.
func OfMilli(n *int64) time.Time {
	if n == nil {
		return time.Time{}
	}
	return time.UnixMilli(*n).UTC()
}

// Trunc drops what the store does not keep: anything finer than a millisecond.
func Trunc(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// Opt is t for a Nullable(DateTime64) column: a zero time is NULL.
func Opt(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := Trunc(t)
	return &u
}

// OfOpt reads what Opt wrote.
func OfOpt(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
