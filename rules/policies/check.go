package policies

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config"
)

var policyName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,59}$`)

// named checks what a policy is called and what it names, and gives the known rules that it is about.
func (l *loader) named(n config.Node, p *policy) []Rule {
	name := n.Get("name")
	first, taken := l.taken[p.Name]
	switch {
	case p.Name == "":
	case p.Name == Builtin:
		name.Problem("choose another name", "%q is what the policy of everything else is called", Builtin)
	case taken:
		name.Problem("every policy needs a name of its own", "policy name %q is taken at %s", p.Name, first)
	case !policyName.MatchString(p.Name):
		name.Problem("lower-case letters, digits, - and _, a letter first", "bad policy name %q", p.Name)
	}
	l.taken[p.Name] = name.Position()
	l.systems(n, p)
	return l.about(n, p)
}

func (l *loader) systems(n config.Node, p *policy) {
	at := n.Get("systems")
	for i, s := range p.Systems {
		switch {
		case slices.Contains(p.Systems[:i], s):
			at.Index(i).Problem("keep one of them", "system %q is given twice", s)
		case l.set.known.Systems != nil && !slices.Contains(l.set.known.Systems, s):
			at.Index(i).Problem(nearest(s, "known systems: ", l.set.known.Systems), "unknown system %q", s)
		}
	}
	switch {
	case at.Exists() && len(p.Systems) == 0:
		at.Problem("name systems, or remove the key for every system", "the policy has no systems")
	case !at.Exists() && p.Mode == access.ModeAuto:
		n.Get("mode").Problem("add systems: [...]: auto is switched on for one system after the other", "auto needs the systems named")
	}
}

func (l *loader) about(n config.Node, p *policy) []Rule {
	var rules []Rule
	at := n.Get("rules")
	if at.Exists() && len(p.Rules) == 0 {
		at.Problem(`name rules, or write "*" for every rule`, "the policy has no rules")
	}
	for i, id := range p.Rules {
		r, known := l.rules[id]
		switch {
		case slices.Contains(p.Rules[:i], id):
			at.Index(i).Problem("keep one of them", "rule %q is given twice", id)
		case id == "*" && p.Mode == access.ModeAuto:
			at.Index(i).Problem("name the rules: auto is switched on for one rule after the other", "auto cannot be for every rule")
		case id == "*" && len(p.Rules) > 1:
			at.Index(i).Problem("keep it or the others", `"*" is every rule already`)
		case id == "*":
			return l.set.known.Rules
		case !known && l.rules != nil:
			hint := "see: muster rules list"
			if near := config.Nearest(id, l.ids); near != "" {
				hint = fmt.Sprintf("did you mean %q? See: muster rules list", near)
			}
			at.Index(i).Problem(hint, "there is no rule %q", id)
		case known:
			rules = append(rules, r)
		}
	}
	return rules
}

func (l *loader) checkActions(n config.Node, p *policy, rules []Rule) {
	at := n.Get("actions")
	if at.Exists() && len(p.Actions) == 0 {
		at.Problem("name actions, remove the key for those of the rule, or write mode: off", "the policy has no actions")
	}
	for i, kind := range p.Actions {
		switch {
		case !slices.Contains(access.ActionKinds(), kind):
			at.Index(i).Problem(nearest(string(kind), "actions: ", words(access.ActionKinds())), "unknown action %q", kind)
		case slices.Contains(p.Actions[:i], kind):
			at.Index(i).Problem("keep one of them", "action %q is given twice", kind)
		default:
			l.sensible(at.Index(i), kind, rules)
		}
	}
	l.checkDeletion(n, p)
	for _, r := range rules {
		if _, shipped := stanceOf(l.set.stances, r.ID, r.Scope); !shipped && p.Mode == access.ModeAuto && len(p.Actions) == 0 {
			n.Get("mode").Problem("add actions: [...]", "auto needs the actions named: rule %s is one of your own", r.ID)
			break
		}
	}
	l.checkSilence(n, p, rules)
}

func (l *loader) sensible(at config.Node, kind access.ActionKind, rules []Rule) {
	for _, r := range rules {
		_, shipped := stanceOf(l.set.stances, r.ID, r.Scope)
		if can := sensible(r.ID, r.Scope, shipped); !slices.Contains(can, kind) {
			at.Problem("for it: "+strings.Join(words(can), ", "), "%s makes no sense for rule %s, which is about %s", kind, r.ID, subject(r))
			return
		}
	}
}

func subject(r Rule) string {
	switch {
	case r.ID == "missing-access":
		return "access that is missing"
	case r.Scope == access.ScopeAccount:
		return "accounts"
	case r.Scope == access.ScopeGrant:
		return "entitlements held"
	case r.Scope == access.ScopePerson:
		return "persons"
	}
	return "systems"
}

// checkDeletion keeps to disable before delete: an account is deleted a set time after it was disabled, or not at all.
func (l *loader) checkDeletion(n config.Node, p *policy) {
	at := n.Get("delete_after")
	disables, deletes := slices.Index(p.Actions, access.DisableAccount), slices.Index(p.Actions, access.DeleteAccount)
	switch {
	case deletes >= 0 && p.DeleteAfter <= 0:
		n.Get("actions").Index(deletes).Problem("add delete_after: 30d", "delete-account needs the time that the account stays disabled before")
	case deletes >= 0 && disables < 0 || p.DeleteAfter > 0 && len(p.Actions) > 0 && disables < 0:
		at.Problem("add disable-account to the actions", "an account is disabled before it is deleted")
	case deletes >= 0 && deletes < disables:
		n.Get("actions").Index(deletes).Problem("put disable-account before delete-account", "an account is disabled before it is deleted")
	case p.DeleteAfter > 0 && len(p.Actions) == 0:
		at.Problem("add actions: [disable-account]", "delete_after needs the actions named, disable-account among them")
	}
}

// checkSilence refuses that nobody's silence deletes an account or gives access.
func (l *loader) checkSilence(n config.Node, p *policy, rules []Rule) {
	if p.OnExpiry != access.ExpiryApply {
		return
	}
	at := n.Get("expire").Get("then")
	if p.Mode == access.ModeAuto && p.DeleteAfter > 0 {
		at.Problem("write refuse, or remove it", "with auto and delete_after the expiry of a question cannot apply: it would delete")
		return
	}
	for _, r := range rules {
		actions := p.Actions
		if len(actions) == 0 {
			st, _ := stanceOf(l.set.stances, r.ID, r.Scope)
			actions = st.Actions
		}
		if kind := bySilence(actions); kind != "" {
			at.Problem("write refuse, or remove it", "an expiry cannot apply %s: what deletes or gives access takes a decision", kind)
			return
		}
	}
}

func (l *loader) checkApprovers(n config.Node, p *policy) {
	a := n.Get("approvers")
	l.route(a.Get("route"), p.Route)
	l.route(n.Get("escalate").Get("to"), p.EscalateTo)
	if need := a.Get("need"); need.Exists() && p.Need < 1 {
		need.Problem("1 or more different persons", "bad need %d", p.Need)
	}
}

func (l *loader) route(at config.Node, route []string) {
	if at.Exists() && len(route) == 0 {
		at.Problem("name manager, owner, security or groups, or remove the key", "the route is empty")
	}
	if !at.Exists() {
		return
	}
	groups := make([]string, 0, len(l.set.known.Groups))
	for g := range l.set.known.Groups {
		groups = append(groups, g)
	}
	sort.Strings(groups)
	all := append([]string{access.RouteManager, access.RouteOwner, access.RouteSecurity}, groups...)
	for i, word := range route {
		switch {
		case !slices.Contains(all, word):
			at.Index(i).Problem(nearest(word, "manager, owner, security, or a group of people.groups: ", groups, all...), "unknown approver %q", word)
		case slices.Contains(route[:i], word):
			at.Index(i).Problem("keep one of them", "approver %q is given twice", word)
		}
	}
}

func checkTimes(n config.Node, p *policy) {
	for _, one := range []struct {
		at config.Node
		d  time.Duration
	}{{n.Get("grace"), p.Grace}, {n.Get("handover"), p.Handover}, {n.Get("sla"), p.SLA}, {n.Get("remind"), p.Remind}, {n.Get("escalate").Get("after"), p.Escalate},
		{n.Get("expire").Get("after"), p.Expire}, {n.Get("delete_after"), p.DeleteAfter}} {
		if one.d < 0 {
			one.at.Problem("write 24h or 14d; 0h is none", "the duration is negative")
		}
	}
}

// nearest is the hint for a word that is none of a list; like are further words that it may have meant.
func nearest(word, what string, list []string, like ...string) string {
	if near := config.Nearest(word, append(slices.Clone(like), list...)); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(list) == 0 {
		return what + "none is configured"
	}
	return what + strings.Join(list, ", ")
}

func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}
