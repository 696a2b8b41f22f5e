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
	"muster/internal/reconcile/reperform/relink"
	"muster/internal/reconcile/seeded"
	"muster/reports/evidence"
	"muster/reports/kinds"
	"muster/reports/pack"
	"muster/reports/pack/check"
	"muster/rules"
)

// most is how many differences of one step are told, and kept is how many are held to find the first ones of.
const most, kept = 20, 10_000

// Steps performs the run of a pack again and says what came out, as steps of check.Verify. files is the pack; file its model.
func Steps(ctx context.Context, files fs.FS, file evidence.File) []check.Step {
	again := &performance{ctx: ctx, files: files, file: file}
	var steps []check.Step
	for _, s := range again.steps() {
		step := check.Step{Name: s.name}
		out, err := s.run()
		if err != nil {
			again.differ("%v", err)
		}
		switch told := again.told(); {
		case len(told) > 0:
			step.State, step.Details = check.Differs, told
		case out.why != "":
			step.Skip(out.why)
		default:
			step.State = check.Verified
		}
		if out.said != "" {
			step.Details = append(step.Details, out.said)
		}
		if steps = append(steps, step); err != nil {
			break // the next steps rest on it
		}
	}
	return steps
}

// outcome is what came of a step: what was done, and why something of it could not be.
type outcome struct{ said, why string }

// step is one step of a performance.
type step struct {
	name string
	run  func() (outcome, error)
}

// The names of the steps.
const (
	inputsStep  = "inputs: the rules are those of the run"
	recordsStep = "populations: the tables hold the records of the snapshots"
	linksStep   = "links: every account is linked again"
	expectStep  = "expectations: what each profile should hold is worked out again"
	judgeStep   = "re-performance: the rules judge again"
)

func (p *performance) steps() []step {
	if p.file.Scope.Redacted != nil {
		return p.unnamed()
	}
	all := []step{{inputsStep, p.load}, {recordsStep, p.populations}, {linksStep, p.link}, {expectStep, p.expect}}
	switch p.file.Kind {
	case kinds.SoD:
		all = append(all, step{"seeded: rules of conflicts fire where they should, and nowhere else", p.seeded})
	case kinds.AccessReview:
		all = append(all, step{"reviewed: each item is what the run saw", p.reviewed})
	}
	return append(all, step{judgeStep, p.judge})
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

// differ notes a difference. Of very many those that come first by their words are kept, so that they are the same each time.
func (p *performance) differ(format string, args ...any) {
	if p.differences = append(p.differences, fmt.Sprintf(format, args...)); len(p.differences) > 2*kept {
		slices.Sort(p.differences)
		p.more += len(p.differences) - kept
		p.differences = p.differences[:kept]
	}
}

// told gives the first of the differences that were noted since it was called last, by their words, and how many more there are.
func (p *performance) told() []string {
	slices.Sort(p.differences)
	out, n := p.differences, len(p.differences)+p.more
	if len(out) > most {
		out = append(out[:most:most], fmt.Sprintf("and %d more", n-most))
	}
	p.differences, p.more = nil, 0
	return out
}

// part says why what rests on all of a run cannot be worked out from a part of it; empty for the whole.
func (p *performance) part() string {
	if p.file.Scope.Whole() {
		return ""
	}
	return strings.TrimPrefix(p.file.Scope.Unchecked(), "not checked: ")
}

func (p *performance) load() (outcome, error) {
	folder, err := fs.Sub(p.files, strings.TrimSuffix(pack.InputFolder, "/"))
	if err != nil {
		return outcome{}, err
	}
	if p.in, err = inputs.Read(folder); err != nil {
		return outcome{}, fmt.Errorf("%s: %w", pack.InputFolder, err)
	}
	if sum := p.in.Set.Digest(); sum != p.file.Run.RulesSHA256 {
		p.differ("%s: the rules have the digest %s, the run's had %s", pack.InputFolder, sum, p.file.Run.RulesSHA256)
	}
	if !p.in.AsOf.Equal(p.file.Run.AsOf) {
		p.differ("%s%s: the clock is %s, the run's was %s", pack.InputFolder, inputs.SettingsFile, p.in.AsOf, p.file.Run.AsOf)
	}
	p.systems, p.previous = systems(p.file)
	p.world = empty(p.systems, p.previous)
	if err := p.world.read(p.files); err != nil {
		return outcome{}, err
	}
	p.carry()
	if err := p.says(); err != nil {
		return outcome{}, err
	}
	if err := p.tables(); err != nil {
		return outcome{}, err
	}
	out := outcome{said: fmt.Sprintf("%d rules, %d bundles, %d persons, %d accounts", len(p.in.Set.Rules()), len(p.in.Given.All()), len(p.world.persons), len(p.world.accounts))}
	if cut := p.file.Scope.Inputs; len(cut) > 0 {
		out.why = p.part()
		out.said += "; cut down to these persons are " + strings.Join(cut, ", ")
	}
	return out, p.ctx.Err()
}

// populations computes the digest of every snapshot that the run reasoned from out of the tables, and compares it with the one that the model
// has, which is the one on the ledger.
func (p *performance) populations() (outcome, error) {
	for _, wrong := range p.world.wrong {
		p.differ("%s", wrong)
	}
	p.counted()
	if why := p.part(); why != "" {
		return outcome{said: "the snapshots' digests do not follow from rows of a part", why: why}, p.ctx.Err()
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
		if have != s.Used.Digest {
			p.differ("annexes: the records of snapshot %s of %s have the digest %s, the snapshot has %s", s.Used.ID, s.Name, have, s.Used.Digest)
		}
	}
	var held collectors.Digest
	for at, count := range p.world.previous {
		held.Fact(at.system, at.id, strconv.Itoa(count))
	}
	if sum := held.String(); sum != p.file.Run.Previous {
		p.differ("annexes/previous.csv: its rows have the digest %s, the run had %s", sum, p.file.Run.Previous)
	}
	return outcome{said: fmt.Sprintf("%d snapshots", n)}, p.ctx.Err()
}

func (p *performance) link() (outcome, error) {
	if !p.file.Scope.Whole() {
		return p.linked()
	}
	var persons []relink.Person
	for _, x := range p.world.persons {
		persons = append(persons, x.keys)
	}
	l := relink.New(p.in, persons)
	var want [][]string
	for _, a := range p.world.accounts {
		have, ok := p.world.links[accountKey{a.System, a.ID}]
		a.Link = l.Link(&a.Account)
		if ok && !relink.Same(have, a.Link) {
			p.differ("annexes/links.csv: account %s/%s (%s) is %s %s by %q, linked again it is %s %s by %q", a.System, a.Name, a.ID, have.Result, have.PersonID, have.Evidence,
				a.Link.Result, a.Link.PersonID, a.Link.Evidence)
		}
		want = append(want, []string{a.System, a.ID, string(a.Link.Result), a.Link.PersonID, string(a.Link.Key), list(a.Link.Evidence), a.SnapshotID})
	}
	err := p.again("links", 2, want)
	return outcome{said: fmt.Sprintf("%d accounts", len(p.world.accounts))}, errors.Join(err, p.ctx.Err())
}

// expect matches the bundles with every profile and compares what they give. Everyone of a profile must have the same values in the fields
// that the bundles read.
func (p *performance) expect() (outcome, error) {
	p.book = expect.NewBook(p.in.Given, p.in.AsOf)
	p.book.Personal, p.book.Revoked = p.in.Personal, p.in.Revoked
	first := map[string]*person{}
	for _, x := range p.world.persons {
		one, known := first[x.profile]
		if !known {
			first[x.profile] = x
			number, err := profile(x)
			if err != nil {
				return outcome{}, err
			}
			if err := p.book.Learn(number, x.Person); err != nil {
				return outcome{}, err
			}
			continue
		}
		for _, name := range p.in.Given.Fields() {
			if field(&x.Person, name) != field(&one.Person, name) {
				p.differ("annexes/persons.csv: %s and %s have profile %s and not the same %s", one.ID, x.ID, x.profile, name)
			}
		}
	}
	if err := p.profiles(first); err != nil {
		return outcome{}, err
	}
	var want [][]string
	err := p.book.Each(func(number uint64, given []access.Expectation) error {
		for _, x := range given {
			var basis, until []string
			for _, b := range x.Basis {
				basis, until = append(basis, b.Kind+" "+b.Name), append(until, milli(b.Until))
			}
			want = append(want, []string{strconv.FormatUint(number, 10), x.Ref.System, x.Ref.Name, list(basis), "[" + strings.Join(until, ",") + "]"})
		}
		return nil
	})
	if err == nil {
		err = p.again("expectations", 3, want)
	}
	return outcome{said: fmt.Sprintf("%d profiles, %d expectations", len(first), len(want))}, errors.Join(err, p.ctx.Err())
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

// seeded lets the rules of conflicts judge the invented persons again.
func (p *performance) seeded() (outcome, error) {
	n, differs, err := seeded.Again(p.files, p.in)
	if differs != "" {
		p.differ("%s", differs)
	}
	return outcome{said: fmt.Sprintf("%d tests", n)}, err
}

// judge lets the rules judge and compares findings and counts.
func (p *performance) judge() (outcome, error) {
	byName := map[string]*access.SystemFacts{}
	for i := range p.systems {
		byName[p.systems[i].Name] = &p.systems[i]
	}
	env := rules.Env{Now: p.in.AsOf, Systems: byName, Bundles: p.in.Given, Matrix: p.in.Matrix, Exceptions: p.in.Excepts.With(p.in.Accepted...)}
	a := &assess.Assessor{Systems: p.systems, Rules: p.in.Set, Evaluator: p.in.Set.Evaluator(env), Filler: p.world.filler(p.in, p.systems, p.book)}
	if p.file.Scope.Whole() {
		if err := a.Sources(); err != nil {
			return outcome{}, err
		}
	} else {
		a.Elsewhere = elsewhere(p.file)
	}
	for _, f := range p.world.assemble(p.systems, p.previous) {
		number := uint64(0)
		if f.Person != nil {
			var err error
			if number, err = profile(p.world.byID[f.Person.ID]); err != nil {
				return outcome{}, err
			}
		}
		if err := errors.Join(a.Judge(f, number, nil, nil), p.ctx.Err()); err != nil {
			return outcome{}, err
		}
	}
	before := map[string]access.Finding{}
	if err := p.findings(pack.BeforeAnnex, before); err != nil {
		return outcome{}, err
	}
	if err := p.stood(before); err != nil {
		return outcome{}, err
	}
	told := map[string]access.Finding{}
	if err := p.findings(pack.FindingsAnnex, told); err != nil {
		return outcome{}, err
	}
	run := access.Run{ID: p.file.Run.ID, AsOf: p.in.AsOf}
	v, err := a.Settle(run, before)
	if err != nil {
		return outcome{}, err
	}
	differ := p.compare(v.Findings, told)
	if !p.file.Scope.Whole() {
		return outcome{fmt.Sprintf("re-performed: %d findings, %d differ; the run's counts are of all persons", len(v.Findings), differ), p.part()}, nil
	}
	p.counts(v)
	return outcome{said: fmt.Sprintf("re-performed: %d findings, %d differ", len(v.Findings), differ)}, nil
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
		if _, twice := into[x.Fingerprint]; twice {
			return fmt.Errorf("finding %s is in it twice", x.ID)
		}
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
