// Package orggen invents an organisation: its people with a two-year history, their accounts in six systems, and planted drift
// of every rule, together with the answer key that a run of Muster must reproduce.
//
// The organisation is a function of its seed, its size and the moment that it is looked at; equal options give equal files, byte
// for byte. Shuffle changes the order in which the files hold their rows and nothing else, so the answer key stays the same.
// Persons are made one at a time: memory is about ten bytes a person, four a group membership, and the findings.
//
// Nobody plants an incomplete snapshot (the files are whole) nor this host's accounts: the key holds neither
// snapshot-incomplete nor a finding of the system "host".
//
// Times are UTC. Generate may be called by several goroutines with different folders.
package orggen

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"muster/internal/orggen/answer"
	"muster/internal/orggen/draw"
	"muster/internal/orggen/export"
	"muster/internal/orggen/model"
	"muster/internal/orggen/policy"
)

// KeyFile is the name of the answer key in the organisation's folder.
const KeyFile = "expected-findings.json"

// What the bundles give, in grants for a thousand persons, and what one added entitlement a system adds: leavers have lost some.
const (
	naturalGrants = 7900
	bulkGrants    = 4800
)

// Options say which organisation to make.
type Options struct {
	Seed    int64
	Persons int       // 200 or more
	Dir     string    // folder of the files; made when it does not exist
	AsOf    time.Time // the moment of the exports; zero is DefaultAsOf
	Grants  int64     // how many grants to aim at; zero is what the bundles alone give, about eight a person
	Shuffle int64     // another order of arrival for every other number; zero is the natural order
	Host    bool      // the configuration also names this host as a system
	DataDir string    // data_dir of the configuration, relative to Dir; empty is ".muster"
}

// DefaultAsOf is the moment of the exports of the demo organisation.
func DefaultAsOf() time.Time { return time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC) }

// Summary says what was made.
type Summary struct {
	Persons      int64
	HRRows       int64
	Accounts     map[string]int64 // by system
	Grants       int64            // direct holdings, as the exports list them
	Entitlements int
	Findings     int
	ByRule       map[string]int
	ByScenario   map[string]int // how many persons play each planted part
}

// TotalAccounts adds the accounts of all systems.
func (s Summary) TotalAccounts() int64 {
	var n int64
	for _, c := range s.Accounts {
		n += c
	}
	return n
}

// generator is one organisation in the making.
type generator struct {
	teams      policy.Teams
	opt        Options
	today      time.Time
	staff      *staffing
	policy     *model.Policy
	files      *export.Files
	judge      *answer.Evaluator
	findings   []answer.Finding
	exceptions []model.Exception
	mitigated  []model.Mitigation
	mapped     []export.Mapping
	sum        Summary
}

// Generate writes the organisation's files, its configuration and its answer key into o.Dir.
func Generate(ctx context.Context, o Options) (Summary, error) {
	if o.Persons < 200 {
		return Summary{}, fmt.Errorf("generate organisation: %d persons are too few to plant every kind of drift; take 200 or more", o.Persons)
	}
	if o.AsOf.IsZero() {
		o.AsOf = DefaultAsOf()
	}
	o.AsOf = o.AsOf.UTC().Truncate(time.Second)
	g := &generator{opt: o, today: o.AsOf.Truncate(24 * time.Hour)}
	g.sum = Summary{Accounts: map[string]int64{}, ByRule: map[string]int{}, ByScenario: map[string]int{}}
	var err error
	if g.staff, err = newStaffing(o.Seed, o.Persons); err != nil {
		return Summary{}, fmt.Errorf("generate organisation: %w", err)
	}
	bulk := 0 // added entitlements for each department and system
	if extra := o.Grants*1000/int64(o.Persons) - naturalGrants; o.Grants > 0 && extra > 0 {
		bulk = int((extra + bulkGrants/2) / bulkGrants)
	}
	if g.policy, err = policy.Read(g.staff.depts, bulk); err != nil {
		return Summary{}, fmt.Errorf("generate organisation: %w", err)
	}
	g.judge = answer.New(g.policy, o.AsOf, g.staff.holders, func(f answer.Finding) { g.findings = append(g.findings, f) })
	if err := g.write(ctx); err != nil {
		return Summary{}, fmt.Errorf("generate organisation: %w", err)
	}
	for name, list := range g.staff.byPlant {
		g.sum.ByScenario[name] = len(list)
	}
	for _, f := range g.findings {
		g.sum.ByRule[f.Rule]++
	}
	g.sum.Findings, g.sum.Entitlements = len(g.findings), len(g.policy.Entitlements)
	return g.sum, nil
}

func (g *generator) write(ctx context.Context) (err error) {
	order := append([]*model.Entitlement(nil), g.policy.Entitlements...)
	persons := make([]uint32, g.opt.Persons)
	for i := range persons {
		persons[i] = uint32(i)
	}
	if g.opt.Shuffle != 0 {
		draw.Shuffle(draw.New(g.opt.Shuffle, "order", 0), persons)
		draw.Shuffle(draw.New(g.opt.Shuffle, "groups", 0), order)
	}
	g.files, err = export.Open(export.Options{Dir: g.opt.Dir, Policy: g.policy, Order: order,
		UUID: func(kind string, n uint64) string { return draw.UUID(g.opt.Seed, kind, n) }})
	if err != nil {
		return err
	}
	if g.opt.Shuffle%2 != 0 {
		g.writeOthers()
	}
	for n, i := range persons {
		if n%1024 == 0 && ctx.Err() != nil {
			return errors.Join(ctx.Err(), g.files.Close())
		}
		g.writePerson(int(i))
	}
	if g.opt.Shuffle%2 == 0 {
		g.writeOthers()
	}
	if err := g.files.Close(); err != nil {
		return err
	}
	answer.Sort(g.findings)
	if err := answer.WriteFile(filepath.Join(g.opt.Dir, KeyFile), g.findings); err != nil {
		return err
	}
	return g.files.Configuration(export.Config{AsOf: g.opt.AsOf, Baseline: g.baseline(), DataDir: g.opt.DataDir, Head: workerID(0), Host: g.opt.Host,
		Mapped: g.mapped, Teams: g.teams.List(), Exceptions: g.exceptions, Mitigations: g.mitigated})
}

// writePerson makes, judges and writes one person with their accounts.
func (g *generator) writePerson(i int) {
	p := g.planted(i)
	g.teams.Add(p.Person)
	g.provision(p, draw.New(g.opt.Seed, "accounts", uint64(i)))
	if part, ok := g.staff.planted[i]; ok && part.drift != nil {
		part.drift(g, p, part.k)
	}
	for _, a := range p.Accounts {
		g.settle(a)
	}
	g.judge.Person(p)
	g.files.Person(p)
	g.sum.Persons++
	g.sum.HRRows++
	if p.Defects.DuplicateRow {
		g.sum.HRRows++
	}
	for _, a := range p.Accounts {
		g.account(a)
		if a.Keys.Map != model.Nobody {
			g.mapped = append(g.mapped, export.Mapping{System: a.System.String(), Account: a.ID, Person: p.ID})
		}
	}
	g.exceptions = append(g.exceptions, p.Excepted...)
	g.mitigated = append(g.mitigated, p.Mitigated...)
}

func (g *generator) writeOthers() {
	g.eachOther(func(a *model.Account) {
		g.settle(a)
		g.judge.Account(a)
		g.exceptions = append(g.exceptions, a.Excepted...)
		g.account(a)
	})
}

// settle decides what the older export says of an account, unless its scenario did: the same, when the account existed. Young
// accounts that hold little are not in it.
func (g *generator) settle(a *model.Account) {
	if !a.System.HasBaseline() || a.InBaseline {
		return
	}
	a.InBaseline = a.CreatedAt.Before(g.baseline()) || len(answer.Closure(a, g.opt.AsOf)) >= 5
	a.Before = a.Grants
}

// baseline is the moment of the older exports.
func (g *generator) baseline() time.Time { return g.opt.AsOf.AddDate(0, 0, -7) }

func (g *generator) account(a *model.Account) {
	g.sum.Accounts[a.System.String()]++
	g.sum.Grants += int64(len(a.Grants))
	g.files.Account(a)
}
