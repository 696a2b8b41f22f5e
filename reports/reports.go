package reports

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/sheet"
	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/reports/pdf"
	"muster/reports/reconciliation"
)

// keepPerGroup bounds the findings of one rule in one system that are held to be printed; the annex has all.
const keepPerGroup = 200

// Pack is a written pack.
type Pack struct {
	ID        string // P-7Q2K4MZD, derived from the run
	ZipPath   string
	PDFPath   string // the report of the pack once more, beside it
	Digest    string // hex SHA-256 of the zip file, for the ledger
	PDFDigest string
	Pages     int
	Files     []pack.File
}

// Reconciliation writes the pack of one nightly reconciliation, <date>-reconciliation.zip with its PDF beside it, into outDir,
// which is made when it is missing. A pack of the same day is replaced.
func Reconciliation(ctx context.Context, ev evidence.Evidence, data evidence.Data, outDir string) (Pack, error) {
	if ev.Run.ID == "" || ev.Run.AsOf.IsZero() {
		return Pack{}, fail(access.Invalid, errors.New("the run has no id or no clock"))
	}
	at, err := ledger.ParseCheckpoint(ev.Ledger.Checkpoint, ev.Ledger.VerifierKey)
	if err != nil {
		return Pack{}, fail(access.Invalid, err)
	}
	if err := os.MkdirAll(outDir, 0o755); err != nil {
		return Pack{}, fail(access.Denied, err)
	}
	name := ev.Run.AsOf.UTC().Format("2006-01-02") + "-reconciliation"
	p := Pack{ID: packID("reconciliation", ev.Run.ID), ZipPath: filepath.Join(outDir, name+".zip"), PDFPath: filepath.Join(outDir, name+".pdf")}
	w, err := pack.Create(p.ZipPath, ev.Run.AsOf)
	if err != nil {
		return Pack{}, fail(access.Denied, err)
	}
	b := &builder{ctx: ctx, ev: ev, data: data, w: w, pack: &p, at: at}
	document, err := b.build()
	if err == nil {
		err = pack.WriteFile(p.PDFPath, document)
	}
	if err == nil {
		p.Digest, p.Files, err = w.Finish()
	}
	if err != nil {
		kind := access.KindOf(err) // the store's, when it is its error
		if ctx.Err() != nil {
			kind = access.Transient
		}
		return Pack{}, fail(kind, errors.Join(err, w.Abort()))
	}
	return p, nil
}

// Verify checks a pack offline; see pack.Verify. An empty trustedKey takes the pack's own word for whose key it is.
func Verify(ctx context.Context, packPath, trustedKey string) (pack.Report, error) {
	return pack.Verify(ctx, packPath, trustedKey)
}

func fail(kind access.Kind, err error) error {
	return &access.Error{Op: "write reconciliation pack", Kind: kind, Hint: access.HintOf(err), Err: err}
}

// packID names a pack by its kind and run, so that the same run has the same pack.
func packID(kind, run string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + run))
	return "P-" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:5])
}

// builder writes the files of one pack.
type builder struct {
	ctx  context.Context
	ev   evidence.Evidence
	data evidence.Data
	w    *pack.Writer
	pack *Pack
	at   ledger.Checkpoint
	file evidence.File
}

// build writes everything but SHA256SUMS and returns the PDF.
func (b *builder) build() ([]byte, error) {
	b.file = evidence.NewFile(b.ev)
	b.file.Pack, b.file.Renderer = b.pack.ID, pdf.Renderer()+", "+runtime.Version()
	tally := evidence.NewTally(b.ev.Run.AsOf, keepPerGroup)
	if err := b.annexes(tally); err != nil {
		return nil, err
	}
	b.file.Totals, b.file.FindingsSHA256 = tally.Totals, tally.Digest.Sum()
	proofs := b.ledgerFile()
	document, pages, err := reconciliation.Render(reconciliation.Input{Evidence: b.ev, File: b.file, Tally: tally, Checkpoint: b.at})
	if err != nil {
		return nil, err
	}
	b.pack.Pages = pages
	model, err := b.file.Encode()
	if err != nil {
		return nil, err
	}
	report, err := b.w.AddBytes(pack.ReportFile, document)
	if err != nil {
		return nil, err
	}
	b.pack.PDFDigest = report.SHA256
	rest := []struct{ name, content string }{
		{pack.EvidenceFile, string(model)}, {pack.CheckpointFile, b.ev.Ledger.Checkpoint},
	}
	for i, proof := range b.ev.Ledger.Proofs {
		rest = append(rest, struct{ name, content string }{proofs[i], proof.String()})
	}
	rest = append(rest, struct{ name, content string }{pack.VerifierFile, b.ev.Ledger.VerifierKey + "\n"},
		struct{ name, content string }{pack.GuideFile, pack.Guide(b.file)})
	for _, f := range rest {
		if _, err := b.w.AddBytes(f.name, []byte(f.content)); err != nil {
			return nil, err
		}
	}
	return document, nil
}

// ledgerFile fills the model's part about the ledger and returns the names of the proofs' files.
func (b *builder) ledgerFile() []string {
	l := evidence.LedgerFile{Origin: b.at.Origin, Size: b.at.Size, Root: b.at.Root.String(), Entries: []evidence.EntryFile{}}
	names := make([]string, len(b.ev.Ledger.Proofs))
	for i, p := range b.ev.Ledger.Proofs {
		names[i] = fmt.Sprintf("%s%d.tlog-proof", pack.ProofFolder, p.Index)
		entry := evidence.EntryFile{Index: p.Index, Proof: names[i]}
		if e, err := ledger.VerifyProof(p, b.ev.Ledger.Checkpoint, b.ev.Ledger.VerifierKey); err == nil {
			entry.Type, entry.System = e.Type, pack.SystemOf(e) // a proof that does not hold is left for Verify to name
		}
		l.Entries = append(l.Entries, entry)
	}
	b.file.Ledger = l
	return names
}

// annexes streams every table into the pack and counts the findings on the way.
func (b *builder) annexes(tally *evidence.Tally) error {
	tables := []annex{{pack.FindingsAnnex, func(t *sheet.Table) error {
		return pack.FindingsTable(t, func(row func(access.Finding) error) error {
			return b.data.Findings(b.ctx, func(f access.Finding) error {
				tally.Add(f)
				return row(f)
			})
		})
	}}}
	for _, name := range evidence.Tables() {
		tables = append(tables, annex{pack.AnnexFolder + name + ".csv", func(t *sheet.Table) error {
			return b.data.Population(b.ctx, name, t.Head, t.Row)
		}})
	}
	tables = append(tables,
		annex{pack.SnapshotsAnnex, func(t *sheet.Table) error { return pack.SnapshotsTable(t, b.ev.Sources) }},
		annex{pack.CountsAnnex, func(t *sheet.Table) error { return pack.CountsTable(t, b.ev.Run.Counts) }})
	for _, table := range tables {
		if err := b.annex(table); err != nil {
			return err
		}
	}
	return nil
}

// annex is one table and who fills it.
type annex struct {
	name string
	fill func(*sheet.Table) error
}

func (b *builder) annex(a annex) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	var rows int64
	f, err := b.w.Add(a.name, func(out io.Writer) error {
		t := sheet.NewTable(out)
		if err := a.fill(t); err != nil {
			return err
		}
		var err error
		rows, err = t.Close()
		return err
	})
	if err != nil {
		return err
	}
	b.file.Annexes = append(b.file.Annexes, evidence.Annex{File: a.name, Rows: rows, SHA256: f.SHA256, Size: f.Size})
	return nil
}
