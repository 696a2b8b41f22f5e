// Package witness has others attest to the ledger: it reads checkpoints that carry cosignatures of known witnesses (C2SP tlog-cosignature,
// Ed25519 cosignature/v1) and asks witnesses for them (C2SP tlog-witness, add-checkpoint).
//
// A cosigned checkpoint is the log's own signed note with one more signature line for each witness, in the order of the policy. A
// cosignature says that at its time the witness saw this tree, that it continues every one that it saw before, and that it was the largest:
// whoever holds the log's key alone cannot show two histories to two people.
//
// There is one spelling of a cosigned checkpoint: the log's line first, then known witnesses, none twice; any changed byte is an error.
// Times are UTC with second precision and are the witness's. A Policy is safe for concurrent use. Errors are *access.Error.
package witness

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"muster/internal/access"
	"muster/internal/ledger"
)

// algorithm is the signature type of Ed25519 cosignatures in verifier keys.
const algorithm = 0x04

// signatureSize is a key id, a time and an Ed25519 signature.
const signatureSize = 4 + 8 + ed25519.SignatureSize

// Key is a witness's public key.
type Key struct {
	Name   string
	id     [4]byte
	public ed25519.PublicKey
}

// ParseKey reads a verifier key (C2SP signed-note), name+hash+base64, of an Ed25519 cosigner.
func ParseKey(text string) (Key, error) {
	k, err := parseKey(text)
	if err != nil {
		return Key{}, failed(access.Invalid, "read witness key", "a cosigner's key is name+hash+base64 with signature type 4", err)
	}
	return k, nil
}

func parseKey(text string) (k Key, err error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 || parts[0] == "" || strings.ContainsFunc(parts[0], unicode.IsSpace) {
		return k, errors.New("it is not name+hash+base64")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algorithm {
		return k, errors.New("it is no Ed25519 cosigner's key")
	}
	k = Key{Name: parts[0], public: raw[1:]}
	sum := sha256.Sum256([]byte(k.Name + "\n" + string(raw)))
	copy(k.id[:], sum[:])
	if again := k.String(); again != text {
		return k, fmt.Errorf("it is misspelt, or its hash is not that of its name and key")
	}
	return k, nil
}

// String is the verifier key.
func (k Key) String() string {
	return k.Name + "+" + hex.EncodeToString(k.id[:]) + "+" + base64.StdEncoding.EncodeToString(append([]byte{algorithm}, k.public...))
}

// Policy says whose cosignatures count, and how many are needed.
type Policy struct {
	Keys      []Key
	Threshold int
}

// Cosignature is one witness's, checked.
type Cosignature struct {
	Name string
	Time time.Time // when the witness saw the checkpoint, by its own clock
	line string
}

// Cosigned is a checkpoint with the witnesses that cosigned it.
type Cosigned struct {
	ledger.Checkpoint
	By   []Cosignature
	Text string // all of it
}

// Parse reads a checkpoint and its cosignatures and checks them all, and that there are as many as the policy wants.
func Parse(text, verifierKey string, p Policy) (Cosigned, error) {
	c, err := parse(text, verifierKey, p)
	if err == nil && len(c.By) < p.Threshold {
		err = fmt.Errorf("%d of the known witnesses cosigned it, %d are needed", len(c.By), p.Threshold)
	}
	if err != nil {
		if access.KindOf(err) == access.Invalid {
			return Cosigned{}, err
		}
		return Cosigned{}, failed(access.Invalid, "check cosigned checkpoint", "", err)
	}
	return c, nil
}

func parse(text, verifierKey string, p Policy) (Cosigned, error) {
	body, lines, err := split(text)
	if err != nil {
		return Cosigned{}, err
	}
	own, err := ledger.ParseCheckpoint(body+"\n"+lines[0], verifierKey)
	if err != nil {
		return Cosigned{}, err
	}
	c := Cosigned{Checkpoint: own, Text: text}
	next := 0
	for _, line := range lines[1:] {
		at := slices.IndexFunc(p.Keys, func(k Key) bool { return k.mine(line) })
		if at < 0 {
			return Cosigned{}, fmt.Errorf("the signature line %q is by nobody who is known", strings.TrimSpace(line))
		}
		if at < next {
			return Cosigned{}, fmt.Errorf("the cosignature of %s is out of order, or comes twice", p.Keys[at].Name)
		}
		next = at + 1
		co, err := p.Keys[at].check(line, body)
		if err != nil {
			return Cosigned{}, err
		}
		c.By = append(c.By, co)
	}
	return c, nil
}

// split parts a signed note into its text, with the newline at its end, and its signature lines, each with its own.
func split(text string) (body string, lines []string, err error) {
	at := strings.LastIndex(text, "\n\n")
	if at < 0 || !strings.HasSuffix(text, "\n") || at+2 == len(text) {
		return "", nil, errors.New("it is no signed note")
	}
	lines = strings.SplitAfter(text[at+2:], "\n")
	return text[:at+1], lines[:len(lines)-1], nil
}

// mine reports whether a signature line claims to be by the key; signature lines of others are not looked into.
func (k Key) mine(line string) bool {
	name, raw, err := parseLine(line)
	return err == nil && name == k.Name && [4]byte(raw) == k.id
}

// parseLine reads "— name base64\n".
func parseLine(line string) (name string, raw []byte, err error) {
	rest, ok := strings.CutPrefix(line, "— ")
	name, encoded, found := strings.Cut(strings.TrimSuffix(rest, "\n"), " ")
	if !ok || !found || !strings.HasSuffix(line, "\n") {
		return "", nil, errors.New("it is no signature line")
	}
	raw, err = base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) < 4 || strings.ContainsAny(encoded, "\r\n") {
		return "", nil, errors.New("its signature is no base64")
	}
	return name, raw, nil
}

// check checks the cosignature in a line over a checkpoint's body.
func (k Key) check(line, body string) (Cosignature, error) {
	_, raw, err := parseLine(line)
	if err != nil || len(raw) != signatureSize {
		return Cosignature{}, fmt.Errorf("the cosignature of %s has %d bytes, not %d", k.Name, len(raw), signatureSize)
	}
	stamp := binary.BigEndian.Uint64(raw[4:12])
	if stamp == 0 || stamp > 1<<40 { // 34,000 years on: no clock
		return Cosignature{}, fmt.Errorf("the cosignature of %s has no time", k.Name)
	}
	if !ed25519.Verify(k.public, message(stamp, body), raw[12:]) {
		return Cosignature{}, fmt.Errorf("the cosignature of %s is not by its key over this checkpoint", k.Name)
	}
	return Cosignature{Name: k.Name, Time: time.Unix(int64(stamp), 0).UTC(), line: line}, nil
}

// message is what a witness signs.
func message(stamp uint64, body string) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", stamp, body)
}

func failed(kind access.Kind, op, hint string, err error) error {
	return &access.Error{System: "witness", Op: op, Kind: kind, Hint: hint, Err: err}
}
