package fold

import "testing"

func TestKey(t *testing.T) {
	for name, c := range map[string]struct{ a, b string }{
		"case":        {"Ada@ACME.example", "ada@acme.EXAMPLE"},
		"space":       {" \tada\n", "ada"},
		"sharp s":     {"STRASSE", "straße"},
		"capital ẞ":   {"STRAẞE", "strasse"},
		"full width":  {"Ａｄａ", "ada"},
		"ligature":    {"ﬁnn", "FINN"},
		"decomposed":  {"ame\u0301lie", "AMÉLIE"},
		"final sigma": {"ΣΑΣ", "σας"},
		"turkish İ":   {"İ", "i\u0307"},
		"no-break":    {"\u00a0ada", "ADA"},
		"cherokee":    {"ᏸ", "Ᏸ"},
		"cherokee 2":  {"ꭰ", "Ꭰ"},
		"not utf-8":   {" M\xfcLLER", "m\xfcller"},
		"circled":     {"①", "1"},
	} {
		if Key(c.a) != Key(c.b) {
			t.Errorf("%s: %q and %q differ: %q, %q", name, c.a, c.b, Key(c.a), Key(c.b))
		}
	}
	for name, c := range map[string]struct{ a, b string }{
		"not utf-8":   {"M\xfcller", "M\xe4ller"},
		"turkish I":   {"İsmail", "ismail"},
		"dotless":     {"ışık", "isik"},
		"accent":      {"amelie", "amélie"},
		"inner space": {"a da", "ada"},
	} {
		if Key(c.a) == Key(c.b) {
			t.Errorf("%s: %q and %q are one key %q", name, c.a, c.b, Key(c.a))
		}
	}
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{"", "Ada", "straße", "İ", "\xff\xfe", "ſ", "ﬀ", "\u0345"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if once := Key(s); Key(once) != once {
			t.Errorf("%q folds to %q and then to %q", s, once, Key(once))
		}
	})
}
