package reperform

import (
	"bytes"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/evidence"
	"muster/reports/pack"
)

// told compares what the model says of rules, bundles and accepted risks with the inputs that they come from.
func (p *performance) told() {
	same := func(what string, n, of int) bool {
		if n != of {
			p.differ("%s: it names %d %s, the inputs have %d", pack.EvidenceFile, n, what, of)
		}
		return n == of
	}
	set := p.in.Set.Rules()
	if same("rules", len(p.file.Rules), len(set)) {
		for i, r := range p.file.Rules {
			if x := set[i]; x.ID != r.ID || x.Digest != r.Digest || x.When != r.When || x.Severity != r.Severity || fmt.Sprint(x.Controls) != fmt.Sprint(r.Controls) {
				p.differ("%s: rule %s is not the one of the inputs", pack.EvidenceFile, r.ID)
			}
		}
	}
	given := p.in.Given.All()
	if same("bundles", len(p.file.Bundles), len(given)) {
		for i, b := range p.file.Bundles {
			if x := given[i]; x.Name != b.Name || x.When != b.When || x.LeadDays != b.LeadDays || len(x.Entitlements) != b.Entitlements {
				p.differ("%s: bundle %s is not the one of the inputs", pack.EvidenceFile, b.Name)
			}
		}
	}
	if p.in.Excepts != nil && same("exceptions", len(p.file.Exceptions), len(p.in.Excepts.All())) {
		for i, x := range p.in.Excepts.All() {
			if e := p.file.Exceptions[i]; e.ID != x.ID || e.Owner != x.Owner || e.Approver != x.Approver || !e.Expires.Equal(x.Expires) || (e.State == "expired") != x.Expired {
				p.differ("%s: exception %s is not the one of the inputs", pack.EvidenceFile, e.ID)
			}
		}
	}
	if p.in.Matrix != nil && same("mitigations", len(p.file.Mitigations), len(p.in.Matrix.Mitigations())) {
		for i, x := range p.in.Matrix.Mitigations() {
			if m := p.file.Mitigations[i]; m.Conflict != x.Conflict || m.Person != x.Person || m.Approver != x.Approver || !m.Expires.Equal(x.Expires) {
				p.differ("%s: mitigation of %s for %s is not the one of the inputs", pack.EvidenceFile, m.Conflict, m.Person)
			}
		}
	}
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
