package dossier

import (
	"context"
	"fmt"
	"time"

	"muster/internal/reconcile/dossier/duties"
	"muster/internal/sheet"
	"muster/reports"
	"muster/reports/document"
	"muster/reports/frame"
	"muster/reports/sod"
)

// Duties is what the report says of segregation of duties.
type Duties struct {
	Model sod.Model
}

// SoD gathers what is known of segregation of duties as of the run of the ground. NotFound: the run had no matrix.
func SoD(ctx context.Context, g Ground) (Duties, error) {
	in, err := reread(g.Evidence.Inputs)
	if err != nil {
		return Duties{}, fmt.Errorf("read what run %s was configured with: %w", g.Run.ID, err)
	}
	facts, err := duties.Gather(ctx, duties.Ground{Store: g.Store, Trail: g.Trail, Run: g.Run, World: g.World, Evidence: g.Evidence, Inputs: in})
	if err != nil {
		return Duties{}, err
	}
	return Duties{Model: sod.Sum(facts)}, nil
}

// Job is the pack. Its base is the evidence of the run as of which it is told.
func (d Duties) Job() reports.Job {
	m := d.Model
	return reports.Job{Kind: "sod", Subject: m.Run, Name: m.AsOf.UTC().Format(time.DateOnly) + "-sod", Detail: m,
		Annexes: []reports.Annex{
			{Name: sod.ConflictsAnnex, Fill: func(t *sheet.Table) error { return sod.Conflicts(t, m) }},
			{Name: sod.MappingAnnex, Fill: func(t *sheet.Table) error { return sod.Mapping(t, m) }},
			{Name: sod.SeedsAnnex, Fill: func(t *sheet.Table) error { return sod.Seeds(t, m) }},
		},
		Document: func(in frame.Input) document.Document { return sod.Document(in, m) }}
}
