package cluster

import (
	"context"
	"slices"
	"strings"
)

// Setting is what ALTER ROLE ... SET said.
type Setting struct {
	Database string `json:"database,omitempty"` // empty: in every database
	Name     string `json:"name"`
	Value    string `json:"value"`
}

// Settings lists those of a role.
func (s *Session) Settings(ctx context.Context, oid string) ([]Setting, error) {
	var list []Setting
	err := s.rows(ctx, "read settings", `
SELECT coalesce(d.datname::text, ''), c.text FROM pg_catalog.pg_db_role_setting t LEFT JOIN pg_catalog.pg_database d ON d.oid = t.setdatabase
CROSS JOIN LATERAL pg_catalog.unnest(t.setconfig) WITH ORDINALITY AS c(text, place)
WHERE t.setrole = $1::text::oid AND (t.setdatabase = 0 OR d.datname IS NOT NULL) ORDER BY 1, c.place`, []any{oid}, func(row []string) error {
		name, value, _ := strings.Cut(row[1], "=")
		list = append(list, Setting{Database: row[0], Name: name, Value: value})
		return nil
	})
	return list, err
}

// Set makes a setting. Lists of names (GUC_LIST_QUOTE in the server's source) are said name by name, or they would become one name.
func (s *Session) Set(ctx context.Context, op, role string, v Setting) error {
	form, args := "ALTER ROLE %I", []string{role}
	if v.Database != "" {
		form, args = form+" IN DATABASE %I", append(args, v.Database)
	}
	values := []string{v.Value}
	if slices.Contains([]string{"local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries", "temp_tablespaces",
		"unix_socket_directories"}, strings.ToLower(v.Name)) {
		values = names(v.Value)
	}
	form += " SET " + strings.ReplaceAll(quote(strings.Split(v.Name, ".")...), "%", "%%") + " TO " + strings.Join(slices.Repeat([]string{"%L"}, len(values)), ", ")
	return s.format(ctx, op, form, append(args, values...)...)
}

// names splits a list of names as the server keeps it: separated by commas, quoted where it must be, quotes doubled.
func names(list string) []string {
	var out []string
	for rest := list; ; {
		rest = strings.TrimLeft(rest, " \t\r\n")
		var name string
		if strings.HasPrefix(rest, `"`) {
			var b strings.Builder
			rest = rest[1:]
			for rest != "" {
				end := strings.IndexByte(rest, '"')
				if end < 0 {
					end = len(rest)
				}
				b.WriteString(rest[:end])
				rest = rest[min(end+1, len(rest)):]
				if !strings.HasPrefix(rest, `"`) {
					break
				}
				b.WriteByte('"')
				rest = rest[1:]
			}
			name = b.String()
			_, rest, _ = strings.Cut(rest, ",")
		} else {
			name, rest, _ = strings.Cut(rest, ",")
			name = strings.TrimSpace(name)
		}
		out = append(out, name)
		if rest == "" {
			return out
		}
	}
}
