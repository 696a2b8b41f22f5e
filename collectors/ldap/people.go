package ldap

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/dial/ldap/entry"
)

// permanentLock is the lock that only an administrator lifts.
const permanentLock = "000001010000Z"

// account makes an Account of an entry, or says why it cannot.
func (c *Collector) account(e *entry.Entry) (access.Account, error) {
	at := &c.s.Attributes
	a := access.Account{
		System: c.system, ID: e.Value(at.ID), Name: e.Value(at.Name), DisplayName: e.Value(at.DisplayName),
		Email: e.Value(at.Email), UPN: e.Value(at.UPN), EmployeeID: e.Value(at.EmployeeID), OwnerRef: owner(e.Value(at.Owner)),
		Enabled: true, SourceRef: e.DN,
	}
	if a.ID == "" {
		return a, fmt.Errorf("the entry has no %s", at.ID)
	}
	if a.Name == "" {
		_, a.Name = entry.RDN(e.DN)
	}
	a.Kind = c.kind(e.Value(at.Kind))
	var err error
	var starts time.Time
	for _, f := range []struct {
		attr string
		into *time.Time
	}{{at.LastLogin, &a.LastLogin}, {at.CreatedAt, &a.CreatedAt}, {at.PasswordChanged, &a.PasswordChangedAt},
		{at.StartsAt, &starts}, {at.ExpiresAt, &a.ExpiresAt}} {
		if *f.into, err = when(e, f.attr); err != nil {
			return a, err
		}
	}
	a.NeverLoggedIn = c.s.LoginTracked && at.LastLogin != "" && a.LastLogin.IsZero()
	now := c.now()
	if a.Locked, err = c.locked(e.Value(at.LockedAt), now); err != nil {
		return a, err
	}
	expired := !a.ExpiresAt.IsZero() && !a.ExpiresAt.After(now)
	a.Enabled = !a.Locked && !expired && !starts.After(now)
	if a.MFA, err = tri(e.Value(at.MFA)); err != nil {
		return a, fmt.Errorf("%s: %w", at.MFA, err)
	}
	for _, name := range c.s.Extra {
		if v := e.Value(name); v != "" {
			if a.Attributes == nil {
				a.Attributes = make(map[string]string, len(c.s.Extra))
			}
			a.Attributes[name] = v
		}
	}
	return a, nil
}

// when reads a time attribute; of several values, such as those of a login on two servers, the newest counts.
func when(e *entry.Entry, attr string) (time.Time, error) {
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

func (c *Collector) locked(value string, now time.Time) (bool, error) {
	if value == "" {
		return false, nil
	}
	if value == permanentLock {
		return true, nil
	}
	since, err := entry.ParseTime(value)
	if err != nil {
		return false, fmt.Errorf("%s: %w", c.s.Attributes.LockedAt, err)
	}
	return c.s.LockoutDuration == 0 || since.Add(c.s.LockoutDuration).After(now), nil
}

// kind reads what the directory says about the account; unknown words mean a person, as employeeType holds titles too.
func (c *Collector) kind(value string) access.AccountKind {
	for text, kind := range c.s.Kinds {
		if strings.EqualFold(text, value) {
			return kind
		}
	}
	if k := access.AccountKind(strings.ToLower(value)); isKind(k) {
		return k
	}
	return access.KindHuman
}

func isKind(k access.AccountKind) bool {
	return k == access.KindHuman || k == access.KindService || k == access.KindShared || k == access.KindBreakGlass
}

func owner(value string) string {
	if strings.Contains(value, "=") {
		if _, v := entry.RDN(value); v != "" {
			return v
		}
	}
	return value
}

func tri(value string) (access.Tri, error) {
	switch strings.ToLower(value) {
	case "":
		return access.Unknown, nil
	case "true", "yes", "1", "enabled", "on":
		return access.Yes, nil
	case "false", "no", "0", "disabled", "off":
		return access.No, nil
	}
	return access.Unknown, fmt.Errorf("expected true or false, found %q", value)
}
