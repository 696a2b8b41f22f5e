package seal

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jung-kurt/gofpdf"

	"muster/internal/access"
	"muster/internal/signing"
)

var asOf = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

// document draws a PDF with bookmarks, links within it and to outside, and hostile text in a link.
func document(t testing.TB, pages int) []byte {
	t.Helper()
	f := gofpdf.New("P", "mm", "A4", "")
	f.SetCatalogSort(true)
	f.SetCreationDate(asOf)
	f.SetModificationDate(asOf)
	f.SetFont("Helvetica", "", 12)
	var links []int
	for range pages {
		links = append(links, f.AddLink())
	}
	for n := range pages {
		f.AddPage()
		f.Bookmark(fmt.Sprintf("Part %d", n+1), 0, -1)
		f.SetLink(links[n], 0, n+1)
		f.Text(20, 30, fmt.Sprintf("Page %d", n+1))
		f.Link(20, 40, 50, 5, links[(n+1)%pages])
		f.LinkString(20, 60, 50, 5, "https://acme.example/a(b)c\\/Annots[>>")
	}
	var b bytes.Buffer
	if err := f.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sealer(t testing.TB) signing.Sealer {
	t.Helper()
	o := signing.Options{Dir: filepath.Join(t.TempDir(), "keys"), Organisation: "Åcme (Holding) Ελλάς", Now: func() time.Time { return asOf.AddDate(0, 0, 6) }, Random: rand.Reader}
	k, err := signing.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.Seal(asOf)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func options() Options {
	return Options{At: asOf, Title: "Nightly <reconciliation>", Author: "muster 0.1.0", Producer: "gofpdf", Reason: "Pack P-1, run R-1 (ünïcode 😀)",
		Attach: []Attachment{{Name: "evidence.json", MIME: "application/json", About: "the model", Content: []byte("{}\n")}}}
}

func sealed(t testing.TB, pdf []byte, s signing.Sealer, o Options) []byte {
	t.Helper()
	out, err := Seal(t.Context(), pdf, s, o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// tool runs a program; without it the test fails in CI and is skipped elsewhere.
func tool(t testing.TB, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not here: .ci/setup installs it", name)
		}
		t.Skipf("%s is not here", name)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	return string(out), err
}

func write(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSealKeepsTheRenderAndIsTheSameEachTime(t *testing.T) {
	pdf, s := document(t, 3), sealer(t)
	before := bytes.Clone(pdf)
	one, two := sealed(t, pdf, s, options()), sealed(t, pdf, s, options())
	if !bytes.Equal(one, two) {
		t.Error("two seals of the same report differ")
	}
	if !bytes.Equal(pdf, before) || !bytes.HasPrefix(one, pdf) {
		t.Error("the render is not a prefix")
	}
	info, err := Verify(one)
	if err != nil || info.Unsealed != len(pdf) || info.KeyID != s.KeyID() || !info.At.Equal(asOf) || info.Stamp != nil || len(info.Chain) != 1 || info.Reason != options().Reason {
		t.Errorf("%v %+v", err, info)
	}
	if _, err := Seal(t.Context(), one, s, options()); access.KindOf(err) != access.Invalid {
		t.Errorf("sealed twice: %v", err)
	}
	late := options()
	late.At = asOf.AddDate(-20, 0, 0)
	if _, err := Seal(t.Context(), pdf, s, late); access.KindOf(err) != access.Invalid || !strings.Contains(err.Error(), "valid from") {
		t.Errorf("before the certificate: %v", err)
	}
	for _, bad := range [][]byte{nil, []byte("%PDF-1.7\n"), pdf[:len(pdf)-1], pdf[100:], append(bytes.Clone(pdf), "x"...)} {
		if _, err := Seal(t.Context(), bad, s, options()); access.KindOf(err) != access.Invalid {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
}

// TestNoByteOfASealedReportMayChange flips bits of every byte of the update and of many of the render.
func TestNoByteOfASealedReportMayChange(t *testing.T) {
	pdf, s := document(t, 2), sealer(t)
	whole := sealed(t, pdf, s, options())
	info, err := Verify(whole)
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	try := func(at int, bit byte) {
		changed := bytes.Clone(whole)
		changed[at] ^= bit
		tried++
		if _, err := Verify(changed); access.KindOf(err) != access.Invalid {
			t.Errorf("byte %d of %d (hole from %d to %d) ^ %d: %v", at, len(whole), info.Range[1], info.Range[2], bit, err)
		}
	}
	for at := range whole {
		inHole := at > info.Range[1] && at < info.Range[2]
		if at%7 == 0 || inHole && at < info.Range[1]+2*len(info.CMS)+40 {
			try(at, 1)
			try(at, 32) // the case of a hex digit
		}
	}
	for name, changed := range map[string][]byte{
		"cut":             whole[:len(whole)-1],
		"lengthened":      append(bytes.Clone(whole), '\n'),
		"unsealed":        pdf,
		"an update added": append(bytes.Clone(whole), whole[len(pdf):]...),
		"another render":  append(document(t, 3), whole[len(pdf):]...),
		"nothing":         nil,
	} {
		if _, err := Verify(changed); access.KindOf(err) != access.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Logf("%d changes, all seen", tried)
}

func TestOtherToolsAgree(t *testing.T) {
	pdf, s := document(t, 4), sealer(t)
	whole := sealed(t, pdf, s, options())
	path, plain := write(t, "sealed.pdf", whole), write(t, "plain.pdf", pdf)
	if out, err := tool(t, "qpdf", "--check", path); err != nil || strings.Contains(out, "WARNING") {
		t.Errorf("qpdf: %v %s", err, out)
	}
	outline, err := tool(t, "mutool", "show", path, "outline")
	before, berr := tool(t, "mutool", "show", plain, "outline")
	if err != nil || berr != nil || outline != before || strings.Count(outline, "Part ") != 4 {
		t.Errorf("outline: %v %v\n%s\nbefore\n%s", err, berr, outline, before)
	}
	links, err := tool(t, "mutool", "show", path, "pages/4/Annots")
	if err != nil || strings.Count(links, "/Link") != 2 {
		t.Errorf("links: %v %s", err, links)
	}
	for _, grep := range []string{"/FT/Sig", "/Type/Metadata", "/AFRelationship/Data"} {
		if out, err := tool(t, "mutool", "show", "-g", path, "grep"); err != nil || !strings.Contains(strings.ReplaceAll(out, " ", ""), grep) {
			t.Errorf("%s is not found: %v", grep, err)
		}
	}
	after, err := tool(t, "pdftotext", "-layout", path, "-")
	if was, berr := tool(t, "pdftotext", "-layout", plain, "-"); err != nil || berr != nil || after != was {
		t.Errorf("the text of the pages changed: %v %v %q %q", err, berr, was, after)
	}
	if out, err := tool(t, "qpdf", "--list-attachments", path); err != nil || !strings.Contains(out, "evidence.json") {
		t.Errorf("attachments: %v %s", err, out)
	}
	if out, err := tool(t, "qpdf", "--show-attachment=evidence.json", path); err != nil || out != "{}\n" {
		t.Errorf("attachment: %v %q", err, out)
	}
}

// TestOpenSSLVerifiesTheSeal takes the CMS and the covered bytes apart and has OpenSSL judge them.
func TestOpenSSLVerifiesTheSeal(t *testing.T) {
	whole := sealed(t, document(t, 2), sealer(t), options())
	info, err := Verify(whole)
	if err != nil {
		t.Fatal(err)
	}
	content := append(bytes.Clone(whole[:info.Range[1]]), whole[info.Range[2]:]...)
	cert := write(t, "cert.der", info.Chain[0].Raw)
	pem, err := tool(t, "openssl", "x509", "-inform", "DER", "-in", cert)
	if err != nil {
		t.Fatal(pem)
	}
	args := func(content []byte) []string {
		return []string{"cms", "-verify", "-binary", "-inform", "DER", "-in", write(t, "seal.der", info.CMS), "-content", write(t, "content", content),
			"-CAfile", write(t, "ca.pem", []byte(pem)), "-purpose", "any", "-out", os.DevNull}
	}
	if out, err := tool(t, "openssl", args(content)...); err != nil {
		t.Errorf("%v %s", err, out)
	}
	content[500] ^= 1
	if out, err := tool(t, "openssl", args(content)...); err == nil {
		t.Errorf("a changed byte passes: %s", out)
	}
}

// issued gives the seal key a certificate of an authority, as a customer's own chain would.
func issued(t *testing.T, s signing.Sealer) signing.Sealer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Acme Root"}, NotBefore: asOf.AddDate(-1, 0, 0), NotAfter: asOf.AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Acme Evidence"}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	leafDER, lerr := x509.CreateCertificate(rand.Reader, leaf, ca, s.Public(), key)
	if err := errors.Join(err, lerr); err != nil {
		t.Fatal(err)
	}
	for _, der := range [][]byte{leafDER, caDER} {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		s.Chain = append(s.Chain, c)
	}
	s.Chain = s.Chain[1:]
	return s
}

// TestViewersSayThatTheSealIsValid asks pdfsig, which trusts a customer's root through a database of its own.
func TestViewersSayThatTheSealIsValid(t *testing.T) {
	self := sealer(t)
	s := issued(t, self)
	whole := sealed(t, document(t, 2), s, options())
	info, err := Verify(whole)
	if err != nil || len(info.Chain) != 2 || info.Chain[0].Subject.CommonName != "Acme Evidence" {
		t.Fatalf("%v %v", err, info.Chain)
	}
	db := t.TempDir()
	if out, err := tool(t, "certutil", "-N", "-d", "sql:"+db, "--empty-password"); err != nil {
		t.Fatal(out)
	}
	if out, err := tool(t, "certutil", "-A", "-d", "sql:"+db, "-n", "root", "-t", "C,C,C", "-i", write(t, "root.der", s.Chain[1].Raw)); err != nil {
		t.Fatal(out)
	}
	for _, c := range []struct {
		pdf  []byte
		want []string
	}{
		{whole, []string{"Signature is Valid", "Certificate is Trusted", "Total document signed", "Signing Time: Nov 22 2026"}},
		{sealed(t, document(t, 2), self, options()), []string{"Signature is Valid", "Certificate issuer is unknown", "Total document signed"}},
	} {
		out, err := tool(t, "pdfsig", "-nssdir", "sql:"+db, write(t, "sealed.pdf", c.pdf))
		for _, want := range c.want {
			if err != nil || !strings.Contains(out, want) {
				t.Errorf("%v: not %q in %s", err, want, out)
			}
		}
	}
	whole[bytes.Index(whole, []byte("/MediaBox"))+12] ^= 1
	if out, _ := tool(t, "pdfsig", "-nssdir", "sql:"+db, write(t, "changed.pdf", whole)); !strings.Contains(out, "Digest Mismatch") {
		t.Errorf("a changed byte: %s", out)
	}
}

func TestALargeReportIsSealedQuickly(t *testing.T) {
	pdf := document(t, 2)
	pad := bytes.Repeat([]byte("% padding\n"), 1_300_000) // a comment before the table is no part of it
	at := bytes.LastIndex(pdf, []byte("xref\n0 "))
	start := bytes.LastIndex(pdf, []byte("startxref\n"))
	big := append(append(bytes.Clone(pdf[:at]), pad...), pdf[at:start]...)
	big = fmt.Appendf(big, "startxref\n%d\n%%%%EOF\n", at+len(pad))
	begin := time.Now()
	whole := sealed(t, big, sealer(t), options())
	if _, err := Verify(whole); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(whole[:len(big)])
	want := sha256.Sum256(big)
	if took := time.Since(begin); took > 5*time.Second || hex.EncodeToString(sum[:]) != hex.EncodeToString(want[:]) {
		t.Errorf("%d bytes took %s", len(big), took)
	} else {
		t.Logf("%d bytes sealed and verified in %s", len(big), took)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(sealed(f, document(f, 1), sealer(f), options()))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, err := Verify(data)
		_ = errors.Is(err, nil) // only that it does not panic
	})
}
