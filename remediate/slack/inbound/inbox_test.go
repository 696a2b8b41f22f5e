package inbound

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/remediate/approve"
	"muster/remediate/slack/slackfake/wire"
)

func none(string) bool { return false }

func TestTheInboxKeepsWhatWasPutUntilItIsRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "inbox")
	b, err := OpenInbox(dir)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	for i := range 5 {
		if err := b.Put(Interaction{ID: fmt.Sprint("x", i), User: "U1", Reason: "a & b", At: at.Add(-time.Duration(i) * time.Second)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Put(Interaction{ID: "x1", User: "U2"}); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("the same again: %v", err)
	}
	if err := errors.Join(b.Remove("x2"), b.Remove("x2")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".tmp-half", "broken.json", "other.json", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"id":"x9"`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if b, err = OpenInbox(dir); err != nil {
		t.Fatal(err)
	}
	list, err := b.List(func(id string) bool { return id == "x3" })
	if err == nil || !strings.Contains(err.Error(), "broken.json") {
		t.Errorf("what cannot be read is not named: %v", err)
	}
	var ids []string
	for _, x := range list {
		ids = append(ids, x.ID)
		if x.User != "U1" || x.Reason != "a & b" {
			t.Errorf("%+v", x)
		}
	}
	if !slices.Equal(ids, []string{"x4", "x1", "x0"}) {
		t.Errorf("listed %v", ids)
	}
	if again, err := b.List(none); err != nil || len(again) != 4 {
		t.Errorf("afterwards: %d, %v", len(again), err)
	}
	info, err := os.Stat(filepath.Join(dir, "x0.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".tmp-half")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("what a crash left is still there")
	}
}

func TestOneOfTwoPutsAtTheSameTimeWins(t *testing.T) {
	b, err := OpenInbox(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	won := make(chan bool, 8)
	for range 8 {
		wg.Go(func() { won <- b.Put(Interaction{ID: "same"}) == nil })
	}
	wg.Wait()
	close(won)
	n := 0
	for ok := range won {
		if ok {
			n++
		}
	}
	if list, err := b.List(none); err != nil || len(list) != 1 || n == 0 {
		t.Fatalf("%d kept, %d won, %v", len(list), n, err)
	}
}

func TestAFullInboxTakesNoMore(t *testing.T) {
	b, err := OpenInbox(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b.held.Store(maxHeld)
	if err := b.Put(Interaction{ID: "one too many"}); err == nil {
		t.Fatal("taken")
	}
}

func TestReplaysAreRememberedForTenMinutes(t *testing.T) {
	var r replays
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		after time.Duration
		marks []string
		fresh bool
	}{
		{0, []string{"a", "t1"}, true}, {0, []string{"a", "t1"}, false}, {time.Minute, []string{"a", "t2"}, false}, {time.Minute, []string{"b", "t1"}, false},
		{time.Minute, []string{"b", "t2"}, true}, {9 * time.Minute, []string{"a", "t1"}, false}, {11 * time.Minute, []string{"a", "t1"}, true},
	} {
		if got := r.take(c.marks, now.Add(c.after)); got != c.fresh {
			t.Errorf("%v after %s: fresh %t", c.marks, c.after, got)
		}
	}
	r.forget([]string{"a", "t1"})
	if !r.take([]string{"a", "t1"}, now.Add(11*time.Minute)) {
		t.Error("what was forgotten is remembered")
	}
	r.take(nil, now.Add(time.Hour))
	if len(r.seen) > 0 {
		t.Errorf("%d remembered for an hour", len(r.seen))
	}
}

func TestVerify(t *testing.T) {
	const secret = "8f742231b10e8888abcd99yyyzzz85a5"
	now := time.Unix(1531420618, 0)
	body := []byte("token=xyzz0WbapA4vBCDEFasx0q6G&payload=%7B%7D")
	signed := func(unix int64, body []byte) http.Header {
		h := http.Header{}
		wire.SignHeader(h, secret, unix, body)
		return h
	}
	change := func(f func(http.Header)) http.Header {
		h := signed(now.Unix(), body)
		f(h)
		return h
	}
	const stamp, signature = "X-Slack-Request-Timestamp", "X-Slack-Signature"
	right := signed(now.Unix(), body).Get(signature)
	for name, c := range map[string]struct {
		header http.Header
		want   approve.RefusalKind
	}{
		"right":                   {signed(now.Unix(), body), ""},
		"five minutes old":        {signed(now.Unix()-300, body), ""},
		"five minutes ahead":      {signed(now.Unix()+300, body), ""},
		"older":                   {signed(now.Unix()-301, body), approve.RefusedStale},
		"further ahead":           {signed(now.Unix()+301, body), approve.RefusedStale},
		"another body":            {signed(now.Unix(), append(slices.Clone(body), ' ')), approve.RefusedSignature},
		"another time":            {change(func(h http.Header) { h.Set(stamp, strconv.FormatInt(now.Unix()+1, 10)) }), approve.RefusedSignature},
		"no time":                 {change(func(h http.Header) { h.Del(stamp) }), approve.RefusedSignature},
		"a time with a sign":      {signedAs(secret, "+1531420618", body), approve.RefusedSignature},
		"a time with a dot":       {signedAs(secret, "1531420618.0", body), approve.RefusedSignature},
		"a time without an end":   {signedAs(secret, strings.Repeat("9", 30), body), approve.RefusedSignature},
		"two times":               {change(func(h http.Header) { h.Add(stamp, "1531420618") }), approve.RefusedSignature},
		"two signatures":          {change(func(h http.Header) { h.Add(signature, right) }), approve.RefusedSignature},
		"no signature":            {change(func(h http.Header) { h.Del(signature) }), approve.RefusedSignature},
		"half a signature":        {change(func(h http.Header) { h.Set(signature, right[:20]) }), approve.RefusedSignature},
		"the version alone":       {change(func(h http.Header) { h.Set(signature, "v0=") }), approve.RefusedSignature},
		"another version":         {change(func(h http.Header) { h.Set(signature, "v1"+right[2:]) }), approve.RefusedSignature},
		"no hexadecimal":          {change(func(h http.Header) { h.Set(signature, "v0=zz") }), approve.RefusedSignature},
		"the secret is forgotten": {signed(now.Unix(), body), approve.RefusedSignature},
	} {
		t.Run(name, func(t *testing.T) {
			key := secret
			if name == "the secret is forgotten" {
				key = ""
			}
			if got := verify(key, c.header, body, now); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// TestVerifyAgreesWithSlacksOwnExample uses the values of Slack's page on verifying requests.
func TestVerifyAgreesWithSlacksOwnExample(t *testing.T) {
	body := "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner" +
		"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
		"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	h := http.Header{}
	h.Set("X-Slack-Request-Timestamp", "1531420618")
	h.Set("X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503")
	if why := verify("8f742231b10e8888abcd99yyyzzz85a5", h, []byte(body), time.Unix(1531420618, 0)); why != "" {
		t.Fatal(why)
	}
}

// signedAs signs a time that is written in another way.
func signedAs(secret, stamp string, body []byte) http.Header {
	h := http.Header{}
	h.Set("X-Slack-Request-Timestamp", stamp)
	// The signature is over the text of the time, so that only its form is wrong.
	h.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac(secret, stamp, body)))
	return h
}

// FuzzDecode reads any payload: it must end in an interaction with a token, or in an error.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{}`, `null`, `[]`, `{"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"muster_approve","value":"x","action_ts":"1.2"}],"container":{"type":"message","channel_id":"C","message_ts":"1"},"trigger_id":"t"}`,
		`{"type":"view_submission","user":{"id":"U1"},"view":{"id":"V","callback_id":"muster_deny","private_metadata":"x"}}`, `{"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"muster_snooze","selected_option":{"value":"4h|x"}}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := decode(raw)
		if err != nil {
			return
		}
		x, marks, err := p.interaction(time.Unix(1, 0))
		if err != nil {
			return
		}
		if _, ok := p.pressedAt(); x.Token == "" || x.User == "" || x.ID == "" || len(marks) < 2 || strings.ContainsAny(x.ID, "/.") {
			t.Fatalf("%+v, %v, %t", x, marks, ok)
		}
	})
}
