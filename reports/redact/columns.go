package redact

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// treatment is what happens to a field or a cell.
type treatment int

const (
	free        treatment = iota // free text, and what nobody thought of
	label                        // the organisation's word for something: whole names and identifiers are searched for
	stay                         // says nothing of anybody
	worker                       // a worker id
	person                       // whoever it is, by whatever identifier
	people                       // several of them
	named                        // the name of whom another field says
	accountID                    // the id of an account in the system of the row
	login                        // the login of one
	subject                      // what a finding or an accepted risk is about
	place                        // whom or what a row refers to
	fingerprint                  // of a finding
	hash                         // a digest or a key over identifiers, or a word
	number                       // a hash as a number
	condition                    // CEL
	value                        // what HR says in a field
	drop                         // left out
)

// columns says what happens to the fields of models and the columns of tables by their names; what is not here is searched.
var columns = map[string]treatment{
	"worker_id": worker, "person_id": worker, "manager_id": worker, "heads": worker,
	"person": person, "manager": person, "by": person, "owner": person, "approver": person, "created_by": person, "closed_by": person, "requested_by": person, "decided_by": person,
	"answers": person, "owner_ref": person, "employee_id": person, "email": person, "upn": person, "username": person, "reviewer": person, "duplicate_email": person,
	"manager_cycle": person, "reviewers": people, "approvers": people,
	"name": named, "display_name": named, "person_name": named, "by_name": named, "owner_name": named, "manager_name": named,
	"account_id": accountID, "account": login, "subject": subject, "subject_id": subject, "reference": place,
	"fingerprint": fingerprint, "key": hash, "sha256": hash, "matrix_sha256": hash, "rule_sha256": hash, "recomputed": hash, "ended": hash, "frozen": hash, "digest": stay,
	"profile": number, "when": condition, "scope": condition, "expr": condition, "value": value,
	"given_name": drop, "family_name": drop, "attributes": drop, "row": drop, "source_ref": drop, "ref": drop,
	"title": label, "department": label, "cost_centre": label, "company": label, "location": label, "kind": label, "role": label,
	"severity": stay, "state": stay, "change": stay, "rule": stay, "status": stay, "employment_type": stay, "result": stay, "mfa": stay, "enabled": stay, "locked": stay,
	"privileged": stay, "effective": stay, "admin_option": stay, "never_logged_in": stay, "snapshot_id": stay, "snapshot": stay, "run": stay, "channel": stay, "verdict": stay,
	"checkpoint": stay, "version": stay, "collector": stay, "collector_version": stay, "run_id": stay, "linked_by": stay, "systems": stay, "departments": label,
}

// siblings are where a row has the identifier of whom a name is.
var siblings = map[string][]string{"name": {"by", "person"}, "display_name": {"worker_id"}, "person_name": {"person"}, "by_name": {"by"}, "owner_name": {"owner"}, "manager_name": {"manager"}}

// sibling is the identifier of whom a name in the same row is.
func sibling(column string, row func(string) string) string {
	for _, c := range siblings[column] {
		if id := row(c); id != "" {
			return id
		}
	}
	if column == "name" && row("employment_type") != "" { // the person that a report is about
		return row("id")
	}
	return ""
}

// accountOf is the account that a row of a table or an element of a model is about.
func accountOf(row func(string) string) (account, bool) {
	at := account{row("system"), row("account_id")}
	if at.id == "" && row("mfa") != "" {
		at.id = row("id")
	}
	return at, at.system != "" && at.id != ""
}

// cell replaces what a field or a cell holds. row gives the other cells of its row.
func (r *Redactor) cell(column, s string, row func(string) string) string {
	if s == "" {
		return s
	}
	switch columns[column] {
	case stay:
		return s
	case worker:
		return r.Person(s)
	case person:
		return r.ofRow(s, column, row)
	case people:
		return r.people(s)
	case named:
		return r.name(column, s, row)
	case accountID:
		return r.Account(row("system"), s)
	case login:
		return r.login(row("system"), s)
	case subject:
		return r.subject(column, s, row)
	case place:
		return r.text(s, who)
	case fingerprint:
		return r.fingerprint(s)
	case hash:
		return r.hash(s)
	case number:
		return r.number(s)
	case condition:
		return r.Condition(s)
	case label:
		return r.text(s, labels)
	case value:
		return r.value(row("field"), s)
	case drop:
		return ""
	}
	if at, ok := accountOf(row); ok && column == "id" && row("mfa") != "" {
		return r.Account(at.system, at.id)
	}
	if column == "id" && row("employment_type") != "" {
		return r.Person(s)
	}
	return r.Text(s)
}

// leaf replaces a text of a model, where counts are no texts: one that is somebody's worker id means them, whatever its field is called.
func (r *Redactor) leaf(column, s string, row func(string) string) string {
	if columns[column] == free && r.persons[fold(s)] {
		return r.Person(s)
	}
	return r.cell(column, s, row)
}

// ofRow replaces whoever it is; the addresses of an account are its person's.
func (r *Redactor) ofRow(s, column string, row func(string) string) string {
	if id := row("worker_id"); id != "" && strings.Contains("email upn username", column) {
		return r.Person(id)
	}
	if at, ok := accountOf(row); ok && row("display_name")+row("name") != "" && strings.Contains("email upn", column) {
		if p := r.owner(at.system, at.id); strings.HasPrefix(p, "person-") {
			return p
		}
	}
	if column == "person" && !r.persons[fold(s)] {
		if _, known := r.index.Find(s); !known {
			return r.Person(s)
		}
	}
	return r.ID(s)
}

// name replaces a name: of whom the row says whose it is, of an account, or of anything else.
func (r *Redactor) name(column, s string, row func(string) string) string {
	if id := sibling(column, row); id != "" {
		return r.ID(id)
	}
	at, ok := accountOf(row)
	switch {
	case ok && (column == "name" || strings.HasPrefix(r.owner(at.system, at.id), "person-")):
		return r.owner(at.system, at.id)
	case column == "name":
		return r.text(s, labels)
	}
	return r.ID(s)
}

// people replaces several people: one name, or identifiers between spaces.
func (r *Redactor) people(s string) string {
	if _, known := r.index.Find(s); known || !strings.Contains(s, " ") {
		return r.ID(s)
	}
	list := strings.Fields(s)
	for i, id := range list {
		if _, known := r.index.Find(id); !known {
			return r.ID(s)
		}
		list[i] = r.ID(id)
	}
	return strings.Join(list, " ")
}

// subject replaces what a finding or an accepted risk is about: a system, a person or an account.
func (r *Redactor) subject(column, s string, row func(string) string) string {
	system, id := row("system"), row("subject_id")
	switch {
	case row("scope") == "system" || s == system:
		return r.Text(s)
	case s == row("person") || row("scope") == "person":
		return r.Person(s)
	case column == "subject_id":
		return r.Account(system, s)
	case id != "":
		return r.owner(system, id)
	case r.whose[account{system, s}] != "":
		return r.owner(system, s)
	}
	return r.login(system, s)
}

var hexes = regexp.MustCompile(`^[0-9a-f]{64}$`)

// hash replaces a digest that is not published; the columns of some tables hold words of the same name.
func (r *Redactor) hash(s string) string {
	if !hexes.MatchString(s) {
		return r.Text(s)
	}
	return r.digest(s)
}

// value replaces what HR says in a field of somebody.
func (r *Redactor) value(field, s string) string {
	field = strings.TrimPrefix(field, "person.")
	switch columns[field] {
	case label, stay:
		return r.text(s, labels)
	case free:
		switch {
		case strings.HasPrefix(field, "attributes"):
			return "left out"
		case field != "id":
			return r.Text(s)
		}
	}
	return r.ID(s)
}

// walk replaces what a JSON value holds. column is the name of the field that it is in.
func walk(v any, column string, row func(string) string, cell func(column, s string, row func(string) string) string) any {
	switch v := v.(type) {
	case string:
		return cell(column, v, row)
	case json.Number:
		if columns[column] == drop { // rows of a source
			return json.Number("0")
		}
	case []any:
		return list(v, column, row, cell)
	case map[string]any:
		return object(v, column, cell)
	}
	return v
}

// list replaces what the elements of a list hold. Entries of the ledger follow the order of whom they are about and are left out; a list of people is in the
// order of what is left of them.
func list(v []any, column string, row func(string) string, cell func(column, s string, row func(string) string) string) any {
	if len(v) == 0 {
		return v
	}
	if _, numbers := v[0].(json.Number); numbers && column == "entries" {
		return []any{}
	}
	out := make([]any, len(v))
	for i := range v {
		if one, ok := v[i].(map[string]any); ok {
			out[i] = object(one, "", cell)
			continue
		}
		out[i] = walk(v[i], column, row, cell)
	}
	if one, ok := out[0].(map[string]any); ok && one["person"] != nil {
		slices.SortStableFunc(out, func(a, b any) int { return strings.Compare(encode(a, ""), encode(b, "")) })
	}
	return out
}

// object replaces what the fields of an object hold, in the order of their names.
func object(v map[string]any, column string, cell func(column, s string, row func(string) string) string) any {
	before := maps.Clone(v)
	names := map[string]string{}
	for k := range v {
		names[snake(k)] = k
	}
	row := func(name string) string {
		if v, ok := before[names[name]]; ok && v != nil {
			if _, list := v.([]any); !list {
				return fmt.Sprint(v)
			}
		}
		return ""
	}
	out := make(map[string]any, len(v))
	for _, k := range slices.Sorted(maps.Keys(v)) {
		key := k
		switch {
		case strings.Contains(k, "\x00"): // access.RevokedGrant, access.RevokedRef
			key = revoked(k, cell)
		case column == "requests": // of settings.json, by worker id
			key = cell("worker_id", k, row)
		default:
			key = cell("", k, row)
		}
		out[key] = walk(v[k], snake(k), row, cell)
	}
	return out
}

// revoked replaces whom the key of a revocation names.
func revoked(key string, cell func(column, s string, row func(string) string) string) string {
	parts := strings.Split(key, "\x00")
	system := func(column string) string { return map[string]string{"system": parts[1]}[column] }
	switch {
	case parts[0] == "account" && len(parts) == 4:
		parts[2] = cell("account_id", parts[2], system)
	case parts[0] == "person" && len(parts) == 4:
		parts[1] = cell("worker_id", parts[1], system)
	}
	return strings.Join(parts, "\x00")
}
