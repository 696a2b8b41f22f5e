package tamper

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"muster/internal/ledger"
	"muster/reports/evidence"
	"muster/reports/pack"
)

// tables is what an insider can try with the shape of tables: columns that nobody reads, and rows before the genuine ones.
func (h *house) tables(p *packed) []mutation {
	var all []mutation
	column := func(name, what string, at int, head string, cell func(row []string) string) {
		file := pack.AnnexFolder + name + ".csv"
		all = append(all, h.insider(p, "column", name+": "+what, "", []string{file}, func(files map[string][]byte) {
			rows := table(p.files[file])
			for i, row := range rows {
				value := head
				if i > 0 {
					value = cell(row)
				}
				rows[i] = slices.Insert(row, at, value)
			}
			files[file] = untable(rows)
		}, nil))
	}
	enabled := func(row []string) string {
		return map[string]string{"true": "false", "false": "true"}[row[slices.Index(table(p.files[pack.AnnexFolder+"accounts.csv"])[0], "enabled")]]
	}
	column("accounts", "a second one before the genuine one", 0, "enabled", enabled)
	for _, name := range []string{"persons", "accounts", "entitlements", "grants", "links", "profiles", "expectations", "rejections", "previous", "findings-before", "snapshots", "rule-counts"} {
		column(name, "an invented one", 0, "approved_by_audit", func([]string) string { return "yes" })
	}
	row := func(name, column string, forged string) {
		file := pack.AnnexFolder + name + ".csv"
		rows := table(p.files[file])
		at := slices.Index(rows[0], column)
		for _, n := range spread(1, len(rows)-1, 2) {
			all = append(all, h.insider(p, "row before another", fmt.Sprintf("%s, row %d", name, n), "", []string{file}, func(files map[string][]byte) {
				rows := table(p.files[file])
				one := slices.Clone(rows[n])
				one[at] = forged
				files[file] = untable(slices.Insert(rows, n, one))
			}, nil))
		}
	}
	row("links", "person_id", "W-00001")
	row("expectations", "basis", `["bundle made-up"]`)
	row("profiles", "persons", "4711")
	row("previous", "held", "4711")
	row("findings-before", "severity", "info")
	return all
}

// zips hides something in the zip file, or lets it claim what it cannot hold. Without a receipt only the file itself can tell.
func (p *packed) zips() []mutation {
	zipped := func(what, name string, change func(whole []byte) ([]byte, error)) mutation {
		return mutation{who: "careless", kind: "zip", pack: p.kind, what: what, names: []string{name}, make: func(_ context.Context, path string) error {
			whole, err := os.ReadFile(p.path)
			if err == nil {
				whole, err = change(whole)
			}
			if err == nil {
				err = os.WriteFile(path, whole, 0o600)
			}
			return err
		}}
	}
	directory := func(whole []byte) int { return int(binary.LittleEndian.Uint32(whole[len(whole)-6:])) }
	return []mutation{
		zipped("entries before the genuine ones", "open pack", func(whole []byte) ([]byte, error) {
			return append(bytes.Clone(whole[:directory(whole)]), whole...), nil
		}),
		zipped("a comment", "open pack", func(whole []byte) ([]byte, error) {
			out := append(bytes.Clone(whole), "All is well."...)
			binary.LittleEndian.PutUint16(out[len(whole)-2:], 12)
			return out, nil
		}),
		zipped("bytes behind it", "open pack", func(whole []byte) ([]byte, error) { return append(bytes.Clone(whole), '\n'), nil }),
		zipped("a file that claims 64 GiB", "packed bytes cannot hold", func([]byte) ([]byte, error) {
			var b bytes.Buffer
			z := zip.NewWriter(&b)
			w, err := z.CreateRaw(&zip.FileHeader{Name: pack.SumsFile, Method: zip.Deflate, CompressedSize64: 1, UncompressedSize64: 64<<30 - 1})
			if err == nil {
				_, err = w.Write([]byte{3})
			}
			if err == nil {
				err = z.Close()
			}
			return b.Bytes(), err
		}),
	}
}

// parts makes a whole pack call itself a part of its run, of which less can be told, and falsifies it.
func (h *house) parts(p *packed) []mutation {
	milder := func(files map[string][]byte) {
		rows := table(p.files[pack.FindingsAnnex])
		rows[1][slices.Index(rows[0], "severity")] = "info"
		files[pack.FindingsAnnex] = untable(rows)
	}
	redacted := h.insider(p, "part", "for outside", "", []string{"not checked", "the pack carries pseudonyms"}, milder, func(f *evidence.File) {
		f.Scope = evidence.Scope{Findings: p.model.Totals.All, Redacted: &evidence.Redacted{Of: f.Pack, FindingsSHA256: p.model.FindingsSHA256}}
		f.Subject += ", with pseudonyms"
		f.Pack = pack.ID(f.Kind, f.Run.ID, f.Subject)
		var tree any
		raw, _ := f.Detail.(json.RawMessage)
		if json.Unmarshal(raw, &tree) == nil { // it was written by Muster
			f.Detail = tree
		}
	})
	redacted.open = true
	return []mutation{redacted,
		h.insider(p, "part", "about one person", "", []string{pack.EvidenceFile}, milder, func(f *evidence.File) {
			f.Scope = evidence.Scope{Persons: []string{"W-00050"}, Findings: p.model.Totals.All}
		}),
		h.sealedBefore(p),
	}
}

// sealedBefore changes what evidence.json says besides, with the pack key alone: the report keeps the seal of the day.
func (h *house) sealedBefore(p *packed) mutation {
	m := h.insider(p, "part", "its detail after the report was sealed", "", []string{pack.ReportFile}, nil, nil)
	m.make = func(ctx context.Context, path string) error {
		files := maps.Clone(p.files)
		files[pack.EvidenceFile] = []byte(strings.Replace(string(p.files[pack.EvidenceFile]), `"until": `, `"until": 1`, 1))
		if err := attestAgain(ctx, files, h.own); err != nil {
			return err
		}
		return p.save(path, files)
	}
	return m
}

// dropped drops a revocation of a campaign with its entry and its proof, and tells the item as kept.
func (h *house) dropped(p *packed) mutation {
	const decisions, items = pack.AnnexFolder + "review-decisions.csv", pack.AnnexFolder + "review-items.csv"
	rows := table(p.files[decisions])
	item, id := rows[1][slices.Index(rows[0], "item")], rows[1][slices.Index(rows[0], "decision")]
	proof := ""
	for _, e := range p.model.Later.Entries {
		if one, err := ledger.ParseProof(string(p.files[e.Proof])); err == nil && bytes.Contains(one.Entry, []byte(id)) {
			proof = e.Proof
		}
	}
	return h.insider(p, "decision dropped", item, "", []string{items}, func(files map[string][]byte) {
		delete(files, proof)
		files[decisions] = untable(append(rows[:1:1], rows[2:]...))
		all := table(p.files[items])
		for _, row := range all {
			if row[slices.Index(all[0], "item")] == item {
				row[slices.Index(all[0], "state")] = "kept"
			}
		}
		files[items] = untable(all)
		var opened []evidence.Opened
		if json.Unmarshal(p.files[pack.LaterOpenedFile], &opened) == nil { // it was written by Muster
			opened = slices.DeleteFunc(opened, func(o evidence.Opened) bool { return strings.Contains(proof, fmt.Sprintf("/%d.", o.Entry)) })
		}
		delete(files, pack.LaterOpenedFile)
		if len(opened) > 0 {
			text, _ := json.MarshalIndent(opened, "", "  ") // it was read from JSON
			files[pack.LaterOpenedFile] = append(text, '\n')
		}
	}, func(f *evidence.File) {
		later := *f.Later
		later.Entries = slices.DeleteFunc(slices.Clone(later.Entries), func(e evidence.EntryFile) bool { return e.Proof == proof })
		later.Opened--
		f.Later = &later
	})
}
