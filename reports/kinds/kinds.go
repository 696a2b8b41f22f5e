// Package kinds knows the kinds of packs that there are: which tables each has besides those of every pack, and the form of what it says besides, the
// detail of evidence.json. A pack of another kind, with other tables, or with a detail in another form is none of Muster's.
//
// It is pure. Errors name what differs.
package kinds

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"muster/reports/accessreview"
	"muster/reports/controls"
	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/reports/person"
	"muster/reports/reconciliation"
	"muster/reports/sod"
	"muster/reports/terminations"
)

// The kinds of packs.
const (
	Reconciliation = "reconciliation"
	AccessReview   = "access-review"
	Terminations   = "terminations"
	SoD            = "sod"
	Person         = "person"
	Controls       = "controls"
)

// Kind is one kind of pack.
type Kind struct {
	Name    string
	Annexes []string // that it has besides those of every pack
	Run     bool     // its subject is its run
	Person  bool     // it holds the rows of one person, who is its subject
	detail  any      // of the type that its detail has
}

// Find finds a kind by its name.
func Find(name string) (Kind, error) {
	for _, k := range []Kind{
		{Name: Reconciliation, Run: true, Annexes: []string{pack.ActivityAnnex}, detail: reconciliation.Detail{}},
		{Name: AccessReview, Annexes: []string{accessreview.ItemsAnnex, accessreview.DecisionsAnnex}, detail: accessreview.Model{}},
		{Name: Terminations, Annexes: []string{terminations.LeaversAnnex, terminations.AccountsAnnex}, detail: terminations.Model{}},
		{Name: SoD, Run: true, Annexes: []string{sod.ConflictsAnnex, sod.MappingAnnex, sod.SeedsAnnex}, detail: sod.Model{}},
		{Name: Person, Person: true, Annexes: []string{pack.ActivityAnnex, person.HeldAnnex, person.EventsAnnex}, detail: person.Model{}},
		{Name: Controls, Annexes: []string{controls.ControlsAnnex, controls.DeviationsAnnex}, detail: controls.Model{}},
	} {
		if k.Name == name {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("there is no pack of the kind %q", name)
}

// Tables are the names of all annexes that a pack of the kind has.
func (k Kind) Tables() []string {
	all := []string{pack.FindingsAnnex, pack.BeforeAnnex, pack.SnapshotsAnnex, pack.CountsAnnex}
	for _, name := range evidence.Tables() {
		all = append(all, pack.AnnexFolder+name+".csv")
	}
	return append(all, k.Annexes...)
}

// Detail reads the detail of a model strictly: as its kind has it, and nothing besides.
func (k Kind) Detail(f evidence.File) (any, error) {
	raw, ok := f.Detail.(json.RawMessage)
	if !ok {
		return nil, errors.New("it has no detail")
	}
	into := reflect.New(reflect.TypeOf(k.detail))
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into.Interface()); err != nil {
		return nil, fmt.Errorf("its detail: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("its detail has something behind it")
	}
	return into.Elem().Interface(), nil
}

// Encode writes a model with a detail that Detail read as Muster writes it. With pseudonyms the detail was taken apart and lies in the order of its names.
func Encode(f evidence.File, detail any) ([]byte, error) {
	f.Detail = detail
	if f.Scope.Redacted != nil {
		text, err := json.Marshal(detail)
		if err != nil {
			return nil, fmt.Errorf("encode detail: %w", err)
		}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&f.Detail); err != nil {
			return nil, fmt.Errorf("encode detail: %w", err)
		}
	}
	return f.Encode()
}
