package reperform

import (
	"cmp"
	"io/fs"
	"slices"
	"time"

	"muster/collectors"
	"muster/internal/access"
	"muster/internal/store/fold"
	"muster/reports/evidence"
)

// population is what the run reasoned from, as the tables of the pack have it.
type population struct {
	persons      []*person // each worker id once, by id
	byID         map[string]*person
	accounts     []*access.AccountFacts // each once, by system and id
	entitlements map[string]map[string]access.Entitlement
	ordered      []access.Entitlement // by system and id
	previous     map[accountKey]int
	links        map[accountKey]access.Link    // as the pack has them
	carried      map[string]evidence.Quality   // of a pack that holds some persons, by worker id
	digests      map[string]*collectors.Digest // of every record of a snapshot, by its id
}

// count adds a record to the digest of its snapshot.
func (p *population) count(snapshot string, r access.Record) {
	if p.digests[snapshot] == nil {
		p.digests[snapshot] = &collectors.Digest{}
	}
	p.digests[snapshot].Add(r)
}

type accountKey struct{ system, id string }

// person is one person with the keys that accounts are linked by.
type person struct {
	access.Person
	rows                                 int
	profile                              string
	idKey, emailKey, upnKey, usernameKey string
}

const second = "2006-01-02T15:04:05.999Z07:00"

// read reads every table.
func read(files fs.FS) (*population, error) {
	p := &population{byID: map[string]*person{}, entitlements: map[string]map[string]access.Entitlement{}, previous: map[accountKey]int{}, links: map[accountKey]access.Link{}, digests: map[string]*collectors.Digest{}}
	for _, step := range []func(fs.FS) error{p.readPersons, p.readEntitlements, p.readAccounts, p.readGrants, p.readPrevious, p.readLinks, p.readRejections} {
		if err := step(files); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// readPersons keeps of several rows of one worker id the first and counts them.
func (p *population) readPersons(files fs.FS) error {
	columns := []string{"worker_id", "row", "given_name", "family_name", "display_name", "email", "upn", "username", "title", "department", "cost_centre", "company",
		"location", "employment_type", "status", "manager_id", "start_date", "end_date", "attributes", "profile", "snapshot_id"}
	err := each(files, "persons", columns, func(r *row) error {
		x := &person{rows: 1, profile: r.text("profile"), Person: access.Person{ID: r.text("worker_id"), Row: r.number("row"), GivenName: r.text("given_name"),
			FamilyName: r.text("family_name"), DisplayName: r.text("display_name"), Email: r.text("email"), UPN: r.text("upn"), Username: r.text("username"),
			Title: r.text("title"), Department: r.text("department"), CostCentre: r.text("cost_centre"), Company: r.text("company"), Location: r.text("location"),
			EmploymentType: access.EmploymentType(r.text("employment_type")), Status: access.Status(r.text("status")), ManagerID: r.text("manager_id"),
			StartDate: r.moment("start_date", time.DateOnly), EndDate: r.moment("end_date", time.DateOnly), Attributes: r.pairs("attributes")}}
		p.count(r.text("snapshot_id"), x.Person)
		x.idKey, x.emailKey, x.upnKey, x.usernameKey = fold.Key(x.ID), fold.Key(x.Email), fold.Key(x.UPN), fold.Key(x.Username)
		first, again := p.byID[x.ID]
		switch {
		case !again:
			p.byID[x.ID] = x
			p.persons = append(p.persons, x)
		case x.Row < first.Row:
			x.rows = first.rows + 1
			*first = *x
		default:
			first.rows++
		}
		return nil
	})
	slices.SortFunc(p.persons, func(a, b *person) int { return cmp.Compare(a.ID, b.ID) })
	return err
}

func (p *population) readEntitlements(files fs.FS) error {
	columns := []string{"system", "entitlement_id", "name", "kind", "description", "privileged", "source_ref", "snapshot_id"}
	err := each(files, "entitlements", columns, func(r *row) error {
		e := access.Entitlement{System: r.text("system"), ID: r.text("entitlement_id"), Name: r.text("name"), Kind: r.text("kind"),
			Description: r.text("description"), Privileged: r.truth("privileged"), SourceRef: r.text("source_ref")}
		p.count(r.text("snapshot_id"), e)
		p.ordered = append(p.ordered, e)
		return nil
	})
	slices.SortStableFunc(p.ordered, func(a, b access.Entitlement) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name), cmp.Compare(a.SourceRef, b.SourceRef))
	})
	p.ordered = slices.CompactFunc(p.ordered, func(a, b access.Entitlement) bool { return a.System == b.System && a.ID == b.ID })
	for _, e := range p.ordered {
		if p.entitlements[e.System] == nil {
			p.entitlements[e.System] = map[string]access.Entitlement{}
		}
		p.entitlements[e.System][e.ID] = e
	}
	return err
}

func (p *population) readAccounts(files fs.FS) error {
	columns := []string{"system", "account_id", "name", "display_name", "email", "upn", "employee_id", "owner_ref", "kind", "enabled", "locked", "privileged", "mfa", "created_at",
		"last_login", "never_logged_in", "password_changed_at", "expires_at", "attributes", "source_ref", "snapshot_id"}
	err := each(files, "accounts", columns, func(r *row) error {
		a := &access.AccountFacts{SnapshotID: r.text("snapshot_id"), Account: access.Account{System: r.text("system"), ID: r.text("account_id"),
			Name: r.text("name"), DisplayName: r.text("display_name"), Email: r.text("email"), UPN: r.text("upn"), EmployeeID: r.text("employee_id"), OwnerRef: r.text("owner_ref"),
			Kind: access.AccountKind(r.text("kind")), Enabled: r.truth("enabled"), Locked: r.truth("locked"), Privileged: r.truth("privileged"), MFA: r.tri("mfa"),
			CreatedAt: r.moment("created_at", second), LastLogin: r.moment("last_login", second), NeverLoggedIn: r.truth("never_logged_in"),
			PasswordChangedAt: r.moment("password_changed_at", second), ExpiresAt: r.moment("expires_at", second), Attributes: r.pairs("attributes"), SourceRef: r.text("source_ref")}}
		p.count(a.SnapshotID, a.Account)
		p.accounts = append(p.accounts, a)
		return nil
	})
	slices.SortStableFunc(p.accounts, func(a, b *access.AccountFacts) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.ID, b.ID), cmp.Compare(a.SourceRef, b.SourceRef))
	})
	p.accounts = slices.CompactFunc(p.accounts, func(a, b *access.AccountFacts) bool { return a.System == b.System && a.ID == b.ID })
	return err
}

// path is one way by which an account holds an entitlement.
type path struct {
	entitlement      string
	effective, admin bool
	names            []string
}

// readGrants gives every account its grants, one fact an entitlement: of several paths the shortest, the first in byte order among equals.
func (p *population) readGrants(files fs.FS) error {
	held := map[accountKey][]path{}
	err := each(files, "grants", []string{"system", "account_id", "entitlement_id", "path", "effective", "admin_option", "expires_at", "snapshot_id"}, func(r *row) error {
		key := accountKey{r.text("system"), r.text("account_id")}
		g := access.Grant{AccountID: key.id, EntitlementID: r.text("entitlement_id"), Path: r.strings("path"), Effective: r.truth("effective"), AdminOption: r.truth("admin_option"),
			ExpiresAt: r.moment("expires_at", second)}
		p.count(r.text("snapshot_id"), g)
		held[key] = append(held[key], path{g.EntitlementID, g.Effective, g.AdminOption, g.Path})
		return nil
	})
	for _, a := range p.accounts {
		a.Grants = p.fold(a.System, held[accountKey{a.System, a.ID}])
		a.PrivilegedEffective = a.Privileged || slices.ContainsFunc(a.Grants, func(g access.GrantFacts) bool { return g.Effective && g.Entitlement.Privileged })
	}
	return err
}

func (p *population) fold(system string, paths []path) []access.GrantFacts {
	byEntitlement := map[string][]path{}
	for _, one := range paths {
		byEntitlement[one.entitlement] = append(byEntitlement[one.entitlement], one)
	}
	var out []access.GrantFacts
	for id, list := range byEntitlement {
		slices.SortFunc(list, func(a, b path) int {
			return cmp.Or(cmp.Compare(len(a.names), len(b.names)), slices.Compare(a.names, b.names))
		})
		e, known := p.entitlements[system][id]
		if !known {
			e = access.Entitlement{System: system, ID: id, Name: id}
		}
		g := access.GrantFacts{System: system, Entitlement: e, Actual: true, Direct: len(list[0].names) == 0, Path: list[0].names}
		for i, one := range list {
			if i == 0 || !slices.Equal(one.names, list[i-1].names) {
				g.Paths++
			}
			g.Effective, g.AdminOption = g.Effective || one.effective, g.AdminOption || one.admin
		}
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b access.GrantFacts) int {
		return cmp.Or(cmp.Compare(a.Entitlement.Name, b.Entitlement.Name), cmp.Compare(a.Entitlement.ID, b.Entitlement.ID))
	})
	return out
}

func (p *population) readPrevious(files fs.FS) error {
	err := each(files, "previous", []string{"system", "account_id", "held"}, func(r *row) error {
		p.previous[accountKey{r.text("system"), r.text("account_id")}] = int(r.number("held"))
		return nil
	})
	for _, a := range p.accounts {
		a.PreviousGrants = -1
		if n, ok := p.previous[accountKey{a.System, a.ID}]; ok {
			a.PreviousGrants = n
		}
	}
	return err
}

func (p *population) readRejections(files fs.FS) error {
	return each(files, "rejections", []string{"snapshot_id", "class", "reason"}, func(r *row) error {
		p.count(r.text("snapshot_id"), access.Rejection{Of: access.Class(r.text("class")), Reason: r.text("reason")})
		return nil
	})
}

func (p *population) readLinks(files fs.FS) error {
	return each(files, "links", []string{"system", "account_id", "result", "person_id", "key", "evidence"}, func(r *row) error {
		l := access.Link{System: r.text("system"), AccountID: r.text("account_id"), Result: access.LinkResult(r.text("result")), PersonID: r.text("person_id"),
			Key: access.LinkKey(r.text("key")), Evidence: r.strings("evidence")}
		p.links[accountKey{l.System, l.AccountID}] = l
		return nil
	})
}
