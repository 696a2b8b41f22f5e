package tamper

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"muster/internal/sheet"
	"muster/reports/evidence"
	"muster/reports/pack"
)

// mutation is one change of one pack by somebody.
type mutation struct {
	who, kind string // careless, tidy, stranger, insider, forger; byte, cut, row, ...
	pack      string
	what      string
	names     []string // verify must name one of these
	ledger    string   // folder of a ledger that is at hand; empty: offline
	open      bool     // what was done cannot be told from a pack for outside or about a person: it is enough that the pack is not verified
	make      func(ctx context.Context, path string) error
}

func (m mutation) String() string { return fmt.Sprintf("%s, %s: %s %s", m.pack, m.who, m.kind, m.what) }

// mutations are all there are.
func (h *house) mutations() []mutation {
	var all []mutation
	for i, p := range h.packs {
		all = append(all, p.bytes()...)
		all = append(all, h.rows(p)...)
		if i == 0 {
			all = append(all, h.inside(p)...)
			all = append(all, h.forgeries(p)...)
			all = append(all, h.tables(p)...)
			all = append(all, p.zips()...)
			all = append(all, h.parts(p)...)
		}
		all = append(all, h.ofKind(p)...)
		all = append(all, h.swaps(p)...)
	}
	return all
}

// careless changes files and nothing else.
func (p *packed) careless(kind, what string, names []string, change func(files map[string][]byte)) mutation {
	return mutation{who: "careless", kind: kind, pack: p.kind, what: what, names: names, make: func(_ context.Context, path string) error {
		files := maps.Clone(p.files)
		change(files)
		return p.save(path, files)
	}}
}

// bytes changes every file in every simple way.
func (p *packed) bytes() []mutation {
	var all []mutation
	for _, name := range p.names {
		data := p.files[name]
		set := func(kind, what string, content []byte) {
			all = append(all, p.careless(kind, what+" "+name, []string{name}, func(files map[string][]byte) { files[name] = content }))
		}
		for _, at := range []int{0, len(data) / 2, len(data) - 1} {
			flipped := bytes.Clone(data)
			flipped[at] ^= 1 << (at % 8)
			set("bit", fmt.Sprintf("flipped at %d of", at), flipped)
		}
		set("cut", "last byte of", data[:len(data)-1])
		set("longer", "by a line", append(bytes.Clone(data), '\n'))
		set("emptied", "", []byte{})
		all = append(all, p.careless("removed", name, []string{name}, func(files map[string][]byte) { delete(files, name) }))
	}
	return append(all,
		p.careless("added", "a file", []string{"annexes/more.csv"}, func(files map[string][]byte) { files["annexes/more.csv"] = []byte("a\r\n") }),
		p.careless("added", "an input", []string{"inputs/more.yaml"}, func(files map[string][]byte) { files["inputs/more.yaml"] = []byte("rules: []\n") }))
}

// table reads a table as rows.
func table(data []byte) [][]string {
	in := sheet.NewReader(bytes.NewReader(data))
	var rows [][]string
	for {
		row, err := in.Read()
		if err != nil {
			return rows
		}
		rows = append(rows, slices.Clone(row))
	}
}

// untable writes rows as a table.
func untable(rows [][]string) []byte {
	var b bytes.Buffer
	t := sheet.NewTable(&b)
	_ = t.Head(rows[0]) // a buffer takes everything
	for _, r := range rows[1:] {
		_ = t.Row(r)
	}
	_, _ = t.Close()
	return b.Bytes()
}

// rows drops, doubles and changes a row of every table, carelessly, tidily, and with a stranger's signature.
func (h *house) rows(p *packed) []mutation {
	var all []mutation
	for _, name := range p.names {
		if !strings.HasPrefix(name, pack.AnnexFolder) || len(table(p.files[name])) < 2 {
			continue
		}
		for _, c := range []struct {
			kind   string
			change func(rows [][]string) [][]string
		}{
			{"row dropped", func(rows [][]string) [][]string { return slices.Delete(rows, len(rows)/2, len(rows)/2+1) }},
			{"row doubled", func(rows [][]string) [][]string { return append(rows, rows[len(rows)-1]) }},
			{"row changed", func(rows [][]string) [][]string { rows[len(rows)-1][0] += "x"; return rows }},
		} {
			change := func(files map[string][]byte) { files[name] = untable(c.change(table(p.files[name]))) }
			all = append(all, p.careless(c.kind, name, []string{name}, change),
				mutation{who: "tidy", kind: c.kind, pack: p.kind, what: name, names: []string{name}, make: func(_ context.Context, path string) error {
					files := maps.Clone(p.files)
					change(files)
					if err := tidied(files, p); err != nil {
						return err
					}
					return p.save(path, files)
				}},
				mutation{who: "stranger", kind: c.kind, pack: p.kind, what: name, names: []string{pack.PackKeyFile, pack.KeyringFile}, make: func(ctx context.Context, path string) error {
					files := maps.Clone(p.files)
					change(files)
					if err := tidied(files, p); err != nil {
						return err
					}
					if err := sign(ctx, files, h.strange); err != nil {
						return err
					}
					return p.save(path, files)
				}})
		}
	}
	return all
}

// tidied is tidy, where findings that are no findings any more are left as they are.
func tidied(files map[string][]byte, p *packed) error {
	if err := tidy(files, nil); err != nil {
		was := files[pack.FindingsAnnex]
		files[pack.FindingsAnnex] = p.files[pack.FindingsAnnex]
		err := tidy(files, nil)
		files[pack.FindingsAnnex] = was
		resum(files)
		return err
	}
	return nil
}

// insider changes a pack, makes everything agree, and signs with the organisation's own keys.
func (h *house) insider(p *packed, kind, what, ledgerDir string, names []string, change func(files map[string][]byte), model func(*evidence.File)) mutation {
	return mutation{who: "insider", kind: kind, pack: p.kind, what: what, names: names, ledger: ledgerDir, make: func(ctx context.Context, path string) error {
		files := maps.Clone(p.files)
		if change != nil {
			change(files)
		}
		if err := tidy(files, model); err != nil {
			return err
		}
		if err := sign(ctx, files, h.own); err != nil {
			return err
		}
		return p.save(path, files)
	}}
}

// swaps puts what is of another run, or of another pack, into a pack, and packs the same again.
func (h *house) swaps(p *packed) []mutation {
	all := []mutation{
		{who: "careless", kind: "re-zipped", pack: p.kind, names: []string{"the zip file"}, make: func(_ context.Context, path string) error {
			receipt, err := os.ReadFile(p.path + pack.ReceiptSuffix)
			if err != nil {
				return err
			}
			again := &packed{kind: p.kind, model: p.model, names: slices.Clone(p.names)}
			slices.Reverse(again.names)
			if err := again.save(path, p.files); err != nil {
				return err
			}
			return os.WriteFile(path+pack.ReceiptSuffix, receipt, 0o600)
		}},
	}
	for _, name := range []string{pack.ReportFile, pack.HTMLFile, pack.EvidenceFile, pack.AttestFile, pack.SumsFile, pack.SignatureFile, pack.CheckpointFile, pack.FindingsAnnex} {
		if bytes.Equal(h.other.files[name], p.files[name]) {
			continue
		}
		all = append(all, p.careless("swapped", name+" of another run", []string{name}, func(files map[string][]byte) { files[name] = h.other.files[name] }))
	}
	all = append(all, h.insider(p, "swapped", "report of another run", "", []string{pack.ReportFile}, nil, nil))
	last := &all[len(all)-1]
	last.make = func(ctx context.Context, path string) error {
		files := maps.Clone(p.files)
		if err := sign(ctx, files, h.own); err != nil {
			return err
		}
		files[pack.ReportFile] = h.other.files[pack.ReportFile]
		if err := attestAgain(ctx, files, h.own); err != nil {
			return err
		}
		return p.save(path, files)
	}
	return all
}
