package answer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/access"
)

func sample() []Finding {
	return []Finding{
		{"orphaned-account", "erp", "OLD", "", access.High, access.Open},
		{"privilege-creep", "erp", "MLIND", "PAY_VENDOR", access.Medium, access.Open},
		{"sod-conflict", "directory+erp", "W-1", "vendor-pay", access.High, access.Excepted},
	}
}

func TestKeySurvivesItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.json")
	if err := WriteFile(path, sample()); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(path)
	if err != nil || !slices.Equal(got, sample()) {
		t.Fatalf("%v, %v", got, err)
	}
	if err := WriteFile(path, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadFile(path); err != nil || len(got) != 0 {
		t.Fatalf("empty key: %v, %v", got, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); err == nil {
		t.Error("half a file is no error")
	}
	if err := WriteFile(filepath.Join(path, "below-a-file"), nil); err == nil {
		t.Error("an impossible path is no error")
	}
}

func TestFindingsOfARunAreRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "found.json")
	text := `[{"id":"F-1","rule":"orphaned-account","system":"erp","subject":"OLD","detail":"","severity":"high","state":"open","message":"m"},
		{"id":"F-2","rule":"shared-account","system":"erp","subject":"GONE","detail":"","severity":"medium","state":"resolved"}]`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(path)
	if err != nil || !slices.Equal(got, sample()[:1]) {
		t.Fatalf("%v, %v", got, err)
	}
}

func TestScore(t *testing.T) {
	key := sample()
	for _, c := range []struct {
		name    string
		change  func([]Finding) []Finding
		perfect bool
		says    string
	}{
		{"equal", func(f []Finding) []Finding { return f }, true, ""},
		{"another order, a later state", func(f []Finding) []Finding {
			slices.Reverse(f)
			f[1].State = access.Acknowledged
			return f
		}, true, ""},
		{"this host and an incomplete snapshot", func(f []Finding) []Finding {
			return append(f, Finding{"orphaned-account", "host", "root", "", access.High, access.Open},
				Finding{"snapshot-incomplete", "erp", "erp", "", access.High, access.Open})
		}, true, ""},
		{"one more", func(f []Finding) []Finding {
			return append(f, Finding{"orphaned-account", "vpn", "x", "", access.High, access.Open})
		}, false, "spurious orphaned-account vpn/x"},
		{"one less", func(f []Finding) []Finding { return f[1:] }, false, "lacking  orphaned-account erp/OLD"},
		{"twice", func(f []Finding) []Finding { return append(f, f[0]) }, false, "spurious orphaned-account erp/OLD"},
		{"milder", func(f []Finding) []Finding { f[0].Severity = access.Low; return f }, false, "lacking  orphaned-account"},
		{"not excepted", func(f []Finding) []Finding { f[2].State = access.Open; return f }, false, "lacking  sod-conflict"},
		{"another detail", func(f []Finding) []Finding { f[1].Detail = "CREATE_VENDOR"; return f }, false, "spurious privilege-creep"},
		{"nothing", func([]Finding) []Finding { return nil }, false, "lacking  sod-conflict"},
	} {
		var out strings.Builder
		perfect := Report(&out, Score(c.change(slices.Clone(key)), key), 10)
		if perfect != c.perfect || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: perfect %v\n%s", c.name, perfect, out.String())
		}
	}
}

func TestShares(t *testing.T) {
	s := RuleScore{Right: 3, Spurious: make([]Finding, 1), Lacking: make([]Finding, 3)}
	if s.Precision() != 0.75 || s.Recall() != 0.5 {
		t.Errorf("precision %v, recall %v", s.Precision(), s.Recall())
	}
	if s := (RuleScore{}); s.Precision() != 1 || s.Recall() != 1 {
		t.Error("nothing found of nothing is not perfect")
	}
}
