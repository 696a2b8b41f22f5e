package rows

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/access"
)

func TestEntitlementNames(t *testing.T) {
	for _, c := range []struct {
		p        Privilege
		database string
		want     string
	}{
		{Privilege{Kind: "table", Schema: "fin", Object: "ledger", Privilege: "SELECT"}, "", "table:fin.ledger:SELECT"},
		{Privilege{Kind: "table", Schema: "fin", Object: "ledger", Privilege: "SELECT"}, "books", "table:books.fin.ledger:SELECT"},
		{Privilege{Kind: "schema", Object: "fin", Privilege: "USAGE"}, "", "schema:fin:USAGE"},
		{Privilege{Kind: "schema", Schema: "fin", Privilege: "USAGE"}, "", "schema:fin:USAGE"},
		{Privilege{Kind: "schema", Schema: "fin", Object: "fin", Privilege: "USAGE"}, "", "schema:fin:USAGE"},
		{Privilege{Kind: "database", Object: "books", Privilege: "CONNECT"}, "books", "database:books:CONNECT"},
	} {
		if got := c.p.Entitlement(c.database); got != c.want {
			t.Errorf("%+v: %s, want %s", c.p, got, c.want)
		}
	}
}

func readExport(t testing.TB, text string) ([][]string, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "members.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var got [][]string
	err := Export{Dir: dir}.Read(context.Background(), Members(), func(_ string, row []string) error {
		got = append(got, row)
		return nil
	})
	return got, err
}

func TestExportFiles(t *testing.T) {
	for _, c := range []struct {
		name, text string
		rows       int
		kind       access.Kind
		says       string
	}{
		{"columns in another order, unknown ones, a byte order mark", "\ufeffmember,x,admin_option,ROLE\nada,1,t,staff\n", 1, "", ""},
		{"cut in the last row", "role,member,admin_option\nstaff,ada,t\nstaff,b", 1, access.Incomplete, "does not end with a newline"},
		{"cut inside quotes", "role,member,admin_option\nstaff,ada,t\nstaff,\"b", 1, access.Incomplete, "does not end with a newline"},
		{"cut in the header", "role,mem", 0, access.Invalid, `no column "member"`},
		{"empty", "", 0, access.Invalid, "it has no header"},
		{"header only", "role,member,admin_option\n", 0, "", ""},
		{"a ragged row", "role,member,admin_option\nstaff\nstaff,ada,t\n", 2, "", ""},
		{"a stray quote", "role,member,admin_option\nst\"aff,ada,t\nx,y,t\n", 0, access.Invalid, "line 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readExport(t, c.text)
			if len(got) != c.rows || (c.kind == "") != (err == nil) || err != nil && (access.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%d rows, %v; want %d, %q", len(got), err, c.rows, c.kind)
			}
		})
	}
	if rows, _ := readExport(t, "\ufeffmember,x,admin_option,ROLE\nada,1,t,staff\n"); rows[0][0] != "staff" || rows[0][1] != "ada" || rows[0][2] != "t" || rows[0][3] != "" {
		t.Errorf("row %q", rows[0])
	}
	err := Export{Dir: t.TempDir()}.Read(context.Background(), Roles(), nil)
	if access.KindOf(err) != access.NotFound || access.HintOf(err) == "" {
		t.Errorf("a missing file gave %v", err)
	}
	full := errors.New("full")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "members.csv"), []byte("role,member,admin_option\na,b,t\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (Export{Dir: dir}).Read(context.Background(), Members(), func(string, []string) error { return full }); !errors.Is(err, full) {
		t.Errorf("the receiver's error came back as %v", err)
	}
}

func FuzzRows(f *testing.F) {
	f.Add("oid,rolname,rolsuper,rolinherit,rolcreaterole,rolcreatedb,rolcanlogin,comment\n1,ada,f,t,f,f,t,\"employee=W-1\"\n")
	f.Add("oid,rolname,rolsuper,rolinherit,rolcreaterole,rolcreatedb,rolcanlogin\n1,a,x,,,,\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		_ = readCSV(strings.NewReader(text), Roles(), func(line int, row []string) error {
			if row == nil {
				return nil
			}
			if line < 2 || len(row) != len(Roles().Columns()) {
				t.Fatalf("line %d with %d fields", line, len(row))
			}
			if r, err := ParseRole("line", row); err == nil && (r.OID == "" || r.Name == "") {
				t.Fatalf("accepted %q", row)
			}
			_, _ = ParseMembership(row)
			if p, err := ParsePrivilege(row); err == nil && !strings.Contains(p.Entitlement("db"), ":") {
				t.Fatalf("named %q", p.Entitlement("db"))
			}
			return nil
		})
	})
}
