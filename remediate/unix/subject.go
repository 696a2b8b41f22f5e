package unix

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"muster/internal/access"
)

// subject is what an order is about, in values that may stand in a script.
type subject struct {
	name, uid   string
	group, gid  string
	entitlement string // what sudo allows
	comment     string // of an account to create
	until       string // of set-expiry: days since 1970-01-01, empty is never
}

var (
	number   = regexp.MustCompile(`^[0-9]{1,10}$`)
	newLogin = regexp.MustCompile(`^[a-z_][a-z0-9_.-]{0,31}$`) // what useradd takes, with dots
)

// newSubject takes an action's names apart. The ids are those that collectors/unix gives: "1003/eve", "gid:27/sudo".
func newSubject(a access.Action) (subject, error) {
	s := subject{name: a.Account.Name}
	if uid, name, ok := strings.Cut(a.Account.ID, "/"); ok && number.MatchString(uid) {
		if s.name != "" && s.name != name {
			return s, fmt.Errorf("the account is called %q and its id is %q", s.name, a.Account.ID)
		}
		s.name, s.uid = name, uid
	} else if a.Account.ID != "" {
		return s, fmt.Errorf("the account id %q is not uid/name", a.Account.ID)
	}
	if err := checkName("account", s.name); err != nil {
		return s, err
	}
	if s.name == "root" || s.uid == "0" && a.Kind == access.RevokeSessions {
		return s, errors.New("scripts run as root and never touch it")
	}
	switch a.Kind {
	case access.CreateAccount:
		if !newLogin.MatchString(s.name) {
			return s, fmt.Errorf("%q is no name for a new account: a small letter, then small letters, digits, dots, _ and -", s.name)
		}
		s.comment = comment(a.Attributes[access.AttrDisplayName])
	case access.SetExpiry:
		s.until = days(a.ExpiresAt)
	case access.RemoveEntitlement, access.GrantEntitlement:
		return s, s.entitled(a.Entitlement)
	}
	return s, nil
}

// entitled reads the entitlement: a group, or what sudo allows.
func (s *subject) entitled(e access.HeldRef) error {
	s.group = e.Name
	if isSudo(e) {
		s.group, s.entitlement = "", e.Name
		if s.entitlement == "" {
			s.entitlement = e.ID
		}
		return checkText(s.entitlement)
	}
	if e.Kind != "" && e.Kind != "group" {
		return fmt.Errorf("%s is a %s: scripts change groups", e.Name, e.Kind)
	}
	if id, ok := strings.CutPrefix(e.ID, "gid:"); ok {
		gid, name, found := strings.Cut(id, "/")
		if !found || !number.MatchString(gid) || s.group != "" && s.group != name {
			return fmt.Errorf("the group is called %q and its id is %q", s.group, e.ID)
		}
		s.group, s.gid = name, gid
	} else if e.ID != "" {
		return fmt.Errorf("the group id %q is not gid:number/name", e.ID)
	}
	return checkName("group", s.group)
}

// isSudo reports whether an entitlement is one of sudo's rules, as collectors/unix names them.
func isSudo(e access.HeldRef) bool {
	if strings.HasPrefix(e.ID, "gid:") {
		return false
	}
	for _, text := range []string{e.ID, e.Name} {
		if strings.HasPrefix(text, "sudo:") || strings.HasPrefix(text, "sudo(") {
			return true
		}
	}
	return false
}

// days is the first day on which nobody gets in: shadow(5) has no smaller unit. An account is never cut off before the moment.
func days(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	n := t.Unix() / 86400
	if t.Unix()%86400 > 0 || t.Nanosecond() > 0 {
		n++
	}
	return strconv.FormatInt(max(n, 1), 10) // 0 means different things to different programs
}

// checkName refuses what is no name in passwd(5) and group(5), or would be taken for something else by a tool.
func checkName(what, name string) error {
	if err := checkText(name); err != nil {
		return fmt.Errorf("the name of the %s: %w", what, err)
	}
	if name == "" || strings.ContainsAny(name, ":,/*") || name[0] == '-' || name[0] == '+' || len(name) > 256 {
		return fmt.Errorf("%q is no name of a %s that a script may hold", name, what)
	}
	return nil
}

// checkText refuses characters that end a line, or that make a reader see something else than the shell does.
func checkText(text string) error {
	for _, r := range text {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return fmt.Errorf("%q has characters that a script must not hold", text)
		}
	}
	return nil
}

// comment makes a display name what useradd takes: no colon, and no comma, which begins the next field.
func comment(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r == ':' || r == ',' || r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, name)
	return strings.Join(strings.Fields(clean), " ")
}

// quote makes one word of POSIX sh that stands for exactly the text.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
