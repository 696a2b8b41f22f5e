package spoof

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/remediate/approve"
)

// decides runs `muster decide` with one of the configurations; that it says no is no error.
func (h *house) decides(config string, args ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		s, err := h.Muster(ctx, config, append([]string{"decide"}, args...)...)
		if err == nil && s.Code != 0 && !strings.Contains(s.Stderr, "refused, and on the ledger") {
			return fmt.Errorf("muster decide ended with %d: %s", s.Code, s.All())
		}
		return err
	}
}

// decision is an attempt by `muster decide`.
func (h *house) decision(group string, q question, why approve.RefusalKind, config string, args ...string) attempt {
	return attempt{group: group, name: q.ID + " " + strings.Join(args, " "), about: q.ID, why: why, make: h.decides(config, slices.Concat([]string{q.ID}, args)...)}
}

// tokensOf changes a token of one person for one question: every step-th byte, and as a whole.
func (h *house) tokensOf(way string, q question, token string, step int) []attempt {
	var out []attempt
	add := func(name, changed string, why approve.RefusalKind) {
		a := h.decision(way+": "+name, q, why, "as-spare", "approve", "--token="+changed)
		out = append(out, a)
	}
	for i := 0; i < len(token); i += step {
		add("a byte of the token", h.flip(token, i), approve.RefusedToken)
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		panic("a token of our own cannot be read: " + err.Error())
	}
	parts := strings.Split(string(raw), "\x00")
	again := func(person, until, seal string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(person + "\x00" + until + "\x00" + seal))
	}
	add("cut short", token[:len(token)-1], approve.RefusedToken)
	add("cut in half", token[:len(token)/2], approve.RefusedToken)
	add("one byte more", token+"A", approve.RefusedToken)
	add("twice", token+token, approve.RefusedToken)
	add("with padding", token+"=", approve.RefusedToken)
	add("in small letters", strings.ToLower(token), approve.RefusedToken)
	add("a button's", h.Tokens.Button(q.ID), approve.RefusedToken)
	add("another person in it", again(h.Cast.Part("ben").ID, parts[1], parts[2]), approve.RefusedToken)
	add("another end in it", again(parts[0], "zzzzzzz", parts[2]), approve.RefusedToken)
	add("without its seal", again(parts[0], parts[1], ""), approve.RefusedToken)
	add("a person and a seal alone", base64.RawURLEncoding.EncodeToString([]byte(parts[0]+"\x00"+parts[2])), approve.RefusedToken)
	return out
}

// foreign are tokens with a good seal that are no good: of other people, of other questions, of another installation, and run out.
func (h *house) foreign(s scene, token func(question, string) string) []attempt {
	var out []attempt
	for _, form := range []string{"plain", "request", "exception", "own"} {
		q := s.open[form]
		for who, why := range map[string]approve.RefusalKind{"subject": approve.RefusedSelf, "requester": approve.RefusedRequester, "off": approve.RefusedRoute, "spare": approve.RefusedRoute,
			"left": approve.RefusedDeactivated, "later": approve.RefusedRoute} {
			out = append(out, h.decision("command: the token of "+who, q, why, "as-ana", "approve", "--token", token(q, who)))
		}
		id := h.Cast.Part("ana").ID
		out = append(out,
			h.decision("command: of another question", q, approve.RefusedToken, "as-ana", "approve", "--token", token(s.other, "ana")),
			h.decision("command: of another installation", q, approve.RefusedToken, "as-ana", "approve", "--token", approve.NewTokens([]byte("another key")).Personal(q.ID, id, time.Now().Add(time.Hour))),
			h.decision("command: run out", q, approve.RefusedStale, "as-ana", "approve", "--token", h.Tokens.Personal(q.ID, id, time.Now().Add(-time.Minute))),
			h.decision("command: run out long ago", q, approve.RefusedStale, "as-ana", "deny", "--reason", "it is not needed", "--token", h.Tokens.Personal(q.ID, id, time.Unix(1, 0))),
			h.decision("command: of nobody", q, approve.RefusedDeactivated, "as-ana", "approve", "--token", h.Tokens.Personal(q.ID, "W-99999", time.Now().Add(time.Hour))),
			h.decision("command: a denial without a reason", q, approve.RefusedShape, "as-spare", "deny", "--token", token(q, "ana")))
	}
	for name, q := range s.closed {
		out = append(out, h.decision("command: "+name, q, approve.RefusedClosed, "as-spare", "approve", "--token", token(q, "ana")))
	}
	return out
}

// logins are users of the host who may not decide, without a token.
func (h *house) logins(s scene) []attempt {
	var out []attempt
	for _, form := range []string{"plain", "two", "request", "exception"} {
		q := s.open[form]
		for config, why := range map[string]approve.RefusalKind{"socket": approve.RefusedStranger, "as-subject": approve.RefusedSelf, "as-requester": approve.RefusedRequester,
			"as-off": approve.RefusedRoute, "as-left": approve.RefusedDeactivated, "as-later": approve.RefusedRoute} {
			for _, verdict := range []string{"approve", "deny"} {
				out = append(out, h.decision("command: user "+config+", "+verdict, q, why, config, verdict, "--reason", "it is not needed"))
			}
		}
	}
	for name, q := range s.closed {
		out = append(out, h.decision("command: user of the host, "+name, q, approve.RefusedClosed, "as-ana", "approve"))
	}
	nowhere := question{}
	nowhere.ID = "AP-NOWHERE1"
	return append(out, h.decision("command: no such question", nowhere, approve.RefusedUnknown, "as-ana", "approve"))
}
