package csv

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collectors"
	"muster/collectors/collectortest"
	"muster/internal/access"
	"muster/internal/config"
)

var update = flag.Bool("update", false, "write the golden files anew")

func at(s string) time.Time {
	t, err := time.Parse(time.DateTime, s)
	if err != nil {
		panic(err)
	}
	return t
}

func now() time.Time { return at("2026-11-22 01:00:00") }

func collector(t testing.TB, dir, yaml string) *Collector {
	t.Helper()
	doc, err := config.Parse("muster.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(collectors.Spec{System: "erp", Dir: dir, Settings: doc.Root(), Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil || doc.Err() != nil {
		t.Fatal(err, doc.Err())
	}
	return c.(*Collector)
}

func write(t testing.TB, dir string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const settingsOfThree = `
delimiter: ";"
max_rejected: 1
date_layouts: ["02.01.2006 15:04", 02.01.2006]
accounts:
  path: accounts.csv
  columns: {id: UserNo, name: Login, display_name: Name, email: Mail, employee_id: Worker, owner: Owner, kind: Type, enabled: State, locked: Lock,
    privileged: Super, mfa: 2FA, created_at: Created, last_login: Last, expires_at: Expires}
  attributes: {plant: Plant}
  values: {enabled: {A: true, S: false}, kind: {D: human, T: service}}
  entitlements: {column: Roles, separator: "|"}
entitlements:
  path: roles.csv
  columns: {id: RoleNo, name: Role, kind: Kind, description: Text, privileged: Critical}
grants:
  path: grants.csv
  columns: {account: User, entitlement: Role, expires_at: Until}
privileged: ["*_admin"]
control: {accounts: 4, grants: 4}
`

// harness writes the files of the fixture as a scenario wants them.
type harness struct{}

func lines(header string, s collectortest.Scenario, rows ...string) string {
	if s.Reversed {
		rows = slices.Clone(rows)
		slices.Reverse(rows)
	}
	return header + "\n" + strings.Join(rows, "\n") + "\n"
}

// Open writes the files.
func (harness) Open(t testing.TB, s collectortest.Scenario) collectortest.Source {
	files := map[string]string{
		"roles.csv": lines("RoleNo;Role;Kind;Text;Critical", s, "10;GL_READ;role;Read the ledger;no", "11;PAY_VENDOR;role;Pay;yes", "12;SYS_ADMIN;role;;no"),
		"accounts.csv": lines("UserNo;Login;Name;Mail;Worker;Owner;Type;State;Lock;Super;2FA;Created;Last;Expires;Plant;Roles", s,
			"1;AMOREAU;Ada Moreau;ada@acme.example;W-00001;;D;A;no;no;yes;01.02.2019;21.11.2026 08:30;;Lyon;GL_READ|PAY_VENDOR|GL_READ",
			"2;BEK;Björn Ek;;;;D;A;yes;;;;never;31.12.9999;;",
			"3;BATCH;;;;W-00001;T;S;;y;n;;;21.11.2026;;12",
			"4;CLEO;;;;;D;?;;;;;;;;"),
		"grants.csv": lines("User;Role;Until", s, "2;GL_READ;", "BEK;TEMP;20.11.2026", "3;PAY_VENDOR;01.01.2027", "77;GL_READ;"),
	}
	if s.Fault == collectortest.Truncated {
		text := files["accounts.csv"]
		files["accounts.csv"] = text[:strings.Index(text, "3;BATCH")+12]
	}
	if s.Text != "" {
		files["accounts.csv"] = strings.ReplaceAll(files["accounts.csv"], "Ada Moreau", s.Text)
	}
	dir := write(t, t.TempDir(), files)
	return collectortest.Source{Collector: collector(t, dir, settingsOfThree), Requests: collectortest.WatchFiles(t, dir)}
}

func TestConformance(t *testing.T) {
	want := []access.Record{
		access.Entitlement{ID: "10", Name: "GL_READ", Kind: "role", Description: "Read the ledger", SourceRef: "row 2"},
		access.Entitlement{ID: "11", Name: "PAY_VENDOR", Kind: "role", Description: "Pay", Privileged: true, SourceRef: "row 3"},
		access.Entitlement{ID: "12", Name: "SYS_ADMIN", Kind: "role", Privileged: true, SourceRef: "row 4"},
		access.Account{ID: "1", Name: "AMOREAU", DisplayName: "Ada Moreau", Email: "ada@acme.example", EmployeeID: "W-00001", Kind: access.KindHuman,
			Enabled: true, MFA: access.Yes, CreatedAt: at("2019-02-01 00:00:00"), LastLogin: at("2026-11-21 08:30:00"),
			Attributes: map[string]string{"plant": "Lyon"}, SourceRef: "row 2"},
		access.Grant{AccountID: "1", EntitlementID: "10", Effective: true},
		access.Grant{AccountID: "1", EntitlementID: "11", Effective: true},
		access.Account{ID: "2", Name: "BEK", DisplayName: "Björn Ek", Kind: access.KindHuman, Locked: true, NeverLoggedIn: true, SourceRef: "row 3"},
		access.Account{ID: "3", Name: "BATCH", OwnerRef: "W-00001", Kind: access.KindService, Privileged: true, MFA: access.No,
			ExpiresAt: at("2026-11-21 00:00:00"), SourceRef: "row 4"},
		access.Grant{AccountID: "3", EntitlementID: "12", Effective: true},
		access.Rejection{Of: access.ClassAccount, Ref: "accounts.csv:5",
			Reason: `enabled: "?" is neither true nor false; expected yes or no, or a text that values maps`},
		access.Grant{AccountID: "2", EntitlementID: "10", Effective: true},
		access.Entitlement{ID: "TEMP", Name: "TEMP", Kind: "entitlement", SourceRef: "row 3"},
		access.Grant{AccountID: "2", EntitlementID: "TEMP", ExpiresAt: at("2026-11-20 00:00:00")},
		access.Grant{AccountID: "3", EntitlementID: "11", Effective: true, ExpiresAt: at("2027-01-01 00:00:00")},
		access.Rejection{Of: access.ClassGrant, Ref: "grants.csv:5", Reason: `account: "77" is no account of accounts.csv`},
	}
	local := "a local file has no server that refuses"
	collectortest.Run(t, harness{}, collectortest.Suite{
		Want:    want,
		Text:    "Ada Moreau",
		Reasons: map[collectortest.Fault]string{collectortest.Truncated: "accounts.csv: the file is cut off: line 4 does not end with a newline"},
		Cannot: collectortest.Capabilities{Paging: "a file has no pages", Secret: "a file needs no credentials",
			Faults: map[collectortest.Fault]string{collectortest.Unauthorised: local, collectortest.Throttled: local, collectortest.Unavailable: local,
				collectortest.Forbidden: "tests run as root, who may read every file; see table's TestOpenErrors",
				collectortest.Dropped:   "a local file has no connection; see table's TestReadError"}},
	})
}

// broken are exports and settings that something is wrong with. testdata/broken.golden says what the operator reads of each.
var broken = []struct {
	name, yaml string
	files      map[string]string
}{
	{"simplest", "accounts: {path: a.csv}", map[string]string{"a.csv": "name\nada\ngrace\n"}},
	{"id only", "accounts: {path: a.csv}", map[string]string{"a.csv": "id\nada\ngrace\n"}},
	{"no name and no id", "accounts: {path: a.csv}", map[string]string{"a.csv": "login\nada\n"}},
	{"accounts missing", "accounts: {path: a.csv}", nil},
	{"grants missing", "accounts: {path: a.csv}\ngrants: {path: g.csv}", map[string]string{"a.csv": "name\nada\n"}},
	{"mapped column missing", "accounts:\n  path: a.csv\n  columns: {enabled: Actif}", map[string]string{"a.csv": "name,Active\nada,yes\n"}},
	{"inline column missing", "accounts:\n  path: a.csv\n  entitlements: {column: Group}", map[string]string{"a.csv": "name,Groups\nada,x\n"}},
	{"repeated id", "accounts: {path: a.csv}", map[string]string{"a.csv": "id,name\n1,ada\n2,grace\n1,ada2\n"}},
	{"empty id", "accounts: {path: a.csv}", map[string]string{"a.csv": "id,name\n1,ada\n,grace\n"}},
	{"empty enabled", "accounts: {path: a.csv}", map[string]string{"a.csv": "name,enabled\nada,\n"}},
	{"unknown kind", "accounts: {path: a.csv}", map[string]string{"a.csv": "name,kind\nada,alien\n"}},
	{"bad login date", "accounts: {path: a.csv}", map[string]string{"a.csv": "name,last_login\nada,yesterday\n"}},
	{"control total short", "accounts: {path: a.csv}\ncontrol: {accounts: 3}", map[string]string{"a.csv": "name\nada\ngrace\n"}},
	{"control total long", "accounts: {path: a.csv}\ncontrol: {accounts: 1}", map[string]string{"a.csv": "name\nada\ngrace\n"}},
	{"unknown account", "accounts: {path: a.csv}\ngrants: {path: g.csv}", map[string]string{"a.csv": "name\nada\n", "g.csv": "account,entitlement\nada,x\nbob,x\n,x\nada,\n"}},
	{"name of two accounts", "accounts: {path: a.csv}\ngrants: {path: g.csv}", map[string]string{"a.csv": "id,name\n1,ada\n2,ada\n", "g.csv": "account,entitlement\nada,x\n"}},
	{"repeated entitlement", "accounts: {path: a.csv}\nentitlements: {path: e.csv}", map[string]string{"a.csv": "name\nada\n", "e.csv": "id,name\n1,x\n1,y\n2,x\n3,\n"}},
	{"cut grants", "accounts: {path: a.csv}\ngrants: {path: g.csv}", map[string]string{"a.csv": "name\nada\n", "g.csv": "account,entitlement\nada,x\nada,y"}},
	{"cut accounts and grants", "accounts: {path: a.csv}\ngrants: {path: g.csv}", map[string]string{"a.csv": "name\nada\nbo", "g.csv": "account,entitlement\nada,x\nada,y"}},
	{"settings: no accounts", "delimiter: ';'", nil},
	{"settings: unknown field", "accounts:\n  path: a.csv\n  columns: {logon: User}", nil},
	{"settings: unknown value", "accounts:\n  path: a.csv\n  values: {enabled: {A: active}, kind: {S: servcie}, colour: {red: true}}", nil},
	{"settings: bad glob", "accounts: {path: a.csv}\nprivileged: ['[admin']", nil},
	{"settings: control of nothing", "accounts: {path: a.csv}\ncontrol: {grants: 5, users: 2}", nil},
	{"settings: negative control", "accounts: {path: a.csv}\ncontrol: {accounts: -5}", nil},
	{"settings: no column", "accounts: {path: a.csv, entitlements: {separator: ','}}", nil},
}

func TestBrokenExports(t *testing.T) {
	var b strings.Builder
	for _, c := range broken {
		fmt.Fprintf(&b, "== %s\n", c.name)
		dir := write(t, t.TempDir(), c.files)
		doc, err := config.Parse("muster.yaml", []byte(c.yaml))
		if err != nil {
			t.Fatal(err)
		}
		made, err := New(collectors.Spec{System: "erp", Dir: dir, Settings: doc.Root(), Now: now})
		if err != nil {
			t.Fatal(err)
		}
		if err := doc.Err(); err != nil {
			fmt.Fprintf(&b, "%v\n", err)
			continue
		}
		sink := &memory{}
		snap, err := collectors.Run(context.Background(), collectors.RunSpec{ID: "s1", System: "erp", Now: now}, made, sink)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", snap.State)
		for _, k := range snap.Coverage.Classes {
			fmt.Fprintf(&b, "%s: %s, claimed %d, fetched %d, parsed %d, rejected %d\n", k.Class, k.State, k.Claimed, k.Fetched, k.Parsed, k.Rejected)
		}
		for _, r := range snap.Rejections {
			fmt.Fprintf(&b, "rejected %s: %s: %s\n", r.Of, r.Ref, r.Reason)
		}
		if snap.Reason != "" {
			fmt.Fprintf(&b, "reason: %s\nhint: %s\n", snap.Reason, snap.Hint)
		}
	}
	if strings.Contains(b.String(), os.TempDir()) {
		t.Error("the folder of this machine is in a message")
	}
	path := filepath.Join("testdata", "broken.golden")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("%s differs; look, then run with -update\n%s", path, b.String())
	}
}

// memory is a sink that counts.
type memory struct{ n int64 }

// Add counts.
func (m *memory) Add(context.Context, access.Record) error { m.n++; return nil }

func TestProbe(t *testing.T) {
	src := harness{}.Open(t, collectortest.Scenario{})
	if err := src.Collector.(*Collector).Probe(context.Background()); err != nil {
		t.Errorf("good files: %v", err)
	}
	for want, files := range map[string]map[string]string{
		"the file holds no row behind its header":            {"a.csv": "name\n"},
		`the header has none of the columns "name", "id"`:    {"a.csv": "login\nada\n"},
		`line 2: enabled: "maybe" is neither true nor false`: {"a.csv": "name,enabled\nada,maybe\n"},
		"read a.csv: no such file":                           nil,
	} {
		dir := write(t, t.TempDir(), files)
		err := collector(t, dir, "accounts: {path: a.csv}").Probe(context.Background())
		if err == nil || !strings.Contains(err.Error(), want) || access.HintOf(err) == "" {
			t.Errorf("want %q and a hint, got %v", want, err)
		}
	}
}

func TestImpliedEntitlementsAreNoted(t *testing.T) {
	cov, err := harness{}.Open(t, collectortest.Scenario{}).Collector.Collect(context.Background(), func(access.Record) error { return nil })
	if q := strings.Join(cov.Queries, "\n"); err != nil || !strings.Contains(q, "note: 1 entitlements are named by grants and not by roles.csv") {
		t.Errorf("error %v, queries:\n%s", err, q)
	}
}

func FuzzAccounts(f *testing.F) {
	f.Add("id,name,enabled,last_login,groups\n1,ada,yes,never,a;b\n", "account,entitlement\nada,a\n")
	f.Add("id,name\n1,ada\n1,x\n,\"\n", "account,entitlement,expires_at\n1,x,2026-13-01\n")
	f.Add("name\tkind\n\xff\tservice\n", "entitlement;account\n;\n")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, accounts, grants string) {
		write(t, dir, map[string]string{"a.csv": accounts, "g.csv": grants})
		c := collector(t, dir, "accounts: {path: a.csv}\ngrants: {path: g.csv}")
		n := map[access.Class]int64{}
		cov, err := c.Collect(context.Background(), func(r access.Record) error {
			switch v := r.(type) {
			case access.Rejection:
				if v.Reason == "" || v.Ref == "" {
					t.Fatalf("a rejection says nothing: %+v", v)
				}
			case access.Account:
				n[r.Class()]++
				if v.ID == "" || v.Name == "" {
					t.Fatalf("no identity: %+v", v)
				}
			case access.Grant:
				n[r.Class()]++
				if v.AccountID == "" || v.EntitlementID == "" {
					t.Fatalf("no identity: %+v", v)
				}
			}
			return nil
		})
		for _, k := range cov.Classes {
			if k.Class != access.ClassEntitlement && k.Parsed != n[k.Class] || k.Fetched != k.Parsed+k.Rejected || k.State != access.Complete && k.Reason == "" {
				t.Fatalf("%+v does not fit %v", k, n)
			}
		}
		if (err == nil) != (cov.State() == access.Complete) {
			t.Fatalf("state %s, error %v", cov.State(), err)
		}
	})
}
