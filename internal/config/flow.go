package config

import (
	"encoding/json"
	"strings"
)

// Flow writes the value here on one line, as JSON, which is YAML too: every scalar as text. Reading it gives the same values, since a scalar is
// read by its text. An absent value is null.
func (n Node) Flow() string {
	if !n.Exists() {
		return "null"
	}
	if n.isMapping() {
		var parts []string
		for _, key := range n.Keys() {
			parts = append(parts, quoted(key)+": "+n.Get(key).Flow())
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	if text, ok := n.scalar(); ok {
		return quoted(text)
	}
	parts := make([]string, n.Len())
	for i := range parts {
		parts[i] = n.Index(i).Flow()
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func quoted(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // text always encodes
	return strings.TrimSuffix(b.String(), "\n")
}
