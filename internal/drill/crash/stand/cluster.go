package stand

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"muster/internal/access"
	"muster/internal/drill/crash/victim"
	"muster/internal/testserver/postgres"
)

const database = "books"

// cluster is PostgreSQL, whose log has every statement.
type cluster struct {
	server   *postgres.Server
	target   victim.Target
	password string // of accounts that can log in
	log      string // path of the server's log
	oids     map[string]string
	sessions map[string]*pgx.Conn
}

func startCluster(ctx context.Context, dir string, cases []Case) (*cluster, error) {
	c := &cluster{password: rand.Text(), oids: map[string]string{}, sessions: map[string]*pgx.Conn{}}
	var err error
	if c.server, err = postgres.Start(ctx, postgres.Options{}); err != nil {
		return nil, err
	}
	file, err := secret(dir, "postgres", c.password)
	if err != nil {
		return c, err
	}
	c.target = victim.Target{System: Warehouse, Kind: "postgres", Settings: "{}\n",
		Collector: fmt.Sprintf("url: \"postgres://writer@%s/%s?sslmode=disable\"\npassword: {file: %q}\n", c.server.Addr(), database, file)}
	return c, c.fill(ctx, cases)
}

// fill makes the roles and tables of the cases, and lets the server log what Muster says from now on.
func (c *cluster) fill(ctx context.Context, cases []Case) error {
	if err := c.run(ctx, "postgres", "CREATE DATABASE "+database); err != nil {
		return err
	}
	list := []string{"CREATE SCHEMA fin", "CREATE ROLE writer LOGIN SUPERUSER PASSWORD '" + c.password + "'"}
	for _, k := range cases {
		n := k.Name()
		list = append(list, "CREATE ROLE g_"+n, "CREATE TABLE fin.t_"+n+" (id int)")
		if !k.exists() {
			continue
		}
		options := map[access.ActionKind]string{access.EnableAccount: "NOLOGIN", access.SetExpiry: "LOGIN VALID UNTIL '2037-01-31 00:00:00+00'",
			access.RevokeSessions: "LOGIN PASSWORD '" + c.password + "'"}[k.Kind]
		if options == "" {
			options = "LOGIN"
		}
		list = append(list, "CREATE ROLE "+n+" "+options, "COMMENT ON ROLE "+n+" IS 'employee=W-"+n+"'")
		if k.member() {
			list = append(list, "GRANT g_"+n+" TO "+n)
		}
	}
	if err := c.run(ctx, database, strings.Join(list, ";\n")); err != nil {
		return err
	}
	for _, statement := range []string{"ALTER SYSTEM SET log_statement = 'all'", "ALTER SYSTEM SET log_line_prefix = '@ %n %u %c '", "SELECT pg_reload_conf()"} {
		if err := c.run(ctx, database, statement); err != nil {
			return err
		}
	}
	return c.look(ctx)
}

func (c *cluster) run(ctx context.Context, database, sql string) error {
	conn, err := c.server.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the statement decided
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("fill postgresql: %w", err)
	}
	return nil
}

// look asks for the oids of the accounts, and where the log is: beside the data.
func (c *cluster) look(ctx context.Context) error {
	conn, err := c.server.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending
	var data string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&data); err != nil {
		return fmt.Errorf("look at postgresql: %w", err)
	}
	c.log = filepath.Join(filepath.Dir(data), "log")
	rows, err := conn.Query(ctx, "SELECT rolname::text, oid::text FROM pg_roles")
	if err != nil {
		return fmt.Errorf("look at postgresql: %w", err)
	}
	var role, oid string
	_, err = pgx.ForEachRow(rows, []any{&role, &oid}, func() error {
		c.oids[role] = oid
		return nil
	})
	return err
}

// entry is a line of the log about a statement of the role that Muster connects as.
var entry = regexp.MustCompile(`^@ (\d+\.\d+) writer ([0-9a-f.]+) LOG:  (?:statement|execute [^:]*): (.*)`)

// committed are the changes of transactions that Muster committed, by the server's log.
func (c *cluster) committed(ctx context.Context) ([]Write, error) {
	f, err := os.Open(c.log)
	if err != nil {
		return nil, fmt.Errorf("read log of postgresql: %w", err)
	}
	defer f.Close()
	var out []Write
	open := map[string][]Write{} // by session: what its transaction changed until now
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && ctx.Err() == nil {
		m := entry.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		at, session, text := moment(m[1]), m[2], strings.TrimSpace(m[3])
		verb, _, _ := strings.Cut(strings.ToUpper(text), " ")
		switch verb {
		case "BEGIN", "ROLLBACK":
			delete(open, session)
		case "COMMIT":
			for _, w := range open[session] {
				w.At = at
				out = append(out, w)
			}
			delete(open, session)
		case "ALTER", "GRANT", "REVOKE", "CREATE", "DROP", "COMMENT":
			open[session] = append(open[session], Write{System: Warehouse, Name: name.FindString(text), What: text})
		}
	}
	return out, errors.Join(lines.Err(), ctx.Err())
}

// moment reads seconds since 1970 with milliseconds.
func moment(text string) time.Time {
	seconds, millis, _ := strings.Cut(text, ".")
	s, _ := strconv.ParseInt(seconds, 10, 64) // they are digits
	ms, _ := strconv.ParseInt(millis, 10, 64)
	return time.UnixMilli(s*1000 + ms).UTC()
}

// facts are the statements that pg_dumpall and pg_dump would make roles and rights again with.
func (c *cluster) facts(ctx context.Context) ([]string, error) {
	text, err := c.server.Dump(ctx)
	return strings.Split(strings.TrimSpace(text), "\n"), err
}

// login opens a session of an account.
func (c *cluster) login(ctx context.Context, role string) error {
	cfg, err := pgx.ParseConfig("postgres://" + role + "@" + c.server.Addr() + "/" + database + "?sslmode=disable")
	if err != nil {
		return fmt.Errorf("log in as %s: %w", role, err)
	}
	cfg.Password = c.password
	c.sessions[role], err = pgx.ConnectConfig(ctx, cfg)
	return err
}

// alive reports whether the session of an account is still open.
func (c *cluster) alive(ctx context.Context, role string) bool {
	return c.sessions[role] != nil && c.sessions[role].Ping(ctx) == nil
}

func (c *cluster) stop() error {
	for _, s := range c.sessions {
		if s != nil {
			_ = s.Close(context.Background()) // the server ended most of them
		}
	}
	return c.server.Stop()
}
