package store

import (
	"context"

	"muster/internal/access"
	"muster/internal/store/wire"
)

// FindingChanges yields what some completed runs said of each finding where it changed: that it is new, was reopened, or was resolved; and all that the
// last of them wrote. It comes by fingerprint; of one finding the runs come in the order in which they were completed.
func (s *Store) FindingChanges(ctx context.Context, runs []string, yield func(access.Finding) error) error {
	if len(runs) == 0 {
		return nil
	}
	from := `(SELECT e.*, r.sequence AS sequence FROM finding_events AS e INNER JOIN completed_runs AS r ON e.run_id = r.id
		WHERE e.run_id IN {runs:Array(String)} AND (e.change IN ('new', 'reopened', 'resolved') OR e.run_id = {last:String}) LIMIT 1 BY e.run_id, e.fingerprint)`
	return s.eachFinding(ctx, from, "1", "fingerprint, sequence", []any{wire.P("runs", runs), wire.P("last", runs[len(runs)-1])}, yield)
}
