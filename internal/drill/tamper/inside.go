package tamper

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/reports/evidence"
	"muster/reports/pack"
)

// inside is what somebody can try who may sign packs: change what the run saw, what it was configured with, or what it concluded. Offline the
// ledger's proofs and the re-performance must tell.
func (h *house) inside(p *packed) []mutation {
	var all []mutation
	cell := func(table_, column, what string, change func(string) string) {
		file := pack.AnnexFolder + table_ + ".csv"
		rows := table(p.files[file])
		at := slices.Index(rows[0], column)
		for _, n := range spread(1, len(rows)-1, 4) {
			all = append(all, h.insider(p, "cell", fmt.Sprintf("%s: %s, row %d", table_, what, n), "", []string{file, "snapshot"}, func(files map[string][]byte) {
				rows := table(p.files[file])
				if rows[n][at] = change(rows[n][at]); at >= 0 {
					files[file] = untable(rows)
				}
			}, nil))
		}
	}
	flip := func(s string) string { return map[string]string{"true": "false", "false": "true"}[s] }
	add := func(s string) string { return s + "x" }
	cell("persons", "status", "another status", func(s string) string { return map[bool]string{true: "active", false: "terminated"}[s == "terminated"] })
	cell("persons", "department", "another department", add)
	cell("persons", "manager_id", "another manager", add)
	cell("persons", "end_date", "another last day", func(string) string { return "2027-12-31" })
	cell("accounts", "enabled", "enabled or not", flip)
	cell("accounts", "last_login", "another last login", func(string) string { return "2026-11-20T08:00:00Z" })
	cell("accounts", "email", "another e-mail address", add)
	cell("accounts", "display_name", "another name", add)
	cell("accounts", "kind", "another kind", func(s string) string { return map[bool]string{true: "human", false: "service"}[s == "service"] })
	cell("entitlements", "privileged", "privileged or not", flip)
	cell("entitlements", "name", "another name", add)
	cell("grants", "effective", "effective or not", flip)
	cell("grants", "entitlement_id", "another entitlement", add)
	cell("grants", "entitlement", "another name of it", add)
	cell("entitlements", "system", "another system", func(s string) string { return map[bool]string{true: "vpn", false: "erp"}[s == "erp"] })
	cell("links", "snapshot_id", "another snapshot", add)
	cell("expectations", "until_ms", "until another day", func(string) string { return "[1]" })
	cell("profiles", "values", "other values", func(string) string { return `["made up"]` })
	cell("accounts", "enabled", "spelt otherwise", func(s string) string { return map[string]string{"true": "1", "false": "0"}[s] })
	cell("links", "person_id", "another person", add)
	cell("links", "result", "another result", add)
	cell("links", "evidence", "other evidence", func(string) string { return `["made up"]` })
	cell("expectations", "entitlement", "another entitlement", add)
	cell("expectations", "basis", "another basis", func(string) string { return `["bundle made-up"]` })
	cell("profiles", "persons", "another number of persons", func(string) string { return "4711" })
	cell("previous", "held", "another number before", func(string) string { return "4711" })
	cell("findings", "severity", "milder", func(string) string { return "info" })
	cell("findings", "message", "other words", add)
	cell("findings", "person_name", "somebody else", add)
	cell("findings", "first_seen", "found later", func(string) string { return "2026-11-23T01:00:00Z" })
	cell("findings", "evidence", "other facts", func(string) string { return "[]" })
	cell("findings-before", "severity", "milder before", func(string) string { return "info" })
	cell("findings-before", "first_seen", "known for a shorter time", func(string) string { return "2026-11-23T01:00:00Z" })
	cell("snapshots", "reason", "another reason", add)
	cell("snapshots", "claimed", "another claim", func(string) string { return "1" })
	cell("rule-counts", "open", "another count", func(string) string { return "4711" })
	for _, name := range []string{"persons", "accounts", "entitlements", "grants", "links", "expectations", "findings", "findings-before", "previous", "profiles", "snapshots", "rule-counts"} {
		file := pack.AnnexFolder + name + ".csv"
		rows := table(p.files[file])
		for _, n := range spread(1, len(rows)-1, 4) {
			all = append(all, h.insider(p, "row dropped", fmt.Sprintf("%s, row %d", name, n), "", []string{file, "snapshot"}, func(files map[string][]byte) {
				rows := table(p.files[file])
				files[file] = untable(slices.Delete(rows, n, n+1))
			}, nil))
		}
	}
	for _, in := range p.model.Inputs {
		data := p.files[in.File]
		for _, c := range []struct{ from, to string }{{"days: 90", "days: 9000"}, {"severity: high", "severity: low"}, {"enabled", "locked"}, {"Finance", "Finanz"}, {"expires: 2026", "expires: 2036"},
			{`"map"`, `"email"`}, {"2026-11-23T01:00:00Z", "2026-11-23T01:00:01Z"}} {
			if !strings.Contains(string(data), c.from) {
				continue
			}
			all = append(all, h.insider(p, "input", fmt.Sprintf("%s: %s for %s", in.File, c.to, c.from), "", []string{"inputs/", pack.EvidenceFile}, func(files map[string][]byte) {
				files[in.File] = []byte(strings.Replace(string(data), c.from, c.to, 1))
			}, nil))
		}
	}
	return append(append(all, h.places(p)...), h.models(p)...)
}

// places changes where a row stood in its source, which is in no digest: only that of the pack itself tells.
func (h *house) places(p *packed) (all []mutation) {
	for _, in := range [][2]string{{"persons", "row"}, {"accounts", "source_ref"}, {"entitlements", "source_ref"}} {
		file, column := pack.AnnexFolder+in[0]+".csv", in[1]
		all = append(all, h.insider(p, "place of a row", in[0], h.ledgerDir(), []string{"ledger at hand"}, func(files map[string][]byte) {
			rows := table(p.files[file])
			rows[1][slices.Index(rows[0], column)] = "4711"
			files[file] = untable(rows)
		}, nil))
	}
	return all
}

// ofKind is what an insider can try with the tables that only one kind of pack has. Decisions and the population of a campaign are on the ledger, and
// the seeded tests are done again; of the rest only the ledger at hand can tell, which has the pack's own digest.
func (h *house) ofKind(p *packed) []mutation {
	var all []mutation
	cell := func(name, column, ledgerDir string, names []string, change func(string) string) {
		file := pack.AnnexFolder + name + ".csv"
		rows := table(p.files[file])
		at := slices.Index(rows[0], column)
		for _, n := range spread(1, len(rows)-1, 3) {
			all = append(all, h.insider(p, "cell of the kind", fmt.Sprintf("%s: %s, row %d", name, column, n), ledgerDir, append(names, file), func(files map[string][]byte) {
				rows := table(p.files[file])
				rows[n][at] = change(rows[n][at])
				files[file] = untable(rows)
			}, nil))
		}
	}
	other := func(s string) string { return map[bool]string{true: "keep", false: "revoke"}[s == "revoke"] }
	add := func(s string) string { return s + "x" }
	at := h.ledgerDir()
	switch p.kind {
	case "access-review":
		cell("review-decisions", "verdict", "", nil, other)
		cell("review-decisions", "channel", "", nil, add)
		cell("review-decisions", "item", "", nil, add)
		cell("review-decisions", "at", "", nil, func(string) string { return "2026-11-23T02:00:00Z" })
		cell("review-decisions", "by", "", nil, add)
		cell("review-decisions", "reason", at, []string{"ledger at hand"}, add)
		cell("review-items", "key", "", nil, func(string) string { return strings.Repeat("0", 64) })
		cell("review-items", "silent", "", nil, func(s string) string { return map[bool]string{true: "false", false: "true"}[s == "true"] })
		cell("review-items", "state", "", nil, func(s string) string { return map[bool]string{true: "revoked", false: "kept"}[s == "kept"] })
		for _, column := range []string{"system", "account_id", "account", "entitlement", "entitlement_id", "kind", "person", "person_name", "status", "last_use"} {
			cell("review-items", column, "", nil, add)
		}
		cell("review-items", "reviewers", at, []string{"ledger at hand"}, add)
		all = append(all, h.dropped(p))
	case "sod":
		cell("sod-seeded", "fired", "", nil, func(s string) string { return map[bool]string{true: "false", false: "true"}[s == "true"] })
		cell("sod-conflicts", "person", at, []string{"ledger at hand"}, add)
	case "terminations":
		cell("terminations", "due_at", at, []string{"ledger at hand"}, add)
		cell("leavers", "person", at, []string{"ledger at hand"}, add)
	case "controls":
		cell("controls", "conclusion", at, []string{"ledger at hand"}, add)
	case "person":
		cell("person-access", "basis", at, []string{"ledger at hand"}, add)
	}
	if len(all) > 0 {
		all = append(all, h.insider(p, "model of the kind", "detail left out", "", []string{pack.EvidenceFile}, nil, func(f *evidence.File) { f.Detail = nil }),
			h.insider(p, "model of the kind", "a kind that there is not", "", []string{pack.EvidenceFile}, nil, func(f *evidence.File) {
				f.Kind = strings.ReplaceAll(f.Kind, "-", " ") + " "
				f.Pack = pack.ID(f.Kind, f.Run.ID, f.Subject)
			}))
	}
	return all
}

// models changes what evidence.json says of the run.
func (h *house) models(p *packed) []mutation {
	var all []mutation
	said := func(what string, change func(*evidence.File)) {
		all = append(all, h.insider(p, "model", what, "", []string{pack.EvidenceFile}, nil, change))
	}
	said("who ran it", func(f *evidence.File) { f.Run.RanBy = "nobody" })
	said("when it began", func(f *evidence.File) { f.Run.StartedAt = f.Run.StartedAt.Add(-24 * time.Hour) })
	said("its clock", func(f *evidence.File) { f.Run.AsOf = f.Run.AsOf.Add(time.Second) })
	said("whole or not", func(f *evidence.File) { f.Run.Incomplete = !f.Run.Incomplete })
	said("persons", func(f *evidence.File) { f.Run.Persons++ })
	said("suppressed", func(f *evidence.File) { f.Run.Suppressed += 3 })
	said("organisation", func(f *evidence.File) { f.Organisation = "Apex" })
	said("a source read whole", func(f *evidence.File) { f.Sources[1].Tonight.State = access.Partial })
	said("a source's query", func(f *evidence.File) { f.Sources[1].Tonight.Queries = []string{"SELECT 1"} })
	said("a source's counts", func(f *evidence.File) { f.Sources[1].Tonight.Classes[0].Fetched++ })
	said("a source's owner", func(f *evidence.File) { f.Sources[1].Owner = "somebody@acme.example" })
	said("a rule's condition", func(f *evidence.File) { f.Rules[0].When = "false" })
	said("a rule's controls", func(f *evidence.File) { f.Rules[0].Controls = []string{"SOC 2 CC9.9"} })
	said("how often a rule was asked", func(f *evidence.File) { f.Rules[0].Evaluated++ })
	said("a control's words", func(f *evidence.File) { f.Controls[0].Says = "nothing" })
	said("a bundle", func(f *evidence.File) { f.Bundles[0].When = "true" })
	said("who approved an exception", func(f *evidence.File) { f.Exceptions[0].Approver = "somebody@acme.example" })
	said("until when an exception holds", func(f *evidence.File) { f.Exceptions[0].Expires = f.Exceptions[0].Expires.AddDate(9, 0, 0) })
	said("an exception left out", func(f *evidence.File) { f.Exceptions = f.Exceptions[1:] })
	said("who approved a mitigation", func(f *evidence.File) { f.Mitigations[0].Approver = "somebody@acme.example" })
	said("an input left out", func(f *evidence.File) { f.Inputs = f.Inputs[1:] })
	return all
}

// forgeries are about the ledger: proofs left out, an older or another checkpoint, another history.
func (h *house) forgeries(p *packed) []mutation {
	var proofs []string
	for _, name := range p.names {
		if strings.HasPrefix(name, pack.ProofFolder) {
			proofs = append(proofs, name)
		}
	}
	var all []mutation
	for _, name := range proofs {
		all = append(all, h.insider(p, "ledger truncated", name, "", []string{pack.ProofFolder}, func(files map[string][]byte) { delete(files, name) },
			func(f *evidence.File) {
				f.Ledger.Entries = slices.DeleteFunc(slices.Clone(f.Ledger.Entries), func(e evidence.EntryFile) bool { return e.Proof == name })
			}))
		all = append(all, h.insider(p, "proof of another entry", name, "", []string{name}, func(files map[string][]byte) {
			other := proofs[0]
			if other == name {
				other = proofs[1]
			}
			files[name] = p.files[other]
		}, nil))
	}
	all = append(all, h.insider(p, "checkpoint back-dated", "to that of the night before", "", []string{pack.CheckpointFile}, func(files map[string][]byte) {
		files[pack.CheckpointFile] = h.other.files[pack.CheckpointFile]
	}, func(f *evidence.File) {
		f.Ledger.Size, f.Ledger.Root = h.other.model.Ledger.Size, h.other.model.Ledger.Root
	}))
	all = append(all, h.insider(p, "report", "reworded, in the twin", h.ledgerDir(), []string{"ledger"}, func(files map[string][]byte) {
		files[pack.HTMLFile] = []byte(strings.Replace(string(p.files[pack.HTMLFile]), "open findings", "closed findings", 1))
	}, nil))
	guide := h.insider(p, "guide", "reworded", "", []string{pack.GuideFile}, nil, nil)
	guide.make = func(ctx context.Context, path string) error {
		files := maps.Clone(p.files)
		files[pack.GuideFile] = append(slices.Clone(p.files[pack.GuideFile]), "\nAll is well.\n"...)
		if err := attestAgain(ctx, files, h.own); err != nil {
			return err
		}
		return p.save(path, files)
	}
	all = append(all, guide)
	return append(all, h.fork(p, "with a key of its own", false), h.fork(p, "with the ledger's own key", true))
}

// fork makes another ledger with the pack's entries, but without one finding, and a pack that agrees with it in everything.
func (h *house) fork(p *packed, what string, own bool) mutation {
	m := mutation{who: "forger", kind: "ledger forked", pack: p.kind, what: what, names: []string{"ledger"}, ledger: h.ledgerDir()}
	if !own {
		m.names, m.ledger = []string{pack.VerifierFile}, ""
	}
	m.make = func(ctx context.Context, path string) error {
		files := maps.Clone(p.files)
		dir, err := h.forged(own)
		if err != nil {
			return err
		}
		var events []ledger.Event
		for _, e := range p.model.Ledger.Entries {
			proof, err := ledger.ParseProof(string(p.files[e.Proof]))
			if err != nil {
				return err
			}
			entry, err := ledger.VerifyProof(proof, string(p.files[pack.CheckpointFile]), strings.TrimSuffix(string(p.files[pack.VerifierFile]), "\n"))
			if err != nil {
				return err
			}
			events = append(events, ledger.Event{Time: entry.Time, Type: entry.Type, Run: entry.Run, Data: entry.Data})
			delete(files, e.Proof)
		}
		log, err := ledger.Open(dir, ledger.Options{Origin: h.origin()})
		if err != nil {
			return err
		}
		first, err := log.Append(ctx, events...)
		at := log.Checkpoint()
		if cerr := log.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
		parsed, key, entries, err := h.proven(dir, at, first, len(events), files)
		if err != nil {
			return err
		}
		files[pack.CheckpointFile], files[pack.VerifierFile] = []byte(at), []byte(key+"\n")
		if err := tidy(files, func(f *evidence.File) {
			for i := range entries {
				entries[i].System, entries[i].Type = p.model.Ledger.Entries[i].System, p.model.Ledger.Entries[i].Type
			}
			f.Ledger = evidence.LedgerFile{Origin: parsed.Origin, Size: parsed.Size, Root: parsed.Root.String(), Entries: entries}
		}); err != nil {
			return err
		}
		if err := sign(ctx, files, h.own); err != nil {
			return err
		}
		return p.save(path, files)
	}
	return m
}

// proven puts the proofs of a forged ledger into a pack.
func (h *house) proven(dir, at string, first uint64, n int, files map[string][]byte) (ledger.Checkpoint, string, []evidence.EntryFile, error) {
	r, err := ledger.Read(dir)
	if err != nil {
		return ledger.Checkpoint{}, "", nil, err
	}
	key := r.VerifierKey()
	parsed, err := ledger.ParseCheckpoint(at, key)
	if err != nil {
		return parsed, key, nil, err
	}
	var entries []evidence.EntryFile
	for i := range uint64(n) {
		proof, err := r.Prove(first + i)
		if err != nil {
			return parsed, key, nil, err
		}
		name := fmt.Sprintf("%s%d.tlog-proof", pack.ProofFolder, first+i)
		files[name] = []byte(proof.String())
		entries = append(entries, evidence.EntryFile{Index: first + i, Proof: name})
	}
	return parsed, key, entries, nil
}

// forged is the folder of a new ledger, with the organisation's own key or with another.
func (h *house) forged(own bool) (string, error) {
	dir := filepath.Join(h.dir, fmt.Sprintf("forged-%d", time.Now().UnixNano()))
	if !own {
		return dir, nil
	}
	return dir, copyKey(h.ledgerDir(), dir)
}

// spread picks up to n of the numbers from first to last, the ends among them.
func spread(first, last, n int) []int {
	if last < first {
		return nil
	}
	var out []int
	for i := range n {
		at := first + (last-first)*i/max(n-1, 1)
		if !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	return out
}
