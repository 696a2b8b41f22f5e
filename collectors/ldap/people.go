package ldap

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/access"
	dial "muster/internal/dial/ldap"
	"muster/internal/dial/ldap/entry"
)

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
	for _, f := range []struct {
		attr string
		into *time.Time
	}{{at.LastLogin, &a.LastLogin}, {at.CreatedAt, &a.CreatedAt}, {at.PasswordChanged, &a.PasswordChangedAt}} {
		if *f.into, err = dial.When(e, f.attr); err != nil {
			return a, err
		}
	}
	a.NeverLoggedIn = c.s.LoginTracked && at.LastLogin != "" && a.LastLogin.IsZero()
	now, err := c.s.validity().Of(e, c.now())
	if err != nil {
		return a, err
	}
	a.Locked, a.Enabled, a.ExpiresAt = now.Locked, now.Enabled, now.ExpiresAt
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
