package schema

import "testing"

func TestAnAddressThatMailCannotHoldIsLeftOut(t *testing.T) {
	for _, tt := range []struct{ mail, said string }{
		{"mirela.babic@acme.example", ""},
		{"mirela.babić@acme.example", ", without mail: mirela.babić@acme.example is not ASCII"},
	} {
		attrs := map[string][]string{"cn": {"Mirela Babić"}, "mail": {tt.mail}}
		if got := Fit(attrs); got != tt.said {
			t.Errorf("%s: said %q, want %q", tt.mail, got, tt.said)
		}
		if _, kept := attrs["mail"]; kept != (tt.said == "") || attrs["cn"] == nil {
			t.Errorf("%s: left %v", tt.mail, attrs)
		}
	}
}
