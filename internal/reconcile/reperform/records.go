package reperform

import (
	"fmt"

	"muster/internal/access"
	"muster/internal/reconcile/reperform/annex"
	"muster/reports/pack"
)

// counted compares how many records of each class the tables have of a snapshot with how many it says that it has, and how many rejections at most. What
// a pack with pseudonyms has left to be compared, and one that holds some persons may have fewer of.
func (p *performance) counted() {
	some := len(p.file.Scope.Persons) > 0
	for _, s := range p.systems {
		said := map[access.Class]int64{}
		for _, c := range s.Used.Coverage.Classes {
			said[c.Class] = c.Parsed
		}
		for _, class := range []access.Class{access.ClassPerson, access.ClassAccount, access.ClassEntitlement, access.ClassGrant} {
			have := p.world.rows[classKey{s.Used.ID, class}]
			if want := said[class]; s.Used.ID != "" && (have > want || have < want && !some) {
				p.differ("annexes: snapshot %s of %s has %d records of class %s in the tables, it says %d", s.Used.ID, s.Name, have, class, want)
			}
		}
		for _, snap := range []access.Snapshot{s.Used, s.Tonight, p.previous[s.Name]} {
			said := map[access.Class]int64{}
			for _, c := range snap.Coverage.Classes {
				said[c.Class] = c.Rejected
			}
			for key, have := range p.world.rejected {
				if snap.ID != "" && key.snapshot == snap.ID && have > said[key.class] {
					p.differ("annexes/rejections.csv: snapshot %s of %s has %d rejections of class %s in it, it says %d", snap.ID, s.Name, have, key.class, said[key.class])
				}
			}
		}
	}
}

// unnamed are the steps of a pack with pseudonyms: its tables have their columns and as many rows as the snapshots say, and nothing can be worked out.
func (p *performance) unnamed() []step {
	skipped := func(said string) func() (outcome, error) {
		return func() (outcome, error) { return outcome{said, p.part()}, p.ctx.Err() }
	}
	return []step{{inputsStep, skipped("")}, {recordsStep, p.unnamedRecords}, {linksStep, skipped("")}, {expectStep, skipped("")},
		{judgeStep, skipped("not performed, since people have pseudonyms here; perform the pack with names, " + p.file.Scope.Redacted.Of + ", inside")}}
}

func (p *performance) unnamedRecords() (outcome, error) {
	p.systems, p.previous = systems(p.file)
	p.world = empty(p.systems, p.previous)
	classes := map[string]access.Class{"persons": access.ClassPerson, "accounts": access.ClassAccount, "entitlements": access.ClassEntitlement, "grants": access.ClassGrant, "links": "", "profiles": "",
		"expectations": "", "rejections": "", "previous": ""}
	n := 0
	for table, class := range classes {
		err := annex.Each(p.files, table, func(r *annex.Row) error {
			n++
			if class != "" {
				p.world.rows[classKey{r.Text("snapshot_id"), class}]++
			}
			return p.ctx.Err()
		})
		if err != nil {
			return outcome{}, err
		}
	}
	p.counted()
	for key := range p.world.rows {
		if !p.world.known[key.snapshot] {
			p.differ("annexes: there are records of snapshot %q, which the run did not reason from", key.snapshot)
		}
	}
	if err := p.tables(); err != nil {
		return outcome{}, fmt.Errorf("%s: %w", pack.AnnexFolder, err)
	}
	return outcome{fmt.Sprintf("%d rows, as many of each snapshot as it says; their digests are those of the names", n), p.part()}, nil
}
