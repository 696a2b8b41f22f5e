package blockkit

import (
	"fmt"
	"unicode/utf8"
)

// Surface is where blocks are shown.
type Surface int

// The surfaces.
const (
	Message Surface = iota
	View
)

// The limits on numbers of blocks.
const (
	MaxMessageBlocks = 50
	MaxViewBlocks    = 100
)

// Check reads blocks and says what is wrong with them; pointer is the JSON pointer to the array.
func Check(blocks []any, surface Surface, pointer string) []string {
	c := &checker{surface: surface, blockIDs: map[string]bool{}}
	limit := MaxMessageBlocks
	if surface == View {
		limit = MaxViewBlocks
	}
	if len(blocks) > limit {
		c.say(pointer, "no more than %d items allowed", limit)
		return c.problems
	}
	for i, b := range blocks {
		c.block(b, fmt.Sprintf("%s/%d", pointer, i))
	}
	return c.problems
}

type checker struct {
	surface   Surface
	blockIDs  map[string]bool
	actionIDs map[string]bool // of the block that is being read
	problems  []string
}

func (c *checker) say(pointer, format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...)+" [json-pointer:"+pointer+"]")
}

func (c *checker) block(v any, at string) {
	b, ok := v.(map[string]any)
	if !ok {
		c.say(at, "must be a valid object")
		return
	}
	c.actionIDs = map[string]bool{}
	if id, ok := c.str(b, "block_id", at, 0, 255, false); ok && id != "" {
		if c.blockIDs[id] {
			c.say(at+"/block_id", "block_id `%s` already exists", id)
		}
		c.blockIDs[id] = true
	}
	switch kind, _ := b["type"].(string); kind {
	case "section":
		c.section(b, at)
	case "header":
		c.text(b, "text", at, "plain_text", 150, true)
	case "context":
		c.elements(b, at, 10, c.contextElement)
	case "actions":
		c.elements(b, at, 25, func(v any, at string) { c.element(v, at, inActions) })
	case "input":
		c.input(b, at)
	case "image":
		c.image(b, at)
		c.text(b, "title", at, "plain_text", 2000, false)
	case "markdown":
		c.str(b, "text", at, 1, 12000, true)
		if c.surface == View {
			c.say(at, "unsupported type: %s", kind)
		}
	case "divider", "rich_text", "table", "video", "file":
	case "":
		c.say(at, "missing required field: type")
	default:
		c.say(at, "unsupported type: %s", kind)
	}
}

func (c *checker) section(b map[string]any, at string) {
	fields, hasFields := b["fields"].([]any)
	c.text(b, "text", at, "", 3000, !hasFields)
	if hasFields {
		if len(fields) > 10 {
			c.say(at+"/fields", "no more than 10 items allowed")
		}
		for i, f := range fields {
			c.textObject(f, fmt.Sprintf("%s/fields/%d", at, i), "", 2000)
		}
	}
	if v, ok := b["accessory"]; ok {
		if e, ok := v.(map[string]any); ok && e["type"] == "image" {
			c.image(e, at+"/accessory")
			return
		}
		c.element(v, at+"/accessory", inSection)
	}
}

func (c *checker) input(b map[string]any, at string) {
	c.text(b, "label", at, "plain_text", 2000, true)
	c.text(b, "hint", at, "plain_text", 2000, false)
	v, ok := b["element"]
	if !ok {
		c.say(at, "missing required field: element")
		return
	}
	c.element(v, at+"/element", inInput)
}

func (c *checker) image(b map[string]any, at string) {
	if b["slack_file"] == nil {
		c.str(b, "image_url", at, 1, 3000, true)
	}
	c.str(b, "alt_text", at, 1, 2000, true)
}

func (c *checker) contextElement(v any, at string) {
	if e, ok := v.(map[string]any); ok && e["type"] == "image" {
		c.image(e, at)
		return
	}
	c.textObject(v, at, "", 3000)
}

func (c *checker) elements(b map[string]any, at string, most int, each func(any, string)) {
	list, ok := b["elements"].([]any)
	switch {
	case !ok:
		c.say(at, "missing required field: elements")
	case len(list) == 0:
		c.say(at+"/elements", "must have at least 1 item")
	case len(list) > most:
		c.say(at+"/elements", "no more than %d items allowed", most)
	}
	for i, e := range list {
		each(e, fmt.Sprintf("%s/elements/%d", at, i))
	}
}

// str checks a field that holds a string.
func (c *checker) str(b map[string]any, field, at string, least, most int, required bool) (string, bool) {
	v, ok := b[field]
	if !ok || v == nil {
		if required {
			c.say(at, "missing required field: %s", field)
		}
		return "", false
	}
	s, ok := v.(string)
	if !ok {
		c.say(at+"/"+field, "must be a string")
		return "", false
	}
	c.length(s, at+"/"+field, least, most)
	return s, true
}

func (c *checker) length(s, at string, least, most int) {
	switch n := utf8.RuneCountInString(s); {
	case n < least:
		c.say(at, "must be more than %d characters", least-1)
	case n > most:
		c.say(at, "must be less than %d characters", most+1)
	}
}

// text checks a field that holds a text object; kind is the only type allowed, or empty.
func (c *checker) text(b map[string]any, field, at, kind string, most int, required bool) {
	v, ok := b[field]
	if !ok || v == nil {
		if required {
			c.say(at, "missing required field: %s", field)
		}
		return
	}
	c.textObject(v, at+"/"+field, kind, most)
}

func (c *checker) textObject(v any, at, kind string, most int) {
	t, ok := v.(map[string]any)
	if !ok {
		c.say(at, "must be a valid object")
		return
	}
	switch got, _ := t["type"].(string); {
	case got != "plain_text" && got != "mrkdwn":
		c.say(at+"/type", "must be a valid enum value")
	case kind != "" && got != kind:
		c.say(at+"/type", "must be %s", kind)
	}
	c.str(t, "text", at, 1, most, true)
}
