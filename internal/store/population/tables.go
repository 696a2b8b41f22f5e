package population

import (
	"context"

	"muster/internal/store/facts"
	"muster/internal/store/wire"
)

// lookup describes a population.
func lookup(ctx context.Context, db *wire.DB, w facts.World, name string) (table, error) {
	switch name {
	case "persons":
		return persons(ctx, db, w)
	case "accounts":
		return accounts(), nil
	case "entitlements":
		return table{
			columns: join(texts("system"), []column{{"entitlement_id", "id", text}}, texts("name", "kind", "description"),
				[]column{{"privileged", "privileged", truth}}, texts("source_ref", "snapshot_id")),
			from: "(SELECT * FROM entitlements WHERE snapshot_id IN {used:Array(String)}) AS e", keys: "system, id",
		}, nil
	case "grants":
		return grants(), nil
	case "links":
		return table{
			columns: join(texts("system", "account_id", "result", "person_id", "key"), []column{{"evidence", "toJSONString(evidence)", text}}, texts("snapshot_id")),
			from:    "(SELECT * FROM links WHERE run_id = {run:String}) AS l", keys: "system, account_id",
		}, nil
	case "profiles":
		return table{
			columns: []column{{"profile", "toString(profile)", text}, {"persons", "toInt64(persons)", number}, {"fields", "toJSONString(fields)", text}, {"values", "toJSONString(values)", text}},
			from:    "(SELECT * FROM profiles WHERE run_id = {run:String}) AS p", keys: "profile",
		}, nil
	case "expectations":
		return table{
			columns: []column{{"profile", "toString(profile)", text}, {"system", "toString(system)", text}, {"entitlement", "toString(entitlement)", text},
				{"basis", "toJSONString(arrayMap((k, n) -> concat(k, ' ', n), basis_kind, basis_name))", text}, {"until_ms", "toJSONString(basis_until_ms)", text}},
			from: "(SELECT DISTINCT * FROM expectations WHERE run_id = {run:String}) AS e", keys: "profile, system, entitlement",
		}, nil
	case "rejections":
		return table{
			columns: join(texts("snapshot_id", "class", "ref", "reason")),
			from:    "(SELECT * FROM rejections WHERE snapshot_id IN {all:Array(String)} OR snapshot_id IN (SELECT id FROM snapshots WHERE run_id = {run:String})) AS r", keys: "snapshot_id, class, ref",
		}, nil
	case "previous":
		return previous(), nil
	case "snapshots":
		return snapshots(), nil
	}
	return table{}, unknown(name)
}

// persons are all HR rows, those that repeat a worker id included.
func persons(ctx context.Context, db *wire.DB, w facts.World) (table, error) {
	profile, err := profileNumber(ctx, db, w)
	return table{
		columns: join([]column{{"worker_id", "id", text}, {"row", "row", number}},
			texts("given_name", "family_name", "display_name", "email", "upn", "username", "title", "department", "cost_centre", "company", "location", "employment_type", "status", "manager_id"),
			[]column{{"start_date", "start_day", day}, {"end_date", "end_day", day}, {"attributes", "toJSONString(mapSort(attributes))", text}, {"profile", profile, text}},
			texts("snapshot_id")),
		from: "(SELECT * FROM persons WHERE snapshot_id = {hr:String}) AS p", keys: "id, row",
	}, err
}

func accounts() table {
	return table{
		columns: join(texts("system"), []column{{"account_id", "id", text}}, texts("name", "display_name", "email", "upn", "employee_id", "owner_ref", "kind"),
			[]column{{"enabled", "enabled", truth}, {"locked", "locked", truth}, {"privileged", "privileged", truth}, {"mfa", "mfa", tri},
				{"created_at", "created_ms", moment}, {"last_login", "last_login_ms", moment}, {"never_logged_in", "never_logged_in", truth},
				{"password_changed_at", "password_changed_ms", moment}, {"expires_at", "expires_ms", moment}, {"attributes", "toJSONString(mapSort(attributes))", text}},
			texts("source_ref", "snapshot_id")),
		from: "(SELECT * FROM accounts WHERE snapshot_id IN {used:Array(String)}) AS a", keys: "system, id",
	}
}

func grants() table {
	return table{
		columns: []column{{"system", "system", text}, {"account_id", "account_id", text}, {"entitlement_id", "toString(entitlement_id)", text}, {"entitlement", "entitlement", text},
			{"path", "toJSONString(path)", text}, {"effective", "effective", truth}, {"admin_option", "admin_option", truth}, {"expires_at", "expires_ms", moment},
			{"snapshot_id", "toString(snapshot_id)", text}},
		from: `(SELECT g.*, transform(toString(g.snapshot_id), {used:Array(String)}, {systems:Array(String)}, '') AS system, e.name AS entitlement
	FROM (SELECT * FROM grants WHERE snapshot_id IN {used:Array(String)}) AS g
	LEFT JOIN (SELECT snapshot_id, id, min(name) AS name FROM entitlements WHERE snapshot_id IN {used:Array(String)} GROUP BY snapshot_id, id) AS e
		ON g.snapshot_id = e.snapshot_id AND g.entitlement_id = e.id) AS g`,
		keys: "system, account_id, entitlement_id",
	}
}

// previous is how many entitlements each account, of those that there still are, held in the snapshot before the one that the run reasoned from.
func previous() table {
	return table{
		columns: []column{{"system", "system", text}, {"account_id", "id", text}, {"held", "toInt64(held)", number}},
		from: `(SELECT x.system AS system, x.id AS id, any(y.held) AS held
	FROM (SELECT snapshot_id, toString(system) AS system, id FROM accounts WHERE snapshot_id IN {previous:Array(String)}) AS x
	LEFT JOIN (SELECT snapshot_id, account_id, held FROM account_grants WHERE snapshot_id IN {previous:Array(String)}) AS y
		ON x.snapshot_id = y.snapshot_id AND x.id = y.account_id
	INNER JOIN (SELECT DISTINCT toString(system) AS system, id FROM accounts WHERE snapshot_id IN {used:Array(String)}) AS u ON x.system = u.system AND x.id = u.id
	GROUP BY system, id) AS p`,
		keys: "system, id",
	}
}

// snapshots are those that the run reasoned from, compared with, or read.
func snapshots() table {
	at := func(name string) column {
		return column{name, "toUnixTimestamp64Milli(toNullable(" + name + "))", moment}
	}
	return table{
		columns: join(texts("system"), []column{{"snapshot_id", "id", text},
			{"role", "multiIf(id = {hr:String} OR has({used:Array(String)}, id), 'used', has({previous:Array(String)}, id), 'previous', 'not used')", text}},
			texts("state", "reason", "collector", "collector_version"), []column{at("taken_at"), at("started_at"), at("finished_at"), {"baseline", "baseline", truth}},
			texts("digest", "coverage"), []column{{"stored", "toJSONString(mapSort(counts))", text}, {"read_by_run", "run_id", text}}),
		from: "(SELECT * FROM " + SnapshotsThen + " AS x WHERE id IN {all:Array(String)} OR run_id = {run:String}) AS s", keys: "system, taken_at, id",
	}
}
