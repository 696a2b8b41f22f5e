package slackfake

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/remediate/slack/slackfake/wire"
)

// token is one that the server knows.
type token struct {
	app     bool // app-level
	scopes  []string
	refusal string
}

// method is one method of the Web API.
type method struct {
	tier   float64 // calls a minute; 0 for those with rules of their own
	app    bool    // takes an app-level token
	scopes []string
	run    func(*call) reply
}

func methods() map[string]method {
	return map[string]method{
		"apps.connections.open": {tier: wire.Tier3, app: true, scopes: []string{"connections:write"}, run: openConnection},
		"auth.test":             {run: authTest},
		"chat.delete":           {tier: wire.Tier3, scopes: []string{"chat:write"}, run: deleteMessage},
		"chat.getPermalink":     {run: getPermalink},
		"chat.postEphemeral":    {tier: wire.Tier4, scopes: []string{"chat:write"}, run: postEphemeral},
		"chat.postMessage":      {scopes: []string{"chat:write"}, run: postMessage},
		"chat.update":           {tier: wire.Tier3, scopes: []string{"chat:write"}, run: updateMessage},
		"conversations.history": {tier: wire.Tier3, run: history},
		"conversations.info":    {tier: wire.Tier3, run: channelInfo},
		"conversations.open":    {tier: wire.Tier3, scopes: []string{"im:write"}, run: openDM},
		"conversations.replies": {tier: wire.Tier3, run: replies},
		"users.info":            {tier: wire.Tier4, scopes: []string{"users:read"}, run: userInfo},
		"users.lookupByEmail":   {tier: wire.Tier3, scopes: []string{"users:read.email"}, run: lookupByEmail},
		"views.open":            {tier: wire.Tier4, run: openView},
		"views.publish":         {tier: wire.Tier4, run: publishView},
		"views.push":            {tier: wire.Tier4, run: pushView},
		"views.update":          {tier: wire.Tier4, run: updateView},
	}
}

// call is one call that is under way.
type call struct {
	wire.Args
	s        *Server
	name     string
	token    token
	fault    wire.Fault
	warnings []string
	messages []string
}

// reply is what a call answers. A status of 0 is 200.
type reply struct {
	status int
	retry  time.Duration
	body   map[string]any
}

func refuse(name string) reply { return reply{body: map[string]any{"ok": false, "error": name}} }

// invalid refuses with the places where something is wrong.
func invalid(name string, problems []string) reply {
	messages := make([]string, len(problems))
	for i, p := range problems {
		messages[i] = "[ERROR] " + p
	}
	return reply{body: map[string]any{"ok": false, "error": name, "errors": problems, "response_metadata": map[string]any{"messages": messages}}}
}

func ok(body map[string]any) reply {
	body["ok"] = true
	return reply{body: body}
}

func (s *Server) serveCall(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	s.mu.Lock()
	s.calls[name]++
	s.mu.Unlock()
	c := &call{s: s, name: name, fault: s.faults.Take(name)}
	kind, committed := c.fault.Kind.Committed()
	if kind != wire.NoFault && !committed {
		_, _ = io.Copy(io.Discard, r.Body) // only after it does the server see that the caller hung up
		s.fail(w, r, kind, c.fault.RetryAfter)
		return
	}
	m, known := s.methods[name]
	answer := refuse("unknown_method")
	if known {
		answer = c.admit(m, r)
	}
	if kind != wire.NoFault {
		s.fail(w, r, kind, c.fault.RetryAfter)
		return
	}
	w.Header().Set("X-OAuth-Scopes", strings.Join(c.token.scopes, ","))
	w.Header().Set("X-Accepted-OAuth-Scopes", strings.Join(m.scopes, ","))
	s.write(w, c.decorate(answer))
}

// admit does the call if it may be done.
func (c *call) admit(m method, r *http.Request) reply {
	args, problem := wire.Parse(r)
	if problem != "" {
		return refuse(problem)
	}
	c.Args = args
	if args.Warning != "" {
		c.warnings = append(c.warnings, args.Warning)
	}
	if refused := c.authorise(m); refused.body != nil {
		return refused
	}
	if m.tier > 0 {
		if limited := c.take(c.name+" "+args.Token, m.tier, m.tier); limited.body != nil {
			return limited
		}
	}
	return m.run(c)
}

func (c *call) authorise(m method) reply {
	if c.Token == "" {
		return refuse("not_authed")
	}
	c.s.mu.Lock()
	t, known := c.s.tokens[c.Token]
	c.s.mu.Unlock()
	switch {
	case !known:
		return refuse("invalid_auth")
	case t.refusal != "":
		return refuse(t.refusal)
	case t.app != m.app && c.name != "auth.test":
		return refuse("not_allowed_token_type")
	}
	c.token = t
	for _, scope := range m.scopes {
		if refused := c.need(scope); refused.body != nil {
			return refused
		}
	}
	return reply{}
}

// need refuses what the token has no scope for.
func (c *call) need(scope string) reply {
	if slices.Contains(c.token.scopes, scope) {
		return reply{}
	}
	answer := refuse("missing_scope")
	answer.body["needed"], answer.body["provided"] = scope, strings.Join(c.token.scopes, ",")
	return answer
}

// take counts the call, or refuses it when there were too many.
func (c *call) take(bucket string, perMinute, burst float64) reply {
	if c.s.o.NoLimits {
		return reply{}
	}
	wait := c.s.limiter.Take(bucket, perMinute, burst)
	if wait == 0 {
		return reply{}
	}
	answer := refuse("ratelimited")
	answer.status, answer.retry = http.StatusTooManyRequests, time.Duration(float64(wait)/c.s.o.Scale)
	return answer
}

func (c *call) warn(name, message string) {
	c.warnings = append(c.warnings, name)
	c.messages = append(c.messages, "[WARN] "+message)
}

func (c *call) decorate(r reply) reply {
	if len(c.warnings) == 0 {
		return r
	}
	metadata, _ := r.body["response_metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	r.body["warning"], metadata["warnings"] = strings.Join(c.warnings, ","), c.warnings
	if len(c.messages) > 0 {
		said, _ := metadata["messages"].([]string)
		metadata["messages"] = append(said, c.messages...)
	}
	r.body["response_metadata"] = metadata
	return r
}

func (s *Server) write(w http.ResponseWriter, r reply) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if r.status == http.StatusTooManyRequests {
		seconds := math.Ceil(r.retry.Seconds())
		if s.o.Scale > 1 {
			seconds = math.Floor(r.retry.Seconds()) // whole seconds would cost more than the fast clock saves
		}
		w.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
	}
	if r.status != 0 {
		w.WriteHeader(r.status)
	}
	_ = json.NewEncoder(w).Encode(r.body) // the caller may be gone
}

// fail answers as a fault says.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, kind wire.Kind, retry time.Duration) {
	switch kind {
	case wire.TooMany:
		answer := refuse("ratelimited")
		answer.status, answer.retry = http.StatusTooManyRequests, retry
		if retry == 0 {
			answer.retry = time.Second
		}
		s.write(w, answer)
	case wire.Internal:
		http.Error(w, "Server Error", http.StatusInternalServerError)
	case wire.Unavailable:
		http.Error(w, "upstream connect error or disconnect/reset before headers", http.StatusServiceUnavailable)
	case wire.Garbage:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!DOCTYPE html><html><head><title>Slack</title></head>"))
	case wire.Hang:
		select {
		case <-r.Context().Done():
		case <-s.ctx.Done():
		}
		panic(http.ErrAbortHandler)
	case wire.Drop:
		panic(http.ErrAbortHandler)
	default:
		s.write(w, refuse(strings.TrimPrefix(string(kind), "error:")))
	}
}
