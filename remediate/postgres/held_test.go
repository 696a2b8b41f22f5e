package postgres

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/collectors"
	collector "muster/collectors/postgres"
	"muster/internal/access"
	"muster/internal/config"
)

// TestEveryEntitlementIsGrantedAndRemoved goes through what the collector names.
func TestEveryEntitlementIsGrantedAndRemoved(t *testing.T) {
	server := startServer(t)
	s := standUp(t, server, "superuser")
	s.run("CREATE FOREIGN DATA WRAPPER wrap", "CREATE SERVER far FOREIGN DATA WRAPPER wrap", "SELECT lo_create(4711)", `CREATE VIEW fin.sum AS SELECT 1 AS "a b"`)
	whole := dump(t, server)
	for _, c := range []struct{ account, entitlement string }{
		{"ada", "staff"}, {"cid", "staff"}, {"cid", "pg_read_all_data"}, {"ada", "senior"}, // ada holds senior through staff as well
		{"cid", "attribute:superuser"}, {"cid", "attribute:createrole"}, {"cid", "attribute:createdb"}, {"bob", "attribute:createdb"},
		{"cid", "attribute:replication"}, {"cid", "attribute:bypassrls"},
		{"ada", "table:fin.ledger:SELECT"}, {"cid", "table:fin.ledger:SELECT"}, {"cid", "table:fin.ledger:TRUNCATE"}, {"cid", `table:fin.odd.na"me:DELETE`}, {"cid", "table:fin.sum:SELECT"},
		{"ada", "column:fin.ledger.amount:SELECT"}, {"cid", "column:fin.ledger.amount:UPDATE"}, {"cid", `column:fin.ledger.odd.na"me:REFERENCES`}, {"cid", "column:fin.sum.a b:SELECT"},
		{"cid", "sequence:fin.numbers:USAGE"}, {"cid", "schema:fin:CREATE"}, {"cid", "type:fin.mood:USAGE"}, {"cid", "function:fin.close():EXECUTE"},
		{eve, "function:fin.post(a integer, VARIADIC b text[], OUT c fin.mood):EXECUTE"}, {"cid", "function:fin.post(a integer, VARIADIC b text[], OUT c fin.mood):EXECUTE"},
		{eve, "table:fin.ledger:UPDATE"}, {eve, "column:fin.ledger.amount:INSERT"}, {eve, "database:books:TEMPORARY"},
		{"cid", "database:books:CONNECT"}, {"cid", "database:postgres:CREATE"}, {"cid", "tablespace:pg_default:CREATE"}, {"cid", "language:sql:USAGE"},
		{"cid", "foreign_server:far:USAGE"}, {"cid", "foreign_data_wrapper:wrap:USAGE"}, {"cid", "large_object:4711:UPDATE"},
	} {
		t.Run(c.account+" "+c.entitlement, func(t *testing.T) {
			s := &stand{t, s.server, s.target}
			before := ask(t, server, shapeSQL)
			grant := action(access.GrantEntitlement, c.account, c.entitlement)
			obs, err := s.target.Inspect(context.Background(), grant)
			if err != nil {
				t.Fatal(err)
			}
			first := grant
			if obs.Holds {
				first.Kind = access.RemoveEntitlement
			}
			for _, option := range []bool{false, !strings.HasPrefix(c.entitlement, "attribute:")} {
				first.AdminOption = option
				a, receipt := s.mustDo(first)
				changed := ask(t, server, shapeSQL)
				if changed == before {
					t.Fatal("the dump shows no change")
				}
				if _, again, err := s.do(a); err != nil || again.Outcome != access.OutcomeAlready {
					t.Errorf("the second time: %+v, %v", again, err)
				}
				s.undo(a, receipt)
				if after := ask(t, server, shapeSQL); after != before {
					t.Fatalf("undo differs:\n%s\n%s", before, after)
				}
				if obs.Holds {
					break // who removes has no option
				}
			}
		})
	}
	if after := dump(t, server); after != whole {
		t.Errorf("after all undos:\n%s\n%s", whole, after)
	}
}

// TestRevokeOfATableLeavesItsColumns: the server takes them with it.
func TestRevokeOfATableLeavesItsColumns(t *testing.T) {
	server := startServer(t)
	s := standUp(t, server, "superuser")
	s.mustDo(action(access.RemoveEntitlement, "ada", "table:fin.ledger:SELECT"))
	after := dump(t, server)
	for _, line := range []string{"books: GRANT SELECT(id) ON TABLE fin.ledger TO ada;", "books: GRANT SELECT(amount) ON TABLE fin.ledger TO ada WITH GRANT OPTION;"} {
		if !strings.Contains(after, line+"\n") {
			t.Errorf("no line %q in\n%s", line, after)
		}
	}
	if strings.Contains(after, "GRANT SELECT ON TABLE fin.ledger TO ada") {
		t.Error("ada still holds the table")
	}
}

// TestEveryCollectedGrantIsUnderstood reads the cluster with the collector and looks for each direct grant.
func TestEveryCollectedGrantIsUnderstood(t *testing.T) {
	server := startServer(t)
	run(t, server, "postgres", "CREATE DATABASE other")
	run(t, server, "other", "CREATE SCHEMA fin", "CREATE TABLE fin.ledger ()")
	for name, databases := range map[string][]string{"one database": nil, "several": {"other"}} {
		t.Run(name, func(t *testing.T) {
			s := standUp(t, server, "superuser", databases...)
			run(t, server, "other", "GRANT SELECT ON fin.ledger TO ada")
			defer run(t, server, "other", "DROP OWNED BY ada")
			s.run("ALTER ROLE cid SUPERUSER CREATEROLE CREATEDB REPLICATION BYPASSRLS", "GRANT pg_monitor TO cid", "GRANT USAGE ON LANGUAGE sql TO cid", "GRANT CREATE ON TABLESPACE pg_default TO cid",
				"CREATE ROLE auditor LOGIN PASSWORD '"+secret+"'")
			yaml := fmt.Sprintf("url: postgres://auditor@%s/%s?sslmode=disable\npassword: {env: PG_TEST_PASSWORD}\ndatabases: [%s]", server.Addr(), database,
				strings.Join(append([]string{database}, databases...), ", "))
			doc, err := config.Parse("muster.yaml", []byte(yaml))
			if err != nil {
				t.Fatal(err)
			}
			c, err := collector.New(collectors.Spec{System: "ledger", Settings: doc.Root(), Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			accounts, entitlements := map[string]access.Account{}, map[string]access.Entitlement{}
			var grants []access.Grant
			if _, err := c.Collect(context.Background(), func(r access.Record) error {
				switch r := r.(type) {
				case access.Account:
					accounts[r.ID] = r
				case access.Entitlement:
					entitlements[r.ID] = r
				case access.Grant:
					grants = append(grants, r)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			direct := 0
			for _, g := range grants {
				e, a := entitlements[g.EntitlementID], accounts[g.AccountID]
				if len(g.Path) > 0 {
					continue
				}
				direct++
				obs, err := s.target.Inspect(context.Background(), access.Action{Kind: access.RemoveEntitlement, Account: access.AccountRef{ID: a.ID, Name: a.Name},
					Entitlement: access.HeldRef{ID: e.ID, Name: e.Name, Kind: e.Kind}})
				if err != nil || !obs.Holds || obs.Enabled != a.Enabled || !obs.ExpiresAt.Equal(a.ExpiresAt) {
					t.Errorf("%s of %s: %+v, %v", e.Name, a.Name, obs, err)
				}
			}
			if direct < 25 {
				t.Errorf("only %d direct grants", direct)
			}
		})
	}
}

func TestSeveralDatabases(t *testing.T) {
	server := startServer(t)
	run(t, server, "postgres", "CREATE DATABASE other")
	run(t, server, "postgres", `CREATE DATABASE "books.fin"`)
	s := standUp(t, server, "superuser", "other")
	run(t, server, "other", "CREATE SCHEMA fin", "CREATE TABLE fin.ledger ()")
	for _, where := range []string{database, "other"} {
		s.mustDo(action(access.GrantEntitlement, "cid", "table:"+where+".fin.ledger:DELETE"))
		if n := strings.Count(dump(t, server), where+": GRANT DELETE ON TABLE fin.ledger TO cid;"); n != 1 {
			t.Errorf("%d grants in %s", n, where)
		}
	}
	s.mustDo(action(access.GrantEntitlement, "cid", "database:other:CREATE"))
	s.refused(action(access.GrantEntitlement, "cid", "table:fin.ledger:SELECT"), access.NotFound, "none of the databases")
	run(t, server, "other", "DROP OWNED BY cid")
	s = standUp(t, server, "superuser", "books.fin")
	s.refused(action(access.GrantEntitlement, "cid", "table:books.fin.ledger:SELECT"), access.Conflict, "several databases")
}
