package slack

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/remediate/notice"
	"muster/remediate/slack/blocks"
)

func TestOnlyOurOwnBotsMetadataCounts(t *testing.T) {
	message := func(bot, key string) string {
		return fmt.Sprintf(`{"ts":"1.000001","bot_id":%q,"metadata":{"event_type":"muster","event_payload":{"dedup":%q}}}`, bot, key)
	}
	for name, c := range map[string]struct {
		message string
		found   bool
	}{"ours": {message("B0OURS", "k"), true}, "another app's": {message("B0OTHER", "k"), false}, "nobody's": {message("", "k"), false}, "another key": {message("B0OURS", "k2"), false}} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "auth.test") {
					fmt.Fprint(w, `{"ok":true,"team_id":"T0","bot_id":"B0OURS"}`)
					return
				}
				if r.FormValue("include_all_metadata") == "" || r.FormValue("oldest") != "1795309200.000000" {
					t.Errorf("asks with %v", r.Form)
				}
				fmt.Fprintf(w, `{"ok":true,"messages":[%s]}`, c.message)
			}))
			defer server.Close()
			client := New(Settings{Team: "T0", APIURL: server.URL + "/"}, Options{})
			_, found, err := post{client: client, message: blocks.Plain("x")}.Find(t.Context(), notice.Notice{Key: "k", Address: "C0"}, time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC))
			if err != nil || found != c.found {
				t.Fatalf("found %t, %v", found, err)
			}
		})
	}
}

func TestPaceGivesEachChannelATurnASecond(t *testing.T) {
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	var waits []time.Duration
	p := &pace{gap: time.Second, now: func() time.Time { return now }, next: map[string]time.Time{}, sleep: func(_ context.Context, d time.Duration) error {
		waits = append(waits, d)
		return nil
	}}
	for _, channel := range []string{"C1", "C2", "C1", "C1"} {
		if err := p.wait(t.Context(), channel); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(10 * time.Second)
	if err := p.wait(t.Context(), "C1"); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(waits) != "[1s 2s]" {
		t.Fatalf("waits %v", waits)
	}
	for i := range 3 * maxPaced {
		now = now.Add(2 * time.Second)
		_ = p.wait(t.Context(), fmt.Sprint(i))
	}
	if len(p.next) > maxPaced+1 {
		t.Fatalf("remembers %d channels", len(p.next))
	}
}

func TestWorkerIsOneOrNobody(t *testing.T) {
	s := Settings{People: map[string]string{"W-1": "U1", "W-2": "U2", "W-3": "U2", "W-4": ""}}
	for user, want := range map[string]string{"U1": "W-1", "U2": "", "U3": "", "": ""} {
		if got, ok := s.Worker(user); got != want || ok != (want != "") {
			t.Errorf("%q is %q, %t", user, got, ok)
		}
	}
}

func TestErrorsSayWhatIsKnown(t *testing.T) {
	for name, want := range map[string]access.Kind{"fatal_error": access.Transient, "internal_error": access.Transient, "ratelimited": access.Throttled, "not_in_channel": access.Denied,
		"message_not_found": access.NotFound, "invalid_blocks": access.Invalid, "missing_scope": access.Denied, "something_new": access.Invalid} {
		if got, _ := meaning(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
