package slackfake

import (
	"cmp"
	"slices"
	"strings"

	"muster/remediate/slack/slackfake/state"
)

func openConnection(c *call) reply {
	return ok(map[string]any{"url": "ws" + strings.TrimPrefix(c.s.base, "http") + "/link/?ticket=" + c.s.hub.Ticket() + "&app_id=" + c.s.o.App.ID})
}

func authTest(c *call) reply {
	team, app := c.s.o.Team, c.s.o.App
	body := map[string]any{"url": "https://" + team.Domain + ".slack.com/", "team": team.Name, "team_id": team.ID, "is_enterprise_install": false}
	if team.EnterpriseID != "" {
		body["enterprise_id"] = team.EnterpriseID
	}
	if c.token.app {
		body["app_name"], body["app_id"] = app.Name, app.ID
		return ok(body)
	}
	bot, _ := c.s.work.User(app.BotUserID)
	body["user"], body["user_id"], body["bot_id"] = bot.Name, app.BotUserID, app.BotID
	return ok(body)
}

// mayRead refuses what the token has no scope for; the kind of channel decides.
func (c *call) mayRead(what string) reply {
	channel, found := c.s.work.Channel(c.Str("channel"))
	switch {
	case !found:
		return refuse("channel_not_found")
	case channel.IsIM:
		return c.need("im:" + what)
	case channel.IsPrivate:
		return c.need("groups:" + what)
	}
	return c.need("channels:" + what)
}

func (c *call) query(usual, most int) (state.Query, reply) {
	limit, isNumber := c.Int("limit", usual)
	if !isNumber || limit < 1 || limit > most {
		return state.Query{}, refuse("invalid_limit")
	}
	return state.Query{Channel: c.Str("channel"), Thread: c.Str("ts"), Oldest: c.Str("oldest"), Latest: c.Str("latest"), Inclusive: c.Bool("inclusive"),
		Cursor: c.Str("cursor"), Limit: limit}, c.mayRead("history")
}

func (c *call) page(p state.Page, problem string) reply {
	if problem != "" {
		return refuse(problem)
	}
	messages := make([]any, len(p.Messages))
	for i, m := range p.Messages {
		messages[i] = c.s.work.Shape(m, c.Bool("include_all_metadata"))
	}
	body := map[string]any{"messages": messages, "has_more": p.More}
	if p.More {
		body["response_metadata"] = map[string]any{"next_cursor": p.Next}
	}
	return ok(body)
}

func history(c *call) reply {
	q, refused := c.query(100, 999)
	if refused.body != nil {
		return refused
	}
	answer := c.page(c.s.work.History(q))
	if answer.body["ok"] == true {
		answer.body["pin_count"] = 0
	}
	return answer
}

func replies(c *call) reply {
	q, refused := c.query(1000, 1000)
	if refused.body != nil {
		return refused
	}
	return c.page(c.s.work.Replies(q))
}

func channelInfo(c *call) reply {
	if refused := c.mayRead("read"); refused.body != nil {
		return refused
	}
	channel, _ := c.s.work.Channel(c.Str("channel"))
	if channel.IsPrivate && channel.WithoutBot {
		return refuse("channel_not_found")
	}
	return ok(map[string]any{"channel": c.s.work.ShapeChannel(channel)})
}

func openDM(c *call) reply {
	if id := c.Str("channel"); id != "" {
		channel, found := c.s.work.Channel(id)
		if !found || !channel.IsIM {
			return refuse("channel_not_found")
		}
		return c.opened(channel, true)
	}
	users := strings.FieldsFunc(c.Str("users"), func(r rune) bool { return r == ',' || r == ' ' })
	switch len(users) {
	case 0:
		return refuse("users_list_not_supplied")
	case 1:
	default:
		return c.need("mpim:write") // conversations of several people are not there
	}
	channel, already, problem := c.s.work.OpenDM(users[0])
	if problem != "" {
		return refuse(problem)
	}
	return c.opened(channel, already)
}

func (c *call) opened(channel state.Channel, already bool) reply {
	body := map[string]any{"channel": map[string]any{"id": channel.ID}}
	if c.Bool("return_im") {
		body["channel"] = c.s.work.ShapeChannel(channel)
	}
	if already {
		body["no_op"], body["already_open"] = true, true
	}
	return ok(body)
}

func userInfo(c *call) reply {
	u, found := c.s.work.User(c.Str("user"))
	if !found {
		return refuse("user_not_found")
	}
	return ok(map[string]any{"user": c.s.work.ShapeUser(u, slices.Contains(c.token.scopes, "users:read.email"))})
}

func lookupByEmail(c *call) reply {
	u, found := c.s.work.UserByEmail(c.Str("email"))
	if !found {
		return refuse("users_not_found")
	}
	return ok(map[string]any{"user": c.s.work.ShapeUser(u, true)})
}

// Posts lists every message that the app posted, in the order of posting, with those that were deleted since.
func (s *Server) Posts() []Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.posts)
	slices.SortStableFunc(out, func(a, b Post) int { return cmp.Or(cmp.Compare(len(a.TS), len(b.TS)), cmp.Compare(a.TS, b.TS)) })
	return out
}

// Duplicates counts the posts by the dedup key of their metadata and returns those that were posted more than once.
func (s *Server) Duplicates() map[string]int {
	out := map[string]int{}
	for _, p := range s.Posts() {
		if p.Key != "" {
			out[p.Key]++
		}
	}
	for key, n := range out {
		if n == 1 {
			delete(out, key)
		}
	}
	return out
}

// Calls counts the calls of a method, those that failed too.
func (s *Server) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// Messages lists the messages of a channel as they are now, oldest first, whether the history shows them or not; without a name those of
// every channel.
func (s *Server) Messages(channel string) []state.Message { return s.work.Messages(channel) }

// Thread lists a message and its replies as they are now, oldest first.
func (s *Server) Thread(channel, ts string) []state.Message {
	return slices.DeleteFunc(s.work.Messages(channel), func(m state.Message) bool { return m.TS != ts && m.ThreadTS != ts })
}

// Find lists the messages with a dedup key in their metadata as they are now, oldest first.
func (s *Server) Find(dedup string) []state.Message {
	return slices.DeleteFunc(s.work.Messages(""), func(m state.Message) bool { return m.Dedup() != dedup })
}
