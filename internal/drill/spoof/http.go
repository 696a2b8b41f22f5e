package spoof

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"time"

	"muster/remediate/approve"
	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/wire"
)

const formType = "application/x-www-form-urlencoded"

// endpoint is the Request URL that serve answers at.
func (h *house) endpoint() string { return "http://" + h.Listen + "/slack/interactions" }

// capture lets a user press something and keeps what Slack would have sent, from serve.
func (h *house) capture(ctx context.Context, c slackfake.Click) (slackfake.Delivery, error) {
	tap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer tap.Close()
	h.Chat.SetRequestURL(tap.URL)
	defer h.Chat.SetRequestURL(h.endpoint())
	return h.Chat.Click(ctx, c)
}

// send posts a request to serve; what it answers is no error.
func (h *house) send(ctx context.Context, header http.Header, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.endpoint(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("post to serve: %w", err)
	}
	maps.Copy(req.Header, header)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("post to serve: %w", err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.Body.Close()
}

// request is what was captured, to be spoilt.
type request struct {
	header http.Header
	body   []byte
	unix   int64 // now
}

// sign signs a request as somebody who has the secret would.
func (r *request) sign(secret string, unix int64) {
	wire.SignHeader(r.header, secret, unix, r.body)
}

// spoilers are what can be wrong with a signature, with why the request must be refused.
func (h *house) spoilers() []struct {
	name string
	do   func(*request)
	why  approve.RefusalKind
} {
	forged, stale := approve.RefusedSignature, approve.RefusedStale
	secret := h.Chat.SigningSecret()
	signature := func(change func(string) string) func(*request) {
		return func(r *request) { r.header.Set(wire.SignatureHeader, change(r.header.Get(wire.SignatureHeader))) }
	}
	stamp := func(text string) func(*request) {
		return func(r *request) { r.header.Set(wire.TimestampHeader, text) }
	}
	aged := func(d time.Duration) func(*request) {
		return func(r *request) { r.sign(secret, r.unix-int64(d.Seconds())) }
	}
	return []struct {
		name string
		do   func(*request)
		why  approve.RefusalKind
	}{
		{"signed with another secret", func(r *request) { r.sign("guessed", r.unix) }, forged},
		{"signed with nothing", func(r *request) { r.sign("", r.unix) }, forged},
		{"signed with the bot's token", func(r *request) { r.sign(h.Chat.BotToken(), r.unix) }, forged},
		{"without a signature", func(r *request) { r.header.Del(wire.SignatureHeader) }, forged},
		{"without a time", func(r *request) { r.header.Del(wire.TimestampHeader) }, forged},
		{"without both", func(r *request) { r.header.Del(wire.SignatureHeader); r.header.Del(wire.TimestampHeader) }, forged},
		{"a signature of zeros", signature(func(string) string { return "v0=" + strings.Repeat("0", 64) }), forged},
		{"of another version", signature(func(s string) string { return "v1" + s[2:] }), forged},
		{"cut short", signature(func(s string) string { return s[:len(s)-2] }), forged},
		{"lengthened", signature(func(s string) string { return s + "00" }), forged},
		{"not hexadecimal", signature(func(s string) string { return s[:len(s)-1] + "g" }), forged},
		{"no more than its version", signature(func(string) string { return "v0=" }), forged},
		{"two signatures", func(r *request) { r.header.Add(wire.SignatureHeader, "v0="+strings.Repeat("0", 64)) }, forged},
		{"two times", func(r *request) { r.header.Add(wire.TimestampHeader, strconv.FormatInt(r.unix, 10)) }, forged},
		{"another time than was signed", func(r *request) { stamp(strconv.FormatInt(r.unix+1, 10))(r) }, forged},
		{"a time in words", stamp("yesterday"), forged},
		{"a time below zero", stamp("-1"), forged},
		{"a time beyond all", stamp("99999999999999999999"), forged},
		{"signed for another body", func(r *request) { r.body = append(r.body, "&x=1"...) }, forged},
		{"signed six minutes ago", aged(6 * time.Minute), stale},
		{"signed a day ago", aged(24 * time.Hour), stale},
		{"signed six minutes ahead", aged(-6 * time.Minute), stale},
		{"signed in 1970", func(r *request) { r.sign(secret, 1) }, stale},
	}
}

// forged spoils the signature of honest clicks, and bytes of what was signed.
func (h *house) forged(ctx context.Context, questions map[string]question) ([]attempt, error) {
	var out []attempt
	for _, form := range []string{"plain", "two", "escalated", "request", "exception"} {
		q := questions[form]
		for _, action := range []string{pressApprove, pressDeny} {
			d, err := h.capture(ctx, q.on(h.Cast.Part("ana").User, action, nil))
			if err != nil {
				return nil, err
			}
			add := func(group, name string, why approve.RefusalKind, spoil func(*request)) {
				out = append(out, attempt{group: group, name: name, why: why, make: func(ctx context.Context) error {
					r := &request{d.Header.Clone(), bytes.Clone(d.Body), time.Now().Unix()}
					spoil(r)
					return h.send(ctx, r.header, r.body)
				}})
			}
			for _, s := range h.spoilers() {
				add("signature: "+s.name, form+", "+action, s.why, s.do)
			}
			for range 4 {
				at := len("payload=") + h.Rand.IntN(len(d.Body)-len("payload="))
				add("signature: a byte of the body", fmt.Sprint(form, ", ", action, ", at ", at), approve.RefusedSignature, func(r *request) {
					r.body = []byte(h.flip(string(r.body), at))
				})
			}
		}
	}
	return out, nil
}

// malformed are requests with a good signature that are no interactions.
func (h *house) malformed(q question) []attempt {
	var out []attempt
	for _, c := range []struct{ name, contentType, body string }{
		{"JSON instead of a form", "application/json", `{"type":"block_actions"}`},
		{"text instead of a form", "text/plain", "payload={}"},
		{"no type", "", "payload={}"},
		{"two payloads", formType, "payload={}&payload={}"},
		{"no payload", formType, "a=b"},
		{"nothing", formType, ""},
		{"an empty payload", formType, "payload="},
		{"null", formType, "payload=null"},
		{"a list", formType, "payload=[]"},
		{"text", formType, "payload=" + url.QueryEscape(`"approve `+q.ID+`"`)},
		{"nested without an end", formType, "payload=" + strings.Repeat("[", 100000)},
		{"half of one", formType, "payload=" + url.QueryEscape(`{"type":"block_actions","user":{"id":"U1"}`)},
		{"bytes that are no text", formType, "payload=%ff%fe%00"},
		{"bad escapes", formType, "payload=%zz"},
		{"too long", formType, "payload=" + strings.Repeat("x", 600<<10)},
		{"an event", formType, "payload=" + url.QueryEscape(`{"type":"event_callback","team_id":"`+h.Chat.Team().ID+`"}`)},
	} {
		out = append(out, attempt{group: "request: " + c.name, why: approve.RefusedShape, make: func(ctx context.Context) error {
			header := http.Header{}
			if c.contentType != "" {
				header.Set("Content-Type", c.contentType)
			}
			wire.SignHeader(header, h.Chat.SigningSecret(), time.Now().Unix(), []byte(c.body))
			return h.send(ctx, header, []byte(c.body))
		}})
	}
	return out
}

// repeated sends again what came before: the same request, the same interaction signed anew, and its trigger with another button. First comes
// something that decides nothing, which is taken.
func (h *house) repeated(ctx context.Context, questions map[string]question) ([]attempt, error) {
	var out []attempt
	for _, form := range []string{"plain", "two", "escalated", "request"} {
		q := questions[form]
		d, err := h.Chat.Click(ctx, q.on(h.Cast.Part("ben").User, pressDetails, nil))
		if err != nil {
			return nil, err
		}
		for i := range 3 {
			out = append(out, attempt{group: "again: to the byte", name: fmt.Sprint(form, " ", i), about: q.ID, why: approve.RefusedReplay,
				make: func(ctx context.Context) error { return unanswered(h.Chat.Replay(ctx, d.ID)) }})
		}
		anew := func(change func(map[string]any)) func(context.Context) error {
			return func(ctx context.Context) error {
				var payload map[string]any
				if err := json.Unmarshal(d.Payload, &payload); err != nil {
					return fmt.Errorf("read what was sent: %w", err)
				}
				change(payload)
				return unanswered(h.Chat.Send(ctx, payload, nil))
			}
		}
		pressed := func(payload map[string]any, key string, value any) {
			payload["actions"].([]any)[0].(map[string]any)[key] = value // it is our own click's
		}
		out = append(out,
			attempt{group: "again: signed anew", name: form, about: q.ID, why: approve.RefusedReplay, make: anew(func(map[string]any) {})},
			attempt{group: "again: the trigger with another button", name: form, about: q.ID, why: approve.RefusedReplay, make: anew(func(p map[string]any) { pressed(p, "action_id", pressApprove) })},
			attempt{group: "again: the trigger at another time", name: form, about: q.ID, why: approve.RefusedReplay, make: anew(func(p map[string]any) {
				pressed(p, "action_id", pressApprove)
				pressed(p, "action_ts", fmt.Sprint(time.Now().Unix(), ".000200"))
			})})
	}
	return out, nil
}
