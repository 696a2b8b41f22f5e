package collectors

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"muster/internal/access"
	"muster/internal/octets"
)

// maxID is the longest id or name of an account, entitlement or person, in bytes. Longer ones are damage: a lost quote
// in an export swallows whole rows into one field.
const maxID = 1024

// cleaner makes records safe to store: it names the system, writes bytes that are not UTF-8 as ⟦XX⟧ (package octets) and refuses what has
// no usable identity.
type cleaner struct {
	system   string
	classify classifier
	foreign  int64 // texts that held bytes that are not UTF-8
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
			why = fmt.Sprintf("unknown account kind %q", octets.Encode(string(v.Kind)))
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
		if !octets.Plain(p) {
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

// identity refuses what cannot tell two things apart. Ids and names are stored as the source has them, because it is asked by them:
// one that is not UTF-8 could not be, and one that looks like a byte that is not UTF-8 would be taken for another's.
func (c *cleaner) identity(what, id string) string {
	switch {
	case id == "":
		return "the " + what + " is empty"
	case len(id) > maxID:
		return fmt.Sprintf("the %s is %d bytes long, the limit is %d", what, len(id), maxID)
	case octets.Plain(id):
		return ""
	case utf8.ValidString(id):
		return fmt.Sprintf("the %s %q looks like one that is not UTF-8", what, octets.Encode(id))
	}
	return fmt.Sprintf("the %s %q is not UTF-8", what, octets.Encode(id))
}

func (c *cleaner) texts(texts ...*string) {
	for _, t := range texts {
		written := octets.Encode(*t)
		if len(written) == len(*t) { // it needed nothing: whatever is written is longer
			continue
		}
		if !utf8.ValidString(*t) {
			c.foreign++
		}
		*t = written
	}
}

func (c *cleaner) attributes(m map[string]string) map[string]string {
	bad := false
	for k, v := range m {
		bad = bad || !octets.Plain(k) || !octets.Plain(v)
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

// coverage makes what the collector says of the source fit for the evidence: it quotes names and values.
func (c *cleaner) coverage(cov access.Coverage) access.Coverage {
	cov.Source = octets.Encode(cov.Source)
	cov.Queries, cov.Classes = slices.Clone(cov.Queries), slices.Clone(cov.Classes)
	for i, q := range cov.Queries {
		cov.Queries[i] = octets.Encode(q)
	}
	for i := range cov.Classes {
		cov.Classes[i].Reason = octets.Encode(cov.Classes[i].Reason)
	}
	return cov
}
