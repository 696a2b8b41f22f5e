package ledger

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/access"
	"muster/internal/ledger/tiles"
)

// proofHeader is the first line of a C2SP tlog-proof.
const proofHeader = "c2sp.org/tlog-proof@v1"

// Proof shows that one entry is in the log at one checkpoint. It carries the entry itself, so it stands alone.
type Proof struct {
	Index      uint64
	Entry      []byte      // the leaf's exact bytes
	Hashes     []tlog.Hash // RFC 6962 §2.1.1, from the leaf's sibling up
	Checkpoint string      // the signed note
}

// Prove makes the inclusion proof of an entry at the newest checkpoint of the log in dir.
func Prove(dir string, index uint64) (Proof, error) {
	r, err := Read(dir)
	if err != nil {
		return Proof{}, err
	}
	return r.Prove(index)
}

// Prove makes the inclusion proof of an entry at the Reader's checkpoint, and checks it.
func (r *Reader) Prove(index uint64) (Proof, error) {
	e, err := r.Entry(index)
	if err != nil {
		return Proof{}, err
	}
	hashes, err := tlog.ProveRecord(int64(r.at.Size), int64(index), r)
	if err != nil {
		return Proof{}, failed(access.Invalid, "prove entry", "run muster ledger verify", err)
	}
	p := Proof{Index: index, Entry: e.Raw, Hashes: hashes, Checkpoint: r.at.Text}
	if _, err := VerifyProof(p, r.at.Text, r.verifier); err != nil {
		return Proof{}, err
	}
	return p, nil
}

// VerifyProof checks a proof against a signed checkpoint and the log's verifier key, and returns the entry that it proves.
// With an empty checkpoint the proof's own is taken.
func VerifyProof(p Proof, checkpoint, verifierKey string) (Entry, error) {
	if checkpoint == "" {
		checkpoint = p.Checkpoint
	}
	c, err := ParseCheckpoint(checkpoint, verifierKey)
	if err != nil {
		return Entry{}, err
	}
	if p.Index >= c.Size {
		err := fmt.Errorf("the proof is for entry %d, the checkpoint has %d entries", p.Index, c.Size)
		return Entry{}, failed(access.Invalid, "check proof", "", err)
	}
	if err := tlog.CheckRecord(p.Hashes, int64(c.Size), c.Root, int64(p.Index), tlog.RecordHash(p.Entry)); err != nil {
		err := fmt.Errorf("entry %d is not in the tree of the checkpoint: %w", p.Index, err)
		return Entry{}, failed(access.Invalid, "check proof", "", err)
	}
	e, err := decodeEntry(p.Index, p.Entry)
	if err != nil {
		return Entry{}, failed(access.Invalid, "check proof", "", err)
	}
	return e, nil
}

// String renders the proof as a C2SP tlog-proof, with the entry as its extra data.
func (p Proof) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nextra %s\nindex %d\n", proofHeader, base64.StdEncoding.EncodeToString(p.Entry), p.Index)
	for _, h := range p.Hashes {
		fmt.Fprintln(&b, h)
	}
	b.WriteString("\n" + p.Checkpoint)
	return b.String()
}

// ParseProof reads what String wrote. It proves nothing until VerifyProof says so.
func ParseProof(text string) (Proof, error) {
	p, err := parseProof(text)
	if err == nil && p.String() != text {
		err = errors.New("it is misspelt")
	}
	if err != nil {
		return Proof{}, failed(access.Invalid, "read proof", "", err)
	}
	return p, nil
}

func parseProof(text string) (p Proof, err error) {
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	if !ok {
		return p, errors.New("it has no empty line before a checkpoint")
	}
	lines := strings.Split(head, "\n")
	if len(lines) < 3 || lines[0] != proofHeader {
		return p, fmt.Errorf("it does not begin with %s and the lines extra and index", proofHeader)
	}
	extra, ok := strings.CutPrefix(lines[1], "extra ")
	if !ok {
		return p, errors.New("its second line is not extra, which holds the entry")
	}
	if p.Entry, err = base64.StdEncoding.Strict().DecodeString(extra); err != nil {
		return p, fmt.Errorf("its entry is not base64: %w", err)
	}
	index, ok := strings.CutPrefix(lines[2], "index ")
	if p.Index, err = strconv.ParseUint(index, 10, 63); !ok || err != nil {
		return p, fmt.Errorf("its third line %q is no index", lines[2])
	}
	for _, line := range lines[3:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return p, fmt.Errorf("its line %q is no hash", line)
		}
		p.Hashes = append(p.Hashes, h)
	}
	p.Checkpoint = checkpoint
	return p, nil
}

// Consistency shows that a log only grew between two checkpoints (RFC 6962 §2.1.2).
type Consistency struct {
	Old, New string // signed checkpoints
	Hashes   []tlog.Hash
}

// Text is the hashes, a line each.
func (c Consistency) Text() string {
	var b strings.Builder
	for _, h := range c.Hashes {
		b.WriteString(h.String() + "\n")
	}
	return b.String()
}

// ParseConsistency puts a proof together of its checkpoints and its Text.
func ParseConsistency(old, newer, text string) (Consistency, error) {
	c := Consistency{Old: old, New: newer}
	for line := range strings.Lines(text) {
		h, err := tlog.ParseHash(strings.TrimSuffix(line, "\n"))
		if err != nil || !strings.HasSuffix(line, "\n") {
			return c, failed(access.Invalid, "read consistency proof", "", fmt.Errorf("its line %q is no hash", line))
		}
		c.Hashes = append(c.Hashes, h)
	}
	return c, nil
}

// ProveConsistency makes the proof that the Reader's checkpoint continues an older one.
func (r *Reader) ProveConsistency(old string) (Consistency, error) {
	before, err := r.At(old)
	if err != nil {
		return Consistency{}, err
	}
	c := Consistency{Old: old, New: r.at.Text}
	if before.at.Size > 0 {
		if c.Hashes, err = tlog.ProveTree(int64(r.at.Size), int64(before.at.Size), r); err != nil {
			return Consistency{}, failed(access.Invalid, "prove consistency", "run muster ledger verify", err)
		}
	}
	return c, VerifyConsistency(c, r.verifier)
}

// VerifyConsistency checks a consistency proof and the signatures of both its checkpoints.
func VerifyConsistency(c Consistency, verifierKey string) error {
	before, err := ParseCheckpoint(c.Old, verifierKey)
	if err != nil {
		return err
	}
	after, err := ParseCheckpoint(c.New, verifierKey)
	if err != nil {
		return err
	}
	if before.Size > after.Size {
		err := fmt.Errorf("the older checkpoint has %d entries, the newer %d", before.Size, after.Size)
		return failed(access.Invalid, "check consistency", "", err)
	}
	if before.Size == 0 {
		if empty := (tiles.Edge{}).Root(); !bytes.Equal(empty[:], before.Root[:]) {
			return failed(access.Invalid, "check consistency", "", errors.New("the root of the empty log is wrong"))
		}
		return nil
	}
	if err := tlog.CheckTree(c.Hashes, int64(after.Size), after.Root, int64(before.Size), before.Root); err != nil {
		err := fmt.Errorf("the log of %d entries does not continue that of %d: %w", after.Size, before.Size, err)
		return failed(access.Invalid, "check consistency", "", err)
	}
	return nil
}
