package signing

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"muster/internal/access"
)

// fileSigner holds a private key that was read from a file.
type fileSigner struct {
	id  string
	key crypto.Signer
}

func (s *fileSigner) KeyID() string            { return s.id }
func (s *fileSigner) Public() crypto.PublicKey { return s.key.Public() }

// Sign gives the same bytes for the same message: ECDSA without randomness is deterministic (RFC 6979).
func (s *fileSigner) Sign(_ context.Context, message []byte) ([]byte, error) {
	input, hash := message, crypto.Hash(0)
	if _, ok := s.key.(ed25519.PrivateKey); !ok {
		sum := sha256.Sum256(message)
		input, hash = sum[:], crypto.SHA256
	}
	signature, err := s.key.Sign(nil, input, hash)
	if err != nil {
		return nil, failed(access.Internal, "sign", "", err)
	}
	return signature, nil
}

// ReadFile reads a private key, PKCS #8 PEM, that nobody but its owner may read.
func ReadFile(path string) (Signer, error) {
	f, err := os.Open(path)
	if err != nil {
		kind := access.Denied
		if errors.Is(err, fs.ErrNotExist) {
			kind = access.NotFound
		}
		return nil, failed(kind, "read private key", "restore the folder of the keys from a backup", err)
	}
	defer func() { _ = f.Close() }() // it is only read
	info, err := f.Stat()
	if err != nil {
		return nil, failed(access.Denied, "read private key", "", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		err := fmt.Errorf("%s has the mode %04o: others may read or change it", filepath.Base(path), mode)
		return nil, failed(access.Denied, "read private key", "chmod 600 "+path+"; whoever could read it can sign packs", err)
	}
	text, err := io.ReadAll(io.LimitReader(f, 1<<16))
	if err != nil {
		return nil, failed(access.Denied, "read private key", "", err)
	}
	key, err := parsePrivate(text)
	if err != nil {
		err = fmt.Errorf("%s: %w", filepath.Base(path), err)
		return nil, failed(access.Invalid, "read private key", "it must be PKCS #8 PEM without a password: openssl pkey -in KEY -out "+path, err)
	}
	return &fileSigner{id: ID(key.Public()), key: key}, nil
}

// parsePrivate reads one PEM block; its errors never quote it.
func parsePrivate(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("it is no PEM block PRIVATE KEY")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("its content is no PKCS #8 key")
	}
	switch key := parsed.(type) {
	case ed25519.PrivateKey:
		return key, nil
	case *ecdsa.PrivateKey:
		return key, nil
	case *rsa.PrivateKey:
		return key, nil
	}
	return nil, fmt.Errorf("a key of type %T cannot sign here", parsed)
}

// makeFile makes a private key for a use and writes it into dir, durably, before anything is signed with it.
func makeFile(dir string, use Use, random io.Reader) (Signer, error) {
	var key crypto.Signer
	var err error
	if use == Seal {
		key, err = ecdsa.GenerateKey(elliptic.P256(), random)
	} else {
		_, key, err = ed25519.GenerateKey(random)
	}
	if err != nil {
		return nil, failed(access.Internal, "make private key", "", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, failed(access.Internal, "make private key", "", err)
	}
	s := &fileSigner{id: ID(key.Public()), key: key}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := put(dir, fileName(use, s.id, "pem"), text, 0o600, false); err != nil {
		return nil, failed(access.Denied, "write private key", "the folder of the keys must be writable", err)
	}
	return s, nil
}

func fileName(use Use, id, ending string) string { return string(use) + "-" + id[:16] + "." + ending }

// put writes a file whole or not at all, durably. Unless it may replace, a file that is there already stays and is fs.ErrExist.
func put(dir, name string, content []byte, mode fs.FileMode, replace bool) (err error) {
	f, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	temp := f.Name()
	defer func() {
		if rerr := os.Remove(temp); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}()
	_, werr := f.Write(content)
	if err := errors.Join(werr, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	if replace {
		err = os.Rename(temp, filepath.Join(dir, name))
	} else {
		err = os.Link(temp, filepath.Join(dir, name))
	}
	if err != nil {
		return err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
