package signing

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/config/keys"
)

// TestConfiguredKeysAreRead: a seal key with its certificate, a program's pack key, and what does not fit.
func TestConfiguredKeysAreRead(t *testing.T) {
	o, c := options(t)
	made := open(t, o)
	pack, err := made.Pack(c.at)
	seal, serr := made.Seal(c.at)
	if err := errors.Join(err, serr); err != nil {
		t.Fatal(err)
	}
	public, err := PublicPEM(pack.Public())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, "pack-public.pem"), public, 0o600); err != nil {
		t.Fatal(err)
	}
	sealFile, sealCert := fileName(Seal, seal.KeyID(), "pem"), fileName(Seal, seal.KeyID(), "crt")
	s := &config.Settings{File: filepath.Join(o.Dir, "muster.yaml"), Organisation: "Acme"}
	s.Signing.Seal = []keys.Key{{KeyFile: sealFile, Certificates: sealCert}}
	s.Signing.Pack = []keys.Key{{Command: []string{"kms"}, PublicKey: "pack-public.pem"}}
	other := t.TempDir()
	got, err := Configured(s, other, c.now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	fresh := open(t, got)
	chosen, err := fresh.Seal(c.at)
	if err != nil || chosen.KeyID() != seal.KeyID() || len(chosen.Chain) != 1 {
		t.Errorf("%v", err)
	}
	if p, err := fresh.Pack(c.at); err != nil || p.KeyID() != pack.KeyID() {
		t.Errorf("%v", err)
	}
	if left, err := filepath.Glob(filepath.Join(other, Folder, "*.pem")); err != nil || len(left) > 0 {
		t.Errorf("keys were made beside the configured ones: %v %v", left, err)
	}
	for name, bad := range map[string]func(*config.Settings){
		"a seal key for packs":        func(s *config.Settings) { s.Signing.Pack = []keys.Key{{KeyFile: sealFile}} },
		"another key's certificate":   func(s *config.Settings) { s.Signing.Seal[0].KeyFile = fileName(Pack, pack.KeyID(), "pem") },
		"no certificate in the chain": func(s *config.Settings) { s.Signing.Seal[0].Certificates = "pack-public.pem" },
		"a private key as public":     func(s *config.Settings) { s.Signing.Pack[0].PublicKey = sealFile },
		"a digest for Ed25519":        func(s *config.Settings) { s.Signing.Pack[0].Input = "digest" },
	} {
		again := *s
		again.Signing.Seal = []keys.Key{{KeyFile: sealFile, Certificates: sealCert}}
		again.Signing.Pack = []keys.Key{{Command: []string{"kms"}, PublicKey: "pack-public.pem"}}
		bad(&again)
		if _, err := Configured(&again, other, c.now, rand.Reader); access.KindOf(err) != access.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
