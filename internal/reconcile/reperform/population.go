package reperform

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"

	"muster/collectors"
	"muster/internal/access"
	"muster/internal/reconcile/reperform/annex"
	"muster/internal/reconcile/reperform/relink"
	"muster/reports/evidence"
)

// population is what the run reasoned from, as the tables of the pack have it.
type population struct {
	used     map[string]string // system → the snapshot of it that the run reasoned from
	hr       string            // the source of persons
	known    map[string]bool   // all snapshots that the run read, reasoned from or compared with
	persons  []*person         // each worker id once, by id
	spare    []*person         // further rows of a worker id
	byID     map[string]*person
	accounts []*access.AccountFacts // each once, by system and id

	entitlements map[string]map[string]access.Entitlement
	ordered      []access.Entitlement          // by system and id
	names        map[accountKey]string         // of entitlements by system and id: the first in byte order of those that one id has
	rejected     map[classKey]int64            // rejections, by snapshot and class
	rows         map[classKey]int64            // records, by snapshot and class
	previous     map[accountKey]int            // entitlements held before
	links        map[accountKey]access.Link    // as the pack has them
	carried      map[string]evidence.Quality   // of a pack that holds some persons, by worker id
	digests      map[string]*collectors.Digest // of every record of a snapshot, by its id

	wrong []string // rows that cannot be those of the run
}

type accountKey struct{ system, id string }

type classKey struct {
	snapshot string
	class    access.Class
}

// count adds a record to the digest of its snapshot.
func (p *population) count(snapshot string, r access.Record) {
	if p.digests[snapshot] == nil {
		p.digests[snapshot] = &collectors.Digest{}
	}
	p.digests[snapshot].Add(r)
	p.rows[classKey{snapshot, r.Class()}]++
}

// of notes a row that is not of the snapshot of its system that the run reasoned from.
func (p *population) of(system string, r *annex.Row) {
	if want, snapshot := p.used[system], r.Text("snapshot_id"); want != snapshot || want == "" {
		p.differ(r, "it is of snapshot %q of %s, the run reasoned from %q", snapshot, system, want)
	}
}

// differ notes what is wrong with a row.
func (p *population) differ(r *annex.Row, format string, args ...any) {
	if len(p.wrong) < kept { // of very many those that come first
		p.wrong = append(p.wrong, r.String()+": "+fmt.Sprintf(format, args...))
	}
}

// person is one person with the keys that accounts are linked by.
type person struct {
	access.Person
	keys    relink.Person
	rows    int
	profile string
}

// empty is the population of a run before any table was read.
func empty(systems []access.SystemFacts, previous map[string]access.Snapshot) *population {
	p := &population{used: map[string]string{}, known: map[string]bool{}, byID: map[string]*person{}, entitlements: map[string]map[string]access.Entitlement{}, names: map[accountKey]string{},
		rejected: map[classKey]int64{}, rows: map[classKey]int64{}, previous: map[accountKey]int{}, links: map[accountKey]access.Link{}, digests: map[string]*collectors.Digest{}}
	for _, s := range systems {
		if p.used[s.Name] = s.Used.ID; s.IsHR {
			p.hr = s.Name
		}
		for _, id := range []string{s.Used.ID, s.Tonight.ID, previous[s.Name].ID} {
			p.known[id] = id != ""
		}
	}
	return p
}

// read reads every table.
func (p *population) read(files fs.FS) error {
	for _, step := range []func(fs.FS) error{p.readPersons, p.readEntitlements, p.readAccounts, p.readGrants, p.readPrevious, p.readLinks, p.readRejections} {
		if err := step(files); err != nil {
			return err
		}
	}
	return nil
}

// readPersons keeps of several rows of one worker id the first and counts them.
func (p *population) readPersons(files fs.FS) error {
	all := map[string][]*person{}
	err := annex.Each(files, "persons", func(r *annex.Row) error {
		x := &person{rows: 1, profile: r.Text("profile"), Person: access.Person{ID: r.Text("worker_id"), Row: r.Number("row"), GivenName: r.Text("given_name"),
			FamilyName: r.Text("family_name"), DisplayName: r.Text("display_name"), Email: r.Text("email"), UPN: r.Text("upn"), Username: r.Text("username"),
			Title: r.Text("title"), Department: r.Text("department"), CostCentre: r.Text("cost_centre"), Company: r.Text("company"), Location: r.Text("location"),
			EmploymentType: access.EmploymentType(r.Text("employment_type")), Status: access.Status(r.Text("status")), ManagerID: r.Text("manager_id"),
			StartDate: r.Day("start_date"), EndDate: r.Day("end_date"), Attributes: r.Pairs("attributes")}}
		p.count(r.Text("snapshot_id"), x.Person)
		x.keys = relink.KeysOf(x.Person)
		all[x.ID] = append(all[x.ID], x)
		p.of(p.hr, r)
		return nil
	})
	for id, rows := range all {
		slices.SortStableFunc(rows, func(a, b *person) int { return cmp.Compare(a.Row, b.Row) })
		rows[0].rows = len(rows)
		p.byID[id], p.persons, p.spare = rows[0], append(p.persons, rows[0]), append(p.spare, rows[1:]...)
	}
	slices.SortFunc(p.persons, func(a, b *person) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(p.spare, func(a, b *person) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Row, b.Row)) })
	return err
}

func (p *population) readEntitlements(files fs.FS) error {
	err := annex.Each(files, "entitlements", func(r *annex.Row) error {
		e := access.Entitlement{System: r.Text("system"), ID: r.Text("entitlement_id"), Name: r.Text("name"), Kind: r.Text("kind"),
			Description: r.Text("description"), Privileged: r.Truth("privileged"), SourceRef: r.Text("source_ref")}
		p.count(r.Text("snapshot_id"), e)
		p.ordered = append(p.ordered, e)
		key := accountKey{e.System, e.ID}
		if name, ok := p.names[key]; !ok || e.Name < name {
			p.names[key] = e.Name
		}
		p.of(e.System, r)
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
	err := annex.Each(files, "accounts", func(r *annex.Row) error {
		a := &access.AccountFacts{SnapshotID: r.Text("snapshot_id"), Account: access.Account{System: r.Text("system"), ID: r.Text("account_id"),
			Name: r.Text("name"), DisplayName: r.Text("display_name"), Email: r.Text("email"), UPN: r.Text("upn"), EmployeeID: r.Text("employee_id"), OwnerRef: r.Text("owner_ref"),
			Kind: access.AccountKind(r.Text("kind")), Enabled: r.Truth("enabled"), Locked: r.Truth("locked"), Privileged: r.Truth("privileged"), MFA: r.Tri("mfa"),
			CreatedAt: r.Moment("created_at"), LastLogin: r.Moment("last_login"), NeverLoggedIn: r.Truth("never_logged_in"),
			PasswordChangedAt: r.Moment("password_changed_at"), ExpiresAt: r.Moment("expires_at"), Attributes: r.Pairs("attributes"), SourceRef: r.Text("source_ref")}}
		p.count(a.SnapshotID, a.Account)
		p.accounts = append(p.accounts, a)
		p.of(a.System, r)
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
	err := annex.Each(files, "grants", func(r *annex.Row) error {
		key := accountKey{r.Text("system"), r.Text("account_id")}
		g := access.Grant{AccountID: key.id, EntitlementID: r.Text("entitlement_id"), Path: r.Strings("path"), Effective: r.Truth("effective"), AdminOption: r.Truth("admin_option"),
			ExpiresAt: r.Moment("expires_at")}
		p.count(r.Text("snapshot_id"), g)
		held[key] = append(held[key], path{g.EntitlementID, g.Effective, g.AdminOption, g.Path})
		if have, want := r.Text("entitlement"), p.names[accountKey{key.system, g.EntitlementID}]; have != want {
			p.differ(r, "entitlement %s of %s is called %q in it, and %q in annexes/entitlements.csv", g.EntitlementID, key.system, have, want)
		}
		p.of(key.system, r)
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
	err := annex.Each(files, "previous", func(r *annex.Row) error {
		key := accountKey{r.Text("system"), r.Text("account_id")}
		if _, twice := p.previous[key]; twice {
			p.differ(r, "account %s/%s is in it twice", key.system, key.id)
		}
		p.previous[key] = int(r.Number("held"))
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
	return annex.Each(files, "rejections", func(r *annex.Row) error {
		id, x := r.Text("snapshot_id"), access.Rejection{Of: access.Class(r.Text("class")), Reason: r.Text("reason")}
		p.count(id, x)
		p.rejected[classKey{id, x.Of}]++
		if !p.known[id] {
			p.differ(r, "it is of snapshot %q, which the run neither read nor reasoned from nor compared with", id)
		}
		return nil
	})
}

func (p *population) readLinks(files fs.FS) error {
	return annex.Each(files, "links", func(r *annex.Row) error {
		l := access.Link{System: r.Text("system"), AccountID: r.Text("account_id"), Result: access.LinkResult(r.Text("result")), PersonID: r.Text("person_id"),
			Key: access.LinkKey(r.Text("key")), Evidence: r.Strings("evidence")}
		key := accountKey{l.System, l.AccountID}
		if _, twice := p.links[key]; twice {
			p.differ(r, "account %s/%s is in it twice", key.system, key.id)
		}
		p.links[key] = l
		p.of(l.System, r)
		return nil
	})
}
