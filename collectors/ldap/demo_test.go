package ldap

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"muster/internal/access"
	"muster/internal/testserver/slapd"
)

// TestTheInventedDirectoryLiveAndAsFile loads the demo's directory on a server and reads it from there and from its file. Names
// are compared after the server has spelt them its own way.
func TestTheInventedDirectoryLiveAndAsFile(t *testing.T) {
	const export = "../../examples/acme/directory/acme.ldif"
	if _, err := os.Stat(export); err != nil {
		t.Fatal(err)
	}
	s := startSlapd(t, slapd.Options{Files: []string{export}})
	areas := "base_dn: dc=acme,dc=example\npeople: {base: \"ou=people,dc=acme,dc=example\"}\ngroups: {base: \"ou=groups,dc=acme,dc=example\"}\n" +
		"attributes: {owner: info}\nprivileged_groups: [\"*-admins\"]\n"
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	file := collect(t, build(t, areas+"ldif: "+wd+"/"+export+"\n", nil))
	live := collect(t, build(t, areas+"url: "+s.URL()+"\nbind_dn: "+s.BindDN+"\npassword: {env: DIRECTORY_PASSWORD}\npage_size: 400\n", nil))
	if file.err != nil || live.err != nil || file.coverage.State() != access.Complete || live.coverage.State() != access.Complete {
		t.Fatal(file.err, live.err)
	}
	a, b := facts(file.records), facts(live.records)
	if len(a) < 2000 || !slices.Equal(a, b) {
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("the first of %d and %d that differ:\nfile %s\nlive %s", len(a), len(b), a[i], b[i])
			}
		}
		t.Fatalf("%d records in the file, %d live", len(a), len(b))
	}
	for _, c := range live.coverage.Classes {
		t.Logf("%s: %d read, %d rejected", c.Class, c.Parsed, c.Rejected)
	}
}

func facts(records []access.Record) []string {
	var out []string
	for _, r := range records {
		switch v := r.(type) {
		case access.Account:
			v.SourceRef = ""
			r = v
		case access.Entitlement:
			v.SourceRef = ""
			r = v
		case access.Rejection:
			v.Ref = ""
			r = v
		}
		out = append(out, fmt.Sprintf("%s %+v", r.Class(), r))
	}
	slices.Sort(out)
	return out
}
