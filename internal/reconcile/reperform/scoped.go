package reperform

import (
	"fmt"

	"muster/reports/evidence"
	"muster/rules"
)

// A pack about some persons of a run does not hold those whom they are compared with. What rests on the others is taken from the pack and not worked
// out: that no second person has the key which an account was linked by, what is wrong with the manager, who else has the same e-mail address, and
// which rules could not be answered about somebody else. The steps say so.

// carry takes up what the pack says of its persons' HR data.
func (p *performance) carry() {
	if p.file.Scope.Whole() {
		return
	}
	p.world.carried = map[string]evidence.Quality{}
	for _, id := range p.file.Scope.Persons {
		p.world.carried[id] = evidence.Quality{Person: id}
	}
	for _, q := range p.file.Scope.Quality {
		p.world.carried[q.Person] = q
	}
	for _, x := range p.world.persons {
		if _, ok := p.world.carried[x.ID]; !ok {
			p.differ("annexes/persons.csv: %s is not among the persons that the pack is about", x.ID)
		}
	}
}

// linked takes the links as the pack has them, when they are those of its accounts and persons.
func (p *performance) linked() (outcome, error) {
	for _, a := range p.world.accounts {
		key := accountKey{a.System, a.ID}
		have, ok := p.world.links[key]
		delete(p.world.links, key)
		if a.Link = have; !ok || p.world.byID[have.PersonID] == nil {
			return outcome{}, fmt.Errorf("annexes/links.csv: account %s/%s (%s) is not linked to a person of the pack", a.System, a.Name, a.ID)
		}
	}
	for key := range p.world.links {
		p.differ("annexes/links.csv: there is no account %s/%s", key.system, key.id)
	}
	return outcome{fmt.Sprintf("%d accounts, as the pack has them; that nobody else matches is not worked out", len(p.world.accounts)), p.part()}, p.ctx.Err()
}

// elsewhere are the errors of the run's rules: a rule that could not be answered about somebody calls nothing resolved.
func elsewhere(file evidence.File) rules.Stats {
	out := rules.Stats{}
	for _, r := range file.Rules {
		if r.Errors > 0 {
			out[r.ID] = rules.RuleStats{Errors: r.Errors}
		}
	}
	return out
}
