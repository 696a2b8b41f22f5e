package postgres

import (
	"fmt"
	"strings"
	"time"
)

// Until reads VALID UNTIL as PostgreSQL writes it in ISO style; empty and infinity are for ever, which is the zero time, and -infinity is over
// since always.
func Until(s string) (time.Time, error) {
	switch strings.ToLower(s) {
	case "", "infinity":
		return time.Time{}, nil
	case "-infinity":
		return time.Unix(0, 0).UTC(), nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05.999999-07", "2006-01-02 15:04:05.999999-07:00", "2006-01-02 15:04:05.999999-07:00:00",
		time.RFC3339Nano, "2006-01-02 15:04:05.999999", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is no timestamp such as 2026-11-22 00:00:00+00", s)
}
