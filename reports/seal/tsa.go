package seal

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha1" // older authorities name their certificate by it
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"

	"muster/internal/access"
)

// Authority is a time-stamp authority that is asked over HTTP (RFC 3161 §3.4).
type Authority struct {
	URL     string
	Client  *http.Client  // http.DefaultClient when nil
	Timeout time.Duration // 30 s when zero
	Random  io.Reader     // of the nonce; crypto/rand when nil
}

// Stamp asks for a time stamp over a message and checks the answer: granted, this message's SHA-256, this request's nonce, signed by a
// certificate for time stamping. It returns the TimeStampToken.
func (a *Authority) Stamp(ctx context.Context, message []byte) ([]byte, error) {
	token, err := a.stamp(ctx, message)
	if err != nil {
		return nil, &access.Error{System: "tsa", Op: "get time stamp", Kind: access.KindOf(err), Err: err,
			Hint: "ask again when the authority answers; without signing.tsa reports are sealed without a time stamp"}
	}
	return token, nil
}

func (a *Authority) stamp(ctx context.Context, message []byte) ([]byte, error) {
	random, client, timeout := a.Random, a.Client, a.Timeout
	if random == nil {
		random = rand.Reader
	}
	if client == nil {
		client = http.DefaultClient
	}
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("make nonce: %w", err)
	}
	nonce[0] |= 0x40 // always as long, never negative
	nonce[0] &= 0x7f
	sum := sha256.Sum256(message)
	ask := timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Certificates: true, Nonce: new(big.Int).SetBytes(nonce)}
	query, err := ask.Marshal()
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL, bytes.NewReader(query))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/timestamp-query")
	req.Header.Set("Accept", "application/timestamp-reply")
	res, err := client.Do(req)
	if err != nil {
		return nil, kinded(access.Transient, err)
	}
	defer func() { _ = res.Body.Close() }() // it is only read
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err != nil {
		return nil, kinded(access.Transient, err)
	}
	if res.StatusCode != http.StatusOK {
		kind := access.Denied
		if res.StatusCode >= 500 {
			kind = access.Transient
		}
		return nil, kinded(kind, fmt.Errorf("it answered %s", res.Status))
	}
	answer, err := timestamp.ParseResponse(body)
	if err != nil {
		return nil, kinded(access.Invalid, err)
	}
	if answer.Nonce == nil || answer.Nonce.Cmp(ask.Nonce) != 0 {
		return nil, kinded(access.Invalid, errors.New("its nonce is not that of the request"))
	}
	if _, err := checkToken(answer.RawToken, message); err != nil {
		return nil, kinded(access.Invalid, err)
	}
	return answer.RawToken, nil
}

func kinded(kind access.Kind, err error) error {
	return &access.Error{Op: "ask authority", Kind: kind, Err: err}
}

// Stamp is a time stamp that was checked.
type Stamp struct {
	Time        time.Time
	Authority   string // subject of the certificate that signed it, which nobody vouched for here
	Certificate *x509.Certificate
}

// checkToken checks that a token is over a message and signed by a certificate for time stamping that it carries.
func checkToken(token, message []byte) (Stamp, error) {
	if err := shallow(token); err != nil {
		return Stamp{}, fmt.Errorf("read time stamp: %w", err)
	}
	p7, err := pkcs7.Parse(token)
	if err != nil {
		return Stamp{}, fmt.Errorf("read time stamp: %w", err)
	}
	t, err := timestamp.Parse(token) // verifies the signature when there is a certificate
	if err != nil {
		return Stamp{}, fmt.Errorf("check time stamp: %w", err)
	}
	signer := p7.GetOnlySigner()
	if signer == nil {
		return Stamp{}, errors.New("check time stamp: it carries no certificate of one signer")
	}
	if len(signer.ExtKeyUsage) != 1 || !slices.Contains(signer.ExtKeyUsage, x509.ExtKeyUsageTimeStamping) {
		return Stamp{}, errors.New("check time stamp: its certificate is not for time stamping alone (RFC 3161 §2.3)")
	}
	if t.Time.Before(signer.NotBefore) || t.Time.After(signer.NotAfter) {
		return Stamp{}, errors.New("check time stamp: its certificate was not valid at its time")
	}
	if err := checkSigner(p7, signer); err != nil {
		return Stamp{}, fmt.Errorf("check time stamp: %w", err)
	}
	sum := sha256.Sum256(message)
	if t.HashAlgorithm != crypto.SHA256 || !bytes.Equal(t.HashedMessage, sum[:]) {
		return Stamp{}, errors.New("check time stamp: it is over something else")
	}
	return Stamp{Time: t.Time.UTC(), Authority: signer.Subject.String(), Certificate: signer}, nil
}

// checkSigner checks that the certificate is the one that the token's signed attributes name by its hash (RFC 3161 §2.4.1, RFC 5816), and
// no other with the same name and number.
func checkSigner(p7 *pkcs7.PKCS7, signer *x509.Certificate) error {
	var named struct {
		Certs []struct {
			Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
			Hash      []byte
			Issuer    asn1.RawValue `asn1:"optional"`
		}
		Policies asn1.RawValue `asn1:"optional"`
	}
	old, two := sha1.Sum(signer.Raw), sha256.Sum256(signer.Raw)
	want := two[:]
	if err := p7.UnmarshalSignedAttribute(oidCertificate, &named); err != nil {
		want = old[:] // RFC 2634's attribute, which has SHA-1
		if err := p7.UnmarshalSignedAttribute(oid(1, 2, 840, 113549, 1, 9, 16, 2, 12), &named); err != nil {
			return fmt.Errorf("it does not name its certificate: %w", err)
		}
	}
	if len(named.Certs) == 0 {
		return errors.New("it does not name its certificate")
	}
	switch id := named.Certs[0].Algorithm.Algorithm.String(); id {
	case "", oidSHA256.String():
	case "2.16.840.1.101.3.4.2.2":
		sum := sha512.Sum384(signer.Raw)
		want = sum[:]
	case "2.16.840.1.101.3.4.2.3":
		sum := sha512.Sum512(signer.Raw)
		want = sum[:]
	default:
		return fmt.Errorf("it names its certificate by a hash %s that is not understood", id)
	}
	if !bytes.Equal(named.Certs[0].Hash, want) {
		return errors.New("the certificate in it is not the one that it names")
	}
	return nil
}
