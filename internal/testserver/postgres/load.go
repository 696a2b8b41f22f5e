package postgres

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// batch is how many statements go to the server in one message.
const batch = 500

// LoadExport makes the roles, comments, memberships, objects and grants that the export folder describes: roles.csv,
// members.csv and grants.csv, as the postgres collector reads and documents them. Roles that exist, such as the superuser, are
// altered; pg_* roles are left alone. Object ids are the server's own. Objects go to the database, which is made when it is
// missing; empty is "postgres". Everything but databases is made in one transaction.
func (s *Server) LoadExport(ctx context.Context, dir, database string) error {
	if database == "" {
		database = "postgres"
	}
	l := &loader{dir: dir, superuser: s.user, made: map[string]bool{}}
	if err := l.read(); err != nil {
		return fmt.Errorf("load export: %w", err)
	}
	if err := s.databases(ctx, append(slices.Clone(l.databases), database)); err != nil {
		return fmt.Errorf("load export: %w", err)
	}
	conn, err := s.Connect(ctx, database)
	if err != nil {
		return fmt.Errorf("load export: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the transaction's commit decided
	var newer bool
	if err := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int >= 160000").Scan(&newer); err != nil {
		return fmt.Errorf("load export: %w", err)
	}
	statements, err := l.statements(newer)
	if err != nil {
		return fmt.Errorf("load export: %w", err)
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for part := range slices.Chunk(statements, batch) {
			if _, err := tx.Conn().PgConn().Exec(ctx, strings.Join(part, ";\n")).ReadAll(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("load export: %w", err)
	}
	return nil
}

// databases makes those that are missing; that cannot be done inside a transaction.
func (s *Server) databases(ctx context.Context, names []string) error {
	conn, err := s.Connect(ctx, "postgres")
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending
	for _, name := range names {
		var exists bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil {
			return err
		}
		if exists {
			continue
		}
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+ident(name)); err != nil {
			return fmt.Errorf("create database %s: %w", name, err)
		}
	}
	return nil
}

// loader turns the rows of an export into statements.
type loader struct {
	dir                     string
	superuser               string
	roles, members, grants  []map[string]string
	made                    map[string]bool // schemas and objects
	databases               []string
	schemas, objects, perms []string
}

func (l *loader) read() error {
	var err error
	if l.roles, err = l.rows("roles.csv", "rolname"); err != nil {
		return err
	}
	if l.members, err = l.rows("members.csv", "role"); err != nil {
		return err
	}
	if l.grants, err = l.rows("grants.csv", "grantee"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, g := range l.grants {
		if g["object_kind"] == "database" && !slices.Contains(l.databases, g["object"]) {
			l.databases = append(l.databases, g["object"])
		}
	}
	return nil
}

// rows reads a CSV file with a header that has at least the column key.
func (l *loader) rows(name, key string) ([]map[string]string, error) {
	f, err := os.Open(filepath.Join(l.dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if !slices.Contains(header, key) {
		return nil, fmt.Errorf("read %s: no column %q", name, key)
	}
	var rows []map[string]string
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		row := make(map[string]string, len(header))
		for i, h := range header {
			row[h] = record[i]
		}
		rows = append(rows, row)
	}
}

// statements are those of roles, comments, memberships, objects and grants, in this order.
func (l *loader) statements(newer bool) ([]string, error) {
	var roles, comments, members []string
	for _, r := range l.roles {
		name := r["rolname"]
		if strings.HasPrefix(name, "pg_") {
			continue
		}
		roles = append(roles, l.role(r))
		if c := r["comment"]; c != "" {
			comments = append(comments, "COMMENT ON ROLE "+ident(name)+" IS "+literal(c))
		}
	}
	for _, m := range l.members {
		if strings.HasPrefix(m["role"], "pg_") && strings.HasPrefix(m["member"], "pg_") {
			continue // the server's own
		}
		text := "GRANT " + ident(m["role"]) + " TO " + ident(m["member"])
		var with []string
		if m["admin_option"] == "t" {
			with = append(with, "ADMIN OPTION")
		}
		if newer {
			with = nil
			for column, option := range map[string]string{"admin_option": "ADMIN", "inherit_option": "INHERIT", "set_option": "SET"} {
				if v := m[column]; v != "" {
					with = append(with, option+" "+map[string]string{"t": "TRUE", "f": "FALSE"}[v])
				}
			}
			slices.Sort(with)
		}
		if len(with) > 0 {
			text += " WITH " + strings.Join(with, ", ")
		}
		members = append(members, text)
	}
	for _, g := range l.grants {
		if err := l.grant(g); err != nil {
			return nil, err
		}
	}
	return slices.Concat(roles, comments, members, l.schemas, l.objects, l.perms), nil
}

// role is CREATE ROLE with every attribute said, or ALTER ROLE of the superuser, who keeps the power that loading needs.
func (l *loader) role(r map[string]string) string {
	text := "CREATE ROLE " + ident(r["rolname"])
	if r["rolname"] == l.superuser {
		text = "ALTER ROLE " + ident(r["rolname"])
	}
	for _, a := range []struct{ column, name string }{{"rolsuper", "SUPERUSER"}, {"rolinherit", "INHERIT"}, {"rolcreaterole", "CREATEROLE"},
		{"rolcreatedb", "CREATEDB"}, {"rolcanlogin", "LOGIN"}, {"rolreplication", "REPLICATION"}, {"rolbypassrls", "BYPASSRLS"}} {
		switch {
		case r[a.column] == "t":
			text += " " + a.name
		case r["rolname"] != l.superuser:
			text += " NO" + a.name
		}
	}
	if v := r["rolvaliduntil"]; v != "" {
		text += " VALID UNTIL " + literal(v)
	}
	return text
}

// grant makes the object that is granted, where it is not there, and the GRANT.
func (l *loader) grant(g map[string]string) error {
	schema, object := g["schema"], g["object"]
	on := ident(schema) + "." + ident(object)
	column := ""
	switch kind := g["object_kind"]; kind {
	case "schema":
		if schema == "" {
			schema = object
		}
		l.schema(schema)
		on = "SCHEMA " + ident(schema)
	case "database":
		on = "DATABASE " + ident(object)
	case "table":
		l.make(schema, on, "CREATE TABLE IF NOT EXISTS "+on+" (id int)")
		on = "TABLE " + on
	case "sequence":
		l.make(schema, on, "CREATE SEQUENCE IF NOT EXISTS "+on)
		on = "SEQUENCE " + on
	case "function":
		name, args, ok := strings.Cut(strings.TrimSuffix(object, ")"), "(")
		if !ok || args != "" {
			return fmt.Errorf("make function %s: only functions without arguments, written name()", object)
		}
		on = ident(schema) + "." + ident(name) + "()"
		l.make(schema, on, "CREATE OR REPLACE FUNCTION "+on+" RETURNS int LANGUAGE sql AS 'SELECT 1'")
		l.make(schema, "-"+on, "REVOKE ALL ON FUNCTION "+on+" FROM PUBLIC")
		on = "FUNCTION " + on
	case "column":
		table, name, ok := strings.Cut(object, ".")
		if !ok {
			return fmt.Errorf("make column %s: written table.column", object)
		}
		at := ident(schema) + "." + ident(table)
		l.make(schema, at, "CREATE TABLE IF NOT EXISTS "+at+" (id int)")
		l.make(schema, at+"."+name, "ALTER TABLE "+at+" ADD COLUMN IF NOT EXISTS "+ident(name)+" text")
		on, column = "TABLE "+at, " ("+ident(name)+")"
	default:
		return fmt.Errorf("make object %s: unknown kind %q", object, kind)
	}
	if !knownPrivileges[g["privilege"]] {
		return fmt.Errorf("grant on %s: unknown privilege %q", object, g["privilege"])
	}
	grantee := ident(g["grantee"])
	if g["grantee"] == "PUBLIC" {
		grantee = "PUBLIC"
	}
	text := "GRANT " + g["privilege"] + column + " ON " + on + " TO " + grantee
	if g["grantable"] == "t" {
		text += " WITH GRANT OPTION"
	}
	l.perms = append(l.perms, text)
	return nil
}

var knownPrivileges = map[string]bool{"SELECT": true, "INSERT": true, "UPDATE": true, "DELETE": true, "TRUNCATE": true, "REFERENCES": true,
	"TRIGGER": true, "USAGE": true, "CREATE": true, "CONNECT": true, "TEMPORARY": true, "EXECUTE": true, "MAINTAIN": true}

func (l *loader) schema(name string) {
	if !l.made["schema "+name] {
		l.made["schema "+name] = true
		l.schemas = append(l.schemas, "CREATE SCHEMA IF NOT EXISTS "+ident(name))
	}
}

func (l *loader) make(schema, key, statement string) {
	l.schema(schema)
	if !l.made[key] {
		l.made[key] = true
		l.objects = append(l.objects, statement)
	}
}

func ident(name string) string { return pgx.Identifier{name}.Sanitize() }

// literal quotes a text for SQL; a backslash needs the E form, whatever standard_conforming_strings says.
func literal(s string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, `'`, `''`, "\x00", "").Replace(s) + "'"
}
