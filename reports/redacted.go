package reports

import (
	"bytes"
	"context"
	"errors"
	"io"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/reports/redact"
)

// redacted makes of a job one whose pack carries pseudonyms everywhere: in the tables, the model, the inputs and the report.
func redacted(ctx context.Context, job Job, ev evidence.Evidence, data evidence.Data) (Job, evidence.Evidence, evidence.Data, error) {
	var whole access.FindingsDigest
	n := 0
	if err := data.Findings(ctx, func(f access.Finding) error { whole.Add(f); n++; return nil }); err != nil {
		return job, ev, data, err
	}
	everybody := data
	if job.Everybody != nil {
		everybody = job.Everybody
	}
	r, err := redact.New(ctx, job.Redact, everybody)
	if err != nil {
		return job, ev, data, err
	}
	of := evidence.Redacted{Of: packID(job.Kind, ev.Run.ID, job.Subject), FindingsSHA256: whole.Sum()}
	ev = r.Evidence(ev)
	for i, id := range ev.Scope.Persons {
		ev.Scope.Persons[i] = r.Person(id)
	}
	ev.Scope.Quality, ev.Scope.Redacted = nil, &of
	if ev.Scope.Findings == 0 {
		ev.Scope.Findings = n
	}
	if job.Detail, err = r.Value(job.Detail); err != nil {
		return job, ev, data, err
	}
	for i, a := range job.Annexes {
		job.Annexes[i].Fill = func(t *sheet.Table) error { return redactTable(r, a.Fill, t) }
	}
	if ev.Later != nil {
		later := *ev.Later
		later.Opened, ev.Later = nil, &later
	}
	job.Activity = r.Activity(job.Activity)
	say := job.Document
	job.Document = func(in frame.Input) document.Document {
		d := r.Document(say(in))
		d.Classification += ", with pseudonyms"
		return d
	}
	if job.Subject != ev.Run.ID {
		job.Subject = r.Text(job.Subject)
	}
	job.Subject += ", with pseudonyms"
	job.Name = r.Text(job.Name) + "-redacted"
	return job, ev, redact.Data{From: data, With: r}, nil
}

// redactTable fills a table by way of a copy, cell by cell.
func redactTable(r *redact.Redactor, fill func(*sheet.Table) error, t *sheet.Table) error {
	var b bytes.Buffer
	from := sheet.NewTable(&b)
	if err := fill(from); err != nil {
		return err
	}
	if _, err := from.Close(); err != nil {
		return err
	}
	in := sheet.NewReader(&b)
	for first := true; ; first = false {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if first {
			err = t.Head(row)
		} else {
			out := make([]string, len(row))
			for i := range row {
				out[i] = r.Text(row[i])
			}
			err = t.Row(out)
		}
		if err != nil {
			return err
		}
	}
}
