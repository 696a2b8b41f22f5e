// Package organisation puts an organisation that orggen made on real servers: its directory on OpenLDAP, its workspace on a SCIM 2.0 server and
// its warehouse on PostgreSQL, each on a free port of 127.0.0.1, and writes a configuration in which those three are live, and may be
// changed, while everything else is read from the same files as in the organisation's folder.
//
// Passwords and the token are random and lie in files of mode 0600 below the folder until Stop. What the configuration says of remediation
// is the organisation's own: a dry run. An Organisation is for use from one goroutine. The package does not import testing.
package organisation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"muster/internal/testserver/postgres"
	"muster/internal/testserver/scimmy"
	"muster/internal/testserver/slapd"
)

const (
	// KeyFile is the name of the answer key in the folder of an organisation.
	KeyFile = "expected-findings.json"

	database = "warehouse" // PostgreSQL's
)

// Options say which organisation to put up, and where.
type Options struct {
	Org      string
	Dir      string
	PageSize int // of the LDAP and SCIM collectors; 0 is their default
}

// Organisation is the running servers and the folder with their configuration.
type Organisation struct {
	Dir, Config string // absolute
	LDAP        *slapd.Server
	SCIM        *scimmy.Server
	SQL         *postgres.Server
}

// Start copies the organisation, starts the three servers at once, loads them and writes the configuration.
func Start(ctx context.Context, o Options) (*Organisation, error) {
	org, err := filepath.Abs(o.Org)
	if err != nil {
		return nil, fmt.Errorf("start organisation: %w", err)
	}
	l := &Organisation{}
	if l.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("start organisation: %w", err)
	}
	if err := l.copyOrganisation(org); err != nil {
		return nil, fmt.Errorf("start organisation: %w", err)
	}
	group, starting := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		// slapd lives as long as its context: not that of the start.
		l.LDAP, err = slapd.Start(ctx, slapd.Options{Files: []string{filepath.Join(org, "directory", "acme.ldif")}})
		return err
	})
	group.Go(func() (err error) {
		l.SCIM, err = scimmy.Start(starting, scimmy.Options{Dump: filepath.Join(org, "saas")})
		return err
	})
	group.Go(func() (err error) {
		if l.SQL, err = postgres.Start(starting, postgres.Options{}); err != nil {
			return err
		}
		return l.SQL.LoadExport(starting, filepath.Join(org, "warehouse"), database)
	})
	err = group.Wait()
	if err == nil {
		err = l.writeConfig(org, o.PageSize)
	}
	if err != nil {
		l.Stop()
		return nil, fmt.Errorf("start organisation: %w", err)
	}
	return l, nil
}

// Dump is everything that the three servers hold, by their own tools, without change stamps.
func (l *Organisation) Dump(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	for name, dump := range map[string]func(context.Context) (string, error){"directory": l.LDAP.Dump, "saas": l.SCIM.Dump, "warehouse": l.SQL.Dump} {
		text, err := dump(ctx)
		if err != nil {
			return nil, fmt.Errorf("dump %s: %w", name, err)
		}
		out[name] = text
	}
	return out, nil
}

// Stop ends what was started and removes the secrets; the configuration and the data stay to be looked at.
func (l *Organisation) Stop() {
	if l.LDAP != nil {
		l.LDAP.Stop()
	}
	var errs []error
	if l.SCIM != nil {
		errs = append(errs, l.SCIM.Stop())
	}
	if l.SQL != nil {
		errs = append(errs, l.SQL.Stop())
	}
	errs = append(errs, os.RemoveAll(filepath.Join(l.Dir, "secrets")))
	if err := errors.Join(errs...); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "stop organisation:", err)
	}
}

// PostgresURL is the warehouse without the password.
func (l *Organisation) PostgresURL() string {
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", l.SQL.User(), l.SQL.Addr(), database)
}
