package signing

import (
	"crypto"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/config/keys"
)

// Folder is where a data folder has its keys.
const Folder = "keys"

// Configured makes the Options of an installation from its configuration.
func Configured(s *config.Settings, dataDir string, now func() time.Time, random io.Reader) (Options, error) {
	o := Options{Dir: filepath.Join(dataDir, Folder), Organisation: s.Organisation, Now: now, Random: random, External: map[Use][]External{}}
	for use, list := range map[Use][]keys.Key{Pack: s.Signing.Pack, Seal: s.Signing.Seal} {
		for _, k := range list {
			e, err := external(s, k)
			if err == nil {
				if serr := suits(use, e.Signer.Public()); serr != nil {
					err = failed(access.Invalid, "read configured key", "see signing."+string(use)+" in docs/configuration.md", serr)
				}
			}
			if err != nil {
				return Options{}, err
			}
			o.External[use] = append(o.External[use], e)
		}
	}
	return o, nil
}

func external(s *config.Settings, k keys.Key) (e External, err error) {
	const op = "read configured key"
	if k.Certificates != "" {
		text, err := os.ReadFile(s.Path(k.Certificates))
		if err == nil {
			e.Chain, err = ParseChain(text)
		}
		if err != nil {
			return e, failed(access.Invalid, op, "signing.certificates is a PEM chain, the key's own certificate first", err)
		}
	}
	if k.KeyFile != "" {
		e.Signer, err = ReadFile(s.Path(k.KeyFile))
	} else {
		var public crypto.PublicKey
		if public, err = publicOf(s, k, e.Chain); err != nil {
			return e, failed(access.Invalid, op, "make it with: openssl pkey -in KEY -pubout", err)
		}
		e.Signer, err = NewCommand(Command{Argv: k.Command, Public: public, Digest: k.Input == "digest", Timeout: k.Timeout})
	}
	if err != nil {
		return e, err
	}
	if len(e.Chain) > 0 && ID(e.Chain[0].PublicKey) != e.Signer.KeyID() {
		return e, failed(access.Invalid, op, "the chain begins with the key's own certificate", errors.New("the first certificate is of another key"))
	}
	return e, nil
}

func publicOf(s *config.Settings, k keys.Key, chain []*x509.Certificate) (crypto.PublicKey, error) {
	if k.PublicKey == "" && len(chain) > 0 {
		return chain[0].PublicKey, nil
	}
	text, err := os.ReadFile(s.Path(k.PublicKey))
	if err != nil {
		return nil, err
	}
	return ParsePublicPEM(text)
}
