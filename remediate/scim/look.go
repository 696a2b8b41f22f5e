package scim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"muster/internal/access"
	dial "muster/internal/dial/scim"
	"muster/internal/dial/scim/resource"
)

// view is what one look at the server showed of what an action concerns.
type view struct {
	obs   access.Observation
	user  *thing // nil when the account is not there
	held  held   // of an entitlement
	group *thing // of an entitlement that is a group; nil when it is not there
	undo  former
}

// thing is one resource.
type thing struct {
	id      string
	raw     resource.Object
	at      string         // its path
	version string         // what is compared
	guard   string         // what If-Match may say; empty where the server keeps no versions
	account access.Account // of a User, as the collector reads it
}

// former is a former state, as Restore keeps it.
type former struct {
	Active json.RawMessage   `json:"active,omitempty"` // of disable and enable; null when the attribute was not there
	Items  []json.RawMessage `json:"items,omitempty"`  // of an entitlement: the members of the group, or the values, that were the account's
	User   resource.Object   `json:"user,omitempty"`   // of delete: the resource
	Groups []membership      `json:"groups,omitempty"` // of delete: the groups that it was directly in
}

// membership is what one group said about one account.
type membership struct {
	ID    string            `json:"id"`
	Name  string            `json:"name,omitempty"`
	Items []json.RawMessage `json:"items"`
}

// look reads what an action concerns.
func (t *Target) look(ctx context.Context, a access.Action) (*view, error) {
	if _, can := kinds()[a.Kind]; !can {
		return nil, t.fail(a, access.Invalid, "a SCIM server cannot do this")
	}
	if err := t.ready(ctx); err != nil {
		return nil, err
	}
	v := &view{}
	var err error
	if a.Kind == access.CreateAccount {
		v.user, err = t.findCreated(ctx, a)
	} else {
		v.user, err = t.findUser(ctx, a)
	}
	if err != nil {
		return nil, err
	}
	v.obs = access.Observation{At: t.spec.Now().UTC(), Sessions: -1}
	if v.user != nil {
		v.obs.Exists, v.obs.AccountID, v.obs.Enabled, v.obs.Version = true, v.user.id, v.user.account.Enabled, v.user.version
	}
	switch a.Kind {
	case access.DisableAccount, access.EnableAccount:
		if v.user != nil {
			if v.undo.Active = v.user.raw.Get("active"); v.undo.Active == nil {
				v.undo.Active = json.RawMessage("null")
			}
		}
	case access.DeleteAccount:
		err = t.lookDeleted(ctx, v)
	case access.RemoveEntitlement, access.GrantEntitlement:
		err = t.lookHeld(ctx, a, v)
	}
	if err != nil || v.user == nil {
		return v, err
	}
	if a.Kind != access.CreateAccount {
		v.obs.Restore, err = json.Marshal(v.undo)
	}
	return v, err
}

// findUser finds an account by its id, else by its name.
func (t *Target) findUser(ctx context.Context, a access.Action) (*thing, error) {
	if a.Account.ID != "" {
		return t.read(ctx, "read user", t.server.users, a.Account.ID)
	}
	return t.findName(ctx, a, a.Account.Name)
}

// findName finds the one User of a name; case does not count (RFC 7643 §4.1.1).
func (t *Target) findName(ctx context.Context, a access.Action, name string) (*thing, error) {
	if name == "" {
		return nil, t.fail(a, access.Invalid, "the account has neither id nor name")
	}
	return t.findBy(ctx, a, "userName", name, strings.EqualFold)
}

func (t *Target) findBy(ctx context.Context, a access.Action, attribute, value string, same func(a, b string) bool) (*thing, error) {
	ids, err := t.ids(ctx, "find user", t.server.users, attribute, value, same)
	switch {
	case err != nil || len(ids) == 0:
		return nil, err
	case len(ids) > 1:
		return nil, t.fail(a, access.Conflict, "several accounts have the "+attribute)
	}
	return t.read(ctx, "read user", t.server.users, ids[0])
}

// ids gives the ids of the resources whose attribute has a value.
func (t *Target) ids(ctx context.Context, op, endpoint, attribute, value string, same func(a, b string) bool) ([]string, error) {
	found, err := t.client.Search(ctx, t.server.provider, op, endpoint, attribute+" eq "+dial.Quote(value), func(o resource.Object) bool {
		return same(resource.String(o.Get(attribute)), value)
	})
	var ids []string
	for _, o := range found {
		if id := resource.String(o.Get("id")); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, err
}

// read gets one resource; nil when it is not there.
func (t *Target) read(ctx context.Context, op, endpoint, id string) (*thing, error) {
	path := at(endpoint, id)
	a, err := t.client.Read(ctx, op, path, nil)
	if s, ok := errors.AsType[*dial.Status](err); ok && (s.Code == http.StatusNotFound || s.Code == http.StatusGone) {
		return nil, t.sure(ctx, op, endpoint)
	}
	if err != nil {
		return nil, err
	}
	o := &thing{id: id, at: path}
	if err := json.Unmarshal(a.Body, &o.raw); err != nil || resource.String(o.raw.Get("id")) != id {
		return nil, &access.Error{System: t.spec.System, Op: op, Kind: access.Invalid, Err: errors.New("the answer is not the resource that was asked for")}
	}
	var u resource.User
	if err := json.Unmarshal(a.Body, &u); err != nil {
		return nil, &access.Error{System: t.spec.System, Op: op, Kind: access.Invalid, Err: errors.New("the resource is not what RFC 7643 says")}
	}
	o.account = u.Account(json.RawMessage(a.Body), t.set.paths)
	t.versions(o, a.ETag)
	return o, nil
}

// sure is asked when a resource is not found: it is not there only if the place where it would be is. A wrong url must not look like a
// server from which everybody is gone.
func (t *Target) sure(ctx context.Context, op, endpoint string) error {
	_, err := t.client.Read(ctx, op, endpoint, map[string][]string{"count": {"1"}, "startIndex": {"1"}})
	if s, ok := errors.AsType[*dial.Status](err); ok && s.Code == http.StatusBadRequest {
		return nil // it is there and wants to be asked otherwise
	}
	return err
}

// versions notes what a resource's version is (RFC 7644 §3.14). An ETag of a server that does not speak of them may come from anything on
// the way, so that it is compared and not relied on.
func (t *Target) versions(o *thing, etag string) {
	var meta struct {
		Version      resource.Text `json:"version"`
		LastModified resource.Text `json:"lastModified"`
	}
	_ = json.Unmarshal(o.raw.Get("meta"), &meta) // what cannot be read is not there
	offered := t.server.provider.ETag
	switch {
	case meta.Version != "":
		o.version = string(meta.Version)
		if !offered.No() {
			o.guard = o.version
			if etag != "" {
				o.guard = etag
			}
		}
	case etag != "" && offered.Yes():
		o.version, o.guard = etag, etag
	case meta.LastModified != "":
		o.version = string(meta.LastModified)
	default:
		o.version = etag
	}
}
