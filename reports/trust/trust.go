// Package trust gives a pack what others can hold it to: the seal of its report, the attestation of its files, and the signature of their
// checksums, all by the keys that were in force at the run's time. It knows no pack; package pack checks what this makes. Without a
// time-stamp authority the same content and keys give the same bytes. Errors are *access.Error.
package trust

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"time"

	"muster/internal/signing"
	"muster/reports/attest"
	"muster/reports/seal"
)

// Signing is what an installation signs packs with.
type Signing struct {
	Keys *signing.Keys
	TSA  *seal.Authority // nil without
}

// Reason is what a seal says about the report: which pack and run it is of.
func Reason(pack, run string) string { return "Pack " + pack + ", run " + run }

// About is what a seal says of a report, beside the model that it carries.
type About struct {
	Pack, Run, Title, Author, Producer string
	At                                 time.Time // the run's clock
	Model                              []byte    // evidence.json
}

// Seal seals a report and says where the seal is.
func (s *Signing) Seal(ctx context.Context, pdf []byte, a About) ([]byte, seal.Info, error) {
	key, err := s.Keys.Seal(a.At)
	if err != nil {
		return nil, seal.Info{}, err
	}
	out, err := seal.Seal(ctx, pdf, key, seal.Options{At: a.At.Truncate(time.Second), Title: a.Title, Author: a.Author, Producer: a.Producer, Reason: Reason(a.Pack, a.Run), TSA: s.TSA,
		Attach: []seal.Attachment{{Name: "evidence.json", MIME: "application/json", About: "The model behind this report", Content: a.Model}}})
	if err != nil {
		return nil, seal.Info{}, err
	}
	info, err := seal.Verify(out)
	return out, info, err
}

// Public are the keys that a pack carries.
type Public struct {
	PackPEM []byte // the pack key
	Chain   []byte // PEM certificates of the seal key
	Ring    []byte // the keyring as it was at the run's time
}

// Public gives the public keys of a moment.
func (s *Signing) Public(at time.Time) (p Public, err error) {
	key, err := s.Keys.Pack(at)
	if err != nil {
		return p, err
	}
	sealer, err := s.Keys.Seal(at)
	if err != nil {
		return p, err
	}
	if p.PackPEM, err = signing.PublicPEM(key.Public()); err != nil {
		return p, err
	}
	p.Chain = Chain(sealer.Chain)
	p.Ring, err = s.Keys.Ring().Until(at).Encode()
	return p, err
}

// Chain is a PEM chain.
func Chain(certificates []*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certificates {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.Bytes()
}

// Attest signs a statement about the files of a pack.
func (s *Signing) Attest(ctx context.Context, at time.Time, files map[string]string, p attest.Predicate) ([]byte, error) {
	key, err := s.Keys.Pack(at)
	if err != nil {
		return nil, err
	}
	return attest.Make(ctx, key, files, p)
}

// Sums signs SHA256SUMS: 64 bytes, raw Ed25519 over the file.
func (s *Signing) Sums(ctx context.Context, at time.Time, sums []byte) ([]byte, error) {
	key, err := s.Keys.Pack(at)
	if err != nil {
		return nil, err
	}
	return key.Sign(ctx, sums)
}
