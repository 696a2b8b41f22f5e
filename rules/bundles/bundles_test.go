package bundles

import (
	"reflect"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/internal/config"
)

const yaml = `
bundles:
  - name: everyone
    title: Everyone
    when: person.status != "terminated"
    lead_days: 3
    entitlements: {directory: [all-staff], saas: [user]}
  - name: finance
    when: person.department == "Finance" && person.name != "Nobody"
    entitlements: {erp: [GL_READ, AP_READ], directory: [all-staff]}
  - name: site
    when: '"site" in person.attributes && person.attributes["site"] == "HQ"'
    entitlements: {directory: [door-hq]}
  - name: fails
    when: person.attributes["x" + person.location] == "1"
    entitlements: {directory: [odd]}
`

func load(t *testing.T, text string) *Bundles {
	t.Helper()
	doc, err := config.Parse("bundles.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Load([]*config.Document{doc}, []string{"directory", "erp", "saas"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMatchAndUnion(t *testing.T) {
	b := load(t, yaml)
	p := access.Person{ID: "W-1", Department: "Finance", Status: access.StatusActive, Attributes: map[string]string{"site": "HQ", "xPorto": "0"}, Location: "Porto"}
	got, err := b.Match(p)
	if err != nil || !reflect.DeepEqual(got, []int{0, 1, 2}) {
		t.Fatalf("%v, %v", got, err)
	}
	var lines []string
	for _, x := range b.Expectations(got) {
		line := x.Ref.String()
		for _, basis := range x.Basis {
			line += " " + basis.Kind + ":" + basis.Name
		}
		lines = append(lines, line)
	}
	want := "directory/all-staff bundle:everyone bundle:finance, directory/door-hq bundle:site, erp/AP_READ bundle:finance, erp/GL_READ bundle:finance, saas/user bundle:everyone"
	if strings.Join(lines, ", ") != want {
		t.Errorf("got %s", strings.Join(lines, ", "))
	}
	if len(b.Expectations(nil)) != 0 {
		t.Error("no bundle expects something")
	}
}

func TestAFailingConditionIsSaidAndTheOthersStillCount(t *testing.T) {
	got, err := load(t, yaml).Match(access.Person{ID: "W-1", Status: access.StatusLeave})
	if err == nil || !strings.Contains(err.Error(), "bundle fails") || !reflect.DeepEqual(got, []int{0}) {
		t.Errorf("%v, %v", got, err)
	}
}

// Persons that agree in Fields must match the same bundles: a profile stands for all of them.
func TestFieldsAreAllThatConditionsRead(t *testing.T) {
	b := load(t, yaml)
	want := []string{"attributes", "department", "display_name", "family_name", "given_name", "id", "location", "status"}
	if !reflect.DeepEqual(b.Fields(), want) {
		t.Errorf("fields %v, want %v", b.Fields(), want)
	}
	narrow := load(t, yaml[:strings.Index(yaml, "  - name: site")])
	full := access.Person{ID: "W-1", DisplayName: "Ana", Department: "Finance", Status: access.StatusActive, Title: "Buyer", Location: "Porto", Email: "a@acme.example"}
	kept := access.Person{ID: full.ID, DisplayName: full.DisplayName, Department: full.Department, Status: full.Status}
	a, err := narrow.Match(full)
	c, err2 := narrow.Match(kept)
	if err != nil || err2 != nil || !reflect.DeepEqual(a, c) {
		t.Errorf("%v %v, %v %v", a, err, c, err2)
	}
}

func TestGovernsIsByName(t *testing.T) {
	b := load(t, yaml)
	if !b.Governs("erp") || b.Governs("vpn") {
		t.Error("governed systems are those that bundles name")
	}
	if all := b.All(); len(all) != 4 || all[0].LeadDays != 3 || all[1].Title != "finance" || all[1].Entitlements[1].Name != "AP_READ" {
		t.Errorf("%+v", all)
	}
}
