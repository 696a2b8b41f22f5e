package scim

import (
	"encoding/json"
	"net/url"
	"strings"

	"muster/internal/dial/scim/resource"
)

// The schemas of users and groups, and of messages (RFC 7643 §8.7, RFC 7644 §8.2).
const (
	UserSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	PatchSchema      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// Provider is what a server says about itself (RFC 7643 §5, RFC 9865). What it does not say is empty.
type Provider struct {
	Patch      Feature `json:"patch"`
	Filter     Feature `json:"filter"`
	ETag       Feature `json:"etag"`
	Pagination struct {
		Cursor resource.Text `json:"cursor"`
	} `json:"pagination"`
}

// Feature is one thing that a server may or may not do.
type Feature struct {
	Supported resource.Text `json:"supported"`
}

// UnmarshalJSON takes what is no object for not said.
func (f *Feature) UnmarshalJSON(raw []byte) error {
	type plain Feature
	_ = json.Unmarshal(raw, (*plain)(f))
	return nil
}

// Yes reports whether the server says that it does this.
func (f Feature) Yes() bool { return strings.EqualFold(string(f.Supported), "true") }

// No reports whether the server says that it does not do this.
func (f Feature) No() bool { return strings.EqualFold(string(f.Supported), "false") }

// Cursor reports whether lists are paged by cursor.
func (p Provider) Cursor() bool { return strings.EqualFold(string(p.Pagination.Cursor), "true") }

// ResourceType says where the resources of one kind are (RFC 7643 §6).
type ResourceType struct {
	Name       resource.Text   `json:"name"`
	Endpoint   resource.Text   `json:"endpoint"`
	Schema     resource.Text   `json:"schema"`
	Extensions json.RawMessage `json:"schemaExtensions"`
}

// Where gives the kind ("user", "group", or the folded name) and the path below the base. The standard wants a relative path; anything else
// is not followed.
func (t ResourceType) Where() (kind, endpoint string, ok bool) {
	endpoint = string(t.Endpoint)
	if u, err := url.Parse(endpoint); err != nil || u.Host != "" || u.RawQuery != "" || strings.Contains(endpoint, "..") || endpoint == "" {
		return "", "", false
	}
	if !strings.HasPrefix(endpoint, "/") {
		endpoint = "/" + endpoint
	}
	switch {
	case strings.EqualFold(string(t.Schema), UserSchema):
		kind = "user"
	case strings.EqualFold(string(t.Schema), GroupSchema):
		kind = "group"
	default:
		kind = strings.ToLower(string(t.Name))
	}
	return kind, endpoint, true
}

// Extends reports whether the resources carry an extension.
func (t ResourceType) Extends(schema string) bool {
	var list []struct {
		Schema resource.Text `json:"schema"`
	}
	if json.Unmarshal(t.Extensions, &list) != nil {
		return false // what is no list names none
	}
	for _, e := range list {
		if strings.EqualFold(string(e.Schema), schema) {
			return true
		}
	}
	return false
}
