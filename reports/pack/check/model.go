package check

import (
	"bytes"
	"fmt"

	"muster/reports/evidence"
	"muster/reports/kinds"
	"muster/reports/pack"
)

// mostValues bounds the objects and lists of evidence.json, of which each takes many times its two bytes in memory.
const mostValues = 2_000_000

// withPseudonyms ends the subject of a pack for outside.
const withPseudonyms = ", with pseudonyms"

func (c *check) model(s *Step) error {
	text, err := c.a.ReadFile(pack.EvidenceFile)
	if err == nil && bytes.Count(text, []byte("{"))+bytes.Count(text, []byte("[")) > mostValues {
		err = fmt.Errorf("it has more than %d objects and lists", mostValues)
	}
	var f evidence.File
	if err == nil {
		f, err = evidence.Decode(text)
	}
	if err != nil {
		return finish(s, []string{pack.EvidenceFile + ": " + err.Error()}, "")
	}
	c.modelOK = true
	c.report.File, c.report.Pack, c.report.Run = f, f.Pack, f.Run.ID
	problems, err := c.form(f, text)
	if err != nil {
		problems = append(problems, fmt.Sprintf("%s: %v", pack.EvidenceFile, err))
	}
	return finish(s, problems, "pack %s of run %s, %s", f.Pack, f.Run.ID, f.Organisation)
}

// form checks that the model is one of a kind that there is, in the one form that Muster writes, and that what it is about fits together.
func (c *check) form(f evidence.File, text []byte) (problems []string, err error) {
	if c.kind, err = kinds.Find(f.Kind); err != nil {
		return nil, err
	}
	if c.detail, err = c.kind.Detail(f); err != nil {
		return nil, err
	}
	if again, err := kinds.Encode(f, c.detail); err != nil || !bytes.Equal(again, text) {
		return []string{pack.EvidenceFile + ": is not as Muster writes it"}, err
	}
	say := func(format string, args ...any) {
		problems = append(problems, pack.EvidenceFile+": "+fmt.Sprintf(format, args...))
	}
	if want := pack.ID(f.Kind, f.Run.ID, f.Subject); f.Pack != want {
		say("it is pack %s, what it is about makes it %s", f.Pack, want)
	}
	switch scope, inside := f.Scope, f.Scope.Redacted == nil; {
	case !c.kind.Person && len(scope.Persons) > 0:
		say("a pack of the kind %s holds all persons of its run, its scope is %d of them", f.Kind, len(scope.Persons))
	case !c.kind.Person && len(scope.Inputs)+len(scope.Quality) > 0, scope.Whole() && scope.Findings != 0:
		say("its scope is all of its run, and carries what only a part needs")
	case c.kind.Person && (len(scope.Persons) != 1 || inside && scope.Persons[0] != f.Subject):
		say("it is about %q, its scope is %q", f.Subject, scope.Persons)
	case c.kind.Run && inside && f.Subject != f.Run.ID, c.kind.Run && !inside && f.Subject != f.Run.ID+withPseudonyms:
		say("it is about %q, its run is %s", f.Subject, f.Run.ID)
	}
	return problems, nil
}
