package blockkit

import (
	"encoding/json"
	"unicode/utf8"
)

const (
	// MaxWeight is the most that the blocks of one message may weigh: 13,200. Slack answers msg_blocks_too_long above a limit that
	// it does not document. Measured by others: 13,297 characters in one block were the most, 13,172 with a divider; 9,597 characters
	// in 50 blocks passed and 11,341 in 45 did not.
	MaxWeight = 13200
	// blockWeight is what a block weighs without its text, the least that agrees with those measurements.
	blockWeight = 45
	// MaxMetadata bounds the JSON of a message's metadata, in bytes. The documentation names the error metadata_too_large and no number.
	MaxMetadata = 8000
	// MaxText is where the text of a message is cut off.
	MaxText = 40000
	// MaxView bounds the JSON of a view, in bytes.
	MaxView = 250 * 1024
)

// Weight is the size of blocks as the limit on a whole message counts it: the characters of every text, and something a block.
func Weight(blocks []any) int {
	return len(blocks)*blockWeight + textLength(blocks)
}

func textLength(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			n += textLength(x)
		}
	case map[string]any:
		for name, x := range v {
			if s, ok := x.(string); ok && name == "text" {
				n += utf8.RuneCountInString(s)
				continue
			}
			n += textLength(x)
		}
	}
	return n
}

// CheckMetadata says what is wrong with a message's metadata by Slack's name of the error, or nothing. An empty object is no metadata.
func CheckMetadata(v any) (metadata map[string]any, problem string) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, "invalid_metadata_format"
	}
	if len(m) == 0 {
		return nil, ""
	}
	kind, _ := m["event_type"].(string)
	payload, ok := m["event_payload"].(map[string]any)
	if kind == "" || !ok {
		return nil, "invalid_metadata_format"
	}
	kept := map[string]any{"event_type": kind, "event_payload": payload}
	if text, err := json.Marshal(kept); err != nil || len(text) > MaxMetadata {
		return nil, "metadata_too_large"
	}
	return kept, ""
}

// CheckView reads a view that an app sends; kind is modal or home. The pointers of its problems begin with /view.
func CheckView(v any, kind string) (map[string]any, []string) {
	c := &checker{surface: View, blockIDs: map[string]bool{}}
	view, ok := v.(map[string]any)
	if !ok {
		c.say("/view", "must be a valid object")
		return nil, c.problems
	}
	if view["type"] != kind {
		c.say("/view/type", "must be %s", kind)
	}
	blocks, ok := view["blocks"].([]any)
	if !ok {
		c.say("/view", "missing required field: blocks")
	}
	c.problems = append(c.problems, Check(blocks, View, "/view/blocks")...)
	c.str(view, "private_metadata", "/view", 0, 3000, false)
	c.str(view, "callback_id", "/view", 0, 255, false)
	c.str(view, "external_id", "/view", 0, 255, false)
	if kind == "modal" {
		c.text(view, "title", "/view", "plain_text", 24, true)
		c.text(view, "close", "/view", "plain_text", 24, false)
		c.text(view, "submit", "/view", "plain_text", 24, len(Inputs(blocks)) > 0)
	}
	return view, c.problems
}
