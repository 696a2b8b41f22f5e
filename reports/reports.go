package reports

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/witness"
	"muster/internal/sheet"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/reports/pack"
	"muster/reports/pack/check"
	"muster/reports/reconciliation"
)

// keepPerGroup bounds the findings of one rule in one system that are held to be printed; the annex has all.
const keepPerGroup = 200

// Pack is a written pack.
type Pack struct {
	ID        string // P-7Q2K4MZD, derived from what it is of
	ZipPath   string
	PDFPath   string // the report of the pack once more, beside it
	Digest    string // hex SHA-256 of the zip file, for the ledger
	PDFDigest string
	Pages     int
	Files     []pack.File
}

// Job is one pack to be written.
type Job struct {
	Kind    string // reconciliation, access-review, terminations, sod, person, controls
	Subject string // what it is about: the run's id, a campaign, a worker id, a period; with the kind and the run it makes the pack's id
	Name    string // of the files, without an ending
	Detail  any    // what the kind says besides, for evidence.json; nil for nothing
	Annexes []Annex
	Entries []uint64 // of the ledger, younger than the run, that the pack rests on
	// Activity is what the annex activity.csv has, whose entries the pack rests on too; nil for no such annex.
	Activity []evidence.Activity
	Redact   []byte // key of the pseudonyms that people have in a pack for outside; nil for their names
	// Everybody is whom Redact looks for, where the pack itself holds only some: the data of the whole run.
	Everybody evidence.Data
	// Document is what the report says; it is printed as PDF and written as HTML.
	Document func(frame.Input) document.Document
}

// Annex is one table of a pack and who fills it.
type Annex struct {
	Name string // annexes/review-items.csv
	Fill func(*sheet.Table) error
}

// Reconciliation is the pack of one nightly reconciliation, <date>-reconciliation. history is how many findings were open after each of the last
// runs, this one included; done is what was asked, decided and done since the pack before.
func Reconciliation(run access.Run, history []reconciliation.Night, done evidence.Activities) Job {
	if done.List == nil {
		done.List = []evidence.Activity{} // the table is there, and has no row
	}
	detail := reconciliation.Detail{Activity: done}
	if len(history) > 1 {
		detail.History = history
	}
	return Job{Kind: "reconciliation", Subject: run.ID, Name: run.AsOf.UTC().Format("2006-01-02") + "-reconciliation", Detail: detail, Activity: done.List,
		Document: func(in frame.Input) document.Document {
			return reconciliation.Document(reconciliation.Input{Input: in, History: history, Activity: done})
		}}
}

// Write writes one pack, a zip file with its PDF beside it, into outDir, which is made when it is missing. A pack of the same name is replaced.
func Write(ctx context.Context, job Job, ev evidence.Evidence, data evidence.Data, outDir string) (Pack, error) {
	if ev.Run.ID == "" || ev.Run.AsOf.IsZero() {
		return Pack{}, fail(job.Kind, access.Invalid, errors.New("the run has no id or no clock"))
	}
	at, err := ledger.ParseCheckpoint(ev.Ledger.Checkpoint, ev.Ledger.VerifierKey)
	if err != nil {
		return Pack{}, fail(job.Kind, access.Invalid, err)
	}
	if err := os.MkdirAll(outDir, 0o755); err != nil {
		return Pack{}, fail(job.Kind, access.Denied, err)
	}
	if job.Redact != nil {
		if job, ev, data, err = redacted(ctx, job, ev, data); err != nil {
			return Pack{}, fail(job.Kind, access.KindOf(err), err)
		}
	}
	p := Pack{ID: packID(job.Kind, ev.Run.ID, job.Subject), ZipPath: filepath.Join(outDir, job.Name+".zip"), PDFPath: filepath.Join(outDir, job.Name+".pdf")}
	w, err := pack.Create(p.ZipPath, ev.Run.AsOf)
	if err != nil {
		return Pack{}, fail(job.Kind, access.Denied, err)
	}
	if ev.Trust == nil {
		return Pack{}, fail(job.Kind, access.Invalid, errors.Join(errors.New("there are no keys to sign it with"), w.Abort()))
	}
	b := &builder{ctx: ctx, job: job, ev: ev, data: data, w: w, pack: &p, at: at}
	document, err := b.build()
	if err == nil {
		err = pack.WriteFile(p.PDFPath, document)
	}
	if err == nil {
		p.Digest, p.Files, err = w.Finish(func(sums []byte) ([]byte, error) { return ev.Trust.Sums(ctx, ev.Run.AsOf, sums) })
	}
	if err != nil {
		kind := access.KindOf(err) // the store's, when it is its error
		if ctx.Err() != nil {
			kind = access.Transient
		}
		return Pack{}, fail(job.Kind, kind, errors.Join(err, w.Abort()))
	}
	return p, nil
}

// Verify checks a pack offline; see check.Verify. An empty trustedKey takes the pack's own word for whose key it is.
func Verify(ctx context.Context, packPath, trustedKey string, witnesses ...witness.Key) (check.Report, error) {
	return check.Verify(ctx, packPath, trustedKey, witnesses...)
}

func fail(what string, kind access.Kind, err error) error {
	return &access.Error{Op: "write " + what + " pack", Kind: kind, Hint: access.HintOf(err), Err: err}
}

// packID names a pack; see pack.ID.
func packID(kind, run, subject string) string { return pack.ID(kind, run, subject) }
