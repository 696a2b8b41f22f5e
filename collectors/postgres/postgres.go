package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"muster/collectors"
	"muster/collectors/postgres/rows"
	"muster/internal/access"
	dial "muster/internal/dial/postgres"
	"muster/internal/retry"
)

// Collector reads one cluster or export.
type Collector struct {
	spec collectors.Spec
	set  settings
	live *live // nil for an export
}

// New is the collectors.Factory of "postgres". Settings:
//
//	url                postgres://user@host:5432/database?sslmode=verify-full&sslrootcert=file; sslmode defaults to require off this host
//	password           of the user: {env: NAME} or {file: path}
//	databases          whose grants are read, default the one of the url
//	export             instead of url: folder with roles.csv, members.csv and grants.csv
//	privileged         patterns on names of entitlements that are privileged beside superuser and the like
//	timeout            of connecting, default 15s
//	statement_timeout  of one query, default 10m
//	tries              of connecting, default 5
//	backoff            wait before the second try, doubled each time, default 500ms
func New(spec collectors.Spec) (collectors.Collector, error) {
	c := &Collector{spec: spec, set: decode(spec)}
	if c.set.address == nil {
		return c, nil // an export, or settings whose problems the caller prints
	}
	o := dial.Options{System: spec.System, Address: c.set.address, Timeout: c.set.Timeout, StatementTimeout: c.set.StatementTimeout}
	if c.set.Password.IsSet() {
		var err error
		if o.Password, err = c.set.Password.Value(); err != nil {
			return nil, &access.Error{System: spec.System, Op: "read password", Kind: access.Denied, Err: err, Hint: "set it where muster runs"}
		}
	}
	c.live = &live{dialer: dial.New(o), policy: retry.Policy{Tries: c.set.Tries, Base: c.set.Backoff}}
	if spec.Log != nil {
		c.live.policy.Log = spec.Log.With(slog.String("system", spec.System))
	}
	return c, nil
}

// Probe connects once, or looks at the header of the export's roles.
func (c *Collector) Probe(ctx context.Context) error {
	if c.live == nil {
		errFirst := errors.New("the first row suffices")
		err := rows.Export{System: c.spec.System, Dir: c.set.Export}.Read(ctx, rows.Roles(), func(string, []string) error { return errFirst })
		if errors.Is(err, errFirst) {
			return nil
		}
		return err
	}
	once := *c.live
	once.policy.Tries = 1
	s, err := once.open(ctx, c.set.database())
	if err != nil {
		return err
	}
	s.close()
	return nil
}

// Collect reads roles, memberships and then the grants of each database.
func (c *Collector) Collect(ctx context.Context, emit func(access.Record) error) (access.Coverage, error) {
	r := newReading(ctx, c, emit)
	var err error
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("collect: %w", ctx.Err())
		r.out.Stop = err
	case c.live == nil:
		err = c.collectExport(ctx, r)
	default:
		err = c.collectLive(ctx, r)
	}
	if r.out.Stop != nil {
		return r.coverage(), r.out.Stop
	}
	if _, whole := errors.AsType[*behind](err); err != nil && !whole {
		for _, k := range r.classes() {
			k.short(reason(err))
		}
	}
	if r.account.Rejected > 0 {
		r.account.short(fmt.Sprintf("%d of %d roles could not be read", r.account.Rejected, len(r.roles)+int(r.account.Rejected)))
	}
	return r.coverage(), err
}

// collectExport reads the files. Memberships of a cut roles.csv would be rejected without cause, so that it ends there.
func (c *Collector) collectExport(ctx context.Context, r *reading) error {
	e := rows.Export{System: c.spec.System, Dir: c.set.Export}
	r.source = "PostgreSQL export " + filepath.Base(c.set.Export)
	r.queries = append(r.queries, "READ roles.csv")
	err := e.Read(ctx, rows.Roles(), r.role)
	if err == nil {
		r.queries = append(r.queries, "READ members.csv")
		err = e.Read(ctx, rows.Members(), r.membership)
	}
	if err == nil {
		err = r.settleRoles()
	}
	if err != nil {
		return err
	}
	err = e.Read(ctx, rows.Grants(), func(ref string, row []string) error { return r.privilege(ref, "", row) })
	r.queries = append(r.queries, "READ grants.csv")
	return r.aside(err)
}

// aside keeps what fails behind the roles from spoiling the accounts: they are whole.
func (r *reading) aside(err error) error {
	if err != nil && r.out.Stop == nil {
		r.entitlement.short(reason(err))
		r.grant.short(reason(err))
		return &behind{err}
	}
	return err
}

// behind is an error of the grants, after all roles were read.
type behind struct{ err error }

// Error is the cause's.
func (b *behind) Error() string { return b.err.Error() }

// Unwrap gives the cause.
func (b *behind) Unwrap() error { return b.err }

// collectLive reads a server.
func (c *Collector) collectLive(ctx context.Context, r *reading) error {
	host := dial.Host(c.set.address)
	r.source = "PostgreSQL at " + host
	s, err := c.live.open(ctx, c.set.database())
	if err != nil {
		return err
	}
	defer s.close()
	r.source = fmt.Sprintf("PostgreSQL %s at %s", s.text, host)
	if err := c.liveRoles(s, r); err != nil {
		return err
	}
	if r.out.Stop == nil {
		err = r.settleRoles()
	}
	if err != nil {
		return err
	}
	databases := c.set.Databases
	if len(databases) == 0 {
		databases = []string{c.set.database()}
	}
	var first error
	for i, name := range databases {
		err := c.liveGrants(ctx, s, r, name, i == 0, len(databases) > 1)
		if r.out.Stop != nil {
			return r.out.Stop
		}
		if err != nil && first == nil {
			first = r.aside(fmt.Errorf("database %s: %w", name, err))
		}
	}
	return first
}

// liveRoles reads roles and memberships, and compares their numbers with what the server counts in the same snapshot.
func (c *Collector) liveRoles(s *session, r *reading) error {
	total, err := s.count("count roles", countRolesSQL)
	if err != nil {
		return err
	}
	r.queries = append(r.queries, oneLine(countLoginsSQL), oneLine(rolesSQL))
	if r.account.Claimed, err = s.count("count accounts", countLoginsSQL); err != nil {
		return err
	}
	read := int64(0)
	err = s.rows("read roles", rolesSQL, func(row []string) error {
		read++
		return r.role("pg_roles oid "+row[0], row)
	})
	if err != nil {
		return short(err, "roles", read, total)
	}
	memberships, err := s.count("count memberships", countMembersSQL)
	if err != nil {
		return err
	}
	query := membersSQL(s.version)
	r.queries = append(r.queries, oneLine(query))
	got := int64(0)
	err = s.rows("read memberships", query, func(row []string) error {
		got++
		return r.membership("pg_auth_members "+row[1]+" in "+row[0], row)
	})
	if err != nil {
		return short(err, "memberships", got, memberships)
	}
	if read != total || got != memberships {
		return &access.Error{System: c.spec.System, Op: "read roles", Kind: access.Incomplete,
			Err: fmt.Errorf("the server counts %d roles and %d memberships and gave %d and %d", total, memberships, read, got)}
	}
	return nil
}

// short says how much had come when a query broke, and keeps the Kind.
func short(err error, what string, got, of int64) error {
	e, ok := errors.AsType[*access.Error](err)
	if !ok {
		return err
	}
	return &access.Error{System: e.System, Op: e.Op, Kind: e.Kind, Hint: e.Hint, Err: fmt.Errorf("%d of %d %s read: %w", got, of, what, e.Err)}
}

// liveGrants reads the privileges of one database, in the session that read the roles when it is the same database.
func (c *Collector) liveGrants(ctx context.Context, s *session, r *reading, name string, shared, several bool) error {
	if name != c.set.database() {
		other, err := c.live.open(ctx, name)
		if err != nil {
			return err
		}
		defer other.close()
		s = other
	}
	prefix := ""
	if several {
		prefix = name
	}
	query := grantsSQL(shared)
	r.queries = append(r.queries, "-- database "+name+"\n"+oneLine(query))
	err := s.rows("read grants", query, func(row []string) error {
		return r.privilege(strings.Join([]string{name, row[1], row[2], row[3]}, " "), prefix, row)
	})
	if err != nil {
		return err
	}
	return r.observe(s, name)
}

// observe notes what is no grant: default privileges, and what accounts own.
func (r *reading) observe(s *session, database string) error {
	var defaults []string
	n := 0
	err := s.rows("read default privileges", defaultsSQL, func(row []string) error {
		if n++; n <= maxListed {
			defaults = append(defaults, fmt.Sprintf("by %s in schema %s, objects %q: %s", row[0], row[1], row[2], row[3]))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if n > 0 {
		r.notes = append(r.notes, fmt.Sprintf("database %s has %d default privileges: %s", database, n, strings.Join(defaults, "; ")))
	}
	owned, err := s.count("count owned objects", ownedSQL)
	if err != nil {
		return err
	}
	if owned > 0 {
		r.notes = append(r.notes, fmt.Sprintf("database %s: %d objects are owned by accounts that are no superusers; owning is no grant and is not listed", database, owned))
	}
	return nil
}

// oneLine is a query as the evidence prints it.
func oneLine(query string) string { return strings.Join(strings.Fields(query), " ") }

var _ collectors.Prober = (*Collector)(nil)
