package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"muster/internal/access"
	pgserver "muster/internal/testserver/postgres"
	"muster/remediate"
	"muster/remediate/targettest"
)

// stand is one server with a target that changes it.
type stand struct {
	t      *testing.T
	server *pgserver.Server
	target remediate.Target
}

// standUp makes the fixture and a target without a proxy. databases beside the first are read too.
func standUp(t *testing.T, server *pgserver.Server, writer string, databases ...string) *stand {
	t.Helper()
	reset(t, server, writer)
	run(t, server, database, more(writer)...)
	theirs := fmt.Sprintf("url: postgres://auditor@%s/%s?sslmode=disable", server.Addr(), database)
	if len(databases) > 0 {
		theirs += "\ndatabases: [" + strings.Join(append([]string{database}, databases...), ", ") + "]"
	}
	own := fmt.Sprintf("url: postgres://writer@%s/postgres?sslmode=disable\npassword: {env: PG_TEST_PASSWORD}", server.Addr())
	return &stand{t, server, target(t, targettest.Scenario{}, own, theirs)}
}

// action is one on the fixture's account.
func action(kind access.ActionKind, account, entitlement string) access.Action {
	a := access.Action{ID: "A-" + string(kind), Kind: kind, System: "ledger", Account: access.AccountRef{Name: account}, Entitlement: access.HeldRef{Name: entitlement}}
	if strings.Contains(entitlement, ":") { // what has no oid is its own id
		a.Entitlement.ID = entitlement
	}
	return a
}

func (s *stand) run(statements ...string) { s.t.Helper(); run(s.t, s.server, database, statements...) }

// do looks and applies, as the executor does.
func (s *stand) do(a access.Action) (access.Action, access.Receipt, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	obs, err := s.target.Inspect(ctx, a)
	if err != nil {
		return a, access.Receipt{}, err
	}
	a.Before = &obs
	receipt, err := s.target.Apply(ctx, a)
	return a, receipt, err
}

func (s *stand) mustDo(a access.Action) (access.Action, access.Receipt) {
	s.t.Helper()
	a, receipt, err := s.do(a)
	if err != nil {
		s.t.Fatalf("%s of %s: %v", a.Kind, a.Account.Name, err)
	}
	if receipt.Outcome != access.OutcomeDone || !receipt.After.Shows(a) {
		s.t.Fatalf("%s of %s: %+v", a.Kind, a.Account.Name, receipt)
	}
	return a, receipt
}

// undo applies the inverse.
func (s *stand) undo(a access.Action, receipt access.Receipt) access.Receipt {
	s.t.Helper()
	inverse, ok := remediate.Inverse(a, *a.Before)
	if !ok {
		s.t.Fatalf("%s has no inverse", a.Kind)
	}
	if inverse.ID = "A-UNDO"; a.Kind == access.CreateAccount {
		inverse.Account.ID = receipt.After.AccountID
	}
	_, undone := s.mustDo(inverse)
	return undone
}

// refused wants an error of a kind whose text or hint says something, and nothing changed.
func (s *stand) refused(a access.Action, kind access.Kind, says string) {
	s.t.Helper()
	before := ask(s.t, s.server, shapeSQL)
	_, receipt, err := s.do(a)
	if access.KindOf(err) != kind || !strings.Contains(err.Error()+" "+access.HintOf(err), says) {
		s.t.Errorf("%s of %s: %+v, %v (%s) of kind %q; want %q that says %q", a.Kind, a.Account.Name, receipt, err, access.HintOf(err), access.KindOf(err), kind, says)
	}
	if after := ask(s.t, s.server, shapeSQL); after != before {
		s.t.Errorf("%s of %s was refused and changed the cluster:\n%s\n%s", a.Kind, a.Account.Name, before, after)
	}
}

// TestLeastPrivilege does every kind of action as a role that is no superuser, and takes it back to the byte.
func TestLeastPrivilege(t *testing.T) {
	server := startServer(t)
	for kind, a := range suite().Actions {
		t.Run(string(kind), func(t *testing.T) {
			s := standUp(t, server, "createrole")
			session, err := connectAs(server, "dan")
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close(context.Background())
			before := dump(t, server)
			done, receipt := s.mustDo(a)
			if kind == access.RevokeSessions {
				if err := session.Ping(context.Background()); err == nil {
					t.Error("the session lives on")
				}
				return
			}
			if dump(t, server) == before {
				t.Fatal("the dump shows no change")
			}
			s.undo(done, receipt)
			if after := dump(t, server); after != before {
				t.Errorf("undo differs:\n%s\n%s", before, after)
			}
		})
	}
}

// TestDeletedRoleComesBackWithAllThatItHad uses names, comments and settings that need quotes, and privileges of several grantors.
func TestDeletedRoleComesBackWithAllThatItHad(t *testing.T) {
	server := startServer(t)
	for writer := range writers() {
		t.Run(writer, func(t *testing.T) {
			s := standUp(t, server, writer)
			before, old := dump(t, server), oid(t, server, eve)
			a, receipt := s.mustDo(action(access.DeleteAccount, eve, ""))
			if strings.Contains(dump(t, server), "O'Brien") {
				t.Fatal("the role is still there")
			}
			undone := s.undo(a, receipt)
			if after := dump(t, server); after != before {
				t.Errorf("undo differs:\n%s\n%s", before, after)
			}
			if undone.After.AccountID == old || undone.After.AccountID != oid(t, server, eve) {
				t.Errorf("the receipt names the oid %s", undone.After.AccountID)
			}
		})
	}
	t.Run("what is gone meanwhile stays away and is said", func(t *testing.T) {
		s := standUp(t, server, "superuser")
		a, receipt := s.mustDo(action(access.DeleteAccount, eve, ""))
		s.run("DROP ROLE eves", "DROP FUNCTION fin.post(int, text[])")
		undone := s.undo(a, receipt)
		if !strings.Contains(undone.Said, "no longer there: role eves, function fin.post") {
			t.Errorf("the receipt says %q", undone.Said)
		}
	})
}

func TestWhatMustNotBeTouchedIsRefused(t *testing.T) {
	server := startServer(t)
	s := standUp(t, server, "superuser")
	s.run("CREATE ROLE old LOGIN VALID UNTIL '2020-01-01'", "CREATE ROLE helper LOGIN")
	create := func(name, employee string) access.Action {
		a := action(access.CreateAccount, name, "")
		a.Attributes = map[string]string{access.AttrUserName: name, access.AttrEmployeeID: employee}
		return a
	}
	renamed := action(access.DisableAccount, "ada", "")
	renamed.Account.ID = oid(t, server, "cid")
	other := action(access.GrantEntitlement, "cid", "staff")
	other.Entitlement.ID = oid(t, server, "senior")
	for name, c := range map[string]struct {
		a    access.Action
		kind access.Kind
		says string
	}{
		"the bootstrap superuser":       {action(access.DisableAccount, "postgres", ""), access.Denied, "bootstrap"},
		"a built-in role":               {action(access.EnableAccount, "pg_monitor", ""), access.Invalid, "server's own"},
		"the own role":                  {action(access.DeleteAccount, "writer", ""), access.Denied, "connects as"},
		"the own role's attribute":      {action(access.RemoveEntitlement, "writer", "attribute:superuser"), access.Denied, "connects as"},
		"a renamed role":                {renamed, access.Conflict, "another name"},
		"a renamed entitlement":         {other, access.Conflict, "another name"},
		"enabling one that expired":     {action(access.EnableAccount, "old", ""), access.Conflict, "VALID UNTIL is over"},
		"a taken name":                  {create("ada", "W-9"), access.Conflict, "does not name W-9"},
		"a name that is nobody's":       {create("helper", "W-9"), access.Conflict, "employee=W-9"},
		"a group's name":                {create("staff", ""), access.Conflict, "cannot log in"},
		"a name that the server keeps":  {create("pg_ada", "W-9"), access.Invalid, "for itself"},
		"a name that would be cut":      {create(strings.Repeat("é", 32), "W-9"), access.Invalid, "63 bytes"},
		"no name":                       {create("", "W-9"), access.Invalid, "no user name"},
		"a privilege of an owner":       {action(access.GrantEntitlement, "owner", "table:fin.ledger:SELECT"), access.Conflict, "owns the object"},
		"an unknown privilege":          {action(access.GrantEntitlement, "cid", "table:fin.ledger:SELECT ON x; DROP"), access.NotFound, "role is not there"},
		"an unknown attribute":          {action(access.GrantEntitlement, "cid", "attribute:login"), access.NotFound, "no such attribute"},
		"an object that is not there":   {action(access.GrantEntitlement, "cid", "table:fin.nothing:SELECT"), access.NotFound, "object is not there"},
		"a grant that others depend on": {action(access.RemoveEntitlement, "granter", "table:fin.ledger:SELECT"), access.Conflict, "depend"},
		"a cycle of memberships":        {action(access.GrantEntitlement, "senior", "staff"), access.Invalid, "member of role"},
	} {
		t.Run(name, func(t *testing.T) { (&stand{t, server, s.target}).refused(c.a, c.kind, c.says) })
	}
}

func TestRolesThatAreNeededAreNotDeleted(t *testing.T) {
	server := startServer(t)
	run(t, server, "postgres", "CREATE DATABASE other")
	for name, c := range map[string]struct {
		database   string
		statements []string
		says       string
	}{
		"owner":                 {database, []string{"CREATE TABLE fin.own ()", "ALTER TABLE fin.own OWNER TO cid"}, "owns 1 objects in database books"},
		"owner elsewhere":       {"other", []string{"CREATE TABLE public.own ()", "ALTER TABLE public.own OWNER TO cid"}, "owns 1 objects in database other"},
		"policy":                {database, []string{"CREATE POLICY mine ON fin.ledger TO cid"}, "policies"},
		"default privileges":    {database, []string{"ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT SELECT ON TABLES TO cid"}, "default privileges"},
		"granted to others":     {database, []string{"GRANT USAGE ON SCHEMA fin TO cid", "GRANT SELECT ON fin.ledger TO cid WITH GRANT OPTION", "SET ROLE cid", "GRANT SELECT ON fin.ledger TO dan"}, "depend"},
		"privileges in several": {"other", []string{"CREATE TABLE public.theirs ()", "GRANT SELECT ON public.theirs TO cid", "GRANT CREATE ON DATABASE books TO cid"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := standUp(t, server, "superuser")
			run(t, server, c.database, c.statements...)
			defer run(t, server, "other", "DROP OWNED BY cid")
			if c.says != "" {
				s.refused(action(access.DeleteAccount, "cid", ""), access.Conflict, c.says)
				return
			}
			s.run("GRANT SELECT ON fin.ledger TO cid")
			s.refused(action(access.DeleteAccount, "cid", ""), access.Conflict, "others in database books")
			s.run("REVOKE SELECT ON fin.ledger FROM cid")
			before := dump(t, server)
			a, receipt := s.mustDo(action(access.DeleteAccount, "cid", "")) // those of the other database are ended there
			s.undo(a, receipt)
			if after := dump(t, server); after != before {
				t.Errorf("undo differs:\n%s\n%s", before, after)
			}
		})
	}
}

func TestExpiry(t *testing.T) {
	server := startServer(t)
	s := standUp(t, server, "superuser")
	until := func() string {
		return ask(t, server, "SELECT coalesce(rolvaliduntil::text, 'NULL') FROM pg_roles WHERE rolname = 'cid'")
	}
	for former, back := range map[string]string{"2031-02-03 04:05:06.789+00": "", "infinity": "", "-infinity": "", "NULL": "infinity"} {
		t.Run(former, func(t *testing.T) {
			s := &stand{t, server, s.target}
			if former == "NULL" {
				s.run("DROP ROLE cid", "CREATE ROLE cid LOGIN")
			} else {
				s.run("ALTER ROLE cid VALID UNTIL '" + former + "'")
			}
			a := action(access.SetExpiry, "cid", "")
			a.ExpiresAt = time.Date(2029, 1, 2, 3, 4, 5, 678912345, time.FixedZone("", 3600)) // nine digits: the server keeps six
			done, receipt := s.mustDo(a)
			if got := until(); got != "2029-01-02 02:04:05.678912+00" {
				t.Errorf("VALID UNTIL is %s", got)
			}
			s.undo(done, receipt)
			if back == "" {
				back = former
			}
			if got := until(); got != back {
				t.Errorf("VALID UNTIL is %s again, want %s", got, back)
			}
		})
	}
	s.run("ALTER ROLE cid VALID UNTIL '2031-01-01'")
	s.mustDo(action(access.SetExpiry, "cid", ""))
	if got := until(); got != "infinity" {
		t.Errorf("without an expiry VALID UNTIL is %s", got)
	}
}

// TestNobodyIsOvertaken changes the account between the look inside the transaction and the write: the lock makes the target wait and see it.
func TestNobodyIsOvertaken(t *testing.T) {
	server := startServer(t)
	for writer := range writers() {
		t.Run(writer, func(t *testing.T) {
			s := standUp(t, server, writer)
			ctx := context.Background()
			a := action(access.DisableAccount, "ada", "")
			obs, err := s.target.Inspect(ctx, a)
			if err != nil {
				t.Fatal(err)
			}
			a.Before = &obs
			conn, err := server.Connect(ctx, database)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(ctx)
			tx, err := conn.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(ctx, "ALTER ROLE ada CONNECTION LIMIT 9"); err != nil {
				t.Fatal(err)
			}
			result := make(chan error, 1)
			go func() { _, err := s.target.Apply(ctx, a); result <- err }()
			for ask(t, server, "SELECT count(*)::text FROM pg_locks WHERE NOT granted") == "0" {
				select {
				case err := <-result:
					t.Fatalf("it did not wait: %v", err)
				case <-time.After(10 * time.Millisecond):
				}
			}
			if err := tx.Commit(ctx); err != nil {
				t.Fatal(err)
			}
			if err := <-result; access.KindOf(err) != access.Conflict {
				t.Errorf("error %v of kind %q, want a conflict", err, access.KindOf(err))
			}
			if got := ask(t, server, "SELECT rolcanlogin::text || rolconnlimit FROM pg_roles WHERE rolname = 'ada'"); got != "true9" {
				t.Errorf("login and limit are %s", got)
			}
			s.mustDo(action(access.DisableAccount, "ada", ""))
		})
	}
}

// TestChangesOfOneObjectForManyAtOnceAllHappen: PostgreSQL lets of two that change the rights on one object at a time only one through.
func TestChangesOfOneObjectForManyAtOnceAllHappen(t *testing.T) {
	server := startServer(t)
	s := standUp(t, server, slices.Sorted(maps.Keys(writers()))[0])
	const many = 12
	for i := range many {
		s.run(fmt.Sprintf("CREATE ROLE crowd%d LOGIN", i), "SET ROLE owner", fmt.Sprintf("GRANT USAGE ON SCHEMA fin TO crowd%d", i), "RESET ROLE")
	}
	errs := make(chan error, many)
	for i := range many {
		go func() {
			a := action(access.RemoveEntitlement, fmt.Sprintf("crowd%d", i), "schema:fin:USAGE")
			a.ID = fmt.Sprintf("A-CROWD%d", i)
			_, err := s.target.Apply(context.Background(), a)
			errs <- err
		}()
	}
	for range many {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if left := ask(t, server, "SELECT count(*)::text FROM pg_namespace, aclexplode(nspacl) x JOIN pg_roles r ON r.oid = x.grantee WHERE nspname = 'fin' AND rolname LIKE 'crowd%'"); left != "0" {
		t.Errorf("%s of %d still hold it", left, many)
	}
}

// TestRightsThatAreMissing: what the server declines with a mere warning is an error, and is rolled back.
func TestRightsThatAreMissing(t *testing.T) {
	server := startServer(t)
	for name, c := range map[string]struct {
		lost string
		a    access.Action
	}{
		"grant on a foreign object":    {"owner, granter", action(access.GrantEntitlement, "cid", "table:fin.ledger:SELECT")},
		"revoke on a foreign object":   {"owner, granter", action(access.RemoveEntitlement, "ada", "table:fin.ledger:SELECT")},
		"revoke of a foreign grantor":  {"granter", action(access.RemoveEntitlement, "ada", "table:fin.ledger:SELECT")},
		"delete with foreign grantors": {"granter", action(access.DeleteAccount, eve, "")},
		"sessions":                     {"pg_signal_backend", action(access.RevokeSessions, "dan", "")},
		"superuser":                    {"owner", action(access.GrantEntitlement, "cid", "attribute:superuser")},
	} {
		t.Run(name, func(t *testing.T) {
			s := standUp(t, server, "createrole")
			session, err := connectAs(server, "dan")
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close(context.Background())
			s.run("REVOKE " + c.lost + " FROM writer")
			s.refused(c.a, access.Denied, "")
		})
	}
}

// TestCreationIsRecognised: by its name and employee, and by the employee alone.
func TestCreationIsRecognised(t *testing.T) {
	server := startServer(t)
	s := standUp(t, server, "superuser")
	a := suite().Actions[access.CreateAccount]
	_, receipt := s.mustDo(a)
	for text, want := range map[string]string{
		"SELECT shobj_description('fay'::regrole, 'pg_authid')":                                                  "employee=W-6 email=fay@acme.example name='Fay O''Hara'",
		"SELECT (rolpassword IS NULL AND rolcanlogin AND rolinherit)::text FROM pg_authid WHERE rolname = 'fay'": "true",
	} {
		if got := ask(t, server, text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	a.Attributes[access.AttrUserName] = "f.ohara"
	_, again, err := s.do(a)
	if err != nil || again.Outcome != access.OutcomeAlready || again.After.AccountID != receipt.After.AccountID {
		t.Errorf("under another name: %+v, %v", again, err)
	}
	a.Attributes[access.AttrEmployeeID] = "W-" // part of an employee id is none
	a.Attributes[access.AttrUserName] = "gus"
	s.mustDo(a)
}

func TestSessionsOfOthersLive(t *testing.T) {
	server := startServer(t)
	s := standUp(t, server, "superuser")
	s.run("ALTER ROLE ada PASSWORD '" + secret + "'")
	var open []interface{ Ping(context.Context) error }
	for _, role := range []string{"dan", "dan", "ada"} {
		conn, err := connectAs(server, role)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		open = append(open, conn)
	}
	s.refused(action(access.DeleteAccount, "dan", ""), access.Conflict, "2 sessions of the role are open")
	a, receipt := s.mustDo(action(access.RevokeSessions, "dan", ""))
	if a.Before.Sessions != 2 || !strings.Contains(receipt.Said, "2 sessions") {
		t.Errorf("%d sessions before; %s", a.Before.Sessions, receipt.Said)
	}
	for i, alive := range []bool{false, false, true} {
		if err := open[i].Ping(context.Background()); (err == nil) != alive {
			t.Errorf("session %d: %v", i, err)
		}
	}
}

func TestSelf(t *testing.T) {
	server := startServer(t)
	s := standUp(t, server, "superuser")
	s.run("CREATE ROLE acting SUPERUSER", "ALTER ROLE writer SET role TO acting")
	self := s.target.Abilities().Self
	for _, want := range []string{"writer", "acting", oid(t, server, "writer"), oid(t, server, "acting")} {
		if !slices.Contains(self, want) {
			t.Errorf("self is %v, want %s in it", self, want)
		}
	}
	s.refused(action(access.RemoveEntitlement, "acting", "attribute:superuser"), access.Denied, "connects as")
	before := dump(t, server) // SET LOCAL ROLE goes back to the role that acts
	a, receipt := s.mustDo(action(access.DeleteAccount, eve, ""))
	s.undo(a, receipt)
	if after := dump(t, server); after != before {
		t.Errorf("undo differs:\n%s\n%s", before, after)
	}
}

// TestTargetWithoutAServer: nobody hangs.
func TestTargetWithoutAServer(t *testing.T) {
	t.Setenv("PG_TEST_PASSWORD", secret)
	tg := target(t, targettest.Scenario{}, "url: postgres://writer@127.0.0.1:1/books\npassword: {env: PG_TEST_PASSWORD}", "")
	_, err := tg.Inspect(context.Background(), action(access.DisableAccount, "ada", ""))
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok || access.KindOf(err) != access.Transient {
		t.Errorf("error %v of kind %q", err, access.KindOf(err))
	}
	if self := tg.Abilities().Self; !slices.Equal(self, []string{"writer"}) {
		t.Errorf("self is %v", self)
	}
}
