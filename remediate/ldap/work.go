package ldap

import (
	"context"
	"errors"
	"fmt"

	"muster/internal/access"
	"muster/remediate/ldap/session"
)

// refuse is a refusal of our own; with gives it System and Op.
func refuse(kind access.Kind, hint, format string, args ...any) *access.Error {
	return &access.Error{Kind: kind, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// wrap gives an error the System, the Op and a Kind.
func (t *Target) wrap(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return &access.Error{System: t.system, Op: op, Kind: access.Transient, Err: ctx.Err()}
	}
	if e, ok := errors.AsType[*access.Error](err); ok {
		if e.Op != "" {
			op = e.Op
		}
		return &access.Error{System: t.system, Op: op, Kind: e.Kind, Hint: e.Hint, Err: t.pool.Scrub(e.Err)}
	}
	kind, hint := session.Kind(err)
	return &access.Error{System: t.system, Op: op, Kind: kind, Hint: hint, Err: t.pool.Scrub(session.Plain(err))}
}

// work is one call on one connection.
type work struct {
	t *Target
	c *session.Conn
	a access.Action
}

// with runs f on a connection.
func (t *Target) with(ctx context.Context, a access.Action, f func(*work) error) error {
	op := fmt.Sprintf("%s of %s", a.Kind, a.Account.Name)
	if err := ctx.Err(); err != nil {
		return t.wrap(ctx, op, err)
	}
	return t.wrap(ctx, op, t.pool.With(ctx, func(c *session.Conn) error { return f(&work{t: t, c: c, a: a}) }))
}
