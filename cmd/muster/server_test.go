package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/cmd/muster/cli"
	"muster/internal/orggen"
	"muster/internal/store/engine"
)

// TestAServerOfTheConfigurationIsUsedInstead points clickhouse.dsn at an engine that runs elsewhere: the night runs on it through the same
// code and starts none of its own.
func TestAServerOfTheConfigurationIsUsedInstead(t *testing.T) {
	o := generate(t, orggen.Options{Persons: 200})
	server, err := engine.Attach(t.Context(), engine.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	user, password := server.Auth()
	dsn := url.URL{Scheme: "clickhouse", User: url.UserPassword(user, password), Host: server.Addr(), Path: "/" + engine.Database}
	t.Setenv("MUSTER_TEST_DSN", dsn.String())
	o.edit("muster.yaml", func(s string) string { return s + "clickhouse: {dsn: {env: MUSTER_TEST_DSN}}\n" })

	o.nightly(cli.ExitClean)
	o.checkKey(o.findings())
	if _, err := os.Stat(filepath.Join(o.dir, ".muster/engine")); !os.IsNotExist(err) {
		t.Errorf("an embedded engine was started beside the server: %v", err)
	}
	if code, _, stderr := o.muster("engine"); code != cli.ExitUsage || !strings.Contains(stderr, "no embedded engine") {
		t.Errorf("muster engine with a server: exit %d, %s", code, stderr)
	}

	t.Setenv("MUSTER_TEST_DSN", fmt.Sprintf("clickhouse://%s:wrong-pass@%s/muster", user, server.Addr()))
	code, stdout, stderr := o.muster("nightly")
	if code != cli.ExitError || strings.Contains(stdout+stderr, "wrong-pass") || !strings.Contains(stderr, "hint: ") {
		t.Errorf("a wrong password: exit %d\n%s\n%s", code, stdout, stderr)
	}
}
