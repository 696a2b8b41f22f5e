package redact

import (
	"context"
	"strings"

	"muster/internal/access"
	"muster/reports/evidence"
	"muster/reports/redact/search"
)

// each reads a population by column.
func each(ctx context.Context, data evidence.Data, table string, yield func(cell func(string) string)) error {
	columns := map[string]int{}
	return data.Population(ctx, table, func(head []string) error {
		for i, c := range head {
			columns[c] = i
		}
		return nil
	}, func(row []string) error {
		yield(func(column string) string {
			i, ok := columns[column]
			if !ok {
				return ""
			}
			return row[i]
		})
		return nil
	})
}

// Told is what a pack says beside its tables.
type Told struct {
	Evidence evidence.Evidence
	Activity []evidence.Activity
	Detail   any
}

// meetTold learns whom it names.
func (r *Redactor) meetTold(of Told) error {
	if err := r.meetEvidence(of.Evidence); err != nil {
		return err
	}
	for _, a := range of.Activity {
		row := activityRow(a)
		for _, column := range []string{"by", "person", "account", "by_name"} {
			r.meet(column, row(column), row)
		}
	}
	return r.meetValue(of.Detail)
}

// meetPersons learns HR's people and its labels.
func (r *Redactor) meetPersons(ctx context.Context, data evidence.Data) error {
	return each(ctx, data, "persons", func(cell func(string) string) {
		p := r.Person(cell("worker_id"))
		r.persons[fold(cell("worker_id"))] = true
		for _, column := range []string{"worker_id", "email", "upn", "username"} {
			r.index.ID(cell(column), p, search.Person)
		}
		for _, column := range []string{"email", "upn"} {
			if _, domain, ok := strings.Cut(cell(column), "@"); ok {
				r.domains[fold(domain)] = true
			}
		}
		r.index.ID(cell("manager_id"), r.Person(cell("manager_id")), search.Person)
		given, family := cell("given_name"), cell("family_name")
		r.meetName(p, search.Person, cell("display_name"), given+" "+family, family+" "+given)
		if given != "" && family != "" {
			r.index.Name(given+family, p, search.Login)
			r.index.Name(family+given, p, search.Login)
		}
		for _, column := range []string{"title", "department", "cost_centre", "company", "location"} {
			r.index.Keep(cell(column))
		}
	})
}

// meetName learns a name as it may be written, and its words.
func (r *Redactor) meetName(as string, rank search.Rank, spellings ...string) {
	for _, name := range spellings {
		r.index.Name(name, as, rank)
		if words := strings.Fields(name); len(words) == 2 {
			r.index.Name(words[1]+" "+words[0], as, rank)
		}
		if rank != search.Service {
			r.index.Parts(name, func(word string) string { return r.pseudonym("name", word) })
		}
	}
}

// meetAccounts learns whose the accounts are and what they are called.
func (r *Redactor) meetAccounts(ctx context.Context, data evidence.Data) error {
	err := each(ctx, data, "links", func(cell func(string) string) {
		if cell("result") == string(access.Linked) {
			r.whose[account{cell("system"), cell("account_id")}] = r.Person(cell("person_id"))
		}
	})
	if err != nil {
		return err
	}
	return each(ctx, data, "accounts", func(cell func(string) string) {
		at := account{cell("system"), cell("account_id")}
		as, linked := r.whose[at]
		rank := search.Login
		switch {
		case linked:
		case cell("kind") == string(access.KindHuman):
			rank = search.Other
		default:
			rank = search.Service
		}
		if !linked {
			as = r.Account(at.system, at.id)
			r.whose[at] = as
		}
		r.logins[account{at.system, fold(cell("name"))}] = as
		for _, column := range []string{"name", "email", "upn"} {
			r.index.ID(cell(column), as, rank)
		}
		r.meetName(as, rank, cell("display_name"))
		r.index.ID(at.id, r.Account(at.system, at.id), max(rank, search.Other))
		r.meetID(cell("employee_id"), as)
		r.meetID(cell("owner_ref"), "")
	})
}

// meetID learns an identifier of somebody who may be known. as is what stands for them if nobody is; empty for an account's pseudonym.
func (r *Redactor) meetID(id, as string) {
	if _, known := r.index.Find(id); known || id == "" || r.persons[fold(id)] {
		return
	}
	if as == "" {
		as = r.pseudonym("account", id)
	}
	r.index.ID(id, as, search.Other)
}

// meetFinding learns whom a finding is about, who may have gone since.
func (r *Redactor) meetFinding(f access.Finding) {
	if f.Scope == access.ScopeSystem {
		return
	}
	if f.Person != "" {
		r.index.ID(f.Person, r.Person(f.Person), search.Person)
		r.meetName(r.Person(f.Person), search.Login, f.PersonName)
	}
	if f.Subject == f.Person || f.Scope == access.ScopePerson {
		return
	}
	at := account{f.System, f.SubjectID}
	if _, known := r.whose[at]; !known {
		r.whose[at] = r.Account(f.System, f.SubjectID)
		if f.Person != "" {
			r.whose[at] = r.Person(f.Person)
		}
		r.logins[account{f.System, fold(f.Subject)}] = r.whose[at]
		r.index.ID(f.Subject, r.whose[at], search.Other)
		r.index.ID(f.SubjectID, r.Account(f.System, f.SubjectID), search.Other)
	}
}

// meet learns whom a field or a cell names, if its name says that it names somebody: those who asked, decided or left are not all in HR.
func (r *Redactor) meet(column, s string, row func(string) string) {
	if s == "" {
		return
	}
	switch columns[column] {
	case worker:
		if !r.persons[fold(s)] {
			r.index.ID(s, r.Person(s), search.Person)
		}
	case person:
		as := ""
		if column == "person" {
			as = r.Person(s)
		}
		r.meetID(s, as)
	case named:
		if id := sibling(column, row); id != "" {
			r.meetName(r.ID(id), search.Login, s)
		} else if column != "name" {
			r.meetID(s, "")
		}
	case people:
		if r.people(s) == r.pseudonym("account", s) {
			r.meetName(r.pseudonym("account", s), search.Other, s)
		}
	case subject:
		if system := row("system"); system != "" && row("subject_id") == "" { // of an accepted risk
			if _, known := r.logins[account{system, fold(s)}]; !known && r.whose[account{system, s}] == "" {
				r.meetID(s, "")
			}
		}
	case login:
		system, id := row("system"), row("account_id")
		if _, known := r.logins[account{system, fold(s)}]; system != "" && !known {
			as := r.owner(system, id)
			if id == "" {
				as = r.pseudonym("account", s)
			}
			r.logins[account{system, fold(s)}] = as
			r.index.ID(s, as, search.Other)
		}
	}
}
