// Package ldap changes accounts and memberships in a directory: OpenLDAP with the password policy overlay, or another LDAPv3 server that
// keeps locks and ends of accounts in attributes.
//
//	disable-account     a lock without end (pwdAccountLockedTime: 000001010000Z)
//	enable-account      lifts the lock, an end that has passed and a start that is still to come
//	set-expiry          pwdEndTime
//	grant, remove       one value of a group's member attribute; a change of one value is compare-and-set by itself
//	create-account      an entry by the template in the settings, without a password
//	delete-account      takes the account out of its groups, then deletes the entry
//
// The last member of a group of names leaves only for the placeholder_member of the settings, in one request; an inverse takes that out
// again.
//
// A directory has no sessions, so that revoke-sessions is not offered. Locks and ends count only where the password policy in force says
// pwdLockout: TRUE; without, the change is refused, since it would lock nobody out.
//
// Accounts and groups are found as the collector finds them: by the id attribute (entryUUID), else by name, below the configured bases and
// by the same filters. Holds is direct membership, Through names the groups through which nesting leads there too. Version is the
// account's entryCSN (modifyTimestamp where there is none): a change of the account asserts it (RFC 4528), a change of a group compares it
// right before, so that other members of a large group may come and go. Restore is the former values of what a kind changes, exactly as
// they were spelled; of a deletion the user attributes without secrets, the validity, and the memberships.
//
// Standards: RFC 4511, RFC 4515, RFC 4528 (assertion), RFC 3876 (matched values, so that one member of a large group is read and not
// all), RFC 2696, draft-behera-ldap-password-policy-10. Times are UTC. A Target may be used from many goroutines; each call has a
// connection of its own, which is kept for the next. Errors are *access.Error and hold no password.
package ldap

import (
	"context"
	"log/slog"
	"time"

	"muster/internal/access"
	"muster/internal/dial/ldap/entry"
	"muster/remediate"
	"muster/remediate/ldap/session"
)

// Target changes one directory.
type Target struct {
	system string
	s      settings
	pool   *session.Pool
	now    func() time.Time
	log    *slog.Logger
	locks  enforcement
}

// New makes a target from the settings: see settings in this package for the keys.
func New(spec remediate.Spec) (remediate.Target, error) {
	t := &Target{system: spec.System, now: spec.Now, log: spec.Log}
	if t.now == nil {
		t.now = time.Now
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	var ok bool
	if t.s, ok = decode(spec); !ok {
		return t, nil // the problems stand on the settings
	}
	var err error
	if t.pool, err = session.New(t.s.server(), spec.Dir, t.s.Timeout); err != nil {
		return nil, &access.Error{System: spec.System, Op: "prepare connection", Kind: access.KindOf(err), Hint: access.HintOf(err), Err: err}
	}
	return t, nil
}

// Abilities says what the target can do: without an attribute for locks or for ends it cannot set them.
func (t *Target) Abilities() remediate.Abilities {
	can := remediate.Abilities{Kinds: map[access.ActionKind]string{access.CreateAccount: "", access.GrantEntitlement: "", access.RemoveEntitlement: "",
		access.DeleteAccount: "the entry comes back with its attributes and memberships, but with another entryUUID and without its password"}}
	if t.s.Attributes.LockedAt != "" {
		can.Kinds[access.DisableAccount], can.Kinds[access.EnableAccount] = "", ""
	}
	if t.s.Attributes.ExpiresAt != "" {
		can.Kinds[access.SetExpiry] = ""
	}
	if t.s.BindDN != "" {
		_, name := entry.RDN(t.s.BindDN)
		can.Self = []string{t.s.BindDN, name}
	}
	return can
}

// Inspect reads what an action concerns.
func (t *Target) Inspect(ctx context.Context, a access.Action) (access.Observation, error) {
	var obs access.Observation
	err := t.with(ctx, a, func(w *work) error {
		v, err := w.look(true)
		if err != nil {
			return err
		}
		obs, err = v.observation()
		return err
	})
	return obs, err
}

// Apply makes the change, unless it is there already.
func (t *Target) Apply(ctx context.Context, a access.Action) (access.Receipt, error) {
	receipt := access.Receipt{Action: a.ID, Outcome: access.OutcomeAlready, Said: "it was so already"}
	err := t.with(ctx, a, func(w *work) error {
		if !t.Abilities().Can(a.Kind) {
			return refuse(access.Invalid, "see what the target can do in docs/configuration.md", "a directory cannot do %s", a.Kind)
		}
		v, err := w.look(false)
		if err != nil {
			return err
		}
		done, err := v.done()
		if err != nil {
			return err
		}
		if !done {
			if receipt.Said, err = w.change(v); err != nil {
				return err
			}
			receipt.Outcome = access.OutcomeDone
		}
		if v, err = w.look(true); err != nil {
			return err
		}
		receipt.After, err = v.observation()
		return err
	})
	receipt.At = t.now().UTC()
	return receipt, err
}
