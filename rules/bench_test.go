package rules

import (
	"fmt"
	"testing"

	"muster/internal/access"
)

// benchFacts is a person as most are: five accounts with ten entitlements each, all expected, nothing wrong.
func benchFacts() *access.PersonFacts {
	f := one(person(nil))
	for i := range 5 {
		a := account(func(a *access.AccountFacts) { a.ID, a.Name = fmt.Sprint(i), fmt.Sprintf("mlind%d", i) })
		for j := range 10 {
			a.Grants = append(a.Grants, grant(fmt.Sprintf("ROLE_%02d", j), func(g *access.GrantFacts) { g.Expected = true }))
		}
		f.Accounts = append(f.Accounts, a)
	}
	return f
}

func quiet(b *testing.B) func(Hit) error {
	return func(h Hit) error {
		b.Fatalf("a finding in clean facts: %+v", h.Finding)
		return nil
	}
}

// BenchmarkPerson judges all rules on a person with five accounts and fifty grants that break none.
func BenchmarkPerson(b *testing.B) {
	e, f := builtin(b).Evaluator(testEnv(b)), benchFacts()
	emit := quiet(b)
	b.ReportAllocs()
	for b.Loop() {
		f.Functions = nil
		if err := e.Evaluate(f, emit); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/50, "ns/grant")
}

// BenchmarkRule judges each rule alone; ns/ask is one account, grant or person.
func BenchmarkRule(b *testing.B) {
	for _, r := range builtin(b).Rules() {
		b.Run(r.ID, func(b *testing.B) {
			e, f := builtin(b).Evaluator(testEnv(b)), benchFacts()
			for _, list := range []*[]*asked{&e.persons, &e.account, &e.grants, &e.systems} {
				var kept []*asked
				for _, a := range *list {
					if a.rule.ID == r.ID {
						kept = append(kept, a)
					}
				}
				*list = kept
			}
			e.fill(f)
			emit := quiet(b)
			b.ReportAllocs()
			for b.Loop() {
				if err := e.Evaluate(f, emit); err != nil {
					b.Fatal(err)
				}
				if r.Scope == access.ScopeSystem {
					if err := e.EvaluateSystem(e.env.Systems["erp"], emit); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(e.Stats()[r.ID].Evaluated), "ns/ask")
		})
	}
}

// BenchmarkHit makes a finding with its evidence.
func BenchmarkHit(b *testing.B) {
	e := builtin(b).Evaluator(testEnv(b))
	f := one(person(func(p *access.Person) { p.Status = access.StatusTerminated; p.EndDate = date("2026-11-20") }), account(nil))
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Evaluate(f, func(Hit) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoad reads and checks the built-in pack.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		docs, err := Builtin()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Load(docs, nil); err != nil {
			b.Fatal(err)
		}
	}
}
