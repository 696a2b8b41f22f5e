package reports

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"muster/internal/signing"
	"muster/reports/trust"
)

// keys are signing keys of a fixture, made of a seed so that another process has the same.
func keys(t testing.TB, seed byte) *trust.Signing {
	t.Helper()
	dir := t.TempDir()
	read := func(name string, key any) signing.Signer {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		path := filepath.Join(dir, name)
		if err := errors.Join(err, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)); err != nil {
			t.Fatal(err)
		}
		s, err := signing.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	raw := make([]byte, 32)
	raw[0], raw[31] = 1, seed
	ec, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		t.Fatal(err)
	}
	sealer := read("seal", ec)
	c := &x509.Certificate{SerialNumber: big.NewInt(int64(seed)), Subject: pkix.Name{CommonName: "Acme evidence seal"}, NotBefore: asOf.AddDate(-1, 0, 0), NotAfter: asOf.AddDate(30, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, c, c, sealer.Public(), signing.AsCrypto(t.Context(), sealer))
	if err != nil {
		t.Fatal(err)
	}
	chain, err := x509.ParseCertificates(der)
	if err != nil {
		t.Fatal(err)
	}
	o := signing.Options{Dir: filepath.Join(dir, "keys"), Organisation: "Acme", Now: func() time.Time { return asOf.AddDate(0, 0, 1) }, Random: rand.Reader, External: map[signing.Use][]signing.External{
		signing.Pack: {{Signer: read("pack", ed25519.NewKeyFromSeed(raw))}}, signing.Seal: {{Signer: sealer, Chain: chain}}}}
	k, err := signing.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return &trust.Signing{Keys: k}
}
