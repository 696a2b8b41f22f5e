package cluster

import (
	"context"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5"

	"muster/internal/access"
	dial "muster/internal/dial/postgres"
)

// Self is the role that a session acts as.
type Self struct {
	OIDs    []string // of the role, and of the one that logged in when that is another
	Name    string   // current_user
	Login   string   // session_user
	Super   bool
	Version int // server_version_num
}

// Session is one connection with at most one open transaction.
type Session struct {
	Me       Self
	Database string

	dialer *dial.Dialer
	conn   *pgx.Conn
	tx     pgx.Tx
}

const selfSQL = `
SELECT current_user::text, session_user::text, current_setting('is_superuser'), current_setting('server_version_num'),
       (SELECT oid::text FROM pg_catalog.pg_roles WHERE rolname = current_user), (SELECT oid::text FROM pg_catalog.pg_roles WHERE rolname = session_user)`

// Open connects to a database and asks who it is connected as.
func Open(ctx context.Context, d *dial.Dialer, database string) (*Session, error) {
	conn, err := d.Connect(ctx, database)
	if err != nil {
		return nil, err
	}
	s := &Session{Database: database, dialer: d, conn: conn}
	err = s.rows(ctx, "look at own role", selfSQL, nil, func(row []string) error {
		version, err := strconv.Atoi(row[3])
		s.Me = Self{Name: row[0], Login: row[1], Super: row[2] == "on", Version: version, OIDs: []string{row[4], row[5]}}
		return err
	})
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the connection; what was not committed is rolled back.
func (s *Session) Close() { dial.Close(s.conn) }

// Begin opens a transaction: one that only reads, of one moment, or one that may write and sees what others commit meanwhile, so that what it
// reads behind a lock is new.
func (s *Session) Begin(ctx context.Context, writes bool) error {
	o := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	if writes {
		o = pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}
	}
	var err error
	if s.tx, err = s.conn.BeginTx(ctx, o); err != nil {
		return s.dialer.Fail(ctx, "begin", err)
	}
	return nil
}

// Commit makes the transaction's changes. After an error that is Transient they may have been made.
func (s *Session) Commit(ctx context.Context, op string) error {
	tx := s.tx
	s.tx = nil
	err := tx.Commit(ctx)
	if errors.Is(err, pgx.ErrTxCommitRollback) {
		return &access.Error{System: s.dialer.System(), Op: op, Kind: access.Internal, Err: errors.New("the server rolled the transaction back")}
	}
	if err == nil {
		return nil
	}
	err = s.dialer.Fail(ctx, op, err)
	if e, ok := errors.AsType[*access.Error](err); ok && e.Kind == access.Transient {
		e.Hint = "the change may have been made: look again"
	}
	return err
}

// Rollback gives the transaction up.
func (s *Session) Rollback(ctx context.Context, op string) error {
	tx := s.tx
	s.tx = nil
	if err := tx.Rollback(ctx); err != nil {
		return s.dialer.Fail(ctx, op, err)
	}
	return nil
}

// Forget leaves a transaction behind that is to end with the connection.
func (s *Session) Forget() { s.tx = nil }

// rows streams a query's rows, all columns as text. An error of each ends it.
func (s *Session) rows(ctx context.Context, op, query string, args []any, each func(row []string) error) error {
	run := s.conn.Query
	if s.tx != nil {
		run = s.tx.Query
	}
	rows, err := run(ctx, query, args...)
	if err != nil {
		return s.dialer.Fail(ctx, op, err)
	}
	defer rows.Close()
	for rows.Next() {
		raw := rows.RawValues()
		row := make([]string, len(raw))
		for i, v := range raw {
			row[i] = string(v)
		}
		if err := each(row); err != nil {
			return s.dialer.Fail(ctx, op, err)
		}
	}
	if err := rows.Err(); err != nil {
		return s.dialer.Fail(ctx, op, err)
	}
	return nil
}

// exec runs one statement that holds no literal of ours.
func (s *Session) exec(ctx context.Context, op, statement string) error {
	if _, err := s.tx.Exec(ctx, statement); err != nil {
		return s.dialer.Fail(ctx, op, err)
	}
	return nil
}

// format lets the server put a statement together, %I and %L quoted, and runs it.
func (s *Session) format(ctx context.Context, op, form string, args ...string) error {
	var statement string
	err := s.rows(ctx, op, "SELECT pg_catalog.format($1::text, VARIADIC $2::text[])", []any{form, args}, func(row []string) error {
		statement = row[0]
		return nil
	})
	if err != nil {
		return err
	}
	return s.exec(ctx, op, statement)
}

// as runs f with the rights of another role.
func (s *Session) as(ctx context.Context, op, role string, f func() error) error {
	if role == "" || role == s.Me.Name {
		return f()
	}
	if err := s.exec(ctx, op, "SET LOCAL ROLE "+quote(role)); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	back := "NONE"
	if s.Me.Name != s.Me.Login {
		back = quote(s.Me.Name)
	}
	return s.exec(ctx, op, "SET LOCAL ROLE "+back)
}

// quote quotes an identifier.
func quote(names ...string) string { return pgx.Identifier(names).Sanitize() }

func flag(text string) bool { return text == "true" || text == "t" }
