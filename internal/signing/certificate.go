package signing

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"
)

// selfSigned makes the certificate of a seal key. It says who seals, and proves nothing more than the key does: the pack's signature
// vouches for it. It has no end (RFC 5280 §4.1.2.5), because a report must be readable when nobody remembers this installation, and
// begins ten years before it was made, because a run may be about an older day.
func selfSigned(s Signer, organisation string, now time.Time) ([]byte, error) {
	sum := sha256.Sum256([]byte(s.KeyID()))
	serial := new(big.Int).SetBytes(sum[:16])
	serial.SetBit(serial, 127, 0) // positive within 16 octets
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: clip(organisation+" evidence seal", 64), Organization: []string{clip(organisation, 64)}},
		NotBefore:             now.UTC().Truncate(time.Second).AddDate(-10, 0, 0),
		NotAfter:              time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		UnknownExtKeyUsage:    nil,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, s.Public(), AsCrypto(context.Background(), s))
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// clip keeps a name within the bound that X.520 sets for it.
func clip(s string, n int) string {
	runes := []rune(s)
	return string(runes[:min(n, len(runes))])
}

// ParseChain reads a PEM chain, the certificate of the key first, and checks that each one was issued by the next.
func ParseChain(text []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("read certificates: there is a block %s among them", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read certificates: %w", err)
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, errors.New("read certificates: there is none")
	}
	for i := range chain[1:] {
		if err := chain[i].CheckSignatureFrom(chain[i+1]); err != nil {
			return nil, fmt.Errorf("read certificates: number %d was not issued by the next one: %w", i+1, err)
		}
	}
	return chain, nil
}

// AsCrypto lets a Signer stand where the standard library wants a crypto.Signer that is given messages (crypto.MessageSigner).
func AsCrypto(ctx context.Context, s Signer) crypto.MessageSigner { return adapter{ctx, s} }

type adapter struct {
	ctx    context.Context
	signer Signer
}

func (a adapter) Public() crypto.PublicKey { return a.signer.Public() }

func (a adapter) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("sign digest: only whole messages are signed")
}

func (a adapter) SignMessage(_ io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	return a.signer.Sign(a.ctx, message)
}
