package reports

import (
	"bytes"
	"context"
	"crypto/rand"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/signing"
	"muster/reports/attest"
	"muster/reports/evidence"
	"muster/reports/pack"
	"muster/reports/pack/check"
	"muster/reports/seal"
	"muster/reports/trust"
)

// resign attests and signs changed files, as somebody would who knows how a pack is made and has keys.
func resign(t *testing.T, files map[string][]byte, s *trust.Signing) {
	t.Helper()
	model, err := evidence.Decode(files[pack.EvidenceFile])
	if err != nil {
		t.Fatal(err)
	}
	delete(files, pack.AttestFile)
	delete(files, pack.SignatureFile)
	reseal(files)
	sums := map[string]string{}
	for line := range strings.Lines(string(files[pack.SumsFile])) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		sums[name] = sum
	}
	if files[pack.AttestFile], err = s.Attest(context.Background(), asOf, sums, pack.Predicate(model)); err != nil {
		t.Fatal(err)
	}
	reseal(files)
	if files[pack.SignatureFile], err = s.Sums(context.Background(), asOf, files[pack.SumsFile]); err != nil {
		t.Fatal(err)
	}
}

// told is what the failed steps of a verification say.
func told(rep check.Report) string {
	var b strings.Builder
	for _, s := range rep.Steps {
		if s.State == check.Differs {
			b.WriteString(strings.Join(s.Details, "\n") + "\n")
		}
	}
	return b.String()
}

// unchecked are the steps that were not performed, by their short names.
func unchecked(rep check.Report) string {
	var out []string
	for _, s := range rep.Unchecked() {
		out = append(out, s.Short())
	}
	return strings.Join(out, ", ")
}

// public are the public keys of the fixture's night.
func public(t *testing.T, s *trust.Signing) trust.Public {
	t.Helper()
	k, err := s.Public(asOf)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestVerifyTrustsTheKeysThatItIsGiven(t *testing.T) {
	f, p := render(t, shape{findings: 20})
	stranger := keys(t, 9)
	mine, theirs := public(t, f.ev.Trust), public(t, stranger)
	published := f.ev.Ledger.VerifierKey + "\n" + string(mine.PackPEM) + "\n" + string(mine.Ring)
	receipt(t, f, p)
	for _, c := range []struct{ keys, open string }{{"", ""}, {published, ""}, {string(mine.PackPEM), "checkpoint"}, {string(mine.Ring), "checkpoint"}, {f.ev.Ledger.VerifierKey, "signature"}} {
		rep, err := Verify(t.Context(), p.ZipPath, c.keys)
		if open := unchecked(rep); err != nil || open != c.open || rep.OK() != (open == "") {
			t.Errorf("trusting %.40q: %v, not checked: %s", c.keys, err, open)
		}
	}
	for _, bad := range []string{string(theirs.PackPEM), string(theirs.Ring), string(mine.Chain), string(mine.PackPEM) + string(mine.PackPEM), "{}", "a\nb", "a"} {
		if _, err := Verify(t.Context(), p.ZipPath, bad); access.KindOf(err) != access.Invalid {
			t.Errorf("trusting %.40q: %v", bad, err)
		}
	}
}

// attestFewer leaves a file out of the attestation, and signs it again with the pack's own key.
func attestFewer(t *testing.T, f *fixture, files map[string][]byte) {
	t.Helper()
	model, err := evidence.Decode(files[pack.EvidenceFile])
	if err != nil {
		t.Fatal(err)
	}
	st := map[string]string{}
	public, _, err := f.ev.Trust.Keys.Ring().Trust(signing.Pack, "", asOf)
	if err != nil {
		t.Fatal(err)
	}
	was, err := attest.Parse(files[pack.AttestFile], public)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range was.Subject {
		if s.Name != pack.GuideFile {
			st[s.Name] = s.Digest.SHA256
		}
	}
	if files[pack.AttestFile], err = f.ev.Trust.Attest(context.Background(), asOf, st, pack.Predicate(model)); err != nil {
		t.Fatal(err)
	}
	delete(files, pack.SignatureFile)
	reseal(files)
	if files[pack.SignatureFile], err = f.ev.Trust.Sums(context.Background(), asOf, files[pack.SumsFile]); err != nil {
		t.Fatal(err)
	}
}

// TestVerifySeesThroughAResignedPack changes packs as those could who hold some keys, even the pack's own.
func TestVerifySeesThroughAResignedPack(t *testing.T) {
	f, p := render(t, shape{findings: 20})
	_, other := render(t, shape{findings: 3})
	stranger := keys(t, 9)
	mine, theirs := public(t, f.ev.Trust), public(t, stranger)
	published := f.ev.Ledger.VerifierKey + "\n" + string(mine.PackPEM) + "\n" + string(mine.Ring)
	for _, c := range []struct {
		name, trusted, want string
		change              func(files map[string][]byte)
	}{
		{"checksums renewed", "", "SHA256SUMS.sig: SHA256SUMS: the signature is not by this key", func(files map[string][]byte) {
			files[pack.HTMLFile] = append(files[pack.HTMLFile], '\n')
			reseal(files)
		}},
		{"signature taken away", "", "SHA256SUMS.sig: ", func(files map[string][]byte) { delete(files, pack.SignatureFile) }},
		{"signatures and keys taken away", "", "keys/keyring.json: ", func(files map[string][]byte) {
			for _, name := range []string{pack.SignatureFile, pack.AttestFile, pack.KeyringFile, pack.PackKeyFile, pack.SealKeyFile} {
				delete(files, name)
			}
			reseal(files)
		}},
		{"signed by another key under this key's name", "", "SHA256SUMS.sig: SHA256SUMS: the signature is not by this key", func(files map[string][]byte) { resign(t, files, stranger) }},
		{"signed by another key that says so", "", "report.pdf: is sealed by key ", func(files map[string][]byte) {
			files[pack.PackKeyFile], files[pack.SealKeyFile], files[pack.KeyringFile] = theirs.PackPEM, theirs.Chain, theirs.Ring
			resign(t, files, stranger)
		}},
		{"wholly another's, against the published key", string(mine.PackPEM), "keys/keyring.json: the trusted key ", func(files map[string][]byte) {
			files[pack.PackKeyFile], files[pack.SealKeyFile], files[pack.KeyringFile] = theirs.PackPEM, theirs.Chain, theirs.Ring
			resign(t, files, stranger)
		}},
		{"the report of another pack", published, "report.pdf: is sealed as ", func(files map[string][]byte) {
			swapped := unzip(t, other.ZipPath)[pack.ReportFile]
			info, err := seal.Verify(swapped)
			if err != nil {
				t.Fatal(err)
			}
			out, _, err := f.ev.Trust.Seal(context.Background(), swapped[:info.Unsealed], trust.About{Pack: "P-OTHER", Run: f.ev.Run.ID, At: asOf, Model: []byte("{}")})
			if err != nil {
				t.Fatal(err)
			}
			files[pack.ReportFile] = out
			resign(t, files, f.ev.Trust)
		}},
		{"the report unsealed", published, "report.pdf: check seal: ", func(files map[string][]byte) {
			info, err := seal.Verify(files[pack.ReportFile])
			if err != nil {
				t.Fatal(err)
			}
			files[pack.ReportFile] = files[pack.ReportFile][:info.Unsealed]
			resign(t, files, f.ev.Trust)
		}},
		{"an attestation of fewer files", published, "VERIFY.md: attestation.dsse.json does not know it", func(files map[string][]byte) { attestFewer(t, f, files) }},
	} {
		files := unzip(t, p.ZipPath)
		c.change(files)
		rep, err := Verify(t.Context(), rezip(t, files), c.trusted)
		if access.KindOf(err) != access.Invalid || !strings.Contains(told(rep), c.want) {
			t.Errorf("%s: %v\n%s\nwant %q", c.name, err, told(rep), c.want)
		}
	}
}

// TestAPackStaysTheSameAfterARotation: the keys of its time sign it again, and what it says of keys does not change.
func TestAPackStaysTheSameAfterARotation(t *testing.T) {
	f, p := render(t, shape{findings: 5})
	for _, use := range []signing.Use{signing.Pack, signing.Seal} {
		_, err := f.ev.Trust.Keys.Rotate(t.Context(), use)
		if err == nil {
			t.Errorf("the configured %s key was rotated to itself", use)
		}
	}
	dir := filepath.Join(t.TempDir(), "keys")
	now := asOf.AddDate(0, 0, 1)
	o := signing.Options{Dir: dir, Organisation: "Acme", Now: func() time.Time { return now }, Random: rand.Reader}
	k, err := signing.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	f.ev.Trust = &trust.Signing{Keys: k}
	before, err := Write(t.Context(), f.job(), f.ev, f, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if before.Digest == p.Digest {
		t.Error("other keys give the same pack")
	}
	for _, use := range []signing.Use{signing.Pack, signing.Seal} {
		if _, err := k.Rotate(t.Context(), use); err != nil {
			t.Fatal(err)
		}
	}
	after, err := Write(t.Context(), f.job(), f.ev, f, t.TempDir())
	if err != nil || after.Digest != before.Digest {
		t.Errorf("after a rotation: %v, %s and %s", err, before.Digest, after.Digest)
	}
	ring, err := k.Ring().Encode()
	if err != nil {
		t.Fatal(err)
	}
	if rep, err := Verify(t.Context(), after.ZipPath, string(ring)); err != nil || unchecked(rep) != "checkpoint, receipt" {
		t.Errorf("against the keyring of today: %v", err)
	}
	newest := k.Ring().Chain(signing.Pack)[1]
	public, err := newest.Public()
	if err != nil {
		t.Fatal(err)
	}
	pem, err := signing.PublicPEM(public)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), after.ZipPath, string(pem)); err == nil {
		t.Error("a later key alone vouches for a pack whose keyring does not have it")
	}
	f.ev.Trust = nil
	if _, err := Write(t.Context(), f.job(), f.ev, f, t.TempDir()); access.KindOf(err) != access.Invalid {
		t.Errorf("without keys: %v", err)
	}
}

// TestTheSealOfAPackIsValidForOthers asks pdfsig and qpdf about a real report.
func TestTheSealOfAPackIsValidForOthers(t *testing.T) {
	_, p := render(t, shape{findings: 30})
	out := tool(t, "pdfsig", p.PDFPath)
	if !bytes.Contains(out, []byte("Signature is Valid")) || !bytes.Contains(out, []byte("Total document signed")) {
		t.Errorf("%s", out)
	}
	tool(t, "qpdf", "--check", p.PDFPath)
	model := unzip(t, p.ZipPath)[pack.EvidenceFile]
	attached, err := exec.Command("qpdf", "--show-attachment=evidence.json", p.PDFPath).Output()
	if err != nil || !bytes.Equal(attached, model) {
		t.Errorf("the attached model is not the pack's: %v", err)
	}
}
