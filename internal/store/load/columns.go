package load

import (
	"time"

	"muster/internal/access"
	"muster/internal/store/fold"
	"muster/internal/store/wire"
)

type strs = wire.Slice[string]

// attrs makes m storable: the driver knows no nil map.
func attrs(m map[string]string) (map[string]string, int) {
	if m == nil {
		return map[string]string{}, 0
	}
	n := 0
	for k, v := range m {
		n += len(k) + len(v)
	}
	return m, n
}

// size adds up the bytes of a row's strings.
func size(texts ...string) int {
	n := 0
	for _, s := range texts {
		n += len(s)
	}
	return n
}

// entitlements is the buffer of access.Entitlement.
type entitlements struct {
	id, kind, name, description, ref strs
	privileged                       wire.Slice[bool]
}

func (b *entitlements) rows() int { return len(b.id) }

func (b *entitlements) add(rec access.Record) int {
	e := rec.(access.Entitlement)
	b.id = append(b.id, e.ID)
	b.kind = append(b.kind, e.Kind)
	b.name = append(b.name, e.Name)
	b.description = append(b.description, e.Description)
	b.ref = append(b.ref, e.SourceRef)
	b.privileged = append(b.privileged, e.Privileged)
	return size(e.ID, e.Kind, e.Name, e.Description, e.SourceRef) + 120
}

func (b *entitlements) insert(s access.Snapshot, day time.Time) wire.Chunked {
	n := b.rows()
	return wire.Block{Table: "entitlements", Cols: []wire.Col{
		{Name: "snapshot_id", Data: wire.Same(s.ID, n)}, {Name: "system", Data: wire.Same(s.System, n)}, {Name: "id", Data: b.id},
		{Name: "kind", Data: b.kind}, {Name: "name", Data: b.name}, {Name: "description", Data: b.description},
		{Name: "privileged", Data: b.privileged}, {Name: "source_ref", Data: b.ref}, {Name: "loaded_on", Data: wire.Same(day, n)},
	}}.Chunked()
}

// rejections is the buffer of access.Rejection.
type rejections struct{ class, ref, reason strs }

func (b *rejections) rows() int { return len(b.ref) }

func (b *rejections) add(rec access.Record) int {
	r := rec.(access.Rejection)
	b.class = append(b.class, string(r.Of))
	b.ref = append(b.ref, r.Ref)
	b.reason = append(b.reason, r.Reason)
	return size(r.Ref, r.Reason) + 60
}

func (b *rejections) insert(s access.Snapshot, _ time.Time) wire.Chunked {
	return wire.Block{Table: "rejections", Cols: []wire.Col{
		{Name: "snapshot_id", Data: wire.Same(s.ID, b.rows())}, {Name: "class", Data: b.class}, {Name: "ref", Data: b.ref}, {Name: "reason", Data: b.reason},
	}}.Chunked()
}

// persons is the buffer of access.Person.
type persons struct {
	text                                 [15]strs // in the order of personText
	row                                  wire.Slice[int64]
	start, end                           wire.Slice[*int32]
	attributes                           wire.Each[map[string]string]
	idKey, emailKey, upnKey, usernameKey strs
}

// personText are the text columns of persons.
func personText() [15]string {
	return [15]string{"id", "given_name", "family_name", "display_name", "email", "upn", "username", "title", "department", "cost_centre",
		"company", "location", "employment_type", "status", "manager_id"}
}

func (b *persons) rows() int { return len(b.row) }

func (b *persons) add(rec access.Record) int {
	p := rec.(access.Person)
	text := [15]string{p.ID, p.GivenName, p.FamilyName, p.DisplayName, p.Email, p.UPN, p.Username, p.Title, p.Department, p.CostCentre,
		p.Company, p.Location, string(p.EmploymentType), string(p.Status), p.ManagerID}
	for i, s := range text {
		b.text[i] = append(b.text[i], s)
	}
	b.row = append(b.row, p.Row)
	b.start = append(b.start, wire.Day(p.StartDate))
	b.end = append(b.end, wire.Day(p.EndDate))
	m, n := attrs(p.Attributes)
	b.attributes = append(b.attributes, m)
	b.idKey = append(b.idKey, fold.Key(p.ID))
	b.emailKey = append(b.emailKey, fold.Key(p.Email))
	b.upnKey = append(b.upnKey, fold.Key(p.UPN))
	b.usernameKey = append(b.usernameKey, fold.Key(p.Username))
	return size(text[:]...) + 2*size(p.ID, p.Email, p.UPN, p.Username) + n + 340
}

func (b *persons) insert(s access.Snapshot, day time.Time) wire.Chunked {
	n := b.rows()
	cols := []wire.Col{
		{Name: "snapshot_id", Data: wire.Same(s.ID, n)}, {Name: "row", Data: b.row}, {Name: "start_day", Data: b.start}, {Name: "end_day", Data: b.end},
		{Name: "attributes", Data: b.attributes}, {Name: "id_key", Data: b.idKey}, {Name: "email_key", Data: b.emailKey}, {Name: "upn_key", Data: b.upnKey},
		{Name: "username_key", Data: b.usernameKey}, {Name: "loaded_on", Data: wire.Same(day, n)},
	}
	for i, name := range personText() {
		cols = append(cols, wire.Col{Name: name, Data: b.text[i]})
	}
	return wire.Block{Table: "persons", Cols: cols}.Chunked()
}
