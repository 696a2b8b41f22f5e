package main

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
	keyFile  = "expected-findings.json"
	database = "warehouse" // PostgreSQL's
)

// options say which organisation to put up, and where.
type options struct {
	Org      string
	Dir      string
	PageSize int // of the LDAP and SCIM collectors; 0 is their default
}

// lab is the running servers and the folder with their configuration.
type lab struct {
	dir, config string // absolute
	ldap        *slapd.Server
	scim        *scimmy.Server
	sql         *postgres.Server
}

// start copies the organisation, starts the three servers at once, loads them and writes the configuration.
func start(ctx context.Context, o options) (*lab, error) {
	org, err := filepath.Abs(o.Org)
	if err != nil {
		return nil, fmt.Errorf("start lab: %w", err)
	}
	l := &lab{}
	if l.dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("start lab: %w", err)
	}
	if err := l.copyOrganisation(org); err != nil {
		return nil, fmt.Errorf("start lab: %w", err)
	}
	group, starting := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		// slapd lives as long as its context: not that of the start.
		l.ldap, err = slapd.Start(ctx, slapd.Options{Files: []string{filepath.Join(org, "directory", "acme.ldif")}})
		return err
	})
	group.Go(func() (err error) {
		l.scim, err = scimmy.Start(starting, scimmy.Options{Dump: filepath.Join(org, "saas")})
		return err
	})
	group.Go(func() (err error) {
		if l.sql, err = postgres.Start(starting, postgres.Options{}); err != nil {
			return err
		}
		return l.sql.LoadExport(starting, filepath.Join(org, "warehouse"), database)
	})
	err = group.Wait()
	if err == nil {
		err = l.writeConfig(org, o.PageSize)
	}
	if err != nil {
		l.stop()
		return nil, fmt.Errorf("start lab: %w", err)
	}
	return l, nil
}

// stop ends what was started and removes the secrets; the configuration and the data stay to be looked at.
func (l *lab) stop() {
	if l.ldap != nil {
		l.ldap.Stop()
	}
	var errs []error
	if l.scim != nil {
		errs = append(errs, l.scim.Stop())
	}
	if l.sql != nil {
		errs = append(errs, l.sql.Stop())
	}
	errs = append(errs, os.RemoveAll(filepath.Join(l.dir, "secrets")))
	if err := errors.Join(errs...); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "stop lab:", err)
	}
}

// postgresURL is the warehouse without the password.
func (l *lab) postgresURL() string {
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", l.sql.User(), l.sql.Addr(), database)
}
