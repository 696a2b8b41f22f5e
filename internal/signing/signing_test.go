package signing

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
)

// clock is a settable clock.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func options(t *testing.T) (Options, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)}
	return Options{Dir: filepath.Join(t.TempDir(), "keys"), Organisation: "Acme", Now: c.now, Random: rand.Reader}, c
}

func open(t *testing.T, o Options) *Keys {
	t.Helper()
	k, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeysAreMadeOnceAndSignTheSameBytes(t *testing.T) {
	o, c := options(t)
	first, again := open(t, o), open(t, o)
	message := []byte("what is signed")
	for range 2 {
		a, err := first.Pack(c.at)
		b, berr := again.Pack(c.at.AddDate(-3, 0, 0)) // the first key has no beginning
		if err := errors.Join(err, berr); err != nil {
			t.Fatal(err)
		}
		one, err := a.Sign(t.Context(), message)
		two, err2 := b.Sign(t.Context(), message)
		if err != nil || err2 != nil || !bytes.Equal(one, two) || Verify(a.Public(), message, one) != nil || Verify(a.Public(), message[1:], one) == nil {
			t.Errorf("%v %v %x %x", err, err2, one, two)
		}
	}
	seal, err := first.Seal(c.at)
	if err != nil {
		t.Fatal(err)
	}
	one, _ := seal.Sign(t.Context(), message)
	two, err := seal.Sign(t.Context(), message)
	if err != nil || !bytes.Equal(one, two) || Verify(seal.Public(), message, one) != nil {
		t.Errorf("seal: %v", err)
	}
	if seal.Chain[0].CheckSignature(seal.Chain[0].SignatureAlgorithm, seal.Chain[0].RawTBSCertificate, seal.Chain[0].Signature) != nil {
		t.Error("the certificate is not signed by its key")
	}
	files, err := filepath.Glob(filepath.Join(o.Dir, "*.pem"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%v %v", files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, info.Mode(), err)
		}
		if err := os.Chmod(f, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := first.Pack(c.at); access.KindOf(err) != access.Denied || !strings.Contains(err.Error(), "0640") {
		t.Errorf("a key that a group may read: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(o.Dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestRotationIsSignedByBothKeys(t *testing.T) {
	o, c := options(t)
	keys := open(t, o)
	before := c.at
	old, err := keys.Pack(before)
	if err != nil {
		t.Fatal(err)
	}
	firstID := old.KeyID()
	packed, err := keys.Ring().Until(before).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c.at = c.at.Add(time.Hour)
		if _, err := keys.Rotate(t.Context(), Pack); err != nil {
			t.Fatal(err)
		}
	}
	keys = open(t, o)
	if again, err := keys.Ring().Until(before).Encode(); err != nil || !bytes.Equal(again, packed) {
		t.Errorf("the ring of an older pack changed: %v\n%s\n%s", err, packed, again)
	}
	for i, at := range []time.Time{before, before.Add(time.Hour), before.Add(2*time.Hour - time.Second), before.Add(2 * time.Hour), before.AddDate(9, 0, 0)} {
		s, err := keys.Pack(at)
		if err != nil {
			t.Fatal(err)
		}
		want := keys.Ring().Chain(Pack)[[]int{0, 1, 1, 2, 2}[i]].ID
		if s.KeyID() != want {
			t.Errorf("at %s: key %s, not %s", at, s.KeyID(), want)
		}
		for _, trusted := range []string{"", firstID, want, keys.Ring().Chain(Pack)[2].ID} {
			public, _, err := keys.Ring().Trust(Pack, trusted, at)
			if err != nil || ID(public) != want {
				t.Errorf("trusting %q at %s: %v", trusted, at, err)
			}
		}
	}
	if _, _, err := keys.Ring().Trust(Pack, keys.Ring().Chain(Seal)[0].ID, before); err == nil {
		t.Error("a key of another use is trusted for packs")
	}
	checkRingTampering(t, keys.Ring())
}

// checkRingTampering changes every byte of a ring's text: none may pass.
func checkRingTampering(t *testing.T, r Ring) {
	t.Helper()
	text, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseRing(text); err != nil {
		t.Fatal(err)
	}
	end := []byte(`"not_after": "`)
	for at := range text {
		changed := bytes.Clone(text)
		changed[at] ^= 1
		if _, err := ParseRing(changed); err == nil {
			t.Errorf("byte %d (%q after %q) may change", at, text[at], text[max(0, at-20):at])
		}
	}
	if n := bytes.Count(text, end); n != 2 {
		t.Errorf("%d keys have an end, not 2", n)
	}
	for name, change := range map[string]func(*Ring){
		"a key left out":     func(r *Ring) { r.Keys = append(r.Keys[:2:2], r.Keys[3:]...) },
		"the first left out": func(r *Ring) { r.Keys = r.Keys[1:] },
		"turned round":       func(r *Ring) { r.Keys[0], r.Keys[2] = r.Keys[2], r.Keys[0] },
		"no statement":       func(r *Ring) { r.Keys[2].Rotation = nil },
		"twice":              func(r *Ring) { r.Keys = append(r.Keys, r.Keys[3]) },
		"an earlier end": func(r *Ring) {
			r.Keys[0].NotAfter = "2026-11-28T04:30:00Z"
			r.Keys[2].NotBefore = r.Keys[0].NotAfter
		},
	} {
		changed := Ring{append([]RingKey{}, r.Keys...)}
		if change(&changed); changed.Check() == nil {
			t.Errorf("%s: passes", name)
		}
	}
}

func TestAForgersRotationIsNotTrusted(t *testing.T) {
	o, c := options(t)
	mine := open(t, o)
	other, _ := options(t)
	theirs := open(t, other)
	mineID := mine.Ring().Chain(Pack)[0].ID
	if _, _, err := theirs.Ring().Trust(Pack, mineID, c.at); err == nil {
		t.Error("another organisation's ring is trusted")
	}
	thief, err := theirs.Pack(c.at)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mine.Ring().Rotate(t.Context(), Pack, thief, thief, c.at); err == nil {
		t.Error("a stranger's key signs a rotation")
	}
	forged := Ring{append([]RingKey{}, mine.Ring().Keys...)}
	k, err := newRingKey(Pack, thief.Public())
	if err != nil {
		t.Fatal(err)
	}
	k.NotBefore, k.Rotation = moment(c.at.Add(time.Hour)), &Rotation{From: mineID}
	forged.Keys[0].NotAfter = k.NotBefore
	text := Statement(Pack, mineID, k.ID, k.NotBefore, k.PublicKey)
	k.Rotation.Signature, _ = thief.Sign(t.Context(), text)
	k.Rotation.Accepted, _ = thief.Sign(t.Context(), text)
	forged.Keys = append(forged.Keys, k)
	if _, _, err := forged.Trust(Pack, mineID, c.at.Add(2*time.Hour)); err == nil || !strings.Contains(err.Error(), "not by the key before it") {
		t.Errorf("a forged statement: %v", err)
	}
}

// script writes an executable; what a test runs as the client of a KMS.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kms")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAnExternalProgramSigns has openssl as the KMS, with each kind of key.
func TestAnExternalProgramSigns(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	ecKey, eerr := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(err, eerr); err != nil {
		t.Fatal(err)
	}
	o, c := options(t)
	edFile := filepath.Join(o.Dir, fileName(Pack, open(t, o).Ring().Chain(Pack)[0].ID, "pem"))
	ed, err := ReadFile(edFile)
	if err != nil {
		t.Fatal(err)
	}
	_ = c
	file := func(key any) string {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "key.pem")
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	message := []byte("a message\x00with a zero")
	for _, k := range []struct {
		name   string
		public crypto.PublicKey
		body   string
		digest bool
	}{
		{"ed25519", ed.Public(), `f=$(mktemp); cat >$f; openssl pkeyutl -sign -rawin -inkey ` + edFile + ` -in $f; rm $f`, false},
		{"rsa message", rsaKey.Public(), "openssl dgst -sha256 -sign " + file(rsaKey), false},
		{"ecdsa message", ecKey.Public(), "openssl dgst -sha256 -sign " + file(ecKey), false},
		{"ecdsa digest", ecKey.Public(), "openssl pkeyutl -sign -pkeyopt digest:sha256 -inkey " + file(ecKey), true},
	} {
		s, err := NewCommand(Command{Argv: []string{script(t, k.body)}, Public: k.public, Digest: k.digest})
		if err != nil {
			t.Fatal(err)
		}
		signature, err := s.Sign(t.Context(), message)
		if err != nil || Verify(k.public, message, signature) != nil {
			t.Errorf("%s: %v", k.name, err)
		}
	}
}

func TestAProgramThatFailsIsToldAndNotQuoted(t *testing.T) {
	o, c := options(t)
	pack, err := open(t, o).Pack(c.at)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]struct {
		body string
		kind access.Kind
	}{
		"refuses":       {"echo hunter2 >&2; exit 3", access.Denied},
		"says nothing":  {"cat >/dev/null", access.Invalid},
		"says too much": {"cat >/dev/null; head -c 10000 /dev/zero", access.Invalid},
		"wrong":         {"cat >/dev/null; head -c 64 /dev/zero", access.Invalid},
		"hangs":         {"exec sleep 20", access.Transient},
	} {
		s, err := NewCommand(Command{Argv: []string{script(t, k.body)}, Public: pack.Public(), Timeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Sign(t.Context(), []byte("x"))
		if access.KindOf(err) != k.kind || strings.Contains(err.Error()+access.HintOf(err), "hunter2") {
			t.Errorf("%s: %s: %v", name, access.KindOf(err), err)
		}
	}
	if s, err := NewCommand(Command{Argv: []string{"/no/such/program"}, Public: pack.Public()}); err != nil {
		t.Error(err)
	} else if _, err := s.Sign(context.Background(), nil); err == nil {
		t.Error("a program that is not there signs")
	}
}

func TestAnExternalKeyTakesOverByRotation(t *testing.T) {
	o, c := options(t)
	open(t, o)
	dir := t.TempDir()
	external, err := makeFile(dir, Pack, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	o.External = map[Use][]External{Pack: {{Signer: external}}}
	keys := open(t, o)
	before := c.at
	c.at = c.at.Add(time.Minute)
	if s, err := keys.Pack(c.at); err != nil || s.KeyID() == external.KeyID() {
		t.Errorf("a key signs before the rotation: %v", err)
	}
	if _, err := keys.Rotate(t.Context(), Pack); err != nil {
		t.Fatal(err)
	}
	if s, err := keys.Pack(c.at); err != nil || s.KeyID() != external.KeyID() {
		t.Errorf("after the rotation: %v", err)
	}
	if s, err := keys.Pack(before); err != nil || s.KeyID() == external.KeyID() {
		t.Errorf("an older pack: %v", err)
	}
	c.at = c.at.Add(time.Minute)
	if _, err := keys.Rotate(t.Context(), Pack); access.KindOf(err) != access.Conflict {
		t.Errorf("rotated to itself: %v", err)
	}
	o.External = nil
	if _, err := open(t, o).Pack(c.at); access.KindOf(err) != access.NotFound || access.HintOf(err) == "" {
		t.Errorf("the external key is configured no more: %v", err)
	}
	if _, err := open(t, o).Rotate(t.Context(), Seal); err != nil {
		t.Errorf("the seal key's rotation: %v", err)
	}
	if s, err := open(t, o).Seal(c.at); err != nil || len(s.Chain) != 1 {
		t.Errorf("the new seal key: %v", err)
	}
}
