package joiner

import (
	"encoding/json"
	"testing"

	"muster/internal/access"
	"muster/internal/dial/scim/resource"
)

func TestUser(t *testing.T) {
	all := map[string]string{access.AttrEmployeeID: "W-9", access.AttrEmail: "nina@acme.example", access.AttrGivenName: "Nina", access.AttrDepartment: "Risk"}
	place := func(path, value string) Place {
		p, ok := resource.ParsePath(path)
		if !ok {
			t.Fatal(path)
		}
		return Place{p, value}
	}
	const ext = `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
	for _, c := range []struct {
		name       string
		user       string
		attributes map[string]string
		enterprise bool
		places     []Place
		want       string // empty is an error
	}{
		{"a name alone", "nina", nil, true, nil, `{"active":true,"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"nina"}`},
		{"no name", "", all, true, nil, ""},
		{"without the extension", "nina", all, false, nil, `{"active":true,"emails":[{"primary":true,"type":"work","value":"nina@acme.example"}],"externalId":"W-9",` +
			`"name":{"givenName":"Nina"},"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"nina"}`},
		{"with it and places", "nina", map[string]string{access.AttrDepartment: "Risk"}, true,
			[]Place{place("urn:a:b:c:User:d", "{department}/{title}"), place("urn:a:b:e:User:d", "{title}"), place("locale.on", "true")},
			`{"active":true,"locale":{"on":true},"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",` + ext + `,"urn:a:b:c:User"],"urn:a:b:c:User":{"d":"Risk/"},` +
				ext + `:{"department":"Risk"},"userName":"nina"}`},
		{"a place inside a list", "nina", all, true, []Place{place("emails.value", "x")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := User(c.user, c.attributes, c.enterprise, c.places)
			got, _ := json.Marshal(o)
			if (c.want == "") != (err != nil) || err == nil && string(got) != c.want {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	for value, want := range map[string]string{"": "", "plain": "", "{title} {upn}": "", "{title} {nobody}": "nobody", "{open": ""} {
		if got := Unknown(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}
