// Package keys is the part of muster.yaml about signing: which keys packs and seals are signed with, beside those that Muster makes
// itself, and who else attests to the ledger. It is plain data; package config reads and checks it. Paths are as written there.
package keys

import (
	"fmt"
	"time"
)

// Signing says which keys evidence packs are signed with, beside those that Muster makes itself, and who else attests to the ledger.
type Signing struct {
	Pack             []Key     `yaml:"pack"` // Ed25519; the last one is used from the next rotation on
	Seal             []Key     `yaml:"seal"` // ECDSA P-256 or RSA, with certificates
	TSA              *TSA      `yaml:"tsa"`  // nil without
	Witnesses        []Witness `yaml:"witnesses"`
	WitnessThreshold int       `yaml:"witness_threshold"` // how many of them must have cosigned
}

// Key is a key that does not lie in the data folder: that of an external program, or a file.
type Key struct {
	Command      []string      `yaml:"command"`    // program and arguments; gets what is to be signed on standard input
	PublicKey    string        `yaml:"public_key"` // PEM file, needed with command unless there are certificates
	Input        string        `yaml:"input" enum:"message,digest"`
	Timeout      time.Duration `yaml:"timeout"`
	KeyFile      string        `yaml:"key_file"`     // PEM file of the private key, instead of command
	Certificates string        `yaml:"certificates"` // PEM chain of a seal key, its own first
}

// TSA is a time-stamp authority (RFC 3161).
type TSA struct {
	URL     string        `yaml:"url" required:"true"`
	CAFile  string        `yaml:"ca_file"` // of its HTTPS server, when the system does not know it
	Timeout time.Duration `yaml:"timeout"`
}

// Witness cosigns checkpoints of the ledger (C2SP tlog-witness).
type Witness struct {
	Key string `yaml:"key" required:"true"` // vkey: name+hash+base64
	URL string `yaml:"url"`                 // where it takes checkpoints; empty when it is asked otherwise
}

// Problem is what is wrong with the configuration of signing. List is the key below signing, Index the place in its list or -1, Key the
// key there, empty for all of it.
type Problem struct {
	List    string
	Index   int
	Key     string
	Hint    string
	Message string
}

// Problems checks what is configured; exists reports whether there is such a file.
func (g *Signing) Problems(exists func(path string) bool) []Problem {
	var out []Problem
	file := func(list string, i int, key, path string) {
		if path != "" && !exists(path) {
			out = append(out, Problem{list, i, key, "the path is taken from the folder of the configuration", fmt.Sprintf("no such file %q", path)})
		}
	}
	for _, use := range []string{"pack", "seal"} {
		for i, k := range map[string][]Key{"pack": g.Pack, "seal": g.Seal}[use] {
			if (len(k.Command) == 0) == (k.KeyFile == "") {
				out = append(out, Problem{use, i, "", "give command or key_file", "a key takes exactly one of command and key_file"})
			}
			if len(k.Command) > 0 && k.PublicKey == "" && k.Certificates == "" {
				out = append(out, Problem{use, i, "", "name the PEM file of the public key", "a command needs public_key"})
			}
			if (k.Certificates != "") != (use == "seal") {
				out = append(out, Problem{use, i, "", "a seal key needs its certificates, a pack key has none", "certificates belong to seal keys"})
			}
			file(use, i, "public_key", k.PublicKey)
			file(use, i, "key_file", k.KeyFile)
			file(use, i, "certificates", k.Certificates)
		}
	}
	if g.TSA != nil {
		file("tsa", -1, "ca_file", g.TSA.CAFile)
	}
	if g.WitnessThreshold < 0 || g.WitnessThreshold > len(g.Witnesses) {
		out = append(out, Problem{"witness_threshold", -1, "", "at most as many as there are witnesses",
			fmt.Sprintf("bad threshold %d of %d witnesses", g.WitnessThreshold, len(g.Witnesses))})
	}
	return out
}
