package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"muster/collectors"
	"muster/collectors/ldap"
	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/testserver/slapd"
)

// The directory of ldap_ratio.
const (
	ldapUsers  = 10_000
	ldapGroups = 200
	ldapPage   = 1000
	ldapRounds = 7
)

// directory is the LDIF: every user in ten groups, every tenth group inside the one before it.
func directory() string {
	var b strings.Builder
	b.WriteString("dn: dc=acme,dc=example\nobjectClass: dcObject\nobjectClass: organization\ndc: acme\no: Acme\n\n")
	for _, unit := range []string{"people", "groups"} {
		fmt.Fprintf(&b, "dn: ou=%s,dc=acme,dc=example\nobjectClass: organizationalUnit\nou: %s\n\n", unit, unit)
	}
	for i := range ldapUsers {
		fmt.Fprintf(&b, "dn: uid=u%06d,ou=people,dc=acme,dc=example\nobjectClass: inetOrgPerson\nuid: u%06d\ncn: Given%d Family%d\nsn: Family%d\n"+
			"mail: u%06d@acme.example\nemployeeNumber: W-%06d\nentryUUID: %08x-0000-4000-8000-000000000000\ncreateTimestamp: 20240301090000Z\n"+
			"pwdLastSuccess: 20261101080000Z\n\n", i, i, i, i, i, i, i, i)
	}
	for g := range ldapGroups {
		fmt.Fprintf(&b, "dn: cn=g%03d,ou=groups,dc=acme,dc=example\nobjectClass: groupOfNames\ncn: g%03d\ndescription: Group %d\n"+
			"entryUUID: %08x-0000-4000-8000-000000000001\n", g, g, g, g)
		for j := range ldapUsers * 10 / ldapGroups {
			fmt.Fprintf(&b, "member: uid=u%06d,ou=people,dc=acme,dc=example\n", (g*50+j*19)%ldapUsers)
		}
		if g%10 == 9 {
			fmt.Fprintf(&b, "member: cn=g%03d,ou=groups,dc=acme,dc=example\n", g-1)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// search is one search as the collector states that it sent it.
type search struct {
	base, filter string
	attributes   []string
}

// searches reads them from the coverage, so that ldapsearch asks for the very same.
func searches(coverage access.Coverage) ([]search, error) {
	form := regexp.MustCompile(fmt.Sprintf(`^search base="([^"]*)" scope=sub filter="([^"]*)" attributes=(\S+) page=%d$`, ldapPage))
	var found []search
	for _, query := range coverage.Queries {
		if m := form.FindStringSubmatch(query); m != nil {
			found = append(found, search{base: m[1], filter: m[2], attributes: strings.Split(m[3], ",")})
		}
	}
	if len(found) != 2 {
		return nil, fmt.Errorf("the collector states %d paged searches instead of 2: %q", len(found), coverage.Queries)
	}
	return found, nil
}

// ldapRatio compares the collector with ldapsearch, which prints to nowhere.
func ldapRatio(ctx context.Context, dir string) ([]figure, error) {
	tool, err := exec.LookPath("ldapsearch")
	if err != nil {
		return nil, fmt.Errorf("find ldapsearch (Debian: ldap-utils): %w", err)
	}
	server, err := slapd.Start(ctx, slapd.Options{LDIF: directory(), Dir: filepath.Join(dir, "slapd")})
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(server.Password), 0o600); err != nil {
		return nil, fmt.Errorf("write password: %w", err)
	}
	coverage, err := collect(ctx, server, secret) // also warms the server up
	if err != nil {
		return nil, err
	}
	asked, err := searches(coverage)
	if err != nil {
		return nil, err
	}
	var ours, theirs []float64
	for range ldapRounds {
		start := time.Now()
		for _, q := range asked {
			args := []string{"-x", "-LLL", "-H", server.URL(), "-D", server.BindDN, "-y", secret, "-E", fmt.Sprintf("pr=%d/noprompt", ldapPage), "-b", q.base, q.filter}
			if err := exec.CommandContext(ctx, tool, append(args, q.attributes...)...).Run(); err != nil { // output to /dev/null
				return nil, fmt.Errorf("run ldapsearch: %w", err)
			}
		}
		theirs = append(theirs, time.Since(start).Seconds())
		start = time.Now()
		if _, err := collect(ctx, server, secret); err != nil {
			return nil, err
		}
		ours = append(ours, time.Since(start).Seconds())
	}
	return []figure{{
		Name: "ldap_ratio", Value: round(median(ours) / median(theirs)), Unit: "ratio",
		Baseline: fmt.Sprintf("ldapsearch -E pr=%d to /dev/null, people then groups: %.3f s; at most 1.3", ldapPage, median(theirs)),
		Note: fmt.Sprintf("%d users and %d groups with %d memberships on a live slapd, collected as accounts, entitlements and grants with nesting resolved in %.3f s; "+
			"same filters, attributes and pages; medians of %d in turns", ldapUsers, ldapGroups, ldapUsers*10, median(ours), ldapRounds),
	}}, nil
}

// collect reads the directory once, as a run does, and makes sure that all of it came.
func collect(ctx context.Context, server *slapd.Server, secret string) (access.Coverage, error) {
	settings, err := config.Parse("bench.yaml", fmt.Appendf(nil, `url: %s
bind_dn: %q
password: {file: %q}
base_dn: dc=acme,dc=example
people: {base: "ou=people,dc=acme,dc=example"}
groups: {base: "ou=groups,dc=acme,dc=example"}
page_size: %d
`, server.URL(), server.BindDN, secret, ldapPage))
	if err != nil {
		return access.Coverage{}, err
	}
	collector, err := ldap.New(collectors.Spec{System: "directory", Settings: settings.Root(), Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := errors.Join(err, settings.Err()); err != nil {
		return access.Coverage{}, err
	}
	counts := map[access.Class]int{}
	coverage, err := collector.Collect(ctx, func(r access.Record) error { counts[r.Class()]++; return nil })
	switch {
	case err != nil:
		return coverage, err
	case coverage.State() != access.Complete || counts[access.ClassAccount] != ldapUsers || counts[access.ClassEntitlement] != ldapGroups || counts[access.ClassGrant] < ldapUsers*10:
		return coverage, fmt.Errorf("the directory was read as %v, %s", counts, coverage.State())
	}
	return coverage, nil
}
