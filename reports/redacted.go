package reports

import (
	"context"
	"slices"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/reports/redact"
)

// redacted makes of a job one whose pack carries pseudonyms everywhere: in the tables, the model, the inputs, the report and its own name.
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
	r, err := redact.New(ctx, job.Redact, everybody, redact.Told{Evidence: ev, Activity: job.Activity, Detail: job.Detail})
	if err != nil {
		return job, ev, data, err
	}
	of := evidence.Redacted{FindingsSHA256: whole.Sum()}
	job, of.Of = unnamed(r, job, ev)
	ev = r.Evidence(ev)
	ev.Scope.Persons, ev.Scope.Inputs = each(ev.Scope.Persons, r.Person), each(ev.Scope.Inputs, r.Text)
	ev.Scope.Quality, ev.Scope.Redacted = nil, &of
	if ev.Scope.Findings == 0 {
		ev.Scope.Findings = n
	}
	if job.Detail, err = r.Value(job.Detail); err != nil {
		return job, ev, data, err
	}
	annexes := job.Annexes
	job.Annexes = nil
	for _, a := range annexes {
		job.Annexes = append(job.Annexes, Annex{a.Name, func(t *sheet.Table) error { return r.Table(a.Fill, t.Head, t.Row) }})
	}
	ev.Later = nil // its entries name decisions, actions and items by ids that are made of whom they are about
	job.Activity = r.Activity(job.Activity)
	say := job.Document
	job.Document = func(in frame.Input) document.Document {
		r.Publish(nil, in.Checkpoint.Text)
		in.Called = r.Numbered
		d := r.Document(say(in))
		d.Classification += ", with pseudonyms"
		d.Blocks = slices.Insert(d.Blocks, min(1, len(d.Blocks)), document.Block(withPseudonyms(of)))
		return d
	}
	return job, ev, redact.Data{From: data, With: r}, nil
}

// withPseudonyms says behind the first heading what holds for the pack with names alone.
func withPseudonyms(of evidence.Redacted) document.Callout {
	return document.Callout{Title: "With pseudonyms", Paras: []string{"People have pseudonyms here. Ids, keys and hashes that are made of identifiers are keyed too, so that nobody can try names out: what this report says of how they are computed " +
		"holds for the pack with names, " + of.Of + ", which is inside and is verified there. Entries of the ledger from after the run are left out, lists of people are in no order, and conditions and policies say somebody."}}
}

// unnamed gives the job and its files names without whom it is about, and says which pack has the names: by its id, or, where that is made of a worker id, by
// one that only the key makes.
func unnamed(r *redact.Redactor, job Job, ev evidence.Evidence) (Job, string) {
	of := packID(job.Kind, ev.Run.ID, job.Subject)
	who, person := r.Subject(job.Subject)
	if person || job.Kind == "person" {
		who, of = r.Person(job.Subject), r.Of(of)
		job.Name = ev.Run.AsOf.UTC().Format("2006-01-02") + "-" + job.Kind + "-" + who
	} else {
		job.Name = r.Text(job.Name)
	}
	if job.Subject != ev.Run.ID {
		job.Subject = who
	}
	job.Subject += ", with pseudonyms"
	job.Name += "-redacted"
	return job, of
}

// each replaces every text of a list.
func each(list []string, one func(string) string) []string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = one(out[i])
	}
	return out
}
