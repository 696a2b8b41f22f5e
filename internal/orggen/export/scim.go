package export

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"muster/internal/access"
	"muster/internal/orggen/model"
)

// The schemas of the dump (RFC 7643 §4, §8.7; the last one is the organisation's own).
const (
	coreUser  = "urn:ietf:params:scim:schemas:core:2.0:User"
	coreGroup = "urn:ietf:params:scim:schemas:core:2.0:Group"
	// EnterpriseUser is the standard's extension for organisations.
	EnterpriseUser = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	// MusterUser is the extension that carries what SCIM does not: last login and second factor.
	MusterUser   = "urn:ietf:params:scim:schemas:extension:muster:2.0:User"
	listResponse = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
)

// scim writes Users.json as accounts come, and Groups.json at the end.
type scim struct {
	users   *sink
	files   *Files
	ids     []string
	members [][]uint32
	count   int
}

// totalWidth is the room that the count of users keeps at the head of the file; JSON allows blanks there.
const totalWidth = 9

func (f *Files) openSCIM() *scim {
	s := &scim{users: f.sink("saas/Users.json"), files: f, members: make([][]uint32, len(f.policy.Entitlements))}
	_, _ = fmt.Fprintf(s.users, "%s%*s,\n\"Resources\":[\n", listHead, totalWidth, "")
	return s
}

const listHead = `{"schemas":["` + listResponse + `"],"totalResults":`

type scimUser struct {
	Schemas    []string        `json:"schemas"`
	ID         string          `json:"id"`
	UserName   string          `json:"userName"`
	Name       *scimName       `json:"name,omitempty"`
	Display    string          `json:"displayName"`
	UserType   string          `json:"userType,omitempty"`
	Active     bool            `json:"active"`
	Emails     []scimEmail     `json:"emails,omitempty"`
	Enterprise *scimEnterprise `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,omitempty"`
	Muster     *scimMuster     `json:"urn:ietf:params:scim:schemas:extension:muster:2.0:User,omitempty"`
	Meta       scimMeta        `json:"meta"`
}

type scimName struct {
	Formatted string `json:"formatted"`
	Family    string `json:"familyName"`
	Given     string `json:"givenName"`
}

type scimEmail struct {
	Value   string `json:"value"`
	Type    string `json:"type"`
	Primary bool   `json:"primary"`
}

type scimEnterprise struct {
	EmployeeNumber string       `json:"employeeNumber,omitempty"`
	Manager        *scimManager `json:"manager,omitempty"` // of a service account: who answers for it
}

type scimManager struct {
	Value string `json:"value"`
}

type scimMuster struct {
	LastLogin string `json:"lastLogin,omitempty"`
	MFA       *bool  `json:"mfa,omitempty"`
}

type scimMeta struct {
	ResourceType string `json:"resourceType"`
	Created      string `json:"created"`
	LastModified string `json:"lastModified"`
}

func (s *scim) account(a *model.Account) {
	u := scimUser{Schemas: []string{coreUser}, ID: a.ID, UserName: a.Name, Display: a.DisplayName, Active: a.Enabled,
		Meta: scimMeta{ResourceType: "User", Created: stamp(a.CreatedAt), LastModified: stamp(a.CreatedAt)}}
	if a.FamilyName != "" {
		u.Name = &scimName{Formatted: a.DisplayName, Family: a.FamilyName, Given: a.GivenName}
	}
	if a.Kind != access.KindHuman {
		u.UserType = string(a.Kind)
	}
	if a.Email != "" {
		u.Emails = []scimEmail{{Value: a.Email, Type: "work", Primary: true}}
	}
	if a.EmployeeID != "" || a.OwnerRef != "" {
		u.Schemas = append(u.Schemas, EnterpriseUser)
		u.Enterprise = &scimEnterprise{EmployeeNumber: a.EmployeeID}
		if a.OwnerRef != "" {
			u.Enterprise.Manager = &scimManager{Value: a.OwnerRef}
		}
	}
	m := scimMuster{LastLogin: stamp(a.LastLogin)}
	if a.MFA != access.Unknown {
		yes := a.MFA == access.Yes
		m.MFA = &yes
	}
	if m != (scimMuster{}) {
		u.Schemas = append(u.Schemas, MusterUser)
		u.Muster = &m
	}
	line, err := json.Marshal(u)
	if err != nil {
		s.users.err = err
		return
	}
	if s.count > 0 {
		_, _ = s.users.WriteString(",\n")
	}
	_, _ = s.users.Write(line)
	s.count++
	n := uint32(len(s.ids))
	s.ids = append(s.ids, a.ID)
	for _, g := range a.Grants {
		s.members[g.Of.Index] = append(s.members[g.Of.Index], n)
	}
}

// finish closes Users.json, with its count in the room kept for it, and writes Groups.json.
func (s *scim) finish() {
	_, _ = s.users.WriteString("\n]}\n")
	if err := s.users.Flush(); err != nil || s.users.file == nil {
		return // the sink reports it
	}
	if _, err := s.users.file.WriteAt([]byte(strconv.Itoa(s.count)), int64(len(listHead))); err != nil {
		s.users.err = err
	}
	out := s.files.sink("saas/Groups.json")
	var groups []*model.Entitlement
	for _, x := range s.files.order {
		if x.System == model.SaaS {
			groups = append(groups, x)
		}
	}
	_, _ = fmt.Fprintf(out, "%s%d,\n\"Resources\":[\n", listHead, len(groups))
	created := stamp(time.Date(2019, 3, 1, 8, 0, 0, 0, time.UTC))
	for i, x := range groups {
		name, err := json.Marshal(x.Name)
		if err != nil {
			out.err = err
			return
		}
		_, _ = fmt.Fprintf(out, `{"schemas":["%s"],"id":"%s","displayName":%s,"meta":{"resourceType":"Group","created":"%s","lastModified":"%s"},"members":[`,
			coreGroup, s.files.uuid("saas-group", uint64(x.Index)), name, created, created)
		for k, m := range s.members[x.Index] {
			if k > 0 {
				_ = out.WriteByte(',')
			}
			_, _ = out.WriteString("\n{\"value\":\"")
			_, _ = out.WriteString(s.ids[m])
			_, _ = out.WriteString("\",\"type\":\"User\"}")
		}
		_, _ = out.WriteString("\n]}")
		if i < len(groups)-1 {
			_ = out.WriteByte(',')
		}
		_ = out.WriteByte('\n')
	}
	_, _ = out.WriteString("]}\n")
}
