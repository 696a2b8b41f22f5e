package accessreview_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/accessreview"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/reports/html"
	"muster/reports/pdf"
)

var monday = time.Date(2026, 9, 7, 9, 0, 0, 0, time.UTC)

// key is an item's key as docs/reviews.md says it is made.
func key(i access.ReviewItem) string {
	h := sha256.New()
	for _, p := range i.ItemParts() {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func reviewer(id, name, role, why string) access.ReviewAssignment {
	return access.ReviewAssignment{Approver: access.Approver{Person: id, Name: name, Role: role}, Reason: why, At: monday}
}

// campaign is a closed one of six items: two kept by one stroke, one kept in three seconds, two revoked of which one is proven to be gone, and one that
// nobody decided.
func campaign() (access.Campaign, []access.ReviewItem, accessreview.Facts) {
	c := access.Campaign{ID: "C-7Q2K4MZD", Name: "Q3 payroll", Scope: `entitlement.name.startsWith("pay")`, Route: []string{"manager", "owner"}, Need: 1, Escalate: []string{"security"},
		Silence: access.SilenceKeep, Owner: "W-9", Owned: "Ines Moreau", By: "W-9", Run: "R-1", AsOf: monday.Add(-8 * time.Hour), CreatedAt: monday, OpenedAt: monday, DueAt: monday.AddDate(0, 0, 14),
		Reminded: true, State: access.CampaignClosed, ClosedAt: monday.AddDate(0, 0, 14), ClosedBy: "W-9",
		Sources: []access.ReviewScope{{System: "erp", Owner: "finance-it@example.com", Snapshot: "S-1", Digest: "d1", TakenAt: monday.Add(-8 * time.Hour), Items: 6},
			{System: "crm", Excluded: "it was never read whole: connection refused"}}}
	manager, owner := reviewer("W-3", "Jonas Lindqvist", "manager", "manager of W-1"), reviewer("W-4", "Leila Haddad", "owner", "owner of erp; manager: nobody who is here and independent")
	var items []access.ReviewItem
	add := func(person, name string, who access.ReviewAssignment, state access.ItemState, d access.ReviewDecision) *access.ReviewItem {
		n := len(items) + 1
		i := access.ReviewItem{ID: fmt.Sprintf("%s.%d", c.ID, n), Campaign: c.ID, System: "erp", Account: access.AccountRef{ID: fmt.Sprintf("a%d", n), Name: "login" + fmt.Sprint(n)}, Enabled: true,
			Entitlement: access.HeldRef{ID: "g1", Name: "payroll", Kind: "group"}, Person: person, PersonName: name, State: state, EndedAt: c.ClosedAt, Reviewers: []access.ReviewAssignment{who}}
		i.Key = key(i)
		if d.Verdict != "" {
			d.ID, d.Item, d.By, d.ByName, d.Role, d.Channel = fmt.Sprintf("D-%d", n), i.ID, who.Person, who.Name, who.Role, access.ChannelCLI
			i.Decisions = []access.ReviewDecision{d}
		}
		items = append(items, i)
		return &items[len(items)-1]
	}
	at := monday.AddDate(0, 0, 3)
	add("W-1", "Amara Diallo", manager, access.ItemKept, access.ReviewDecision{Verdict: access.ReviewKeep, At: at, Bulk: 2, Took: 2 * time.Second, Reason: "still in payroll"})
	add("W-2", "Mei Tanaka", manager, access.ItemKept, access.ReviewDecision{Verdict: access.ReviewKeep, At: at, Bulk: 2, Took: 2 * time.Second, Reason: "still in payroll"})
	add("W-5", "Pavel Novak", manager, access.ItemKept, access.ReviewDecision{Verdict: access.ReviewKeep, At: at.Add(3 * time.Second), Took: 3 * time.Second})
	gone := add("W-6", "Rosa Vidal", manager, access.ItemRevoked, access.ReviewDecision{Verdict: access.ReviewRevoke, At: at.Add(time.Minute), Took: 57 * time.Second, Reason: "moved to sales"})
	gone.Removal = &access.ReviewRemoval{Snapshot: "S-77", Digest: "d77", TakenAt: c.ClosedAt.Add(time.Hour), Run: "R-77"}
	add("", "", owner, access.ItemRevoked, access.ReviewDecision{Verdict: access.ReviewRevoke, At: at, Reason: "nobody knows it"})
	silent := add("W-3", "Jonas Lindqvist", owner, access.ItemKept, access.ReviewDecision{})
	silent.Silent = true
	var keys []string
	for _, i := range items {
		keys = append(keys, i.Key)
	}
	c.Population = access.Population{Count: len(items), SHA256: access.PopulationHash(keys), Persons: 5, Accounts: 6}
	c.Outcome = access.CampaignOutcome{Kept: 4, Revoked: 2, Silent: 1, SHA256: "e0e0"}
	facts := accessreview.Facts{Kept: true, Actions: map[string]accessreview.Action{items[4].ID: {ID: "A-1", State: "ordered"}},
		Ledger: accessreview.Ledger{Entries: []accessreview.Entry{{Index: 4, At: monday, What: "frozen"}}, Decisions: 6, Refusals: 1, Frozen: c.Population.SHA256, Ended: "e0e0"}}
	return c, items, facts
}

func TestTheModelCounts(t *testing.T) {
	m := accessreview.Sum(campaign())
	if want := (accessreview.Totals{Items: 6, Keep: 4, Revoke: 2, Silent: 1, Proven: 1, Standing: 1}); m.Totals != want {
		t.Errorf("totals %+v, want %+v", m.Totals, want)
	}
	if want := (accessreview.Pace{Decisions: 5, Strokes: 1, Bulk: 2, Measured: 4, MedianMS: 2500, FastestMS: 2000, UnderLimit: 3}); m.Pace != want {
		t.Errorf("pace %+v, want %+v", m.Pace, want)
	}
	if !m.Population.Whole || !m.Ledger.Agrees || len(m.Silent) != 1 || len(m.Strokes) != 1 || m.Strokes[0].Items != 2 || m.Strokes[0].TookMS != 4000 || len(m.Fast) != 1 || m.Fast[0].PersonName != "Pavel Novak" {
		t.Errorf("the model is %+v", m)
	}
	if m.Assignment.OwnAssigned != 0 || m.Assignment.OwnDecided != 0 || m.Assignment.Fallback != 2 {
		t.Errorf("assignment %+v", m.Assignment)
	}
	if a, b := m.Revocations[0], m.Revocations[1]; a.Removal == nil || a.Standing != "" || b.Removal != nil || !strings.Contains(b.Standing, "the removal is ordered") {
		t.Errorf("revocations %+v", m.Revocations)
	}
}

func TestWhatIsWrongIsSaidBeforeAnythingElse(t *testing.T) {
	for name, one := range map[string]struct {
		spoil func(*access.Campaign, []access.ReviewItem, *accessreview.Facts) []access.ReviewItem
		want  string
	}{
		"dropped": {func(_ *access.Campaign, i []access.ReviewItem, _ *accessreview.Facts) []access.ReviewItem {
			return i[1:]
		}, "not the population that was frozen"},
		"doubled": {func(_ *access.Campaign, i []access.ReviewItem, _ *accessreview.Facts) []access.ReviewItem {
			return append(i[1:], i[1])
		}, "not the population that was frozen"},
		"changed": {func(_ *access.Campaign, i []access.ReviewItem, f *accessreview.Facts) []access.ReviewItem {
			f.Kept = false
			return i
		}, "not as they were when the campaign was closed"},
		"refrozen": {func(c *access.Campaign, i []access.ReviewItem, f *accessreview.Facts) []access.ReviewItem {
			f.Ledger.Frozen = "0"
			return i
		}, "The ledger and what is stored differ"},
		"forged": {func(_ *access.Campaign, i []access.ReviewItem, f *accessreview.Facts) []access.ReviewItem {
			f.Ledger.Decisions--
			return i
		}, "The ledger and what is stored differ"},
		"doubled on the ledger": {func(_ *access.Campaign, i []access.ReviewItem, f *accessreview.Facts) []access.ReviewItem {
			f.Ledger.Decisions++
			return i
		}, "The ledger and what is stored differ"},
		"dropped from the store": {func(_ *access.Campaign, i []access.ReviewItem, _ *accessreview.Facts) []access.ReviewItem {
			i[0].Decisions = nil
			return i
		}, "The ledger and what is stored differ"},
		"own": {func(_ *access.Campaign, i []access.ReviewItem, _ *accessreview.Facts) []access.ReviewItem {
			i[0].Reviewers[0].Person, i[0].Decisions[0].By = "W-1", "W-1"
			return i
		}, "1 assignment and 1 decision are of people about their own access"},
		"open": {func(c *access.Campaign, i []access.ReviewItem, f *accessreview.Facts) []access.ReviewItem {
			c.State, c.Outcome.SHA256, f.Ledger.Ended, f.Ledger.Decisions = access.CampaignOpen, "", "", 5
			i[5].Silent, i[5].State = false, access.ItemOpen
			return i
		}, "The campaign is not closed"},
		"closing": {func(c *access.Campaign, i []access.ReviewItem, f *accessreview.Facts) []access.ReviewItem {
			c.State, f.Ledger.Ended, f.Ledger.Decisions = access.CampaignClosing, "", 5
			return i
		}, "The campaign is not closed"},
		"closing, and on the ledger": {func(c *access.Campaign, i []access.ReviewItem, _ *accessreview.Facts) []access.ReviewItem {
			c.State, i[5].Silent, i[5].State = access.CampaignClosing, false, access.ItemOpen
			return i
		}, "The campaign is not closed"},
	} {
		t.Run(name, func(t *testing.T) {
			c, items, facts := campaign()
			items = one.spoil(&c, items, &facts)
			d := accessreview.Document(base(t), accessreview.Sum(c, items, facts))
			if cover := d.Cover.Verdict + " " + fmt.Sprint(d.Cover.Callouts); !strings.Contains(cover, one.want) {
				t.Errorf("the cover says %s", cover)
			}
		})
	}
}

// base is what every report opens and closes with, of a run of nothing.
func base(t *testing.T) frame.Input {
	t.Helper()
	run := access.Run{ID: "R-1", AsOf: monday.Add(-8 * time.Hour), StartedAt: monday.Add(-8 * time.Hour)}
	ev := evidence.Evidence{Organisation: "Example", Run: run, GeneratedBy: "muster test"}
	return frame.Input{Evidence: ev, File: evidence.NewFile(ev), Tally: evidence.NewTally(run.AsOf, 10)}
}

func TestAVoidDecisionIsCountedAndDoesNotCount(t *testing.T) {
	c, items, facts := campaign()
	first := items[4].Decisions[0]
	first.ID, first.By, first.ByName, first.VoidAt = "D-0", "W-8", "Mei Tanaka", first.At
	items[4].Decisions = append([]access.ReviewDecision{first}, items[4].Decisions...)
	facts.Ledger.Decisions++
	m := accessreview.Sum(c, items, facts)
	if m.Pace.Decisions != 6 || m.Pace.Void != 1 || m.Pace.Replaced != 0 || !m.Ledger.Agrees || m.Revocations[1].By != "W-4" {
		t.Errorf("the model is %+v", m)
	}
	for _, p := range m.Reviewers {
		if p.Person == "W-8" && (p.Revoke != 0 || p.Decided != 0 || p.Pace.Void != 1) {
			t.Errorf("they count as %+v", p)
		}
	}
	if text := fmt.Sprintf("%+v", accessreview.Document(base(t), m)); !strings.Contains(text, "1 void because the item was given to somebody else") {
		t.Error("the report does not say that a decision is void")
	}
}

func TestEverythingThatTheReportSaysIsInTheModel(t *testing.T) {
	m := accessreview.Sum(campaign())
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var again accessreview.Model
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	one, two := fmt.Sprintf("%+v", accessreview.Document(base(t), m)), fmt.Sprintf("%+v", accessreview.Document(base(t), again))
	if strip(one) != strip(two) {
		t.Error("the report of the model that was written and read again is another")
	}
	for _, want := range []string{"Of 6 items under review, people decided 5; 4 were kept and 2 were revoked. 1 was not proven to be gone.", m.Population.SHA256, "snapshot S-77 of 2026-09-21 10:00 UTC", "still standing",
		"3 of 4 decisions of which the time is known took less than 5 seconds", "crm is not reviewed: it was never read whole: connection refused", "Nobody decided 1 item; silence means keep",
		"the median is 2.5 s, the fastest took 2.0 s, and 3 (75.0 %)", "manager, then owner", "The ledger has 6 decisions of this campaign"} {
		if !strings.Contains(one, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	headings := 0
	for _, b := range accessreview.Document(base(t), m).Blocks {
		if h, ok := b.(document.Heading); ok && h.Level == 1 {
			headings++
		}
	}
	if headings < 8 {
		t.Errorf("%d chapters", headings)
	}
}

// strip leaves out the addresses of what is pointed to.
func strip(s string) string {
	fields := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' })
	return strings.Join(slices.DeleteFunc(fields, func(f string) bool { return strings.Contains(f, "0x") }), " ")
}

func TestThePagesArePrinted(t *testing.T) {
	d := accessreview.Document(base(t), accessreview.Sum(campaign()))
	text, pages, err := pdf.Print(d)
	if err != nil || pages < 6 || !bytes.HasPrefix(text, []byte("%PDF")) {
		t.Fatalf("%d pages: %v", pages, err)
	}
	again, _, err := pdf.Print(d)
	if err != nil || !bytes.Equal(text, again) {
		t.Errorf("the same report is printed in other bytes: %v", err)
	}
	var page bytes.Buffer
	if err := html.Write(&page, d); err != nil || !strings.Contains(page.String(), "Rosa Vidal") {
		t.Errorf("the twin: %v", err)
	}
	if dir := os.Getenv("MUSTER_LOOK"); dir != "" { // to look at the pages
		if err := os.WriteFile(filepath.Join(dir, "access-review.pdf"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheAnnexGivesTheHashOfThePopulation(t *testing.T) {
	c, items, _ := campaign()
	items[2].PersonName = "=HYPERLINK(\"x\")\nwith a second line\n" + strings.Repeat("ab", 32) // which looks like a row
	items[3].PersonName = "\"\n" + strings.Repeat("cd", 32)
	dir := t.TempDir()
	each := func(yield func(access.ReviewItem) error) error {
		for _, i := range items {
			if err := yield(i); err != nil {
				return err
			}
		}
		return nil
	}
	write := func(name string, fill func(*sheet.Table, func(func(access.ReviewItem) error) error) error) []byte {
		var out bytes.Buffer
		table := sheet.NewTable(&out)
		if err := fill(table, each); err != nil {
			t.Fatal(err)
		}
		if _, err := table.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	rows, err := csv.NewReader(bytes.NewReader(write(accessreview.ItemsAnnex, accessreview.Items))).ReadAll()
	if err != nil || len(rows) != 7 || rows[4][0] != items[3].Key || !slices.Contains(rows[4], "S-77") {
		t.Errorf("%d rows, the fourth %q: %v", len(rows), rows[4], err)
	}
	decisions, err := csv.NewReader(bytes.NewReader(write(accessreview.DecisionsAnnex, accessreview.Decisions))).ReadAll()
	if err != nil || len(decisions) != 6 {
		t.Errorf("%d decisions: %v", len(decisions), err)
	}
	// The command that the report prints.
	command := ""
	for _, b := range accessreview.Document(base(t), accessreview.Sum(campaign())).Blocks {
		if p, ok := b.(document.Paragraph); ok && strings.HasSuffix(p.Text, "| sha256sum") {
			command = p.Text
		}
	}
	run := exec.CommandContext(t.Context(), "sh", "-c", command)
	run.Dir = dir
	out, err := run.Output()
	if err != nil || !strings.HasPrefix(string(out), c.Population.SHA256) {
		t.Errorf("%s gives %s: %v", command, out, err)
	}
}
