package scim

import (
	"context"
	"errors"
	"fmt"

	"muster/collectors"
	"muster/internal/access"
)

// reading is the state of one Collect.
type reading struct {
	ctx context.Context
	c   *Collector
	out collectors.Emission

	source        string
	queries       []string
	cursor        bool
	membersAt     string            // membersGroups or membersUsers
	endpoints     map[string]string // by resource type: user, group, role, entitlement; the last two may be missing
	graph         graph
	values        map[string]map[string]*held // by kind (role, entitlement), then value
	account       class
	entitlement   class
	grant         class
	outside       int64 // members that are no user of ours, where that proves nothing
	groupsFetched int64
	usersComplete bool
}

// held is a value of "roles" or "entitlements".
type held struct {
	name, description string
}

// class counts one object class.
type class struct {
	access.ClassCoverage
	err error
}

func newReading(ctx context.Context, c *Collector, emit func(access.Record) error) *reading {
	r := &reading{ctx: ctx, c: c, membersAt: c.set.Members,
		endpoints: map[string]string{"user": "/Users", "group": "/Groups"},
		graph:     graph{users: newIDs(), groups: newIDs()},
		values:    map[string]map[string]*held{kindRole: {}, kindEntitlement: {}}}
	if r.membersAt == membersAuto {
		r.membersAt = membersGroups
	}
	for k, class := range map[*class]access.Class{&r.account: access.ClassAccount, &r.entitlement: access.ClassEntitlement, &r.grant: access.ClassGrant} {
		k.Class, k.Claimed, k.State, k.Reason = class, access.NoClaim, access.Partial, "not read"
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

// settle states what became of a class.
func (k *class) settle(err error) {
	k.err = err
	k.State, k.Reason = access.Complete, ""
	if err != nil {
		k.State, k.Reason = access.Partial, reason(err)
	}
}

// reason is the cause without the system and the operation, which the coverage says elsewhere.
func reason(err error) string {
	if e, ok := errors.AsType[*access.Error](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// failAll states that nothing was read, and why.
func (r *reading) failAll(err error) {
	for _, k := range []*class{&r.account, &r.entitlement, &r.grant} {
		k.settle(err)
	}
}

// coverage is the statement of what was read. Classes without a record are failed when nothing at all was read, else partial:
// the others' records are facts.
func (r *reading) coverage() access.Coverage {
	cov := access.Coverage{Source: r.source, Queries: r.queries}
	any := r.account.Fetched+r.entitlement.Fetched+r.grant.Fetched > 0
	for _, k := range []*class{&r.account, &r.entitlement, &r.grant} {
		if r.out.Stop != nil && k.State == access.Complete {
			k.State, k.Reason = access.Partial, reason(r.out.Stop)
		}
		if k.State != access.Complete && !any {
			k.State = access.Failed
		}
		cov.Classes = append(cov.Classes, k.ClassCoverage)
	}
	if r.outside > 0 {
		cov.Queries = append(cov.Queries, fmt.Sprintf("note: %d memberships of users that were not asked for or not read were left out", r.outside))
	}
	return cov
}

// reject emits a Rejection.
func (r *reading) reject(of access.Class, ref, why string) error {
	return r.emit(access.Rejection{Of: of, Ref: ref, Reason: why})
}
