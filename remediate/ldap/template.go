package ldap

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"muster/internal/access"
	"muster/remediate/ldap/schema"
)

// create says how a new account looks.
type create struct {
	Classes    []string          `yaml:"object_classes"` // default [inetOrgPerson]
	RDN        string            `yaml:"rdn"`            // attribute that names the entry; default the name attribute
	Attributes map[string]string `yaml:"attributes"`     // attribute: text with {user_name} and the like; empty leaves a default out
}

// placeholders are what the texts of create.attributes may hold.
func placeholders() []string {
	return []string{access.AttrUserName, access.AttrDisplayName, access.AttrGivenName, access.AttrFamilyName, access.AttrEmail, access.AttrUPN,
		access.AttrEmployeeID, access.AttrTitle, access.AttrDepartment}
}

// create completes the template and checks it.
func (d *decoder) create() {
	s := &d.s
	texts := map[string]string{"cn": "{display_name}", "sn": "{family_name}", "givenName": "{given_name}", "mail": "{email}", "title": "{title}",
		"departmentNumber": "{department}", s.Attributes.Name: "{user_name}"}
	if s.Attributes.EmployeeID != "" {
		texts[s.Attributes.EmployeeID] = "{employee_id}"
	}
	for attr, text := range s.Create.Attributes {
		maps.DeleteFunc(texts, func(known, _ string) bool { return strings.EqualFold(known, attr) })
		if text != "" {
			texts[attr] = text
		}
		if name := unknown(text); name != "" {
			d.ok = false
			d.at.Get("create").Get("attributes").Get(attr).Problem("one of {"+strings.Join(placeholders(), "}, {")+"}", "{%s} is no attribute of an account to create", name)
		}
		if schema.Secret(attr) {
			d.ok = false
			d.at.Get("create").Get("attributes").Get(attr).Problem("let the person choose a password", "an account is created without a password")
		}
	}
	s.Create.Attributes = texts
	if s.Create.RDN == "" {
		s.Create.RDN = s.Attributes.Name
	}
	if _, ok := texts[s.Create.RDN]; !ok {
		d.problem("create", "add it to create.attributes", "rdn "+s.Create.RDN+" is none of the attributes")
	}
	if len(s.Create.Classes) == 0 {
		d.problem("create", "write object_classes: [inetOrgPerson]", "an entry needs an object class")
	}
}

// unknown finds a {name} that stands for nothing.
func unknown(text string) string {
	for {
		_, rest, ok := strings.Cut(text, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return ""
		}
		if !slices.Contains(placeholders(), name) {
			return name
		}
		text = after
	}
}

// entry is the name and the attributes of a new account. The classes for persons need cn and sn (RFC 4519 §3.12).
func (s *settings) entry(a access.Action) (dn string, attrs map[string][]string) {
	attrs = map[string][]string{"objectClass": s.Create.Classes}
	var pairs []string
	for _, key := range placeholders() {
		pairs = append(pairs, "{"+key+"}", s.fact(a, key))
	}
	fill := strings.NewReplacer(pairs...)
	for attr, text := range s.Create.Attributes {
		if value := strings.Join(strings.Fields(fill.Replace(text)), " "); value != "" {
			attrs[attr] = []string{value}
		}
	}
	for attr, otherwise := range map[string]string{"cn": userName(a), "sn": a.Attributes[access.AttrDisplayName]} {
		if _, wanted := s.Create.Attributes[attr]; !wanted || attrs[attr] != nil {
			continue
		}
		if otherwise == "" {
			otherwise = userName(a)
		}
		attrs[attr] = []string{otherwise}
	}
	value := ""
	if v := attrs[s.Create.RDN]; len(v) > 0 {
		value = v[0]
	}
	return s.Create.RDN + "=" + ldap.EscapeDN(value) + "," + s.People.Base, attrs
}

func (s *settings) fact(a access.Action, key string) string {
	if key == access.AttrUserName {
		return userName(a)
	}
	return a.Attributes[key]
}

func userName(a access.Action) string {
	if name := a.Attributes[access.AttrUserName]; name != "" {
		return name
	}
	return a.Account.Name
}

// identified reports whether new accounts carry the number of their person, so that an account without it is somebody else's.
func (s *settings) identified() bool {
	return s.Attributes.EmployeeID != "" && strings.Contains(s.Create.Attributes[s.Attributes.EmployeeID], "{"+access.AttrEmployeeID+"}")
}
