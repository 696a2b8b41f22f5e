package store_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"muster/internal/access"
	"muster/internal/store"
	"muster/internal/store/migrate"
)

// direct runs a statement past the store.
func direct(t *testing.T, o store.Options, sql string, args ...any) {
	t.Helper()
	conn, err := clickhouse.Open(&clickhouse.Options{DialContext: o.Dial, Auth: clickhouse.Auth{Username: o.User, Password: o.Password, Database: o.Database}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func ask(t *testing.T, o store.Options, sql string) string {
	t.Helper()
	conn, err := clickhouse.Open(&clickhouse.Options{DialContext: o.Dial, Auth: clickhouse.Auth{Username: o.User, Password: o.Password, Database: o.Database}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var out string
	if err := conn.QueryRow(t.Context(), sql).Scan(&out); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

func TestOpenTwiceAndAtOnce(t *testing.T) {
	o := options(t)
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			s, err := store.Open(t.Context(), o)
			if err == nil {
				err = s.Close()
			}
			errs[i] = err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	all, err := migrate.Known()
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%d %d", len(all), len(all))
	if got := ask(t, o, "SELECT toString(count()) || ' ' || toString(uniqExact(version)) FROM migrations"); got != want {
		t.Errorf("the record of migrations is %s, want %s: each once", got, want)
	}
	reopen(t, o)
}

func TestOpenRefusesAnothersSchema(t *testing.T) {
	t.Run("newer", func(t *testing.T) {
		o := options(t)
		reopen(t, o)
		direct(t, o, "INSERT INTO migrations VALUES (999, 'future', 'ff', now64(3))")
		_, err := store.Open(t.Context(), o)
		if access.KindOf(err) != access.Conflict || !strings.Contains(err.Error(), "migration 999") || access.HintOf(err) == "" {
			t.Errorf("got %v (hint %q)", err, access.HintOf(err))
		}
	})
	t.Run("changed", func(t *testing.T) {
		o := options(t)
		reopen(t, o)
		direct(t, o, "INSERT INTO migrations VALUES (1, 'facts', 'ff', now64(3))")
		_, err := store.Open(t.Context(), o)
		if access.KindOf(err) != access.Conflict || !strings.Contains(err.Error(), "another text") {
			t.Errorf("got %v", err)
		}
	})
}

func TestRetention(t *testing.T) {
	o := options(t)
	reopen(t, o)
	ttl := "SELECT arrayStringConcat(groupUniqArray(extract(engine_full, 'TTL loaded_on \\\\+ toIntervalDay\\\\((\\\\d+)\\\\)')), ' ') FROM system.tables WHERE database = currentDatabase() AND name IN ('persons', 'accounts', 'entitlements', 'grants', 'account_grants', 'links')"
	if got := ask(t, o, ttl); got != "400" {
		t.Errorf("facts are kept for %q days", got)
	}
	s := reopen(t, o)
	if err := s.KeepFacts(t.Context(), 30); err != nil {
		t.Fatal(err)
	}
	reopen(t, o) // which changes nothing
	if got := ask(t, o, ttl); got != "30" {
		t.Errorf("facts are kept for %q days", got)
	}
	evidence := "SELECT toString(countIf(engine_full LIKE '%TTL%')) || ' ' || toString(countIf(engine_full LIKE '%fsync_after_insert = 1, fsync_part_directory = 1%')) FROM system.tables WHERE database = currentDatabase() AND name IN ('snapshots', 'rejections', 'runs', 'run_snapshots', 'link_map', 'profiles', 'bundles', 'expectations', 'finding_events', 'migrations')"
	if got := ask(t, o, evidence); got != "0 10" {
		t.Errorf("tables of evidence with a TTL, and fsynced: %s, want 0 10", got)
	}
	for _, days := range []int{-1, store.FactsForever + 1} { // 46,000 would be a day long ago, and remove everything
		if err := s.KeepFacts(t.Context(), days); access.KindOf(err) != access.Invalid {
			t.Errorf("%d days: %v", days, err)
		}
	}
	if err := s.KeepFacts(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, o, ttl); got != "400" {
		t.Errorf("facts are kept for %q days", got)
	}
}

func TestOpenErrors(t *testing.T) {
	o := options(t)
	o.Password = "wrong"
	if _, err := store.Open(t.Context(), o); access.KindOf(err) != access.Denied || access.HintOf(err) == "" {
		t.Errorf("a wrong password: %v", err)
	}
	_, err := store.Open(t.Context(), store.Options{DSN: "clickhouse://u:secret-password@%zz:1/x"})
	if access.KindOf(err) != access.Invalid || strings.Contains(err.Error(), "secret-password") {
		t.Errorf("a broken dsn: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	o = options(t)
	o.Dial = func(context.Context, string) (net.Conn, error) { return nil, errors.New("connection refused") }
	if _, err := store.Open(ctx, o); err == nil {
		t.Error("a server that is not there is opened")
	}
}
