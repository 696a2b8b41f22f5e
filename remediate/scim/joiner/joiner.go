// Package joiner makes the User resource (RFC 7643 §4.1, §4.3) of an account to create out of an action's attributes. externalId is the
// employee id, so that the account can be found again whatever its name. It sets no password.
//
// The package only computes. Attributes without a value are left out.
package joiner

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	dial "muster/internal/dial/scim"
	"muster/internal/dial/scim/resource"
)

// Placeholders are the names that may stand in braces in a Place's value: the attributes of an account to create.
func Placeholders() []string {
	return []string{access.AttrUserName, access.AttrDisplayName, access.AttrGivenName, access.AttrFamilyName, access.AttrEmail,
		access.AttrUPN, access.AttrEmployeeID, access.AttrTitle, access.AttrDepartment}
}

// Unknown finds a name in braces that stands for nothing; empty is none.
func Unknown(value string) string {
	for {
		_, rest, ok := strings.Cut(value, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return ""
		}
		if !slices.Contains(Placeholders(), name) {
			return name
		}
		value = after
	}
}

// Place is an attribute that is set besides: "true" and "false" as booleans, anything else as text.
type Place struct {
	Path  resource.Path
	Value string // with {user_name} and the like
}

// User is the resource. enterprise says whether the server takes the enterprise extension.
func User(name string, attributes map[string]string, enterprise bool, places []Place) (resource.Object, error) {
	if name == "" {
		return nil, errors.New("the account to create has no user name")
	}
	schemas := []string{dial.UserSchema}
	plain := map[string]any{"userName": name, "active": true}
	put(plain, "externalId", attributes[access.AttrEmployeeID])
	put(plain, "displayName", attributes[access.AttrDisplayName])
	put(plain, "title", attributes[access.AttrTitle])
	names := map[string]any{}
	put(names, "givenName", attributes[access.AttrGivenName])
	put(names, "familyName", attributes[access.AttrFamilyName])
	if len(names) > 0 {
		plain["name"] = names
	}
	if email := attributes[access.AttrEmail]; email != "" {
		plain["emails"] = []any{map[string]any{"value": email, "type": "work", "primary": true}}
	}
	extension := map[string]any{}
	put(extension, "employeeNumber", attributes[access.AttrEmployeeID])
	put(extension, "department", attributes[access.AttrDepartment])
	if enterprise && len(extension) > 0 {
		plain[dial.EnterpriseSchema] = extension
		schemas = append(schemas, dial.EnterpriseSchema)
	}
	body := resource.Object{}
	for key, value := range plain {
		if err := set(body, key, value); err != nil {
			return nil, err
		}
	}
	for _, p := range places {
		if err := p.set(body, attributes); err != nil {
			return nil, err
		}
		if s := p.Path.Schema(); s != "" && body.Get(s) != nil && !slices.Contains(schemas, s) {
			schemas = append(schemas, s)
		}
	}
	return body, set(body, "schemas", schemas)
}

func put(into map[string]any, name, value string) {
	if value != "" {
		into[name] = value
	}
}

func set(body resource.Object, name string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	body.Set(name, raw)
	return nil
}

func (p Place) set(body resource.Object, attributes map[string]string) error {
	var stand []string
	for _, key := range Placeholders() {
		stand = append(stand, "{"+key+"}", attributes[key])
	}
	value := strings.NewReplacer(stand...).Replace(p.Value)
	if value == "" {
		return nil
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write an attribute: %w", err)
	}
	if value == "true" || value == "false" {
		raw = json.RawMessage(value)
	}
	return p.Path.Set(body, raw)
}
