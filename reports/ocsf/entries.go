package ocsf

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"muster/internal/access"
	"muster/internal/ledger"
)

// Entries writes an event for each ledger entry, in the stream's order. metadata.sequence is the entry's index, so that a reader can go on
// where it stopped and sees a gap; metadata.uid is the ledger's origin and the index; raw_data is the exact leaf, whose hash (RFC 6962
// §2.1) is in the tree.
func Entries(w io.Writer, about About, stream func(yield func(ledger.Entry) error) error) error {
	out := newLines(w)
	err := stream(func(e ledger.Entry) error {
		x, err := entry(e, about)
		if err != nil {
			return err
		}
		return out.write(x)
	})
	if err != nil {
		return err
	}
	return out.flush()
}

// findingEntry is the data of an entry of type finding. The ledger names no person.
type findingEntry struct {
	Fingerprint string              `json:"fingerprint"`
	Rule        string              `json:"rule"`
	System      string              `json:"system"`
	Severity    access.Severity     `json:"severity"`
	State       access.FindingState `json:"state"`
	Change      access.Change       `json:"change"`
}

func entry(e ledger.Entry, about About) (event, error) {
	about.Run = cmp.Or(e.Run, about.Run)
	x := baseEvent().event(other, string(e.Type), e.Time, about)
	x.severity(weight(e.Type))
	var data map[string]any
	if len(e.Data) > 0 {
		dec := json.NewDecoder(bytes.NewReader(e.Data))
		dec.UseNumber() // a count keeps its digits
		var value any
		if err := dec.Decode(&value); err != nil {
			return event{}, fmt.Errorf("read data of entry %d: %w", e.Index, err)
		}
		switch v := value.(type) {
		case map[string]any:
			data = v
		case nil:
		default:
			data = map[string]any{"data": v}
		}
	}
	if e.Type == ledger.Finding {
		var f findingEntry
		if err := json.Unmarshal(e.Data, &f); err != nil {
			return event{}, fmt.Errorf("read finding of entry %d: %w", e.Index, err)
		}
		if f.Fingerprint != "" {
			x = begin(f.Change, f.State, e.Time, about)
			x.severity(f.Severity)
			x.judge(f.Rule, f.State, f.Change, nil)
			x.Finding = &findingInfo{UID: f.Fingerprint, Title: cmp.Or(f.Rule, "finding"), Modified: e.Time.UnixMilli(), Types: []string{cmp.Or(f.Rule, "finding")}}
			x.Resources = []resource{{Type: "system", Name: cmp.Or(f.System, "unknown")}}
		}
	}
	index := e.Index
	x.Message = fmt.Sprintf("ledger entry %d: %s", e.Index, e.Type)
	x.Metadata.UID, x.Metadata.Sequence = fmt.Sprintf("%s/%d", about.Origin, e.Index), &index
	x.Metadata.EventCode, x.Metadata.LogName, x.Metadata.LogProvider = string(e.Type), "ledger", about.Origin
	x.RawData, x.Unmapped = string(e.Raw), data
	return x, nil
}

// weight is how much an entry asks for attention: what somebody tried who may not, what holds or stops the machine, what failed.
func weight(t ledger.Type) access.Severity {
	switch t {
	case ledger.Halt, ledger.RunFail, ledger.Refusal:
		return access.High
	case ledger.Hold:
		return access.Medium
	}
	return access.Informational
}
