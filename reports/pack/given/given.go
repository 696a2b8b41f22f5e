// Package given reads the keys that whoever verifies a pack got from a place that they trust: the ledger's verifier key, a pack key (PEM), a keyring.
package given

import (
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"muster/internal/ledger/keys"
	"muster/internal/signing"
)

// Keys are what a verifier brings, any of them.
type Keys struct {
	Ledger string // verifier key
	Pack   string // key id
	Ring   *signing.Ring
}

// Any reports whether there is a key at all.
func (k Keys) Any() bool { return k.Ledger != "" || k.Pack != "" || k.Ring != nil }

// Check says what is wrong with the text of a file that is to hold trusted keys. It must hold one at least.
func Check(text string) error {
	k, err := Read(text)
	if err == nil && !k.Any() {
		err = errors.New("read trusted key: there is none in it")
	}
	return err
}

// Read reads keys one after the other: PEM blocks, a keyring, a verifier key.
func Read(text string) (k Keys, err error) {
	rest := strings.TrimSpace(text)
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, "-----BEGIN "):
			block, after := pem.Decode([]byte(rest))
			if block == nil || k.Pack != "" {
				return k, fmt.Errorf("read trusted key: a PEM block is malformed, or there are several")
			}
			public, err := signing.ParsePublicPEM(pem.EncodeToMemory(block))
			if err != nil {
				return k, fmt.Errorf("read trusted key: %w", err)
			}
			k.Pack, rest = signing.ID(public), strings.TrimSpace(string(after))
		case strings.HasPrefix(rest, "{"):
			end := strings.Index(rest, "\n}")
			if end < 0 || k.Ring != nil {
				return k, fmt.Errorf("read trusted keyring: it is malformed, or there are several")
			}
			ring, err := signing.ParseRing([]byte(rest[:end+2] + "\n"))
			if err != nil {
				return k, fmt.Errorf("read trusted keyring: %w", err)
			}
			k.Ring, rest = &ring, strings.TrimSpace(rest[end+2:])
		default:
			line, after, _ := strings.Cut(rest, "\n")
			if k.Ledger != "" {
				return k, fmt.Errorf("read trusted key: there are several verifier keys")
			}
			k.Ledger, rest = strings.TrimSpace(line), strings.TrimSpace(after)
			if _, err := keys.ParseVerifier(k.Ledger); err != nil {
				return k, fmt.Errorf("read trusted key: %.80q is neither PEM nor a keyring nor a ledger's verifier key: %w", k.Ledger, err)
			}
		}
	}
	return k, nil
}
