package reperform

import (
	"context"
	"errors"
	"strings"

	"muster/internal/access"
	"muster/internal/ledger/witness"
	"muster/reports"
	"muster/reports/pack/archive"
	"muster/reports/pack/check"
)

// Verify checks a pack offline (see check.Verify) and then performs its run again, unless it is not worth being read. The error names the first
// difference; the Report has all.
func Verify(ctx context.Context, path, trustedKey string, witnesses ...witness.Key) (check.Report, error) {
	r, err := reports.Verify(ctx, path, trustedKey, witnesses...)
	if r.File.Format == "" || r.Stopped != "" {
		return r, err // there is no model to go by, or nobody to believe
	}
	files, ferr := archive.Open(path)
	if ferr != nil {
		return r, errors.Join(err, &access.Error{Op: "open pack", Kind: access.Invalid, Err: ferr})
	}
	defer func() { _ = files.Close() }() // it was only read
	steps := Steps(ctx, files, r.File)
	r.Steps = append(r.Steps, steps...)
	if err != nil || ctx.Err() != nil {
		return r, errors.Join(err, ctx.Err())
	}
	for _, s := range steps {
		if s.State == check.Differs {
			return r, &access.Error{Op: "perform the run of the pack again", Kind: access.Invalid, Err: errors.New(strings.Join(s.Details, "; ")),
				Hint: "ask for the pack again; if it is the one that the ledger has, then the run concluded what does not follow"}
		}
	}
	return r, nil
}
