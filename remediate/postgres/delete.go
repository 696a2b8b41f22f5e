package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"muster/internal/access"
	"muster/remediate/postgres/cluster"
)

// privileged finds the one database that has privileges of a role that is to be deleted; home when there is none, or more than one, which the
// look itself refuses.
func (t *Target) privileged(ctx context.Context, a access.Action, home string) (string, error) {
	s, done, err := t.connect(ctx, home)
	if err != nil {
		return "", err
	}
	defer done()
	r, err := t.find(ctx, s, a)
	if err != nil || r == nil {
		return home, err
	}
	needs, err := s.Needs(ctx, r.OID)
	if err != nil {
		return "", err
	}
	found := ""
	for _, n := range needs {
		if n.Type == "a" && n.Database != "" && (found == "" || n.Database == home) {
			found = n.Database
		}
	}
	if found == "" {
		found = home
	}
	return found, nil
}

// lookDeleted reads what a role that is to be deleted was, as far as it can be brought back.
func (t *Target) lookDeleted(ctx context.Context, s *cluster.Session, v *view) error {
	var err error
	if v.undo.Members, err = s.Members(ctx, v.role.OID); err != nil {
		return err
	}
	if v.undo.Settings, err = s.Settings(ctx, v.role.OID); err != nil {
		return err
	}
	if v.undo.Privileges, err = s.Held(ctx, v.role.OID); err != nil {
		return err
	}
	v.undo.Role, v.undo.In = v.role, v.in
	if len(v.undo.Privileges) > 0 {
		v.undo.Database = s.Database
	}
	return nil
}

// delete drops a role that nothing needs any more but what it holds by name.
func (t *Target) delete(ctx context.Context, s *cluster.Session, a access.Action, v *view) ([]string, error) {
	needs, err := s.Needs(ctx, v.role.OID)
	if err != nil {
		return nil, err
	}
	if err := t.needed(a, v.role.Name, s.Database, needs); err != nil {
		return nil, err
	}
	if open, err := s.Backends(ctx, v.role.OID); err != nil || len(open) > 0 {
		if err == nil {
			err = &access.Error{System: t.spec.System, Op: operation(a), Kind: access.Conflict, Err: fmt.Errorf("%d sessions of the role are open", len(open)),
				Hint: "the server would let them go on: disable the account and revoke its sessions first"}
		}
		return nil, err
	}
	var said []string
	for _, p := range v.undo.Privileges {
		one, err := s.Revoke(ctx, operation(a), p, v.role)
		if err != nil {
			return nil, err
		}
		said = append(said, one)
	}
	if err := s.Drop(ctx, operation(a), v.role.Name); err != nil {
		return nil, t.explain(err, v.role.Name)
	}
	return append(said, fmt.Sprintf("DROP ROLE %.80q", v.role.Name)), nil
}

// needed says what a role is still needed for, beside the privileges that it holds in one database.
func (t *Target) needed(a access.Action, role, here string, needs []cluster.Need) error {
	var whys []string
	for _, n := range needs {
		where := "in database " + n.Database
		if n.Database == "" {
			where = "in the cluster"
		}
		switch {
		case n.Type == "o":
			whys = append(whys, fmt.Sprintf("owns %d objects %s", n.Count, where))
		case n.Type == "r":
			whys = append(whys, fmt.Sprintf("is named in %d policies %s", n.Count, where))
		case n.Type == "d":
			whys = append(whys, fmt.Sprintf("is named in %d default privileges %s", n.Count, where))
		case n.Type == "a" && n.Database != "" && n.Database != here:
			whys = append(whys, fmt.Sprintf("holds privileges on %d objects %s, and others in database %s", n.Count, where, here))
		}
	}
	if len(whys) == 0 {
		return nil
	}
	return t.explain(&access.Error{System: t.spec.System, Op: operation(a), Kind: access.Conflict, Err: errors.New("the role " + strings.Join(whys, "; "))}, role)
}

// explain adds what an operator does about a role that is needed.
func (t *Target) explain(err error, role string) error {
	if e, ok := errors.AsType[*access.Error](err); ok && e.Kind == access.Conflict {
		e.Hint = "in each of these databases: REASSIGN OWNED BY " + role + " TO another role, then DROP OWNED BY " + role + " for what is left"
	}
	return err
}

// The wait for sessions that were told to end.
const (
	sessionsEnd  = 5 * time.Second
	sessionsLook = 20 * time.Millisecond
)

// terminate ends the sessions of an account that are there now, and waits for them.
func (t *Target) terminate(ctx context.Context, s *cluster.Session, a access.Action, v *view) ([]string, error) {
	pids, err := s.Backends(ctx, v.role.OID)
	if err != nil {
		return nil, err
	}
	told, err := s.Terminate(ctx, operation(a), v.role.OID, pids)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(sessionsEnd); time.Now().Before(end); {
		left, err := s.Backends(ctx, v.role.OID)
		if err != nil {
			return nil, err
		}
		if len(left) == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w", operation(a), ctx.Err())
		case <-time.After(sessionsLook):
		}
	}
	return []string{fmt.Sprintf("pg_terminate_backend of %d sessions", told)}, nil
}
