package span

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/access"
)

// textHeader and byteHeader begin the two forms.
const (
	textHeader = "muster-range-proof v1"
	byteHeader = "mrp1"
)

// maxHashes is more than any range of a log of 2^62 entries needs.
const maxHashes = 2 * 64

// String renders the proof as lines: the header, first, last, size, signature, and a hash each.
func (p Proof) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nfirst %d\nlast %d\nsize %d\nsignature %s\n", textHeader, p.First, p.Last, p.Size, base64.StdEncoding.EncodeToString(p.Signature[:]))
	for _, h := range p.Hashes {
		fmt.Fprintln(&b, h)
	}
	return b.String()
}

// Parse reads what String wrote. It proves nothing until Verify says so. Every other spelling is an error.
func Parse(text string) (Proof, error) {
	p, err := parse(text)
	if err == nil && p.String() != text {
		err = errors.New("it is misspelt")
	}
	if err != nil {
		return Proof{}, failed(access.Invalid, "read range proof", "", err)
	}
	return p, nil
}

func parse(text string) (p Proof, err error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 5 || len(lines) > 5+maxHashes || lines[0] != textHeader {
		return p, fmt.Errorf("it does not begin with %s and the lines first, last, size and signature", textHeader)
	}
	for i, field := range []struct {
		name  string
		value *uint64
	}{{"first ", &p.First}, {"last ", &p.Last}, {"size ", &p.Size}} {
		number, ok := strings.CutPrefix(lines[1+i], field.name)
		if *field.value, err = strconv.ParseUint(number, 10, 62); !ok || err != nil {
			return p, fmt.Errorf("its line %q is not %sand a number", lines[1+i], field.name)
		}
	}
	signature, ok := strings.CutPrefix(lines[4], "signature ")
	raw, err := base64.StdEncoding.Strict().DecodeString(signature)
	if !ok || err != nil || len(raw) != signatureSize {
		return p, fmt.Errorf("its line %q is no signature", lines[4])
	}
	copy(p.Signature[:], raw)
	for _, line := range lines[5:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return p, fmt.Errorf("its line %q is no hash", line)
		}
		p.Hashes = append(p.Hashes, h)
	}
	return p, p.check()
}

// Bytes renders the proof as few bytes: the header, first, the length of the range and size as uvarints, the signature, the hashes.
func (p Proof) Bytes() []byte {
	out := []byte(byteHeader)
	for _, n := range []uint64{p.First, p.Last - p.First, p.Size} {
		out = binary.AppendUvarint(out, n)
	}
	out = append(out, p.Signature[:]...)
	for _, h := range p.Hashes {
		out = append(out, h[:]...)
	}
	return out
}

// ParseBytes reads what Bytes wrote. It proves nothing until Verify says so. Every other spelling is an error.
func ParseBytes(data []byte) (Proof, error) {
	p, err := parseBytes(data)
	if err == nil && string(p.Bytes()) != string(data) {
		err = errors.New("it is misspelt")
	}
	if err != nil {
		return Proof{}, failed(access.Invalid, "read range proof", "", err)
	}
	return p, nil
}

func parseBytes(data []byte) (p Proof, err error) {
	rest, ok := strings.CutPrefix(string(data), byteHeader)
	if !ok {
		return p, fmt.Errorf("it does not begin with %s", byteHeader)
	}
	var length uint64
	for _, value := range []*uint64{&p.First, &length, &p.Size} {
		n, used := binary.Uvarint([]byte(rest[:min(len(rest), binary.MaxVarintLen64)]))
		if used <= 0 || n >= 1<<62 {
			return p, errors.New("it lacks one of its three numbers")
		}
		*value, rest = n, rest[used:]
	}
	p.Last = p.First + length
	if len(rest) < signatureSize || (len(rest)-signatureSize)%tlog.HashSize != 0 || len(rest) > signatureSize+maxHashes*tlog.HashSize {
		return p, fmt.Errorf("%d bytes are no signature and hashes", len(rest))
	}
	copy(p.Signature[:], rest)
	for rest = rest[signatureSize:]; len(rest) > 0; rest = rest[tlog.HashSize:] {
		p.Hashes = append(p.Hashes, tlog.Hash([]byte(rest[:tlog.HashSize])))
	}
	return p, p.check()
}
