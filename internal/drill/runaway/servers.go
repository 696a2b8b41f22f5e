package runaway

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/testserver/scimmy"
	"muster/internal/testserver/slapd"
)

// dismiss stops the servers that a mistake has put up.
func (h *house) dismiss() {
	for _, s := range h.also {
		s.stop()
	}
	h.also = nil
}

// losePeople lets the directory be another server, with the same ids, logins and groups, and nobody under ou=people: what a reader sees who
// lost the right to read there, or a replica that was loaded in part.
func losePeople(ctx context.Context, h *house) error {
	text, err := h.live.LDAP.Dump(ctx)
	if err != nil {
		return err
	}
	own := []string{h.live.LDAP.BindDN, h.live.LDAP.WriterDN, "cn=policy," + h.live.LDAP.Suffix}
	var kept []string
	for entry := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		dn, _, _ := strings.Cut(strings.TrimPrefix(entry, "dn: "), "\n")
		if !slices.Contains(own, dn) && !strings.HasPrefix(dn, "uid=") && !strings.HasPrefix(entry, "dn::") {
			kept = append(kept, entry)
		}
	}
	slices.SortStableFunc(kept, func(a, b string) int { // parents first
		depth := func(entry string) int { return strings.Count(strings.SplitN(entry, "\n", 2)[0], ",") }
		return depth(a) - depth(b)
	})
	s, err := slapd.Start(ctx, slapd.Options{LDIF: strings.Join(kept, "\n\n") + "\n", Password: h.live.LDAP.Password, Writer: h.live.LDAP.WriterPassword})
	if err != nil {
		return err
	}
	h.also = append(h.also, server{"directory", s.Dump, s.Stop})
	return h.edit("muster.yaml", func(text string) string {
		return strings.ReplaceAll(strings.ReplaceAll(text, h.live.LDAP.URL(), s.URL()), h.live.LDAP.CAFile, s.CAFile)
	})
}

// loseUsers lets the workspace be another server, with the same ids, that has 60 % of the users, and the groups with who is left of their
// members.
func loseUsers(ctx context.Context, h *house) error {
	text, err := h.live.SCIM.Dump(ctx)
	if err != nil {
		return err
	}
	var lists map[string][]map[string]any
	if err := json.Unmarshal([]byte(text), &lists); err != nil {
		return fmt.Errorf("read dump: %w", err)
	}
	n, left := 0, map[any]bool{}
	lists["Users"] = slices.DeleteFunc(lists["Users"], func(u map[string]any) bool {
		n++
		left[u["id"]] = n%5 <= 2
		return n%5 > 2
	})
	dump := filepath.Join(h.dir, "less")
	if err := os.MkdirAll(dump, 0o700); err != nil {
		return fmt.Errorf("write dump: %w", err)
	}
	for kind, list := range lists {
		for _, r := range list {
			r["schemas"] = schemas(kind, r)
			if members, ok := r["members"].([]any); ok {
				r["members"] = slices.DeleteFunc(members, func(m any) bool {
					member, ok := m.(map[string]any)
					return ok && !left[member["value"]]
				})
			}
		}
		text, err := json.Marshal(map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "totalResults": len(list), "Resources": list})
		if err == nil {
			err = os.WriteFile(filepath.Join(dump, kind+".json"), text, 0o600)
		}
		if err != nil {
			return fmt.Errorf("write dump: %w", err)
		}
	}
	s, err := scimmy.Start(ctx, scimmy.Options{Dump: dump, Token: h.live.SCIM.Token()})
	if err != nil {
		return err
	}
	h.also = append(h.also, server{"saas", s.Dump, func() { _ = s.Stop() }}) // it ends with the drill, whatever it says
	return h.edit("muster.yaml", func(text string) string { return strings.ReplaceAll(text, h.live.SCIM.URL(), s.URL()) })
}

// schemas are those of a resource: the core one and the extensions that it uses.
func schemas(kind string, resource map[string]any) []string {
	out := []string{"urn:ietf:params:scim:schemas:core:2.0:" + strings.TrimSuffix(kind, "s")}
	for key := range resource {
		if strings.HasPrefix(key, "urn:") {
			out = append(out, key)
		}
	}
	return out
}
