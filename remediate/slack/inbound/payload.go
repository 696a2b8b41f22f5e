package inbound

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"muster/remediate"
	"muster/remediate/slack/blocks"
)

// payload is what of an interaction's payload counts (reference/interaction-payloads). The names of users and channels do not.
type payload struct {
	Type       string `json:"type"`
	Team       *named `json:"team"`
	Enterprise *named `json:"enterprise"`
	App        string `json:"api_app_id"`
	Trigger    string `json:"trigger_id"`
	User       struct {
		ID   string `json:"id"`
		Team string `json:"team_id"`
	} `json:"user"`
	Container struct {
		Type    string `json:"type"`
		Channel string `json:"channel_id"`
		TS      string `json:"message_ts"`
	} `json:"container"`
	Actions []struct {
		ID       string `json:"action_id"`
		Value    string `json:"value"`
		TS       string `json:"action_ts"`
		Selected struct {
			Value string `json:"value"`
		} `json:"selected_option"`
	} `json:"actions"`
	View struct {
		ID       string `json:"id"`
		Hash     string `json:"hash"`
		Callback string `json:"callback_id"`
		Private  string `json:"private_metadata"`
		State    struct {
			Values map[string]map[string]struct {
				Value string `json:"value"`
			} `json:"values"`
		} `json:"state"`
	} `json:"view"`
}

type named struct {
	ID string `json:"id"`
}

func (n *named) id() string {
	if n == nil {
		return ""
	}
	return n.ID
}

// What a person wants.
const (
	wantApprove = "approve"
	wantAsk     = "ask"  // the dialog for a denial
	wantDeny    = "deny" // the dialog's answer
	wantSnooze  = "snooze"
	wantDetails = "details"
)

// Interaction is one accepted interaction, as the inbox keeps it.
type Interaction struct {
	ID       string        `json:"id"`
	Want     string        `json:"want"`
	Team     string        `json:"team"`
	User     string        `json:"user"`
	UserTeam string        `json:"user_team,omitempty"`
	Channel  string        `json:"channel,omitempty"` // of the message; empty for a dialog
	TS       string        `json:"ts,omitempty"`
	Token    string        `json:"token"`
	Reason   string        `json:"reason,omitempty"`
	For      time.Duration `json:"for,omitempty"`
	Trigger  string        `json:"trigger,omitempty"`
	At       time.Time     `json:"at"` // when it arrived
}

// The bounds of what an interaction may hold; Slack's own are no wider.
const (
	maxID    = 255
	maxToken = 2000
)

var (
	errShape = errors.New("read interaction: it is not what such an interaction looks like")
	errOther = errors.New("read interaction: it is of nothing that decides")
)

// decode reads a payload's JSON.
func decode(raw []byte) (payload, error) {
	var p payload
	if err := json.Unmarshal(raw, &p); err != nil {
		return p, errShape
	}
	for _, s := range []string{p.User.ID, p.User.Team, p.Container.Channel, p.Container.TS, p.View.ID, p.View.Hash, p.App, p.Team.id(), p.Enterprise.id(), p.Trigger} {
		if len(s) > maxID {
			return p, errShape
		}
	}
	if p.User.ID == "" {
		return p, errShape
	}
	return p, nil
}

// interaction reads what a person wants. seen are the marks that show a replay. errOther is for a link that was followed.
func (p payload) interaction(now time.Time) (x Interaction, seen []string, err error) {
	x = Interaction{Team: p.Team.id(), User: p.User.ID, UserTeam: p.User.Team, Trigger: p.Trigger, At: now.UTC()}
	switch p.Type {
	case "block_actions":
		seen, err = p.click(&x)
	case "view_submission":
		seen, err = p.submission(&x)
	default:
		err = errShape
	}
	if err != nil {
		return x, nil, err
	}
	if x.Token == "" || len(x.Token) > maxToken {
		return x, nil, errShape
	}
	seen = append(seen, "trigger "+p.Trigger)
	x.ID = remediate.Hash(seen...)[:32]
	return x, seen, nil
}

func (p payload) click(x *Interaction) ([]string, error) {
	if len(p.Actions) != 1 {
		return nil, errShape
	}
	a := p.Actions[0]
	if a.ID == blocks.ActionOpen {
		return nil, errOther
	}
	x.Channel, x.TS, x.Token = p.Container.Channel, p.Container.TS, a.Value
	switch a.ID {
	case blocks.ActionApprove:
		x.Want = wantApprove
	case blocks.ActionDeny:
		x.Want = wantAsk
	case blocks.ActionDetails:
		x.Want = wantDetails
	case blocks.ActionSnooze:
		var ok bool
		x.Want = wantSnooze
		if x.For, x.Token, ok = blocks.ParseSnooze(a.Selected.Value); !ok {
			return nil, errShape
		}
	default:
		return nil, errShape
	}
	if p.Container.Type != "message" || x.Channel == "" || x.TS == "" || a.TS == "" || p.Trigger == "" || len(a.TS) > maxID {
		return nil, errShape
	}
	return []string{strings.Join([]string{"click", x.User, x.Channel, x.TS, a.ID, a.TS}, " ")}, nil
}

func (p payload) submission(x *Interaction) ([]string, error) {
	if p.View.Callback != blocks.CallbackDeny || p.View.ID == "" {
		return nil, errShape
	}
	x.Want, x.Token = wantDeny, p.View.Private
	x.Reason = strings.TrimSpace(p.View.State.Values[blocks.BlockReason][blocks.InputReason].Value)
	return []string{strings.Join([]string{"view", p.View.ID, p.View.Hash}, " ")}, nil
}

// pressedAt is when a click was made, by Slack's clock; zero when it does not say.
func (p payload) pressedAt() (time.Time, bool) {
	if p.Type != "block_actions" {
		return time.Time{}, true
	}
	seconds, _, _ := strings.Cut(p.Actions[0].TS, ".")
	unix, err := strconv.ParseInt(seconds, 10, 40)
	if err != nil {
		return time.Time{}, false
	}
	return time.Unix(unix, 0), true
}

// reasonProblem says what is wrong with the reason of a denial, for the person who wrote it.
func reasonProblem(reason string) string {
	switch n := utf8.RuneCountInString(reason); {
	case n < blocks.MinReason:
		return "Please give a reason of at least " + strconv.Itoa(blocks.MinReason) + " characters."
	case n > blocks.MaxReason:
		return "Please give a shorter reason, of at most " + strconv.Itoa(blocks.MaxReason) + " characters."
	}
	return ""
}
