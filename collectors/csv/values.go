package csv

import (
	"fmt"
	"slices"
	"strings"

	"muster/collectors"
	"muster/collectors/internal/table"
	"muster/internal/access"
	"muster/internal/config"
)

// values says what the texts of an export mean: by field, then by folded text.
type values map[string]map[string]string

var truthFields = []string{"enabled", "locked", "privileged", "mfa"}

// truths are the texts that mean true and false in every export.
func truths() map[string]string {
	return map[string]string{
		"true": "true", "t": "true", "yes": "true", "y": "true", "1": "true", "on": "true", "enabled": "true", "active": "true",
		"false": "false", "f": "false", "no": "false", "n": "false", "0": "false", "off": "false", "disabled": "false", "inactive": "false",
	}
}

func kinds() map[string]string {
	return map[string]string{
		"human": "human", "user": "human", "person": "human", "employee": "human", "personal": "human",
		"service": "service", "system": "service", "technical": "service", "application": "service", "robot": "service",
		"shared": "shared", "generic": "shared", "break-glass": "break-glass", "breakglass": "break-glass", "emergency": "break-glass",
	}
}

func newValues(n config.Node, own map[string]map[string]string) values {
	v := values{"kind": kinds()}
	for _, f := range truthFields {
		v[f] = truths()
	}
	for _, field := range n.Keys() {
		allowed := []string{"true", "false"}
		switch {
		case field == "kind":
			allowed = []string{string(access.KindHuman), string(access.KindService), string(access.KindShared), string(access.KindBreakGlass)}
		case !slices.Contains(truthFields, field):
			unknown(n.Key(field), "field of values", field, append([]string{"kind"}, truthFields...))
			continue
		}
		for _, text := range n.Get(field).Keys() {
			meaning := own[field][text]
			if !slices.Contains(allowed, meaning) {
				unknown(n.Get(field).Get(text), "value", meaning, allowed)
				continue
			}
			v[field][collectors.Fold(strings.TrimSpace(text))] = meaning
		}
	}
	return v
}

// truth reads a truth; empty text is absent unless the settings give it a meaning.
func (v values) truth(field, text string, absent access.Tri) (access.Tri, error) {
	switch v[field][collectors.Fold(text)] {
	case "true":
		return access.Yes, nil
	case "false":
		return access.No, nil
	}
	if text == "" {
		return absent, nil
	}
	return absent, fmt.Errorf("%s: %q is neither true nor false; expected yes or no, or a text that values maps", field, table.Clip(text))
}

func (v values) kind(text string) (access.AccountKind, error) {
	if k, ok := v["kind"][collectors.Fold(text)]; ok {
		return access.AccountKind(k), nil
	}
	if text == "" {
		return "", nil
	}
	return "", fmt.Errorf("kind: %q is unknown; expected human, service, shared or break-glass, or a text that values maps", table.Clip(text))
}
