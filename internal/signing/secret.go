package signing

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"muster/internal/access"
)

// Secret reads a secret of 32 bytes from <dataDir>/keys/<name>.secret and makes it when there is none. It never leaves that folder; with it
// goes what was made with it.
func Secret(dataDir, name string) ([]byte, error) {
	path := filepath.Join(dataDir, "keys", name+".secret")
	key, err := readSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		fresh := make([]byte, 32)
		rand.Read(fresh) // never fails
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = put(filepath.Dir(path), filepath.Base(path), []byte(hex.EncodeToString(fresh)+"\n"), 0o600, false)
		}
		if err == nil || errors.Is(err, fs.ErrExist) { // somebody made it meanwhile
			key, err = readSecret(path)
		}
	}
	if err != nil {
		return nil, &access.Error{Op: "read secret " + name, Kind: access.Denied, Hint: "restore it from a backup; a new one gives other pseudonyms", Err: err}
	}
	return key, nil
}

func readSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s may be read by others: chmod 600 it", filepath.Base(path))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err == nil && len(key) != 32 {
		err = errors.New("it is not 32 bytes long")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return key, nil
}
