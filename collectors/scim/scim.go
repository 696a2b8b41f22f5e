package scim

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"

	"muster/collectors"
	"muster/collectors/scim/wire"
	"muster/internal/access"
	dial "muster/internal/dial/scim"
	"muster/internal/dial/scim/resource"
	"muster/internal/retry"
)

// Collector reads one SCIM server or dump.
type Collector struct {
	spec   collectors.Spec
	set    settings
	paths  map[string]resource.Path
	client *wire.Client // nil for a dump
	lists  []*wire.List // of the present Collect, in the order in which they are read
}

// Measure says how many resources of the lists that were begun have come, and how many the source says they hold.
func (c *Collector) Measure() (done, total int64) {
	for _, l := range c.lists {
		done += l.Fetched
		total += max(l.Claimed, l.Fetched)
	}
	return done, total
}

// New is the collectors.Factory of "scim". Settings:
//
//	url         base URL of the server; https, or http on loopback
//	token       bearer token: {env: NAME} or {file: path}
//	basic       instead of token: {user: name, password: {env: NAME}}
//	ca_file     PEM file with the authorities to trust instead of the host's
//	dump        instead of url: folder with Users.json and Groups.json, and Roles.json and Entitlements.json if there are any
//	page_size   resources per page, default 200
//	filter      SCIM filter on users; members outside of it are left out
//	members     groups (group.members), users (user.groups) or auto: what the server's schema has; default auto
//	reduce      excluded (excludedAttributes), listed (attributes) or none, default excluded
//	privileged  patterns on names of groups, roles and entitlements
//	attributes  paths of last_login, mfa, owner, kind, employee_id, upn, email, created_at, expires_at, locked
//	timeout     of one request with its whole answer, default 1m
//	tries       of one request, default 5
//	backoff     wait before the second try, doubled each time, default 500ms
func New(spec collectors.Spec) (collectors.Collector, error) {
	c := &Collector{spec: spec, set: decode(spec), paths: map[string]resource.Path{}}
	for key, text := range c.set.Attributes.all() {
		if p, ok := resource.ParsePath(text); ok {
			c.paths[key] = p
		}
	}
	secret, user := c.set.Token, ""
	if c.set.Basic != nil {
		secret, user = c.set.Basic.Password, c.set.Basic.User
	}
	if c.set.URL == "" || !secret.IsSet() {
		return c, nil // a dump, or settings whose problems the caller prints
	}
	value, err := secret.Value()
	if err != nil {
		return nil, &access.Error{System: spec.System, Op: "read secret", Kind: access.Denied, Err: err, Hint: "set it where muster runs"}
	}
	policy := retry.Policy{Tries: c.set.Tries, Base: c.set.Backoff}
	if spec.Log != nil {
		policy.Log = spec.Log.With(slog.String("system", spec.System))
	}
	c.client, err = wire.New(dial.Options{System: spec.System, URL: c.set.URL, User: user, Secret: value, CAFile: c.set.CAFile,
		Timeout: c.set.Timeout, Now: spec.Now}, policy)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Probe asks for one user, or looks for the dump's files.
func (c *Collector) Probe(ctx context.Context) error {
	if c.client == nil {
		for _, name := range []string{"Users.json", "Groups.json"} {
			if _, err := os.Stat(filepath.Join(c.set.Dump, name)); err != nil {
				return c.fileError("open "+name, err)
			}
		}
		return nil
	}
	defer c.client.Close()
	query := url.Values{"count": {"1"}, "startIndex": {"1"}}
	return c.client.Get(ctx, "list users", "/Users", query, func(r io.Reader) error {
		_, err := wire.ReadPage(r, skip)
		return wire.Classify("list users", err)
	})
}

// Collect reads users, then groups, then role and entitlement resources; memberships kept at the users are read after the
// groups that they name.
func (c *Collector) Collect(ctx context.Context, emit func(access.Record) error) (access.Coverage, error) {
	c.lists = nil
	r := newReading(ctx, c, emit)
	if err := ctx.Err(); err != nil {
		return r.coverage(), fmt.Errorf("collect: %w", err)
	}
	var err error
	if c.client != nil {
		defer c.client.Close()
		err = r.discover()
	} else {
		r.source = "SCIM dump " + filepath.Base(c.set.Dump)
		r.findDumped()
	}
	if err != nil {
		r.failAll(err)
		return r.coverage(), err
	}
	err = r.all()
	return r.coverage(), err
}
