package postgres

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"muster/internal/access"
)

// Options is what a Dialer needs to know.
type Options struct {
	System           string
	Address          *url.URL // as ParseURL gave it
	Password         string
	Timeout          time.Duration // of connecting
	StatementTimeout time.Duration // of one statement
	Writes           bool          // transactions may write
}

// Dialer opens connections to one cluster.
type Dialer struct{ o Options }

// New makes a Dialer. Nothing is connected yet.
func New(o Options) *Dialer { return &Dialer{o} }

// System is the name of the system, for errors.
func (d *Dialer) System() string { return d.o.System }

// Connect opens a connection to a database, once.
func (d *Dialer) Connect(ctx context.Context, database string) (*pgx.Conn, error) {
	cfg, err := d.configure(database)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, d.Fail(ctx, "connect", err)
	}
	return conn, nil
}

// configure builds the connection from checked parts: the library's own errors quote connection strings, so it is given none
// that holds the password, and its text is not passed on.
func (d *Dialer) configure(database string) (*pgx.ConnConfig, error) {
	u := *d.o.Address
	u.Path = "/" + database
	cfg, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, &access.Error{System: d.o.System, Op: "connect", Kind: access.Invalid, Err: errors.New("the settings of the connection cannot be used"),
			Hint: "check sslrootcert, sslcert and sslkey: the files must be readable"}
	}
	cfg.Password = d.o.Password
	cfg.ConnectTimeout = d.o.Timeout
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	cfg.RuntimeParams = map[string]string{"application_name": "muster", "default_transaction_read_only": "on", "search_path": "pg_catalog",
		"statement_timeout": strconv.FormatInt(d.o.StatementTimeout.Milliseconds(), 10), "lock_timeout": "10000",
		"TimeZone": "UTC", "DateStyle": "ISO", "client_encoding": "UTF8"}
	if d.o.Writes {
		cfg.RuntimeParams["default_transaction_read_only"] = "off"
		cfg.RuntimeParams["standard_conforming_strings"] = "on"
	}
	return cfg, nil
}

// Close ends a connection, whatever state it and its transaction are in.
func Close(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // what was not committed is not wanted
}
