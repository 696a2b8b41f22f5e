package postgres

import "strings"

// Tokens reads name=value pairs from the comment of a role, among any other text: "Ledger batch; employee=W-7 name='Ada B'".
// Pairs are separated by spaces, commas or semicolons; a value with spaces stands in single or double quotes, which are
// doubled inside. Names are folded to lower case; of two equal names the first counts.
func Tokens(comment string) map[string]string {
	out := map[string]string{}
	rest := comment
	for rest != "" {
		rest = strings.TrimLeft(rest, " \t\r\n,;")
		end := strings.IndexAny(rest, "= \t\r\n,;")
		if end < 0 {
			break
		}
		name := rest[:end]
		if rest[end] != '=' {
			rest = rest[end:]
			continue
		}
		var value string
		value, rest = tokenValue(rest[end+1:])
		name = strings.ToLower(name)
		if _, twice := out[name]; !twice && name != "" && value != "" {
			out[name] = value
		}
	}
	return out
}

// tokenValue reads one value and gives what follows it. A quote that is not closed is part of the value.
func tokenValue(s string) (value, rest string) {
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		quote := s[:1]
		var b strings.Builder
		for at := 1; ; {
			end := strings.Index(s[at:], quote)
			if end < 0 {
				break
			}
			b.WriteString(s[at : at+end])
			at += end + 1
			if !strings.HasPrefix(s[at:], quote) {
				return b.String(), s[at:]
			}
			b.WriteString(quote)
			at++
		}
	}
	end := strings.IndexAny(s, " \t\r\n,;")
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end:]
}

// Comment writes tokens as Tokens reads them, in the order of the pairs (name, value, name, value ...). Pairs without a value are left out.
func Comment(pairs ...string) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := pairs[i], strings.Join(strings.Fields(pairs[i+1]), " ")
		if value == "" {
			continue
		}
		if strings.ContainsAny(value, ` ,;'"`) {
			value = "'" + strings.ReplaceAll(value, "'", "''") + "'"
		}
		parts = append(parts, name+"="+value)
	}
	return strings.Join(parts, " ")
}
