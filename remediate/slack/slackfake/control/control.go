// Package control lets a fake Slack be ruled over HTTP, for one that runs in a process of its own and outlives the client that it serves.
//
// Every address is below /_control/; POST takes JSON, unknown fields are refused. What fails answers 400 with {"error":..}, and a click
// that was sent but not acknowledged 200 with "acknowledged": false. Durations are written "500ms", but in Delivery and Forgery, where
// they are nanoseconds. It may be called by anyone who reaches it, so it is for loopback only, where the server listens.
//
//	GET  info                             → {url, api_url, bot_token, app_token, signing_secret, team, app}
//	POST users, channels                  a state.User, a state.Channel                    → the same with what was made up
//	POST faults                           {method, kind, times, retry_after}
//	POST random                           {method, seed, shares: {kind: share}}
//	POST clear                            no faults any more
//	POST lag                              {lag}
//	POST request_url                      {url}
//	POST tokens                           {token, refusal}
//	POST click, submit                    a Click, a Submit                                → Delivery
//	POST replay                           {id}                                             → Delivery
//	POST disconnect                       {reason}; "drop" breaks every connection without a word
//	GET  posts, duplicates, calls?method= → []Post, {dedup: times}, {calls}
//	GET  messages?channel=, thread?channel=&ts=, find?dedup= → []state.Message
//	GET  views?user=, whispers, envelopes, deliveries, connections
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/state"
	"muster/remediate/slack/slackfake/wire"
)

// ruler rules one server.
type ruler struct{ *slackfake.Server }

// Mount adds the addresses to a server.
func Mount(server *slackfake.Server) {
	s, mux := ruler{server}, http.NewServeMux()
	s.writes(mux)
	s.reads(mux)
	server.Handle("/_control/", mux)
}

func (s ruler) reads(mux *http.ServeMux) {
	get := func(name string, read func(r *http.Request) any) {
		mux.HandleFunc("GET /_control/"+name, func(w http.ResponseWriter, r *http.Request) { say(w, read(r), nil) })
	}
	get("info", func(*http.Request) any {
		return map[string]any{"url": s.URL(), "api_url": s.APIURL(), "bot_token": s.BotToken(), "app_token": s.AppToken(), "signing_secret": s.SigningSecret(),
			"team": s.Team(), "app": s.App()}
	})
	get("posts", func(*http.Request) any { return list(s.Posts()) })
	get("duplicates", func(*http.Request) any { return s.Duplicates() })
	get("calls", func(r *http.Request) any { return map[string]any{"calls": s.Calls(r.FormValue("method"))} })
	get("messages", func(r *http.Request) any { return list(s.Messages(r.FormValue("channel"))) })
	get("thread", func(r *http.Request) any { return list(s.Thread(r.FormValue("channel"), r.FormValue("ts"))) })
	get("find", func(r *http.Request) any { return list(s.Find(r.FormValue("dedup"))) })
	get("views", func(r *http.Request) any { return list(s.Workspace().Views(r.FormValue("user"))) })
	get("whispers", func(*http.Request) any { return list(s.Workspace().Whispers()) })
	get("envelopes", func(*http.Request) any { return list(s.Socket().Envelopes()) })
	get("deliveries", func(*http.Request) any { return list(s.Deliveries()) })
	get("connections", func(*http.Request) any { return map[string]any{"connections": s.Socket().Connections()} })
}

// list makes nothing an empty list.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

func (s ruler) writes(mux *http.ServeMux) {
	post(mux, "users", func(_ *http.Request, u state.User) (any, error) { return s.AddUser(u), nil })
	post(mux, "channels", func(_ *http.Request, c state.Channel) (any, error) { return s.AddChannel(c), nil })
	post(mux, "faults", s.queue)
	post(mux, "random", func(_ *http.Request, in struct {
		Method string                `json:"method"`
		Seed   uint64                `json:"seed"`
		Shares map[wire.Kind]float64 `json:"shares"`
	}) (any, error) {
		for kind := range in.Shares {
			if err := kind.Check(); err != nil {
				return nil, err
			}
		}
		s.Faults().Random(in.Method, in.Seed, in.Shares)
		return nil, nil
	})
	post(mux, "clear", func(*http.Request, struct{}) (any, error) { s.Faults().Clear(); return nil, nil })
	post(mux, "lag", func(_ *http.Request, in struct {
		Lag string `json:"lag"`
	}) (any, error) {
		d, err := time.ParseDuration(in.Lag)
		if err == nil {
			s.SetLag(d)
		}
		return nil, err
	})
	post(mux, "request_url", func(_ *http.Request, in struct {
		URL string `json:"url"`
	}) (any, error) {
		s.SetRequestURL(in.URL)
		return nil, nil
	})
	post(mux, "tokens", func(_ *http.Request, in struct {
		Token   string `json:"token"`
		Refusal string `json:"refusal"`
	}) (any, error) {
		s.Break(in.Token, in.Refusal)
		return nil, nil
	})
	post(mux, "click", func(r *http.Request, c slackfake.Click) (any, error) { return sent(s.Click(r.Context(), c)) })
	post(mux, "submit", func(r *http.Request, sub slackfake.Submit) (any, error) { return sent(s.Submit(r.Context(), sub)) })
	post(mux, "replay", func(r *http.Request, in struct {
		ID int `json:"id"`
	}) (any, error) {
		return sent(s.Replay(r.Context(), in.ID))
	})
	post(mux, "disconnect", func(_ *http.Request, in struct {
		Reason string `json:"reason"`
	}) (any, error) {
		if in.Reason == "drop" {
			s.Socket().Drop()
		} else {
			s.Socket().Disconnect(in.Reason)
		}
		return nil, nil
	})
}

func (s ruler) queue(_ *http.Request, in struct {
	Method     string    `json:"method"`
	Kind       wire.Kind `json:"kind"`
	Times      int       `json:"times"`
	RetryAfter string    `json:"retry_after"`
}) (any, error) {
	fault := wire.Fault{Kind: in.Kind}
	if in.RetryAfter != "" {
		d, err := time.ParseDuration(in.RetryAfter)
		if err != nil {
			return nil, err
		}
		fault.RetryAfter = d
	}
	if !s.Knows(in.Method) {
		return nil, fmt.Errorf("queue fault: there is no method %q", in.Method)
	}
	if err := in.Kind.Check(); err != nil {
		return nil, err
	}
	s.Faults().Next(in.Method, fault, max(1, in.Times))
	return nil, nil
}

// sent makes an answer of a click that nobody acknowledged.
func sent(d slackfake.Delivery, err error) (any, error) {
	if errors.Is(err, slackfake.ErrNoAck) {
		return d, nil
	}
	return d, err
}

func post[T any](mux *http.ServeMux, name string, do func(*http.Request, T) (any, error)) {
	mux.HandleFunc("POST /_control/"+name, func(w http.ResponseWriter, r *http.Request) {
		var in T
		d := json.NewDecoder(r.Body)
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			say(w, nil, err)
			return
		}
		out, err := do(r, in)
		say(w, out, err)
	})
}

func say(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		v = map[string]any{"error": err.Error()}
	}
	if v == nil {
		v = map[string]any{}
	}
	_ = json.NewEncoder(w).Encode(v) // the caller may be gone
}
