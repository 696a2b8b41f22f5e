package dossier

import (
	"slices"
	"testing"

	"muster/internal/access"
)

// TestACampaignIsEvidenceOnlyAsItEnded: one whose items or ledger differ is none.
func TestACampaignIsEvidenceOnlyAsItEnded(t *testing.T) {
	fine := Reviewed{Campaign: access.Campaign{ID: "C-1", Sources: []access.ReviewScope{{System: "erp", Items: 3}, {System: "saas", Excluded: "never read"}}}}
	m := &fine.Model
	m.Population.Whole, m.Population.Kept, m.Ledger.Agrees, m.Totals.Items, m.Totals.Silent = true, true, true, 3, 1
	if c := fine.evidence(); c.Wrong != "" || !slices.Equal(c.Systems, []string{"erp"}) || c.Items != 3 || c.Silent != 1 {
		t.Errorf("%+v", c)
	}
	for name, change := range map[string]func(*Reviewed){"items": func(r *Reviewed) { r.Model.Population.Whole = false }, "end": func(r *Reviewed) { r.Model.Population.Kept = false },
		"ledger": func(r *Reviewed) { r.Model.Ledger.Agrees = false }, "their own": func(r *Reviewed) { r.Model.Assignment.OwnDecided = 1 }} {
		r := fine
		change(&r)
		if r.evidence().Wrong == "" {
			t.Errorf("%s: it is evidence", name)
		}
	}
}
