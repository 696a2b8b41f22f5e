package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/internal/access"
	dial "muster/internal/dial/postgres"
	"muster/remediate"
	"muster/remediate/postgres/cluster"
)

// maxConnections is how many connections are open at a time.
const maxConnections = 8

// Target changes one cluster.
type Target struct {
	spec   remediate.Spec
	set    settings
	dialer *dial.Dialer // nil when the settings have problems
	slots  chan struct{}

	mu sync.Mutex
	me []string // oids and names of the role that connects, once it was asked for
}

// New is the remediate.Factory of "postgres". Settings, taken from the collector's where they are not given:
//
//	url                postgres://user@host:5432/database?sslmode=verify-full of a role that may write; roles are changed from that database
//	password           of the user; the collector's is taken for the collector's user only
//	timeout            of connecting, default 15s
//	statement_timeout  of one statement, default 1m
//
// Which databases the names of entitlements mean is the collector's databases.
func New(spec remediate.Spec) (remediate.Target, error) {
	t := &Target{spec: spec, set: decode(spec), slots: make(chan struct{}, maxConnections)}
	if t.spec.Now == nil {
		t.spec.Now = time.Now
	}
	if t.set.address == nil {
		return t, nil // settings whose problems the caller prints
	}
	o := dial.Options{System: spec.System, Address: t.set.address, Timeout: t.set.Timeout, StatementTimeout: t.set.StatementTimeout, Writes: true}
	if t.set.Password.IsSet() {
		var err error
		if o.Password, err = t.set.Password.Value(); err != nil {
			return nil, &access.Error{System: spec.System, Op: "read password", Kind: access.Denied, Err: err, Hint: "set it where muster runs"}
		}
	}
	t.dialer = dial.New(o)
	return t, nil
}

// meTimeout is how long Abilities waits to be told whose connection it is.
const meTimeout = 5 * time.Second

// Abilities says what can be done. Which role the connection acts as is asked of the server once.
func (t *Target) Abilities() remediate.Abilities {
	a := remediate.Abilities{Kinds: kinds()}
	if t.dialer == nil {
		return a
	}
	a.Self = []string{t.set.address.User.Username()}
	ctx, cancel := context.WithTimeout(context.Background(), meTimeout)
	defer cancel()
	t.mu.Lock()
	known := t.me != nil
	t.mu.Unlock()
	if !known {
		s, done, err := t.connect(ctx, dial.Database(t.set.address))
		if err == nil {
			t.mu.Lock()
			t.me = append([]string{s.Me.Name, s.Me.Login}, s.Me.OIDs...)
			t.mu.Unlock()
			done()
		} else if t.spec.Log != nil { // Apply looks again before it changes anything
			t.spec.Log.WarnContext(ctx, "server does not say whose connection it is", slog.String("system", t.spec.System), slog.Any("error", err))
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, one := range t.me {
		if !slices.Contains(a.Self, one) {
			a.Self = append(a.Self, one)
		}
	}
	return a
}

// kinds are what can be done, with what of it cannot be undone.
func kinds() map[access.ActionKind]string {
	const grantor = "who granted it is kept as far as the server lets the connecting role name another: before PostgreSQL 16 a superuser only"
	return map[access.ActionKind]string{
		access.DisableAccount:    "",
		access.EnableAccount:     "",
		access.SetExpiry:         "a role that never had an expiry gets infinity, which means the same: the server has no statement that takes it away",
		access.RevokeSessions:    "sessions that were ended do not come back",
		access.RemoveEntitlement: grantor,
		access.GrantEntitlement:  "",
		access.CreateAccount:     "",
		access.DeleteAccount: "the role's oid, password and security labels cannot be brought back: it is created again under a new oid, without a password, with its " +
			"attributes, comment, settings, memberships and privileges; memberships that it granted to others do not name it again; " + grantor,
	}
}

// connect opens a connection when it is its turn; done gives it back.
func (t *Target) connect(ctx context.Context, database string) (s *cluster.Session, done func(), err error) {
	if t.dialer == nil {
		return nil, nil, &access.Error{System: t.spec.System, Op: "open target", Kind: access.Invalid, Err: errors.New("its settings have problems")}
	}
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("connect: %w", ctx.Err())
	}
	if s, err = cluster.Open(ctx, t.dialer, database); err != nil {
		<-t.slots
		return nil, nil, err
	}
	return s, func() { s.Close(); <-t.slots }, nil
}

// Inspect reads what the action concerns, as of one moment.
func (t *Target) Inspect(ctx context.Context, a access.Action) (access.Observation, error) {
	p, err := t.aim(ctx, a)
	if err != nil {
		return access.Observation{}, err
	}
	s, done, err := t.connect(ctx, p.database)
	if err != nil {
		return access.Observation{}, err
	}
	defer done()
	v, err := t.read(ctx, s, a, p)
	if err != nil {
		return access.Observation{}, err
	}
	return v.obs, nil
}

// read looks in a transaction of its own.
func (t *Target) read(ctx context.Context, s *cluster.Session, a access.Action, p place) (*view, error) {
	if err := s.Begin(ctx, false); err != nil {
		return nil, err
	}
	defer s.Forget() // nothing was written
	return t.look(ctx, s, a, p)
}

// Apply makes the change, unless it is there already.
func (t *Target) Apply(ctx context.Context, a access.Action) (access.Receipt, error) {
	p, err := t.aim(ctx, a)
	if err != nil {
		return access.Receipt{}, err
	}
	s, done, err := t.connect(ctx, p.database)
	if err != nil {
		return access.Receipt{}, err
	}
	defer done()
	r := access.Receipt{Action: a.ID, Outcome: access.OutcomeAlready, Said: "it was so already"}
	v, said, err := t.transact(ctx, s, a, p)
	for try := 1; dial.Overtaken(err) && try < races; try++ {
		if err = s.Rollback(ctx, operation(a)); err == nil {
			v, said, err = t.transact(ctx, s, a, p)
		}
	}
	if err == nil && len(said) > 0 {
		r.Outcome, r.Said = access.OutcomeDone, strings.Join(said, "; ")
		v, err = t.read(ctx, s, a, p)
	}
	if err != nil {
		return access.Receipt{}, err
	}
	r.At, r.After = t.spec.Now().UTC(), v.obs
	return r, nil
}

// races is how often a change is tried that others, such as Muster's own changes of the same object for other accounts, overtake.
const races = 20

// transact looks, compares, changes, looks again and commits. Without anything said nothing was to be done.
func (t *Target) transact(ctx context.Context, s *cluster.Session, a access.Action, p place) (*view, []string, error) {
	if err := s.Begin(ctx, true); err != nil {
		return nil, nil, err
	}
	v, err := t.look(ctx, s, a, p)
	if err == nil && !v.obs.Shows(a) {
		if err = t.guard(s, a, v); err == nil && v.role != nil && altersRole(a, v) {
			if err = s.Lock(ctx, operation(a), v.role); err == nil {
				v, err = t.look(ctx, s, a, p)
			}
		}
	}
	switch {
	case err != nil:
		return nil, nil, err
	case v.obs.Shows(a):
		return v, nil, nil // the end of the connection rolls back
	case v.role == nil && a.Kind != access.CreateAccount:
		return nil, nil, t.fail(a, access.NotFound, "the account is not there")
	case a.Before != nil && a.Before.Version != "" && v.role != nil && v.obs.Version != a.Before.Version:
		return nil, nil, t.fail(a, access.Conflict, "the account has changed since it was looked at")
	}
	said, err := t.change(ctx, s, a, v)
	if err != nil {
		return nil, nil, err
	}
	if v, err = t.look(ctx, s, a, p); err != nil {
		return nil, nil, err
	}
	if !v.obs.Shows(a) {
		return nil, nil, t.undone(a, v)
	}
	return v, said, s.Commit(ctx, operation(a))
}

// change dispatches; v does not show the change yet.
func (t *Target) change(ctx context.Context, s *cluster.Session, a access.Action, v *view) ([]string, error) {
	f, err := t.restore(a)
	if err != nil {
		return nil, err
	}
	one := func(said string, err error) ([]string, error) { return []string{said}, err }
	switch a.Kind {
	case access.DisableAccount, access.EnableAccount:
		return one(s.Alter(ctx, operation(a), v.role.Name, "login", a.Kind == access.EnableAccount))
	case access.SetExpiry:
		return one(s.SetUntil(ctx, operation(a), v.role.Name, until(a, f)))
	case access.RevokeSessions:
		return t.terminate(ctx, s, a, v)
	case access.CreateAccount:
		if f != nil && f.Role != nil {
			return t.createAgain(ctx, s, a, f)
		}
		return t.create(ctx, s, a)
	case access.DeleteAccount:
		return t.delete(ctx, s, a, v)
	}
	return t.setHeld(ctx, s, a, v, f)
}

// until is what VALID UNTIL is set to: the former text when it is brought back.
func until(a access.Action, f *former) string {
	switch {
	case f != nil && f.ValidUntil != nil:
		return *f.ValidUntil
	case a.ExpiresAt.IsZero():
		return "infinity"
	}
	return a.ExpiresAt.UTC().Truncate(time.Microsecond).Format("2006-01-02 15:04:05.999999Z07:00")
}
