// Package storetest gives tests an empty store on an embedded engine of their own. Their TestMain must let the engine's child run (engine.IsChild).
package storetest

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"muster/internal/store"
	"muster/internal/store/engine"
)

// Open starts an engine and opens a store on it, both closed when the test ends; a nil now is the clock. Where no engine starts the test is skipped, and in CI
// it fails.
func Open(t *testing.T, now func() time.Time) *store.Store {
	t.Helper()
	dir, err := os.MkdirTemp("", "muster-store-") // short: sockets have short names
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	e, err := engine.Attach(t.Context(), engine.Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("the embedded engine does not start here: %v", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	user, password := e.Auth()
	s, err := store.Open(t.Context(), store.Options{Dial: e.DialContext, User: user, Password: password, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
