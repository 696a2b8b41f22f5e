package reperform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"muster/internal/reconcile/inputs"
	"muster/internal/sheet"
	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/rules/vocabulary"
)

// says compares what the model says of rules, bundles and accepted risks with the inputs that they come from. Where a rule's file lay, and how often
// it was asked, is not among them. Of a pack that holds some persons accepted risks are cut down to theirs.
func (p *performance) says() error {
	names := map[string]string{}
	for _, m := range p.file.Mitigations {
		if x := p.world.byID[m.Person]; x != nil {
			names[m.Person] = vocabulary.PersonName(&x.Person)
		}
	}
	said := slices.Clone(p.file.Rules)
	for i := range said {
		said[i].File, said[i].Evaluated, said[i].Errors = "", 0, 0
	}
	again := inputs.Rules(p.in.Set, nil)
	for i := range again {
		again[i].File = ""
	}
	type compared struct {
		what       string
		said, from any
	}
	all := []compared{{"rules", said, again}, {"bundles", p.file.Bundles, inputs.Bundles(p.in.Given)}}
	if p.file.Scope.Whole() {
		all = append(all, compared{"exceptions", p.file.Exceptions, inputs.Exceptions(p.in.Excepts)}, compared{"mitigations", p.file.Mitigations, inputs.Mitigations(p.in.Matrix, names)})
	}
	for _, one := range all {
		x, errX := json.Marshal(one.said)
		y, errY := json.Marshal(one.from)
		if err := errors.Join(errX, errY); err != nil {
			return err
		}
		if !bytes.Equal(x, y) {
			p.differ("%s: its %s are not those of the inputs", pack.EvidenceFile, one.what)
		}
	}
	return nil
}

// tables makes the two tables again that only repeat the model.
func (p *performance) tables() error {
	var sources []evidence.Source
	for _, s := range p.file.Sources {
		sources = append(sources, evidence.Source{System: s.Facts(), Previous: s.Previous.Snapshot(s.Name)})
	}
	for _, t := range []struct {
		name string
		fill func(*sheet.Table) error
	}{
		{pack.SnapshotsAnnex, func(t *sheet.Table) error { return pack.SnapshotsTable(t, sources) }},
		{pack.CountsAnnex, func(t *sheet.Table) error { return pack.CountsTable(t, p.file.Run.Counts) }},
	} {
		var again bytes.Buffer
		table := sheet.NewTable(&again)
		if err := t.fill(table); err != nil {
			return err
		}
		if _, err := table.Close(); err != nil {
			return err
		}
		have, err := fs.ReadFile(p.files, t.name)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		if !bytes.Equal(have, again.Bytes()) {
			p.differ("%s: it is not what %s says", t.name, pack.EvidenceFile)
		}
	}
	return nil
}
