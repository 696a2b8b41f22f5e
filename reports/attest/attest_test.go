package attest

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"muster/internal/access"
	"muster/internal/signing"
)

func key(t *testing.T) signing.Signer {
	t.Helper()
	k, err := signing.Open(t.Context(), signing.Options{Dir: filepath.Join(t.TempDir(), "keys"), Organisation: "Acme", Now: time.Now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.Pack(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func content() (map[string]string, Predicate) {
	return map[string]string{"report.pdf": strings.Repeat("ab", 32), "annexes/a.csv": strings.Repeat("01", 32)},
		Predicate{Pack: "P-1", Kind: "reconciliation", Organisation: "Acme <&> Söhne", Run: "R-1", AsOf: "2026-11-22T01:00:00Z", Builder: "muster 0.1.0", Checkpoint: Checkpoint{"muster.example/acme", 7, "AAAA"}}
}

func TestAttestationIsTheSameEachTimeAndNoByteMayChange(t *testing.T) {
	s := key(t)
	files, p := content()
	text, err := Make(t.Context(), s, files, p)
	again, aerr := Make(t.Context(), s, files, p)
	if err != nil || aerr != nil || !bytes.Equal(text, again) {
		t.Fatalf("%v %v", err, aerr)
	}
	st, err := Parse(text, s.Public())
	if err != nil || st.Predicate != p || len(st.Subject) != 2 || st.Subject[0].Name != "annexes/a.csv" {
		t.Errorf("%v %+v", err, st)
	}
	for at := range text {
		for _, bit := range []byte{1, 2, 32} {
			changed := bytes.Clone(text)
			changed[at] ^= bit
			if _, err := Parse(changed, s.Public()); access.KindOf(err) != access.Invalid {
				t.Errorf("byte %d ^ %d: %v", at, bit, err)
			}
		}
	}
	if _, err := Parse(text, key(t).Public()); err == nil || !strings.Contains(err.Error(), "it is signed by key") {
		t.Errorf("another key: %v", err)
	}
	for name, bad := range map[string]map[string]string{"none": {}, "no digest": {"a": "x"}, "no name": {"": strings.Repeat("ab", 32)}} {
		if _, err := Make(t.Context(), s, bad, p); err == nil {
			t.Errorf("%s: attested", name)
		}
	}
}

// TestOthersReadTheAttestation: the library's own verifier accepts it, and so does OpenSSL over the pre-authentication encoding.
func TestOthersReadTheAttestation(t *testing.T) {
	s := key(t)
	files, p := content()
	text, err := Make(t.Context(), s, files, p)
	if err != nil {
		t.Fatal(err)
	}
	var e dsse.Envelope
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	body, err := e.DecodeB64Payload()
	if err != nil {
		t.Fatal(err)
	}
	var loose map[string]any
	if err := json.Unmarshal(body, &loose); err != nil || loose["_type"] != "https://in-toto.io/Statement/v1" {
		t.Errorf("%v %v", err, loose)
	}
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	signature, err := base64.StdEncoding.DecodeString(e.Signatures[0].Sig)
	if err != nil {
		t.Fatal(err)
	}
	public, err := signing.PublicPEM(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"pae": dsse.PAE(e.PayloadType, body), "sig": signature, "pem": public} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "pem", "-in", "pae", "-sigfile", "sig")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v %s", err, out)
	}
}
