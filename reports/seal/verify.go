package seal

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"muster/internal/access"
	"muster/internal/signing"
)

// Info is what a seal says.
type Info struct {
	Chain    []*x509.Certificate // the sealing certificate first
	KeyID    string              // of its key; see package signing
	At       time.Time           // the signing time that the seal claims
	Reason   string              // what it says that it is of
	Unsealed int                 // length of the report as it was rendered, a prefix of the file
	CMS      []byte              // the signature, DER
	Range    [4]int              // offset and length of the two parts that it covers
	Stamp    *Stamp              // nil without a time stamp
}

var (
	covered = regexp.MustCompile(`/ByteRange \[(\d{10}) (\d{10}) (\d{10}) (\d{10})\]\n/Contents <`)
	reason  = regexp.MustCompile(`/Type /Sig /Filter [^\n]* /Reason <FEFF([0-9A-F]*)>\n`)
	update2 = regexp.MustCompile(`/Prev (\d+)>>\nstartxref\n\d+\n%%EOF\n$`)
)

// mostHole bounds the digits of a signature, which has room for a chain of certificates and a time stamp.
const mostHole = 1 << 20

// Verify checks that a sealed report is as it was sealed, every byte of it. Whether the certificate is to be trusted is for the caller.
func Verify(pdf []byte) (Info, error) { return VerifyBy(pdf, "") }

// VerifyBy is Verify for a caller who knows by which key the report must be sealed: what another one sealed is not looked into. Then, too, the Info has
// the key's id.
func VerifyBy(pdf []byte, keyID string) (Info, error) {
	info, err := verify(pdf, keyID)
	if err != nil {
		return info, &access.Error{Op: "check seal", Kind: access.Invalid, Err: err}
	}
	return info, nil
}

func verify(pdf []byte, keyID string) (Info, error) {
	var info Info
	prev := update2.FindSubmatch(pdf[max(0, len(pdf)-128):])
	if prev == nil {
		return info, errors.New("it has no seal at its end")
	}
	before, err := strconv.Atoi(string(prev[1]))
	if err != nil || before >= len(pdf) {
		return info, errors.New("its seal names no earlier revision")
	}
	end := bytes.Index(pdf[before:], []byte("%%EOF\n"))
	if end < 0 {
		return info, errors.New("its earlier revision has no end")
	}
	info.Unsealed = before + end + len("%%EOF\n")
	if _, err := open(pdf[:info.Unsealed]); err != nil {
		return info, fmt.Errorf("what was sealed: %w", err)
	}
	found := covered.FindAllSubmatchIndex(pdf[info.Unsealed:], -1)
	if len(found) != 1 {
		return info, fmt.Errorf("it has %d signatures, not one", len(found))
	}
	for i := range 4 {
		from, to := found[0][2+2*i], found[0][3+2*i]
		info.Range[i], _ = strconv.Atoi(string(pdf[info.Unsealed+from : info.Unsealed+to]))
	}
	if m := reason.FindSubmatch(pdf[info.Unsealed:]); m != nil {
		info.Reason = untext(string(m[1]))
	}
	hole, after := info.Range[1], info.Range[2]
	if info.Range[0] != 0 || hole != info.Unsealed+found[0][1]-1 || after <= hole+1 || after > len(pdf) || after+info.Range[3] != len(pdf) || pdf[after-1] != '>' {
		return info, errors.New("its signature does not cover the whole file")
	}
	if after-hole > mostHole {
		return info, fmt.Errorf("its signature has %d digits, more than %d", after-hole, mostHole)
	}
	if info.CMS, err = contents(pdf[hole+1 : after-1]); err != nil {
		return info, err
	}
	c, err := parse(info.CMS)
	if err != nil {
		return info, err
	}
	info.Chain, info.At, info.KeyID = c.chain, c.at, signing.ID(c.chain[0].PublicKey)
	if keyID != "" && info.KeyID != keyID {
		return info, fmt.Errorf("it is sealed by key %s, not by %s", info.KeyID, keyID)
	}
	h := sha256.New()
	h.Write(pdf[:hole])
	h.Write(pdf[after:])
	if !bytes.Equal(h.Sum(nil), c.digest) {
		return info, errors.New("its content is not what was sealed")
	}
	text, err := c.toSign()
	if err != nil {
		return info, err
	}
	if err := signing.Verify(c.chain[0].PublicKey, text, c.signature); err != nil {
		return info, err
	}
	if leaf := c.chain[0]; c.at.Before(leaf.NotBefore) || c.at.After(leaf.NotAfter) {
		return info, errors.New("its certificate was not valid when it was sealed")
	}
	if c.token != nil {
		stamp, err := checkToken(c.token, c.signature)
		if err != nil {
			return info, err
		}
		info.Stamp = &stamp
	}
	return info, nil
}

// contents decodes the hole: one DER value in lower-case hex, then zeros and nothing else.
func contents(text []byte) ([]byte, error) {
	data := make([]byte, len(text)/2)
	if _, err := hex.Decode(data, text); err != nil || !bytes.Equal(hex.AppendEncode(nil, data), text) {
		return nil, errors.New("its signature is misspelt")
	}
	var raw asn1.RawValue
	rest, err := asn1.Unmarshal(data, &raw)
	if err != nil || len(bytes.Trim(rest, "\x00")) > 0 {
		return nil, errors.New("its signature is malformed")
	}
	return raw.FullBytes, nil
}
