package facts

import (
	"context"
	"strings"

	"muster/internal/access"
	"muster/internal/store/fold"
	"muster/internal/store/wire"
)

// Stream yields the facts of every person in the order of worker ids, each with their linked accounts, and then each account that is
// nobody's (unmatched, disputed or service-owned) in the order of system and id, with a nil Person. Link must have run. Every yielded
// value is fresh and may be kept.
//
// Expected and Missing grants, and ManagerMissing, ManagerCycle and DepartmentUnknown, need the configuration: the caller
// fills them. DuplicateEmail names at most 100 others.
func Stream(ctx context.Context, db *wire.DB, w World, q Query, yield func(f *access.PersonFacts, profile uint64) error) error {
	only, err := narrow(ctx, db, w, q)
	if err != nil || only.nothing {
		return err
	}
	known, err := Entitlements(ctx, db, w)
	if err != nil {
		return err
	}
	held := &holdings{db: db, world: w, known: known, only: only, size: q.Chunk}
	if held.size <= 0 {
		held.size = defaultChunk
	}
	defer held.close()
	if err := held.plan(ctx); err != nil {
		return err
	}
	if !only.noPersons {
		if err := streamPersons(ctx, db, w, q.Profile, only, held, yield); err != nil {
			return err
		}
	}
	for {
		a, owner, err := held.next(ctx)
		if err != nil || a == nil {
			return err
		}
		if owner != "" {
			return wire.Failf(access.Internal, "read facts", "link the accounts of this run again", "account %s/%s is linked to %q, who is not in the HR snapshot", a.System, a.ID, owner)
		}
		if err := yield(&access.PersonFacts{Accounts: []*access.AccountFacts{a}}, 0); err != nil {
			return err
		}
	}
}

// narrowing is what of the world is read.
type narrowing struct {
	person          string // only this person and their accounts
	system, account string // only this account, which is no person's
	noPersons       bool
	nothing         bool
}

// narrow turns a query for an account into one for its person, when it has one.
func narrow(ctx context.Context, db *wire.DB, w World, q Query) (narrowing, error) {
	if q.Account == "" {
		return narrowing{person: q.Person}, nil
	}
	var result, person string
	found, err := db.One(ctx, wire.Query{Op: "read link",
		SQL:  "SELECT toString(result), person_id FROM links WHERE run_id = {run:String} AND system = {system:String} AND account_id = {account:String}",
		Args: []any{wire.P("run", w.RunID), wire.P("system", q.System), wire.P("account", q.Account)}}, &result, &person)
	switch {
	case err != nil:
		return narrowing{}, err
	case !found, q.Person != "" && q.Person != person:
		return narrowing{nothing: true}, nil
	case result == string(access.Linked):
		return narrowing{person: person}, nil
	}
	return narrowing{system: q.System, account: q.Account, noPersons: true}, nil
}

// personQuery reads the persons with what is wrong in their HR data.
func personQuery(w World, fields []string, only narrowing) (wire.Query, error) {
	number := "toUInt64(0)"
	if fields != nil {
		_, n, err := values(fields)
		if err != nil {
			return wire.Query{}, err
		}
		number = n
	}
	from, args := people, []any{wire.P("hr", w.HR.ID)}
	if only.person != "" {
		from = strings.Replace(people, "{hr:String}", "{hr:String} AND id = {person:String}", 1)
		args = append(args, wire.P("person", only.person))
	}
	row := wire.Packed("p.profile", personRow("p."), "d.more", "m.id", "m.status",
		"if(p.status = 'terminated', CAST([] AS Array(String)), arrayFilter(x -> x != p.id, e.ids))")
	return wire.Query{Op: "read persons", Args: args, Settings: spill(), SQL: `SELECT ` + row + `
FROM (SELECT *, ` + number + ` AS profile FROM ` + from + ` AS q) AS p
LEFT JOIN (SELECT id, count() - 1 AS more FROM persons WHERE snapshot_id = {hr:String} GROUP BY id HAVING count() > 1) AS d ON p.id = d.id
LEFT JOIN (SELECT id, toString(status) AS status FROM ` + people + ` AS q) AS m ON p.manager_id = m.id
LEFT JOIN (SELECT email_key, arraySlice(arraySort(groupArray(id)), 1, 101) AS ids FROM ` + people + ` AS q
	WHERE status != 'terminated' AND email_key != '' GROUP BY email_key HAVING count() > 1) AS e ON p.email_key = e.email_key
ORDER BY p.id`}, nil
}

// spill lets a sort go to disk rather than out of memory.
func spill() map[string]any {
	return map[string]any{"max_bytes_before_external_sort": 512 << 20}
}

// streamPersons yields the persons, each with what held gives for them.
func streamPersons(ctx context.Context, db *wire.DB, w World, fields []string, only narrowing, held *holdings, yield func(*access.PersonFacts, uint64) error) error {
	q, err := personQuery(w, fields, only)
	if err != nil {
		return err
	}
	return db.Each(ctx, q, func(scan func(...any) error) error {
		var packed []byte
		if err := scan(&packed); err != nil {
			return err
		}
		f, profile, err := decodePerson(packed)
		if err != nil {
			return err
		}
		if f.Accounts, err = held.of(ctx, f.Person.ID); err != nil {
			return err
		}
		return yield(f, profile)
	})
}

// personRow are the columns of a person that readPerson reads.
func personRow(prefix string) string {
	names := []string{"id", "row", "given_name", "family_name", "display_name", "email", "upn", "username", "title", "department", "cost_centre", "company",
		"location", "employment_type", "status", "manager_id", "start_day", "end_day"}
	for i, n := range names {
		names[i] = prefix + n
	}
	return strings.Join(names, ", ") + ", mapSort(" + prefix + "attributes)"
}

// readPerson reads the columns of personRow.
func readPerson(r *wire.Binary) *access.Person {
	return &access.Person{ID: r.Str(), Row: r.I64(), GivenName: r.Str(), FamilyName: r.Str(), DisplayName: r.Str(), Email: r.Str(), UPN: r.Str(),
		Username: r.Str(), Title: r.Str(), Department: r.Str(), CostCentre: r.Str(), Company: r.Str(), Location: r.Str(),
		EmploymentType: access.EmploymentType(r.Str()), Status: access.Status(r.Str()), ManagerID: r.Str(),
		StartDate: wire.OfDay(r.OptDay()), EndDate: wire.OfDay(r.OptDay()), Attributes: r.Pairs()}
}

// decodePerson reads a row of personQuery.
func decodePerson(packed []byte) (*access.PersonFacts, uint64, error) {
	r := wire.NewBinary(packed)
	profile := r.U64()
	p := readPerson(&r)
	f := &access.PersonFacts{Person: p}
	f.Quality.DuplicateID = int(r.U64())
	manager, status := r.Str(), access.Status(r.Str())
	f.Quality.DuplicateEmail = r.Strs()
	if p.ManagerID != "" {
		f.Quality.ManagerUnknown = manager == ""
		f.Quality.ManagerTerminated = status == access.StatusTerminated
	}
	return f, profile, r.Err("read persons")
}

// Entitlements are those of the world's usable snapshots, by system and id.
func Entitlements(ctx context.Context, db *wire.DB, w World) (map[string]map[string]access.Entitlement, error) {
	out := map[string]map[string]access.Entitlement{}
	err := EachEntitlement(ctx, db, w, func(e access.Entitlement) error {
		if out[e.System] == nil {
			out[e.System] = map[string]access.Entitlement{}
		}
		out[e.System][e.ID] = e
		return nil
	})
	return out, err
}

// EachEntitlement yields the entitlements of the world's usable snapshots, ordered by system and id.
func EachEntitlement(ctx context.Context, db *wire.DB, w World, yield func(access.Entitlement) error) error {
	q := wire.Query{Op: "read entitlements", Args: []any{wire.P("used", w.UsedIDs())},
		SQL: "SELECT " + wire.Packed("system", "id", "kind", "name", "description", "privileged", "source_ref") +
			" FROM (SELECT * FROM entitlements WHERE snapshot_id IN {used:Array(String)} ORDER BY snapshot_id, id, name, source_ref LIMIT 1 BY snapshot_id, id) AS e ORDER BY system, id"}
	return db.Each(ctx, q, func(scan func(...any) error) error {
		var packed []byte
		if err := scan(&packed); err != nil {
			return err
		}
		r := wire.NewBinary(packed)
		e := access.Entitlement{System: r.Str(), ID: r.Str(), Kind: r.Str(), Name: r.Str(), Description: r.Str(), Privileged: r.Bool(), SourceRef: r.Str()}
		if err := r.Err(q.Op); err != nil {
			return err
		}
		return yield(e)
	})
}

// FindPersons finds the worker ids that a text can mean, sorted: the worker id itself, else an e-mail, UPN, login or display name.
func FindPersons(ctx context.Context, db *wire.DB, w World, text string) ([]string, error) {
	for _, cond := range []string{"id_key = {key:String}", "{key:String} IN (email_key, upn_key, username_key) OR lowerUTF8(display_name) = lowerUTF8({text:String})"} {
		var out []string
		q := wire.Query{Op: "find persons", Args: []any{wire.P("hr", w.HR.ID), wire.P("key", fold.Key(text)), wire.P("text", strings.TrimSpace(text))},
			SQL: "SELECT id FROM " + people + " AS p WHERE {key:String} != '' AND (" + cond + ") ORDER BY id"}
		err := db.Each(ctx, q, func(scan func(...any) error) error {
			var id string
			if err := scan(&id); err != nil {
				return err
			}
			out = append(out, id)
			return nil
		})
		if err != nil || len(out) > 0 {
			return out, err
		}
	}
	return nil, nil
}

// PersonByID reads one person.
func PersonByID(ctx context.Context, db *wire.DB, w World, id string) (access.Person, bool, error) {
	var packed []byte
	q := wire.Query{Op: "read person", Args: []any{wire.P("hr", w.HR.ID), wire.P("id", id)},
		SQL: "SELECT " + wire.Packed(personRow("p.")) + " FROM (SELECT * FROM " + people + " AS q WHERE id = {id:String}) AS p"}
	found, err := db.One(ctx, q, &packed)
	if err != nil || !found {
		return access.Person{}, false, err
	}
	r := wire.NewBinary(packed)
	p := readPerson(&r)
	return *p, true, r.Err(q.Op)
}
