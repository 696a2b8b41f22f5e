package csv

import (
	"errors"
	"fmt"
	"strings"

	"muster/collectors"
	"muster/collectors/internal/table"
	"muster/internal/access"
)

// account reads one row of the accounts file, or says why it cannot.
func (c *Collector) account(row *table.Row, b table.Binding) (access.Account, error) {
	if row.Fault != "" {
		return access.Account{}, errors.New(row.Fault)
	}
	get := func(i int) string { return b.Value(row, i) }
	a := access.Account{System: c.system, ID: get(colID), Name: get(colName), DisplayName: get(colDisplayName), Email: get(colEmail),
		UPN: get(colUPN), EmployeeID: get(colEmployeeID), OwnerRef: get(colOwner), SourceRef: fmt.Sprintf("row %d", row.Line)}
	if a.ID == "" && b.Index[colID] < 0 {
		a.ID = a.Name
	}
	if a.ID == "" {
		return a, errors.New("id: the account id is empty")
	}
	if a.Name == "" {
		a.Name = a.ID
	}
	var err error
	if a.Kind, err = c.values.kind(get(colKind)); err != nil {
		return a, err
	}
	if err := c.state(&a, b, get); err != nil {
		return a, err
	}
	if len(c.attrs) > 0 {
		a.Attributes = make(map[string]string, len(c.attrs))
		for i, name := range c.attrs {
			if v := get(colAttributes + i); v != "" {
				a.Attributes[name] = v
			}
		}
	}
	return a, nil
}

// state reads the truths and times. An account without a column that tells is enabled; one with an empty field in that column is
// not readable, because either guess could hide a leaver.
func (c *Collector) state(a *access.Account, b table.Binding, get func(int) string) error {
	enabled, err := c.values.truth("enabled", get(colEnabled), access.Unknown)
	if err != nil {
		return err
	}
	if enabled == access.Unknown && b.Index[colEnabled] >= 0 {
		return errors.New("enabled: the field is empty; expected yes or no, or an empty text that values maps")
	}
	locked, err := c.values.truth("locked", get(colLocked), access.No)
	if err != nil {
		return err
	}
	privileged, err := c.values.truth("privileged", get(colPrivileged), access.No)
	if err != nil {
		return err
	}
	if a.MFA, err = c.values.truth("mfa", get(colMFA), access.Unknown); err != nil {
		return err
	}
	if a.CreatedAt, err = c.dates.Parse(get(colCreatedAt)); err != nil {
		return fmt.Errorf("created_at: %w", err)
	}
	if login := get(colLastLogin); collectors.Fold(login) == "never" {
		a.NeverLoggedIn = true
	} else if a.LastLogin, err = c.dates.Parse(login); err != nil {
		return fmt.Errorf("last_login: %w, or never", err)
	}
	if a.ExpiresAt, err = c.dates.Parse(get(colExpiresAt)); err != nil {
		return fmt.Errorf("expires_at: %w", err)
	}
	a.ExpiresAt = table.End(a.ExpiresAt)
	a.Locked, a.Privileged = locked == access.Yes, privileged == access.Yes
	expired := !a.ExpiresAt.IsZero() && !a.ExpiresAt.After(c.now())
	a.Enabled = enabled != access.No && !a.Locked && !expired
	return nil
}

// entitlement reads one row of the entitlements file.
func (c *Collector) entitlement(row *table.Row, b table.Binding) (access.Entitlement, error) {
	if row.Fault != "" {
		return access.Entitlement{}, errors.New(row.Fault)
	}
	e := access.Entitlement{System: c.system, ID: b.Value(row, 0), Name: b.Value(row, 1), Kind: b.Value(row, 2),
		Description: b.Value(row, 3), SourceRef: fmt.Sprintf("row %d", row.Line)}
	if e.Name == "" {
		return e, errors.New("name: the entitlement name is empty")
	}
	if e.ID == "" {
		e.ID = e.Name
	}
	privileged, err := c.values.truth("privileged", b.Value(row, 4), access.No)
	if err != nil {
		return e, err
	}
	e.Privileged = privileged == access.Yes || c.privileged.Match(e.Name)
	return e, nil
}

// split cuts the inline entitlements of an account, each once.
func (c *Collector) split(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, c.separator) {
		part = strings.TrimSpace(part)
		dup := part == ""
		for _, seen := range list {
			dup = dup || seen == part
		}
		if !dup {
			list = append(list, part)
		}
	}
	return list
}
