package engine

import (
	"os"
	"strings"
	"testing"
)

func TestVersionIsThePinnedOne(t *testing.T) {
	text, err := os.ReadFile("../../../deploy/engine/package.json")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"`+Version+`"`) {
		t.Errorf("deploy/engine/package.json does not pin %s", Version)
	}
}
