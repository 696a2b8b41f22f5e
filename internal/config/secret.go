package config

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// Secret is a password or token that the configuration names but does not hold: `env: NAME` or `file: path`. A literal
// value is refused, because configurations are committed and copied into evidence. It prints as ***.
type Secret struct {
	Env  string
	File string // relative to the folder of the configuration file
	dir  string
}

// DecodeYAML reads the mapping with either env or file.
func (s *Secret) DecodeYAML(n Node) {
	if !n.isMapping() {
		n.MarkSecret()
		n.Problem("write {env: NAME} or {file: path}", "a secret must not stand in the configuration")
		return
	}
	var raw struct {
		Env  string `yaml:"env"`
		File string `yaml:"file"`
	}
	n.into(reflect.ValueOf(&raw).Elem())
	if (raw.Env == "") == (raw.File == "") {
		n.Problem("write {env: NAME} or {file: path}", "a secret takes exactly one of env and file")
	}
	s.Env, s.File, s.dir = raw.Env, raw.File, filepath.Dir(n.File())
}

// IsSet reports whether the configuration names a secret.
func (s Secret) IsSet() bool { return s.Env != "" || s.File != "" }

// Value reads the secret. The error names the place, never the value.
func (s Secret) Value() (string, error) {
	switch {
	case s.Env != "":
		v, ok := os.LookupEnv(s.Env)
		if !ok || v == "" {
			return "", fmt.Errorf("read secret: environment variable %s is not set", s.Env)
		}
		return v, nil
	case s.File != "":
		path := s.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.dir, path)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("read secret file %s: %s", s.File, cause(err))
		}
		return strings.TrimRight(string(data), "\r\n"), nil
	}
	return "", fmt.Errorf("read secret: none is configured")
}

// String hides the secret from fmt.
func (Secret) String() string { return "***" }

// LogValue hides the secret from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue("***") }
