// Package keys keeps the Ed25519 key pair of a log in its folder: the private half as a signed-note signer key of mode 0600, the
// public half as a verifier key beside it (C2SP signed-note). Every key has one spelling; any other is an error.
package keys

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"muster/internal/access"
	"muster/internal/ledger/durable"
	"muster/internal/ledger/tiles"
)

// The files of the keys in a log's folder.
const (
	File         = "key"
	VerifierFile = "verifier"
)

// ParseVerifier reads a verifier key and insists on its one spelling.
func ParseVerifier(key string) (note.Verifier, error) {
	v, err := note.NewVerifier(key)
	if err != nil {
		return nil, fmt.Errorf("read verifier key: %w", err)
	}
	parts := strings.SplitN(key, "+", 3)
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil {
		return nil, fmt.Errorf("read verifier key: %w", err)
	}
	again, err := note.NewEd25519VerifierKey(v.Name(), raw[1:])
	if err != nil || again != key {
		return nil, fmt.Errorf("read verifier key: it is misspelt")
	}
	return v, nil
}

// OpenNote gives the body of a signed note that has one signature, by this verifier key, and the key's name. There is exactly one spelling of
// it: any changed byte is an error.
func OpenNote(text, verifierKey string) (body, name string, err error) {
	verifier, err := ParseVerifier(verifierKey)
	if err != nil {
		return "", "", err
	}
	n, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return "", "", fmt.Errorf("its signature is not by %s: %w", verifierKey, err)
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return "", "", fmt.Errorf("it should have one signature, it has %d", len(n.Sigs)+len(n.UnverifiedSigs))
	}
	// base64 has spare bits at its end that note.Open does not look at; they would be bytes that may change unseen.
	signature, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64)
	if err != nil {
		return "", "", fmt.Errorf("its signature is misspelt: %w", err)
	}
	if text != n.Text+"\n— "+verifier.Name()+" "+base64.StdEncoding.EncodeToString(signature)+"\n" {
		return "", "", errors.New("it is misspelt")
	}
	return n.Text, verifier.Name(), nil
}

// Differ lists the key files of a log that are not byte for byte what a verifier key means, with what is wrong; remark says why the signing key was
// not compared.
func Differ(dir, verifier string) (wrong [][2]string, remark string) {
	if text, err := os.ReadFile(filepath.Join(dir, VerifierFile)); err != nil || string(text) != verifier+"\n" {
		wrong = append(wrong, [2]string{VerifierFile, "it is not one line with the verifier key"})
	}
	text, err := os.ReadFile(filepath.Join(dir, File))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return wrong, "the signing key is not here; the log can be verified, not continued"
	case err != nil:
		return wrong, "the signing key cannot be read and was not compared"
	}
	derived, err := VerifierOf(strings.TrimSuffix(string(text), "\n"))
	if err != nil || derived != verifier || !strings.HasSuffix(string(text), "\n") {
		wrong = append(wrong, [2]string{File, "it is not the key of verifier"})
	}
	return wrong, ""
}

// VerifierOf derives the verifier key from a signer key, "PRIVATE+KEY+name+hash+base64(1, seed)".
func VerifierOf(signerKey string) (string, error) {
	parts := strings.SplitN(signerKey, "+", 5)
	if len(parts) != 5 || parts[0] != "PRIVATE" || parts[1] != "KEY" {
		return "", errors.New("read signing key: it does not begin with PRIVATE+KEY+")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize || raw[0] != 1 {
		return "", errors.New("read signing key: it is no Ed25519 key")
	}
	public := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	key, err := note.NewEd25519VerifierKey(parts[2], public)
	if err != nil {
		return "", fmt.Errorf("read signing key: %w", err)
	}
	if again := "PRIVATE+KEY+" + parts[2] + "+" + strings.Split(key, "+")[1] + "+" + base64.StdEncoding.EncodeToString(raw); again != signerKey {
		return "", errors.New("read signing key: it is misspelt, or its key hash is not that of its name and key")
	}
	return key, nil
}

// Pair is what a log signs and is verified with.
type Pair struct {
	Signer   note.Signer
	Verifier string // a signed-note verifier key
}

// Load reads the log's keys, and makes them when the log has none at all yet: neither tiles nor a file called checkpoint. An empty
// origin is whatever the key says.
func Load(d *durable.Disk, checkpoint, origin string, random io.Reader) (Pair, error) {
	const hint = "restore the file key from a backup; without it the log can be read and verified, but not be continued"
	text, err := os.ReadFile(filepath.Join(d.Dir, File))
	if errors.Is(err, fs.ErrNotExist) {
		if d.Exists(checkpoint) || d.Exists(tiles.Folder) || d.Exists(VerifierFile) {
			return Pair{}, failed(access.NotFound, "read signing key", hint, err)
		}
		return makeKeys(d, origin, random)
	}
	if err != nil {
		return Pair{}, failed(access.Denied, "read signing key", hint, err)
	}
	skey := strings.TrimSuffix(string(text), "\n")
	verifier, err := VerifierOf(skey)
	if err != nil {
		return Pair{}, failed(access.Invalid, "read signing key", hint, err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return Pair{}, failed(access.Invalid, "read signing key", hint, errors.New("it is malformed"))
	}
	if origin != "" && signer.Name() != origin {
		err := fmt.Errorf("the log's origin is %q, the configuration says %q", signer.Name(), origin)
		return Pair{}, failed(access.Conflict, "open log", "use another data folder for another organisation", err)
	}
	return Pair{signer, verifier}, storeVerifier(d, verifier)
}

// makeKeys generates the key pair of a new log; the private half is durable before anything is signed with it.
func makeKeys(d *durable.Disk, origin string, random io.Reader) (Pair, error) {
	if origin == "" || strings.ContainsAny(origin, "+ \t\r\n") {
		return Pair{}, failed(access.Invalid, "make signing key", "", fmt.Errorf("origin %q: it must not be empty nor hold a space or a plus", origin))
	}
	skey, verifier, err := note.GenerateKey(random, origin)
	if err != nil {
		return Pair{}, failed(access.Internal, "make signing key", "", err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return Pair{}, failed(access.Internal, "make signing key", "", err)
	}
	if err := d.Write(File, []byte(skey+"\n"), 0o600); err != nil {
		return Pair{}, failed(access.Internal, "write signing key", "", err)
	}
	if err := d.Flush(); err != nil {
		return Pair{}, failed(access.Internal, "write signing key", "", err)
	}
	return Pair{signer, verifier}, storeVerifier(d, verifier)
}

// storeVerifier writes the public key beside the log, and refuses another one that is there.
func storeVerifier(d *durable.Disk, verifier string) error {
	have, err := os.ReadFile(filepath.Join(d.Dir, VerifierFile))
	if err == nil && string(have) == verifier+"\n" {
		return nil
	}
	if err == nil {
		err := errors.New("the files key and verifier do not belong together")
		return failed(access.Invalid, "open log", "restore both from the same backup", err)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return failed(access.Denied, "read verifier key", "", err)
	}
	if err := d.Write(VerifierFile, []byte(verifier+"\n"), 0o644); err != nil {
		return failed(access.Internal, "write verifier key", "", err)
	}
	return nil
}

func failed(kind access.Kind, op, hint string, err error) error {
	return &access.Error{System: "ledger", Op: op, Kind: kind, Hint: hint, Err: err}
}
