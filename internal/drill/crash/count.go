package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/drill/crash/stand"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/remediate"
)

// slackTime is how far two clocks of one machine may be apart: file times and PostgreSQL's log are no finer.
const slackTime = 12 * time.Millisecond

// tape is what the ledger says of one action.
type tape struct {
	intent   *ledger.Entry // the first
	receipts []receipt     // those that say that the change is there
}

type receipt struct {
	ledger.Entry
	State     string `json:"state"`
	Outcome   string `json:"outcome"`
	SHA256    string `json:"sha256"`
	Recovered bool   `json:"recovered"`
}

// count looks at everything that was planned: at its record, at the ledger, and at what was done to the servers.
func (d *drill) count(ctx context.Context) error {
	dir := filepath.Join(d.data, "ledger")
	if _, err := ledger.Verify(ctx, dir); err != nil {
		d.problem("the ledger does not verify: %v", err)
	}
	tapes, unopened, err := readTapes(ctx, dir)
	if err != nil {
		return err
	}
	for _, what := range unopened {
		d.result.Lost["opening of "+what] = "the ledger commits to it, and nothing that is kept opens it"
	}
	records, err := d.records(ctx)
	if err != nil {
		return err
	}
	writes, err := d.stand.Writes(ctx)
	if err != nil {
		return err
	}
	for _, x := range d.deeds {
		if why := d.lost(x, records[x.id], tapes[x.id]); why != "" {
			d.lose(x, why)
			continue
		}
		d.result.Actions++
		if why := doubled(tapes[x.id]); why != "" {
			d.result.Doubled[x.id] = fmt.Sprintf("%s: %s", x, why)
		}
		writes[x.Name()] = d.weigh(x, tapes[x.id], writes[x.Name()])
	}
	for name, left := range writes {
		if len(left) > 0 {
			d.result.Doubled["change of "+name] = fmt.Sprintf("%d changes lie between no intent and its receipt, the first: %s %s at %s", len(left), left[0].System, left[0].What,
				left[0].At.Format(time.RFC3339Nano))
		}
	}
	facts, err := d.stand.Facts(ctx)
	if err != nil {
		return err
	}
	for name, text := range facts {
		for line := range strings.Lines(text) {
			if strings.Contains(line, ": an order of ") && !strings.HasSuffix(strings.TrimSpace(line), "listed 1 times") {
				d.result.Doubled["order of "+name] = line
			}
		}
	}
	return d.counted(ctx)
}

// readTapes gathers what the ledger says of each action, with its commitments opened, and names those that nothing opens. A process keeps
// what an entry commits to before the entry, so no kill may part them.
func readTapes(ctx context.Context, dir string) (tapes map[string]*tape, unopened []string, err error) {
	kept := map[string]commit.Opening{}
	err = commit.NewBook(ledger.PrivateDir(dir)).Each(ctx, func(o commit.Opening) error {
		kept[o.Commitment] = o
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	r, err := ledger.Read(dir)
	if err != nil {
		return nil, nil, err
	}
	tapes = map[string]*tape{}
	err = r.Entries(ctx, 0, func(e ledger.Entry) error {
		text := string(e.Data)
		for field, commitment := range commit.Found(e.Data) {
			if o := kept[commitment]; o.Entry == e.Index && o.Check(commitment) {
				text = strings.Replace(text, `"`+commitment+`"`, string(o.Value), 1)
			} else {
				unopened = append(unopened, fmt.Sprintf("%s in entry %d", field, e.Index))
			}
		}
		return enter(tapes, e, []byte(text))
	})
	return tapes, unopened, err
}

// enter notes an intent, or a receipt that says that the change is there.
func enter(tapes map[string]*tape, e ledger.Entry, opened []byte) error {
	if e.Type != ledger.Intent && e.Type != ledger.Receipt {
		return nil
	}
	var action struct{ Action string }
	said := receipt{Entry: e}
	if err := json.Unmarshal(opened, &action); err != nil {
		return err
	}
	if err := json.Unmarshal(opened, &said); err != nil {
		return err
	}
	t := tapes[action.Action]
	if t == nil {
		t = &tape{}
		tapes[action.Action] = t
	}
	switch {
	case e.Type == ledger.Intent && t.intent == nil:
		t.intent = &e
	case e.Type == ledger.Receipt && (said.State == string(remediate.Done) || said.State == string(remediate.Ordered)):
		t.receipts = append(t.receipts, said)
	}
	return nil
}

// lost says why an action does not count as done; empty when it does.
func (d *drill) lost(x *deed, r remediate.Record, t *tape) string {
	switch {
	case r.State != remediate.Done && r.State != remediate.Ordered:
		return fmt.Sprintf("it is %q: %s", r.State, r.Why)
	case r.Receipt == nil || !r.Receipt.After.Shows(r.Action):
		return "its record has no receipt that shows the change"
	case t == nil || len(t.receipts) == 0:
		return "the ledger has no receipt"
	case t.intent == nil || t.intent.Index > t.receipts[0].Index:
		return "the ledger has a receipt and no intent before it"
	case x.Kind != access.RevokeSessions && r.Inverse == nil:
		return "its inverse was not recorded"
	}
	digest, err := remediate.Digest(r.Receipt)
	if last := t.receipts[len(t.receipts)-1]; err != nil || last.SHA256 != digest {
		return fmt.Sprintf("the ledger's last receipt is another one than its record's: %.12s, %.12s", last.SHA256, digest)
	}
	return ""
}

// doubled says why the ledger has an action twice. A recovery's receipt says what it found; it claims no change.
func doubled(t *tape) string {
	made := 0
	for _, r := range t.receipts {
		if !r.Recovered {
			made++
		}
	}
	if made > 1 {
		return fmt.Sprintf("the ledger has %d receipts that say that it was done", made)
	}
	return ""
}

// weigh compares the changes between an action's intent and its last receipt with those of an undisturbed one, and gives the others.
func (d *drill) weigh(x *deed, t *tape, writes []stand.Write) (others []stand.Write) {
	from, until := t.intent.Time.Add(-slackTime), t.receipts[len(t.receipts)-1].Time.Add(slackTime)
	n := 0
	for _, w := range writes {
		if w.At.Before(from) || w.At.After(until) {
			others = append(others, w)
		} else {
			n++
		}
	}
	switch want := d.measure[measureOf(x.Case, x.undo)]; {
	case n > want:
		d.result.Doubled[x.id] = fmt.Sprintf("%s: the server was changed %d times, undisturbed %d times", x, n, want)
	case n < want:
		d.lose(x, fmt.Sprintf("the server was changed %d times, undisturbed %d times", n, want))
	}
	return others
}

// lose counts an action as lost, once, for all the reasons that there are.
func (d *drill) lose(x *deed, why string) {
	if said := d.result.Lost[x.id]; said != "" {
		d.result.Lost[x.id] = said + "\n" + why
		return
	}
	d.result.Lost[x.id] = fmt.Sprintf("%s: %s", x, why)
}
