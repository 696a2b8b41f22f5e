package reperform

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/accessreview"
	"muster/reports/pack/sheets"
)

// reviewed compares each item of a campaign with what the run saw of it when it was frozen. Why it was expected, and the findings on it, are told as they
// stood at the moment of freezing and cannot be worked out.
func (p *performance) reviewed() (outcome, error) {
	const table = accessreview.ItemsAnnex
	none := func(func(access.ReviewItem) error) error { return nil }
	columns, err := sheets.Head(func(t *sheet.Table) error { return accessreview.Items(t, none) })
	if err != nil {
		return outcome{}, err
	}
	accounts := map[accountKey]*access.AccountFacts{}
	for _, a := range p.world.accounts {
		accounts[accountKey{a.System, a.ID}] = a
	}
	f, err := p.files.Open(table)
	if err != nil {
		return outcome{}, fmt.Errorf("%s: %w", table, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	n := 0
	err = sheets.Rows(f, table, columns, func(cell func(string) string) error {
		n++
		a := accounts[accountKey{cell("system"), cell("account_id")}]
		g := granted(a, cell("entitlement_id"), cell("entitlement"))
		if g == nil {
			p.differ("%s: item %s: the run saw no such account, or not with this entitlement", table, cell("item"))
			return p.ctx.Err()
		}
		for column, want := range p.seen(a, g) {
			if have := cell(column); have != want {
				p.differ("%s: item %s: %s is %s, the run saw %s", table, cell("item"), column, short(have), short(want))
			}
		}
		return p.ctx.Err()
	})
	return outcome{said: fmt.Sprintf("%d items", n)}, err
}

func granted(a *access.AccountFacts, id, name string) *access.GrantFacts {
	if a == nil {
		return nil
	}
	for i := range a.Grants {
		if g := &a.Grants[i]; g.Entitlement.ID == id && g.Entitlement.Name == name {
			return g
		}
	}
	return nil
}

// seen are the cells of an item that the run's facts give.
func (p *performance) seen(a *access.AccountFacts, g *access.GrantFacts) map[string]string {
	out := map[string]string{"account": a.Name, "account_kind": string(a.Kind), "enabled": strconv.FormatBool(a.Enabled), "kind": g.Entitlement.Kind, "privileged": strconv.FormatBool(g.Entitlement.Privileged),
		"path": strings.Join(g.Path, " > "), "last_use": "", "person": "", "person_name": "", "department": "", "status": "", "answers": ""}
	if !a.LastLogin.IsZero() {
		out["last_use"] = a.LastLogin.UTC().Format(time.RFC3339)
	}
	x := p.world.byID[a.Link.PersonID]
	switch {
	case x == nil:
	case a.Link.Result == access.Linked:
		out["person"], out["person_name"], out["department"], out["status"] = x.ID, x.Name(), x.Department, string(x.Status)
	case a.Link.Result == access.ServiceOwned:
		out["answers"] = x.ID
	}
	return out
}
