package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"muster/collectors/scim/wire"
	"muster/internal/access"
	"muster/internal/dial/scim/resource"
)

// unneeded are attributes that are large or private and that nothing here reads.
const unneeded = "photos,x509Certificates,phoneNumbers,addresses,ims"

// all reads every list. It stops at the first that fails for a reason other than its own incompleteness, and still states
// what the groups read so far are, because grants name them.
func (r *reading) all() error {
	steps := []func() error{r.readUsers, r.readGroups}
	if r.membersAt == membersUsers {
		steps = []func() error{r.readGroups, r.readUsers}
	}
	steps = append(steps, r.readNamed)
	var first error
	for _, step := range steps {
		err := step()
		if r.out.Stop != nil {
			return r.out.Stop
		}
		if first == nil {
			first = err
		}
		if _, soft := errors.AsType[*wire.Incomplete](err); err != nil && !soft {
			break
		}
	}
	if err := r.finish(first); err != nil {
		return err
	}
	return first
}

// plural names the lists in messages.
var plural = map[string]string{"user": "users", "group": "groups", kindRole: "roles", kindEntitlement: "entitlements"}

// enumerate reads one list from the server or the dump. The error is *access.Error.
func (r *reading) enumerate(kind, file string, query url.Values, newPage func(), item func(*json.Decoder, int64, bool) (wire.Outcome, error)) (*wire.List, error) {
	l := &wire.List{Client: r.c.client, Op: "list " + plural[kind], Endpoint: r.endpoints[kind], Query: query, Cursor: r.cursor,
		Size: r.c.set.PageSize, NewPage: newPage, Item: item, Stopped: func() error { return r.out.Stop }, Claimed: access.NoClaim}
	r.c.lists = append(r.c.lists, l)
	var err error
	if r.c.client == nil {
		r.queries = append(r.queries, "READ "+file)
		err = r.readFile(l, file)
	} else {
		err = l.Run(r.ctx)
		r.queries = append(r.queries, l.Sent())
	}
	if r.out.Stop != nil {
		return l, r.out.Stop
	}
	if short, ok := errors.AsType[*wire.Incomplete](err); ok {
		err = &access.Error{System: r.c.spec.System, Op: l.Op, Kind: access.Incomplete, Err: short,
			Hint: "run it again when the source is quiet; absence is not inferred from a list that is not whole"}
	} else if e, ok := errors.AsType[*access.Error](err); ok && e.System == "" {
		e.System = r.c.spec.System
	}
	return l, err
}

// readFile reads a file of the dump, which is one page.
func (r *reading) readFile(l *wire.List, name string) error {
	f, err := os.Open(filepath.Join(r.c.set.Dump, name))
	if err != nil {
		return r.c.fileError("open "+name, err)
	}
	defer f.Close()
	l.Pages, l.Op = 1, "read "+name
	ordinal := int64(0)
	p, err := wire.ReadPage(f, func(dec *json.Decoder) error {
		ordinal++
		o, err := l.Item(dec, ordinal, false)
		if err != nil {
			return err
		}
		if o == wire.Added || o == wire.Rejected {
			l.Fetched++
		} else {
			l.Repeats++
		}
		return nil
	})
	l.Claimed = p.Total
	switch {
	case r.out.Stop != nil:
		return r.out.Stop
	case errors.Is(err, wire.ErrCut):
		return &access.Error{Op: l.Op, Kind: access.Incomplete, Err: fmt.Errorf("%w after %d resources", err, l.Fetched), Hint: "make the dump again"}
	case err != nil:
		return &access.Error{Op: l.Op, Kind: access.Invalid, Err: err, Hint: "the file is one ListResponse: {totalResults, Resources}"}
	case p.Total >= 0 && p.Total != l.Fetched:
		return &wire.Incomplete{Reason: fmt.Sprintf("the file says %d and holds %d, with %d repeated", p.Total, l.Fetched, l.Repeats)}
	}
	return nil
}

func (c *Collector) fileError(op string, err error) error {
	e := &access.Error{System: c.spec.System, Op: op, Kind: access.Invalid, Err: errors.New("cannot read the file")}
	switch {
	case errors.Is(err, os.ErrNotExist):
		e.Kind, e.Err, e.Hint = access.NotFound, errors.New("no such file"), "dump: is a folder with Users.json and Groups.json"
	case errors.Is(err, os.ErrPermission):
		e.Kind, e.Err, e.Hint = access.Denied, errors.New("permission denied"), "let the user that runs muster read the file"
	}
	return e
}

// readUsers emits accounts, and the grants that users carry.
func (r *reading) readUsers() error {
	query := r.reduced("user")
	if r.c.set.Filter != "" {
		query.Set("filter", r.c.set.Filter)
	}
	l, err := r.enumerate("user", "Users.json", query, r.graph.users.newPage, r.user)
	r.account.Claimed = l.Claimed
	r.usersComplete = err == nil
	r.account.settle(err)
	if err == nil && r.account.Rejected > 0 {
		r.account.State = access.Partial
		r.account.Reason = fmt.Sprintf("%d of %d users could not be read", r.account.Rejected, r.account.Fetched)
	}
	return err
}

// user reads one User.
func (r *reading) user(dec *json.Decoder, ordinal int64, seen bool) (wire.Outcome, error) {
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return 0, wire.Format(err)
	}
	var u resource.User
	err, ref := json.Unmarshal(raw, &u), fmt.Sprintf("/Users item %d", ordinal)
	switch {
	case seen && (err != nil || u.ID == "" || u.UserName == ""):
		return wire.Again, nil
	case err != nil:
		return wire.Rejected, r.reject(access.ClassAccount, ref, "the user is not what RFC 7643 says: "+typeError(err))
	case u.ID == "":
		return wire.Rejected, r.reject(access.ClassAccount, ref, "the user has no id")
	case u.UserName == "":
		return wire.Rejected, r.reject(access.ClassAccount, "/Users/"+string(u.ID), "the user has no userName")
	}
	_, what := r.graph.users.add(string(u.ID))
	if what != wire.Added {
		return what, nil
	}
	if err := r.emit(u.Account(raw, r.c.paths)); err != nil {
		return 0, err
	}
	if err := r.held(kindRole, u.ID, u.Roles); err != nil {
		return 0, err
	}
	if err := r.held(kindEntitlement, u.ID, u.Entitlements); err != nil {
		return 0, err
	}
	if r.membersAt == membersUsers {
		return wire.Added, r.memberships(&u)
	}
	return wire.Added, nil
}

// reduced is the query part that leaves out what is not needed. Not every server understands it, hence the setting.
func (r *reading) reduced(kind string) url.Values {
	q := url.Values{}
	at := r.c.set.Reduce
	switch {
	case at == reduceExcluded && kind == "user":
		q.Set("excludedAttributes", unneeded)
		if r.membersAt == membersGroups {
			q.Set("excludedAttributes", "groups,"+unneeded)
		}
	case at == reduceExcluded && r.membersAt == membersUsers:
		q.Set("excludedAttributes", "members")
	case at == reduceListed && kind == "user":
		q.Set("attributes", r.listed())
	case at == reduceListed && kind == "group":
		q.Set("attributes", "displayName,members")
		if r.membersAt == membersUsers {
			q.Set("attributes", "displayName")
		}
	}
	return q
}

// listed names every attribute that an account is made of.
func (r *reading) listed() string {
	const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"
	names := []string{"userName", "externalId", "displayName", "name", "active", "title", "userType", "emails", "roles", "entitlements",
		"meta.created", enterprise + "employeeNumber", enterprise + "department", enterprise + "manager"}
	if r.membersAt == membersUsers {
		names = append(names, "groups")
	}
	var extra []string
	for _, text := range r.c.set.Attributes.all() {
		if text != "" && !slices.Contains(names, text) {
			extra = append(extra, text)
		}
	}
	slices.Sort(extra)
	return strings.Join(append(names, slices.Compact(extra)...), ",")
}

func typeError(err error) string {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s is a %s", e.Field, e.Value)
	}
	return "unexpected JSON"
}
