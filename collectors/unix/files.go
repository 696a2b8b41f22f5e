package unix

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// user is one line of passwd, with its line of shadow.
type user struct {
	name, comment, home, shell string
	uid, gid                   int64
	password                   string // of passwd: x, or the hash itself
	line                       int
	shadow                     *shadow
	id                         string
}

// shadow is what shadow(5) says; days are since 1970-01-01, -1 is none. The hash itself is never kept.
type shadow struct {
	locked, empty                   bool
	changed, max, inactive, expires int64
}

// unixGroup is one line of group.
type unixGroup struct {
	name    string
	gid     int64
	members []string
	line    int
	id      string
}

// badLine is a line that could not be read.
type badLine struct {
	line int
	msg  string
}

// eachLine calls fn with the fields of every line that is not empty or a comment. Lines of the NIS compat syntax (+, -) are
// references to another name service and no accounts.
func eachLine(data []byte, fields int, fn func(line int, f []string) string) []badLine {
	var bad []badLine
	no := 0
	for len(data) > 0 {
		var l []byte
		if l, data, _ = bytes.Cut(data, []byte("\n")); true {
			no++
		}
		text := strings.TrimSuffix(string(l), "\r")
		if strings.TrimSpace(text) == "" || text[0] == '#' || text[0] == '+' || text[0] == '-' {
			continue
		}
		f := strings.Split(text, ":")
		if len(f) != fields {
			bad = append(bad, badLine{no, fmt.Sprintf("expected %d fields, found %d", fields, len(f))})
			continue
		}
		if msg := fn(no, f); msg != "" {
			bad = append(bad, badLine{no, msg})
		}
	}
	return bad
}

func parsePasswd(data []byte) ([]*user, []badLine) {
	var users []*user
	seen := map[string]bool{}
	bad := eachLine(data, 7, func(line int, f []string) string {
		u := &user{name: f[0], password: f[1], home: f[5], shell: strings.TrimSpace(f[6]), line: line}
		u.comment, _, _ = strings.Cut(f[4], ",")
		var err error
		if u.uid, err = id(f[2]); err != nil {
			return "uid: " + err.Error()
		}
		if u.gid, err = id(f[3]); err != nil {
			return "gid: " + err.Error()
		}
		switch {
		case u.name == "":
			return "the name is empty"
		case seen[u.name]:
			return fmt.Sprintf("%s is there twice; the first line counts", u.name)
		}
		seen[u.name] = true
		u.id = strconv.FormatInt(u.uid, 10) + "/" + u.name
		users = append(users, u)
		return ""
	})
	return users, bad
}

func parseGroup(data []byte) ([]*unixGroup, []badLine) {
	var groups []*unixGroup
	seen := map[string]bool{}
	bad := eachLine(data, 4, func(line int, f []string) string {
		g := &unixGroup{name: f[0], line: line}
		var err error
		if g.gid, err = id(f[2]); err != nil {
			return "gid: " + err.Error()
		}
		switch {
		case g.name == "":
			return "the name is empty"
		case seen[g.name]:
			return fmt.Sprintf("%s is there twice; the first line counts", g.name)
		}
		seen[g.name] = true
		g.id = "gid:" + strconv.FormatInt(g.gid, 10) + "/" + g.name
		for _, m := range strings.Split(f[3], ",") {
			if m = strings.TrimSpace(m); m != "" {
				g.members = append(g.members, m)
			}
		}
		groups = append(groups, g)
		return ""
	})
	return groups, bad
}

func id(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("expected a number, found %q", s)
	}
	return int64(n), nil
}

func parseShadow(data []byte) (map[string]*shadow, []badLine) {
	out := map[string]*shadow{}
	bad := eachLine(data, 9, func(_ int, f []string) string {
		s := &shadow{locked: strings.HasPrefix(f[1], "!") || strings.HasPrefix(f[1], "*"), empty: f[1] == ""}
		for i, into := range map[int]*int64{2: &s.changed, 4: &s.max, 6: &s.inactive, 7: &s.expires} {
			*into = -1
			if f[i] == "" {
				continue
			}
			n, err := strconv.ParseInt(f[i], 10, 32)
			if err != nil {
				return fmt.Sprintf("field %d: expected a number of days", i+1) // not its text: a shifted line holds the hash
			}
			*into = n
		}
		if out[f[0]] == nil {
			out[f[0]] = s
		}
		return ""
	})
	return out, bad
}

func day(n int64) time.Time { return time.Unix(0, 0).UTC().AddDate(0, 0, int(n)) }

// stale reports whether the password has been expired for longer than the days of grace, which closes the account as
// pam_unix does.
func (s *shadow) stale(now time.Time) bool {
	if s.changed < 0 || s.max < 0 || s.inactive < 0 {
		return false
	}
	return now.Sub(day(s.changed)) >= time.Duration(s.max+s.inactive+1)*24*time.Hour
}

// loginDefs finds numbers such as UID_MIN.
func loginDefs(data []byte, key string, otherwise int64) int64 {
	for _, l := range strings.Split(string(data), "\n") {
		f := strings.Fields(l)
		if len(f) < 2 || f[0] != key {
			continue
		}
		if n, err := strconv.ParseInt(f[1], 0, 64); err == nil {
			otherwise = n
		}
	}
	return otherwise
}

// isLoginShell tells shells that let someone in. What shells(5) lists is one; of the rest only those known to turn
// people away are none, because sshd does not ask that file.
func isLoginShell(shell string, listed map[string]bool) bool {
	if shell == "" || listed[shell] {
		return true // an empty field is /bin/sh
	}
	switch shell[strings.LastIndexByte(shell, '/')+1:] {
	case "nologin", "false", "true", "sync", "shutdown", "halt", "git-shell":
		return false
	}
	return true
}

func parseShells(data []byte) map[string]bool {
	out := map[string]bool{}
	for _, l := range strings.Split(string(data), "\n") {
		if l = strings.TrimSpace(l); l != "" && l[0] == '/' && !strings.HasSuffix(l, "/nologin") && !strings.HasSuffix(l, "/false") {
			out[l] = true
		}
	}
	return out
}
