package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"muster/internal/access"
)

// dialPatience bounds one DialContext whose ctx has no deadline: a restart or a takeover takes less.
const dialPatience = time.Minute

// DialContext connects to the engine wherever it is now; it is made for clickhouse-go's Options.DialContext, and the
// address that the driver passes means nothing. It waits for a restart, and takes the engine over when its owner is gone.
func (e *Engine) DialContext(ctx context.Context, _ string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	for {
		connection, err := e.tryDial(ctx)
		if err == nil {
			return connection, nil
		}
		if access.KindOf(err) != access.Transient {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(20 * time.Millisecond): // a child that just died is not yet known to be dead
		}
	}
}

// tryDial is one attempt; a transient error is worth another one.
func (e *Engine) tryDial(ctx context.Context) (net.Conn, error) {
	e.mu.Lock()
	own, at, closed := e.own, e.shared, e.closed
	e.mu.Unlock()
	switch {
	case closed:
		return nil, errClosed()
	case own != nil:
		var err error
		if at, err = own.current(ctx); err != nil {
			return nil, err
		}
	case at.alive() != nil:
		if err := e.find(ctx); err != nil {
			return nil, err
		}
		return e.tryDial(ctx)
	}
	connection, err := dial(ctx, at)
	if err == nil && at.alive() != nil { // it dies: the port outlives the process by a moment
		connection.Close()
		err = at.alive()
	}
	if err != nil {
		return nil, failed("connect to engine", access.Transient, err, "look into "+e.files.logs)
	}
	return connection, nil
}

// find looks for the engine after its owner went away: somebody's new one, or else one of our own.
func (e *Engine) find(ctx context.Context) error {
	select {
	case e.finding <- struct{}{}:
		defer func() { <-e.finding }()
	case <-ctx.Done():
		return failed("find engine", access.Transient, ctx.Err(), "look into "+e.files.logs)
	}
	if e.Owner() || e.where().alive() == nil {
		return nil // another goroutine found it in the meantime
	}
	return e.attach(ctx)
}

// dial connects to at and makes sure that the listener is this user's before anybody says a password to it: the engine may
// have died, and any user of the host may have taken its port.
func dial(ctx context.Context, at address) (net.Conn, error) {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp4", at.String())
	if err != nil {
		return nil, err
	}
	if uid, known := listenerUID(at.Port); known && uid != os.Geteuid() {
		connection.Close()
		return nil, fmt.Errorf("port %d belongs to another user (uid %d)", at.Port, uid)
	}
	return connection, nil
}

// listenerUID reads from proc_net_tcp(5) whose socket listens on 127.0.0.1:port; unknown where there is no such table.
func listenerUID(port int) (uid int, known bool) {
	table, err := os.Open("/proc/net/tcp")
	if err != nil {
		return 0, false
	}
	defer table.Close()
	const listening = "0A"
	local := fmt.Sprintf("0100007F:%04X", port)
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		// sl local_address rem_address st tx:rx tr:when retrnsmt uid ...
		fields := strings.Fields(lines.Text())
		if len(fields) > 7 && fields[1] == local && fields[3] == listening {
			uid, err := strconv.Atoi(fields[7])
			return uid, err == nil
		}
	}
	return 0, false
}

// alive says whether the process that wrote the address still runs; a later process with the same id does not count.
func (a address) alive() error {
	if a.Pid == 0 {
		return errors.New("no engine runs")
	}
	if started := startTime(a.Pid); started == "" || started != a.Started {
		return fmt.Errorf("engine process %d is gone", a.Pid)
	}
	return nil
}

// createDatabase makes sure of the store's database. That it succeeds is also the proof that the engine serves.
func createDatabase(ctx context.Context, at address, auth credentials) error {
	connection, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{at.String()},
		Auth: clickhouse.Auth{Username: auth.User, Password: auth.Password},
		DialContext: func(ctx context.Context, _ string) (net.Conn, error) {
			return dial(ctx, at)
		},
		MaxOpenConns: 1,
	})
	if err != nil {
		return err
	}
	err = connection.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+Database)
	return errors.Join(err, connection.Close())
}
