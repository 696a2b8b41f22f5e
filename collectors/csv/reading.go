package csv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"muster/collectors/internal/table"
	"muster/internal/access"
)

// reading is one enumeration under way.
type reading struct {
	c       *Collector
	ctx     context.Context
	send    func(access.Record) error
	lines   map[string]int64  // line of each account id
	logins  map[string]string // account id by name, where they differ; "" when several accounts have the name
	known   map[string]string // entitlement id by id and, where no id is that text, by name
	implied int64             // entitlements that only a grant names
	tally   map[access.Class]*access.ClassCoverage
}

func newReading(ctx context.Context, c *Collector, emit func(access.Record) error) *reading {
	r := &reading{c: c, ctx: ctx, send: emit, lines: map[string]int64{}, logins: map[string]string{}, known: map[string]string{},
		tally: map[access.Class]*access.ClassCoverage{}}
	r.tally[access.ClassAccount] = &access.ClassCoverage{Class: access.ClassAccount, Claimed: c.accounts.claimed}
	if c.entitlements.path != "" || c.grants.path != "" || c.separator != "" {
		claimed := c.grants.claimed
		if c.separator != "" {
			claimed = access.NoClaim // the control total counts the rows of the file, not the inline ones
		}
		r.tally[access.ClassEntitlement] = &access.ClassCoverage{Class: access.ClassEntitlement, Claimed: access.NoClaim}
		r.tally[access.ClassGrant] = &access.ClassCoverage{Class: access.ClassGrant, Claimed: claimed}
	}
	return r
}

// read reads one file to its end. The error is Incomplete when the others may still be read.
func (r *reading) read(f *opened) (table.Summary, error) {
	class, take := f.class, r.account
	switch class {
	case access.ClassEntitlement:
		take = r.entitlement
	case access.ClassGrant:
		take = r.grant
	}
	for {
		if err := r.ctx.Err(); err != nil {
			return table.Summary{}, fmt.Errorf("read %s: %w", f.Name(), err)
		}
		row, err := f.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			r.taint(class, err.Error())
			return table.Summary{}, err
		}
		why, err := take(row, f)
		if why != nil {
			err = r.reject(f, class, row, why)
		}
		if err != nil {
			return table.Summary{}, fmt.Errorf("read %s: %w", f.Name(), err)
		}
	}
	sum := f.Finish()
	verdict := f.Verdict(sum, f.rejected, r.c.max, f.first)
	if verdict == nil && f.claimed != access.NoClaim && f.claimed != sum.Rows {
		verdict = f.Error(access.Incomplete, "ask for the export again, or correct control", fmt.Errorf("the control total says %d rows, the file holds %d", f.claimed, sum.Rows))
	}
	if verdict != nil {
		r.taint(class, f.Name()+": "+verdict.Err.Error())
		return sum, verdict
	}
	return sum, nil
}

// taint makes the classes that come from a file partial: grants hang on accounts, and entitlements are read from grants when no
// file lists them.
func (r *reading) taint(class access.Class, why string) {
	classes := []access.Class{class}
	if class == access.ClassAccount {
		classes = append(classes, access.ClassGrant)
	}
	if r.c.entitlements.path == "" {
		classes = append(classes, access.ClassEntitlement)
	}
	for _, k := range classes {
		if t := r.tally[k]; t != nil {
			t.State = access.Partial
			if !strings.Contains(t.Reason, why) {
				t.Reason = strings.TrimPrefix(t.Reason+"; "+why, "; ")
			}
		}
	}
}

// coverage states the classes. An error that stopped the reading leaves no class complete.
func (r *reading) coverage(failed error) []access.ClassCoverage {
	var list []access.ClassCoverage
	for _, class := range []access.Class{access.ClassAccount, access.ClassEntitlement, access.ClassGrant} {
		t := r.tally[class]
		if t == nil {
			continue
		}
		t.Fetched = t.Parsed + t.Rejected
		if t.State == "" {
			t.State = access.Complete
			if failed != nil && access.KindOf(failed) != access.Incomplete {
				t.State, t.Reason = access.Partial, "the reading stopped: "+failed.Error()
			}
		}
		list = append(list, *t)
	}
	return list
}

func (r *reading) reject(f *opened, class access.Class, row *table.Row, why error) error {
	rej := access.Rejection{Of: class, Ref: fmt.Sprintf("%s:%d", f.Name(), row.Line), Reason: why.Error()}
	f.rejected++
	r.tally[class].Rejected++
	if f.first == "" {
		f.first = rej.Ref + ": " + rej.Reason
	}
	return r.send(rej)
}

func (r *reading) emit(rec access.Record) error {
	r.tally[rec.Class()].Parsed++
	return r.send(rec)
}

// account takes a row of the accounts file. The first error is why the row is rejected, the second stops the reading.
func (r *reading) account(row *table.Row, f *opened) (why, err error) {
	a, why := r.c.account(row, f.bound)
	if why != nil {
		return why, nil
	}
	if line, dup := r.lines[a.ID]; dup {
		return fmt.Errorf("id: %q is already on line %d", table.Clip(a.ID), line), nil
	}
	a.ID, a.Name = strings.Clone(a.ID), strings.Clone(a.Name) // the index must not keep the whole row
	r.lines[a.ID] = row.Line
	if a.Name != a.ID && r.c.grants.path != "" {
		if _, dup := r.logins[a.Name]; dup {
			r.logins[a.Name] = ""
		} else {
			r.logins[a.Name] = a.ID
		}
	}
	if err := r.emit(a); err != nil || r.c.separator == "" {
		return nil, err
	}
	for _, name := range r.c.split(f.bound.Value(row, colAttributes+len(r.c.attrs))) {
		if err := r.ctx.Err(); err != nil {
			return nil, err
		}
		id, err := r.resolve(name, row)
		if err != nil {
			return nil, err
		}
		if err := r.ctx.Err(); err != nil {
			return nil, err
		}
		if err := r.emit(access.Grant{System: r.c.system, AccountID: a.ID, EntitlementID: id, Effective: true}); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// resolve gives the id of an entitlement that a grant names; one that no file lists is emitted.
func (r *reading) resolve(name string, row *table.Row) (string, error) {
	if id, ok := r.known[name]; ok {
		return id, nil
	}
	name = strings.Clone(name)
	r.known[name] = name
	r.implied++
	return name, r.emit(access.Entitlement{System: r.c.system, ID: name, Name: name, Kind: "entitlement",
		Privileged: r.c.privileged.Match(name), SourceRef: fmt.Sprintf("row %d", row.Line)})
}

func (r *reading) entitlement(row *table.Row, f *opened) (why, err error) {
	e, why := r.c.entitlement(row, f.bound)
	if why != nil {
		return why, nil
	}
	if _, dup := r.known[e.ID]; dup {
		return fmt.Errorf("id: %q is already another entitlement's id or name", table.Clip(e.ID)), nil
	}
	if _, dup := r.known[e.Name]; dup {
		return fmt.Errorf("name: %q is already another entitlement's id or name", table.Clip(e.Name)), nil
	}
	r.known[e.ID], r.known[e.Name] = e.ID, e.ID
	return nil, r.emit(e)
}

func (r *reading) grant(row *table.Row, f *opened) (why, err error) {
	if row.Fault != "" {
		return errors.New(row.Fault), nil
	}
	g := access.Grant{System: r.c.system, AccountID: f.bound.Value(row, 0), Effective: true}
	if _, known := r.lines[g.AccountID]; !known {
		id, named := r.logins[g.AccountID]
		switch {
		case g.AccountID == "":
			return errors.New("account: the account is empty"), nil
		case !named:
			return fmt.Errorf("account: %q is no account of %s", table.Clip(g.AccountID), r.c.accounts.path), nil
		case id == "":
			return fmt.Errorf("account: several accounts are called %q; name it by its id", table.Clip(g.AccountID)), nil
		}
		g.AccountID = id
	}
	name := f.bound.Value(row, 1)
	if name == "" {
		return errors.New("entitlement: the entitlement is empty"), nil
	}
	if text := f.bound.Value(row, 2); text != "" {
		until, err := r.c.dates.Parse(text)
		if err != nil {
			return fmt.Errorf("expires_at: %w", err), nil
		}
		g.ExpiresAt = table.End(until)
		g.Effective = g.ExpiresAt.IsZero() || g.ExpiresAt.After(r.c.now())
	}
	if g.EntitlementID, err = r.resolve(name, row); err != nil {
		return nil, err
	}
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	return nil, r.emit(g)
}
