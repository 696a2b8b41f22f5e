// Package keys is the part of muster.yaml about signing: which keys packs and seals are signed with, beside those that Muster makes
// itself, and who else attests to the ledger. It is plain data; package config reads and checks it. Paths are as written there.
package keys

import "time"

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
