// Package campaign checks what a pack says of a review of access: its items and decisions against what the ledger has of the campaign, and both against
// the model.
//
// Of the population the ledger has the hash over the items' keys, which follow from the rows; of a decision the item, the verdict, the role, the channel
// and the moment; of what silence decided the item; of the end how many items were kept and revoked, and how many by silence. How each item ended
// follows from its decisions. What a reviewer gave as the reason, and to whom an item was given, the ledger only commits to.
//
// Of a pack with pseudonyms, whose keys and ids are others, nothing of this can be compared. It is pure. A problem names the table.
package campaign

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/reports/accessreview"
	"muster/reports/evidence"
	"muster/reports/pack"
)

// Input is a campaign as a pack has it.
type Input struct {
	File    evidence.File
	Model   accessreview.Model // the detail of File
	Entries []ledger.Entry     // that are proven, and are younger than the run
	By      map[uint64]string  // whose they are, as far as the pack shows it
	Open    func(name string) (fs.File, error)
}

// Outcome is what came of the check.
type Outcome struct {
	Problems  []string // what is not as it must be
	Unchecked []string // what could not be checked, and why
}

// checking is one check under way.
type checking struct {
	Input
	trail trail
	items []*item
	byID  map[string]*item
	out   Outcome
}

// trail is what the proven entries say of the campaign.
type trail struct {
	frozen, closed *said
	decided        map[string]*said // by the id of the decision
	silent         map[string]*said // by item
	void           map[string]bool  // decisions that an assignment by hand took the effect of
}

// said is what an entry about a campaign says.
type said struct {
	Campaign   string   `json:"campaign"`
	What       string   `json:"what"`
	Population string   `json:"population"`
	Count      *int     `json:"count"`
	Void       []string `json:"void"`
	Kept       *int     `json:"kept"`
	Revoked    *int     `json:"revoked"`
	Silent     *int     `json:"silent"`
	Unassigned *int     `json:"unassigned"`
	Ended      string   `json:"items_sha256"`

	Decision string `json:"decision"`
	Item     string `json:"item"`
	Verdict  string `json:"verdict"`
	Role     string `json:"role"`
	Channel  string `json:"channel"`
	Bulk     int    `json:"bulk"`
	Replaces string `json:"replaces"`

	at time.Time
	by string // as far as it is shown
}

// Check checks a campaign.
func Check(in Input) Outcome {
	c := &checking{Input: in, byID: map[string]*item{}, trail: trail{decided: map[string]*said{}, silent: map[string]*said{}, void: map[string]bool{}}}
	c.read()
	for _, read := range []func() error{c.readItems, c.readDecisions} {
		if err := read(); err != nil {
			c.wrong("%v", err)
			return c.out
		}
	}
	c.population()
	c.states()
	c.ended()
	c.model()
	return c.out
}

func (c *checking) wrong(format string, args ...any) {
	c.out.Problems = append(c.out.Problems, fmt.Sprintf(format, args...))
}

func (c *checking) open(why string) { c.out.Unchecked = append(c.out.Unchecked, why) }

// same compares what is said in two places.
func same[T comparable](c *checking, where, what string, have, want T) {
	if have != want {
		c.wrong("%s: %s is %v, not %v", where, what, have, want)
	}
}

// read sorts the entries. All are of this campaign, and of its run.
func (c *checking) read() {
	id, run := c.Model.Campaign.ID, c.File.Run.ID
	for _, e := range c.Entries {
		d := &said{at: e.Time.UTC(), by: c.By[e.Index]}
		if err := json.Unmarshal(e.Data, d); err != nil || d.Campaign != id || e.Run != run {
			c.wrong("%s: entry %d is not of the campaign %s of run %s", pack.LaterProofFolder, e.Index, id, run)
			continue
		}
		twice := false
		switch {
		case e.Type == ledger.Campaign && d.What == "frozen":
			c.trail.frozen, twice = d, c.trail.frozen != nil
		case e.Type == ledger.Campaign && d.What == "closed":
			c.trail.closed, twice = d, c.trail.closed != nil
		case e.Type == ledger.Campaign:
			for _, one := range d.Void {
				c.trail.void[one] = true
			}
		case e.Type == ledger.Decision && d.Decision != "":
			have := c.trail.decided[d.Decision]
			twice = have != nil && !have.same(d) // one that was entered again after a death is the same
			c.trail.decided[d.Decision] = d
		case e.Type == ledger.Decision:
			twice = c.trail.silent[d.Item] != nil
			c.trail.silent[d.Item] = d
		default:
			c.wrong("%s: entry %d of type %s says nothing of a campaign", pack.LaterProofFolder, e.Index, e.Type)
		}
		if twice {
			c.wrong("%s: entry %d says again what another one says", pack.LaterProofFolder, e.Index)
		}
	}
}

// same reports whether two entries of one decision say the same.
func (d *said) same(e *said) bool {
	return d.Item == e.Item && d.Verdict == e.Verdict && d.Role == e.Role && d.Channel == e.Channel && d.Bulk == e.Bulk && d.Replaces == e.Replaces && d.by == e.by
}

// population compares the keys of the items with what was frozen.
func (c *checking) population() {
	keys := make([]string, len(c.items))
	for n, i := range c.items {
		keys[n] = i.key
	}
	hash, table := access.PopulationHash(keys), accessreview.ItemsAnnex
	if c.trail.frozen == nil {
		c.wrong("%s: no proven entry says that its population was frozen", table)
		return
	}
	if want := c.trail.frozen.Population; hash != want {
		c.wrong("%s: its population has the hash %s, the ledger says %s", table, hash, want)
	}
	if n := c.trail.frozen.Count; n != nil && *n != len(c.items) {
		c.wrong("%s: it has %d items, the ledger says %d", table, len(c.items), *n)
	}
	p, l := c.Model.Population, c.Model.Ledger
	same(c, pack.EvidenceFile, "the population's hash", p.SHA256, hash)
	same(c, pack.EvidenceFile, "the population's hash, worked out again,", p.Recomputed, hash)
	same(c, pack.EvidenceFile, "the population's hash on the ledger", l.Frozen, c.trail.frozen.Population)
	same(c, pack.EvidenceFile, "the number of items", p.Items, len(c.items))
	same(c, pack.EvidenceFile, "the number of items that were frozen", p.Count, len(c.items))
}

// ended compares how the items ended with the entry of the end.
func (c *checking) ended() {
	end, about := c.trail.closed, c.Model.Campaign
	if closed := about.State == access.CampaignClosed; closed != (end != nil) {
		if about.State != access.CampaignClosing {
			c.wrong("%s: the campaign is %s, and the proven entries say otherwise of its end", pack.EvidenceFile, about.State)
			return
		}
	}
	if end == nil || about.State == access.CampaignClosing {
		c.open("the campaign is not closed: its end, which the ledger will have, cannot tell whether decisions were left out")
		return
	}
	var n struct{ kept, revoked, silent, unassigned int }
	for _, i := range c.items {
		if i.state == string(access.ItemRevoked) {
			n.revoked++
		} else {
			n.kept++
		}
		if i.silent {
			n.silent++
			if len(i.reviewers) == 0 {
				n.unassigned++
			}
		}
	}
	for _, one := range []struct {
		what string
		have int
		said *int
	}{{"kept", n.kept, end.Kept}, {"revoked", n.revoked, end.Revoked}, {"ended by silence", n.silent, end.Silent}, {"unassigned", n.unassigned, end.Unassigned}} {
		if one.said == nil || *one.said != one.have {
			c.wrong("%s: %d items were %s, the ledger's entry of the end says otherwise", accessreview.ItemsAnnex, one.have, one.what)
		}
	}
	same(c, pack.EvidenceFile, "the population at the end", end.Population, c.Model.Population.SHA256)
	same(c, pack.EvidenceFile, "the digest of the items as they ended", c.Model.Population.Ended, end.Ended)
	same(c, pack.EvidenceFile, "the digest of the items as they ended on the ledger", c.Model.Ledger.Ended, end.Ended)
	if about.ClosedAt.After(end.at) {
		c.wrong("%s: the campaign was closed at %s, the ledger has it at %s", pack.EvidenceFile, moment(about.ClosedAt), moment(end.at))
	}
}

// model compares what the model says of the campaign, and counts of it, with the tables.
func (c *checking) model() {
	about := c.Model.Campaign
	same(c, pack.EvidenceFile, "its subject", c.File.Subject, about.ID)
	same(c, pack.EvidenceFile, "the campaign's run", about.Run, c.File.Run.ID)
	same(c, pack.EvidenceFile, "the campaign's clock", about.AsOf.UTC(), c.File.Run.AsOf.UTC())
	var t accessreview.Totals
	var own struct{ assigned, decided int }
	var pace struct{ decisions, void, abstained, bulk int }
	for _, i := range c.items {
		t.Items++
		switch access.ItemState(i.state) {
		case access.ItemKeep, access.ItemKept:
			t.Keep++
		case access.ItemRevoke, access.ItemRevoked:
			t.Revoke++
		default:
			t.Open++
		}
		if i.silent {
			t.Silent++
		}
		if len(i.reviewers) == 0 {
			t.Unassigned++
		}
		if i.state == string(access.ItemRevoked) && i.removed {
			t.Proven++
		} else if i.state == string(access.ItemRevoked) {
			t.Standing++
		}
		for _, r := range i.reviewers {
			if i.own(r) {
				own.assigned++
			}
		}
		for _, d := range i.decisions {
			pace.decisions++
			count(&pace.void, d.void)
			count(&pace.abstained, d.verdict == access.ReviewAbstain)
			count(&pace.bulk, d.together > 1)
			count(&own.decided, i.own(d.by))
		}
	}
	same(c, pack.EvidenceFile, "its totals", c.Model.Totals, t)
	p, a := c.Model.Pace, c.Model.Assignment
	same(c, pack.EvidenceFile, "the number of decisions", p.Decisions, pace.decisions)
	same(c, pack.EvidenceFile, "the number of void decisions", p.Void, pace.void)
	same(c, pack.EvidenceFile, "the number of abstentions", p.Abstained, pace.abstained)
	same(c, pack.EvidenceFile, "the number of decisions by one stroke", p.Bulk, pace.bulk)
	same(c, pack.EvidenceFile, "the number of reviewers of their own access", a.OwnAssigned, own.assigned)
	same(c, pack.EvidenceFile, "the number of decisions on one's own access", a.OwnDecided, own.decided)
	same(c, pack.EvidenceFile, "the number of decisions on the ledger", c.Model.Ledger.Decisions, len(c.trail.decided)+len(c.trail.silent))
}

func count(n *int, yes bool) {
	if yes {
		*n++
	}
}

// keyOf is the key of an item; see access.ReviewItem.
func keyOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

// moment is how the tables write a time.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// words are what stands between spaces.
func words(s string) []string {
	return slices.DeleteFunc(strings.Split(s, " "), func(w string) bool { return w == "" })
}
