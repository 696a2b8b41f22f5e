package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/signing"
	"muster/reports"
	"muster/reports/evidence"
	"muster/reports/trust"
)

// The pack of the figures: its population of grants has a million rows.
const (
	packGrants   = 1_000_000
	packPersons  = 20_000
	packFindings = 5_000
	packRounds   = 3
)

// packChild is the variable that makes this program write one pack into the folder that it names, and nothing else.
const packChild = "MUSTER_BENCH_PACK"

// packUsage is what writing one pack took, as its process tells it.
type packUsage struct {
	Wall   float64 `json:"wall"`
	CPU    float64 `json:"cpu"`
	Memory float64 `json:"memory"` // VmHWM in megabytes
	Bytes  int64   `json:"bytes"`
	Rows   int64   `json:"rows"`
	Pages  int     `json:"pages"`
}

// packMillion writes the pack of a run with a million grants, each time in a process of its own, so that its memory is its own.
func packMillion(ctx context.Context, dir string) ([]figure, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	var wall, cpu, memory []float64
	var last packUsage
	for round := range packRounds {
		command := exec.CommandContext(ctx, self)
		command.Env = append(os.Environ(), packChild+"="+filepath.Join(dir, strconv.Itoa(round)))
		command.Stderr = os.Stderr
		text, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("write pack: %w", err)
		}
		if err := json.Unmarshal(text, &last); err != nil {
			return nil, fmt.Errorf("read what the writer says: %w: %s", err, text)
		}
		wall, cpu, memory = append(wall, last.Wall), append(cpu, last.CPU), append(memory, last.Memory)
	}
	if last.Rows != packGrants || last.Memory == 0 {
		return nil, fmt.Errorf("the pack has %d grants, not %d, and took %.0f MB", last.Rows, packGrants, last.Memory)
	}
	what := fmt.Sprintf("a reconciliation pack with %d grants, %d findings and %d pages from memory, synced to disk, %d MB as zip; verified afterwards; median of %d; load of the machine %s",
		packGrants, packFindings, last.Pages, last.Bytes>>20, packRounds, load())
	return []figure{
		{"pack_1m_s", round(median(wall)), "s", "below 60", fmt.Sprintf("%s; %.1f s of processor time", what, median(cpu))},
		{"pack_1m_rss_mb", round(median(memory)), "MB", "below 400", what + "; peak resident memory of the writing process (VmHWM)"},
	}, nil
}

// writePack is the child: it writes one pack, checks it, and tells what that took. The check is not part of the time.
func writePack(ctx context.Context, dir string) error {
	data := &million{asOf: time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)}
	ev, err := data.evidence(ctx, filepath.Join(dir, "ledger"))
	if err != nil {
		return err
	}
	keys, err := signing.Open(ctx, signing.Options{Dir: filepath.Join(dir, "keys"), Organisation: ev.Organisation, Now: func() time.Time { return data.asOf.AddDate(0, 0, -1) }, Random: rand.Reader})
	if err != nil {
		return err
	}
	ev.Trust = &trust.Signing{Keys: keys}
	watch := stopwatch(0)
	p, err := reports.Write(ctx, reports.Reconciliation(ev.Run, nil, evidence.Activities{}), ev, data, filepath.Join(dir, "pack"))
	if err != nil {
		return err
	}
	u := packUsage{Memory: peak(os.Getpid()), Pages: p.Pages, Rows: data.grants}
	u.Wall, u.CPU = watch()
	info, err := os.Stat(p.ZipPath)
	if err != nil {
		return fmt.Errorf("look at pack: %w", err)
	}
	u.Bytes = info.Size()
	if _, err := reports.Verify(ctx, p.ZipPath, ev.Ledger.VerifierKey); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(u)
}

// million is an invented run of an organisation of 20,000 persons; it implements evidence.Data without keeping any row.
type million struct {
	asOf   time.Time
	grants int64 // rows that were asked for and given
}

// evidence enters the run on a ledger and says what a pack needs besides the rows.
func (m *million) evidence(ctx context.Context, dir string) (evidence.Evidence, error) {
	run := access.Run{ID: "R-20261122T010002Z-a1b2c3", Organisation: "Acme", State: access.RunCompleted, AsOf: m.asOf, StartedAt: m.asOf.Add(2 * time.Second), FinishedAt: m.asOf.Add(time.Minute),
		Version: "0.1.0", ConfigDigest: strings.Repeat("c0", 32), RulesDigest: strings.Repeat("d1", 32), Persons: packPersons, Accounts: 5 * packPersons, Grants: packGrants}
	ev := evidence.Evidence{Organisation: "Acme", Classification: "Confidential", RanBy: "muster bench", GeneratedBy: "muster 0.1.0", Rules: []evidence.Rule{{ID: "privilege-creep",
		Title: "Access beyond what the role calls for", Severity: access.Medium, Scope: access.ScopeGrant, When: "!grant.expected", Controls: []string{"SOC2 CC6.3"}, Digest: strings.Repeat("ab", 32), File: "builtin", Evaluated: packGrants}}}
	snap := access.Snapshot{ID: "S-20261122T010003Z-erp", RunID: run.ID, System: "erp", Collector: "csv", CollectorVersion: "1", TakenAt: m.asOf, StartedAt: m.asOf, FinishedAt: m.asOf, State: access.Complete, Digest: strings.Repeat("e", 64)}
	snap.Coverage = access.Coverage{Source: "erp", Queries: []string{"grants.csv"}, Classes: []access.ClassCoverage{{Class: access.ClassGrant, Claimed: packGrants, Fetched: packGrants, Parsed: packGrants, State: access.Complete}}}
	ev.Sources = []evidence.Source{{System: access.SystemFacts{Name: "erp", Title: "ERP", Collector: "csv", Tonight: snap, Used: snap}}}
	var digest access.FindingsDigest
	count := access.RuleCount{Rule: "privilege-creep", System: "erp", Severity: access.Medium, Open: packFindings}
	if err := m.Findings(ctx, func(f access.Finding) error { digest.Add(f); return nil }); err != nil {
		return ev, err
	}
	run.Counts = []access.RuleCount{count}
	log, err := ledger.Open(dir, ledger.Options{Origin: origin})
	if err != nil {
		return ev, err
	}
	entry := func(kind ledger.Type, data map[string]any) ledger.Event {
		return ledger.Event{Type: kind, Run: run.ID, Data: data}
	}
	ev.Run = run
	of, err := evidence.NewFile(ev).RunDigest()
	if err != nil {
		return ev, errors.Join(err, log.Close())
	}
	first, err := log.Append(ctx, entry(ledger.RunStart, map[string]any{"organisation": "Acme"}), entry(ledger.Config, map[string]any{"sha256": run.ConfigDigest}), entry(ledger.Rules, map[string]any{"sha256": run.RulesDigest, "count": 1}),
		entry(ledger.Snapshot, map[string]any{"snapshot": snap.ID, "system": "erp", "sha256": snap.Digest}), entry(ledger.Findings, map[string]any{"sha256": digest.Sum(), "count": packFindings, "suppressed": 0, "run_sha256": of}),
		entry(ledger.RunEnd, map[string]any{"state": "completed"}))
	if err != nil {
		return ev, errors.Join(err, log.Close())
	}
	run.FirstEntry, run.LastEntry, run.Checkpoint = first, first+5, log.Checkpoint()
	ev.Run, ev.Ledger = run, evidence.Ledger{Checkpoint: log.Checkpoint(), VerifierKey: log.VerifierKey()}
	reader, err := log.Reader()
	for i := first; err == nil && i <= run.LastEntry; i++ {
		var p ledger.Proof
		p, err = reader.Prove(i)
		ev.Ledger.Proofs = append(ev.Ledger.Proofs, p)
	}
	return ev, errors.Join(err, log.Close())
}

// Findings implements evidence.Data.
func (m *million) Findings(_ context.Context, yield func(access.Finding) error) error {
	for i := range packFindings {
		worker := fmt.Sprintf("W-%05d", i)
		f := access.Finding{Rule: "privilege-creep", Scope: access.ScopeGrant, Severity: access.Medium, State: access.Open, Change: access.ChangeStill, System: "erp", Subject: fmt.Sprintf("USER%05d", i), SubjectID: fmt.Sprintf("%08d", i),
			Detail: fmt.Sprintf("ROLE_%04d", i%2000), Person: worker, PersonName: "Person " + worker, Message: "Person " + worker + " holds a role in erp that no bundle gives", Controls: []string{"SOC2 CC6.3"},
			Evidence: []access.Evidence{{Expr: "grant.expected", Value: "false", Source: "no bundle gives it"}}, FirstSeen: m.asOf.AddDate(0, 0, -i%200), LastSeen: m.asOf, RunID: "R-20261122T010002Z-a1b2c3"}
		f.Fingerprint = access.Fingerprint(f.Rule, f.Scope, f.System, f.SubjectID, f.Detail)
		f.ID = access.ShortID(f.Fingerprint)
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}

// Before implements evidence.Data: there is no earlier run.
func (m *million) Before(context.Context, func(access.Finding) error) error { return nil }

// Population implements evidence.Data with the store's columns of grants; the other tables are as long as an organisation of that size
// makes them.
func (m *million) Population(_ context.Context, table string, head func([]string) error, row func([]string) error) error {
	n := map[string]int{"persons": packPersons, "accounts": 5 * packPersons, "entitlements": 2000, "grants": packGrants, "links": 5 * packPersons}[table]
	columns := []string{"system", "account_id", "entitlement_id", "entitlement", "path", "effective", "admin_option", "expires_at", "snapshot_id"}
	if err := head(columns); err != nil {
		return err
	}
	values := make([]string, len(columns))
	for i := range n {
		person, role := strconv.Itoa(i%packPersons), strconv.Itoa(i*31%2000)
		copy(values, []string{"erp", "account-" + person, "entitlement-" + role, "cn=ROLE_" + role + ",ou=roles,dc=acme,dc=example", `["GROUP_` + role + `","ROLE_` + role + `"]`, "true", "false", "", "S-20261122T010003Z-erp"})
		if err := row(values); err != nil {
			return err
		}
	}
	if table == "grants" {
		m.grants = int64(n)
	}
	return nil
}
