package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"muster/collectors/ldap/nesting"
	"muster/internal/access"
	"muster/internal/dial/ldap/entry"
)

// reading is one Collect: what was handed on so far, and what is needed to resolve memberships.
type reading struct {
	c    *Collector
	ctx  context.Context
	emit func(access.Record) error
	end  error // why nobody takes records any more: emit failed or the context ended

	seen     map[string]int32 // normalised DN of an account → its place in ids
	byName   map[string]int32 // folded name → its place; only when memberUid is a member attribute; -1 is ambiguous
	ids      []string
	accounts tally
	groups   tally
	grants   tally
	graph    nesting.Graph
}

// tally counts one class.
type tally struct {
	parsed, rejected int64
	short            []string // why it is not complete
}

// endError marks an error of emit or of the context, after which nothing is emitted.
type endError struct{ error }

// Unwrap gives the cause.
func (e endError) Unwrap() error { return e.error }

func newReading(ctx context.Context, c *Collector, emit func(access.Record) error) *reading {
	r := &reading{c: c, ctx: ctx, emit: emit, seen: map[string]int32{}}
	for _, m := range c.s.Members {
		if strings.EqualFold(m, "memberUid") {
			r.byName = map[string]int32{}
		}
	}
	if err := ctx.Err(); err != nil {
		r.end = endError{err}
	}
	return r
}

func (r *reading) stopped() bool { return r.end != nil }

func (r *reading) out(rec access.Record) error {
	if err := r.emit(rec); err != nil {
		r.end = endError{fmt.Errorf("emit %s: %w", rec.Class(), err)}
	} else if err := r.ctx.Err(); err != nil {
		r.end = endError{err}
	}
	return r.end
}

// reject hands on a rejection and counts it.
func (r *reading) reject(t *tally, of access.Class, ref, reason string) error {
	t.rejected++
	return r.out(access.Rejection{Of: of, Ref: ref, Reason: reason})
}

// person takes an entry of the people's area.
func (r *reading) person(e *entry.Entry) error {
	dn, err := entry.Normalise(e.DN)
	if err != nil {
		return r.reject(&r.accounts, access.ClassAccount, e.DN, err.Error())
	}
	a, err := r.c.account(e)
	if err != nil {
		return r.reject(&r.accounts, access.ClassAccount, e.DN, err.Error())
	}
	if i, dup := r.seen[dn]; dup {
		if r.ids[i] == a.ID {
			return nil // moved between two pages while we read
		}
		return r.reject(&r.accounts, access.ClassAccount, e.DN, "a second entry of the same name")
	}
	i := int32(len(r.ids))
	r.ids = append(r.ids, strings.Clone(a.ID)) // a clone, so that the page it came in can go
	r.seen[strings.Clone(dn)] = i
	if r.byName != nil {
		name := entry.Fold(a.Name)
		if _, dup := r.byName[name]; dup {
			i = -1
		}
		r.byName[strings.Clone(name)] = i
	}
	r.accounts.parsed++
	return r.out(a)
}

// group takes an entry of the groups' area; it is handed on at the end, when all names are known.
func (r *reading) group(e *entry.Entry) error {
	at := &r.c.s.Attributes
	dn, err := entry.Normalise(e.DN)
	if err != nil {
		return r.reject(&r.groups, access.ClassEntitlement, e.DN, err.Error())
	}
	g := nesting.Group{ID: strings.Clone(e.Value(at.ID)), Name: strings.Clone(e.Value(at.GroupName)),
		Description: strings.Clone(e.Value(at.Description)), DN: strings.Clone(e.DN)}
	switch {
	case g.ID == "":
		return r.reject(&r.groups, access.ClassEntitlement, e.DN, "the entry has no "+at.ID)
	case g.Name == "":
		return r.reject(&r.groups, access.ClassEntitlement, e.DN, "the entry has no "+at.GroupName)
	}
	if !r.graph.Add(strings.Clone(dn), g) {
		if r.graph.Of(dn).ID == g.ID {
			return nil
		}
		return r.reject(&r.groups, access.ClassEntitlement, e.DN, "a second entry of the same name")
	}
	for _, attr := range r.c.s.Members {
		for _, m := range e.Values(attr) {
			if err := r.member(attr, m, e.DN); err != nil {
				return err
			}
		}
	}
	return nil
}

// member notes one member of the group added last.
func (r *reading) member(attr, value, groupDN string) error {
	in := r.graph.Last()
	if strings.EqualFold(attr, "memberUid") {
		in.Names = append(in.Names, strings.Clone(entry.Fold(value)))
		return nil
	}
	if strings.EqualFold(attr, "uniqueMember") {
		// RFC 4517 §3.3.21: a name and an optional bit string, #'0101'B.
		if i := strings.LastIndex(value, "#'"); i > 0 && strings.HasSuffix(value, "'B") {
			value = value[:i]
		}
	}
	if value == "" {
		return nil // stands for nobody in a group that would be empty, since groupOfNames needs a member (RFC 4519 §3.5)
	}
	dn, err := entry.Normalise(value)
	if err != nil {
		return r.reject(&r.grants, access.ClassGrant, groupDN, "member: "+err.Error())
	}
	if i, ok := r.seen[dn]; ok {
		in.Accounts = append(in.Accounts, i)
		return nil
	}
	if dn == r.c.s.nobody {
		return nil
	}
	in.Unknown = append(in.Unknown, strings.Clone(dn))
	return nil
}

// finish resolves the memberships and hands on entitlements and grants.
func (r *reading) finish() error {
	if err := r.resolve(); err != nil {
		return err
	}
	r.graph.Order()
	for i := range r.graph.Groups {
		g := &r.graph.Groups[i]
		r.groups.parsed++
		err := r.out(access.Entitlement{System: r.c.system, ID: g.ID, Kind: "group", Name: g.Name, Description: g.Description,
			Privileged: r.c.s.Privileged.Match(g.Name), SourceRef: g.DN})
		if err != nil {
			return err
		}
	}
	return r.graph.Walk(len(r.ids), func(account int32, g *nesting.Group, path []string) error {
		r.grants.parsed++
		return r.out(access.Grant{System: r.c.system, AccountID: r.ids[account], EntitlementID: g.ID, Path: path, Effective: true})
	})
}

// resolve finds the accounts and groups that were not known yet when a group named them.
func (r *reading) resolve() error {
	short := len(r.accounts.short)+len(r.groups.short) > 0
	lost := 0
	missing := func(g *nesting.Group, name, what string) error {
		if short {
			lost++ // it may be among what was not read: no fact either way
			return nil
		}
		return r.reject(&r.grants, access.ClassGrant, g.DN, fmt.Sprintf("member %s is %s", name, what))
	}
	for gi := range r.graph.Groups {
		g := &r.graph.Groups[gi]
		for _, name := range g.Unknown {
			if i, ok := r.seen[name]; ok {
				g.Accounts = append(g.Accounts, i)
			} else if inner := r.graph.Find(name); inner >= 0 {
				r.graph.Groups[inner].Parents = append(r.graph.Groups[inner].Parents, int32(gi))
			} else if err := missing(g, name, "no account and no group of the search areas"); err != nil {
				return err
			}
		}
		for _, name := range g.Names {
			i, ok := r.byName[name]
			switch {
			case ok && i >= 0:
				g.Accounts = append(g.Accounts, i)
			case ok:
				if err := r.reject(&r.grants, access.ClassGrant, g.DN, fmt.Sprintf("member %s is the name of several accounts", name)); err != nil {
					return err
				}
			default:
				if err := missing(g, name, "the name of no account"); err != nil {
					return err
				}
			}
		}
		g.Unknown, g.Names = nil, nil
	}
	if lost > 0 {
		r.grants.short = append(r.grants.short, fmt.Sprintf("%d memberships name entries that were not read", lost))
	}
	return nil
}

// coverage states what was read. A stop of our own leaves every class partial.
func (r *reading) coverage(err error) access.Coverage {
	if r.end != nil {
		why := "stopped: " + r.end.Error()
		for _, t := range []*tally{&r.accounts, &r.groups, &r.grants} {
			t.short = append(t.short, why)
		}
	} else if err != nil && len(r.accounts.short)+len(r.groups.short) == 0 {
		r.accounts.short, r.groups.short = []string{err.Error()}, []string{err.Error()}
	}
	for _, t := range []*tally{&r.accounts, &r.groups} {
		if n := int(t.rejected); n > r.c.s.MaxRejected {
			t.short = append(t.short, fmt.Sprintf("%d entries could not be read, max_rejected is %d", n, r.c.s.MaxRejected))
		}
	}
	if len(r.grants.short) == 0 {
		r.grants.short = append(append(r.grants.short, r.accounts.short...), r.groups.short...)
	}
	return access.Coverage{Classes: []access.ClassCoverage{
		r.accounts.class(access.ClassAccount), r.groups.class(access.ClassEntitlement), r.grants.class(access.ClassGrant),
	}}
}

func (t *tally) class(class access.Class) access.ClassCoverage {
	c := access.ClassCoverage{Class: class, Claimed: access.NoClaim, Fetched: t.parsed + t.rejected, Parsed: t.parsed,
		Rejected: t.rejected, State: access.Complete}
	if len(t.short) > 0 {
		c.State, c.Reason = access.Partial, strings.Join(unique(t.short), "; ")
		if c.Fetched == 0 {
			c.State = access.Failed
		}
	}
	return c
}

func unique(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			out = append(out, s)
		}
		seen[s] = true
	}
	return out
}

func isEnd(err error) bool {
	var e endError
	return errors.As(err, &e)
}
