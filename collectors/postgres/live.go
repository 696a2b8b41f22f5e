package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"muster/internal/access"
	"muster/internal/retry"
)

// live reads the tables from a server, each database by a connection of its own.
type live struct {
	system   string
	set      settings
	password string
	policy   retry.Policy
}

// session is one connection with its open transaction.
type session struct {
	l       *live
	conn    *pgx.Conn
	tx      pgx.Tx
	version int // server_version_num
	text    string
	cancel  context.CancelFunc
	ctx     context.Context
}

// open connects with retries and begins the read-only transaction whose first query fixes the moment of everything read.
func (l *live) open(ctx context.Context, database string) (*session, error) {
	cfg, err := l.configure(database)
	if err != nil {
		return nil, err
	}
	var s *session
	err = l.policy.Do(ctx, func(ctx context.Context) error {
		s, err = l.begin(ctx, cfg)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s, nil
}

// configure builds the connection from checked parts: the library's own errors quote connection strings, so it is given none
// that holds the password, and its text is not passed on.
func (l *live) configure(database string) (*pgx.ConnConfig, error) {
	u := *l.set.address
	u.Path = "/" + database
	cfg, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, &access.Error{System: l.system, Op: "connect", Kind: access.Invalid, Err: errors.New("the settings of the connection cannot be used"),
			Hint: "check sslrootcert, sslcert and sslkey: the files must be readable"}
	}
	cfg.Password = l.password
	cfg.ConnectTimeout = l.set.Timeout
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	cfg.RuntimeParams = map[string]string{"application_name": "muster", "default_transaction_read_only": "on", "search_path": "pg_catalog",
		"statement_timeout": strconv.FormatInt(l.set.StatementTimeout.Milliseconds(), 10), "lock_timeout": "10000",
		"TimeZone": "UTC", "DateStyle": "ISO", "client_encoding": "UTF8"}
	return cfg, nil
}

func (l *live) begin(ctx context.Context, cfg *pgx.ConnConfig) (*session, error) {
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, l.fail(ctx, "connect", err)
	}
	s := &session{l: l, conn: conn}
	s.tx, err = conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err == nil {
		var num string
		err = s.tx.QueryRow(ctx, versionSQL).Scan(&num, &s.text)
		if err == nil {
			s.version, err = strconv.Atoi(num)
		}
	}
	if err != nil {
		s.shut()
		return nil, l.fail(ctx, "begin", err)
	}
	return s, nil
}

// close ends the transaction and the connection, whatever state they are in.
func (s *session) close() {
	s.cancel()
	s.shut()
}

func (s *session) shut() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.conn.Close(ctx) // a read-only transaction has nothing to lose
}

// count asks for one number.
func (s *session) count(op, query string) (int64, error) {
	var text string
	if err := s.tx.QueryRow(s.ctx, query).Scan(&text); err != nil {
		return 0, s.l.fail(s.ctx, op, err)
	}
	return strconv.ParseInt(text, 10, 64)
}

// rows streams the rows of a query, all columns as text. An error of each stops the query at the server and is returned as it is.
func (s *session) rows(op, query string, each func(row []string) error) error {
	if err := s.ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	rows, err := s.tx.Query(s.ctx, query)
	if err != nil {
		return s.l.fail(s.ctx, op, err)
	}
	defer rows.Close()
	for rows.Next() {
		raw := rows.RawValues()
		row := make([]string, len(raw))
		for i, v := range raw {
			row[i] = string(v)
		}
		if err := each(row); err != nil {
			s.cancel() // or Close would read the rest
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return s.l.fail(s.ctx, op, err)
	}
	return nil
}

// fail gives an error its Kind by the SQLSTATE (PostgreSQL manual, appendix A) and takes the secret out of its text.
func (l *live) fail(ctx context.Context, op string, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%s: %w", op, cause)
	}
	e := &access.Error{System: l.system, Op: op, Kind: access.Transient, Hint: "check that the server runs and that this host may reach it"}
	var text string
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		e.Kind, e.Hint = kindOf(pe.Code)
		text = fmt.Sprintf("%s (SQLSTATE %s)", pe.Message, pe.Code)
	} else if ne, ok := errors.AsType[*net.OpError](err); ok {
		text = ne.Op + ": " + ne.Err.Error()
	} else if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		text = fmt.Sprintf("no answer within %s", l.set.Timeout)
	} else {
		for deeper := errors.Unwrap(err); deeper != nil; deeper = errors.Unwrap(deeper) {
			err = deeper // the outermost texts name the connection's settings
		}
		text = err.Error()
	}
	e.Err = errors.New(l.clean(text))
	return e
}

func kindOf(code string) (access.Kind, string) {
	switch {
	case code == "42501":
		return access.Denied, "grant the role what the message names, or read with one that has it"
	case strings.HasPrefix(code, "28"):
		return access.Denied, "check the user, the password, VALID UNTIL and pg_hba.conf"
	case code == "3D000":
		return access.NotFound, "check the database's name"
	case code == "53300":
		return access.Throttled, "raise max_connections or the role's CONNECTION LIMIT"
	case code == "57014":
		return access.Transient, "raise statement_timeout"
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57"), strings.HasPrefix(code, "58"), strings.HasPrefix(code, "40"):
		return access.Transient, "the server is starting, stopping or short of something: look at its log"
	}
	return access.Invalid, "PostgreSQL 12 or newer is needed"
}

// clean makes a server's text fit for a message.
func (l *live) clean(text string) string {
	if l.password != "" {
		text = strings.ReplaceAll(text, l.password, "***")
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "..."
	}
	return text
}
