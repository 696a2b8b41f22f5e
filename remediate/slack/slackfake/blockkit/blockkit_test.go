package blockkit_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"muster/remediate/slack/slackfake/blockkit"
)

type object = map[string]any

func plain(n int) object { return object{"type": "plain_text", "text": strings.Repeat("ä", n)} }

func mrkdwn(n int) object { return object{"type": "mrkdwn", "text": strings.Repeat("ä", n)} }

func button(id string, more object) object {
	b := object{"type": "button", "action_id": id, "text": plain(5)}
	for name, v := range more {
		b[name] = v
	}
	return b
}

func actions(elements ...any) []any { return []any{object{"type": "actions", "elements": elements}} }

func repeat(n int, one func(i int) any) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = one(i)
	}
	return out
}

func option(i int) any { return object{"text": plain(75), "value": fmt.Sprint(i)} }

func TestLimitsHoldAtTheirEdges(t *testing.T) {
	divider := func(int) any { return object{"type": "divider"} }
	confirm := func(title, text, yes int) object {
		return object{"title": plain(title), "text": plain(text), "confirm": plain(yes), "deny": plain(30)}
	}
	for _, c := range []struct {
		name    string
		fits    []any
		tooMuch []any
		problem string
		modal   bool
	}{
		{name: "blocks of a message", fits: repeat(50, divider), tooMuch: repeat(51, divider), problem: "no more than 50 items allowed [json-pointer:/blocks]"},
		{name: "blocks of a view", modal: true, fits: repeat(100, divider), tooMuch: repeat(101, divider), problem: "no more than 100 items allowed [json-pointer:/blocks]"},
		{name: "section", fits: []any{object{"type": "section", "text": mrkdwn(3000)}}, tooMuch: []any{object{"type": "section", "text": mrkdwn(3001)}},
			problem: "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"},
		{name: "section without text", fits: []any{object{"type": "section", "fields": []any{mrkdwn(1)}}}, tooMuch: []any{object{"type": "section"}},
			problem: "missing required field: text [json-pointer:/blocks/0]"},
		{name: "empty text", fits: []any{object{"type": "section", "text": mrkdwn(1)}}, tooMuch: []any{object{"type": "section", "text": mrkdwn(0)}},
			problem: "must be more than 0 characters [json-pointer:/blocks/0/text/text]"},
		{name: "fields", fits: []any{object{"type": "section", "fields": repeat(10, func(int) any { return mrkdwn(2000) })}},
			tooMuch: []any{object{"type": "section", "fields": repeat(11, func(int) any { return mrkdwn(1) })}}, problem: "no more than 10 items allowed [json-pointer:/blocks/0/fields]"},
		{name: "a field", fits: []any{object{"type": "section", "fields": []any{mrkdwn(2000)}}}, tooMuch: []any{object{"type": "section", "fields": []any{mrkdwn(2001)}}},
			problem: "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]"},
		{name: "header", fits: []any{object{"type": "header", "text": plain(150)}}, tooMuch: []any{object{"type": "header", "text": plain(151)}},
			problem: "must be less than 151 characters [json-pointer:/blocks/0/text/text]"},
		{name: "header of mrkdwn", fits: []any{object{"type": "header", "text": plain(1)}}, tooMuch: []any{object{"type": "header", "text": mrkdwn(1)}},
			problem: "must be plain_text [json-pointer:/blocks/0/text/type]"},
		{name: "context", fits: []any{object{"type": "context", "elements": repeat(10, func(int) any { return mrkdwn(1) })}},
			tooMuch: []any{object{"type": "context", "elements": repeat(11, func(int) any { return mrkdwn(1) })}}, problem: "no more than 10 items allowed [json-pointer:/blocks/0/elements]"},
		{name: "actions", fits: actions(repeat(25, func(i int) any { return button(fmt.Sprint(i), nil) })...),
			tooMuch: actions(repeat(26, func(i int) any { return button(fmt.Sprint(i), nil) })...), problem: "no more than 25 items allowed [json-pointer:/blocks/0/elements]"},
		{name: "no actions", fits: actions(button("a", nil)), tooMuch: actions(), problem: "must have at least 1 item [json-pointer:/blocks/0/elements]"},
		{name: "button text", fits: actions(button("a", object{"text": plain(75)})), tooMuch: actions(button("a", object{"text": plain(76)})),
			problem: "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"},
		{name: "button value", fits: actions(button("a", object{"value": strings.Repeat("v", 2000)})), tooMuch: actions(button("a", object{"value": strings.Repeat("v", 2001)})),
			problem: "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]"},
		{name: "button style", fits: actions(button("a", object{"style": "danger"})), tooMuch: actions(button("a", object{"style": "red"})),
			problem: "must be a valid enum value [json-pointer:/blocks/0/elements/0/style]"},
		{name: "button url", fits: actions(button("a", object{"url": strings.Repeat("u", 3000)})), tooMuch: actions(button("a", object{"url": strings.Repeat("u", 3001)})),
			problem: "must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]"},
		{name: "confirm", fits: actions(button("a", object{"confirm": confirm(100, 300, 30)})), tooMuch: actions(button("a", object{"confirm": confirm(100, 300, 31)})),
			problem: "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/confirm/text]"},
		{name: "action id", fits: actions(button(strings.Repeat("i", 255), nil)), tooMuch: actions(button(strings.Repeat("i", 256), nil)),
			problem: "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]"},
		{name: "action ids in a block", fits: actions(button("a", nil), button("b", nil)), tooMuch: actions(button("a", nil), button("a", nil)),
			problem: "action_id `a` already exists [json-pointer:/blocks/0/elements/1/action_id]"},
		{name: "block id", fits: []any{object{"type": "divider", "block_id": strings.Repeat("i", 255)}}, tooMuch: []any{object{"type": "divider", "block_id": strings.Repeat("i", 256)}},
			problem: "must be less than 256 characters [json-pointer:/blocks/0/block_id]"},
		{name: "block ids", fits: []any{object{"type": "divider", "block_id": "a"}, object{"type": "divider", "block_id": "b"}},
			tooMuch: []any{object{"type": "divider", "block_id": "a"}, object{"type": "divider", "block_id": "a"}}, problem: "block_id `a` already exists [json-pointer:/blocks/1/block_id]"},
		{name: "overflow", fits: actions(object{"type": "overflow", "options": repeat(5, option)}), tooMuch: actions(object{"type": "overflow", "options": repeat(6, option)}),
			problem: "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]"},
		{name: "select", fits: actions(object{"type": "static_select", "placeholder": plain(150), "options": repeat(100, option)}),
			tooMuch: actions(object{"type": "static_select", "options": repeat(101, option)}), problem: "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]"},
		{name: "input", modal: true, fits: []any{object{"type": "input", "label": plain(2000), "element": object{"type": "plain_text_input", "max_length": json.Number("3000")}}},
			tooMuch: []any{object{"type": "input", "label": plain(1), "element": object{"type": "plain_text_input", "max_length": json.Number("3001")}}},
			problem: "must be between 1 and 3000 [json-pointer:/blocks/0/element/max_length]"},
		{name: "where elements stand", fits: actions(button("a", nil)), tooMuch: actions(object{"type": "plain_text_input"}), problem: "unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0]"},
		{name: "markdown", fits: []any{object{"type": "markdown", "text": strings.Repeat("m", 12000)}}, tooMuch: []any{object{"type": "markdown", "text": strings.Repeat("m", 12001)}},
			problem: "must be less than 12001 characters [json-pointer:/blocks/0/text]"},
		{name: "types", fits: []any{object{"type": "divider"}}, tooMuch: []any{object{"type": "hologram"}}, problem: "unsupported type: hologram [json-pointer:/blocks/0]"},
		{name: "objects", fits: []any{object{"type": "divider"}}, tooMuch: []any{"divider"}, problem: "must be a valid object [json-pointer:/blocks/0]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			surface := blockkit.Message
			if c.modal {
				surface = blockkit.View
			}
			if got := blockkit.Check(c.fits, surface, "/blocks"); len(got) != 0 {
				t.Errorf("what fits is refused: %v", got)
			}
			if got := blockkit.Check(c.tooMuch, surface, "/blocks"); len(got) != 1 || got[0] != c.problem {
				t.Errorf("got %q, want %q", got, c.problem)
			}
		})
	}
}

func TestViewsHaveLimitsOfTheirOwn(t *testing.T) {
	view := func(change object) object {
		v := object{"type": "modal", "title": plain(24), "submit": plain(24), "close": plain(24), "private_metadata": strings.Repeat("p", 3000), "callback_id": strings.Repeat("c", 255),
			"external_id": "x", "blocks": []any{object{"type": "input", "label": plain(1), "element": object{"type": "plain_text_input"}}}}
		for name, x := range change {
			v[name] = x
			if x == nil {
				delete(v, name)
			}
		}
		return v
	}
	if _, got := blockkit.CheckView(view(nil), "modal"); len(got) != 0 {
		t.Fatalf("what fits is refused: %v", got)
	}
	for _, c := range []struct {
		change object
		want   string
	}{
		{object{"title": plain(25)}, "must be less than 25 characters [json-pointer:/view/title/text]"},
		{object{"title": nil}, "missing required field: title [json-pointer:/view]"},
		{object{"submit": plain(25)}, "must be less than 25 characters [json-pointer:/view/submit/text]"},
		{object{"submit": nil}, "missing required field: submit [json-pointer:/view]"},
		{object{"close": plain(25)}, "must be less than 25 characters [json-pointer:/view/close/text]"},
		{object{"private_metadata": strings.Repeat("p", 3001)}, "must be less than 3001 characters [json-pointer:/view/private_metadata]"},
		{object{"callback_id": strings.Repeat("c", 256)}, "must be less than 256 characters [json-pointer:/view/callback_id]"},
		{object{"type": "home"}, "must be modal [json-pointer:/view/type]"},
		{object{"blocks": nil, "submit": nil}, "missing required field: blocks [json-pointer:/view]"},
	} {
		if _, got := blockkit.CheckView(view(c.change), "modal"); len(got) != 1 || got[0] != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if _, got := blockkit.CheckView("x", "modal"); len(got) != 1 {
		t.Errorf("what is no object: %q", got)
	}
}

// TestWeightAgreesWithWhatWasMeasured holds the limit against measurements that people published: nothing that Slack refused may pass.
func TestWeightAgreesWithWhatWasMeasured(t *testing.T) {
	spread := func(characters, blocks int) []any {
		out := make([]any, blocks)
		for i := range out {
			n := characters / blocks
			if i == 0 {
				n += characters % blocks
			}
			out[i] = object{"type": "section", "text": mrkdwn(n)}
		}
		return out
	}
	for _, c := range []struct {
		name   string
		blocks []any
		fits   bool
	}{
		{"4,649 characters in 28 blocks", spread(4649, 28), true},
		{"6,020 characters in 33 blocks", spread(6020, 33), true},
		{"9,597 characters in 50 blocks", spread(9597, 50), true},
		{"11,341 characters in 45 blocks", spread(11341, 45), false},
		{"13,172 characters and a divider", append(spread(13172, 5), object{"type": "divider"}), false},
		{"13,297 characters", spread(13297, 5), false},
	} {
		if fits := blockkit.Weight(c.blocks) <= blockkit.MaxWeight; fits != c.fits {
			t.Errorf("%s weigh %d: fits is %v, want %v", c.name, blockkit.Weight(c.blocks), fits, c.fits)
		}
	}
}

func TestElementsAreFoundAndUsed(t *testing.T) {
	n := 0
	next := func() string { n++; return fmt.Sprintf("id%d", n) }
	blocks := []any{
		object{"type": "section", "text": mrkdwn(1), "accessory": object{"type": "overflow", "options": []any{option(1), option(2)}}},
		object{"type": "actions", "block_id": "one", "elements": []any{button("go", object{"value": "v1"}), button("", nil)}},
		object{"type": "actions", "block_id": "two", "elements": []any{button("go", object{"value": "v2"})}},
		object{"type": "context", "elements": []any{mrkdwn(1)}},
	}
	blockkit.Fill(blocks, next)
	if blocks[0].(object)["block_id"] == "" || blocks[0].(object)["accessory"].(object)["action_id"] == nil {
		t.Errorf("ids are missing: %v", blocks[0])
	}
	if blocks[3].(object)["elements"].([]any)[0].(object)["action_id"] != nil {
		t.Error("a text was given an action id")
	}
	for _, c := range []struct{ block, want string }{{"", "v1"}, {"one", "v1"}, {"two", "v2"}} {
		b, e, found := blockkit.Find(blocks, c.block, "go")
		if !found || e["value"] != c.want {
			t.Errorf("in %q: %v in %v", c.block, e, b)
		}
	}
	if _, _, found := blockkit.Find(blocks, "three", "go"); found {
		t.Error("found in a block that is not there")
	}
	_, overflow, _ := blockkit.Find(blocks, "", blocks[0].(object)["accessory"].(object)["action_id"].(string))
	act, err := blockkit.Act("b", overflow, "2", "1.2")
	if err != nil || act["selected_option"].(object)["value"] != "2" || act["type"] != "overflow" || act["action_ts"] != "1.2" {
		t.Errorf("act: %v, %v", act, err)
	}
	if _, err := blockkit.Act("b", overflow, "9", "1.2"); err == nil {
		t.Error("an option that is not offered is chosen")
	}
	if _, err := blockkit.State(object{"type": "hologram"}, "x"); err == nil {
		t.Error("an unknown element has a state")
	}
	for kind, name := range map[string]string{"users_select": "selected_user", "conversations_select": "selected_conversation", "datepicker": "selected_date"} {
		if s, err := blockkit.State(object{"type": kind}, "x"); err != nil || s[name] != "x" {
			t.Errorf("%s: %v, %v", kind, s, err)
		}
	}
	if s, err := blockkit.State(object{"type": "checkboxes", "options": []any{option(1), option(2)}}, "1,2"); err != nil || len(s["selected_options"].([]any)) != 2 {
		t.Errorf("checkboxes: %v, %v", s, err)
	}
}
