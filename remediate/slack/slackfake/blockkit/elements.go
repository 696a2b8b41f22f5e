package blockkit

import (
	"fmt"
	"strings"
)

// place is where an element stands in.
type place int

const (
	inActions place = iota
	inSection
	inInput
)

// places says which element may stand where.
func places(kind string) []place {
	kind = strings.TrimPrefix(kind, "multi_")
	switch kind {
	case "button", "overflow":
		return []place{inActions, inSection}
	case "plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input":
		return []place{inInput}
	case "datetimepicker":
		return []place{inActions, inInput}
	case "static_select", "users_select", "conversations_select", "channels_select", "external_select", "datepicker", "timepicker", "checkboxes", "radio_buttons":
		return []place{inActions, inSection, inInput}
	}
	return nil
}

func (c *checker) element(v any, at string, in place) {
	e, ok := v.(map[string]any)
	if !ok {
		c.say(at, "must be a valid object")
		return
	}
	kind, _ := e["type"].(string)
	allowed := false
	for _, p := range places(kind) {
		allowed = allowed || p == in
	}
	if !allowed || in == inActions && strings.HasPrefix(kind, "multi_") {
		c.say(at, "unsupported type: %s", kind)
		return
	}
	if id, ok := c.str(e, "action_id", at, 0, 255, false); ok && id != "" {
		if c.actionIDs[id] {
			c.say(at+"/action_id", "action_id `%s` already exists", id)
		}
		c.actionIDs[id] = true
	}
	c.text(e, "placeholder", at, "plain_text", 150, false)
	if v, ok := e["confirm"]; ok && v != nil {
		c.confirm(v, at+"/confirm")
	}
	switch kind {
	case "button":
		c.button(e, at)
	case "overflow":
		c.options(e, "options", at, 5, 75)
	case "static_select", "multi_static_select":
		c.selectMenu(e, at)
	case "checkboxes", "radio_buttons":
		c.options(e, "options", at, 10, 75)
	case "plain_text_input":
		c.bound(e, "min_length", at, 0, 3000)
		c.bound(e, "max_length", at, 1, 3000)
		c.str(e, "initial_value", at, 0, 3000, false)
	}
}

func (c *checker) button(e map[string]any, at string) {
	c.text(e, "text", at, "plain_text", 75, true)
	c.str(e, "value", at, 0, 2000, false)
	c.str(e, "url", at, 1, 3000, false)
	c.str(e, "accessibility_label", at, 0, 75, false)
	if style, ok := c.str(e, "style", at, 0, 100, false); ok && style != "primary" && style != "danger" {
		c.say(at+"/style", "must be a valid enum value")
	}
}

func (c *checker) confirm(v any, at string) {
	o, ok := v.(map[string]any)
	if !ok {
		c.say(at, "must be a valid object")
		return
	}
	c.text(o, "title", at, "plain_text", 100, true)
	c.text(o, "text", at, "", 300, true)
	c.text(o, "confirm", at, "plain_text", 30, true)
	c.text(o, "deny", at, "plain_text", 30, true)
}

func (c *checker) selectMenu(e map[string]any, at string) {
	groups, ok := e["option_groups"].([]any)
	if !ok {
		c.options(e, "options", at, 100, 75)
		return
	}
	if len(groups) > 100 {
		c.say(at+"/option_groups", "no more than 100 items allowed")
	}
	for i, g := range groups {
		at := fmt.Sprintf("%s/option_groups/%d", at, i)
		if o, ok := g.(map[string]any); ok {
			c.text(o, "label", at, "plain_text", 75, true)
			c.options(o, "options", at, 100, 75)
		} else {
			c.say(at, "must be a valid object")
		}
	}
}

func (c *checker) options(e map[string]any, field, at string, most, text int) {
	list, ok := e[field].([]any)
	switch {
	case !ok:
		c.say(at, "missing required field: %s", field)
	case len(list) == 0:
		c.say(at+"/"+field, "must have at least 1 item")
	case len(list) > most:
		c.say(at+"/"+field, "no more than %d items allowed", most)
	}
	for i, v := range list {
		at := fmt.Sprintf("%s/%s/%d", at, field, i)
		o, ok := v.(map[string]any)
		if !ok {
			c.say(at, "must be a valid object")
			continue
		}
		c.text(o, "text", at, "", text, true)
		c.text(o, "description", at, "", text, false)
		c.str(o, "value", at, 1, 150, true)
	}
}

func (c *checker) bound(e map[string]any, field, at string, least, most int64) {
	v, ok := e[field]
	if !ok {
		return
	}
	if n, ok := whole(v); !ok || n < least || n > most {
		c.say(at+"/"+field, "must be between %d and %d", least, most)
	}
}
