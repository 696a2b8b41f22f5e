package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"muster/cmd/muster/cli"
	"muster/internal/access"
	"muster/internal/orggen"
	"muster/internal/testserver/slapd"
)

func decodeFindings(t testing.TB, text string) []access.Finding {
	t.Helper()
	var list []access.Finding
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// edit replaces text in a file of the organisation.
func (o *org) edit(file string, change func(string) string) {
	o.t.Helper()
	path := filepath.Join(o.dir, file)
	text, err := os.ReadFile(path)
	if err != nil {
		o.t.Fatal(err)
	}
	next := change(string(text))
	if next == string(text) {
		o.t.Fatalf("the edit of %s changed nothing", file)
	}
	if err := os.WriteFile(path, []byte(next), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// TestIncompleteSourcesConcludeNothing is invariant 1 end to end: a night with a source that could not be read whole raises nothing
// that rests on absence, resolves nothing, exits with 3, and the run and its PDF say why.
func TestIncompleteSourcesConcludeNothing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		spoil  func(t *testing.T, o *org)
		source string
		reason string // part of what the run and the PDF must say
	}{
		{"a SCIM server dies on page 3", dyingSCIM, "saas", "page 3"},
		{"an LDAP size limit", limitedLDAP, "directory", "limit"},
		{"an HR file cut in half", func(_ *testing.T, o *org) { o.edit("hr/workers.csv", func(s string) string { return s[:len(s)/2] }) }, "hr", "cut"},
		{"an HR file without rows", func(_ *testing.T, o *org) {
			o.edit("hr/workers.csv", func(s string) string { return s[:strings.Index(s, "\n")+1] })
		}, "hr", "person"},
		{"an HR file of no byte", func(_ *testing.T, o *org) { o.edit("hr/workers.csv", func(string) string { return "" }) }, "hr", "empty"},
	} {
		for _, fresh := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, fresh %v", tt.name, fresh), func(t *testing.T) {
				o := generate(t, orggen.Options{Persons: 300})
				var before []access.Finding
				if !fresh {
					o.nightly(cli.ExitClean)
					before = o.findings()
				}
				tt.spoil(t, o)
				out := o.nightly(cli.ExitIncomplete)
				checkNothingConcluded(t, before, o.findings(), tt.source)
				if !strings.Contains(out, tt.source+" is ") || !strings.Contains(flat(out), tt.reason) {
					t.Errorf("the run does not say that %s is incomplete because of %q:\n%s", tt.source, tt.reason, out)
				}
				checkPDFSays(t, o, tt.source, tt.reason)
			})
		}
	}
}

// checkNothingConcluded compares the findings before and after a night with an incomplete source.
func checkNothingConcluded(t *testing.T, before, after []access.Finding, source string) {
	t.Helper()
	old := map[string]access.Finding{}
	for _, f := range before {
		old[f.Fingerprint] = f
	}
	incomplete := false
	for _, f := range after {
		_, known := old[f.Fingerprint]
		touches := f.System == source || source == "hr"
		switch {
		case f.State == access.Resolved && touches:
			t.Errorf("%s %s was resolved", f.ID, f.Message)
		case !known && f.Rule == "orphaned-account" && touches:
			t.Errorf("a new orphan: %s", f.Message)
		case !known && f.Rule == "missing-access" && f.System == source:
			t.Errorf("new missing access: %s", f.Message)
		case f.Rule == "snapshot-incomplete" && f.System == source:
			incomplete = true
		}
		delete(old, f.Fingerprint)
	}
	for _, f := range old {
		t.Errorf("%s %s is gone", f.ID, f.Message)
	}
	if !incomplete {
		t.Errorf("no finding snapshot-incomplete for %s", source)
	}
}

func checkPDFSays(t *testing.T, o *org, source, reason string) {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		need(t, "pdftotext is not installed")
	}
	pdfs, err := filepath.Glob(filepath.Join(o.dir, ".muster/packs/*/*.pdf"))
	if err != nil || len(pdfs) == 0 {
		t.Fatalf("no pack was written: %v", err)
	}
	text, err := exec.CommandContext(t.Context(), "pdftotext", pdfs[len(pdfs)-1], "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(flat(string(text)), source) || !strings.Contains(flat(string(text)), reason) {
		t.Errorf("the PDF does not say %q of %s", reason, source)
	}
}

// flat joins wrapped lines.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

// dyingSCIM puts a server in the place of the dump that serves two pages of users and then answers 503 for ever.
func dyingSCIM(t *testing.T, o *org) {
	text, err := os.ReadFile(filepath.Join(o.dir, "saas/Users.json"))
	if err != nil {
		t.Fatal(err)
	}
	var users struct{ Resources []json.RawMessage }
	if err := json.Unmarshal(text, &users); err != nil {
		t.Fatal(err)
	}
	const page = 50
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/scim+json")
		if !strings.HasSuffix(r.URL.Path, "/Users") {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}`)
			return
		}
		start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
		start = max(start, 1)
		if start > 2*page {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		end := min(start-1+page, len(users.Resources))
		if err := json.NewEncoder(w).Encode(map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"},
			"totalResults": len(users.Resources), "startIndex": start, "itemsPerPage": end - start + 1, "Resources": users.Resources[start-1 : end]}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("SCIM_TOKEN", "token-of-the-test")
	o.edit("muster.yaml", func(s string) string {
		return strings.Replace(s, "dump: saas", "url: "+server.URL+"\n      token: {env: SCIM_TOKEN}\n      page_size: 50", 1)
	})
}

// limitedLDAP loads the directory into a real slapd that gives at most 100 entries to a search, paged or not.
func limitedLDAP(t *testing.T, o *org) {
	server, err := slapd.Start(t.Context(), slapd.Options{Files: []string{filepath.Join(o.dir, "directory/acme.ldif")}, PagedTotal: 100})
	if err != nil {
		need(t, err.Error())
	}
	t.Cleanup(server.Stop)
	t.Setenv("LDAP_PASSWORD", server.Password)
	o.edit("muster.yaml", func(s string) string {
		return strings.Replace(s, "ldif: directory/acme.ldif",
			fmt.Sprintf("url: %s\n      bind_dn: %q\n      password: {env: LDAP_PASSWORD}", server.URL(), server.BindDN), 1)
	})
}

// TestShrunkenSourceIsHeldUntilReleased is invariant 2: a source that lost more than its threshold is not used until a person says
// that the loss is real, and that is on the ledger.
func TestShrunkenSourceIsHeldUntilReleased(t *testing.T) {
	o := generate(t, orggen.Options{Persons: 300})
	o.nightly(cli.ExitClean)
	before := o.findings()
	o.edit("vpn/accounts.csv", func(s string) string {
		lines := strings.SplitAfter(s, "\n")
		return strings.Join(lines[:len(lines)/2], "")
	})
	out := o.nightly(cli.ExitIncomplete)
	if !strings.Contains(out, "vpn is held") || !strings.Contains(out, "muster release vpn") {
		t.Errorf("the run does not say that vpn is held and how to release it:\n%s", out)
	}
	checkNothingConcluded(t, before, o.findings(), "vpn")

	if code, _, stderr := o.muster("release", "vpn", "--reason", "x"); code != cli.ExitError || !strings.Contains(stderr, "too short") {
		t.Errorf("a release without a reason: exit %d, %s", code, stderr)
	}
	if code, _, stderr := o.muster("release", "vpn", "--reason", "gateway east was retired, CHG-4711"); code != cli.ExitClean {
		t.Fatalf("release: %s", stderr)
	}
	if code, stdout, stderr := o.muster("reconcile"); code != cli.ExitClean {
		t.Fatalf("reconcile after the release ended with %d\n%s\n%s", code, stdout, stderr)
	}
	resolved := 0
	for _, f := range o.findings() {
		if f.State == access.Resolved && f.System == "vpn" {
			resolved++
		}
	}
	if resolved == 0 {
		t.Error("nothing of the retired gateway was resolved after the release")
	}
	if code, _, stderr := o.muster("release", "vpn", "--reason", "once more, by mistake"); code != cli.ExitError || !strings.Contains(stderr, "no held snapshot") {
		t.Errorf("a second release: exit %d, %s", code, stderr)
	}
	if code, stdout, _ := o.muster("ledger", "verify", "-o", "json"); code != cli.ExitClean || !strings.Contains(stdout, `"release": 1`) {
		t.Errorf("the release is not on the ledger: %s", stdout)
	}
}

// TestReplacedSourceIsHeld gives the night another company's file of the same size: as many persons as before, none of them the same.
func TestReplacedSourceIsHeld(t *testing.T) {
	o := generate(t, orggen.Options{Persons: 300})
	o.nightly(cli.ExitClean)
	before := o.findings()
	o.edit("hr/workers.csv", func(s string) string { return strings.ReplaceAll(s, "W-0", "X-0") })
	out := o.nightly(cli.ExitIncomplete)
	if !strings.Contains(flat(out), "hr is held") || !strings.Contains(flat(out), "are gone") {
		t.Errorf("the run does not say that everybody is gone:\n%s", out)
	}
	checkNothingConcluded(t, before, o.findings(), "hr")
}

// TestToleratedRejectionsConcludeNothing lets the HR file have an unreadable row, as its settings allow: the rest is used, and yet the
// account of the person on that row does not become an orphan, and nothing resolves.
func TestToleratedRejectionsConcludeNothing(t *testing.T) {
	o := generate(t, orggen.Options{Persons: 300})
	o.edit("muster.yaml", func(s string) string {
		return strings.Replace(s, "final_newline: required", "final_newline: required, max_rejected: 3", 1)
	})
	o.nightly(cli.ExitClean)
	before := o.findings()
	o.edit("hr/workers.csv", func(s string) string { return strings.Replace(s, ",active,", ",on the moon,", 2) })
	o.nightly(cli.ExitClean)
	known := map[string]bool{}
	for _, f := range before {
		known[f.Fingerprint] = true
	}
	for _, f := range o.findings() {
		if f.State == access.Resolved || f.Rule == "orphaned-account" && !known[f.Fingerprint] {
			t.Errorf("%s %s: %s", f.State, f.ID, f.Message)
		}
	}
}
