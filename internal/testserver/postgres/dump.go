package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// Dump is what the cluster holds about roles and rights, by pg_dumpall and pg_dump: roles with attributes, comments, settings and memberships,
// then each database's owners, privileges and default privileges, one statement a line, sorted. Passwords and object ids are not in it.
func (s *Server) Dump(ctx context.Context) (string, error) {
	databases, err := s.names(ctx, "SELECT datname::text FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1")
	if err != nil {
		return "", fmt.Errorf("dump postgresql: %w", err)
	}
	parts, errs := make([]string, len(databases)+1), make([]error, len(databases)+1)
	var g sync.WaitGroup
	g.Go(func() {
		parts[0], errs[0] = s.tool(ctx, "roles", func(string) bool { return true }, "pg_dumpall", "--roles-only", "--no-role-passwords")
	})
	for i, name := range databases {
		g.Go(func() {
			parts[i+1], errs[i+1] = s.tool(ctx, name, right, "pg_dump", "--schema-only", "--create", "--dbname", name)
		})
	}
	g.Wait()
	if err := errors.Join(errs...); err != nil {
		return "", fmt.Errorf("dump postgresql: %w", err)
	}
	return strings.Join(parts, ""), nil
}

func (s *Server) names(ctx context.Context, query string) ([]string, error) {
	conn, err := s.Connect(ctx, "postgres")
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// right reports whether a statement of pg_dump is about who may do what.
func right(statement string) bool {
	first, rest, _ := strings.Cut(statement, " ")
	switch first {
	case "GRANT", "REVOKE":
		return true
	case "ALTER":
		return strings.HasPrefix(rest, "DEFAULT PRIVILEGES") || strings.HasPrefix(rest, "ROLE ") || strings.Contains(rest, " OWNER TO ")
	}
	return false
}

// tool runs one of the server's tools and gives the statements that keep wants, sorted, each after the name of what it is from and after the role
// that it is to be run as.
func (s *Server) tool(ctx context.Context, from string, keep func(string) bool, name string, args ...string) (string, error) {
	args = append(args, "--no-password", "--host", "127.0.0.1", "--port", strconv.Itoa(s.port), "--username", s.user)
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+s.password, "PGTZ=UTC", "LC_ALL=C.UTF-8")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s of %s: %w: %s", name, from, err, strings.TrimSpace(problems.String()))
	}
	var lines []string
	as := ""
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || strings.HasPrefix(line, "--") || strings.HasPrefix(line, "SET ") && !strings.HasPrefix(line, "SET SESSION AUTHORIZATION"):
		case strings.HasPrefix(line, `\`): // \connect, and \restrict with a random key
		case strings.HasPrefix(line, "SET SESSION AUTHORIZATION"):
			as = strings.TrimSuffix(strings.TrimPrefix(line, "SET SESSION AUTHORIZATION "), ";") + ": "
		case strings.HasPrefix(line, "RESET SESSION AUTHORIZATION"):
			as = ""
		case keep(line):
			lines = append(lines, from+": "+as+line+"\n")
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, ""), nil
}
