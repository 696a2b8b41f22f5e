package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/cmd/muster/cli"
	"muster/internal/access"
)

// TestNightsOfAllKinds walks through nights of random kinds and checks after each what must hold after any: the counts of the run are
// those of the findings, nothing is there twice, first seen stays, and what could not be looked at stands as it was.
func TestNightsOfAllKinds(t *testing.T) {
	nights := 16
	if testing.Short() {
		nights = 5
	}
	o := small(t)
	whole := map[string]string{}
	for _, file := range []string{"workers.csv", "vpn.csv"} {
		text, err := os.ReadFile(filepath.Join(o.dir, file))
		if err != nil {
			t.Fatal(err)
		}
		whole[file] = string(text)
	}
	r := rand.New(rand.NewPCG(7, 22))
	before := map[string]access.Finding{}
	for night := range nights {
		o.at(fmt.Sprintf("2026-11-%02d", 10+night))
		states := map[string]access.SnapshotState{"hr": o.spoil(r, "workers.csv", whole["workers.csv"]), "vpn": o.spoil(r, "vpn.csv", whole["vpn.csv"])}
		want := cli.ExitClean
		if states["hr"] != access.Complete || states["vpn"] != access.Complete {
			want = cli.ExitIncomplete
		}
		before = o.checkNight(night, states, before, o.ok(want, "nightly", "-o", "json"))
	}
	o.ok(cli.ExitClean, "ledger", "verify")
}

// spoil writes a file for the night and says what its snapshot must be: complete with or without an account, or not whole.
func (o *org) spoil(r *rand.Rand, file, whole string) access.SnapshotState {
	o.t.Helper()
	lines := strings.SplitAfter(whole, "\n")
	text, state := whole, access.Complete
	switch r.IntN(6) {
	case 0:
		text, state = whole[:len(whole)-r.IntN(30)-1], access.Partial
	case 1:
		text, state = "", access.Failed
	case 2:
		text, state = strings.Join(lines[:2], ""), access.Held
	case 3, 4: // one row less is within the threshold
		i := 2 + r.IntN(len(lines)-3)
		text = strings.Join(lines[:i], "") + strings.Join(lines[i+1:], "")
	}
	if err := os.WriteFile(filepath.Join(o.dir, file), []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
	return state
}

// checkNight checks a night against the findings before it and gives those after it.
func (o *org) checkNight(night int, states map[string]access.SnapshotState, before map[string]access.Finding, out string) map[string]access.Finding {
	o.t.Helper()
	var said struct {
		Run    string             `json:"run"`
		Counts []access.RuleCount `json:"counts"`
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		o.t.Fatal(err)
	}
	all := o.states()
	got := map[string]access.RuleCount{}
	for key, f := range all {
		prev, known := before[key]
		if known && !f.FirstSeen.Equal(prev.FirstSeen) {
			o.t.Errorf("night %d: %s was first seen %v, now %v", night, key, prev.FirstSeen, f.FirstSeen)
		}
		if f.RunID != said.Run {
			if f.State != access.Resolved {
				o.t.Errorf("night %d: %s is %s and the run does not tell of it", night, key, f.State)
			}
			continue
		}
		o.checkChange(night, states, key, f)
		if f.Change == access.ChangeUnverified && (!f.LastSeen.Equal(prev.LastSeen) || f.State != prev.State) {
			o.t.Errorf("night %d: %s was not looked at and changed from %+v to %+v", night, key, prev, f)
		}
		c := got[f.Rule+" "+f.System]
		addTo(&c, f)
		got[f.Rule+" "+f.System] = c
	}
	for _, c := range said.Counts {
		key := c.Rule + " " + c.System
		c.Rule, c.System, c.Severity = "", "", ""
		if c != got[key] {
			o.t.Errorf("night %d: the run says %s %+v, its findings are %+v", night, key, c, got[key])
		}
		delete(got, key)
	}
	if len(got) > 0 {
		o.t.Errorf("night %d: the run does not count %v", night, got)
	}
	return all
}

// checkChange checks what the snapshots of the night allow.
func (o *org) checkChange(night int, states map[string]access.SnapshotState, key string, f access.Finding) {
	o.t.Helper()
	hr, own := states["hr"] == access.Complete, states[f.System] == access.Complete
	absent := f.Change == access.ChangeNew || f.Change == access.ChangeReopened
	switch {
	case f.Scope == access.ScopeSystem:
		if own != (f.State == access.Resolved) {
			o.t.Errorf("night %d: %s is %s though its source is %s", night, key, f.State, states[f.System])
		}
	case f.Change == access.ChangeResolved && !(hr && own),
		absent && f.Rule == "orphaned-account" && !(hr && own),
		absent && f.Rule == "missing-access" && !own,
		f.Change == access.ChangeStill && !own:
		o.t.Errorf("night %d: %s is %s though hr is %s and vpn is %s", night, key, f.Change, states["hr"], states["vpn"])
	}
}

func addTo(c *access.RuleCount, f access.Finding) {
	switch f.Change {
	case access.ChangeNew:
		c.New++
	case access.ChangeReopened:
		c.Reopened++
	case access.ChangeUnverified:
		c.Unverified++
	case access.ChangeResolved:
		c.Resolved++
	}
	switch f.State {
	case access.Resolved:
	case access.Excepted:
		c.Excepted++
	default:
		c.Open++
	}
}
