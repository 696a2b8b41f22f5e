package postgres

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	dial "muster/internal/dial/postgres"
	"muster/internal/retry"
)

// live reads the tables from a server, each database by a connection of its own.
type live struct {
	dialer *dial.Dialer
	policy retry.Policy
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
	var s *session
	err := l.policy.Do(ctx, func(ctx context.Context) (err error) {
		s, err = l.begin(ctx, database)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s, nil
}

func (l *live) begin(ctx context.Context, database string) (*session, error) {
	conn, err := l.dialer.Connect(ctx, database)
	if err != nil {
		return nil, err
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
		dial.Close(conn)
		return nil, l.dialer.Fail(ctx, "begin", err)
	}
	return s, nil
}

// close ends the transaction and the connection, whatever state they are in.
func (s *session) close() {
	s.cancel()
	dial.Close(s.conn) // a read-only transaction has nothing to lose
}

// count asks for one number.
func (s *session) count(op, query string) (int64, error) {
	var text string
	if err := s.tx.QueryRow(s.ctx, query).Scan(&text); err != nil {
		return 0, s.l.dialer.Fail(s.ctx, op, err)
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
		return s.l.dialer.Fail(s.ctx, op, err)
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
		return s.l.dialer.Fail(s.ctx, op, err)
	}
	return nil
}
