// Package ldap reads accounts, groups and memberships from a directory: live from any LDAPv3 server such as OpenLDAP, or from
// an LDIF export of one. Both give the same records.
//
// People are accounts, groups are entitlements of kind group, memberships are grants. A member of a group inside a group
// holds the outer group too, by the shortest path; among equally short ones the first in byte order of the group names, so
// that the answer does not depend on the order of arrival. Cycles end where they begin. A member that is no person and no group of the
// search areas is a rejected grant, save the placeholder_member, which is nobody. Accounts are identified by entryUUID (RFC 4530), never by name.
//
// A server is read in pages (RFC 2696) and asked for the next page while the present one is handed on. Only the names of the
// accounts and the groups with their members are held in memory. Referrals are not followed: they make the class partial,
// as do the limits of the server (results 3, 4 and 11) and a lost connection. A server does not say how many entries it
// holds, so nothing is claimed. More than max_rejected entries that cannot be read make the class partial as well.
//
// Locks are those of the password policy draft (draft-behera-ldap-password-policy-10: pwdAccountLockedTime, where
// 000001010000Z is a lock without end; pwdStartTime and pwdEndTime). Standards otherwise: RFC 4510 to 4519, RFC 2849, RFC 2696.
// Times are UTC. A Collector is used by one goroutine at a time.
package ldap

import (
	"context"
	"log/slog"
	"time"

	"muster/collectors"
	"muster/internal/access"
	"muster/internal/retry"
)

// Version is the collector's own; snapshots record it.
const Version = "1"

// Collector reads one directory.
type Collector struct {
	system string
	s      settings
	src    source
	now    func() time.Time
	log    *slog.Logger
}

// source is where entries come from: a server or a file.
type source interface {
	// scan gives every entry of the search areas to r and notes on r what it could not read. The error is the first that
	// stopped it, or that made a class partial.
	scan(ctx context.Context, r *reading) error
	probe(ctx context.Context) error
	name() string
	queries() []string
}

// New makes a collector from the settings: see settings in this package for the keys.
func New(spec collectors.Spec) (collectors.Collector, error) {
	c := &Collector{system: spec.System, s: defaults(), now: spec.Now, log: spec.Log}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if !c.s.read(spec.Settings) {
		return c, nil // the problems stand on the settings
	}
	if c.s.LDIF != "" {
		c.src = newFile(&c.s, spec.Dir)
		return c, nil
	}
	live, err := newLive(&c.s, spec.Dir, retry.Policy{Log: c.log})
	if err != nil {
		return nil, c.wrap("prepare connection", err)
	}
	c.src = live
	return c, nil
}

// Collect reads the directory once.
func (c *Collector) Collect(ctx context.Context, emit func(access.Record) error) (access.Coverage, error) {
	r := newReading(ctx, c, emit)
	err := ctx.Err()
	if err == nil {
		err = c.src.scan(ctx, r)
	}
	if err != nil {
		err = c.wrap("read directory", err)
	}
	if cerr := ctx.Err(); cerr != nil && r.end == nil {
		r.end = endError{cerr}
	}
	// What was read is still worth handing on, unless nobody takes it any more.
	if !r.stopped() {
		if ferr := r.finish(); ferr != nil {
			err = c.wrap("read directory", ferr)
		}
	}
	cov := r.coverage(err)
	cov.Source, cov.Queries = c.src.name(), c.src.queries()
	return cov, err
}

// Probe connects, binds and looks at the base entry; of a file it reads the first record.
func (c *Collector) Probe(ctx context.Context) error {
	if err := c.src.probe(ctx); err != nil {
		return c.wrap("probe directory", err)
	}
	return nil
}
