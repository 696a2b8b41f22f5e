package config

import "muster/internal/config/keys"

// checkSigning checks which keys are configured.
func (s *Settings) checkSigning(n Node) {
	g := &s.Signing
	file := func(at Node, key, path string) {
		if path != "" && !fileExists(s.Path(path)) {
			at.Get(key).Problem("the path is taken from the folder of the configuration", "no such file %q", path)
		}
	}
	for _, use := range []string{"pack", "seal"} {
		for i, k := range map[string][]keys.Key{"pack": g.Pack, "seal": g.Seal}[use] {
			at := n.Get(use).Index(i)
			if (len(k.Command) == 0) == (k.KeyFile == "") {
				at.Problem("give command or key_file", "a key takes exactly one of command and key_file")
			}
			if len(k.Command) > 0 && k.PublicKey == "" && k.Certificates == "" {
				at.Problem("name the PEM file of the public key", "a command needs public_key")
			}
			if (k.Certificates != "") != (use == "seal") {
				at.Problem("a seal key needs its certificates, a pack key has none", "certificates belong to seal keys")
			}
			file(at, "public_key", k.PublicKey)
			file(at, "key_file", k.KeyFile)
			file(at, "certificates", k.Certificates)
		}
	}
	if g.TSA != nil {
		file(n.Get("tsa"), "ca_file", g.TSA.CAFile)
	}
	if g.WitnessThreshold < 0 || g.WitnessThreshold > len(g.Witnesses) {
		n.Get("witness_threshold").Problem("at most as many as there are witnesses", "bad threshold %d of %d witnesses", g.WitnessThreshold, len(g.Witnesses))
	}
}
