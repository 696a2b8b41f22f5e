package engine

import (
	"context"
	"log/slog"
	"os"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"muster/internal/access"
)

func TestMain(m *testing.M) {
	if IsChild() {
		os.Exit(ChildMain(os.Args))
	}
	os.Exit(m.Run())
}

// attach starts or shares an engine that the test closes.
func attach(t *testing.T, options Options) *Engine {
	t.Helper()
	if options.Log == nil {
		options.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	options.MemoryMB = 512
	e, err := Attach(t.Context(), options)
	if err != nil {
		t.Fatalf("%v\n%s", err, access.HintOf(err))
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// connect opens the driver on an engine as the store does.
func connect(t *testing.T, e *Engine) driver.Conn {
	t.Helper()
	user, password := e.Auth()
	connection, err := clickhouse.Open(&clickhouse.Options{
		Addr:        []string{e.Addr()},
		Auth:        clickhouse.Auth{Database: Database, Username: user, Password: password},
		DialContext: e.DialContext,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection
}

func TestStartAndStop(t *testing.T) {
	e := attach(t, Options{Dir: t.TempDir()})
	if !e.Owner() {
		t.Error("the first process on a folder is not the owner")
	}
	var version string
	if err := connect(t, e).QueryRow(context.Background(), "SELECT version()").Scan(&version); err != nil {
		t.Fatal(err)
	}
	t.Log(version)
	pid := e.Pid()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if startTime(pid) != "" {
		t.Error("the engine lives on after Close")
	}
}
