package ldap

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/testserver/slapd"
)

// bigLDIF is a directory of n people in n/50 groups of 500 members, every tenth group inside another.
func bigLDIF(n int) string {
	var b strings.Builder
	b.WriteString(tree)
	for i := range n {
		fmt.Fprintf(&b, "dn: uid=user%06d,ou=people,dc=acme,dc=example\nobjectClass: inetOrgPerson\nuid: user%06d\ncn: Given%d Family%d\nsn: Family%d\n"+
			"mail: user%06d@acme.example\nemployeeNumber: W-%06d\nentryUUID: %08x-0000-4000-8000-000000000000\n"+
			"createTimestamp: 20200101000000Z\npwdLastSuccess: 20261101080000Z\n\n", i, i, i, i, i, i, i, i)
	}
	for g := range n / 50 {
		fmt.Fprintf(&b, "dn: cn=group%d,ou=groups,dc=acme,dc=example\nobjectClass: groupOfNames\ncn: group%d\ndescription: Group %d\nentryUUID: %08x-0000-4000-8000-000000000001\n", g, g, g, g)
		for j := range min(500, n) {
			fmt.Fprintf(&b, "member: uid=user%06d,ou=people,dc=acme,dc=example\n", (g*50+j*19)%n)
		}
		if g%10 == 0 && g > 0 {
			fmt.Fprintf(&b, "member: cn=group%d,ou=groups,dc=acme,dc=example\n", g-1)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestSpeedAgainstLdapsearch reads the same attributes in the same pages as ldapsearch does, in turns, and compares the medians.
// It only reports, unless LDAP_RATIO is set: a busy machine is no failure.
func TestSpeedAgainstLdapsearch(t *testing.T) {
	if testing.Short() {
		t.Skip("measures")
	}
	tool, err := exec.LookPath("ldapsearch")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	s := startSlapd(t, slapd.Options{LDIF: bigLDIF(10_000)})
	pw := filepath.Join(t.TempDir(), "pw")
	if err := os.WriteFile(pw, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	c := build(t, liveSettings(s.URL())+"page_size: 1000\n", nil)
	search := func(q question) int {
		args := []string{"-x", "-LLL", "-H", s.URL(), "-D", s.BindDN, "-y", pw, "-E", "pr=1000/noprompt", "-b", q.base, q.filter.Text}
		out, err := exec.Command(tool, append(args, q.attrs...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Count(out, []byte("dn: "))
	}
	var ours, theirs []time.Duration
	for range 7 {
		start := time.Now()
		if n := search(c.s.people); n != 10_000 {
			t.Fatalf("ldapsearch gave %d people", n)
		}
		search(c.s.groups)
		theirs = append(theirs, time.Since(start))
		start = time.Now()
		n := map[access.Class]int{}
		cov, err := c.Collect(t.Context(), func(r access.Record) error { n[r.Class()]++; return nil })
		if err != nil || cov.State() != access.Complete || n[access.ClassAccount] != 10_000 || n[access.ClassEntitlement] != 200 {
			t.Fatalf("%v %v %v", err, cov, n)
		}
		ours = append(ours, time.Since(start))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	ratio := float64(ours[3]) / float64(theirs[3])
	t.Logf("10k users, 200 groups, 100k memberships: ours %v, ldapsearch %v, ratio %.2f", ours[3], theirs[3], ratio)
	if os.Getenv("LDAP_RATIO") != "" && ratio > 1.3 {
		t.Errorf("ratio %.2f is above 1.3", ratio)
	}
}
