package entry

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseTime reads a generalised time: YYYYMMDDHH[MM[SS]][fraction] and Z or a difference such as +0100.
func ParseTime(s string) (time.Time, error) {
	bad := func() (time.Time, error) {
		return time.Time{}, fmt.Errorf("parse generalised time %q: expected YYYYMMDDHHMMSSZ", s)
	}
	digits := 0
	for digits < len(s) && '0' <= s[digits] && s[digits] <= '9' {
		digits++
	}
	if digits != 10 && digits != 12 && digits != 14 {
		return bad()
	}
	part := func(from, to, otherwise int) int {
		if to > digits {
			return otherwise
		}
		n, _ := strconv.Atoi(s[from:to])
		return n
	}
	year, month, day := part(0, 4, 0), part(4, 6, 0), part(6, 8, 0)
	hour, minute, second := part(8, 10, 0), part(10, 12, 0), part(12, 14, 0)
	if month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60 {
		return bad()
	}
	rest := s[digits:]
	var fraction time.Duration
	if rest != "" && (rest[0] == '.' || rest[0] == ',') {
		n := 1
		for n < len(rest) && '0' <= rest[n] && rest[n] <= '9' {
			n++
		}
		f, err := strconv.ParseFloat("0."+rest[1:n], 64)
		if n == 1 || err != nil {
			return bad()
		}
		unit := map[int]time.Duration{10: time.Hour, 12: time.Minute, 14: time.Second}[digits]
		fraction = time.Duration(f * float64(unit)).Round(time.Microsecond)
		rest = rest[n:]
	}
	offset, ok := parseZone(rest)
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if !ok || t.Day() != day && second < 60 && hour < 24 && t.Month() != time.Month(month) {
		return bad()
	}
	return t.Add(fraction - offset), nil
}

func parseZone(s string) (time.Duration, bool) {
	if s == "Z" {
		return 0, true
	}
	if len(s) != 3 && len(s) != 5 || s[0] != '+' && s[0] != '-' || strings.ContainsAny(s[1:], "+-") {
		return 0, false
	}
	n, err := strconv.Atoi(s[1:])
	if err != nil {
		return 0, false
	}
	if len(s) == 3 {
		n *= 100
	}
	if n/100 > 23 || n%100 > 59 {
		return 0, false
	}
	d := time.Duration(n/100)*time.Hour + time.Duration(n%100)*time.Minute
	if s[0] == '-' {
		d = -d
	}
	return d, true
}
