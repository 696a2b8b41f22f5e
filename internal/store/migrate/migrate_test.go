package migrate

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestRead(t *testing.T) {
	all, err := Known()
	if err != nil || len(all) == 0 {
		t.Fatal(err)
	}
	for _, m := range all {
		for _, s := range m.Statements() {
			first := strings.ToUpper(strings.Fields(s)[0])
			if !strings.Contains(s, "IF NOT EXISTS") && !strings.Contains(s, "IF EXISTS") {
				t.Errorf("migration %d: a statement that cannot be repeated: %s ...", m.Version, s[:min(len(s), 60)])
			}
			if first != "CREATE" && first != "ALTER" && first != "DROP" {
				t.Errorf("migration %d starts a statement with %s", m.Version, first)
			}
		}
	}
}

func TestReadRefusesGaps(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"gap":       {"sql/0001_a.sql": {Data: []byte("x")}, "sql/0003_b.sql": {Data: []byte("x")}},
		"double":    {"sql/0001_a.sql": {Data: []byte("x")}, "sql/0001_b.sql": {Data: []byte("x")}},
		"no number": {"sql/first.sql": {Data: []byte("x")}},
	} {
		if _, err := read(files); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
