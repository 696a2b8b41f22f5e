package blocks

import (
	"strings"
	"time"
)

// period is for how long a person may not be reminded.
type period struct {
	code, words string
	d           time.Duration
}

func periods() []period {
	return []period{{"4h", "4 hours", 4 * time.Hour}, {"1d", "1 day", 24 * time.Hour}}
}

// SnoozeValue is the value of a choice of the snooze menu.
func SnoozeValue(period, token string) string { return period + "|" + token }

// ParseSnooze reads the value of a choice.
func ParseSnooze(value string) (d time.Duration, token string, ok bool) {
	code, token, found := strings.Cut(value, "|")
	for _, p := range periods() {
		if found && p.code == code {
			return p.d, token, true
		}
	}
	return 0, "", false
}
