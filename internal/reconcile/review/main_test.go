package review_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/ledger"
	"muster/internal/reconcile"
	"muster/internal/reconcile/review"
	"muster/internal/store"
	"muster/remediate/approve"
	"muster/remediate/remediatetest"
	"muster/rules/campaigns"
)

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// people is HR in memory, by worker id.
type people map[string]access.Person

// Find gives a person by worker id or e-mail address.
func (p people) Find(_ context.Context, ref string) (access.Person, bool, error) {
	for _, id := range slices.Sorted(maps.Keys(p)) {
		if x := p[id]; ref != "" && (x.ID == ref || x.Email == ref) {
			return x, true, nil
		}
	}
	return access.Person{}, false, nil
}

// room is a Board over a small organisation. W-1 and W-2 report to W-3, and W-3 to nobody; W-4 owns erp; W-5 and W-6 are auditors; W-7 has left.
type room struct {
	*review.Board
	t       testing.TB
	people  people
	records *remediatetest.Records
	ledger  *remediatetest.Ledger
	dir     string
	clock   time.Time
	night   nights
}

// nights are the newest snapshots of systems and what they hold.
type nights struct {
	run       string // the newest completed one
	snapshots map[string]access.Snapshot
	held      map[store.GrantRef]bool
	expired   map[access.Class]bool // whose rows are past their retention
	fewer     bool                  // not all accounts are kept that were stored
}

func (n *nights) LastRun(context.Context, bool) (access.Run, bool, error) {
	return access.Run{ID: n.run}, n.run != "", nil
}

func (n *nights) NewestComplete(_ context.Context, system string, _ time.Time) (access.Snapshot, bool, error) {
	s, ok := n.snapshots[system]
	return s, ok, nil
}

func (n *nights) Kept(_ context.Context, class access.Class, snapshots []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, id := range snapshots {
		out[id] = !n.expired[class] && !n.fewer
	}
	return out, nil
}

func (n *nights) StoredCounts(_ context.Context, id string) (map[access.Class]int64, error) {
	out := map[access.Class]int64{}
	for _, s := range n.snapshots {
		for _, c := range s.Coverage.Classes {
			if s.ID == id && !n.expired[c.Class] {
				out[c.Class] = c.Parsed
			}
		}
	}
	return out, nil
}

func (n *nights) GrantsSince(_ context.Context, _ string, refs []store.GrantRef) (map[store.GrantRef]time.Time, error) {
	out := map[store.GrantRef]time.Time{}
	for _, r := range refs {
		if n.held[r] && !n.expired[access.ClassGrant] {
			out[r] = monday
		}
	}
	return out, nil
}

func open(t testing.TB) *room {
	t.Helper()
	r := &room{t: t, people: people{}, records: &remediatetest.Records{}, dir: t.TempDir(), clock: monday}
	for _, row := range [][3]string{{"W-1", "Amara Diallo", "W-3"}, {"W-2", "Jonas Lindqvist", "W-3"}, {"W-3", "Ines Moreau", ""}, {"W-4", "Leila Haddad", "W-3"},
		{"W-5", "Pavel Novak", "W-3"}, {"W-6", "Rosa Vidal", "W-3"}, {"W-7", "Mei Tanaka", "W-3"}} {
		r.people[row[0]] = access.Person{ID: row[0], DisplayName: row[1], ManagerID: row[2], Email: strings.ToLower(row[0]) + "@example.com", Status: access.StatusActive}
	}
	gone := r.people["W-7"]
	gone.Status = access.StatusTerminated
	r.people["W-7"] = gone
	now := func() time.Time { return r.clock }
	log, err := ledger.Open(r.dir, ledger.Options{Origin: "muster.example/test", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	r.ledger = &remediatetest.Ledger{Ledger: log}
	r.night = nights{snapshots: map[string]access.Snapshot{}, held: map[store.GrantRef]bool{}}
	routes := &approve.Routes{People: r.people, Security: []string{"W-6"}, Groups: map[string][]string{"auditors": {"W-5", "W-6"}, "owners": {"W-4"}}}
	r.Board = &review.Board{Records: r.records, Ledger: r.ledger, People: r.people, Routes: routes, Snapshots: &r.night, Now: now,
		Trail: func() (review.Trail, error) { return log.Reader() },
		Findings: func(_ context.Context, yield func(access.Finding) error) error {
			return yield(access.Finding{ID: "F-1", Scope: access.ScopeGrant, State: access.Open, System: "erp", SubjectID: "a2", Detail: "payroll"})
		}}
	return r
}

// holder is a person's account of erp with entitlements; an id without a person is an account of nobody.
func (r *room) holder(account, person string, names ...string) *access.PersonFacts {
	a := &access.AccountFacts{Account: access.Account{System: "erp", ID: account, Name: "login-" + account, Enabled: true}}
	for _, n := range names {
		a.Grants = append(a.Grants, access.GrantFacts{System: "erp", Entitlement: access.Entitlement{System: "erp", ID: "g-" + n, Name: n, Privileged: n == "admin"}, Actual: true})
	}
	f := &access.PersonFacts{Accounts: []*access.AccountFacts{a}}
	if p, ok := r.people[person]; ok {
		f.Person = &p
	}
	return f
}

// seen is what a run saw: two systems, of which crm was never read.
func (r *room) seen(facts ...*access.PersonFacts) *reconcile.Seen {
	whole := access.Snapshot{ID: "S-erp", System: "erp", State: access.Complete, Digest: "d1", TakenAt: monday.Add(-8 * time.Hour)}
	systems := []access.SystemFacts{{Name: "hr", IsHR: true, Tonight: access.Snapshot{ID: "S-hr", State: access.Complete}, Used: access.Snapshot{ID: "S-hr"}},
		{Name: "erp", Owner: "w-4@example.com", Tonight: whole, Used: whole}, {Name: "crm", Tonight: access.Snapshot{State: access.Failed, Reason: "connection refused"}}}
	return &reconcile.Seen{Run: access.Run{ID: "R-1", AsOf: monday.Add(-8 * time.Hour)}, Systems: systems, Each: func(_ context.Context, yield func(*access.PersonFacts) error) error {
		for _, f := range facts {
			if err := yield(f); err != nil {
				return err
			}
		}
		return nil
	}}
}

// usual is who holds what in most tests.
func (r *room) usual() []*access.PersonFacts {
	return []*access.PersonFacts{r.holder("a1", "W-1", "payroll", "staff"), r.holder("a2", "W-2", "payroll"), r.holder("a3", "W-3", "payroll"), r.holder("a9", "", "payroll")}
}

// definition reads a campaign of a scope.
func (r *room) definition(scope string) *campaigns.Definition {
	r.t.Helper()
	return r.parse(fmt.Sprintf("name: Q4 of %d signs\nowner: W-6\nscope: %s\nreviewers: [manager, owner]\ndue: 14d\nsilence: keep\n", len(scope), scope))
}

func (r *room) parse(text string) *campaigns.Definition {
	r.t.Helper()
	doc, err := config.Parse("q4.yaml", []byte(text))
	if err != nil {
		r.t.Fatal(err)
	}
	d, err := campaigns.Load(doc, []string{"auditors", "owners"})
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// frozen creates a campaign; change edits its file.
func (r *room) frozen(change func(string) string, facts ...*access.PersonFacts) access.Campaign {
	r.t.Helper()
	text := "name: Q4 payroll\nowner: W-6\nscope: \"true\"\nreviewers: [manager, owner]\ndue: 14d\nsilence: keep\n"
	if change != nil {
		text = change(text)
	}
	c, err := r.Create(r.t.Context(), r.parse(text), r.seen(facts...), func(string) bool { return false }, "W-6")
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// opened creates a campaign and assigns it.
func (r *room) opened(change func(string) string) access.Campaign {
	r.t.Helper()
	c, _, err := r.Assign(r.t.Context(), r.frozen(change, r.usual()...))
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// item finds an item by its account and entitlement.
func (r *room) item(c access.Campaign, account, entitlement string) access.ReviewItem {
	r.t.Helper()
	items, err := r.Items(r.t.Context(), c)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, i := range items {
		if i.Account.ID == account && i.Entitlement.Name == entitlement {
			return i
		}
	}
	r.t.Fatalf("%s has no item of %s %s", c.ID, account, entitlement)
	return access.ReviewItem{}
}

func (r *room) claim(i access.ReviewItem, person string, verdict access.ReviewVerdict) review.Claim {
	return review.Claim{Campaign: i.Campaign, Items: []string{i.ID}, Person: person, Verdict: verdict, Channel: access.ChannelCLI, Reason: "looked at it"}
}

// decide must be taken.
func (r *room) decide(c review.Claim) []access.ReviewItem {
	r.t.Helper()
	_, items, err := r.Decide(r.t.Context(), c)
	if err != nil {
		r.t.Fatal(err)
	}
	return items
}

// refused gives why a claim is refused.
func (r *room) refused(c review.Claim) approve.RefusalKind {
	r.t.Helper()
	_, items, err := r.Decide(r.t.Context(), c)
	no, ok := errors.AsType[*approve.Refusal](err)
	if !ok || len(items) > 0 {
		r.t.Fatalf("not refused: %v, %v", items, err)
	}
	return no.Why
}

func (r *room) entries(kind ledger.Type, secret ...string) []string {
	r.t.Helper()
	list, err := remediatetest.Entries(r.t.Context(), r.dir, kind, secret...)
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}
