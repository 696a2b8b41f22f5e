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

	"muster/cmd/muster/cli"
	"muster/cmd/muster/vouching"
	"muster/internal/ledger"
	"muster/internal/orggen"
	"muster/reports/pack"
)

// cosigner is a witness (C2SP tlog-cosignature, Ed25519): its key, and how it signs a checkpoint.
func cosigner(t *testing.T, name string) (vkey string, sign func(checkpoint string) string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw := append([]byte{4}, public...)
	id := sha256.Sum256([]byte(name + "\n" + string(raw)))
	return fmt.Sprintf("%s+%x+%s", name, id[:4], base64.StdEncoding.EncodeToString(raw)), func(checkpoint string) string {
		at, body := time.Now().Unix(), checkpoint[:strings.Index(checkpoint, "\n\n")+1]
		signed := binary.BigEndian.AppendUint64(bytes.Clone(id[:4]), uint64(at))
		signed = append(signed, ed25519.Sign(private, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, body))...)
		return "— " + name + " " + base64.StdEncoding.EncodeToString(signed) + "\n"
	}
}

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
	key1, sign1 := cosigner(t, "w1.example")
	key2, sign2 := cosigner(t, "w2.example")
	key3, _ := cosigner(t, "w3.example")
	line1, line2 := sign1(checkpoint), sign2(checkpoint)
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

// TestWhatMoreWitnessesCosignedStays: cosignatures of one checkpoint are gathered, and a checkpoint that enough cosigned is not replaced by one that fewer
// did. A line that is none is named.
func TestWhatMoreWitnessesCosignedStays(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	enter := func() string {
		l, err := ledger.Open(filepath.Join(data, "ledger"), ledger.Options{Origin: "muster.example/acme", Now: time.Now})
		if err == nil {
			_, err = l.Append(t.Context(), ledger.Event{Type: "other", Run: "R"})
		}
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}()
		return l.Checkpoint()
	}
	key1, sign1 := cosigner(t, "w1.example")
	key2, sign2 := cosigner(t, "w2.example")
	_, stranger := cosigner(t, "w9.example")
	config, lines := filepath.Join(dir, "muster.yaml"), filepath.Join(dir, "lines")
	text := fmt.Sprintf("organisation: Acme\nhr: {settings: {path: hr.csv}}\nsystems: [{name: vpn, collector: csv, settings: {}}]\nsigning: {witness_threshold: 2, witnesses: [{key: %q}, {key: %q}]}\n", key1, key2)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cosign := func(text string) (int, string) {
		if err := os.WriteFile(lines, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		code := run(t.Context(), []string{"--config", config, "--data-dir", data, "ledger", "cosign", "--witness", lines}, nil, &out, &errs)
		return code, errs.String()
	}
	kept := func() string {
		text, err := os.ReadFile(filepath.Join(data, vouching.CosignedFile))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	one := enter()
	line1, line2 := sign1(one), sign2(one)
	if code, errs := cosign(line1); code == 0 || kept() != one+line1 || !strings.Contains(errs, "1 witnesses cosigned, 2 are needed") {
		t.Errorf("the first: %d %s", code, errs)
	}
	if code, errs := cosign(line2); code != 0 || kept() != one+line1+line2 || !strings.Contains(errs, "muster ledger receipt PACK.zip") {
		t.Errorf("the second: %d %s %q", code, errs, kept())
	}
	two := enter()
	if code, errs := cosign(sign1(two)); code == 0 || kept() != one+line1+line2 || !strings.Contains(errs, "1 witnesses cosigned this one, 2 the one of 1 entries that is kept") {
		t.Errorf("one of the next checkpoint: %d %s %q", code, errs, kept())
	}
	for name, bad := range map[string]string{"of an older checkpoint": line2, "of a stranger": stranger(two), "cut": sign2(two)[:40] + "\n", "no signature": "hello\n"} {
		code, errs := cosign(two + sign1(two) + bad)
		if want := fmt.Sprintf("lines, line %d", strings.Count(two, "\n")+2); code == 0 || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %s, want %q", name, code, errs, want)
		}
	}
	line1, line2 = sign1(two), sign2(two)
	if code, errs := cosign(two + line1 + line2); code != 0 || kept() != two+line1+line2 {
		t.Errorf("both of the next: %d %s", code, errs)
	}
}

// TestAReceiptAtACosignedCheckpoint: a pack's receipt is made anew when witnesses saw the ledger that has it, and verify wants one of them.
func TestAReceiptAtACosignedCheckpoint(t *testing.T) {
	o := generate(t, orggen.Options{Persons: 200})
	o.nightly(cli.ExitClean)
	path := o.report(t.TempDir(), "reconciliation")
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	vkey, sign := cosigner(t, "witness.example")
	other, _ := cosigner(t, "other.example")
	lines, keys := filepath.Join(o.dir, "lines"), filepath.Join(o.dir, "witnesses")
	o.edit("muster.yaml", func(text string) string {
		return text + fmt.Sprintf("\nsigning: {witness_threshold: 1, witnesses: [{key: %q}]}\n", vkey)
	})
	trusted := []string{"--key", filepath.Join(o.dir, ".muster", "ledger", "verifier"), "--key", filepath.Join(o.dir, ".muster", "keys", "keyring.json"), "--witness", keys}
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(keys, "# witnesses that we trust\n"+vkey+"\n"+other+"\n")
	if code, out, _ := o.muster(append([]string{"verify", path}, trusted...)...); code != cli.ExitError || !strings.Contains(out, "none of the 2 given keys cosigned") {
		t.Errorf("before anybody cosigned: %d %s", code, out)
	}
	write(lines, sign(read(filepath.Join(o.dir, ".muster", "ledger", "checkpoint"))))
	o.may("ledger", "cosign", "--witness", lines)
	later := o.report(t.TempDir(), "controls", "--period", "2026-Q4")
	if out := o.may("ledger", "receipt", path); !strings.Contains(out, "witness.example") {
		t.Errorf("the receipt: %s", out)
	}
	if !strings.HasSuffix(read(path+pack.ReceiptSuffix), read(filepath.Join(o.dir, ".muster", vouching.CosignedFile))) {
		t.Error("the receipt does not end with the cosigned checkpoint")
	}
	code, out, errs := o.muster(append([]string{"verify", path}, trusted...)...)
	if code != cli.ExitClean || !strings.Contains(out, "1 of the 2 given keys cosigned") || !strings.Contains(out, "\nverified\n") {
		t.Errorf("afterwards: %d %s %s", code, out, errs)
	}
	if code, out, _ := o.muster(append([]string{"verify", path, "--ledger", filepath.Join(o.dir, ".muster", "ledger")}, trusted...)...); code != cli.ExitClean {
		t.Errorf("with the ledger: %d %s", code, out)
	}
	if code, _, errs := o.muster("ledger", "receipt", later); code != cli.ExitClean || !strings.Contains(errs, "no witness cosigned a checkpoint that has this pack yet") {
		t.Errorf("of a pack that is younger: %d %s", code, errs)
	}
	write(keys, vkey[:len(vkey)-4]+"AAA=\n")
	if code, _, errs := o.muster(append([]string{"verify", path}, trusted...)...); code != cli.ExitUsage || !strings.Contains(errs, "witnesses: line 1") {
		t.Errorf("a key that is none: %d %s", code, errs)
	}
}
