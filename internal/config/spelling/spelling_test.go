package spelling

import "testing"

func TestNearestIsWhatWasMeant(t *testing.T) {
	words := []string{"max_accounts", "max_percent", "mode", "rate"}
	for word, want := range map[string]string{"max_acounts": "max_accounts", "MODE": "mode", "mdoe": "mode", "rate": "rate", "rat": "rate", "windows": "", "": ""} {
		if got := Nearest(word, words); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
