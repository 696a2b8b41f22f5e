package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/cmd/muster/vouching"
	"muster/internal/ledger"
)

// TestWitnessesCosignFromTheCommandLine has one witness that answers, one whose lines come in a file, and one that is away.
func TestWitnessesCosignFromTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	l, err := ledger.Open(filepath.Join(data, "ledger"), ledger.Options{Origin: "muster.example/acme", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), ledger.Event{Type: "other", Run: "R"}, ledger.Event{Type: "other", Run: "R"}); err != nil {
		t.Fatal(err)
	}
	checkpoint := l.Checkpoint()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	body := checkpoint[:strings.LastIndex(checkpoint, "\n\n")+1]
	cosigner := func(name string) (vkey, line string) { // C2SP tlog-cosignature, Ed25519
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		raw := append([]byte{4}, public...)
		id := sha256.Sum256([]byte(name + "\n" + string(raw)))
		at := time.Now().Unix()
		signed := binary.BigEndian.AppendUint64(bytes.Clone(id[:4]), uint64(at))
		signed = append(signed, ed25519.Sign(private, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, body))...)
		return fmt.Sprintf("%s+%x+%s", name, id[:4], base64.StdEncoding.EncodeToString(raw)), "— " + name + " " + base64.StdEncoding.EncodeToString(signed) + "\n"
	}
	key1, line1 := cosigner("w1.example")
	key2, line2 := cosigner("w2.example")
	key3, _ := cosigner("w3.example")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/add-checkpoint" || string(got) != "old 0\n\n"+checkpoint {
			t.Errorf("%v %s %q", err, r.URL.Path, got)
		}
		fmt.Fprint(w, line1)
	}))
	defer server.Close()
	config := filepath.Join(dir, "muster.yaml")
	configure := func(need int) {
		text := fmt.Sprintf("organisation: Acme\nhr: {settings: {path: hr.csv}}\nsystems: [{name: vpn, collector: csv, settings: {}}]\nsigning:\n  witness_threshold: %d\n  witnesses:\n"+
			"    - {key: %q, url: %q}\n    - {key: %q}\n    - {key: %q, url: %q}\n", need, key1, server.URL, key2, key3, "http://127.0.0.1:1")
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cosign := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"--config", config, "--data-dir", data, "ledger", "cosign"}, args...), nil, &out, &errs)
		return code, out.String(), errs.String()
	}
	configure(1)
	if code, out, errs := cosign(); code != 0 || !strings.Contains(out, "w1.example") || strings.Contains(out, "w2.example") || !strings.Contains(errs, "w3.example") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	lines := filepath.Join(dir, "lines")
	if err := os.WriteFile(lines, []byte(line2), 0o600); err != nil {
		t.Fatal(err)
	}
	configure(2)
	if code, out, errs := cosign(); code == 0 || !strings.Contains(errs, "1 witnesses cosigned, 2 are needed") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if code, out, errs := cosign("--witness", lines, "--witness", "w1.example"); code != 0 || !strings.Contains(out, "w2.example") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	kept, err := os.ReadFile(filepath.Join(data, vouching.CosignedFile))
	if err != nil || string(kept) != checkpoint+line1+line2 {
		t.Errorf("%v %q", err, kept)
	}
}
