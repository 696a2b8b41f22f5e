package organisation

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// copyOrganisation empties the folder and copies what is still read from files.
func (l *Organisation) copyOrganisation(org string) error {
	if _, err := os.Stat(filepath.Join(org, "muster.yaml")); err != nil {
		return fmt.Errorf("find organisation: %s holds no muster.yaml; name the folder with -org", org)
	}
	if inside, err := filepath.Rel(l.Dir, org); err == nil && inside != ".." && !strings.HasPrefix(inside, "../") {
		return fmt.Errorf("make folder: %s holds the organisation itself; name another one with -dir", l.Dir)
	}
	if err := ours(l.Dir); err != nil {
		return err
	}
	if err := os.RemoveAll(l.Dir); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(l.Dir, "secrets"), 0o700); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	live := map[string]bool{"directory": true, "saas": true, "warehouse": true}
	return filepath.WalkDir(org, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(org, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (live[name] || name != "." && strings.HasPrefix(name, ".")):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(l.Dir, name), 0o700)
		case name == "muster.yaml":
			return nil
		}
		return copyFile(filepath.Join(l.Dir, name), path)
	})
}

// ours refuses to empty a folder that no organisation was put into.
func ours(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, KeyFile)); err != nil {
		return fmt.Errorf("make folder: %s holds something that is not a lab; name another one with -dir", dir)
	}
	return nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // read only
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// writeConfig writes the secrets, and the organisation's muster.yaml with three sources made live.
func (l *Organisation) writeConfig(org string, pageSize int) error {
	for name, secret := range map[string]string{"ldap": l.LDAP.Password, "ldap-writer": l.LDAP.WriterPassword, "scim": l.SCIM.Token(), "postgres": l.SQL.Password()} {
		if err := os.WriteFile(filepath.Join(l.Dir, "secrets", name), []byte(secret+"\n"), 0o600); err != nil {
			return fmt.Errorf("write secret: %w", err)
		}
	}
	data, err := os.ReadFile(filepath.Join(org, "muster.yaml"))
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	page := ""
	if pageSize > 0 {
		page = fmt.Sprintf("      page_size: %d\n", pageSize)
	}
	text := string(data)
	for _, change := range []struct{ from, to string }{
		{"      ldif: directory/acme.ldif\n", fmt.Sprintf("      url: %s\n      start_tls: true\n      ca_file: %s\n      bind_dn: \"%s\"\n"+
			"      password: {file: secrets/ldap}\n      placeholder_member: \"cn=nobody,dc=acme,dc=example\"\n%s", l.LDAP.URL(), l.LDAP.CAFile, l.LDAP.BindDN, page)},
		{"      dump: saas\n", fmt.Sprintf("      url: %s\n      token: {file: secrets/scim}\n%s", l.SCIM.URL(), page)},
		{"    collector: ldap\n", fmt.Sprintf("    collector: ldap\n    remediation: {rate: 0, settings: {bind_dn: \"%s\", password: {file: secrets/ldap-writer}, locks_enforced: true}}\n", l.LDAP.WriterDN)},
		{"    collector: scim\n", "    collector: scim\n    remediation: {rate: 0}\n"},
		{"    collector: postgres\n", "    collector: postgres\n    remediation: {rate: 0}\n"},
		{"    settings: {export: warehouse}\n", fmt.Sprintf("    settings: {url: \"%s\", password: {file: secrets/postgres}}\n", l.PostgresURL())},
	} {
		if strings.Count(text, change.from) != 1 {
			return fmt.Errorf("make sources live: muster.yaml has not exactly one line %q", strings.TrimSpace(change.from))
		}
		text = strings.Replace(text, change.from, change.to, 1)
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "data_dir:") {
			lines[i] = "data_dir: data"
		}
	}
	l.Config = filepath.Join(l.Dir, "muster.yaml")
	if err := os.WriteFile(l.Config, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}
