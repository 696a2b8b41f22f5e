package dossier

import (
	"context"
	"fmt"
	"time"

	"muster/internal/reconcile/dossier/leaving"
	"muster/internal/sheet"
	"muster/reports"
	"muster/reports/document"
	"muster/reports/frame"
	"muster/reports/terminations"
)

// Left is what the report says of those who left in a period.
type Left struct {
	Model terminations.Model
}

// Terminations gathers who left in a period, by HR, and what became of their accounts, as of the run of the ground; of one system, or of all when it is empty.
func Terminations(ctx context.Context, g Ground, period frame.Period, system string) (Left, error) {
	in, err := reread(g.Evidence.Inputs)
	if err != nil {
		return Left{}, fmt.Errorf("read what run %s was configured with: %w", g.Run.ID, err)
	}
	facts, err := leaving.Gather(ctx, g.Store, g.Run, g.Evidence, len(in.Policies), period, system)
	if err != nil {
		return Left{}, err
	}
	return Left{Model: terminations.Sum(facts)}, nil
}

// Job is the pack. Its base is the evidence of the run as of which it is told.
func (l Left) Job() reports.Job {
	m := l.Model
	subject := m.Period.From.Format(time.DateOnly) + ".." + m.Period.To.Format(time.DateOnly)
	name := m.Period.From.Format(time.DateOnly) + "-to-" + m.Period.To.Format(time.DateOnly) + "-terminations"
	if m.System != "" {
		subject += " " + m.System
		name += "-" + fileName(m.System)
	}
	return reports.Job{Kind: "terminations", Subject: subject, Name: name, Detail: m,
		Annexes: []reports.Annex{
			{Name: terminations.LeaversAnnex, Fill: func(t *sheet.Table) error { return terminations.Leavers(t, m) }},
			{Name: terminations.AccountsAnnex, Fill: func(t *sheet.Table) error { return terminations.Accounts(t, m) }},
		},
		Document: func(in frame.Input) document.Document { return terminations.Document(in, m) }}
}
