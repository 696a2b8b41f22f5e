package reperform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"muster/collectors"
	"muster/internal/access"
	"muster/internal/reconcile/assess"
	"muster/internal/reconcile/expect"
	"muster/internal/reconcile/inputs"
	"muster/internal/reconcile/seeded"
	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/reports/pack/check"
	"muster/rules"
)

// most is how many differences of one kind are told.
const most = 20

// Steps performs the run of a pack again and says what came out, as steps of check.Verify. files is the pack; file its model.
func Steps(ctx context.Context, files fs.FS, file evidence.File) []check.Step {
	if file.Scope.Redacted != nil {
		return []check.Step{{Name: "re-performance: the rules judge again", OK: true, Details: []string{"not performed, since people have pseudonyms here; perform the pack with names, " + file.Scope.Redacted.Of + ", inside"}}}
	}
	again := &performance{ctx: ctx, files: files, file: file}
	var steps []check.Step
	all := []struct {
		name string
		run  func() (string, error)
	}{
		{"inputs: the rules are those of the run", again.load},
		{"populations: the tables hold the records of the snapshots", again.populations},
		{"links: every account is linked again", again.link},
		{"expectations: what each profile should hold is worked out again", again.expect},
		{"re-performance: the rules judge again", again.judge},
	}
	if file.Kind == "sod" {
		all = slices.Insert(all, len(all)-1, struct {
			name string
			run  func() (string, error)
		}{"seeded: rules of conflicts fire where they should, and nowhere else", again.seeded})
	}
	for _, s := range all {
		step := check.Step{Name: s.name}
		said, err := s.run()
		step.OK, step.Details = err == nil && len(again.differences) == 0, again.differences
		if again.more > 0 {
			step.Details = append(step.Details, fmt.Sprintf("and %d more", again.more))
		}
		if err != nil {
			step.Details = append(step.Details, err.Error())
		}
		if said != "" {
			step.Details = append(step.Details, said)
		}
		again.differences, again.more = nil, 0
		if steps = append(steps, step); err != nil {
			break // the next steps rest on it
		}
	}
	return steps
}

// performance is one re-performance under way.
type performance struct {
	ctx      context.Context
	files    fs.FS
	file     evidence.File
	in       *inputs.Inputs
	world    *population
	systems  []access.SystemFacts
	previous map[string]access.Snapshot
	book     *expect.Book

	differences []string
	more        int
}

func (p *performance) differ(format string, args ...any) {
	if len(p.differences) == most {
		p.more++
		return
	}
	p.differences = append(p.differences, fmt.Sprintf(format, args...))
}

func (p *performance) load() (string, error) {
	folder, err := fs.Sub(p.files, strings.TrimSuffix(pack.InputFolder, "/"))
	if err != nil {
		return "", err
	}
	if p.in, err = inputs.Read(folder); err != nil {
		return "", fmt.Errorf("%s: %w", pack.InputFolder, err)
	}
	if sum := p.in.Set.Digest(); sum != p.file.Run.RulesSHA256 {
		p.differ("%s: the rules have the digest %s, the run's had %s", pack.InputFolder, sum, p.file.Run.RulesSHA256)
	}
	if !p.in.AsOf.Equal(p.file.Run.AsOf) {
		p.differ("%s%s: the clock is %s, the run's was %s", pack.InputFolder, inputs.SettingsFile, p.in.AsOf, p.file.Run.AsOf)
	}
	p.systems, p.previous = systems(p.file)
	if p.world, err = read(p.files); err != nil {
		return "", err
	}
	p.carry()
	if p.file.Scope.Whole() {
		if err := p.told(); err != nil {
			return "", err
		}
	}
	if err := p.tables(); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d rules, %d bundles, %d persons, %d accounts", len(p.in.Set.Rules()), len(p.in.Given.All()), len(p.world.persons), len(p.world.accounts)), p.ctx.Err()
}

// populations computes the digest of every snapshot that the run reasoned from out of the tables, and compares it with the one that the model
// has, which is the one on the ledger.
func (p *performance) populations() (string, error) {
	if !p.file.Scope.Whole() {
		return p.file.Scope.Unchecked() + ", so that the snapshots' digests do not follow from its rows", nil
	}
	n := 0
	for _, s := range p.systems {
		if s.Used.ID == "" {
			continue
		}
		n++
		have := (&collectors.Digest{}).String()
		if d := p.world.digests[s.Used.ID]; d != nil {
			have = d.String()
		}
		delete(p.world.digests, s.Used.ID)
		if have != s.Used.Digest {
			p.differ("annexes: the records of snapshot %s of %s have the digest %s, the snapshot has %s", s.Used.ID, s.Name, have, s.Used.Digest)
		}
	}
	for id := range p.world.digests {
		if !p.read(id) {
			p.differ("annexes: there are records of snapshot %s, which the run did not reason from", id)
		}
	}
	var held collectors.Digest
	for at, count := range p.world.previous {
		held.Fact(at.system, at.id, strconv.Itoa(count))
	}
	if sum := held.String(); sum != p.file.Run.Previous {
		p.differ("annexes/previous.csv: its rows have the digest %s, the run had %s", sum, p.file.Run.Previous)
	}
	return fmt.Sprintf("%d snapshots", n), p.ctx.Err()
}

// read reports whether a snapshot was read or compared with: its rejections are in the pack too.
func (p *performance) read(id string) bool {
	for _, s := range p.systems {
		if s.Tonight.ID == id || p.previous[s.Name].ID == id {
			return true
		}
	}
	return false
}

func (p *performance) link() (string, error) {
	if !p.file.Scope.Whole() {
		return p.linked()
	}
	l := newLinker(p.in, p.world.persons)
	for _, a := range p.world.accounts {
		have, ok := p.world.links[accountKey{a.System, a.ID}]
		delete(p.world.links, accountKey{a.System, a.ID})
		a.Link = l.link(&a.Account)
		switch {
		case !ok:
			p.differ("annexes/links.csv: account %s/%s (%s) has no link", a.System, a.Name, a.ID)
		case !sameLink(have, a.Link):
			p.differ("annexes/links.csv: account %s/%s (%s) is %s %s by %q, linked again it is %s %s by %q", a.System, a.Name, a.ID, have.Result, have.PersonID, have.Evidence,
				a.Link.Result, a.Link.PersonID, a.Link.Evidence)
		}
	}
	for key := range p.world.links {
		p.differ("annexes/links.csv: there is no account %s/%s", key.system, key.id)
	}
	return fmt.Sprintf("%d accounts", len(p.world.accounts)), p.ctx.Err()
}

// expect matches the bundles with every profile and compares what they give. Everyone of a profile must have the same values in the fields
// that the bundles read.
func (p *performance) expect() (string, error) {
	p.book = expect.NewBook(p.in.Given, p.in.AsOf)
	p.book.Personal, p.book.Revoked = p.in.Personal, p.in.Revoked
	first := map[string]*person{}
	for _, x := range p.world.persons {
		one, known := first[x.profile]
		if !known {
			first[x.profile] = x
			number, err := profile(x)
			if err != nil {
				return "", err
			}
			if err := p.book.Learn(number, x.Person); err != nil {
				return "", err
			}
			continue
		}
		for _, name := range p.in.Given.Fields() {
			if field(&x.Person, name) != field(&one.Person, name) {
				p.differ("annexes/persons.csv: %s and %s have profile %s and not the same %s", one.ID, x.ID, x.profile, name)
			}
		}
	}
	if p.file.Scope.Whole() {
		if err := p.profiles(first); err != nil {
			return "", err
		}
	}
	told, err := p.expectations()
	if err != nil {
		return "", err
	}
	n := 0
	err = p.book.Each(func(number uint64, list []access.Expectation) error {
		for _, x := range list {
			n++
			key := key(number, x.Ref)
			var basis []string
			for _, b := range x.Basis {
				basis = append(basis, b.Kind+" "+b.Name)
			}
			have, ok := told[key]
			delete(told, key)
			if !ok || !slices.Equal(have, basis) {
				p.differ("annexes/expectations.csv: profile %s expects %s from %q, worked out again from %q", key[0], x.Ref, have, basis)
			}
		}
		return nil
	})
	for key, basis := range told {
		p.differ("annexes/expectations.csv: profile %s expects %s/%s from %q, worked out again it does not", key[0], key[1], key[2], basis)
	}
	return fmt.Sprintf("%d profiles, %d expectations", len(first), n), errors.Join(err, p.ctx.Err())
}

func profile(x *person) (uint64, error) {
	if x.profile == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(x.profile, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("annexes/persons.csv: profile of %s: %w", x.ID, err)
	}
	return n, nil
}

// expectations are those of the pack: profile, system and entitlement to their bases.
func (p *performance) expectations() (map[[3]string][]string, error) {
	told := map[[3]string][]string{}
	err := each(p.files, "expectations", []string{"profile", "system", "entitlement", "basis"}, func(r *row) error {
		told[[3]string{r.text("profile"), r.text("system"), r.text("entitlement")}] = r.strings("basis")
		return nil
	})
	return told, err
}

// seeded lets the rules of conflicts judge the invented persons again.
func (p *performance) seeded() (string, error) {
	n, differs, err := seeded.Again(p.files, p.in)
	if differs != "" {
		p.differ("%s", differs)
	}
	return fmt.Sprintf("%d tests", n), err
}

// judge lets the rules judge and compares findings and counts.
func (p *performance) judge() (string, error) {
	byName := map[string]*access.SystemFacts{}
	for i := range p.systems {
		byName[p.systems[i].Name] = &p.systems[i]
	}
	env := rules.Env{Now: p.in.AsOf, Systems: byName, Bundles: p.in.Given, Matrix: p.in.Matrix, Exceptions: p.in.Excepts.With(p.in.Accepted...)}
	a := &assess.Assessor{Systems: p.systems, Rules: p.in.Set, Evaluator: p.in.Set.Evaluator(env), Filler: p.world.filler(p.in, p.systems, p.book)}
	if p.file.Scope.Whole() {
		if err := a.Sources(); err != nil {
			return "", err
		}
	} else {
		a.Elsewhere = elsewhere(p.file)
	}
	for _, f := range p.world.assemble(p.systems, p.previous) {
		number := uint64(0)
		if f.Person != nil {
			var err error
			if number, err = profile(p.world.byID[f.Person.ID]); err != nil {
				return "", err
			}
		}
		if err := errors.Join(a.Judge(f, number, nil, nil), p.ctx.Err()); err != nil {
			return "", err
		}
	}
	before := map[string]access.Finding{}
	if err := p.findings(pack.BeforeAnnex, before); err != nil {
		return "", err
	}
	if err := p.stood(before); err != nil {
		return "", err
	}
	told := map[string]access.Finding{}
	if err := p.findings(pack.FindingsAnnex, told); err != nil {
		return "", err
	}
	run := access.Run{ID: p.file.Run.ID, AsOf: p.in.AsOf}
	v, err := a.Settle(run, before)
	if err != nil {
		return "", err
	}
	differ := p.compare(v.Findings, told)
	if !p.file.Scope.Whole() {
		return fmt.Sprintf("re-performed: %d findings, %d differ; the run's counts: %s", len(v.Findings), differ, p.file.Scope.Unchecked()), nil
	}
	p.counts(v)
	return fmt.Sprintf("re-performed: %d findings, %d differ", len(v.Findings), differ), nil
}

// stood compares the digest of the findings that stood when the run began.
func (p *performance) stood(before map[string]access.Finding) error {
	var sum collectors.Digest
	for _, f := range before {
		row, err := pack.FindingRow(f)
		if err != nil {
			return err
		}
		sum.Fact(row...)
	}
	if p.file.Scope.Whole() && sum.String() != p.file.Run.Before {
		p.differ("%s: its rows have the digest %s, the run had %s", pack.BeforeAnnex, sum.String(), p.file.Run.Before)
	}
	return nil
}

func (p *performance) findings(name string, into map[string]access.Finding) error {
	f, err := p.files.Open(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	err = pack.ReadFindings(f, func(x access.Finding) error {
		into[x.Fingerprint] = x
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// compare names the findings that are not the same, and by which column.
func (p *performance) compare(again []access.Finding, told map[string]access.Finding) (n int) {
	for _, f := range again {
		have, ok := told[f.Fingerprint]
		delete(told, f.Fingerprint)
		if !ok {
			n++
			p.differ("%s: %s (%s, %s in %s) is not in it, and comes out again", pack.FindingsAnnex, f.ID, f.Rule, f.Subject, f.System)
			continue
		}
		x, errX := pack.FindingRow(have)
		y, errY := pack.FindingRow(f)
		if errX != nil || errY != nil {
			p.differ("%s: %s: %v", pack.FindingsAnnex, f.ID, errors.Join(errX, errY))
		}
		for i, column := range pack.FindingColumns() {
			if x[i] != y[i] {
				n++
				p.differ("%s: %s: %s is %s, and comes out as %s", pack.FindingsAnnex, f.ID, column, short(x[i]), short(y[i]))
				break
			}
		}
	}
	for _, f := range told {
		n++
		p.differ("%s: %s (%s, %s in %s) does not come out again", pack.FindingsAnnex, f.ID, f.Rule, f.Subject, f.System)
	}
	return n
}

func short(s string) string {
	const limit = 200
	if runes := []rune(s); len(runes) > limit {
		s = string(runes[:limit]) + "…"
	}
	text, _ := json.Marshal(s) // text always encodes
	return string(text)
}

// counts compares what the model says of the run.
func (p *performance) counts(v assess.Verdict) {
	if v.Suppressed != p.file.Run.Suppressed {
		p.differ("%s: %d hits were not raised, %d come out again", pack.EvidenceFile, p.file.Run.Suppressed, v.Suppressed)
	}
	if !slices.Equal(v.Counts, p.file.Run.Counts) {
		p.differ("%s: the counts by rule and system do not come out again", pack.EvidenceFile)
	}
	for _, r := range p.file.Rules {
		if s := v.Stats[r.ID]; s.Evaluated != r.Evaluated || s.Errors != r.Errors {
			p.differ("%s: rule %s was asked %d times with %d errors, again %d and %d", pack.EvidenceFile, r.ID, r.Evaluated, r.Errors, s.Evaluated, s.Errors)
		}
	}
}
