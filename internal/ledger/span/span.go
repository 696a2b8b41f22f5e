// Package span proves that a contiguous range of entries is in a log, all of them, in this order and at these places, with a
// handful of hashes: the roots of the perfect subtrees left and right of the range (compact ranges). Whoever has the entries, the
// proof and the log's verifier key needs nothing else.
//
// The proof carries no root hash. The verifier computes it from the entries and the proof, writes the checkpoint that the log must
// have signed for it, and checks that signature. A Proof has one form as text and one as bytes; both say the same.
package span

import (
	"encoding/base64"
	"fmt"
	"iter"
	"math/bits"

	"github.com/transparency-dev/merkle/compact"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/keys"
)

// signatureSize is how long an Ed25519 signature is.
const signatureSize = 64

// Proof shows that the entries First to Last, both included, are in a log of Size entries.
type Proof struct {
	First, Last, Size uint64
	Hashes            []tlog.Hash // left of the range, then right of it, from left to right; what follows the last path is one hash
	Signature         [signatureSize]byte
}

// Prove makes the proof of a range at the Reader's checkpoint. Errors are the ledger's; NotFound means that the log has no such range.
func Prove(r *ledger.Reader, first, last uint64) (Proof, error) {
	p := Proof{First: first, Last: last, Size: r.Size()}
	if err := p.check(); err != nil {
		return Proof{}, failed(access.NotFound, "prove range", "muster ledger verify says how many entries there are", err)
	}
	var err error
	if p.Signature, err = signature(r.Checkpoint(), r.VerifierKey()); err != nil {
		return Proof{}, failed(access.Invalid, "prove range", "run muster ledger verify", err)
	}
	pivot := p.pivot()
	nodes := compact.RangeNodes(0, first, nil)
	nodes = compact.RangeNodes(last+1, pivot, nodes)
	single := len(nodes)
	nodes = compact.RangeNodes(pivot, p.Size, nodes)
	indexes := make([]int64, len(nodes))
	for i, id := range nodes {
		indexes[i] = tlog.StoredHashIndex(int(id.Level), int64(id.Index))
	}
	hashes, err := r.ReadHashes(indexes)
	if err != nil {
		return Proof{}, failed(access.Invalid, "prove range", "run muster ledger verify", err)
	}
	p.Hashes = hashes[:single:single]
	if rest := hashes[single:]; len(rest) > 0 {
		p.Hashes = append(p.Hashes, fold(rest[:len(rest)-1], rest[len(rest)-1]))
	}
	return p, nil
}

// Verify checks that the leaves, the exact bytes of the entries from First to Last, are in the log that the verifier key belongs to,
// and returns the checkpoint that the log signed for them.
func (p Proof) Verify(leaves iter.Seq2[[]byte, error], verifierKey string) (ledger.Checkpoint, error) {
	root, err := p.root(leaves)
	if err != nil {
		return ledger.Checkpoint{}, failed(access.Invalid, "check range", "", err)
	}
	v, err := keys.ParseVerifier(verifierKey)
	if err != nil {
		return ledger.Checkpoint{}, failed(access.Invalid, "check range", "", err)
	}
	id := v.KeyHash()
	signed := append([]byte{byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}, p.Signature[:]...)
	text := fmt.Sprintf("%s\n%d\n%s\n\n— %s %s\n", v.Name(), p.Size, root, v.Name(), base64.StdEncoding.EncodeToString(signed))
	c, err := ledger.ParseCheckpoint(text, verifierKey)
	if err != nil {
		err := fmt.Errorf("the entries %d to %d are not those of the log that signed it with %d entries", p.First, p.Last, p.Size)
		return ledger.Checkpoint{}, failed(access.Invalid, "check range", "compare the entries, their order and the range with the log", err)
	}
	return c, nil
}

// root computes the root hash that the log has if the leaves are in it.
func (p Proof) root(leaves iter.Seq2[[]byte, error]) (root tlog.Hash, err error) {
	if err := p.check(); err != nil {
		return root, err
	}
	pivot := p.pivot()
	left, right := compact.RangeSize(0, p.First), compact.RangeSize(p.Last+1, pivot)
	tail := 0
	if pivot < p.Size {
		tail = 1
	}
	if len(p.Hashes) != left+right+tail {
		return root, fmt.Errorf("the proof has %d hashes, this range needs %d", len(p.Hashes), left+right+tail)
	}
	factory := &compact.RangeFactory{Hash: nodeHash}
	tree, err := factory.NewRange(0, p.First, byteSlices(p.Hashes[:left]))
	if err != nil {
		return root, err
	}
	for leaf, err := range leaves {
		if err != nil {
			return root, err
		}
		if tree.End() > p.Last {
			return root, fmt.Errorf("there are more than the %d entries of the range", p.Last-p.First+1)
		}
		h := tlog.RecordHash(leaf)
		if err := tree.Append(h[:], nil); err != nil {
			return root, err
		}
	}
	if tree.End() != p.Last+1 {
		return root, fmt.Errorf("there are %d entries, the range has %d", tree.End()-p.First, p.Last-p.First+1)
	}
	after, err := factory.NewRange(p.Last+1, pivot, byteSlices(p.Hashes[left:left+right]))
	if err != nil {
		return root, err
	}
	if err := tree.AppendRange(after, nil); err != nil {
		return root, err
	}
	peaks := make([]tlog.Hash, len(tree.Hashes()))
	for i, h := range tree.Hashes() {
		copy(peaks[i][:], h)
	}
	if tail == 1 {
		peaks = append(peaks, p.Hashes[left+right])
	}
	return fold(peaks[:len(peaks)-1], peaks[len(peaks)-1]), nil
}

// check says what is wrong with the numbers.
func (p Proof) check() error {
	if p.First > p.Last || p.Last >= p.Size || p.Size >= 1<<62 {
		return fmt.Errorf("entries %d to %d are no range of a log of %d entries", p.First, p.Last, p.Size)
	}
	return nil
}

// pivot is where the path to the range's last entry leaves the right edge of the tree: what lies right of it is one subtree.
func (p Proof) pivot() uint64 {
	apart := bits.Len64(p.Last ^ (p.Size - 1))
	if apart == 0 {
		return p.Size
	}
	return (p.Size - 1) >> (apart - 1) << (apart - 1)
}

// fold is the hash over subtrees that grow smaller to the right.
func fold(subtrees []tlog.Hash, last tlog.Hash) tlog.Hash {
	for i := len(subtrees) - 1; i >= 0; i-- {
		last = tlog.NodeHash(subtrees[i], last)
	}
	return last
}

// nodeHash is tlog.NodeHash in the form that compact takes.
func nodeHash(left, right []byte) []byte {
	h := tlog.NodeHash(tlog.Hash(left), tlog.Hash(right))
	return h[:]
}

func byteSlices(hashes []tlog.Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}

// signature takes the log's own signature out of a checkpoint.
func signature(checkpoint, verifierKey string) (s [signatureSize]byte, err error) {
	v, err := keys.ParseVerifier(verifierKey)
	if err != nil {
		return s, err
	}
	n, err := note.Open([]byte(checkpoint), note.VerifierList(v))
	if err != nil {
		return s, fmt.Errorf("open checkpoint: %w", err)
	}
	raw, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil || len(raw) != 4+signatureSize {
		return s, fmt.Errorf("open checkpoint: its signature is no Ed25519 signature")
	}
	copy(s[:], raw[4:])
	return s, nil
}

func failed(kind access.Kind, op, hint string, err error) error {
	return &access.Error{System: "ledger", Op: op, Kind: kind, Hint: hint, Err: err}
}
