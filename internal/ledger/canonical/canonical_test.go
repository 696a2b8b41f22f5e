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

// TestPlainValuesAreSpelledAsAllOthers: what is written directly has the bytes that it has by way of encoding/json.
func TestPlainValuesAreSpelledAsAllOthers(t *testing.T) {
	texts := []string{"", "plain", "\"\\/<>&", "\b\t\n\f\r\x00\x1f\x7f", "ö€\u2028", "\ufb33", "😀", "\xff", "a\xc3(\xed\xa0\x80", "\ufffd"}
	list := []any{nil, true, false, 0, -1, maxInteger, -maxInteger, int64(7), uint64(maxInteger), []any(nil), []any{}, []string(nil), []map[string]any{{"b": 1, "a": nil}, nil}, map[string]any(nil), map[string]any{},
		map[string]any{"\r": 1, "1": 2, "ö": 3, "€": 4, "😀": 5, "\ufb33": 6, "\u0080": 7, "": 8, "\ue000": 9}, int32(4), json.RawMessage(`{"b":1, "a":2}`), struct{ B, A int }{1, 2}}
	object := map[string]any{}
	for i, s := range texts {
		object[string(rune('a'+i))+"😀"] = s
	}
	list = append(list, object, []any{object, texts})
	for _, s := range texts {
		list = append(list, s, []any{s, map[string]any{"k": s}}, []string{s})
	}
	for _, v := range list {
		got, err := JSON(v)
		want, werr := slowly(v)
		if err != nil || werr != nil || string(got) != string(want) {
			t.Errorf("%#v: %s (%v), want %s (%v)", v, got, err, want, werr)
		}
	}
	for _, bad := range []any{maxInteger + 1, int64(-maxInteger - 1), uint64(maxInteger + 1), 1.5, map[string]any{"a": []any{maxInteger + 1}}, []map[string]any{{"a": 0.5}}} {
		if got, err := JSON(bad); err == nil {
			t.Errorf("%v became %s", bad, got)
		}
	}
	if got, err := JSON(map[string]any{"a\xff": 1}); err != nil || string(got) != "{\"a\ufffd\":1}" {
		t.Errorf("%s, %v", got, err)
	}
}

// FuzzPlainValues compares both ways for any value that JSON can have.
func FuzzPlainValues(f *testing.F) {
	f.Add(`{"b":[1,"x\u2028",{"é":null}],"a":{"":true}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var v any
		if json.Unmarshal([]byte(text), &v) != nil {
			return
		}
		v = whole(v)
		got, err := JSON(v)
		want, werr := slowly(v)
		if string(got) != string(want) || (err == nil) != (werr == nil) {
			t.Errorf("%q: %s (%v), want %s (%v)", text, got, err, want, werr)
		}
	})
}

// whole makes integers of the numbers that are some.
func whole(v any) any {
	switch v := v.(type) {
	case float64:
		if n := int(v); float64(n) == v && v < 1<<60 && v > -1<<60 {
			return n
		}
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = whole(v[k])
		}
	}
	return v
}
