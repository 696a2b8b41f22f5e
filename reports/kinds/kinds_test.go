package kinds

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"muster/reports/accessreview"
	"muster/reports/evidence"
	"muster/reports/pack"
)

func TestThereAreSixKinds(t *testing.T) {
	for _, name := range []string{Reconciliation, AccessReview, Terminations, SoD, Person, Controls} {
		k, err := Find(name)
		if err != nil || k.Name != name || !slices.Contains(k.Tables(), pack.AnnexFolder+"persons.csv") || len(k.Tables()) < 14 {
			t.Errorf("%s: %v %+v", name, err, k)
		}
	}
	for _, name := range []string{"", "access review", "Access-Review", "access-review ", "reconciliation\n"} {
		if _, err := Find(name); err == nil {
			t.Errorf("%q is a kind", name)
		}
	}
}

// TestADetailIsInTheFormOfItsKind: nothing is in it that is unknown or comes twice.
func TestADetailIsInTheFormOfItsKind(t *testing.T) {
	k, err := Find(AccessReview)
	if err != nil {
		t.Fatal(err)
	}
	good, err := json.Marshal(accessreview.Model{Campaign: accessreview.Campaign{ID: "C-1"}})
	if err != nil {
		t.Fatal(err)
	}
	file := func(detail string) evidence.File {
		return evidence.File{Format: evidence.Format, Kind: AccessReview, Detail: json.RawMessage(detail)}
	}
	canonical := func(f evidence.File) bool {
		text, err := f.Encode()
		if err != nil {
			t.Fatal(err)
		}
		detail, err := k.Detail(f)
		if err != nil {
			return false
		}
		again, err := Encode(f, detail)
		return err == nil && string(again) == string(text)
	}
	if !canonical(file(string(good))) {
		t.Error("the detail as it is written is not taken")
	}
	for name, detail := range map[string]string{
		"unknown": strings.Replace(string(good), `{"campaign":`, `{"hidden":1,"campaign":`, 1), "twice": strings.Replace(string(good), `"id":"C-1"`, `"id":"C-2","id":"C-1"`, 1),
		"another case": strings.Replace(string(good), `"id":"C-1"`, `"ID":"C-1"`, 1), "a member less": strings.Replace(string(good), `"id":"C-1",`, ``, 1), "text for a number": strings.Replace(string(good), `"items":0`, `"items":"0"`, 1),
		"a list": "[]", "nothing": "null", "of another kind": `{"activity":{"from":1,"until":2}}`,
	} {
		if detail == string(good) || canonical(file(detail)) {
			t.Errorf("%s: it is taken", name)
		}
	}
	if _, err := k.Detail(evidence.File{}); err == nil {
		t.Error("no detail is taken")
	}
}
