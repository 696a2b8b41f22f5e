package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/orggen"
	"muster/internal/reconcile/plan"
	"muster/internal/testserver/organisation"
	"muster/internal/testserver/postgres"
	"muster/internal/testserver/scimmy"
	"muster/internal/testserver/slapd"
)

// needServers skips where a server is missing, except in CI.
func needServers(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("CI") != "true" && (errors.Is(err, slapd.ErrMissing) || errors.Is(err, scimmy.ErrMissing) || errors.Is(err, postgres.ErrMissing)) {
		t.Skip(err)
	}
	t.Fatal(err)
}

func generated(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := orggen.Generate(t.Context(), orggen.Options{Seed: 9, Persons: 300, Dir: dir}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestLiveServersHoldWhatTheFilesSay(t *testing.T) {
	org := generated(t)
	l, err := organisation.Start(t.Context(), organisation.Options{Org: org, Dir: filepath.Join(t.TempDir(), "lab"), PageSize: 37})
	needServers(t, err)
	defer l.Stop()
	for _, name := range []string{"ldap", "scim", "postgres"} {
		info, err := os.Stat(filepath.Join(l.Dir, "secrets", name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("secret %s: %v, %v", name, info, err)
		}
	}
	files, live := load(t, filepath.Join(org, "muster.yaml")), load(t, l.Config)
	for _, system := range []string{"directory", "saas", "warehouse"} {
		want, got := collect(t, files, system), collect(t, live, system)
		if len(want) < 100 {
			t.Fatalf("%s: only %d facts in the files", system, len(want))
		}
		for _, fact := range slices.Sorted(maps.Keys(want)) {
			if !got[fact] {
				t.Errorf("%s: the server lacks %s", system, fact)
			}
		}
		for _, fact := range slices.Sorted(maps.Keys(got)) {
			if !want[fact] {
				t.Errorf("%s: the server has more: %s", system, fact)
			}
		}
	}
}

func load(t *testing.T, config string) *plan.Plan {
	t.Helper()
	p, err := plan.Load(config, orggen.DefaultAsOf, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// collect reads a system and says every fact by names, without the ids, which differ between files and servers.
func collect(t *testing.T, p *plan.Plan, system string) map[string]bool {
	t.Helper()
	source, err := p.Source(system)
	if err != nil {
		t.Fatal(err)
	}
	accounts, entitlements := map[string]string{}, map[string]string{}
	var grants []access.Grant
	facts := map[string]bool{}
	coverage, err := source.Collector.Collect(t.Context(), func(r access.Record) error {
		switch r := r.(type) {
		case access.Account:
			accounts[r.ID] = r.Name
			facts[fmt.Sprintf("account %s kind=%s enabled=%v privileged=%v mfa=%v employee=%q mail=%q owner=%q last=%s never=%v", r.Name, r.Kind, r.Enabled,
				r.Privileged, r.MFA, r.EmployeeID, r.Email, r.OwnerRef, r.LastLogin.Format(time.RFC3339), r.NeverLoggedIn)] = true
		case access.Entitlement:
			entitlements[r.ID] = r.Name
			if !strings.HasPrefix(r.Name, "pg_") {
				facts[fmt.Sprintf("entitlement %s privileged=%v", r.Name, r.Privileged)] = true
			}
		case access.Grant:
			grants = append(grants, r)
		case access.Rejection:
			t.Errorf("%s: %s is rejected: %s", system, r.Ref, r.Reason)
		}
		return nil
	})
	if err != nil || coverage.State() != access.Complete {
		t.Fatalf("%s: %v, %+v", system, err, coverage)
	}
	for _, g := range grants {
		if accounts[g.AccountID] == "" || entitlements[g.EntitlementID] == "" {
			t.Fatalf("%s: grant of nothing or to nobody: %+v", system, g)
		}
		facts[fmt.Sprintf("grant %s → %s path=%v effective=%v", accounts[g.AccountID], entitlements[g.EntitlementID], g.Path, g.Effective)] = true
	}
	return facts
}

func TestExecRunsACommandAndStops(t *testing.T) {
	org, dir := generated(t), filepath.Join(t.TempDir(), "lab")
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"-org", org, "-dir", dir, "-exec", `test -s "$LAB_CONFIG" && test -s "$LAB_KEY" && echo up $LAB_LDAP $LAB_SCIM $LAB_POSTGRES; exit 7`}, &out, &errs)
	if code == 1 {
		if _, err := organisation.Start(t.Context(), organisation.Options{Org: org, Dir: dir}); err != nil {
			needServers(t, err)
		}
	}
	if code != 7 || !strings.HasPrefix(out.String(), "up ldap://127.0.0.1:") {
		t.Errorf("exit %d: %s%s", code, out.String(), errs.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "secrets")); !os.IsNotExist(err) {
		t.Errorf("the secrets outlive the lab: %v", err)
	}
}

func TestUntilToldToStop(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	var errs bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"-org", generated(t), "-dir", filepath.Join(t.TempDir(), "lab")}, writer, &errs)
		_ = writer.Close()
	}()
	var text strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(text.String(), "Ctrl-C") {
		n, err := reader.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			if os.Getenv("CI") != "true" && (strings.Contains(errs.String(), "missing") || strings.Contains(errs.String(), "not installed")) {
				t.Skip(errs.String())
			}
			t.Fatalf("%v: %s%s", err, text.String(), errs.String())
		}
	}
	for _, want := range []string{"bin/muster nightly", "ldap://127.0.0.1:", "/scim/v2", "postgres://"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, text.String())
		}
	}
	cancel()
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("exit %d: %s", code, errs.String())
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not stop")
	}
}

func TestBadUse(t *testing.T) {
	precious := t.TempDir()
	if err := os.WriteFile(filepath.Join(precious, "thesis.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	org := generated(t)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-nonsense"}, 4, "usage"},
		{[]string{"more"}, 4, "usage"},
		{[]string{"-org", precious}, 1, "no muster.yaml"},
		{[]string{"-org", org, "-dir", precious}, 1, "not a lab"},
		{[]string{"-org", org, "-dir", org}, 1, "the organisation itself"},
		{[]string{"-org", org, "-dir", filepath.Dir(org)}, 1, "the organisation itself"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), c.args, &out, &errs); code != c.code || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%v: exit %d, %s", c.args, code, errs.String())
		}
	}
	if _, err := os.Stat(filepath.Join(precious, "thesis.txt")); err != nil {
		t.Error(err)
	}
}
