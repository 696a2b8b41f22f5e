package campaign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/sheet"
	"muster/reports/accessreview"
	"muster/reports/evidence"
)

var monday = time.Date(2026, 9, 7, 9, 0, 0, 0, time.UTC)

// held is a campaign with its tables, as a pack has it.
type held struct {
	c       access.Campaign
	items   []access.ReviewItem
	entries []ledger.Entry
	by      map[uint64]string
}

// closed is a campaign of five items that has ended: two were kept, one after a void revocation, one was revoked, one ended by silence, and one after an abstention.
func closed(t *testing.T) *held {
	t.Helper()
	h := &held{by: map[uint64]string{}, c: access.Campaign{ID: "C-7Q2K4MZD", Name: "Q3", Need: 1, Silence: access.SilenceKeep, Run: "R-1", AsOf: monday, CreatedAt: monday, State: access.CampaignClosed, ClosedAt: monday.AddDate(0, 0, 14)}}
	at := monday.Add(time.Hour)
	decide := func(n int, verdict access.ReviewVerdict, by string) {
		i := &h.items[n]
		d := access.ReviewDecision{ID: fmt.Sprintf("D-%d-%d", n+1, len(i.Decisions)), Item: i.ID, Verdict: verdict, By: by, Role: "manager", Channel: access.ChannelCLI, At: at, Reason: "as it is"}
		i.Decisions = append(i.Decisions, d)
		h.enter(t, ledger.Decision, at, map[string]any{"decision": d.ID, "item": i.ID, "verdict": verdict, "by": "c1:", "role": d.Role, "channel": d.Channel, "bulk": 0, "replaces": ""})
		h.by[h.entries[len(h.entries)-1].Index] = by
		at = at.Add(time.Minute)
	}
	for n := range 5 {
		i := access.ReviewItem{ID: fmt.Sprintf("%s.%d", h.c.ID, n+1), Campaign: h.c.ID, System: "erp", Account: access.AccountRef{ID: fmt.Sprintf("a%d", n), Name: "login"}, Entitlement: access.HeldRef{ID: "g", Name: "payroll"},
			Person: fmt.Sprintf("W-%d", n), EndedAt: h.c.ClosedAt, Reviewers: []access.ReviewAssignment{{Approver: access.Approver{Person: "W-9", Name: "Nine", Role: "manager"}}}}
		i.Key = keyOf(i.ItemParts()...)
		h.items = append(h.items, i)
	}
	h.enter(t, ledger.Campaign, monday, map[string]any{"what": "frozen", "population": h.population(), "count": 5})
	decide(0, access.ReviewKeep, "W-9")
	decide(1, access.ReviewRevoke, "W-9")
	decide(2, access.ReviewRevoke, "W-8")
	h.items[2].Decisions[0].VoidAt = at
	h.enter(t, ledger.Campaign, at, map[string]any{"what": "assigned by hand", "void": []string{"D-3-0"}})
	decide(2, access.ReviewKeep, "W-9")
	decide(4, access.ReviewAbstain, "W-7")
	decide(4, access.ReviewKeep, "W-9")
	for n, state := range []access.ItemState{access.ItemKept, access.ItemRevoked, access.ItemKept, access.ItemKept, access.ItemKept} {
		h.items[n].State = state
	}
	h.items[1].Removal = &access.ReviewRemoval{Snapshot: "S-7", Digest: "d7", TakenAt: h.c.ClosedAt.Add(time.Hour), Run: "R-7"}
	h.items[3].Silent, h.items[3].Reviewers = true, nil
	h.enter(t, ledger.Decision, h.c.ClosedAt, map[string]any{"item": h.items[3].ID, "verdict": "keep", "by": "", "channel": "clock"})
	h.c.Population = access.Population{Count: 5, SHA256: h.population(), Persons: 5, Accounts: 5}
	h.c.Outcome = access.CampaignOutcome{Kept: 4, Revoked: 1, Silent: 1, Unassigned: 1, SHA256: "e0"}
	h.enter(t, ledger.Campaign, h.c.ClosedAt.Add(time.Second), map[string]any{"what": "closed", "population": h.population(), "kept": 4, "revoked": 1, "silent": 1, "unassigned": 1, "items_sha256": "e0"})
	return h
}

func (h *held) population() string {
	var keys []string
	for _, i := range h.items {
		keys = append(keys, i.Key)
	}
	return access.PopulationHash(keys)
}

func (h *held) enter(t *testing.T, kind ledger.Type, at time.Time, data map[string]any) {
	t.Helper()
	data["campaign"] = h.c.ID
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	h.entries = append(h.entries, ledger.Entry{Index: uint64(40 + len(h.entries)), Time: at, Type: kind, Run: "R-1", Data: text})
}

// drop takes the entries away whose data have a text.
func (h *held) drop(text string) {
	h.entries = slices.DeleteFunc(h.entries, func(e ledger.Entry) bool { return strings.Contains(string(e.Data), text) })
}

// input is the campaign as its pack has it, with the model that fits to its items; cells are then changed in its tables.
func (h *held) input(t *testing.T, cells map[string]string) Input {
	t.Helper()
	facts := accessreview.Facts{Kept: true, Ledger: accessreview.Ledger{Entries: []accessreview.Entry{}, Frozen: h.c.Population.SHA256, Ended: h.c.Outcome.SHA256}}
	for _, e := range h.entries {
		if e.Type == ledger.Decision {
			facts.Ledger.Decisions++
		}
	}
	each := func(yield func(access.ReviewItem) error) error {
		for _, i := range h.items {
			if err := yield(i); err != nil {
				return err
			}
		}
		return nil
	}
	files := fstest.MapFS{}
	for name, fill := range map[string]func(*sheet.Table, func(func(access.ReviewItem) error) error) error{accessreview.ItemsAnnex: accessreview.Items, accessreview.DecisionsAnnex: accessreview.Decisions} {
		var b bytes.Buffer
		table := sheet.NewTable(&b)
		if err := fill(table, each); err != nil {
			t.Fatal(err)
		}
		if _, err := table.Close(); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		for was, is := range cells {
			text = strings.Replace(text, was, is, 1)
		}
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	file := evidence.File{Kind: "access-review", Subject: h.c.ID, Run: evidence.RunFile{ID: "R-1", AsOf: monday}}
	return Input{File: file, Model: accessreview.Sum(h.c, h.items, facts), Entries: h.entries, By: h.by, Open: func(name string) (fs.File, error) { return files.Open(name) }}
}

func TestACampaignAsItWasPasses(t *testing.T) {
	if out := Check(closed(t).input(t, nil)); len(out.Problems)+len(out.Unchecked) > 0 {
		t.Errorf("%q %q", out.Problems, out.Unchecked)
	}
}

// TestWhatAnInsiderChangesOfACampaignIsFound: they make tables, model and proven entries fit together as far as they can.
func TestWhatAnInsiderChangesOfACampaignIsFound(t *testing.T) {
	for name, one := range map[string]struct {
		change func(h *held)
		cells  map[string]string
		want   string
	}{
		"a revocation dropped with its entry, the item told as kept": {change: func(h *held) {
			h.drop("D-2-0")
			i := &h.items[1]
			i.Decisions, i.State, i.Removal = nil, access.ItemKept, nil
			h.c.Outcome.Kept, h.c.Outcome.Revoked = 5, 0
		}, want: "from its decisions it is open, and ended by silence"},
		"and the end dropped too": {change: func(h *held) {
			h.drop("D-2-0")
			h.drop(`"closed"`)
			h.items[1].Decisions, h.items[1].State, h.items[1].Removal = nil, access.ItemKept, nil
		}, want: "the proven entries say otherwise of its end"},
		"a decision that counts made void": {change: func(h *held) {
			h.items[1].Decisions[0].VoidAt = monday
			h.items[1].State = access.ItemKept
			h.items[1].Removal = nil
		}, want: "from its decisions it is"},
		"a void decision that counts":      {change: func(h *held) { h.items[2].Decisions[0].VoidAt = time.Time{}; h.items[2].State = access.ItemRevoked }, want: "D-3-0 on item C-7Q2K4MZD.3 counts no more"},
		"another state":                    {change: func(h *held) { h.items[0].State = access.ItemRevoked }, want: "item C-7Q2K4MZD.1 is told as revoked; from its decisions it is kept"},
		"silence that was none":            {change: func(h *held) { h.items[3].Silent = false }, want: "ended by silence in one of the table and the ledger"},
		"a system, its key kept":           {change: func(h *held) { h.items[0].System = "crm" }, want: "item C-7Q2K4MZD.1 has a key that is not of its"},
		"an account, its key kept":         {change: func(h *held) { h.items[0].Account.ID = "a00" }, want: "has a key that is not of its"},
		"an entitlement, its key kept":     {change: func(h *held) { h.items[0].Entitlement.Name = "reports" }, want: "has a key that is not of its"},
		"a person, their key kept":         {change: func(h *held) { h.items[0].Person = "W-77" }, want: "has a key that is not of its"},
		"a person with a key of their own": {change: func(h *held) { h.items[0].Person = "W-77"; h.items[0].Key = keyOf(h.items[0].ItemParts()...) }, want: "its population has the hash"},
		"two items exchanged": {change: func(h *held) {
			a, b := &h.items[0], &h.items[1]
			a.Account, b.Account, a.Person, b.Person, a.Key, b.Key = b.Account, a.Account, b.Person, a.Person, b.Key, a.Key
		}, want: "is not in its place"},
		"other reviewers":     {change: func(h *held) { h.items[0].Reviewers[0].Person = "W-5" }, want: "item C-7Q2K4MZD.1 was decided by W-9, who is not among its reviewers"},
		"when it was decided": {change: func(h *held) { h.items[0].Decisions[0].At = monday }, want: "at is"},
		"by whom":             {change: func(h *held) { h.items[0].Decisions[0].By = "W-8"; h.items[0].Reviewers[0].Person = "W-8" }, want: "it is by W-9 there, here by W-8"},
		"how many at once":    {change: func(h *held) { h.items[0].Decisions[0].Bulk = 7 }, want: "together is"},
		"a decision twice":    {change: func(h *held) { h.items[0].Decisions = append(h.items[0].Decisions, h.items[0].Decisions[0]) }, want: "it has none, or it comes twice"},
		"an entry left out":   {change: func(h *held) { h.items[4].Decisions = h.items[4].Decisions[1:] }, want: "decision D-5-0 is on the ledger and not in the table"},
		"another campaign's end": {change: func(h *held) {
			h.drop(`"closed"`)
			h.enter(t, ledger.Campaign, monday.AddDate(0, 0, 15), map[string]any{"what": "closed"})
			h.entries[len(h.entries)-1].Data = bytes.ReplaceAll(h.entries[len(h.entries)-1].Data, []byte(h.c.ID), []byte("C-OTHER"))
		}, want: "is not of the campaign C-7Q2K4MZD"},
		"another run's":         {change: func(h *held) { h.entries[0].Run = "R-2" }, want: "is not of the campaign"},
		"frozen twice":          {change: func(h *held) { h.entries = append(h.entries, h.entries[0]) }, want: "says again what another one says"},
		"when it ended":         {change: func(h *held) { h.c.ClosedAt = h.c.ClosedAt.AddDate(0, 0, 1) }, want: "C-7Q2K4MZD.1 ended at"},
		"what silence means":    {change: func(h *held) { h.c.Silence = access.SilenceRevoke }, want: "silence on item C-7Q2K4MZD.4 meant keep"},
		"how its items ended":   {change: func(h *held) { h.c.Outcome.SHA256 = "e1" }, want: "the digest of the items as they ended is e1, not e0"},
		"a removal of nothing":  {change: func(h *held) { h.items[0].Removal = h.items[1].Removal }, want: "the removal of item C-7Q2K4MZD.1"},
		"a second column":       {cells: map[string]string{"key,item,system": "state,key,item,system"}, want: "its columns are"},
		"the number of an item": {cells: map[string]string{",C-7Q2K4MZD.5,": ",C-7Q2K4MZD.9,"}, want: "item C-7Q2K4MZD.9 stands where C-7Q2K4MZD.5 belongs"},
	} {
		t.Run(name, func(t *testing.T) {
			h := closed(t)
			if one.change != nil {
				one.change(h)
			}
			out := Check(h.input(t, one.cells))
			if !strings.Contains(strings.Join(out.Problems, "\n"), one.want) {
				t.Errorf("%s\nwant %q", strings.Join(out.Problems, "\n"), one.want)
			}
		})
	}
}

// TestTheModelsCountsAreThoseOfTheTables.
func TestTheModelsCountsAreThoseOfTheTables(t *testing.T) {
	for name, change := range map[string]func(m *accessreview.Model){
		"totals": func(m *accessreview.Model) { m.Totals.Keep++ }, "proven": func(m *accessreview.Model) { m.Totals.Proven++ }, "decisions": func(m *accessreview.Model) { m.Pace.Decisions++ },
		"strokes": func(m *accessreview.Model) { m.Pace.Bulk++ }, "own": func(m *accessreview.Model) { m.Assignment.OwnDecided++ }, "ledger": func(m *accessreview.Model) { m.Ledger.Decisions++ },
		"run": func(m *accessreview.Model) { m.Campaign.Run = "R-2" }, "id": func(m *accessreview.Model) { m.Campaign.ID = "C-OTHER" }, "population": func(m *accessreview.Model) { m.Population.Count++ },
		"hash": func(m *accessreview.Model) { m.Population.SHA256 = "0" }, "frozen": func(m *accessreview.Model) { m.Ledger.Frozen = "0" },
	} {
		in := closed(t).input(t, nil)
		change(&in.Model)
		if out := Check(in); len(out.Problems) == 0 {
			t.Errorf("%s: nothing is wrong", name)
		}
	}
}

// TestWhatCannotBeToldOfACampaignIsSaid: of one that is not closed, and of decisions that count no more by entries that are not there.
func TestWhatCannotBeToldOfACampaignIsSaid(t *testing.T) {
	h := closed(t)
	h.drop(`"closed"`)
	h.drop(`"clock"`)
	h.c.State, h.c.ClosedAt, h.c.Outcome = access.CampaignOpen, time.Time{}, access.CampaignOutcome{}
	states := map[access.ItemState]access.ItemState{access.ItemKept: access.ItemKeep, access.ItemRevoked: access.ItemRevoke}
	for n := range h.items {
		i := &h.items[n]
		i.State, i.EndedAt, i.Silent, i.Removal = states[i.State], time.Time{}, false, nil
	}
	h.items[3].State = access.ItemOpen
	out := Check(h.input(t, nil))
	if len(out.Problems) > 0 || len(out.Unchecked) != 1 || !strings.Contains(out.Unchecked[0], "the campaign is not closed") {
		t.Errorf("open: %q %q", out.Problems, out.Unchecked)
	}
	h = closed(t)
	h.drop("assigned by hand")
	out = Check(h.input(t, nil))
	if len(out.Problems) > 0 || len(out.Unchecked) != 1 || !strings.Contains(out.Unchecked[0], "1 decisions count no more") {
		t.Errorf("void: %q %q", out.Problems, out.Unchecked)
	}
	h = closed(t)
	h.by = map[uint64]string{}
	if out := Check(h.input(t, nil)); len(out.Problems) > 0 {
		t.Errorf("nobody shown: %q", out.Problems)
	}
}
