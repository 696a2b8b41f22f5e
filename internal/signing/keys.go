package signing

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"muster/internal/access"
)

// ringFile is the keyring in a folder of keys.
const ringFile = "keyring.json"

// External is a key that does not lie in the folder of keys.
type External struct {
	Signer Signer
	Chain  []*x509.Certificate // of a seal key, its own first
}

// Options says where keys are and what they are made with.
type Options struct {
	Dir          string             // the folder of keys, made on first use
	Organisation string             // in self-signed certificates
	External     map[Use][]External // of the configuration, the oldest first; the last one is used from the next rotation on
	Now          func() time.Time   // the clock
	Random       io.Reader          // makes keys
}

// Keys are an installation's signing keys.
type Keys struct {
	o    Options
	ring Ring
}

// Sealer is the key of a seal with its certificates.
type Sealer struct {
	Signer
	Chain []*x509.Certificate // of the key first; at least one
}

// Open reads the keyring, and makes one, with a first key for each use, when there is none yet.
func Open(ctx context.Context, o Options) (*Keys, error) {
	k := &Keys{o: o}
	err := k.load()
	if errors.Is(err, fs.ErrNotExist) {
		err = k.create(ctx)
	}
	if err != nil {
		return nil, err
	}
	return k, nil
}

func (k *Keys) load() error {
	text, err := os.ReadFile(filepath.Join(k.o.Dir, ringFile))
	if err != nil {
		return failed(access.Denied, "read keyring", "", err)
	}
	if k.ring, err = ParseRing(text); err != nil {
		return failed(access.Invalid, "read keyring", "restore the folder of the keys from a backup", err)
	}
	return nil
}

// create makes the first keys. When another process does the same at the same time, the first keyring wins.
func (k *Keys) create(ctx context.Context) error {
	const hint = "the folder of the keys must be writable"
	if err := os.MkdirAll(k.o.Dir, 0o700); err != nil {
		return failed(access.Denied, "make folder of keys", hint, err)
	}
	return locked(k.o.Dir, func() error {
		if err := k.load(); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		var ring Ring
		for _, use := range []Use{Pack, Seal} {
			next, err := k.next(use, ring)
			if err != nil {
				return err
			}
			if ring, err = ring.Rotate(ctx, use, nil, next, k.o.Now()); err != nil {
				return failed(access.Invalid, "make keyring", "", err)
			}
		}
		text, err := ring.Encode()
		if err != nil {
			return failed(access.Internal, "make keyring", "", err)
		}
		if err := put(k.o.Dir, ringFile, text, 0o644, false); err != nil && !errors.Is(err, fs.ErrExist) {
			return failed(access.Denied, "write keyring", hint, err)
		}
		return k.load()
	})
}

// next is the signer that a use goes on with: the configuration's last one, when it is not in the ring yet, else a new file.
func (k *Keys) next(use Use, ring Ring) (Signer, error) {
	if given := k.o.External[use]; len(given) > 0 {
		last := given[len(given)-1].Signer
		for _, have := range ring.Chain(use) {
			if have.ID == last.KeyID() {
				err := errors.New("the last key of the configuration is in force already")
				return nil, failed(access.Conflict, "rotate key", "add the new key below signing."+string(use)+", after the old one, which signs the rotation", err)
			}
		}
		return last, nil
	}
	s, err := makeFile(k.o.Dir, use, k.o.Random)
	if err != nil || use != Seal {
		return s, err
	}
	certificate, err := selfSigned(s, k.o.Organisation, k.o.Now())
	if err != nil {
		return nil, failed(access.Internal, "make certificate", "", err)
	}
	if err := put(k.o.Dir, fileName(use, s.KeyID(), "crt"), certificate, 0o644, false); err != nil {
		return nil, failed(access.Denied, "write certificate", "", err)
	}
	return s, nil
}

// Ring is the keyring, which may be published.
func (k *Keys) Ring() Ring { return k.ring }

// Rotate replaces the key of a use from now on: by the last key of the configuration, or by a new file. The old key signs the new one. When the keyring
// is not the one any more that was opened, because somebody else rotated a key meanwhile, nothing is changed: that is a Conflict.
func (k *Keys) Rotate(ctx context.Context, use Use) (key RingKey, err error) {
	err = locked(k.o.Dir, func() error {
		key, err = k.rotate(ctx, use)
		return err
	})
	return key, err
}

func (k *Keys) rotate(ctx context.Context, use Use) (RingKey, error) {
	if err := k.unchanged(); err != nil {
		return RingKey{}, err
	}
	chain := k.ring.Chain(use)
	if len(chain) == 0 {
		return RingKey{}, failed(access.NotFound, "rotate key", "", fmt.Errorf("the keyring has no %s key", use))
	}
	old, err := k.signer(use, chain[len(chain)-1].ID)
	if err != nil {
		return RingKey{}, err
	}
	next, err := k.next(use, k.ring)
	if err != nil {
		return RingKey{}, err
	}
	ring, err := k.ring.Rotate(ctx, use, old.Signer, next, k.o.Now())
	if err != nil {
		return RingKey{}, failed(access.Invalid, "rotate key", "a key is in force for a second at least", err)
	}
	text, err := ring.Encode()
	if err != nil {
		return RingKey{}, failed(access.Internal, "rotate key", "", err)
	}
	if err := put(k.o.Dir, ringFile, text, 0o644, true); err != nil {
		return RingKey{}, failed(access.Denied, "write keyring", "the folder of the keys must be writable", err)
	}
	k.ring = ring
	chain = ring.Chain(use)
	return chain[len(chain)-1], nil
}

// unchanged checks that the keyring in the folder is the one that was opened.
func (k *Keys) unchanged() error {
	text, err := os.ReadFile(filepath.Join(k.o.Dir, ringFile))
	if err != nil {
		return failed(access.Denied, "read keyring", "", err)
	}
	if own, err := k.ring.Encode(); err != nil || string(own) != string(text) {
		return failed(access.Conflict, "rotate key", "look at them by muster keys, and rotate again if that is still wanted", errors.New("the keyring was changed meanwhile, by another rotation"))
	}
	return nil
}

// locked runs what changes the folder of keys while nobody else does.
func locked(dir string, change func() error) error {
	folder, err := os.Open(dir)
	if err != nil {
		return failed(access.Denied, "lock folder of keys", "", err)
	}
	defer func() { _ = folder.Close() }() // which gives the lock up
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX); err != nil {
		return failed(access.Denied, "lock folder of keys", "the folder must be on a file system that can lock", err)
	}
	return change()
}

// Pack is the key that signs a pack of a moment.
func (k *Keys) Pack(at time.Time) (Signer, error) {
	key, err := k.ring.At(Pack, at)
	if err != nil {
		return nil, failed(access.NotFound, "choose key", "", err)
	}
	s, err := k.signer(Pack, key.ID)
	return s.Signer, err
}

// Seal is the key that seals a report of a moment.
func (k *Keys) Seal(at time.Time) (Sealer, error) {
	key, err := k.ring.At(Seal, at)
	if err != nil {
		return Sealer{}, failed(access.NotFound, "choose key", "", err)
	}
	s, err := k.signer(Seal, key.ID)
	if err != nil {
		return Sealer{}, err
	}
	if len(s.Chain) == 0 {
		text, err := os.ReadFile(filepath.Join(k.o.Dir, fileName(Seal, key.ID, "crt")))
		if err == nil {
			s.Chain, err = ParseChain(text)
		}
		if err != nil {
			return Sealer{}, failed(access.NotFound, "read certificate", "restore the folder of the keys from a backup", err)
		}
	}
	if ID(s.Chain[0].PublicKey) != key.ID {
		err := fmt.Errorf("the first certificate is not of key %s", key.ID)
		return Sealer{}, failed(access.Invalid, "read certificate", "name the chain of the key, its own certificate first", err)
	}
	return Sealer{Signer: s.Signer, Chain: s.Chain}, nil
}

// signer finds the private half of a key of the ring.
func (k *Keys) signer(use Use, id string) (External, error) {
	for _, e := range k.o.External[use] {
		if e.Signer.KeyID() == id {
			return e, nil
		}
	}
	s, err := ReadFile(filepath.Join(k.o.Dir, fileName(use, id, "pem")))
	if err != nil {
		if access.KindOf(err) == access.NotFound {
			hint := "restore the folder of the keys from a backup, or name the key below signing." + string(use) + " again; " +
				"to go on with another key, have the old one sign it: muster keys rotate"
			return External{}, failed(access.NotFound, "find private key", hint, fmt.Errorf("the private half of %s key %s is not here: %w", use, id[:16], err))
		}
		return External{}, err
	}
	if s.KeyID() != id {
		err := fmt.Errorf("the file of %s key %s holds the key %s", use, id[:16], s.KeyID())
		return External{}, failed(access.Invalid, "find private key", "restore the folder of the keys from a backup", err)
	}
	return External{Signer: s}, nil
}
