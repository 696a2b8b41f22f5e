package past

import (
	"context"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/store/wire"
)

// Person is what HR said of one worker over a list of snapshots.
type Person struct {
	ID         string
	Name       string // as the newest snapshot that has them says it
	Department string
	Seen       []int // places of the snapshots that have them, ascending
	Changes    []PersonChange
}

// PersonChange is a state that holds from a snapshot on in which they were seen.
type PersonChange struct {
	At         int
	Status     access.Status
	Type       access.EmploymentType
	Start, End time.Time
}

// Account is what a system said of one account over a list of its snapshots.
type Account struct {
	ID      string
	Name    string
	Seen    []int
	Changes []AccountChange
}

// AccountChange is a state that holds from a snapshot on in which the account was seen.
type AccountChange struct {
	At        int
	Enabled   bool
	LastLogin time.Time
	Never     bool // the source tells logins and there was none
}

// Link says that runs linked an account with a person. The runs are places in the list that was asked about.
type Link struct {
	Person, System, Account string
	Key                     access.LinkKey // of the last run
	First, Last             int
}

// Kept finds those of the snapshots whose rows of a class (person or account) are all still stored.
func Kept(ctx context.Context, db *wire.DB, class access.Class, snapshots []string) (map[string]bool, error) {
	table := map[access.Class]string{access.ClassPerson: "persons", access.ClassAccount: "accounts"}[class]
	if table == "" {
		return nil, wire.Failf(access.Internal, "find kept snapshots", "", "there is no history of class %s", class)
	}
	out := map[string]bool{}
	q := wire.Query{Op: "find kept snapshots", Args: []any{wire.P("ids", snapshots), wire.P("class", string(class))},
		SQL: `SELECT s.id FROM (SELECT id, counts[{class:String}] AS want FROM snapshots_current WHERE id IN {ids:Array(String)}) AS s
	LEFT JOIN (SELECT toString(snapshot_id) AS id, count() AS n FROM ` + table + ` WHERE snapshot_id IN {ids:Array(String)} GROUP BY id) AS t ON s.id = t.id WHERE s.want = t.n`}
	err := db.Each(ctx, q, func(scan func(...any) error) error {
		var id string
		if err := scan(&id); err != nil {
			return err
		}
		out[id] = true
		return nil
	})
	return out, err
}

// none is how a missing day or moment is written in a key.
const none = "-"

// Leaving yields, by id, the history of everyone who may have left: those whom a snapshot shows as terminated or with a last day before the given one, and those whom
// the last snapshot does not list.
func Leaving(ctx context.Context, db *wire.DB, snapshots []string, before time.Time, yield func(Person) error) error {
	if len(snapshots) == 0 {
		return nil
	}
	row := wire.Packed("id", "names", "department", "arrayMap(x -> toString(x), seen)", "arrayMap(x -> toString(x.1), changes)", "arrayMap(x -> x.2, changes)")
	q := wire.Query{Op: "read history of leavers", Args: []any{wire.P("ids", snapshots), wire.P("last", snapshots[len(snapshots)-1]), wire.P("before", int64(*wire.Day(before)))},
		Settings: map[string]any{"max_bytes_before_external_group_by": 512 << 20},
		SQL: `SELECT ` + row + ` FROM (
	SELECT id, argMax([display_name, given_name, family_name], o) AS names, argMax(department, o) AS department, arraySort(groupArray(o)) AS seen,
		arrayCompact(x -> x.2, arraySort(groupArray((o, state)))) AS changes
	FROM (
		SELECT toUInt32(indexOf({ids:Array(String)}, toString(snapshot_id)) - 1) AS o, id, display_name, given_name, family_name, toString(department) AS department,
			arrayStringConcat([toString(status), toString(employment_type), ifNull(toString(start_day), '-'), ifNull(toString(end_day), '-')], '\0') AS state
		FROM persons WHERE snapshot_id IN {ids:Array(String)} AND id IN (
			SELECT id FROM persons WHERE snapshot_id IN {ids:Array(String)} AND (status = 'terminated' OR end_day < {before:Int64} OR id NOT IN (SELECT id FROM persons WHERE snapshot_id = {last:String})))
		ORDER BY snapshot_id, id, row LIMIT 1 BY snapshot_id, id)
	GROUP BY id) ORDER BY id`}
	return db.Each(ctx, q, func(scan func(...any) error) error {
		var packed []byte
		if err := scan(&packed); err != nil {
			return err
		}
		r := wire.NewBinary(packed)
		p := Person{ID: r.Str()}
		names := r.Strs()
		p.Department = r.Str()
		seen, at, states := r.Strs(), r.Strs(), r.Strs()
		if err := r.Err(q.Op); err != nil {
			return err
		}
		p.Name = access.Person{ID: p.ID, DisplayName: names[0], GivenName: names[1], FamilyName: names[2]}.Name()
		p.Seen = places(seen)
		for i, n := range places(at) {
			f := strings.Split(states[i], "\x00")
			p.Changes = append(p.Changes, PersonChange{At: n, Status: access.Status(f[0]), Type: access.EmploymentType(f[1]), Start: day(f[2]), End: day(f[3])})
		}
		return yield(p)
	})
}

// Accounts yields, by id, the history of some accounts of one system.
func Accounts(ctx context.Context, db *wire.DB, snapshots, accounts []string, yield func(Account) error) error {
	if len(snapshots) == 0 || len(accounts) == 0 {
		return nil
	}
	row := wire.Packed("id", "name", "arrayMap(x -> toString(x), seen)", "arrayMap(x -> toString(x.1), changes)", "arrayMap(x -> x.2, changes)")
	q := wire.Query{Op: "read history of accounts", Args: []any{wire.P("ids", snapshots), wire.P("accounts", accounts)}, Settings: map[string]any{"max_bytes_before_external_group_by": 512 << 20},
		SQL: `SELECT ` + row + ` FROM (
	SELECT id, argMax(name, o) AS name, arraySort(groupArray(o)) AS seen, arrayCompact(x -> x.2, arraySort(groupArray((o, state)))) AS changes
	FROM (
		SELECT toUInt32(indexOf({ids:Array(String)}, toString(snapshot_id)) - 1) AS o, id, name,
			arrayStringConcat([if(enabled, '1', '0'), if(never_logged_in, '1', '0'), ifNull(toString(last_login_ms), '-')], '\0') AS state
		FROM accounts WHERE snapshot_id IN {ids:Array(String)} AND id IN {accounts:Array(String)}
		ORDER BY snapshot_id, id, source_ref LIMIT 1 BY snapshot_id, id)
	GROUP BY id) ORDER BY id`}
	return db.Each(ctx, q, func(scan func(...any) error) error {
		var packed []byte
		if err := scan(&packed); err != nil {
			return err
		}
		r := wire.NewBinary(packed)
		a := Account{ID: r.Str(), Name: r.Str()}
		seen, at, states := r.Strs(), r.Strs(), r.Strs()
		if err := r.Err(q.Op); err != nil {
			return err
		}
		a.Seen = places(seen)
		for i, n := range places(at) {
			f := strings.Split(states[i], "\x00")
			a.Changes = append(a.Changes, AccountChange{At: n, Enabled: f[0] == "1", Never: f[1] == "1", LastLogin: moment(f[2])})
		}
		return yield(a)
	})
}

// Links yields which accounts the runs linked with some persons, by person, system and account.
func Links(ctx context.Context, db *wire.DB, runs, persons []string, yield func(Link) error) error {
	if len(runs) == 0 || len(persons) == 0 {
		return nil
	}
	q := wire.Query{Op: "read history of links", Args: []any{wire.P("runs", runs), wire.P("persons", persons)},
		SQL: `SELECT person_id, toString(system), account_id, toString(argMax(key, o)), toInt64(min(o)), toInt64(max(o)) FROM (
		SELECT person_id, system, account_id, key, indexOf({runs:Array(String)}, toString(run_id)) - 1 AS o FROM links
		WHERE run_id IN {runs:Array(String)} AND result = 'linked' AND person_id IN {persons:Array(String)})
	GROUP BY person_id, system, account_id ORDER BY person_id, system, account_id`}
	return db.Each(ctx, q, func(scan func(...any) error) error {
		var l Link
		var key string
		var first, last int64
		if err := scan(&l.Person, &l.System, &l.Account, &key, &first, &last); err != nil {
			return err
		}
		l.Key, l.First, l.Last = access.LinkKey(key), int(first), int(last)
		return yield(l)
	})
}

// places reads numbers that the engine wrote.
func places(list []string) []int {
	out := make([]int, len(list))
	for i, s := range list {
		out[i], _ = strconv.Atoi(s) // a UInt32 in decimal
	}
	return out
}

func day(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 32)
	if s == none || err != nil {
		return time.Time{}
	}
	d := int32(n)
	return wire.OfDay(&d)
}

func moment(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if s == none || err != nil {
		return time.Time{}
	}
	return wire.OfMilli(&n)
}
