package seal

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"muster/internal/signing"
)

// cms is what a seal's CMS is made of.
type cms struct {
	digest    []byte    // SHA-256 of what is sealed
	at        time.Time // signing time
	chain     []*x509.Certificate
	signature []byte
	token     []byte // RFC 3161 TimeStampToken, or nil
}

func oid(parts ...int) asn1.ObjectIdentifier { return parts }

// The object identifiers of RFC 5652, RFC 5754, RFC 5758, RFC 8017, RFC 5035 and RFC 3161.
var (
	oidData        = oid(1, 2, 840, 113549, 1, 7, 1)
	oidSignedData  = oid(1, 2, 840, 113549, 1, 7, 2)
	oidSHA256      = oid(2, 16, 840, 1, 101, 3, 4, 2, 1)
	oidECDSA       = oid(1, 2, 840, 10045, 4, 3, 2)
	oidRSA         = oid(1, 2, 840, 113549, 1, 1, 1)
	oidContentType = oid(1, 2, 840, 113549, 1, 9, 3)
	oidDigest      = oid(1, 2, 840, 113549, 1, 9, 4)
	oidTime        = oid(1, 2, 840, 113549, 1, 9, 5)
	oidCertificate = oid(1, 2, 840, 113549, 1, 9, 16, 2, 47)
	oidToken       = oid(1, 2, 840, 113549, 1, 9, 16, 2, 14)
)

// The structures of RFC 5652 §5, with what is always the same fixed.
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue // [0] EXPLICIT
}

type signedData struct {
	Version      int
	Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
	Encapsulated struct{ Type asn1.ObjectIdentifier }
	Certificates asn1.RawValue // [0] IMPLICIT SET OF
	Signers      []signerInfo  `asn1:"set"`
}

type signerInfo struct {
	Version   int
	Issuer    issuer
	Digest    pkix.AlgorithmIdentifier
	Signed    asn1.RawValue // [0] IMPLICIT SET OF
	Algorithm pkix.AlgorithmIdentifier
	Signature []byte
	Unsigned  asn1.RawValue `asn1:"optional"` // [1] IMPLICIT SET OF
}

type issuer struct {
	Name   asn1.RawValue
	Serial *big.Int
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// setOf encodes attributes as the content of a SET OF, in DER's order.
func setOf(attrs map[string]any, ids []asn1.ObjectIdentifier) ([]byte, error) {
	var all [][]byte
	for _, id := range ids {
		inner, ok := attrs[id.String()].([]byte)
		if !ok {
			var err error
			if inner, err = asn1.Marshal(attrs[id.String()]); err != nil {
				return nil, err
			}
		}
		one, err := asn1.Marshal(attribute{id, []asn1.RawValue{{FullBytes: inner}}})
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	slices.SortFunc(all, bytes.Compare)
	return bytes.Join(all, nil), nil
}

// attributes is the content of the set of signed attributes.
func (c *cms) attributes() ([]byte, error) {
	digest, err := asn1.Marshal(c.digest)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(c.chain[0].Raw)
	type essCert struct{ Hash []byte } // ESSCertIDv2 with the default SHA-256, RFC 5035 §4
	type certs struct{ Certs []essCert }
	return setOf(map[string]any{
		oidContentType.String(): oidData,
		oidDigest.String():      digest,
		oidTime.String():        c.at.UTC().Truncate(time.Second),
		oidCertificate.String(): certs{[]essCert{{sum[:]}}},
	}, []asn1.ObjectIdentifier{oidContentType, oidDigest, oidTime, oidCertificate})
}

// toSign is what the signature is over: the attributes as a SET OF (RFC 5652 §5.4).
func (c *cms) toSign() ([]byte, error) {
	inner, err := c.attributes()
	if err != nil {
		return nil, fmt.Errorf("encode attributes: %w", err)
	}
	return asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSet, IsCompound: true, Bytes: inner})
}

func (c *cms) sign(ctx context.Context, s signing.Signer) error {
	text, err := c.toSign()
	if err != nil {
		return err
	}
	c.signature, err = s.Sign(ctx, text)
	return err
}

// encode is the DER of the whole ContentInfo.
func (c *cms) encode() ([]byte, error) {
	leaf := c.chain[0]
	algorithm := pkix.AlgorithmIdentifier{Algorithm: oidRSA, Parameters: asn1.NullRawValue}
	switch leaf.PublicKey.(type) {
	case *rsa.PublicKey:
	case *ecdsa.PublicKey:
		algorithm = pkix.AlgorithmIdentifier{Algorithm: oidECDSA}
	default:
		return nil, fmt.Errorf("a certificate of a %T cannot seal", leaf.PublicKey)
	}
	signed, err := c.attributes()
	if err != nil {
		return nil, fmt.Errorf("encode attributes: %w", err)
	}
	sha := pkix.AlgorithmIdentifier{Algorithm: oidSHA256}
	s := signerInfo{Version: 1, Issuer: issuer{asn1.RawValue{FullBytes: leaf.RawIssuer}, leaf.SerialNumber}, Digest: sha, Algorithm: algorithm, Signature: c.signature,
		Signed: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: signed}}
	if c.token != nil {
		unsigned, err := setOf(map[string]any{oidToken.String(): c.token}, []asn1.ObjectIdentifier{oidToken})
		if err != nil {
			return nil, fmt.Errorf("encode time stamp: %w", err)
		}
		s.Unsigned = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: unsigned}
	}
	raw := make([][]byte, len(c.chain))
	for i, cert := range c.chain {
		raw[i] = cert.Raw
	}
	slices.SortFunc(raw, bytes.Compare) // DER's order of a SET OF
	d := signedData{Version: 1, Digests: []pkix.AlgorithmIdentifier{sha}, Signers: []signerInfo{s},
		Certificates: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: bytes.Join(raw, nil)}}
	d.Encapsulated.Type = oidData
	inner, err := asn1.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode CMS: %w", err)
	}
	return asn1.Marshal(contentInfo{oidSignedData, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: inner}})
}

// parse takes the parts out of a CMS and insists that encode makes the same of them.
func parse(der []byte) (*cms, error) {
	var info contentInfo
	var d signedData
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) > 0 {
		return nil, errors.New("it is no CMS")
	}
	if _, err := asn1.Unmarshal(info.Content.Bytes, &d); err != nil || len(d.Signers) != 1 {
		return nil, errors.New("it is no CMS of one signer")
	}
	certs, err := x509.ParseCertificates(d.Certificates.Bytes)
	if err != nil {
		return nil, fmt.Errorf("its certificates: %w", err)
	}
	s := d.Signers[0]
	c := &cms{signature: s.Signature}
	if c.chain, err = chainFor(certs, s.Issuer); err != nil {
		return nil, err
	}
	for rest := s.Signed.Bytes; len(rest) > 0; {
		var a attribute
		if rest, err = asn1.Unmarshal(rest, &a); err != nil || len(a.Values) != 1 {
			return nil, errors.New("its signed attributes are malformed")
		}
		switch {
		case a.Type.Equal(oidDigest):
			_, err = asn1.Unmarshal(a.Values[0].FullBytes, &c.digest)
		case a.Type.Equal(oidTime):
			_, err = asn1.Unmarshal(a.Values[0].FullBytes, &c.at)
		}
		if err != nil {
			return nil, errors.New("its signed attributes are malformed")
		}
	}
	if len(s.Unsigned.Bytes) > 0 {
		var a attribute
		if _, err := asn1.Unmarshal(s.Unsigned.Bytes, &a); err != nil || len(a.Values) != 1 || !a.Type.Equal(oidToken) {
			return nil, errors.New("it has an unsigned attribute that is no time stamp")
		}
		c.token = a.Values[0].FullBytes
	}
	if again, err := c.encode(); err != nil || !bytes.Equal(again, der) {
		return nil, errors.New("its CMS is not as Muster writes it")
	}
	return c, nil
}

// chainFor orders certificates from that of the signer up, each issued by the next.
func chainFor(certs []*x509.Certificate, by issuer) ([]*x509.Certificate, error) {
	at := slices.IndexFunc(certs, func(c *x509.Certificate) bool {
		return bytes.Equal(c.RawIssuer, by.Name.FullBytes) && by.Serial != nil && c.SerialNumber.Cmp(by.Serial) == 0
	})
	if at < 0 {
		return nil, errors.New("the signer's certificate is not in it")
	}
	chain := []*x509.Certificate{certs[at]}
	for len(chain) < len(certs) {
		last := chain[len(chain)-1]
		next := slices.IndexFunc(certs, func(c *x509.Certificate) bool {
			return !slices.Contains(chain, c) && bytes.Equal(c.RawSubject, last.RawIssuer) && last.CheckSignatureFrom(c) == nil
		})
		if next < 0 {
			return nil, errors.New("a certificate in it has no place in the signer's chain")
		}
		chain = append(chain, certs[next])
	}
	return chain, nil
}
