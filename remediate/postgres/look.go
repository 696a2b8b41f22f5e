package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"muster/internal/access"
	dial "muster/internal/dial/postgres"
	"muster/remediate/postgres/cluster"
)

// place is where an action happens.
type place struct {
	database string
	held     held // of an entitlement
}

// view is what one look at the cluster showed of what an action concerns.
type view struct {
	obs  access.Observation
	role *cluster.Role // nil when the account is not there
	in   []cluster.Membership
	held held
	undo former
}

// former is a former state, as Restore keeps it.
type former struct {
	Login       *bool                `json:"login,omitempty"`       // of disable and enable
	ValidUntil  *string              `json:"valid_until,omitempty"` // of set-expiry; empty is NULL
	Memberships []cluster.Membership `json:"memberships,omitempty"` // of an entitlement that is a role: those of the account in it
	Privileges  []cluster.Privilege  `json:"privileges,omitempty"`  // of one that is a privilege: the entries of the account; of delete: all that it held
	// The rest is of delete.
	Role     *cluster.Role        `json:"role,omitempty"`
	In       []cluster.Membership `json:"in,omitempty"`
	Members  []cluster.Membership `json:"members,omitempty"`
	Settings []cluster.Setting    `json:"settings,omitempty"`
	Database string               `json:"database,omitempty"` // whose privileges they are
}

// restore reads what an inverse brings back; nil when the action is none.
func (t *Target) restore(a access.Action) (*former, error) {
	if len(a.Restore) == 0 {
		return nil, nil
	}
	var f former
	if err := json.Unmarshal(a.Restore, &f); err != nil {
		return nil, t.fail(a, access.Invalid, "what is to be brought back is not what this target wrote")
	}
	return &f, nil
}

// aim finds the database in which an action is to be done.
func (t *Target) aim(ctx context.Context, a access.Action) (place, error) {
	if t.dialer == nil {
		return place{}, &access.Error{System: t.spec.System, Op: "open target", Kind: access.Invalid, Err: errors.New("its settings have problems")}
	}
	p := place{database: dial.Database(t.set.address)}
	var err error
	switch a.Kind {
	case access.GrantEntitlement, access.RemoveEntitlement:
		if p.held, err = t.entitlement(a); err == nil && p.held.database != "" {
			p.database = p.held.database
		}
	case access.CreateAccount:
		var f *former
		if f, err = t.restore(a); err == nil && f != nil && f.Database != "" {
			p.database = f.Database
		}
	case access.DeleteAccount:
		p.database, err = t.privileged(ctx, a, p.database)
	case access.DisableAccount, access.EnableAccount, access.SetExpiry, access.RevokeSessions:
	default:
		err = t.fail(a, access.Invalid, "PostgreSQL has no such action")
	}
	return p, err
}

// look reads what the action concerns, in the transaction that is open.
func (t *Target) look(ctx context.Context, s *cluster.Session, a access.Action, p place) (*view, error) {
	v := &view{held: p.held}
	var err error
	if a.Kind == access.CreateAccount {
		v.role, err = t.findCreated(ctx, s, a)
	} else {
		v.role, err = t.find(ctx, s, a)
	}
	if err != nil {
		return nil, err
	}
	now := t.spec.Now().UTC()
	v.obs = access.Observation{At: now, Sessions: -1}
	if v.role != nil {
		if v.in, err = s.MemberOf(ctx, v.role.OID); err == nil {
			err = t.observe(v, a, now)
		}
	}
	if err == nil && a.Kind != access.CreateAccount {
		err = t.lookDeeper(ctx, s, a, v)
	}
	if err != nil || v.role == nil {
		return v, err
	}
	return v, v.seal(a)
}

// find finds an account by its oid, else by its name.
func (t *Target) find(ctx context.Context, s *cluster.Session, a access.Action) (*cluster.Role, error) {
	if a.Account.ID == "" {
		if a.Account.Name == "" {
			return nil, t.fail(a, access.Invalid, "the account has neither id nor name")
		}
		return s.ByName(ctx, a.Account.Name)
	}
	r, err := s.ByOID(ctx, a.Account.ID)
	if err == nil && r != nil && a.Account.Name != "" && r.Name != a.Account.Name {
		e := &access.Error{System: t.spec.System, Op: operation(a), Kind: access.Conflict, Err: errors.New("the role has another name now")}
		e.Hint = "it was renamed since the snapshot, or its oid is another role's now: the next run plans anew"
		return nil, e
	}
	return r, err
}

// observe fills in what is seen of every account.
func (t *Target) observe(v *view, a access.Action, now time.Time) error {
	expires, err := dial.Until(v.role.ValidUntil)
	if err != nil {
		return t.fail(a, access.Invalid, "VALID UNTIL: "+err.Error())
	}
	o := &v.obs
	o.Exists, o.AccountID, o.ExpiresAt = true, v.role.OID, expires
	o.Enabled = v.role.Login && (expires.IsZero() || expires.After(now))
	if a.Kind == access.SetExpiry && expires.Equal(a.ExpiresAt.Truncate(time.Microsecond)) {
		o.ExpiresAt = a.ExpiresAt // the server keeps no more digits
	}
	return nil
}

// lookDeeper reads what the kind of the action is about, and what its inverse will need.
func (t *Target) lookDeeper(ctx context.Context, s *cluster.Session, a access.Action, v *view) error {
	if a.Kind == access.RemoveEntitlement || a.Kind == access.GrantEntitlement {
		return t.lookHeld(ctx, s, a, v)
	}
	if v.role == nil {
		return nil
	}
	switch a.Kind {
	case access.DisableAccount, access.EnableAccount:
		v.undo.Login = &v.role.Login
	case access.SetExpiry:
		v.undo.ValidUntil = &v.role.ValidUntil
	case access.RevokeSessions:
		pids, err := s.Backends(ctx, v.role.OID)
		v.obs.Sessions = len(pids)
		return err
	case access.DeleteAccount:
		return t.lookDeleted(ctx, s, v)
	}
	return nil
}

// seal makes the version, and Restore.
func (v *view) seal(a access.Action) error {
	undo, err := json.Marshal(v.undo)
	if err != nil {
		return err
	}
	if a.Kind == access.RevokeSessions || a.Kind == access.CreateAccount {
		undo = nil
	}
	v.obs.Restore = slices.Clone(undo)
	state, err := json.Marshal(struct {
		Role  *cluster.Role
		Stamp string
		In    []cluster.Membership
		Undo  json.RawMessage `json:",omitempty"`
	}{v.role, v.role.Stamp, v.in, undo})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(state)
	v.obs.Version = hex.EncodeToString(sum[:16])
	return nil
}
