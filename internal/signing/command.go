package signing

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"muster/internal/access"
)

// maxSignature bounds what a signing program may answer; RSA of 16,384 bits has 2,048 bytes.
const maxSignature = 4096

// defaultTimeout is how long a signing program may take when the configuration does not say.
const defaultTimeout = 30 * time.Second

// Command is an external program that signs: the client of a KMS or an HSM.
type Command struct {
	Argv    []string         // the program and its arguments, no shell
	Public  crypto.PublicKey // of the key that the program signs with
	Digest  bool             // it is handed the SHA-256 instead of the message; never with Ed25519
	Timeout time.Duration    // 30 s when zero
}

// commandSigner runs a Command for every signature.
type commandSigner struct {
	Command
	id string
}

// NewCommand makes a Signer of an external program. The program gets the message (or its SHA-256, 32 bytes) on standard input, and
// writes the raw signature on standard output: 64 bytes of Ed25519, ASN.1 of ECDSA, PKCS #1 v1.5 of RSA. Every answer is verified.
func NewCommand(c Command) (Signer, error) {
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		return nil, failed(access.Invalid, "attach signing program", "", errors.New("no program is named"))
	}
	if _, ed := c.Public.(ed25519.PublicKey); ed && c.Digest {
		err := errors.New("Ed25519 signs messages, not digests")
		return nil, failed(access.Invalid, "attach signing program", "leave input: digest out", err)
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	id := ID(c.Public)
	if id == "" {
		return nil, failed(access.Invalid, "attach signing program", "", fmt.Errorf("a public key of type %T is not understood", c.Public))
	}
	return &commandSigner{c, id}, nil
}

func (s *commandSigner) KeyID() string            { return s.id }
func (s *commandSigner) Public() crypto.PublicKey { return s.Command.Public }

func (s *commandSigner) Sign(ctx context.Context, message []byte) ([]byte, error) {
	const op = "sign with external program"
	name := filepath.Base(s.Argv[0])
	input := message
	if s.Digest {
		sum := sha256.Sum256(message)
		input = sum[:]
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.Argv[0], s.Argv[1:]...)
	cmd.WaitDelay = time.Second // a grandchild that keeps the pipe open must not hold us
	out := &bounded{max: maxSignature}
	errs := &bounded{max: 1 << 12}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), out, errs
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, failed(access.Transient, op, "", fmt.Errorf("%s did not answer within %s: %w", name, s.Timeout, ctx.Err()))
		}
		kind := access.Denied
		if errors.Is(err, exec.ErrNotFound) {
			kind = access.NotFound
		}
		// What the program wrote may hold a credential: it is counted, not quoted.
		hint := fmt.Sprintf("run it by hand: %s; it wrote %d bytes on standard error", strings.Join(s.Argv[:1], " "), errs.total)
		return nil, failed(kind, op, hint, fmt.Errorf("%s: %w", name, err))
	}
	if out.total > maxSignature {
		return nil, failed(access.Invalid, op, "it must write the raw signature and nothing else", fmt.Errorf("%s answered %d bytes", name, out.total))
	}
	signature := out.Bytes()
	if err := Verify(s.Command.Public, message, signature); err != nil {
		hint := "it must write the raw signature, not base64, by the key of public_key"
		if _, ec := s.Command.Public.(*ecdsa.PublicKey); ec {
			hint += "; ECDSA as ASN.1 DER"
		}
		return nil, failed(access.Invalid, op, hint, fmt.Errorf("%s answered %d bytes: %w", name, len(signature), err))
	}
	return bytes.Clone(signature), nil
}

// bounded keeps the beginning of what is written to it, and counts all.
type bounded struct {
	bytes.Buffer
	max, total int
}

func (b *bounded) Write(p []byte) (int, error) {
	b.total += len(p)
	if room := b.max - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
