package sight_test

import (
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/reconcile/sight"
	"muster/internal/store"
	"muster/remediate"
	"muster/remediate/remediatetest"
)

// reviewed is an item about ada's payroll that ended at a moment.
func reviewed(campaign string, state access.ItemState, at time.Time) access.ReviewItem {
	return access.ReviewItem{ID: campaign + ".1", Campaign: campaign, Key: "k1", System: "erp", Account: access.AccountRef{ID: "u1", Name: "ada"}, Entitlement: access.HeldRef{ID: "g", Name: "payroll"},
		Person: "W-1", State: state, EndedAt: at, Version: 1, Decisions: []access.ReviewDecision{{ID: "D-1", By: "W-9", Verdict: access.ReviewRevoke}}}
}

// campaigns are two that are closed, and one that is closing.
func campaigns(t *testing.T) (docs []access.Document) {
	t.Helper()
	for id, state := range map[string]access.CampaignState{"C-1": access.CampaignClosed, "C-2": access.CampaignClosed, "C-CLOSING": access.CampaignClosing} {
		doc, err := remediate.CampaignDocument(access.Campaign{ID: id, State: state, Version: 1}, night)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	return docs
}

func TestARevocationIsACaseUntilSomethingLaterTakesItsPlace(t *testing.T) {
	before, after := night.Add(-48*time.Hour), night.Add(-24*time.Hour)
	request := access.Request{ID: "RQ-1", Person: "W-1", Ref: payroll, State: access.RequestActive, From: after, Until: night.Add(time.Hour)}
	early := request
	early.From = before.Add(-time.Hour)
	for _, c := range []struct {
		name     string
		items    []access.ReviewItem
		requests []access.Request
		stands   bool
	}{
		{"revoked", []access.ReviewItem{reviewed("C-1", access.ItemRevoked, before)}, nil, true},
		{"revoked in a review that is closing", []access.ReviewItem{reviewed("C-CLOSING", access.ItemRevoked, before)}, nil, false},
		{"kept by a review that is closing", []access.ReviewItem{reviewed("C-1", access.ItemRevoked, before), reviewed("C-CLOSING", access.ItemKept, after)}, nil, true},
		{"decided and not closed", []access.ReviewItem{reviewed("C-1", access.ItemRevoke, before)}, nil, false},
		{"kept by a later review", []access.ReviewItem{reviewed("C-1", access.ItemRevoked, before), reviewed("C-2", access.ItemKept, after)}, nil, false},
		{"kept by an earlier review", []access.ReviewItem{reviewed("C-1", access.ItemKept, before), reviewed("C-2", access.ItemRevoked, after)}, nil, true},
		{"requested since", []access.ReviewItem{reviewed("C-1", access.ItemRevoked, before)}, []access.Request{request}, false},
		{"requested before", []access.ReviewItem{reviewed("C-1", access.ItemRevoked, before)}, []access.Request{early}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			records := &remediatetest.Records{}
			docs := campaigns(t)
			for _, i := range c.items {
				doc, err := remediate.ItemDocument(i, "R-1", night)
				if err != nil {
					t.Fatal(err)
				}
				docs = append(docs, doc)
			}
			for _, q := range c.requests {
				q.Version = 1
				doc, err := remediate.RequestDocument(q, night)
				if err != nil {
					t.Fatal(err)
				}
				docs = append(docs, doc)
			}
			if err := records.SaveDocuments(t.Context(), docs...); err != nil {
				t.Fatal(err)
			}
			s, err := sight.Stand(t.Context(), records, night)
			if err != nil {
				t.Fatal(err)
			}
			_, account := s.Revoked[access.RevokedGrant("erp", "u1", "payroll")]
			_, person := s.Revoked[access.RevokedRef("W-1", payroll)]
			if account != c.stands || person != c.stands {
				t.Errorf("it stands for the account %t and the person %t", account, person)
			}
			taker := sight.NewTaker(s)
			facts := ada()
			taker.Note(facts)
			nobodys := ada() // the same account, should nobody be found for it any more
			nobodys.Person = nil
			taker.Note(nobodys)
			saw, err := taker.Sighting(access.Run{ID: "R-2", AsOf: night}, store.World{}, []access.SystemFacts{{Name: "erp"}}, "digest", nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.stands != (len(saw.Cases) == 2) {
				t.Fatalf("%d cases", len(saw.Cases))
			}
			standing := c.items[len(c.items)-1].ID
			if c.items[len(c.items)-1].Campaign == "C-CLOSING" {
				standing = c.items[0].ID
			}
			for _, x := range saw.Cases {
				end, ok := saw.Ended.Of(x.Person, x.Account, payroll)
				if x.Finding.Rule != "review-revoked" || !ok || end.Basis != "review "+standing {
					t.Errorf("the case is %+v, its end %+v", x.Finding, end)
				}
			}
		})
	}
}
