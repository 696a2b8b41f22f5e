package facts

import (
	"cmp"
	"slices"

	"muster/internal/access"
	"muster/internal/store/wire"
)

// decode reads a row of holdings.query.
func (h *holdings) decode(packed []byte) (*access.AccountFacts, string, error) {
	r := wire.NewBinary(packed)
	person := r.Str()
	system, snapshot, id := r.Str(), r.Str(), r.Str()
	a := &access.AccountFacts{SnapshotID: snapshot}
	a.Link = access.Link{System: system, AccountID: id, Result: access.LinkResult(r.Str()), PersonID: r.Str(), Key: access.LinkKey(r.Str()), Evidence: r.Strs()}
	a.Account = access.Account{System: system, ID: id, Name: r.Str(), DisplayName: r.Str(), Email: r.Str(), UPN: r.Str(), EmployeeID: r.Str(), OwnerRef: r.Str(),
		Kind: access.AccountKind(r.Str()), Enabled: r.Bool(), Locked: r.Bool(), Privileged: r.Bool(), MFA: access.Tri(int8(r.U8())),
		CreatedAt: wire.OfMilli(r.OptMilli()), LastLogin: wire.OfMilli(r.OptMilli()), NeverLoggedIn: r.Bool(),
		PasswordChangedAt: wire.OfMilli(r.OptMilli()), ExpiresAt: wire.OfMilli(r.OptMilli()), Attributes: r.Pairs(), SourceRef: r.Str()}
	a.PreviousGrants = int(r.I64())
	if owner := r.Bytes(); len(owner) > 0 {
		o := wire.NewBinary(owner)
		a.Owner = readPerson(&o)
		if err := o.Err("read owners"); err != nil {
			return nil, "", err
		}
	}
	a.Grants = foldGrants(readGrants(&r, h.known[system]), system, h.known[system])
	a.PrivilegedEffective = a.Privileged
	for _, g := range a.Grants {
		a.PrivilegedEffective = a.PrivilegedEffective || g.Effective && g.Entitlement.Privileged
	}
	for _, s := range h.world.Systems {
		if s.System == system {
			a.SnapshotTakenAt, a.PreviousTakenAt = s.Used.TakenAt, s.Previous.TakenAt
		}
	}
	return a, person, r.Err("read accounts")
}

// held is one grant, one path.
type held struct {
	entitlement      string
	effective, admin bool
	path             []string
}

// The bits of account_grants.flags.
const (
	flagEffective = 1
	flagAdmin     = 2
	flagPath      = 4
)

// readGrants reads the arrays of account_grants. A row whose arrays do not fit each other is damage, which the Binary's Err then
// reports as a row of the wrong shape.
func readGrants(r *wire.Binary, known map[string]access.Entitlement) []held {
	out := make([]held, r.Len())
	for i := range out {
		raw := r.Bytes()
		if e, ok := known[string(raw)]; ok {
			out[i].entitlement = e.ID // one string for all who hold it
		} else {
			out[i].entitlement = string(raw)
		}
	}
	var pathed []int
	for i := range r.Len() {
		flags := r.U8()
		if i >= len(out) {
			continue
		}
		out[i].effective, out[i].admin = flags&flagEffective != 0, flags&flagAdmin != 0
		if flags&flagPath != 0 {
			pathed = append(pathed, i)
		}
	}
	for i := range r.Len() {
		path := r.Strs()
		if i < len(pathed) {
			out[pathed[i]].path = path
		}
	}
	return out
}

// foldGrants makes one fact an entitlement of the grants of one account, sorted by the entitlement's name. Of several
// paths the shortest is shown, the first in byte order among equals.
func foldGrants(all []held, system string, known map[string]access.Entitlement) []access.GrantFacts {
	slices.SortFunc(all, func(a, b held) int {
		return cmp.Or(cmp.Compare(a.entitlement, b.entitlement), cmp.Compare(len(a.path), len(b.path)), slices.Compare(a.path, b.path))
	})
	var out []access.GrantFacts
	for i, g := range all {
		if i == 0 || all[i-1].entitlement != g.entitlement {
			e, ok := known[g.entitlement]
			if !ok {
				// A grant may name what the source did not list; its id is then the only name there is.
				e = access.Entitlement{System: system, ID: g.entitlement, Name: g.entitlement}
			}
			out = append(out, access.GrantFacts{System: system, Entitlement: e, Actual: true, Direct: len(g.path) == 0, Path: g.path, Paths: 1})
		} else if !slices.Equal(all[i-1].path, g.path) {
			out[len(out)-1].Paths++
		}
		last := &out[len(out)-1]
		last.Effective = last.Effective || g.effective
		last.AdminOption = last.AdminOption || g.admin
	}
	slices.SortFunc(out, func(a, b access.GrantFacts) int {
		return cmp.Or(cmp.Compare(a.Entitlement.Name, b.Entitlement.Name), cmp.Compare(a.Entitlement.ID, b.Entitlement.ID))
	})
	return out
}
