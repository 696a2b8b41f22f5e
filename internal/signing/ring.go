package signing

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Ring is a keyring: for each use a chain of public keys, the oldest first. A chain's first key stands for itself; each later one
// carries a statement that the key before it signed (it hands over) and that it signed itself (it takes over), so that whoever trusts
// any key of a chain can trust all of it, and which of them was in force at a moment.
type Ring struct {
	Keys []RingKey `json:"keys"`
}

// RingKey is one public key of a Ring.
type RingKey struct {
	ID        string    `json:"id"`
	Use       Use       `json:"use"`
	PublicKey string    `json:"public_key"`           // base64 of the SubjectPublicKeyInfo
	NotBefore string    `json:"not_before,omitempty"` // RFC 3339, seconds; empty: from the beginning
	NotAfter  string    `json:"not_after,omitempty"`  // the first moment at which it is no longer in force; empty: until further notice
	Rotation  *Rotation `json:"rotation,omitempty"`   // nil for the first key of its use
}

// Rotation is the statement by which one key follows another. Both sign the text that Statement gives.
type Rotation struct {
	From      string `json:"from"`      // id of the key before
	Signature []byte `json:"signature"` // by the key before
	Accepted  []byte `json:"accepted"`  // by the key itself
}

// Statement is the text of a rotation, which the old and the new key sign.
func Statement(use Use, from, to, at, publicKey string) []byte {
	return fmt.Appendf(nil, "muster key rotation v1\nuse %s\nfrom %s\nto %s\nat %s\nkey %s\n", use, from, to, at, publicKey)
}

// newRingKey describes a public key.
func newRingKey(use Use, public crypto.PublicKey) (RingKey, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return RingKey{}, fmt.Errorf("encode public key: %w", err)
	}
	return RingKey{ID: ID(public), Use: use, PublicKey: base64.StdEncoding.EncodeToString(der)}, nil
}

// Public is the key itself.
func (k RingKey) Public() (crypto.PublicKey, error) {
	der, err := base64.StdEncoding.Strict().DecodeString(k.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", k.ID, err)
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", k.ID, err)
	}
	if ID(public) != k.ID {
		return nil, fmt.Errorf("key %s: its id is %s", k.ID, ID(public))
	}
	return public, suits(k.Use, public)
}

// inForce reports whether the key was in force at a moment.
func (k RingKey) inForce(at time.Time) bool {
	stamp := moment(at) // RFC 3339 in UTC with seconds is ordered as text
	return (k.NotBefore == "" || k.NotBefore <= stamp) && (k.NotAfter == "" || stamp < k.NotAfter)
}

func moment(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }

// Chain gives the keys of a use, the oldest first.
func (r Ring) Chain(use Use) []RingKey {
	var chain []RingKey
	for _, k := range r.Keys {
		if k.Use == use {
			chain = append(chain, k)
		}
	}
	return chain
}

// At is the key of a use that was in force at a moment.
func (r Ring) At(use Use, at time.Time) (RingKey, error) {
	for _, k := range r.Chain(use) {
		if k.inForce(at) {
			return k, nil
		}
	}
	return RingKey{}, fmt.Errorf("no %s key was in force at %s", use, moment(at))
}

// Until is the ring as it was at a moment: without the keys that came later, the last ones open-ended. A pack carries the ring until
// its run, so that it stays the same whatever is rotated later.
func (r Ring) Until(at time.Time) Ring {
	var out Ring
	for _, k := range r.Keys {
		if k.NotBefore != "" && k.NotBefore > moment(at) {
			continue
		}
		if k.inForce(at) {
			k.NotAfter = ""
		}
		out.Keys = append(out.Keys, k)
	}
	return out
}

// Check checks every key and every statement of the ring.
func (r Ring) Check() error {
	seen := map[string]bool{}
	last := map[Use]RingKey{}
	for _, k := range r.Keys {
		if k.Use != Pack && k.Use != Seal {
			return fmt.Errorf("key %s: unknown use %q", k.ID, k.Use)
		}
		public, err := k.Public()
		if err != nil {
			return err
		}
		if seen[k.ID] {
			return fmt.Errorf("key %s is in the ring twice", k.ID)
		}
		for _, stamp := range []string{k.NotBefore, k.NotAfter} {
			if t, err := time.Parse(time.RFC3339, stamp); stamp != "" && (err != nil || moment(t) != stamp) {
				return fmt.Errorf("key %s: %q is no moment", k.ID, stamp)
			}
		}
		before, follows := last[k.Use]
		if !follows && (k.Rotation != nil || k.NotBefore != "") {
			return fmt.Errorf("key %s: it follows a key that is not in the ring", k.ID)
		}
		if follows {
			if err := k.checkRotation(before, public); err != nil {
				return fmt.Errorf("key %s: %w", k.ID, err)
			}
		}
		seen[k.ID], last[k.Use] = true, k
	}
	return nil
}

// checkRotation checks that a key follows the one before it.
func (k RingKey) checkRotation(before RingKey, public crypto.PublicKey) error {
	if k.Rotation == nil || k.Rotation.From != before.ID {
		return fmt.Errorf("no statement says that it follows %s", before.ID)
	}
	if k.NotBefore == "" || k.NotBefore != before.NotAfter || k.NotBefore <= before.NotBefore {
		return fmt.Errorf("it begins at %q, the key before it ends at %q", k.NotBefore, before.NotAfter)
	}
	old, err := before.Public()
	if err != nil {
		return err
	}
	text := Statement(k.Use, before.ID, k.ID, k.NotBefore, k.PublicKey)
	if err := Verify(old, text, k.Rotation.Signature); err != nil {
		return fmt.Errorf("its statement is not by the key before it: %w", err)
	}
	if err := Verify(public, text, k.Rotation.Accepted); err != nil {
		return fmt.Errorf("its statement is not by itself: %w", err)
	}
	return nil
}

// Trust finds the key that a signature of a use at a moment must be by, for somebody who trusts one key id. Without a trusted id the
// ring's own word is taken.
func (r Ring) Trust(use Use, trusted string, at time.Time) (crypto.PublicKey, RingKey, error) {
	if err := r.Check(); err != nil {
		return nil, RingKey{}, err
	}
	found := trusted == ""
	for _, k := range r.Chain(use) {
		found = found || k.ID == trusted
	}
	if !found {
		return nil, RingKey{}, fmt.Errorf("the trusted key %s is not in the keyring's chain", trusted)
	}
	k, err := r.At(use, at)
	if err != nil {
		return nil, RingKey{}, err
	}
	public, err := k.Public()
	return public, k, err
}

// Rotate ends the newest key of a use at a moment and adds the one that follows it. With no key of that use yet, next becomes the
// first one.
func (r Ring) Rotate(ctx context.Context, use Use, old, next Signer, at time.Time) (Ring, error) {
	k, err := newRingKey(use, next.Public())
	if err != nil {
		return r, err
	}
	if err := suits(use, next.Public()); err != nil {
		return r, err
	}
	out := Ring{Keys: append([]RingKey{}, r.Keys...)}
	chain := r.Chain(use)
	if len(chain) > 0 {
		before := chain[len(chain)-1]
		if old == nil || old.KeyID() != before.ID {
			return r, errors.New("the key that is in force must sign the rotation")
		}
		k.NotBefore = moment(at)
		text := Statement(use, before.ID, k.ID, k.NotBefore, k.PublicKey)
		k.Rotation = &Rotation{From: before.ID}
		if k.Rotation.Signature, err = old.Sign(ctx, text); err != nil {
			return r, err
		}
		if k.Rotation.Accepted, err = next.Sign(ctx, text); err != nil {
			return r, err
		}
		for i := range out.Keys {
			if out.Keys[i].ID == before.ID {
				out.Keys[i].NotAfter = k.NotBefore
			}
		}
	}
	out.Keys = append(out.Keys, k)
	return out, out.Check()
}

// Encode is the ring's one spelling: JSON with two spaces, a newline at the end.
func (r Ring) Encode() ([]byte, error) {
	if r.Keys == nil {
		r.Keys = []RingKey{}
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode keyring: %w", err)
	}
	return append(text, '\n'), nil
}

// ParseRing reads what Encode wrote, and nothing that is spelt otherwise, and checks it.
func ParseRing(text []byte) (Ring, error) {
	var r Ring
	if err := json.Unmarshal(text, &r); err != nil {
		return Ring{}, fmt.Errorf("read keyring: %w", err)
	}
	again, err := r.Encode()
	if err != nil || !bytes.Equal(again, text) {
		return Ring{}, errors.New("read keyring: it is not as Muster writes it")
	}
	if err := r.Check(); err != nil {
		return Ring{}, fmt.Errorf("read keyring: %w", err)
	}
	return r, nil
}
