package resource

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"muster/internal/access"
)

func TestParsePath(t *testing.T) {
	for text, want := range map[string]Path{
		"userType":     {"", "userType", ""},
		"name.$ref":    {"", "name", "$ref"},
		"emails.value": {"", "emails", "value"},
		"urn:ietf:params:scim:schemas:extension:muster:2.0:User:lastLogin": {"urn:ietf:params:scim:schemas:extension:muster:2.0:User", "lastLogin", ""},
		"urn:ietf:params:scim:schemas:core:2.0:User:name.givenName":        {"", "name", "givenName"},
	} {
		if got, ok := ParsePath(text); !ok || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", ".", "a.", ".b", "a.b.c", "1a", "emails[type eq \"work\"]", "urn:a", "urn:x:y:", "a b"} {
		if got, ok := ParsePath(text); ok {
			t.Errorf("%q was accepted as %+v", text, got)
		}
	}
}

func TestAccountOfSloppyUsers(t *testing.T) {
	paths := map[string]Path{}
	for key, text := range map[string]string{"last_login": "urn:x:y:z:User:login", "mfa": "urn:x:y:z:User:mfa", "kind": "userType",
		"owner": "owner.value", "locked": "locked", "expires_at": "until", "upn": "userName"} {
		p, ok := ParsePath(text)
		if !ok {
			t.Fatal(text)
		}
		paths[key] = p
	}
	for _, c := range []struct {
		name, text string
		check      func(a access.Account) bool
	}{
		{"texts for booleans and numbers for texts", `{"id":7,"userName":"a","active":"False","emails":"a@acme.example"}`,
			func(a access.Account) bool {
				return a.ID == "7" && !a.Enabled && a.Email == "a@acme.example" && a.UPN == "a"
			}},
		{"absent active", `{"id":"1","userName":"a"}`, func(a access.Account) bool { return a.Enabled && a.MFA == access.Unknown && !a.NeverLoggedIn }},
		{"extension without a login", `{"id":"1","URN:X:Y:Z:user":{"MFA":"true","login":null}}`,
			func(a access.Account) bool { return a.NeverLoggedIn && a.MFA == access.Yes }},
		{"login without a zone", `{"id":"1","urn:x:y:z:User":{"login":"2026-01-02T03:04:05"}}`,
			func(a access.Account) bool { return a.LastLogin.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) }},
		{"login that is no time", `{"id":"1","urn:x:y:z:User":{"login":"yesterday"}}`,
			func(a access.Account) bool {
				return a.LastLogin.IsZero() && !a.NeverLoggedIn && a.Attributes["last_login"] == "yesterday"
			}},
		{"service with an owner", `{"id":"1","userType":"Service Account","owner":{"value":"W-3"},"until":"2026-05-01"}`,
			func(a access.Account) bool {
				return a.Kind == access.KindService && a.OwnerRef == "W-3" && a.ExpiresAt.Equal(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
			}},
		{"locked", `{"id":"1","locked":true}`, func(a access.Account) bool { return a.Locked && !a.Enabled }},
		{"unexpected shapes", `{"id":{"value":"x"},"name":{"givenName":["A"]},"emails":[[1]],"roles":{"value":"r"}}`,
			func(a access.Account) bool { return a.ID == "x" && a.DisplayName == "A" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var u User
			if err := json.Unmarshal([]byte(c.text), &u); err != nil {
				t.Fatal(err)
			}
			if a := u.Account(json.RawMessage(c.text), paths); !c.check(a) {
				t.Errorf("%+v", a)
			}
		})
	}
}

func FuzzUser(f *testing.F) {
	for _, s := range []string{`{"id":"1","emails":[{"value":"a","primary":true}]}`, `{"emails":[null,1,[2]],"name":null}`, `{"roles":["a",{"value":{}}]}`, `[]`, `{"meta":3}`} {
		f.Add([]byte(s), "urn:a:b:User:x.y")
	}
	f.Fuzz(func(t *testing.T, data []byte, path string) {
		p, _ := ParsePath(path)
		var u User
		if json.Unmarshal(data, &u) != nil {
			return
		}
		a := u.Account(data, map[string]Path{"last_login": p, "mfa": p, "kind": p})
		switch a.Kind {
		case access.KindHuman, access.KindService, access.KindShared, access.KindBreakGlass:
		default:
			t.Fatalf("kind %q", a.Kind)
		}
	})
}

func TestTextKeepsItsBytes(t *testing.T) {
	for in, want := range map[string]string{
		`"plain"`:                    "plain",
		`""`:                         "",
		"\"K\xf6ln\"":                "K\xf6ln",
		"\"\xff\xfe\xed\xa0\x80\"":   "\xff\xfe\xed\xa0\x80",
		"\"\xe2\x9f\"":               "\xe2\x9f",
		"\"K\xf6\\u00f6\\n\"":        "K\xf6ö\n",
		`"\"\\\/\b\f\n\r\t\u0000"`:   "\"\\/\b\f\n\r\t\x00",
		`"\u27E6F6\u27e7"`:           "⟦F6⟧",
		`"\ud83d\ude00"`:             "😀",
		`"\ud800"`:                   "\xed\xa0\x80",
		`"\udfffx"`:                  "\xed\xbf\xbfx",
		`"\ud83d\u0041"`:             "\xed\xa0\xbdA",
		`"\ud83d\ud83d\ude00\ud83d"`: "\xed\xa0\xbd😀\xed\xa0\xbd",
		`"\ud83d\n"`:                 "\xed\xa0\xbd\n",
		`["\ud800"]`:                 "\xed\xa0\x80",
		"{\"value\":\"\xf6\"}":       "\xf6",
	} {
		var text Text
		if err := json.Unmarshal([]byte(in), &text); err != nil || string(text) != want || String(json.RawMessage(in)) != want {
			t.Errorf("%q is read as %q (%v), want %q", in, text, err, want)
		}
	}
}

// FuzzText: what encoding/json can say of a text is said here too.
func FuzzText(f *testing.F) {
	for _, s := range []string{`"a\u00e4\n"`, "\"\xf6\"", `"\ud83d\ude00"`, `"\ud800x"`, `"\\u0041"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want string
		var got Text
		if data = bytes.TrimSpace(data); len(data) == 0 || data[0] != '"' || json.Unmarshal(data, &want) != nil {
			return
		}
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		surrogates := bytes.Contains(bytes.ToLower(data), []byte(`\ud`)) // half a pair is three bytes here and one U+FFFD there
		if utf8.ValidString(string(got)) && string(got) != want || !surrogates && string([]rune(string(got))) != want {
			t.Errorf("%q is read as %q, by encoding/json as %q", data, got, want)
		}
	})
}

func TestPathSet(t *testing.T) {
	for _, c := range []struct{ name, object, path, want string }{
		{"new", `{}`, "userType", `{"userType":"x"}`},
		{"in other case", `{"USERTYPE":"y"}`, "userType", `{"userType":"x"}`},
		{"sub-attribute", `{"name":{"givenName":"A"}}`, "name.familyName", `{"name":{"familyName":"x","givenName":"A"}}`},
		{"extension", `{"urn:a:b:c:User":{"d":1}}`, "urn:a:b:c:User:e.f", `{"urn:a:b:c:User":{"d":1,"e":{"f":"x"}}}`},
		{"core by its urn", `{}`, "urn:ietf:params:scim:schemas:core:2.0:User:title", `{"title":"x"}`},
		{"through a list", `{"emails":[1]}`, "emails.value", ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			var o Object
			if err := json.Unmarshal([]byte(c.object), &o); err != nil {
				t.Fatal(err)
			}
			p, ok := ParsePath(c.path)
			if !ok {
				t.Fatal(c.path)
			}
			err := p.Set(o, json.RawMessage(`"x"`))
			got, _ := json.Marshal(o)
			if (c.want == "") != (err != nil) || err == nil && string(got) != c.want {
				t.Errorf("%s, %v; want %s", got, err, c.want)
			}
		})
	}
}
