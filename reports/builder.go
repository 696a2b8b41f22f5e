package reports

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/sheet"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/reports/html"
	"muster/reports/ocsf"
	"muster/reports/oscal"
	"muster/reports/pack"
	"muster/reports/pdf"
	"muster/reports/trust"
)

// builder writes the files of one pack.
type builder struct {
	ctx  context.Context
	job  Job
	ev   evidence.Evidence
	data evidence.Data
	w    *pack.Writer
	pack *Pack
	at   ledger.Checkpoint
	file evidence.File
}

// named is one small file of a pack.
type named struct{ name, content string }

// build writes everything but SHA256SUMS and its signature, and returns the sealed PDF.
func (b *builder) build() ([]byte, error) {
	b.file = evidence.NewFile(b.ev)
	b.file.Kind, b.file.Subject, b.file.Detail = b.job.Kind, b.job.Subject, b.job.Detail
	b.file.Pack, b.file.Renderer = b.pack.ID, pdf.Renderer()+", "+runtime.Version()
	tally := evidence.NewTally(b.ev.Run.AsOf, keepPerGroup)
	if err := b.annexes(tally); err != nil {
		return nil, err
	}
	if err := b.inputs(); err != nil {
		return nil, err
	}
	b.file.Totals, b.file.FindingsSHA256 = tally.Totals, tally.Digest.Sum()
	proofs, err := b.ledger()
	if err != nil {
		return nil, err
	}
	document := b.job.Document(frame.Input{Evidence: b.ev, File: b.file, Tally: tally, Checkpoint: b.at})
	printed, pages, err := pdf.Print(document)
	if err != nil {
		return nil, err
	}
	b.pack.Pages = pages
	model, err := b.file.Encode()
	if err != nil {
		return nil, err
	}
	sealed, where, err := b.ev.Trust.Seal(b.ctx, printed, trust.About{Pack: b.pack.ID, Run: b.ev.Run.ID, Title: document.Title,
		Author: b.ev.GeneratedBy, Producer: b.file.Renderer, At: b.ev.Run.AsOf, Model: model})
	if err != nil {
		return nil, err
	}
	report, err := b.w.AddBytes(pack.ReportFile, sealed)
	if err != nil {
		return nil, err
	}
	if _, err := b.w.Add(pack.HTMLFile, func(out io.Writer) error { return html.Write(out, document) }); err != nil {
		return nil, err
	}
	b.pack.PDFDigest = report.SHA256
	stream := func(yield func(access.Finding) error) error { return b.data.Findings(b.ctx, yield) }
	if _, err := b.w.Add(oscal.FileName, func(out io.Writer) error { return oscal.Write(out, b.file, stream) }); err != nil {
		return nil, err
	}
	if _, err := b.w.Add(ocsf.FileName, func(out io.Writer) error { return ocsf.Findings(out, b.file, stream) }); err != nil {
		return nil, err
	}
	rest := []named{{pack.EvidenceFile, string(model)}, {pack.CheckpointFile, b.ev.Ledger.Checkpoint}}
	rest = append(rest, proofs...)
	guide, err := pack.Guide(b.file, where)
	if err != nil {
		return nil, err
	}
	public, err := b.ev.Trust.Public(b.ev.Run.AsOf)
	if err != nil {
		return nil, err
	}
	rest = append(rest, named{pack.VerifierFile, b.ev.Ledger.VerifierKey + "\n"}, named{pack.PackKeyFile, string(public.PackPEM)}, named{pack.SealKeyFile, string(public.Chain)},
		named{pack.KeyringFile, string(public.Ring)}, named{pack.GuideFile, guide})
	for _, f := range rest {
		if _, err := b.w.AddBytes(f.name, []byte(f.content)); err != nil {
			return nil, err
		}
	}
	statement, err := b.ev.Trust.Attest(b.ctx, b.ev.Run.AsOf, b.w.Digests(), pack.Predicate(b.file))
	if err != nil {
		return nil, err
	}
	_, err = b.w.AddBytes(pack.AttestFile, statement)
	return sealed, err
}

// ledger fills the model's parts about the ledger and gives the files that prove them.
func (b *builder) ledger() (files []named, err error) {
	b.file.Ledger, files = b.proven(b.at, b.ev.Ledger.Proofs, pack.ProofFolder)
	later := b.ev.Later
	if later == nil {
		return files, nil
	}
	at, err := ledger.ParseCheckpoint(later.Checkpoint, b.ev.Ledger.VerifierKey)
	if err != nil {
		return nil, err
	}
	file, proofs := b.proven(at, later.Proofs, pack.LaterProofFolder)
	b.file.Later = &file
	files = append(files, named{pack.LaterCheckpointFile, later.Checkpoint}, named{pack.LaterConsistencyFile, later.Growth.Text()})
	if len(later.Opened) > 0 {
		text, err := json.MarshalIndent(later.Opened, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("encode what entries commit to: %w", err)
		}
		b.file.Later.Opened = len(later.Opened)
		files = append(files, named{pack.LaterOpenedFile, string(text) + "\n"})
	}
	return append(files, proofs...), nil
}

// proven tells what a folder of proofs holds, and gives its files.
func (b *builder) proven(at ledger.Checkpoint, proofs []ledger.Proof, folder string) (evidence.LedgerFile, []named) {
	l := evidence.LedgerFile{Origin: at.Origin, Size: at.Size, Root: at.Root.String(), Entries: []evidence.EntryFile{}}
	var files []named
	for _, p := range proofs {
		entry := evidence.EntryFile{Index: p.Index, Proof: fmt.Sprintf("%s%d.tlog-proof", folder, p.Index)}
		if e, err := ledger.VerifyProof(p, at.Text, b.ev.Ledger.VerifierKey); err == nil {
			entry.Type, entry.System = e.Type, pack.SystemOf(e) // a proof that does not hold is left for Verify to name
		}
		l.Entries, files = append(l.Entries, entry), append(files, named{entry.Proof, p.String()})
	}
	return l, files
}

// annexes streams every table into the pack and counts the findings on the way.
func (b *builder) annexes(tally *evidence.Tally) error {
	tables := []Annex{{pack.FindingsAnnex, func(t *sheet.Table) error {
		return pack.FindingsTable(t, func(row func(access.Finding) error) error {
			return b.data.Findings(b.ctx, func(f access.Finding) error {
				tally.Add(f)
				return row(f)
			})
		})
	}}, {pack.BeforeAnnex, func(t *sheet.Table) error {
		return pack.FindingsTable(t, func(row func(access.Finding) error) error { return b.data.Before(b.ctx, row) })
	}}}
	for _, name := range evidence.Tables() {
		tables = append(tables, Annex{pack.AnnexFolder + name + ".csv", func(t *sheet.Table) error {
			return b.data.Population(b.ctx, name, t.Head, t.Row)
		}})
	}
	tables = append(tables,
		Annex{pack.SnapshotsAnnex, func(t *sheet.Table) error { return pack.SnapshotsTable(t, b.ev.Sources) }},
		Annex{pack.CountsAnnex, func(t *sheet.Table) error { return pack.CountsTable(t, b.ev.Run.Counts) }})
	if b.job.Activity != nil {
		tables = append(tables, Annex{pack.ActivityAnnex, func(t *sheet.Table) error { return pack.ActivityTable(t, b.job.Activity) }})
	}
	for _, table := range append(tables, b.job.Annexes...) {
		if err := b.annex(table); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) annex(a Annex) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	var rows int64
	f, err := b.w.Add(a.Name, func(out io.Writer) error {
		t := sheet.NewTable(out)
		if err := a.Fill(t); err != nil {
			return err
		}
		var err error
		rows, err = t.Close()
		return err
	})
	if err != nil {
		return err
	}
	b.file.Annexes = append(b.file.Annexes, evidence.Annex{File: a.Name, Rows: rows, SHA256: f.SHA256, Size: f.Size})
	return nil
}

// inputs writes what the run was configured with.
func (b *builder) inputs() error {
	for _, in := range b.ev.Inputs {
		if _, err := b.w.AddBytes(pack.InputFolder+in.Name, []byte(in.Content)); err != nil {
			return err
		}
	}
	return nil
}
