package slapd

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// stamps are the attributes that tell of a change itself, and memberOf, which the overlay derives from the groups.
const stamps = "entryCSN modifyTimestamp modifiersName contextCSN memberOf"

// Dump is everything that the server holds, as slapcat(8) reads it: LDIF without folded lines and without change stamps, the entries in
// the order of their names, the lines of each in byte order. Two dumps are equal if and only if the directory holds the same. The logins
// of the accounts that Muster itself binds as are left out.
func (s *Server) Dump(ctx context.Context) (string, error) {
	text, err := s.slapcat(ctx)
	if err != nil {
		return "", err
	}
	var entries []string
	for entry := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		entries = append(entries, s.canonical(entry))
	}
	slices.Sort(entries)
	return strings.Join(entries, "\n"), nil
}

func (s *Server) canonical(text string) string {
	lines := strings.Split(text, "\n")
	dn := lines[0]
	own := dn == "dn: "+s.BindDN || dn == "dn: "+s.WriterDN
	kept := slices.DeleteFunc(lines[1:], func(line string) bool {
		attr, _, _ := strings.Cut(line, ":")
		return slices.Contains(strings.Fields(stamps), attr) || own && attr == "pwdLastSuccess"
	})
	slices.Sort(kept)
	return dn + "\n" + strings.Join(kept, "\n") + "\n"
}

func (s *Server) slapcat(ctx context.Context) (string, error) {
	name, err := find("slapcat")
	if err != nil {
		return "", err
	}
	var out, problems bytes.Buffer
	cmd := exec.CommandContext(ctx, name, "-F", filepath.Join(s.Dir, "conf"), "-n", "1", "-o", "ldif-wrap=no")
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("run slapcat: %w: %s", err, lastLines(problems.String(), 6))
	}
	return out.String(), nil
}
