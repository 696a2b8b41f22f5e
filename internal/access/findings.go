package access

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// FindingsDigest commits to a set of findings: who they are, how bad and in which state. The order of Add means nothing. The zero
// value is an empty set.
type FindingsDigest struct{ lines []string }

// Add puts a finding into the set.
func (d *FindingsDigest) Add(f Finding) {
	d.lines = append(d.lines, f.Fingerprint+"|"+string(f.State)+"|"+string(f.Severity)+"\n")
}

// Sum is the hex SHA-256 over the lines "fingerprint|state|severity\n" in byte order.
func (d *FindingsDigest) Sum() string {
	slices.Sort(d.lines)
	h := sha256.New()
	for _, l := range d.lines {
		h.Write([]byte(l))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// CompareFindings orders findings as people read them: the worst first, then by rule, system, subject and detail; the fingerprint
// makes the order total.
func CompareFindings(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(b.Severity.Rank(), a.Severity.Rank()),
		strings.Compare(a.Rule, b.Rule),
		strings.Compare(a.System, b.System),
		strings.Compare(a.Subject, b.Subject),
		strings.Compare(a.Detail, b.Detail),
		strings.Compare(a.Fingerprint, b.Fingerprint),
	)
}
