package policies

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/config"
)

// warnings looks for what loads and will not do what its author meant.
func (l *loader) warnings() []string {
	var out []string
	for i, p := range l.set.all {
		warn := func(at config.Node, format string, args ...any) {
			problem := config.Problem{Position: at.Position(), Path: at.Path(), Message: fmt.Sprintf(format, args...)}
			out = append(out, problem.Error())
		}
		n := l.nodes[i]
		if by := l.covered(i); by != "" {
			warn(n.Get("name"), "policy %s never matches: %s decides before it", p.Name, by)
		}
		if p.Mode == access.ModeApprove || p.Mode == access.ModeAuto {
			if need, most := l.need(p), l.most(p); need > most {
				warn(n.Get("approvers"), "policy %s needs %d persons and its route gives %d at most", p.Name, need, most)
			}
		}
		if p.Expire > 0 && p.Escalate >= p.Expire {
			warn(n.Get("escalate"), "policy %s never escalates: the question expires after %s", p.Name, duration(p.Expire))
		}
		for _, object := range l.lacking(p) {
			warn(n.Get("when"), "policy %s looks at %s", p.Name, object)
		}
	}
	return out
}

// covered says which earlier policies decide about everything that policy i is about, or nothing.
func (l *loader) covered(i int) string {
	p := l.set.all[i]
	rules, systems := p.Rules, p.Systems
	if slices.Contains(rules, "*") {
		rules = l.ids
	}
	if len(systems) == 0 {
		systems = l.set.known.Systems
	}
	if len(systems) == 0 {
		systems = []string{""} // nothing is known of systems: only a policy for all of them covers
	}
	var by []string
	for _, rule := range rules {
		for _, system := range systems {
			j := slices.IndexFunc(l.set.all[:i], func(q *policy) bool { return (q.when == nil || q.When == p.When) && q.covers(rule, system) })
			if j < 0 {
				return ""
			}
			if name := l.set.all[j].Name; !slices.Contains(by, name) {
				by = append(by, name)
			}
		}
	}
	return strings.Join(by, " and ")
}

// need is how many must approve in the worst case.
func (l *loader) need(p *policy) int {
	if p.Need > 0 {
		return p.Need
	}
	for _, r := range l.set.known.Rules {
		if r.Severity == access.Critical && p.Mode == access.ModeApprove && (slices.Contains(p.Rules, r.ID) || slices.Contains(p.Rules, "*")) {
			return 2
		}
	}
	return 1
}

// most is how many persons the route and the escalation can give.
func (l *loader) most(p *policy) int {
	known := l.set.known
	most := 0
	routes := [][]string{p.Route}
	if len(p.Route) == 0 {
		routes = nil
		for _, r := range known.Rules {
			if slices.Contains(p.Rules, r.ID) || slices.Contains(p.Rules, "*") {
				st, _ := stanceOf(l.set.stances, r.ID, r.Scope)
				routes = append(routes, st.Route)
			}
		}
	}
	for i, route := range routes {
		persons := map[string]bool{}
		for _, word := range append(slices.Clone(route), p.EscalateTo...) {
			members := known.Groups[word]
			switch word {
			case access.RouteManager, access.RouteOwner:
				members = []string{"the " + word}
			case access.RouteSecurity:
				members = known.Security
			}
			for _, m := range members {
				persons[m] = true
			}
		}
		if i == 0 || len(persons) < most {
			most = len(persons)
		}
	}
	return most
}

// lacking says what the condition reads that findings of one of the rules never have.
func (l *loader) lacking(p *policy) []string {
	var out []string
	for _, rule := range p.Rules {
		st, ok := l.set.stances[rule]
		x := p.when[st.Scope]
		if !ok || x == nil {
			continue
		}
		for _, object := range st.Lacks {
			if slices.Contains(x.Idents(), object) && !x.Tests(object) {
				out = append(out, fmt.Sprintf("%s, which findings of %s do not have: nothing is done about them without a decision", object, rule))
			}
		}
	}
	return out
}
