package slackfake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"muster/remediate/slack/slackfake/blockkit"
	"muster/remediate/slack/slackfake/state"
)

// Why something cannot be done honestly.
var (
	ErrNoElement = errors.New("the message or view has no such element")
	ErrNoUser    = errors.New("there is no such active user")
	ErrNotThere  = errors.New("the user does not see that conversation")
	ErrNoView    = errors.New("that view is not open for that user")
	ErrRequired  = errors.New("a required input is empty")
)

// Click is a use of an element of a message or of a view.
type Click struct {
	User     string   `json:"user"`
	Channel  string   `json:"channel,omitempty"` // of a message
	TS       string   `json:"ts,omitempty"`      // of a message
	View     string   `json:"view,omitempty"`    // or the view's id
	BlockID  string   `json:"block_id,omitempty"`
	ActionID string   `json:"action_id"`
	Value    string   `json:"value,omitempty"` // what was chosen, of an element that offers a choice; a button has its own
	Forge    *Forgery `json:"forge,omitempty"`
}

// Submit is the submission of a modal.
type Submit struct {
	User   string            `json:"user"`
	View   string            `json:"view"`
	Values map[string]string `json:"values,omitempty"` // by block id: what was entered or chosen
	Forge  *Forgery          `json:"forge,omitempty"`
}

// Click lets a user use an element, and returns once the app has acknowledged that or has not. The error is ErrNoAck in the latter
// case, and another when the click is impossible: then nothing was sent.
func (s *Server) Click(ctx context.Context, c Click) (Delivery, error) {
	user, err := s.person(c.User, c.Forge)
	if err != nil {
		return Delivery{}, err
	}
	payload := s.payload("block_actions", user)
	var blocks []any
	var d Delivery
	if c.View != "" {
		v, found := s.work.View(c.View, "")
		if !found || v.Closed || v.User != c.User && c.Forge == nil {
			return d, fmt.Errorf("click %s: %w", c.ActionID, ErrNoView)
		}
		blocks = v.Blocks()
		payload["container"], payload["view"] = map[string]any{"type": "view", "view_id": v.ID}, s.work.ShapeView(v, nil)
	} else {
		m, found := s.work.Message(c.Channel, c.TS)
		switch {
		case c.Forge != nil:
		case !found:
			return d, fmt.Errorf("click %s: %w", c.ActionID, ErrNoElement)
		case !s.work.Sees(c.User, c.Channel):
			return d, fmt.Errorf("click %s: %w", c.ActionID, ErrNotThere)
		}
		if !found {
			m = state.Message{Channel: c.Channel, TS: c.TS, User: s.o.App.BotUserID, BotID: s.o.App.BotID, AppID: s.o.App.ID}
		}
		blocks = m.Blocks
		d.ResponseURL = s.base + "/actions/" + s.o.App.ID + "/" + s.work.NewAnswer(c.Channel, c.TS, c.User)
		maps.Copy(payload, s.ofMessage(m))
		payload["response_url"] = d.ResponseURL
	}
	block, element, found := blockkit.Find(blocks, c.BlockID, c.ActionID)
	if !found {
		if c.Forge == nil || c.Forge.Element == nil {
			return Delivery{}, fmt.Errorf("click %s: %w", c.ActionID, ErrNoElement)
		}
		block, element = map[string]any{"block_id": c.BlockID}, maps.Clone(c.Forge.Element)
		element["action_id"] = c.ActionID
	}
	blockID, _ := block["block_id"].(string)
	action, err := blockkit.Act(blockID, element, c.Value, s.work.NewTS())
	if err != nil {
		return Delivery{}, fmt.Errorf("click %s: %w", c.ActionID, err)
	}
	payload["actions"] = []any{action}
	payload["state"] = map[string]any{"values": map[string]any{}}
	d.TriggerID = s.work.NewTrigger(c.User, c.View)
	payload["trigger_id"] = d.TriggerID
	return s.deliver(ctx, d, payload, c.Forge)
}

// Submit lets a user submit a modal. What the app answers is done to the modal: errors keep it open, update and push change it, clear
// closes the stack, and an empty acknowledgement closes it.
func (s *Server) Submit(ctx context.Context, sub Submit) (Delivery, error) {
	user, err := s.person(sub.User, sub.Forge)
	if err != nil {
		return Delivery{}, err
	}
	v, found := s.work.View(sub.View, "")
	if !found && sub.Forge != nil {
		v = state.View{ID: sub.View, Root: sub.View, Body: map[string]any{"type": "modal"}}
	} else if !found || v.Closed || v.User != sub.User && sub.Forge == nil {
		return Delivery{}, fmt.Errorf("submit %s: %w", sub.View, ErrNoView)
	}
	values, err := entered(v, sub)
	if err != nil {
		return Delivery{}, fmt.Errorf("submit %s: %w", sub.View, err)
	}
	payload := s.payload("view_submission", user)
	payload["view"] = s.work.ShapeView(v, values)
	payload["response_urls"] = []any{}
	d := Delivery{TriggerID: s.work.NewTrigger(sub.User, v.ID)}
	payload["trigger_id"] = d.TriggerID
	if d, err = s.deliver(ctx, d, payload, sub.Forge); err == nil && sub.Forge == nil {
		err = s.respond(v, d.Answer)
	}
	return d, err
}

// entered is view.state.values.
func entered(v state.View, sub Submit) (map[string]any, error) {
	values := map[string]any{}
	for _, in := range blockkit.Inputs(v.Blocks()) {
		value := sub.Values[in.BlockID]
		if value == "" && !in.Optional && sub.Forge == nil {
			return nil, fmt.Errorf("%w: %s", ErrRequired, in.BlockID)
		}
		said, err := blockkit.State(in.Element, value)
		if err != nil {
			return nil, err
		}
		id, _ := in.Element["action_id"].(string)
		values[in.BlockID] = map[string]any{id: said}
	}
	return values, nil
}

// respond does what an acknowledgement of a submission asks for.
func (s *Server) respond(v state.View, answer []byte) error {
	var said struct {
		Action string         `json:"response_action"`
		Errors map[string]any `json:"errors"`
		View   map[string]any `json:"view"`
	}
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &said); err != nil {
			return fmt.Errorf("read acknowledgement: %w", err)
		}
	}
	switch said.Action {
	case "":
		s.work.CloseView(v.ID, false)
	case "clear":
		s.work.CloseView(v.ID, true)
	case "errors":
		for _, in := range blockkit.Inputs(v.Blocks()) {
			if said.Errors[in.BlockID] != nil {
				s.work.MarkView(v.ID, said.Errors)
				return nil
			}
		}
		return fmt.Errorf("read acknowledgement: its errors name no input block of the view")
	case "update", "push":
		body, refused := s.readView(said.View, "modal")
		if refused.body != nil {
			return fmt.Errorf("read acknowledgement: the view is refused: %v %v", refused.body["error"], refused.body["errors"])
		}
		problem := ""
		if said.Action == "push" {
			_, problem = s.work.PutView(v.User, body, v.ID)
		} else {
			_, problem = s.work.ChangeView(v.ID, "", body)
		}
		if problem != "" {
			return fmt.Errorf("read acknowledgement: the view is refused: %s", problem)
		}
	default:
		return fmt.Errorf("read acknowledgement: there is no response_action %q", said.Action)
	}
	return nil
}

// person finds who acts. A forger need not exist.
func (s *Server) person(id string, forge *Forgery) (state.User, error) {
	u, found := s.work.User(id)
	if forge == nil && (!found || u.Deleted || u.IsBot) {
		return u, fmt.Errorf("act as %s: %w", id, ErrNoUser)
	}
	if !found {
		u = state.User{ID: id, Name: id, TeamID: s.o.Team.ID}
	}
	return u, nil
}

// payload is what every interaction says.
func (s *Server) payload(kind string, u state.User) map[string]any {
	team := map[string]any{"id": s.o.Team.ID, "domain": s.o.Team.Domain}
	var enterprise any
	if id := s.o.Team.EnterpriseID; id != "" {
		team["enterprise_id"], team["enterprise_name"] = id, s.o.Team.EnterpriseName
		enterprise = map[string]any{"id": id, "name": s.o.Team.EnterpriseName}
	}
	return map[string]any{"type": kind, "api_app_id": s.o.App.ID, "token": s.verify, "team": team, "enterprise": enterprise, "is_enterprise_install": false,
		"user": map[string]any{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": u.TeamID}}
}

// ofMessage is what an interaction with a message says besides.
func (s *Server) ofMessage(m state.Message) map[string]any {
	container := map[string]any{"type": "message", "message_ts": m.TS, "channel_id": m.Channel, "is_ephemeral": false}
	if m.ThreadTS != "" {
		container["thread_ts"] = m.ThreadTS
	}
	name := "directmessage"
	if c, found := s.work.Channel(m.Channel); found && !c.IsIM {
		name = c.Name
	}
	return map[string]any{"container": container, "channel": map[string]any{"id": m.Channel, "name": name}, "message": s.work.Shape(m, true)}
}
