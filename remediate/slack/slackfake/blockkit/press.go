package blockkit

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Fill gives ids to blocks and elements that have none, and the defaults that Slack adds to texts. It changes the blocks. next makes
// an id.
func Fill(blocks []any, next func() string) {
	for _, v := range blocks {
		b, ok := v.(map[string]any)
		if !ok {
			continue
		}
		if id, _ := b["block_id"].(string); id == "" {
			b["block_id"] = next()
		}
		for _, e := range elements(b) {
			if id, _ := e["action_id"].(string); id == "" && places(kindOf(e)) != nil {
				e["action_id"] = next()
			}
		}
		fillText(b)
	}
}

func fillText(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			fillText(x)
		}
	case map[string]any:
		if _, given := v["emoji"]; v["type"] == "plain_text" && !given {
			v["emoji"] = true
		}
		if _, given := v["verbatim"]; v["type"] == "mrkdwn" && !given {
			v["verbatim"] = false
		}
		for _, x := range v {
			fillText(x)
		}
	}
}

func kindOf(e map[string]any) string {
	kind, _ := e["type"].(string)
	return kind
}

func elements(block map[string]any) []map[string]any {
	var out []map[string]any
	list, _ := block["elements"].([]any)
	for _, v := range append(list[:len(list):len(list)], block["accessory"], block["element"]) {
		if e, ok := v.(map[string]any); ok {
			out = append(out, e)
		}
	}
	return out
}

// Find finds an element by its action id, in the named block or, without a name, in the first that has it.
func Find(blocks []any, blockID, actionID string) (block, element map[string]any, found bool) {
	for _, v := range blocks {
		b, ok := v.(map[string]any)
		if !ok || blockID != "" && b["block_id"] != blockID {
			continue
		}
		for _, e := range elements(b) {
			if e["action_id"] == actionID && places(kindOf(e)) != nil {
				return b, e, true
			}
		}
	}
	return nil, nil, false
}

// Act is the entry of "actions" that using an element makes. Of an element that offers a choice, value is what was chosen.
func Act(blockID string, element map[string]any, value, ts string) (map[string]any, error) {
	action := map[string]any{"type": element["type"], "action_id": element["action_id"], "block_id": blockID, "action_ts": ts}
	if kindOf(element) == "button" {
		for _, name := range []string{"text", "value", "style", "url", "confirm"} {
			if v, ok := element[name]; ok {
				action[name] = v
			}
		}
		return action, nil
	}
	state, err := State(element, value)
	if err != nil {
		return nil, err
	}
	maps.Copy(action, state)
	return action, nil
}

// State is what a view or message says of an element in which value was entered or chosen; several values are parted by commas.
func State(element map[string]any, value string) (map[string]any, error) {
	kind := kindOf(element)
	out := map[string]any{"type": kind}
	switch kind {
	case "plain_text_input", "email_text_input", "url_text_input", "number_input":
		out["value"] = nil // nothing entered is null
		if value != "" {
			out["value"] = value
		}
		n := int64(utf8.RuneCountInString(value))
		if most, ok := whole(element["max_length"]); ok && n > most {
			return nil, fmt.Errorf("enter text: %d characters, at most %d", n, most)
		}
		if least, ok := whole(element["min_length"]); ok && value != "" && n < least {
			return nil, fmt.Errorf("enter text: %d characters, at least %d", n, least)
		}
	case "static_select", "radio_buttons", "overflow", "external_select":
		options, err := choose(element, value)
		if err != nil {
			return nil, err
		}
		out["selected_option"] = nil
		if len(options) > 0 {
			out["selected_option"] = options[0]
		}
	case "multi_static_select", "checkboxes", "multi_external_select":
		options, err := choose(element, value)
		if err != nil {
			return nil, err
		}
		out["selected_options"] = options
	case "users_select", "channels_select", "conversations_select":
		out["selected_"+strings.TrimSuffix(kind, "s_select")] = value
	case "datepicker":
		out["selected_date"] = value
	case "timepicker":
		out["selected_time"] = value
	default:
		return nil, fmt.Errorf("use element: nobody has written down what a %s says", kind)
	}
	return out, nil
}

// choose finds the offered options with the values.
func choose(element map[string]any, value string) ([]any, error) {
	offered, _ := element["options"].([]any)
	groups, _ := element["option_groups"].([]any)
	for _, g := range groups {
		if g, ok := g.(map[string]any); ok {
			more, _ := g["options"].([]any)
			offered = append(offered[:len(offered):len(offered)], more...)
		}
	}
	out := []any{}
	for want := range strings.SplitSeq(value, ",") {
		if want == "" {
			continue
		}
		found := false
		for _, v := range offered {
			if o, ok := v.(map[string]any); ok && o["value"] == want {
				out, found = append(out, o), true
				break
			}
		}
		if !found {
			return nil, fmt.Errorf("choose option: %q is not offered", want)
		}
	}
	return out, nil
}

// Input is an input block of a view.
type Input struct {
	BlockID  string
	Element  map[string]any
	Optional bool
}

// Inputs lists the input blocks.
func Inputs(blocks []any) []Input {
	var out []Input
	for _, v := range blocks {
		b, ok := v.(map[string]any)
		if !ok || kindOf(b) != "input" {
			continue
		}
		e, _ := b["element"].(map[string]any)
		id, _ := b["block_id"].(string)
		optional, _ := b["optional"].(bool)
		out = append(out, Input{BlockID: id, Element: e, Optional: optional})
	}
	return out
}

func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		return n, err == nil
	case float64:
		return int64(v), v == float64(int64(v))
	}
	return 0, false
}
