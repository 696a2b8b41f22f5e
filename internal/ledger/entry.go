package ledger

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"muster/internal/ledger/canonical"
	"muster/internal/ledger/commit"
)

// Type says what an entry records.
type Type string

// The types of entries that a run makes, in the order of a run. Other types may be added; a reader skips what it does not know.
const (
	RunStart  Type = "run.start" // a run began: version, organisation, as of
	Config    Type = "config"    // digest of the configuration
	Rules     Type = "rules"     // digest of every rule, bundle and matrix file
	Snapshot  Type = "snapshot"  // one source as it was read: counts, state, digest
	Findings  Type = "findings"  // digest and counts of all findings after the run
	Finding   Type = "finding"   // one change of one finding, by its fingerprint
	Exception Type = "exception" // an accepted risk in force, by its id
	Release   Type = "release"   // a person released what a guardrail held
	Pack      Type = "pack"      // digest of an evidence pack
	RunEnd    Type = "run.end"   // the run's result
	RunFail   Type = "run.fail"  // the run ended early, and why

	Plan     Type = "plan"            // what would be done: digest and counts
	Intent   Type = "action.intent"   // an action is about to be done; its inverse is recorded
	Receipt  Type = "action.receipt"  // what the system said and a re-read showed
	Settled  Type = "action.settled"  // an action ended without a change, or a later snapshot verified or contradicted it
	Approval Type = "approval"        // a question was put, escalated or withdrawn
	Decision Type = "decision"        // approve, deny or expire
	Refusal  Type = "refusal"         // somebody tried to decide who may not
	Hold     Type = "hold"            // actions are held until a person releases them
	Request  Type = "request"         // access was asked for, given or ended
	Accept   Type = "exception.asked" // a risk was put forward to be accepted, accepted or refused
	Halt     Type = "halt"            // the kill switch was set or lifted
	Erasure  Type = "erasure"         // what entries commit to about a person was erased
	Legal    Type = "legal-hold"      // a legal hold was set or lifted
	Retain   Type = "retention"       // what was kept long enough was removed
	Notice   Type = "notice"          // messages to people were sent or changed, by their digests
	Campaign Type = "campaign"        // a review of access was frozen, assigned, reminded of, closed, or its revocations proven
)

// maxEntry is the longest entry that an entry bundle can hold.
const maxEntry = 1<<16 - 1

// entryVersion is the version of the entries' form.
const entryVersion = 1

// Event is what a caller enters.
type Event struct {
	Time time.Time // zero means now; one before the last entry's is raised to it
	Type Type
	Run  string // run id; empty outside a run
	Data any    // rendered by canonical.JSON; personal data as commit.Private, which the entry only commits to
}

// Entry is one leaf of the log.
type Entry struct {
	Index uint64
	Time  time.Time
	Type  Type
	Run   string
	Data  json.RawMessage
	Raw   []byte // the exact bytes that were hashed
}

// encoded is an event whose leaf lacks only its number and its time.
type encoded struct {
	event Event
	head  []byte // up to the number
	tail  []byte // from the type on

	openings []commit.Opening // of what was private
}

// encode makes what does not depend on the entry's place. The keys stand in canonical order already.
func (e Event) encode(random io.Reader) (encoded, error) {
	data := []byte("null")
	sealed, openings, err := commit.Seal(e.Data, random)
	if err != nil {
		return encoded{}, fmt.Errorf("encode event %s: %w", e.Type, err)
	}
	if sealed != nil {
		if data, err = canonical.JSON(sealed); err != nil {
			return encoded{}, fmt.Errorf("encode event %s: %w", e.Type, err)
		}
	}
	if e.Type == "" {
		return encoded{}, fmt.Errorf("encode event: it has no type")
	}
	head := make([]byte, 0, len(data)+len(e.Run)+24)
	head = append(append(head, `{"data":`...), data...)
	head = canonical.AppendString(append(head, `,"run":`...), cleanText(e.Run))
	tail := canonical.AppendString([]byte(`,"type":`), cleanText(string(e.Type)))
	tail = strconv.AppendInt(append(tail, `,"v":`...), entryVersion, 10)
	return encoded{Event{Time: e.Time, Type: e.Type}, append(head, `,"seq":`...), append(tail, '}'), openings}, nil
}

// leaf makes the leaf's bytes.
func (e encoded) leaf(index uint64, at time.Time) ([]byte, error) {
	raw := make([]byte, 0, len(e.head)+len(e.tail)+64)
	raw = strconv.AppendUint(append(raw, e.head...), index, 10)
	raw = canonical.AppendString(append(raw, `,"time":`...), at.UTC().Format(time.RFC3339Nano))
	raw = append(raw, e.tail...)
	if len(raw) > maxEntry {
		return nil, fmt.Errorf("encode event %s: %d bytes, more than the %d that an entry holds; enter its digest", e.event.Type, len(raw), maxEntry)
	}
	return raw, nil
}

// cleanText replaces invalid UTF-8, as encoding/json does for the data.
func cleanText(s string) string { return string([]rune(s)) }

// decodeEntry reads a leaf's bytes without judging them; checkEntry does that.
func decodeEntry(index uint64, raw []byte) (Entry, error) {
	var form struct {
		Data json.RawMessage `json:"data"`
		Run  string          `json:"run"`
		Seq  uint64          `json:"seq"`
		Time time.Time       `json:"time"`
		Type Type            `json:"type"`
		V    int             `json:"v"`
	}
	if err := json.Unmarshal(raw, &form); err != nil {
		return Entry{}, fmt.Errorf("decode entry %d: %w", index, err)
	}
	if form.V != entryVersion {
		return Entry{}, fmt.Errorf("decode entry %d: its version is %d, this program reads %d", index, form.V, entryVersion)
	}
	if form.Seq != index {
		return Entry{}, fmt.Errorf("decode entry %d: it says that it is number %d", index, form.Seq)
	}
	return Entry{Index: index, Time: form.Time, Type: form.Type, Run: form.Run, Data: form.Data, Raw: raw}, nil
}

// checkEntry says what is wrong with an entry that follows one of time last.
func checkEntry(e Entry, last time.Time) error {
	canonical, err := canonical.Rewrite(e.Raw)
	if err != nil {
		return err
	}
	if string(canonical) != string(e.Raw) {
		return fmt.Errorf("it is not canonical JSON")
	}
	if e.Type == "" {
		return fmt.Errorf("it has no type")
	}
	if e.Time.Before(last) {
		return fmt.Errorf("its time %s lies before that of the entry before, %s", e.Time.Format(time.RFC3339Nano), last.Format(time.RFC3339Nano))
	}
	return nil
}
