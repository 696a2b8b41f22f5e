// Package campaigns reads what a review of access is to be: its scope, a CEL condition over person, account, grant, entitlement, system and
// now, and who reviews it by when. A field that does not exist fails at load, at its line and column, with the name that was meant.
//
// Of the person a scope sees what HR says and nothing else. It does not change after Load; a Scope belongs to one goroutine. Times are UTC.
package campaigns

import (
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/rules/expression"
	"muster/rules/vocabulary"
)

// Definition is one campaign as its file states it.
type Definition struct {
	Name      string
	Owner     string // who answers for it: worker id, e-mail address or login
	Scope     string // CEL
	Reviewers []string
	Need      int
	Escalate  []string
	Due       time.Duration // after it was created
	Remind    time.Duration // after it was created; 0 is never
	Silence   access.Silence

	vocab *vocabulary.Vocabulary
	when  *expression.Expression
}

type campaignYAML struct {
	Name      string         `yaml:"name" required:"true"`
	Owner     string         `yaml:"owner" required:"true"`
	Scope     config.Node    `yaml:"scope" required:"true"`
	Reviewers []string       `yaml:"reviewers" required:"true"`
	Need      int            `yaml:"need"`
	Escalate  []string       `yaml:"escalate"`
	Due       time.Duration  `yaml:"due" required:"true"`
	Remind    *time.Duration `yaml:"remind"`
	Silence   access.Silence `yaml:"silence" required:"true" enum:"keep,revoke"`
}

// The limits of a campaign.
const (
	shortest = time.Hour
	longest  = 366 * 24 * time.Hour
	mostNeed = 3
	longName = 80
)

// Load reads one campaign. groups are those that a route may name besides manager, owner and security. The error is every problem of the
// document.
func Load(doc *config.Document, groups []string) (*Definition, error) {
	root := doc.Root()
	if !root.Exists() {
		root.Problem("see docs/reviews.md", "the file is empty")
		return nil, expression.Problems([]*config.Document{doc})
	}
	var y campaignYAML
	root.Decode(&y)
	vocab, err := vocabulary.New()
	if err != nil {
		return nil, &access.Error{Op: "load campaign", Kind: access.Internal, Err: err}
	}
	d := &Definition{Name: strings.TrimSpace(y.Name), Owner: y.Owner, Reviewers: y.Reviewers, Need: max(y.Need, 1), Escalate: y.Escalate, Due: y.Due, Silence: y.Silence, vocab: vocab}
	d.Remind = d.Due / 2
	if y.Remind != nil {
		d.Remind = *y.Remind
	}
	if !root.Get("escalate").Exists() {
		d.Escalate = []string{access.RouteSecurity}
	}
	d.check(root, groups)
	env, err := environment(vocab)
	if err != nil {
		return nil, &access.Error{Op: "load campaign", Kind: access.Internal, Err: err}
	}
	if y.Scope.Exists() {
		if d.when = expression.Compile(env, y.Scope, expression.Condition); d.when != nil && d.when.Guards(y.Scope) {
			d.Scope = d.when.Text
		}
	}
	if err := expression.Problems([]*config.Document{doc}); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Definition) check(n config.Node, groups []string) {
	if len(d.Name) > longName {
		n.Get("name").Problem("the description belongs elsewhere", "the name is longer than %d characters", longName)
	}
	if d.Due != 0 && (d.Due < shortest || d.Due > longest) {
		n.Get("due").Problem("such as 14d", "a campaign lasts between 1 hour and 366 days")
	}
	if d.Remind < 0 || d.Remind > d.Due {
		n.Get("remind").Problem("such as 7d; 0s is never", "the reminder must come before it is due")
	}
	if n.Get("need").Exists() && d.Need > mostNeed || d.Need < 1 {
		n.Get("need").Problem("1, or 2 for four eyes", "need must be between 1 and %d", mostNeed)
	}
	team := append([]string{access.RouteSecurity}, groups...)
	known := append([]string{access.RouteManager, access.RouteOwner}, team...)
	checkRoute(n.Get("reviewers"), d.Reviewers, known)
	for i, word := range d.Escalate {
		if word == access.RouteManager || word == access.RouteOwner {
			n.Get("escalate").Index(i).Problem("an escalation is about all items at once: one of "+strings.Join(team, ", "), "%q leads to nobody here", word)
		}
	}
	checkRoute(n.Get("escalate"), d.Escalate, known)
	if n.Get("reviewers").Exists() && len(d.Reviewers) == 0 {
		n.Get("reviewers").Problem("such as [manager, owner]", "nobody would review it")
	}
}

// checkRoute checks that each word of a route is known.
func checkRoute(n config.Node, route, known []string) {
	for i, word := range route {
		if slices.Contains(known, word) {
			continue
		}
		hint := "one of " + strings.Join(known, ", ") + "; groups are those of people.groups"
		if near := config.Nearest(word, known); near != "" {
			hint = "did you mean \"" + near + "\"?"
		}
		n.Index(i).Problem(hint, "nobody is called %q", word)
	}
}

// environment is what a scope may say: of a person what HR says, of the rest what rules of grants may say, without the parameters of rules.
func environment(v *vocabulary.Vocabulary) (*vocabulary.Environment, error) {
	grant, err := v.Environment(access.ScopeGrant, nil)
	if err != nil {
		return nil, err
	}
	var more []vocabulary.Variable
	for _, name := range []string{"account", "entitlement", "grant", "now", "system"} {
		more = append(more, vocabulary.Variable{Name: name, Type: grant.TypeOf(name)})
	}
	return v.Environment(vocabulary.ScopeBundle, nil, more...)
}

// Scope asks one grant after the other whether it is reviewed.
type Scope struct {
	when    *expression.Expression
	scene   *vocabulary.Scene
	systems map[string]*access.SystemFacts
}

// At is the scope of the definition at a moment and over systems by name. governed says of which systems a bundle names entitlements.
func (d *Definition) At(now time.Time, systems map[string]*access.SystemFacts, governed func(system string) bool) *Scope {
	return &Scope{when: d.when, scene: d.vocab.Scene(vocabulary.World{Now: now, Systems: systems, Governed: governed}), systems: systems}
}

// Covers reports whether a grant is in the scope. person is nil for an account that is nobody's; a scope that reads the person cannot be
// evaluated then, which is its error.
func (s *Scope) Covers(person *access.Person, a *access.AccountFacts, g *access.GrantFacts) (bool, error) {
	s.scene.SetCase(&access.Case{Person: person, Account: a, Grant: g, System: s.systems[a.System]})
	return s.when.True(s.scene)
}
