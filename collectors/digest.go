package collectors

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"slices"
	"time"

	"muster/internal/access"
)

// Digest is the multiset hash of a snapshot's records: the sum, modulo 2^256, of the SHA-256 of every record's canonical
// bytes. It does not depend on the order of arrival or on page sizes, and two equal records count twice.
//
// The canonical bytes are: the format's version byte 2, the class ("account"), then the fields of the record in the order of
// the struct, text and lists with their length before them (unsigned varint), numbers as varints, truths as one byte, times
// as milliseconds since 1970, which is what is kept of them, with a byte before them that is 0 for the zero time, maps as sorted pairs. System,
// Row, SourceRef and Ref are left out: they say where a fact stood and not what it is, so the same facts in other rows have
// the same digest, and whoever has an evidence pack can compute it again from the tables.
//
// It tells that two snapshots hold the same facts, and finds accidents and single records that were added, left out or changed.
// It is no protection against someone who may choose very many records freely: sums of hashes can be forged with enough of
// them (AdHash and the generalised birthday: about 2^31 hashes with 32,000 free records). The SHA-256 of a pack, which is on the ledger
// and which its receipt proves, binds the tables byte for byte. The zero value is the digest of nothing. Not safe for concurrent use.
type Digest struct {
	sum [4]uint64
	buf []byte
}

// Add counts one record in.
func (d *Digest) Add(r access.Record) {
	d.buf = appendRecord(d.buf[:0], r)
	d.count()
}

func (d *Digest) count() {
	h := sha256.Sum256(d.buf)
	var carry uint64
	for i := range d.sum {
		d.sum[i], carry = bits.Add64(d.sum[i], binary.LittleEndian.Uint64(h[i*8:]), carry)
	}
}

// Fact counts one fact in that is no record, as its texts.
func (d *Digest) Fact(texts ...string) {
	d.buf = appendText(append(d.buf[:0], 2), "fact")
	d.buf = appendText(d.buf, texts...)
	d.count()
}

// String is the sum as 64 hex digits, least significant byte first.
func (d *Digest) String() string {
	var out [32]byte
	for i, w := range d.sum {
		binary.LittleEndian.PutUint64(out[i*8:], w)
	}
	return hex.EncodeToString(out[:])
}

func appendRecord(b []byte, r access.Record) []byte {
	b = append(b, 2)
	b = appendText(b, string(r.Class()))
	switch v := r.(type) {
	case access.Person:
		return appendPerson(b, &v)
	case access.Account:
		return appendAccount(b, &v)
	case access.Entitlement:
		b = appendText(b, v.ID, v.Kind, v.Name, v.Description)
		return appendBools(b, v.Privileged)
	case access.Grant:
		b = appendText(b, v.AccountID, v.EntitlementID)
		b = binary.AppendUvarint(b, uint64(len(v.Path)))
		b = appendText(b, v.Path...)
		b = appendBools(b, v.Effective, v.AdminOption)
		return appendTimes(b, v.ExpiresAt)
	case access.Rejection:
		return appendText(b, string(v.Of), v.Reason)
	}
	return b
}

func appendPerson(b []byte, p *access.Person) []byte {
	b = appendText(b, p.ID, p.GivenName, p.FamilyName, p.DisplayName, p.Email, p.UPN, p.Username, p.Title, p.Department,
		p.CostCentre, p.Company, p.Location, string(p.EmploymentType), string(p.Status), p.ManagerID)
	b = appendTimes(b, p.StartDate, p.EndDate)
	return appendMap(b, p.Attributes)
}

func appendAccount(b []byte, a *access.Account) []byte {
	b = appendText(b, a.ID, a.Name, a.DisplayName, a.Email, a.UPN, a.EmployeeID, a.OwnerRef, string(a.Kind))
	b = appendBools(b, a.Enabled, a.Locked, a.Privileged)
	b = binary.AppendVarint(b, int64(a.MFA))
	b = appendTimes(b, a.CreatedAt, a.LastLogin)
	b = appendBools(b, a.NeverLoggedIn)
	b = appendTimes(b, a.PasswordChangedAt, a.ExpiresAt)
	return appendMap(b, a.Attributes)
}

func appendText(b []byte, texts ...string) []byte {
	for _, s := range texts {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

func appendBools(b []byte, truths ...bool) []byte {
	for _, t := range truths {
		if t {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	return b
}

func appendTimes(b []byte, times ...time.Time) []byte {
	for _, t := range times {
		if t.IsZero() {
			b = append(b, 0)
			continue
		}
		b = append(b, 1)
		b = binary.AppendVarint(b, t.UnixMilli())
	}
	return b
}

func appendMap(b []byte, m map[string]string) []byte {
	b = binary.AppendUvarint(b, uint64(len(m)))
	if len(m) == 0 {
		return b
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		b = appendText(b, k, m[k])
	}
	return b
}
