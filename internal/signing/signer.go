package signing

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"

	"muster/internal/access"
)

// Use is what a key signs.
type Use string

// The uses of keys.
const (
	Pack Use = "pack" // SHA256SUMS and attestations
	Seal Use = "seal" // the CMS in a PDF
)

// Signer signs with one private key, wherever that is kept.
type Signer interface {
	// KeyID is ID of the public key.
	KeyID() string
	// Public is an ed25519.PublicKey, *ecdsa.PublicKey or *rsa.PublicKey.
	Public() crypto.PublicKey
	// Sign signs a whole message, not its digest; see the package comment for the forms of signatures.
	Sign(ctx context.Context, message []byte) ([]byte, error)
}

// ID is the key id of a public key; empty for a key that X.509 does not know.
func ID(public crypto.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// Verify checks a signature over a message.
func Verify(public crypto.PublicKey, message, signature []byte) error {
	sum := sha256.Sum256(message)
	ok := false
	switch key := public.(type) {
	case ed25519.PublicKey:
		ok = len(key) == ed25519.PublicKeySize && ed25519.Verify(key, message, signature)
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(key, sum[:], signature)
	case *rsa.PublicKey:
		ok = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	default:
		return fmt.Errorf("no signature of a key of type %T is understood", public)
	}
	if !ok {
		return errors.New("the signature is not by this key, or not over this content")
	}
	return nil
}

// PublicPEM is a public key as openssl pkey -pubin reads it.
func PublicPEM(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// ParsePublicPEM reads what PublicPEM writes: one PEM block, nothing around it.
func ParsePublicPEM(text []byte) (crypto.PublicKey, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" || len(rest) > 0 {
		return nil, errors.New("read public key: it is not one PEM block PUBLIC KEY")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	return key, nil
}

// suits reports whether a key is of a kind that its use takes.
func suits(use Use, public crypto.PublicKey) error {
	switch key := public.(type) {
	case ed25519.PublicKey:
		if use == Pack {
			return nil
		}
		return errors.New("viewers of PDF do not understand Ed25519: a seal needs an ECDSA P-256 or RSA key")
	case *ecdsa.PublicKey:
		if use == Seal && key.Curve == elliptic.P256() {
			return nil
		}
	case *rsa.PublicKey:
		if use == Seal && key.N.BitLen() >= 2048 {
			return nil
		}
	}
	if use == Pack {
		return errors.New("packs are signed with Ed25519 keys")
	}
	return errors.New("a seal needs an ECDSA P-256 key, or RSA of 2048 bits and more")
}

func failed(kind access.Kind, op, hint string, err error) error {
	return &access.Error{System: "signing", Op: op, Kind: kind, Hint: hint, Err: err}
}
