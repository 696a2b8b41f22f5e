// Package attest says what a pack is in a form that supply-chain tools read: an in-toto Statement v1 whose subjects are the files of the
// pack, in a DSSE envelope (payload type application/vnd.in-toto+json) that the pack key signs.
//
// The same content and key give the same bytes: members in a fixed order, subjects sorted by name, no spaces, a newline at the end. Parse
// takes that one spelling and no other. The package is pure but for the signer. Errors are *access.Error with Kind Invalid, or the
// signer's.
package attest

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"muster/internal/access"
	"muster/internal/signing"
)

// The types of what is signed. The predicate's address is a name, nothing is fetched from it.
const (
	PayloadType   = "application/vnd.in-toto+json"
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://muster.example/evidence-pack/v1"
)

// Statement is an in-toto Statement v1 about a pack.
type Statement struct {
	Type          string    `json:"_type"`
	Subject       []Subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     Predicate `json:"predicate"`
}

// Subject is one file.
type Subject struct {
	Name   string `json:"name"`
	Digest Digest `json:"digest"`
}

// Digest is a digest set with the one digest that packs have.
type Digest struct {
	SHA256 string `json:"sha256"` // hex
}

// Predicate is what is said of the files.
type Predicate struct {
	Pack         string     `json:"pack"` // P-7Q2K4MZD
	Kind         string     `json:"kind"` // reconciliation, ...
	Organisation string     `json:"organisation"`
	Run          string     `json:"run"`
	AsOf         string     `json:"asOf"` // RFC 3339: the run's clock
	Builder      string     `json:"builder"`
	Checkpoint   Checkpoint `json:"checkpoint"`
}

// Checkpoint is the ledger's tree that the pack's proofs lead to.
type Checkpoint struct {
	Origin string `json:"origin"`
	Size   uint64 `json:"size"`
	Root   string `json:"root"` // base64, as in the checkpoint
}

// Make signs a statement about files; the digests are hex SHA-256 by name.
func Make(ctx context.Context, s signing.Signer, files map[string]string, p Predicate) ([]byte, error) {
	st := Statement{Type: StatementType, PredicateType: PredicateType, Predicate: p, Subject: []Subject{}}
	for name, sum := range files {
		st.Subject = append(st.Subject, Subject{name, Digest{sum}})
	}
	slices.SortFunc(st.Subject, func(a, b Subject) int { return strings.Compare(a.Name, b.Name) })
	if err := st.check(); err != nil {
		return nil, failed("make attestation", err)
	}
	body, err := encode(st)
	if err != nil {
		return nil, failed("make attestation", err)
	}
	signer, err := dsse.NewEnvelopeSigner(adapter{s})
	if err != nil {
		return nil, failed("make attestation", err)
	}
	envelope, err := signer.SignPayload(ctx, PayloadType, body)
	if err != nil {
		return nil, &access.Error{Op: "sign attestation", Kind: access.KindOf(err), Hint: access.HintOf(err), Err: err}
	}
	text, err := encode(envelope)
	if err != nil {
		return nil, failed("make attestation", err)
	}
	return append(text, '\n'), nil
}

// Parse reads an attestation and checks that it was signed by a key.
func Parse(text []byte, public crypto.PublicKey) (Statement, error) {
	st, err := parse(text, public)
	if err != nil {
		return Statement{}, failed("check attestation", err)
	}
	return st, nil
}

func parse(text []byte, public crypto.PublicKey) (st Statement, err error) {
	var e dsse.Envelope
	if err := json.Unmarshal(text, &e); err != nil {
		return st, fmt.Errorf("it is no DSSE envelope: %w", err)
	}
	if again, err := encode(e); err != nil || !bytes.Equal(append(again, '\n'), text) {
		return st, errors.New("it is not as Muster writes it")
	}
	if e.PayloadType != PayloadType || len(e.Signatures) != 1 {
		return st, fmt.Errorf("it holds %q with %d signatures, not one in-toto statement with one", e.PayloadType, len(e.Signatures))
	}
	body, err := base64.StdEncoding.Strict().DecodeString(e.Payload)
	if err != nil {
		return st, fmt.Errorf("its payload: %w", err)
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(e.Signatures[0].Sig)
	if err != nil {
		return st, fmt.Errorf("its signature: %w", err)
	}
	if want := signing.ID(public); e.Signatures[0].KeyID != want {
		return st, fmt.Errorf("it is signed by key %q, not by %s", e.Signatures[0].KeyID, want)
	}
	if err := signing.Verify(public, dsse.PAE(e.PayloadType, body), signature); err != nil {
		return st, err
	}
	if err := json.Unmarshal(body, &st); err != nil {
		return st, fmt.Errorf("its statement: %w", err)
	}
	if again, err := encode(st); err != nil || !bytes.Equal(again, body) {
		return st, errors.New("its statement is not as Muster writes it")
	}
	return st, st.check()
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// check checks what a statement of ours always is.
func (s Statement) check() error {
	if s.Type != StatementType || s.PredicateType != PredicateType {
		return fmt.Errorf("it states %q about %q", s.PredicateType, s.Type)
	}
	if len(s.Subject) == 0 || s.Predicate.Pack == "" || s.Predicate.Run == "" {
		return errors.New("it names no file, no pack or no run")
	}
	for i, f := range s.Subject {
		if !hexDigest.MatchString(f.Digest.SHA256) || f.Name == "" || i > 0 && f.Name <= s.Subject[i-1].Name {
			return fmt.Errorf("its subject %q is malformed or out of order", f.Name)
		}
	}
	return nil
}

// encode is JSON without the escapes that HTML would need.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode attestation: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// adapter gives the library the signer that it wants.
type adapter struct{ s signing.Signer }

func (a adapter) KeyID() (string, error) { return a.s.KeyID(), nil }

func (a adapter) Sign(ctx context.Context, data []byte) ([]byte, error) { return a.s.Sign(ctx, data) }

func failed(op string, err error) error {
	return &access.Error{Op: op, Kind: access.Invalid, Err: err}
}
