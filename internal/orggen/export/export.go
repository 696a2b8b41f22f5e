// Package export writes the invented organisation in the formats in which real systems give their data away: an HR file, LDIF
// (RFC 2849), SCIM list responses (RFC 7643, RFC 7644 §3.4.2), PostgreSQL's role catalogue, and the CSV exports of applications.
//
// Files writes accounts as they come and keeps in memory only what LDIF and SCIM need for the groups at the end: 4 bytes per
// membership and a login or UUID per account. The order in which persons and accounts arrive is the order of the files.
// A Files belongs to one goroutine; times are UTC. Errors are sticky and come out of Close.
package export

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"muster/internal/orggen/model"
)

// Domain is the organisation's mail domain.
const Domain = "acme.example"

// Files is all exports of one organisation.
type Files struct {
	dir     string
	policy  *model.Policy
	order   []*model.Entitlement // the order of groups in the files
	uuid    func(kind string, n uint64) string
	hr      *table
	ldif    *ldif
	scim    *scim
	pg      *postgres
	vpn     *table
	erp     *erp
	before  *erp
	code    *table
	codeOld *table
	open    []closer
}

type closer interface{ close() error }

// Options of Open.
type Options struct {
	Dir    string
	Policy *model.Policy
	Order  []*model.Entitlement               // the order of groups in the files; a permutation of the policy's
	UUID   func(kind string, n uint64) string // a stable UUID for an object
}

// Open creates the folders and files, replacing older ones.
func Open(o Options) (*Files, error) {
	f := &Files{dir: o.Dir, policy: o.Policy, order: o.Order, uuid: o.UUID}
	for _, d := range []string{"hr", "directory", "saas", "warehouse", "vpn", "erp", "codehost", "baseline/erp", "baseline/codehost"} {
		if err := os.MkdirAll(filepath.Join(o.Dir, d), 0o755); err != nil {
			return nil, fmt.Errorf("create folder: %w", err)
		}
	}
	f.hr = f.table("hr/workers.csv", ',', "worker_id", "given_name", "family_name", "display_name", "email", "upn", "username",
		"title", "department", "cost_centre", "company", "location", "employment_type", "status", "manager_id", "start_date", "end_date")
	f.vpn = f.table("vpn/accounts.csv", ',', "login", "full_name", "upn", "type", "owner", "state", "mfa", "groups", "created", "last_login", "expires")
	code := []string{"id", "handle", "name", "email", "type", "owner", "active", "two_factor", "created", "last_active", "teams"}
	f.code = f.table("codehost/accounts.csv", ',', code...)
	f.codeOld = f.table("baseline/codehost/accounts.csv", ',', code...)
	f.erp = f.openERP("erp")
	f.before = f.openERP("baseline/erp")
	f.ldif = f.openLDIF()
	f.scim = f.openSCIM()
	f.pg = f.openPostgres()
	for _, c := range f.open {
		if b, ok := c.(*sink); ok && b.err != nil {
			return nil, errors.Join(b.err, f.Close())
		}
	}
	return f, nil
}

// Account writes one account with its grants.
func (f *Files) Account(a *model.Account) {
	switch a.System {
	case model.Directory:
		f.ldif.account(a)
	case model.SaaS:
		f.scim.account(a)
	case model.Warehouse:
		f.pg.account(a)
	case model.VPN:
		f.vpn.row(a.Name, a.DisplayName, a.UPN, string(a.Kind), a.OwnerRef, word(a.Enabled || !a.ExpiresAt.IsZero(), "active", "blocked"), tri(a.MFA),
			names(a.Grants, ";"), stamp(a.CreatedAt), login(a), stamp(a.ExpiresAt))
	case model.ERP:
		f.erp.account(a, a.Grants)
		if a.InBaseline {
			f.before.account(a, a.Before)
		}
	case model.Codehost:
		f.codehost(f.code, a, a.Grants)
		if a.InBaseline {
			f.codehost(f.codeOld, a, a.Before)
		}
	}
}

func (f *Files) codehost(t *table, a *model.Account, grants []model.Grant) {
	last := login(a)
	if a.Member%3 == 1 && !a.LastLogin.IsZero() { // some hosts of the code host live in another time zone
		last = stamp(a.LastLogin.In(time.FixedZone("", 2*3600)))
	}
	t.row(a.ID, a.Name, a.DisplayName, a.Email, string(a.Kind), a.OwnerRef, word(a.Enabled, "true", "false"), tri(a.MFA),
		stamp(a.CreatedAt), last, names(grants, "|"))
}

// Close writes the groups, flushes and closes everything.
func (f *Files) Close() error {
	if f.ldif != nil {
		f.ldif.groups()
	}
	if f.scim != nil {
		f.scim.finish()
	}
	var errs []error
	for _, c := range f.open {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

// sink is one buffered output file with a sticky error.
type sink struct {
	*bufio.Writer
	file *os.File
	err  error
}

func (f *Files) sink(path string) *sink {
	file, err := os.Create(filepath.Join(f.dir, path))
	s := &sink{file: file, err: err}
	s.Writer = bufio.NewWriterSize(file, 1<<18)
	f.open = append(f.open, s)
	return s
}

func (s *sink) close() error {
	if s.file == nil {
		return s.err
	}
	err := errors.Join(s.err, s.Flush(), s.file.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", s.file.Name(), err)
	}
	return nil
}

func word(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func login(a *model.Account) string {
	if a.Never {
		return "never"
	}
	return stamp(a.LastLogin)
}
