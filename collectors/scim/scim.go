package scim

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"muster/collectors"
	"muster/internal/access"
)

// Collector reads one SCIM server or dump.
type Collector struct {
	spec   collectors.Spec
	set    settings
	paths  map[string]path
	client *client // nil for a dump
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
	c := &Collector{spec: spec, set: decode(spec), paths: map[string]path{}}
	for key, text := range c.set.Attributes.all() {
		if p, ok := parsePath(text); ok {
			c.paths[key] = p
		}
	}
	usable := c.set.Token.IsSet() || c.set.Basic != nil && c.set.Basic.Password.IsSet()
	if c.set.URL == "" || !usable {
		return c, nil
	}
	var err error
	if c.client, err = newClient(spec, c.set); err != nil {
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
	defer c.client.http.CloseIdleConnections()
	query := url.Values{"count": {"1"}, "startIndex": {"1"}}
	return c.client.get(ctx, "list users", "/Users", query, func(r io.Reader) error {
		_, err := readPage(r, skip)
		return (&list{op: "list users"}).classify(err)
	})
}

// Collect reads users, then groups, then role and entitlement resources; memberships kept at the users are read after the
// groups that they name.
func (c *Collector) Collect(ctx context.Context, emit func(access.Record) error) (access.Coverage, error) {
	r := newReading(ctx, c, emit)
	if err := ctx.Err(); err != nil {
		return r.coverage(), fmt.Errorf("collect: %w", err)
	}
	var err error
	if c.client != nil {
		defer c.client.http.CloseIdleConnections()
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
