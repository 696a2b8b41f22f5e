package resource

import (
	"encoding/json"
	"strings"
)

// String is a simple value as text, empty when there is none.
func String(raw json.RawMessage) string { return scalar(raw, "") }

// List is a multi-valued attribute; some servers give one item without the list.
func List(raw json.RawMessage) []json.RawMessage {
	var all []json.RawMessage
	if raw == nil || string(raw) == "null" {
		return nil
	}
	if json.Unmarshal(raw, &all) != nil {
		return []json.RawMessage{raw}
	}
	return all
}

// Items gives those of a multi-valued attribute that match.
func Items(raw json.RawMessage, match func(json.RawMessage) bool) []json.RawMessage {
	var some []json.RawMessage
	for _, i := range List(raw) {
		if match(i) {
			some = append(some, i)
		}
	}
	return some
}

// ValueOf is what an item of roles or entitlements is called: its value, else its display.
func ValueOf(item json.RawMessage) string {
	var v Values
	if v.UnmarshalJSON(item) != nil || len(v) != 1 {
		return ""
	}
	if v[0].Value == "" {
		return string(v[0].Display)
	}
	return string(v[0].Value)
}

// Member is one item of a group's members, or of a user's groups (RFC 7643 §4.1.2, §4.2).
type Member struct {
	Value Text `json:"value"`
	Type  Text `json:"type"`
	Ref   Text `json:"$ref"`
}

// MemberOf reads an item; a plain text is an id.
func MemberOf(item json.RawMessage) Member {
	var m Member
	if json.Unmarshal(item, &m) != nil {
		m.Value = Text(String(item))
	}
	return m
}

// IsGroup reports whether a member of a group is a group.
func (m Member) IsGroup() bool {
	return strings.EqualFold(string(m.Type), "group") || m.Type == "" && strings.Contains(string(m.Ref), "/Groups/")
}
