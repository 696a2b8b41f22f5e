package facts

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/store/wire"
)

// attributePrefix marks a field of the person's own attributes.
const attributePrefix = "attributes."

// fieldExpr is the SQL text of a person's field over a row of persons. Dates are day numbers. An attribute is "=value", so that an empty one differs
// from none.
func fieldExpr(field string) (string, error) {
	switch field {
	case "id", "given_name", "family_name", "display_name", "email", "upn", "username", "title", "department", "cost_centre", "company", "location",
		"employment_type", "status", "manager_id":
		return "toString(" + field + ")", nil
	case "start_date":
		return "ifNull(toString(start_day), '')", nil
	case "end_date":
		return "ifNull(toString(end_day), '')", nil
	case "attributes": // a condition that asks which there are
		return "toJSONString(mapSort(attributes))", nil
	}
	if name, ok := strings.CutPrefix(field, attributePrefix); ok && name != "" {
		lit := wire.Literal(name)
		return "if(mapContains(attributes, " + lit + "), concat('=', attributes[" + lit + "]), '')", nil
	}
	return "", wire.Failf(access.Invalid, "read profiles", "", "a person has no field %q", field)
}

// values is the SQL of a profile's values, and number that of its number.
func values(fields []string) (vals, number string, err error) {
	parts := make([]string, len(fields))
	for i, f := range fields {
		if parts[i], err = fieldExpr(f); err != nil {
			return "", "", err
		}
	}
	vals = "CAST([" + strings.Join(parts, ", ") + "] AS Array(String))"
	return vals, "sipHash64(" + vals + ")", nil
}

// ProfileNumber is the SQL expression of a person's profile number, over a row of persons.
func ProfileNumber(fields []string) (string, error) {
	_, number, err := values(fields)
	return number, err
}

// setField sets what fieldExpr read.
func setField(p *access.Person, field, v string) error {
	text := map[string]*string{
		"id": &p.ID, "given_name": &p.GivenName, "family_name": &p.FamilyName, "display_name": &p.DisplayName, "email": &p.Email, "upn": &p.UPN,
		"username": &p.Username, "title": &p.Title, "department": &p.Department, "cost_centre": &p.CostCentre, "company": &p.Company,
		"location": &p.Location, "employment_type": (*string)(&p.EmploymentType), "status": (*string)(&p.Status), "manager_id": &p.ManagerID,
	}
	if dest, ok := text[field]; ok {
		*dest = v
		return nil
	}
	if name, ok := strings.CutPrefix(field, attributePrefix); ok {
		if v != "" {
			if p.Attributes == nil {
				p.Attributes = map[string]string{}
			}
			p.Attributes[name] = v[1:]
		}
		return nil
	}
	if v == "" {
		return nil
	}
	if field == "attributes" {
		if err := json.Unmarshal([]byte(v), &p.Attributes); err != nil {
			return wire.Fail("read profiles", err)
		}
		return nil
	}
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil {
		return wire.Fail("read profiles", err)
	}
	day := int32(n)
	dates := map[string]*time.Time{"start_date": &p.StartDate, "end_date": &p.EndDate}
	*dates[field] = wire.OfDay(&day)
	return nil
}

// Profiles finds the distinct values of fields among the world's persons, stores them for the run, and yields each with its number, in the order of
// numbers. Only those fields of the person are set.
func Profiles(ctx context.Context, db *wire.DB, w World, fields []string, yield func(profile uint64, p access.Person) error) error {
	vals, number, err := values(fields)
	if err != nil {
		return err
	}
	err = db.Replace(ctx, "build profiles", wire.Replacement{
		Table: "profiles", Where: "run_id = {run:String}",
		Insert: "INSERT INTO profiles (run_id, profile, persons, fields, values) SELECT {run:String}, " + number + " AS number, count(), {fields:Array(String)}, any(" + vals + ") FROM " + people + " AS p GROUP BY number",
		Args:   []any{wire.P("run", w.RunID), wire.P("hr", w.HR.ID), wire.P("fields", nonNil(fields))},
	})
	if err != nil {
		return err
	}
	q := wire.Query{Op: "read profiles", SQL: "SELECT profile, " + wire.Packed("values") + " FROM profiles WHERE run_id = {run:String} ORDER BY profile", Args: []any{wire.P("run", w.RunID)}}
	return db.Each(ctx, q, func(scan func(...any) error) error {
		var id uint64
		var packed []byte
		if err := scan(&id, &packed); err != nil {
			return err
		}
		r := wire.NewBinary(packed)
		vals := r.Strs()
		if err := r.Err(q.Op); err != nil {
			return err
		}
		var p access.Person
		for i, f := range fields {
			if err := setField(&p, f, vals[i]); err != nil {
				return err
			}
		}
		return yield(id, p)
	})
}

// nonNil is s as a parameter value; the driver writes a nil slice as NULL.
func nonNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// Managers yields every person's manager, as HR gives it, and status, ordered by worker id.
func Managers(ctx context.Context, db *wire.DB, w World, yield func(id, manager string, status access.Status) error) error {
	q := wire.Query{Op: "read managers", SQL: "SELECT " + wire.Packed("id", "manager_id", "status") + " FROM " + people + " AS p ORDER BY id", Args: []any{wire.P("hr", w.HR.ID)}}
	return db.Each(ctx, q, func(scan func(...any) error) error {
		var packed []byte
		if err := scan(&packed); err != nil {
			return err
		}
		r := wire.NewBinary(packed)
		id, manager, status := r.Str(), r.Str(), access.Status(r.Str())
		if err := r.Err(q.Op); err != nil {
			return err
		}
		return yield(id, manager, status)
	})
}
