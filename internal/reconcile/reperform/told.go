package reperform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"muster/internal/access"
	"muster/internal/reconcile/inputs"
	"muster/internal/sheet"
	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/rules/vocabulary"
)

// told compares what the model says of rules, bundles and accepted risks with the inputs that they come from. Where a rule's file lay, and how often
// it was asked, is not among them.
func (p *performance) told() error {
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
	for _, one := range []struct {
		what       string
		said, from any
	}{
		{"rules", said, again},
		{"bundles", p.file.Bundles, inputs.Bundles(p.in.Given)},
		{"exceptions", p.file.Exceptions, inputs.Exceptions(p.in.Excepts)},
		{"mitigations", p.file.Mitigations, inputs.Mitigations(p.in.Matrix, names)},
	} {
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

// profiles compares the table of profiles with the persons: how many have each, and with which values.
func (p *performance) profiles(first map[string]*person) error {
	n := map[string]int64{}
	for _, x := range p.world.persons {
		n[x.profile]++
	}
	seen := 0
	err := each(p.files, "profiles", []string{"profile", "persons", "fields", "values"}, func(r *row) error {
		id, fields, values := r.text("profile"), r.strings("fields"), r.strings("values")
		seen++
		one := first[id]
		if one == nil {
			p.differ("annexes/profiles.csv: nobody has profile %s", id)
			return nil
		}
		if had := r.number("persons"); had != n[id] {
			p.differ("annexes/profiles.csv: profile %s has %d persons, the table of persons has %d", id, had, n[id])
		}
		for i, name := range fields {
			if text := Field(&one.Person, name); i < len(values) && textual(name) && values[i] != text {
				p.differ("annexes/profiles.csv: profile %s has %s %q, %s has %q", id, name, values[i], one.ID, text)
			}
		}
		return nil
	})
	if len(p.in.Given.Fields()) > 0 && seen != len(first) {
		p.differ("annexes/profiles.csv: it has %d profiles, the table of persons %d", seen, len(first))
	}
	return err
}

// textual reports whether a field of a profile is kept as the text that it is.
func textual(field string) bool {
	return field != "start_date" && field != "end_date" && !strings.HasPrefix(field, "attributes")
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

// key is a profile's number as the tables have it.
func key(number uint64, ref access.EntitlementRef) [3]string {
	return [3]string{strconv.FormatUint(number, 10), ref.System, ref.Name}
}
