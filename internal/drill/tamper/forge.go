package tamper

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/reports/seal"
	"muster/reports/trust"
)

// save writes files as a zip that looks like one of Muster's, in the order of the pack, further files last.
func (p *packed) save(path string, files map[string][]byte) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	z := zip.NewWriter(out)
	names := slices.DeleteFunc(slices.Clone(p.names), func(name string) bool { _, ok := files[name]; return !ok })
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.model.Run.AsOf.UTC().Truncate(2 * time.Second)}
		header.SetMode(0o644)
		w, err := z.CreateHeader(header)
		if err != nil {
			return errors.Join(err, out.Close())
		}
		if _, err := w.Write(files[name]); err != nil {
			return errors.Join(err, out.Close())
		}
	}
	return errors.Join(z.Close(), out.Close())
}

// tidy makes evidence.json and SHA256SUMS agree with the other files again.
func tidy(files map[string][]byte, change func(*evidence.File)) error {
	model, err := evidence.Decode(files[pack.EvidenceFile])
	if err != nil {
		return err
	}
	if err := recount(files, &model); err != nil {
		return err
	}
	for i := range model.Annexes {
		a := &model.Annexes[i]
		a.SHA256, a.Size, a.Rows = sum(files[a.File]), int64(len(files[a.File])), -1
		in := sheet.NewReader(bytes.NewReader(files[a.File]))
		for {
			if _, err := in.Read(); err == io.EOF {
				break
			} else if err != nil {
				return fmt.Errorf("%s: %w", a.File, err)
			}
			a.Rows++
		}
	}
	for i := range model.Inputs {
		a := &model.Inputs[i]
		a.SHA256, a.Size = sum(files[a.File]), int64(len(files[a.File]))
	}
	if change != nil {
		change(&model)
	}
	if files[pack.EvidenceFile], err = model.Encode(); err != nil {
		return err
	}
	resum(files)
	return nil
}

// recount makes totals and counts those of the findings.
func recount(files map[string][]byte, model *evidence.File) error {
	tally := evidence.NewTally(model.Run.AsOf, 0)
	if len(model.Scope.Persons) > 0 { // the counts are of all persons
		err := pack.ReadFindings(bytes.NewReader(files[pack.FindingsAnnex]), func(f access.Finding) error { tally.Add(f); return nil })
		model.Totals, model.FindingsSHA256 = tally.Totals, tally.Digest.Sum()
		return err
	}
	type key struct{ rule, system string }
	counts, before := map[key]*access.RuleCount{}, slices.Clone(model.Run.Counts)
	for i := range model.Run.Counts {
		c := &model.Run.Counts[i]
		*c = access.RuleCount{Rule: c.Rule, System: c.System, Severity: c.Severity}
		counts[key{c.Rule, c.System}] = c
	}
	err := pack.ReadFindings(bytes.NewReader(files[pack.FindingsAnnex]), func(f access.Finding) error {
		tally.Add(f)
		c := counts[key{f.Rule, f.System}]
		if c == nil {
			return nil
		}
		switch f.Change {
		case access.ChangeNew:
			c.New++
		case access.ChangeReopened:
			c.Reopened++
		case access.ChangeUnverified:
			c.Unverified++
		case access.ChangeResolved:
			c.Resolved++
			return nil
		}
		if f.State == access.Excepted {
			c.Excepted++
		} else {
			c.Open++
		}
		return nil
	})
	model.Totals, model.FindingsSHA256 = tally.Totals, tally.Digest.Sum()
	if err != nil || slices.Equal(before, model.Run.Counts) {
		return err
	}
	var b bytes.Buffer
	t := sheet.NewTable(&b)
	if err := pack.CountsTable(t, model.Run.Counts); err != nil {
		return err
	}
	_, err = t.Close()
	files[pack.CountsAnnex] = b.Bytes()
	return err
}

// resum writes SHA256SUMS anew.
func resum(files map[string][]byte) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name != pack.SumsFile && name != pack.SignatureFile {
			fmt.Fprintf(&b, "%s  %s\n", sum(files[name]), name)
		}
	}
	files[pack.SumsFile] = []byte(b.String())
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// sign signs everything again: the seal with the model in it, the keys, the attestation, the checksums.
func sign(ctx context.Context, files map[string][]byte, with *trust.Signing) error {
	model, err := evidence.Decode(files[pack.EvidenceFile])
	if err != nil {
		return err
	}
	at := model.Run.AsOf
	if info, err := seal.Verify(files[pack.ReportFile]); err == nil {
		about := trust.About{Pack: model.Pack, Run: model.Run.ID, Title: "Report", Author: model.GeneratedBy, Producer: model.Renderer, At: at, Model: files[pack.EvidenceFile]}
		if files[pack.ReportFile], info, err = with.Seal(ctx, files[pack.ReportFile][:info.Unsealed], about); err != nil {
			return err
		}
		guide, err := pack.Guide(model, info)
		if err != nil {
			return err
		}
		files[pack.GuideFile] = []byte(guide)
	}
	return attestAgain(ctx, files, with)
}

// attestAgain signs everything but the report.
func attestAgain(ctx context.Context, files map[string][]byte, with *trust.Signing) error {
	model, err := evidence.Decode(files[pack.EvidenceFile])
	if err != nil {
		return err
	}
	at := model.Run.AsOf
	public, err := with.Public(at)
	if err != nil {
		return err
	}
	files[pack.PackKeyFile], files[pack.SealKeyFile], files[pack.KeyringFile] = public.PackPEM, public.Chain, public.Ring
	digests := map[string]string{}
	for name, data := range files {
		if name != pack.SumsFile && name != pack.SignatureFile && name != pack.AttestFile {
			digests[name] = sum(data)
		}
	}
	if files[pack.AttestFile], err = with.Attest(ctx, at, digests, pack.Predicate(model)); err != nil {
		return err
	}
	resum(files)
	files[pack.SignatureFile], err = with.Sums(ctx, at, files[pack.SumsFile])
	return err
}
