package canonical

import (
	"encoding/json"
	"testing"
)

func TestRewrite(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		// The first two are RFC 8785 §3.2.2 and §3.2.3, without their fractions.
		{"literals", `{"literals":[null, true,
			false], "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/"}`, `{"literals":[null,true,false],"string":"€$\u000f\nA'B\"\\\\\"/"}`},
		{"key order", `{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
			`{"\r":"Carriage Return","1":"One","` + "\u0080" + `":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","` + "\ufb33" + `":"Hebrew Letter Dalet With Dagesh"}`},
		{"nothing", ` {} `, `{}`},
		{"integers", `[0,-1,9007199254740991]`, `[0,-1,9007199254740991]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Rewrite([]byte(c.in))
			if err != nil || string(got) != c.want {
				t.Errorf("%s\nwant %s (%v)", got, c.want, err)
			}
			again, err := Rewrite(got)
			if err != nil || string(again) != string(got) {
				t.Errorf("not stable: %s %v", again, err)
			}
		})
	}
	for _, bad := range []string{"", "{", "1 2", "1.0", "1e3", "-0", "9007199254740992", `"a`, "nul"} {
		if got, err := Rewrite([]byte(bad)); err == nil {
			t.Errorf("%q became %s", bad, got)
		}
	}
}

func FuzzRewrite(f *testing.F) {
	f.Add(`{"b":[1,"x\u2028"],"a":{"":null}}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Rewrite([]byte(text))
		if err != nil {
			return
		}
		if !json.Valid(got) {
			t.Errorf("%q became %q, which is not JSON", text, got)
		}
		if again, err := Rewrite(got); err != nil || string(again) != string(got) {
			t.Errorf("%q is not stable: %q %v", got, again, err)
		}
	})
}
