package slackfake

import (
	"encoding/json"

	"muster/remediate/slack/slackfake/blockkit"
	"muster/remediate/slack/slackfake/state"
)

// view reads the view that a call sends.
func (c *call) view(kind string) (map[string]any, reply) {
	v, sent, okay := c.JSON("view")
	if !sent || !okay {
		return nil, invalid("invalid_arguments", []string{"missing required field: view"})
	}
	return c.s.readView(v, kind)
}

func (s *Server) readView(v any, kind string) (map[string]any, reply) {
	body, problems := blockkit.CheckView(v, kind)
	if len(problems) > 0 {
		return nil, invalid("invalid_arguments", problems)
	}
	if text, err := json.Marshal(body); err != nil || len(text) > blockkit.MaxView {
		return nil, refuse("view_too_large")
	}
	blocks, _ := body["blocks"].([]any) // checked
	blockkit.Fill(blocks, s.shortID)
	return body, reply{}
}

func (c *call) shown(v state.View, problem string) reply {
	if problem != "" {
		return refuse(problem)
	}
	return ok(map[string]any{"view": c.s.work.ShapeView(v, nil)})
}

func openView(c *call) reply { return c.place(false) }

func pushView(c *call) reply { return c.place(true) }

// place exchanges a trigger for a view. A view that is refused leaves the trigger as it was.
func (c *call) place(push bool) reply {
	body, refused := c.view("modal")
	if refused.body != nil {
		return refused
	}
	id := c.Str("trigger_id")
	if id == "" {
		id = c.Str("interactivity_pointer")
	}
	trigger, problem := c.s.work.Exchange(id)
	switch {
	case problem != "":
		return refuse(problem)
	case push && trigger.View == "":
		return refuse("not_found")
	case !push:
		trigger.View = ""
	}
	return c.shown(c.s.work.PutView(trigger.User, body, trigger.View))
}

func updateView(c *call) reply {
	v, found := c.s.work.View(c.Str("view_id"), c.Str("external_id"))
	if !found {
		return refuse("not_found")
	}
	body, refused := c.view(v.Str("type"))
	if refused.body != nil {
		return refused
	}
	return c.shown(c.s.work.ChangeView(v.ID, c.Str("hash"), body))
}

func publishView(c *call) reply {
	user, found := c.s.work.User(c.Str("user_id"))
	if !found || user.Deleted {
		return refuse("user_not_found")
	}
	body, refused := c.view("home")
	if refused.body != nil {
		return refused
	}
	for _, v := range c.s.work.Views(user.ID) {
		if v.Str("type") == "home" {
			return c.shown(c.s.work.ChangeView(v.ID, c.Str("hash"), body))
		}
	}
	return c.shown(c.s.work.PutView(user.ID, body, ""))
}
