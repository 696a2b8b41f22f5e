package resource

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
)

// User is the part of a User (RFC 7643 §4.1, §4.3) that an Account is made of.
type User struct {
	ID           Text   `json:"id"`
	ExternalID   Text   `json:"externalId"`
	UserName     Text   `json:"userName"`
	DisplayName  Text   `json:"displayName"`
	Active       Text   `json:"active"`
	Title        Text   `json:"title"`
	UserType     Text   `json:"userType"`
	Emails       Values `json:"emails"`
	Roles        Values `json:"roles"`
	Entitlements Values `json:"entitlements"`
	Groups       Values `json:"groups"`
	Name         struct {
		Formatted  Text `json:"formatted"`
		GivenName  Text `json:"givenName"`
		FamilyName Text `json:"familyName"`
	} `json:"name"`
	Meta struct {
		Created Text `json:"created"`
	} `json:"meta"`
	Enterprise struct {
		EmployeeNumber Text `json:"employeeNumber"`
		Department     Text `json:"department"`
		Manager        Text `json:"manager"`
	} `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
}

// Text is a simple value of any JSON type as text, because servers write "true" for true and 42 for "42". Of a complex
// value it is "value", of a list the primary item.
type Text string

// UnmarshalJSON takes every value and fails on none.
func (t *Text) UnmarshalJSON(raw []byte) error {
	*t = Text(scalar(raw, ""))
	return nil
}

// Value is one item of a multi-valued attribute (RFC 7643 §2.4).
type Value struct {
	Value   Text `json:"value"`
	Display Text `json:"display"`
	Type    Text `json:"type"`
	Primary Text `json:"primary"`
}

// Values is a multi-valued attribute; some servers give plain texts, or one item without the list.
type Values []Value

// UnmarshalJSON reads a list of objects or texts, or a single one.
func (v *Values) UnmarshalJSON(raw []byte) error {
	raw = bytes.TrimSpace(raw)
	if bytes.Equal(raw, []byte("null")) {
		return nil
	}
	items := []json.RawMessage{raw}
	if len(raw) > 0 && raw[0] == '[' {
		items = nil
		if err := json.Unmarshal(raw, &items); err != nil {
			return err
		}
	}
	for _, item := range items {
		var one Value
		if item = bytes.TrimSpace(item); len(item) > 0 && item[0] == '{' {
			if err := json.Unmarshal(item, &one); err != nil {
				return err
			}
		} else {
			one.Value = Text(scalar(item, ""))
		}
		*v = append(*v, one)
	}
	return nil
}

// email is the primary address, else the one of type work, else the first.
func (u *User) email() string {
	best, rank := "", 0
	for _, e := range u.Emails {
		r := 1
		if strings.EqualFold(string(e.Type), "work") {
			r = 2
		}
		if strings.EqualFold(string(e.Primary), "true") {
			r = 3
		}
		if e.Value != "" && r > rank {
			best, rank = string(e.Value), r
		}
	}
	return best
}

// Account makes the Account. paths are asked of the whole resource, which is parsed again only when there are any.
func (u *User) Account(raw json.RawMessage, paths map[string]Path) access.Account {
	a := access.Account{
		ID: string(u.ID), Name: string(u.UserName), DisplayName: string(u.DisplayName), Email: u.email(),
		EmployeeID: string(u.Enterprise.EmployeeNumber), Kind: access.KindHuman,
		Enabled:   !strings.EqualFold(string(u.Active), "false"),
		CreatedAt: moment(string(u.Meta.Created)), SourceRef: "/Users/" + string(u.ID), Attributes: map[string]string{},
	}
	if a.DisplayName == "" {
		a.DisplayName = string(u.Name.Formatted)
	}
	if a.DisplayName == "" {
		a.DisplayName = strings.TrimSpace(string(u.Name.GivenName + " " + u.Name.FamilyName))
	}
	for key, v := range map[string]Text{"title": u.Title, "user_type": u.UserType, "external_id": u.ExternalID,
		"department": u.Enterprise.Department, "manager": u.Enterprise.Manager} {
		if v != "" {
			a.Attributes[key] = string(v)
		}
	}
	if len(paths) > 0 {
		var o Object
		if json.Unmarshal(raw, &o) == nil {
			u.mapped(&a, o, paths)
		}
	}
	return a
}

// mapped overlays what the configured paths say.
func (u *User) mapped(a *access.Account, o Object, paths map[string]Path) {
	for key, into := range map[string]*string{"owner": &a.OwnerRef, "employee_id": &a.EmployeeID, "upn": &a.UPN, "email": &a.Email} {
		if v, _ := paths[key].lookup(o); v != "" {
			*into = v
		}
	}
	for key, into := range map[string]*time.Time{"created_at": &a.CreatedAt, "expires_at": &a.ExpiresAt, "last_login": &a.LastLogin} {
		v, place := paths[key].lookup(o)
		never := v == "" && place || strings.EqualFold(v, "never")
		if t := moment(v); !t.IsZero() {
			*into = t
		} else if key == "last_login" && never {
			a.NeverLoggedIn = true // null and absent are the same (RFC 7643 §2.5): the place is there and holds no login
		} else if v != "" && !never {
			a.Attributes[key] = v // what cannot be read as a time is shown, not guessed
		}
	}
	if v, _ := paths["mfa"].lookup(o); v != "" {
		a.MFA = tri(v)
	}
	if v, _ := paths["locked"].lookup(o); tri(v) == access.Yes {
		a.Locked, a.Enabled = true, false
	}
	if v, _ := paths["kind"].lookup(o); v != "" {
		a.Kind = kindOf(v)
	}
}

// moment reads an xsd:dateTime (RFC 7643 §2.3.5), or a date; without a zone it is UTC.
func moment(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

func tri(s string) access.Tri {
	switch strings.ToLower(s) {
	case "enabled", "enrolled", "on", "yes":
		return access.Yes
	case "disabled", "off", "no", "none":
		return access.No
	}
	if b, err := strconv.ParseBool(strings.ToLower(s)); err == nil {
		return access.TriOf(b)
	}
	return access.Unknown
}

// kindOf reads a kind of account; words that are none of ours mean a person, as userType's "Employee" does.
func kindOf(s string) access.AccountKind {
	switch strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(s)) {
	case "service", "service-account", "bot", "application":
		return access.KindService
	case "shared", "shared-account":
		return access.KindShared
	case "break-glass", "breakglass", "emergency":
		return access.KindBreakGlass
	}
	return access.KindHuman
}
