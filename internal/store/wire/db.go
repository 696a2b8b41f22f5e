package wire

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"muster/internal/access"
)

// Options say which ClickHouse to talk to and as whom.
type Options struct {
	DSN            string
	Dial           func(ctx context.Context, addr string) (net.Conn, error)
	User, Password string
	Database       string
	Log            *slog.Logger
	Now            func() time.Time
}

// DB is an open pool of connections, safe for concurrent use.
type DB struct {
	conn driver.Conn
	name string
	log  *slog.Logger
	now  func() time.Time
}

// The pool is small: one process writes a handful of snapshots and reads two streams at a time.
const (
	maxOpen     = 16
	maxIdle     = 8
	dialTimeout = 10 * time.Second
	// readTimeout bounds the silence on a connection. The server sends progress while it works, so only a dead one is silent.
	readTimeout = 10 * time.Minute
)

// Open connects, makes the database when it is missing, and checks that the server answers.
func Open(ctx context.Context, o Options) (*DB, error) {
	opt, err := options(o)
	if err != nil {
		return nil, err
	}
	name := opt.Auth.Database
	if err := makeDatabase(ctx, *opt, name, o); err != nil {
		return nil, err
	}
	conn, err := clickhouse.Open(opt)
	if err != nil {
		return nil, Fail("open connection", err)
	}
	db := &DB{conn: conn, name: name, log: o.Log, now: o.Now}
	if err := db.retry(ctx, "open connection", func() error { return conn.Ping(ctx) }); err != nil {
		return nil, closeAfter(conn, err)
	}
	return db, nil
}

// options reads the DSN, or makes the options of the embedded engine, and adds the settings that every query runs with.
func options(o Options) (*clickhouse.Options, error) {
	opt := &clickhouse.Options{Addr: []string{"127.0.0.1:9000"}, Auth: clickhouse.Auth{Username: o.User, Password: o.Password}, DialContext: o.Dial}
	if o.DSN != "" {
		parsed, err := clickhouse.ParseDSN(o.DSN)
		if err != nil {
			// The driver's text may quote the DSN, and with it the password.
			return nil, Failf(access.Invalid, "read clickhouse dsn", "write it as clickhouse://user:password@host:9440/database?secure=true, or https://user:password@host:8443/database",
				"the dsn is not one that the driver understands")
		}
		opt = parsed
		if o.Dial != nil {
			opt.DialContext = o.Dial
		}
	}
	if o.Database != "" {
		opt.Auth.Database = o.Database
	}
	if opt.Auth.Database == "" || opt.Auth.Database == "default" {
		opt.Auth.Database = "muster"
	}
	if opt.Settings == nil {
		opt.Settings = clickhouse.Settings{}
	}
	for k, v := range sessionSettings() {
		opt.Settings[k] = v
	}
	if o.DSN != "" {
		// Over a network it pays; to the embedded engine on the same host it only costs both sides time.
		opt.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	}
	opt.MaxOpenConns, opt.MaxIdleConns = maxOpen, maxIdle
	opt.DialTimeout, opt.ReadTimeout = dialTimeout, readTimeout
	opt.ConnMaxLifetime = time.Hour
	return opt, nil
}

// sessionSettings are what the SQL of this module relies on, whatever the server's profile says.
func sessionSettings() clickhouse.Settings {
	return clickhouse.Settings{
		"async_insert":       0,    // an insert is acknowledged when it is stored, not when it is queued
		"insert_deduplicate": 1,    // a repeated token is dropped
		"mutations_sync":     2,    // a DELETE is done when it returns, on every replica
		"join_use_nulls":     0,    // an outer join gives default values
		"max_execution_time": 7200, // a stuck query ends
		"output_format_json_escape_forward_slashes": 0,
	}
}

// makeDatabase creates the database through a connection that names none, since a login to a missing one is refused.
func makeDatabase(ctx context.Context, opt clickhouse.Options, name string, o Options) error {
	opt.Auth.Database = ""
	opt.MaxOpenConns, opt.MaxIdleConns = 1, 1
	conn, err := clickhouse.Open(&opt)
	if err != nil {
		return Fail("open connection", err)
	}
	db := &DB{conn: conn, name: name, log: o.Log, now: o.Now}
	err = db.retry(ctx, "create database", func() error {
		var n uint64
		if err := conn.QueryRow(ctx, "SELECT count() FROM system.databases WHERE name = {name:String}", P("name", name)).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return nil // a user without the right to create one can still use it
		}
		return conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+Quote(name))
	})
	return closeAfter(conn, err)
}

// closeAfter closes conn and reports err, or the failure to close.
func closeAfter(conn driver.Conn, err error) error {
	if cerr := conn.Close(); err == nil && cerr != nil {
		return Fail("close connection", cerr)
	}
	return err
}

// Close gives the connections back.
func (d *DB) Close() error { return Fail("close connection", d.conn.Close()) }

// Now is the wall clock that the store was opened with, in UTC.
func (d *DB) Now() time.Time { return d.now().UTC() }

// Log is where the store reports what it did by itself, such as retries.
func (d *DB) Log() *slog.Logger { return d.log }

// Database is the name of the database.
func (d *DB) Database() string { return d.name }
