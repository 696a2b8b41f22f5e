package export

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/orggen/model"
)

func files(t *testing.T) (*Files, string) {
	t.Helper()
	dir := t.TempDir()
	parent := &model.Entitlement{Index: 1, System: model.Directory, Name: "all"}
	list := []*model.Entitlement{{Index: 0, System: model.VPN, Name: "vpn"}, parent, {Index: 2, System: model.Directory, Name: "some", Parent: parent},
		{Index: 3, System: model.Directory, Name: "empty"}, {Index: 4, System: model.SaaS, Name: `"Quoted" \ group`}}
	f, err := Open(Options{Dir: dir, Policy: &model.Policy{Entitlements: list}, Order: list, UUID: func(kind string, _ uint64) string { return kind }})
	if err != nil {
		t.Fatal(err)
	}
	return f, dir
}

func TestHostileTextSurvivesCSV(t *testing.T) {
	f, dir := files(t)
	names := []string{`Lind, "Maja"`, " leading", "two\nlines", "ß;ı;İ", ""}
	for _, n := range names {
		f.Account(&model.Account{System: model.VPN, Name: "x", DisplayName: n, Kind: access.KindHuman, Enabled: true, Grants: []model.Grant{{Of: f.order[0]}}})
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(filepath.Join(dir, "vpn/accounts.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows[1:] {
		got = append(got, r[1])
	}
	if !slices.Equal(got, names) {
		t.Errorf("%q, want %q", got, names)
	}
}

func TestDirectoryHasNoEmptyGroupAndOnlySafeText(t *testing.T) {
	f, dir := files(t)
	f.Account(&model.Account{System: model.Directory, Name: "maja", DisplayName: "Måja Lind", FamilyName: " Lind", Email: "måja@acme.example",
		Kind: access.KindHuman, CreatedAt: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), Grants: []model.Grant{{Of: f.order[2]}}})
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "directory/acme.ldif"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, want := range []string{"cn:: TcOlamEgTGluZA==\n", "sn:: IExpbmQ=\n", "createTimestamp: 20240102030405Z\n", "pwdAccountLockedTime: 000001010000Z\n",
		"dn: cn=all,ou=groups,", "member: cn=some,ou=groups,dc=acme,dc=example\n", "member: uid=maja,ou=people,dc=acme,dc=example\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "cn=empty") || strings.Contains(text, "mail:") {
		t.Errorf("an empty group or a mail that is not ASCII:\n%s", text)
	}
	for l := range strings.Lines(text) {
		for _, r := range l {
			if r > 126 {
				t.Fatalf("not ASCII: %q", l)
			}
		}
	}
}

func TestSCIMCountsItsUsersBeforeTheyAreKnown(t *testing.T) {
	f, dir := files(t)
	for range 12 {
		f.Account(&model.Account{System: model.SaaS, ID: "u", Name: `a"b`, Kind: access.KindHuman, Grants: []model.Grant{{Of: f.order[4]}}})
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"Users.json": 12, "Groups.json": 1} {
		data, err := os.ReadFile(filepath.Join(dir, "saas", name))
		if err != nil {
			t.Fatal(err)
		}
		var list struct {
			TotalResults int
			Resources    []struct {
				UserName, DisplayName string
				Members               []struct{ Value string }
			}
		}
		if err := json.Unmarshal(data, &list); err != nil || list.TotalResults != want || len(list.Resources) != want {
			t.Errorf("%s: %v, %d of %d", name, err, len(list.Resources), list.TotalResults)
		}
		if g := list.Resources[0]; name == "Groups.json" && (g.DisplayName != `"Quoted" \ group` || len(g.Members) != 12) {
			t.Errorf("%+v", g)
		}
	}
}

func TestDiskErrorsComeOut(t *testing.T) {
	f, _ := files(t)
	if err := f.hr.out.file.Close(); err != nil {
		t.Fatal(err)
	}
	f.Person(&model.Person{})
	if err := f.Close(); err == nil || !strings.Contains(err.Error(), "workers.csv") {
		t.Errorf("a file that cannot be written: %v", err)
	}
}
