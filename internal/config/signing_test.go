package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSigningKeysAreChecked(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"pack.pem", "chain.pem"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		"pack: [{command: [kms], public_key: pack.pem, timeout: 5s}]":   "",
		"seal: [{key_file: pack.pem, certificates: chain.pem}]":         "",
		"seal: [{command: [kms], certificates: chain.pem}]":             "",
		"pack: [{public_key: pack.pem}]":                                "exactly one of command and key_file",
		"pack: [{command: [kms], key_file: pack.pem}]":                  "exactly one of command and key_file",
		"pack: [{command: [kms]}]":                                      "a command needs public_key",
		"pack: [{key_file: pack.pem, certificates: chain.pem}]":         "certificates belong to seal keys",
		"seal: [{key_file: pack.pem}]":                                  "certificates belong to seal keys",
		"pack: [{key_file: none.pem}]":                                  `no such file "none.pem"`,
		"tsa: {url: https://tsa.example, ca_file: none.pem}":            `no such file "none.pem"`,
		"tsa: {ca_file: pack.pem}":                                      "url",
		"witness_threshold: 1":                                          "bad threshold 1 of 0",
		"witnesses: [{key: w+1+A}]\n  witness_threshold: 1":             "",
		"pack: [{command: [kms], public_key: pack.pem, input: digits}]": "digits",
	} {
		file := filepath.Join(dir, "muster.yaml")
		if err := os.WriteFile(file, []byte("organisation: Acme\nsigning:\n  "+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(file)
		got := ""
		for line := range strings.SplitSeq(err.Error(), "\n") { // hr and systems are missing in all of them
			if strings.Contains(line, "signing") && strings.Contains(line, "muster.yaml:") {
				got += line + "\n"
			}
		}
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
