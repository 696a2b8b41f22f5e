package collectors

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"muster/internal/access"
)

// maxID is the longest id or name of an account, entitlement or person, in bytes. Longer ones are damage: a lost quote
// in an export swallows whole rows into one field.
const maxID = 1024

// cleaner makes records safe to store: it names the system, replaces bytes that are not UTF-8 visibly by U+FFFD and refuses
// what has no usable identity.
type cleaner struct {
	system   string
	classify classifier
	replaced int64 // texts that held bytes that are not UTF-8
}

// clean gives the record to store, or the reason why there is none.
func (c *cleaner) clean(r access.Record) (access.Record, string) {
	switch v := r.(type) {
	case access.Person:
		if why := c.identity("worker id", v.ID); why != "" {
			return nil, why
		}
		return c.person(v), ""
	case access.Account:
		why := c.identity("account id", v.ID)
		if v.Name == "" {
			v.Name = v.ID
		}
		if why == "" {
			why = c.identity("account name", v.Name)
		}
		v.Kind = c.classify.kind(v.Name, v.Kind)
		switch v.Kind {
		case access.KindHuman, access.KindService, access.KindShared, access.KindBreakGlass:
		default:
			why = fmt.Sprintf("unknown account kind %q", v.Kind)
		}
		if why != "" {
			return nil, why
		}
		return c.account(v), ""
	case access.Entitlement:
		why := c.identity("entitlement id", v.ID)
		if why == "" {
			why = c.identity("entitlement name", v.Name)
		}
		if why != "" {
			return nil, why
		}
		v.System = c.system
		c.texts(&v.Kind, &v.Description, &v.SourceRef)
		return v, ""
	case access.Grant:
		why := c.identity("account id", v.AccountID)
		if why == "" {
			why = c.identity("entitlement id", v.EntitlementID)
		}
		if why != "" {
			return nil, why
		}
		return c.grant(v, r), ""
	case access.Rejection:
		c.texts(&v.Ref, &v.Reason)
		return v, ""
	}
	return nil, fmt.Sprintf("a record of unknown type %T", r)
}

func (c *cleaner) person(v access.Person) access.Record {
	c.texts(&v.GivenName, &v.FamilyName, &v.DisplayName, &v.Email, &v.UPN, &v.Username, &v.Title, &v.Department, &v.CostCentre,
		&v.Company, &v.Location, &v.ManagerID)
	if v.Status == "" {
		v.Status = access.StatusUnknown
	}
	if v.EmploymentType == "" {
		v.EmploymentType = access.Employee
	}
	v.Attributes = c.attributes(v.Attributes)
	return v
}

func (c *cleaner) account(v access.Account) access.Record {
	v.System = c.system
	c.texts(&v.DisplayName, &v.Email, &v.UPN, &v.EmployeeID, &v.OwnerRef, &v.SourceRef)
	v.Attributes = c.attributes(v.Attributes)
	return v
}

// grant keeps the record's own box when nothing needs to change: grants are the most numerous by far.
func (c *cleaner) grant(v access.Grant, same access.Record) access.Record {
	dirty := v.System != c.system
	for i, p := range v.Path {
		if !utf8.ValidString(p) {
			dirty = true
			v.Path = append([]string(nil), v.Path...)
			c.texts(&v.Path[i])
		}
	}
	if !dirty {
		return same
	}
	v.System = c.system
	return v
}

// identity refuses what cannot tell two things apart: an id whose bytes were replaced might be another's.
func (c *cleaner) identity(what, id string) string {
	switch {
	case id == "":
		return "the " + what + " is empty"
	case len(id) > maxID:
		return fmt.Sprintf("the %s is %d bytes long, the limit is %d", what, len(id), maxID)
	case !utf8.ValidString(id):
		return fmt.Sprintf("the %s %q is not UTF-8", what, strings.ToValidUTF8(id, "\uFFFD"))
	}
	return ""
}

func (c *cleaner) texts(texts ...*string) {
	for _, t := range texts {
		if !utf8.ValidString(*t) {
			*t = strings.ToValidUTF8(*t, "\uFFFD")
			c.replaced++
		}
	}
}

func (c *cleaner) attributes(m map[string]string) map[string]string {
	bad := false
	for k, v := range m {
		bad = bad || !utf8.ValidString(k) || !utf8.ValidString(v)
	}
	if !bad {
		return m
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		c.texts(&k, &v)
		out[k] = v
	}
	return out
}
