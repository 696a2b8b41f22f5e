package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"muster/collectors"
	"muster/collectors/postgres/rows"
	"muster/internal/access"
)

// reading is the state of one Collect.
type reading struct {
	ctx    context.Context
	system string
	now    time.Time
	out    collectors.Emission
	match  func(name string) bool

	source  string
	queries []string
	notes   []string

	roles    []held
	index    map[string]int // by name
	oids     map[string]bool
	graph    graph
	members  []bool          // has members, by number of the role
	named    map[string]int  // entitlements of privileges, by name
	direct   map[[2]int]bool // account and privilege that were emitted
	builtins map[int]bool    // pg_* roles that were emitted
	public   []string        // what PUBLIC holds, the first few
	publicN  int
	ofRoles  int // privileges that group roles hold

	account, entitlement, grant class
}

// held is what is kept of a role: comments only of roles that cannot log in.
type held struct {
	rows.Role
	account bool
}

// class counts one object class.
type class struct{ access.ClassCoverage }

func newReading(ctx context.Context, c *Collector, emit func(access.Record) error) *reading {
	r := &reading{ctx: ctx, system: c.spec.System, match: c.set.Privileged.Match, index: map[string]int{}, oids: map[string]bool{},
		named: map[string]int{}, direct: map[[2]int]bool{}, builtins: map[int]bool{}, now: time.Now().UTC()}
	if c.spec.Now != nil {
		r.now = c.spec.Now()
	}
	for k, class := range map[*class]access.Class{&r.account: access.ClassAccount, &r.entitlement: access.ClassEntitlement, &r.grant: access.ClassGrant} {
		k.Class, k.Claimed, k.State = class, access.NoClaim, access.Complete
	}
	r.out = collectors.Emission{Ctx: ctx, To: emit, Of: r.of}
	return r
}

// emit hands one record on and counts it. Its error is final.
func (r *reading) emit(rec access.Record) error { return r.out.Emit(rec) }

// of is the coverage that a record of the class counts in.
func (r *reading) of(class access.Class) *access.ClassCoverage {
	switch class {
	case access.ClassEntitlement:
		return &r.entitlement.ClassCoverage
	case access.ClassGrant:
		return &r.grant.ClassCoverage
	}
	return &r.account.ClassCoverage
}

func (r *reading) reject(of access.Class, ref, why string) error {
	return r.emit(access.Rejection{Of: of, Ref: ref, Reason: why})
}

// short marks a class as not whole; the first reason stays.
func (k *class) short(why string) {
	if k.State == access.Complete {
		k.State, k.Reason = access.Partial, why
	}
}

func (r *reading) classes() []*class { return []*class{&r.account, &r.entitlement, &r.grant} }

// coverage is the statement of what was read. Classes that are not whole are failed when nothing at all was read.
func (r *reading) coverage() access.Coverage {
	cov := access.Coverage{Source: r.source, Queries: r.queries}
	any := r.account.Fetched+r.entitlement.Fetched+r.grant.Fetched > 0
	for _, k := range r.classes() {
		if r.out.Stop != nil {
			k.short(r.out.Stop.Error())
		}
		if k.State != access.Complete && !any {
			k.State = access.Failed
		}
		cov.Classes = append(cov.Classes, k.ClassCoverage)
	}
	if r.publicN > 0 {
		list := strings.Join(r.public, ", ")
		if r.publicN > len(r.public) {
			list += ", ..."
		}
		r.notes = append(r.notes, fmt.Sprintf("PUBLIC, so every role, holds %d privileges: %s", r.publicN, list))
	}
	if r.ofRoles > 0 {
		r.notes = append(r.notes, fmt.Sprintf("%d privileges of roles that are no accounts are what these roles mean and are not listed", r.ofRoles))
	}
	for _, n := range r.notes {
		cov.Queries = append(cov.Queries, "-- note: "+n)
	}
	return cov
}

// reason is the cause without the system and the operation, which stand elsewhere.
func reason(err error) string {
	if e, ok := errors.AsType[*access.Error](err); ok {
		return e.Op + ": " + e.Err.Error()
	}
	return err.Error()
}
