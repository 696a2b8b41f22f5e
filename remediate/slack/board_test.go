package slack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/retry"
	"muster/remediate/notice"
	"muster/remediate/notice/noticetest"
	"muster/remediate/remediatetest"
	"muster/remediate/slack"
	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/state"
	"muster/remediate/slack/slackfake/wire"
)

// scale is how much faster than ours the workspace's clock runs: its lags and limits pass quickly.
const scale = 100

type buttons struct{}

func (buttons) Button(approval string) string { return approval + ".token" }

type house struct {
	fake    *slackfake.Server
	records *remediatetest.Records
	ledger  *noticetest.Ledger
	channel state.Channel
	people  map[string]string
	now     func() time.Time
}

func newHouse(t *testing.T, o slackfake.Options) *house {
	t.Helper()
	now := wire.Clock(scale)
	o.Now = now
	fake := slackfake.New(o)
	t.Cleanup(fake.Close)
	h := &house{fake: fake, records: &remediatetest.Records{}, ledger: &noticetest.Ledger{}, people: map[string]string{}, now: now}
	h.channel = fake.AddChannel(state.Channel{Name: "access"})
	for _, w := range []string{"W-1", "W-2", "W-3"} {
		h.people[w] = fake.AddUser(state.User{Name: strings.ToLower(w)}).ID
	}
	return h
}

// sleep waits in the workspace's time.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d / scale):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *house) settings() slack.Settings {
	return slack.Settings{Team: h.fake.Team().ID, App: h.fake.App().ID, BotToken: h.fake.BotToken(), AppToken: h.fake.AppToken(), Secret: h.fake.SigningSecret(),
		Channel: h.channel.ID, People: h.people, APIURL: h.fake.APIURL()}
}

// board is that of a new process; it dies at the step kill.
func (h *house) board(s slack.Settings, kill string) *slack.Board {
	client := slack.New(s, slack.Options{Now: h.now, Sleep: sleep, Retry: retry.Policy{Sleep: sleep}})
	box := &notice.Outbox{Records: h.records, Ledger: h.ledger, Now: h.now, Sleep: sleep, Retry: retry.Policy{Sleep: sleep, Base: time.Second}, Log: slog.New(slog.DiscardHandler), Step: func(s string) {
		if s == kill {
			panic(killed{})
		}
	}}
	return &slack.Board{Client: client, Outbox: box, Buttons: buttons{}, Now: h.now}
}

type killed struct{}

func dies(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if r := recover(); r == nil {
			t.Fatal("the process was not killed")
		} else if _, ok := r.(killed); !ok {
			panic(r)
		}
	}()
	f()
}

func (h *house) approval(id string) access.Approval {
	return access.Approval{ID: id, Run: "R-1", About: access.AboutActions, Title: "Kemi Okafor would lose PAY_VENDOR in erp", Why: "she moved", Rule: "privilege-creep",
		Approvers:  []access.Approver{{Person: "W-1", Name: "Petra Novak", Role: "manager"}, {Person: "W-2", Name: "Ana Silva", Role: "owner"}},
		Escalation: []access.Approver{{Person: "W-3", Name: "Maja Lind", Role: "security"}}, Need: 1, Person: "W-9", RaisedAt: h.now(), ExpiresAt: h.now().Add(1000 * time.Hour),
		State: access.ApprovalWaiting, Version: 1}
}

func sync(t *testing.T, b *slack.Board, a ...access.Approval) {
	t.Helper()
	if err := b.Sync(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

// main is the one message of an approval, as it is now.
func (h *house) main(t *testing.T, key string) state.Message {
	t.Helper()
	found := h.fake.Find(key)
	if len(found) != 1 {
		t.Fatalf("%s is there %d times", key, len(found))
	}
	return found[0]
}

func (h *house) thread(t *testing.T, key string) string {
	t.Helper()
	m := h.main(t, key)
	var lines []string
	for _, r := range h.fake.Thread(m.Channel, m.TS)[1:] {
		lines = append(lines, r.Text)
	}
	return strings.Join(lines, "\n")
}

func text(t *testing.T, m state.Message) string {
	t.Helper()
	out, err := json.Marshal(m.Blocks)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestSyncTellsTheLifeOfAnApproval(t *testing.T) {
	h := newHouse(t, slackfake.Options{})
	b := h.board(h.settings(), "")
	a := h.approval("AP-1")
	sync(t, b, a)
	sync(t, b, a)
	m := h.main(t, "approval/AP-1")
	if got := text(t, m); !strings.Contains(got, "muster_approve") || !strings.Contains(got, "@"+h.people["W-1"]) {
		t.Fatalf("the question: %s", got)
	}
	a.RemindAt, a.Reminded, a.Version = h.now().Add(-time.Minute), true, 2
	a.Snoozed = map[string]time.Time{"W-2": h.now().Add(500 * time.Hour)}
	sync(t, b, a)
	sync(t, b, a)
	if got := h.thread(t, "approval/AP-1"); strings.Count(got, "Reminder") != 1 || !strings.Contains(got, h.people["W-1"]) || strings.Contains(got, h.people["W-2"]) {
		t.Fatalf("the reminder: %s", got)
	}
	a.Snoozed = map[string]time.Time{"W-2": h.now().Add(-time.Second)}
	a.Escalated, a.Version = true, 3
	sync(t, b, a)
	sync(t, b, a)
	got := h.thread(t, "approval/AP-1")
	if strings.Count(got, "you wanted to be reminded") != 1 || strings.Count(got, "Escalated") != 1 || !strings.Contains(got, h.people["W-3"]) {
		t.Fatalf("the escalation: %s", got)
	}
	a.Decisions = []access.Decision{{ID: "D-1", Verdict: access.Approve, By: "W-2", ByName: "Ana Silva", Role: "owner", Channel: access.ChannelSlack, At: h.now()}}
	a.State, a.Outcome, a.Version = access.ApprovalApproved, "done 2026-11-22 01:04 UTC", 4
	sync(t, b, a)
	a.Outcome, a.Version = "verified by the next snapshot", 5
	sync(t, b, a)
	sync(t, b, a)
	m = h.main(t, "approval/AP-1")
	if got := text(t, m); strings.Contains(got, "muster_approve") || !strings.Contains(got, "verified by the next snapshot") || !strings.Contains(got, "Approved by") {
		t.Fatalf("the answer: %s", got)
	}
	got = h.thread(t, "approval/AP-1")
	for _, want := range []string{"Asked", "Reminder", "Escalated", "Approved by", "done 2026", "verified by the next snapshot"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%q is %d times in the thread:\n%s", want, strings.Count(got, want), got)
		}
	}
	if d := h.fake.Duplicates(); len(d) > 0 {
		t.Fatalf("posted more than once: %v", d)
	}
	if len(h.ledger.Events(ledger.Notice)) == 0 {
		t.Fatal("nothing on the ledger")
	}
}

func TestOldVersionsNeverComeBack(t *testing.T) {
	h := newHouse(t, slackfake.Options{})
	b := h.board(h.settings(), "")
	old := h.approval("AP-1")
	sync(t, b, old)
	now := old
	now.State, now.Version = access.ApprovalDenied, 2
	sync(t, b, now)
	sync(t, b, old)
	if got := text(t, h.main(t, "approval/AP-1")); strings.Contains(got, "muster_approve") {
		t.Fatal("the buttons are back")
	}
}

func TestWhatWasAnsweredBeforeAnybodySawItIsNotPosted(t *testing.T) {
	h := newHouse(t, slackfake.Options{})
	a := h.approval("AP-1")
	a.State = access.ApprovalWithdrawn
	sync(t, h.board(h.settings(), ""), a)
	if n := len(h.fake.Posts()); n != 0 {
		t.Fatalf("%d posts", n)
	}
}

func TestDirectMessagesReachEveryApprover(t *testing.T) {
	h := newHouse(t, slackfake.Options{})
	s := h.settings()
	s.Direct = true
	a := h.approval("AP-1")
	sync(t, h.board(s, ""), a)
	for _, w := range []string{"W-1", "W-2"} {
		if m := h.main(t, "approval/AP-1/"+w); !strings.HasPrefix(m.Channel, "D") {
			t.Errorf("%s got it in %s", w, m.Channel)
		}
	}
	if n := len(h.fake.Find("approval/AP-1")); n != 0 {
		t.Errorf("%d in the channel", n)
	}
	a.ID = "AP-2"
	a.Approvers = append(a.Approvers, access.Approver{Person: "W-7", Name: "Nobody in Slack"})
	sync(t, h.board(s, ""), a)
	if m := h.main(t, "approval/AP-2"); m.Channel != h.channel.ID {
		t.Errorf("who is not in Slack: posted in %s", m.Channel)
	}
}

// TestOnePostWhateverFails lets the fake fail in every way at the first post, and kills the process at every step.
func TestOnePostWhateverFails(t *testing.T) {
	faults := []wire.Kind{"", "500", "commit_500", "drop", "commit_drop", "429", "commit_invalid_json", "error:fatal_error", "commit_error:fatal_error", "commit_503"}
	for _, direct := range []bool{false, true} {
		if direct {
			faults = []wire.Kind{"", "commit_500"}
		}
		for _, fault := range faults {
			for _, kill := range []string{"", notice.StepIntent, notice.StepPosted, notice.StepEntered, notice.StepSent} {
				name := fmt.Sprintf("direct %t, fault %q, killed at %q", direct, fault, kill)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					h := newHouse(t, slackfake.Options{Lag: 8 * time.Second})
					s := h.settings()
					s.Direct = direct
					a := h.approval("AP-1")
					a.Approvers = a.Approvers[:1]
					if fault != "" {
						h.fake.Faults().Next("chat.postMessage", wire.Fault{Kind: fault}, 1)
					}
					if kill != "" {
						dies(t, func() { _ = h.board(s, kill).Sync(t.Context(), []access.Approval{a}) })
					}
					sync(t, h.board(s, ""), a)
					sync(t, h.board(s, ""), a)
					if d := h.fake.Duplicates(); len(d) > 0 {
						t.Fatalf("posted more than once: %v", d)
					}
					key := "approval/AP-1"
					if direct {
						key += "/W-1"
					}
					h.main(t, key)
					if got := h.thread(t, key); strings.Count(got, "Asked") != 1 {
						t.Fatalf("the thread: %s", got)
					}
				})
			}
		}
	}
}

func TestAChannelThatSlackRefusesKeepsNobodyElse(t *testing.T) {
	h := newHouse(t, slackfake.Options{})
	s := h.settings()
	s.Channel = h.fake.AddChannel(state.Channel{Name: "closed", IsArchived: true}).ID
	err := h.board(s, "").Sync(t.Context(), []access.Approval{h.approval("AP-1"), h.approval("AP-2")})
	if access.KindOf(err) != access.Denied || access.HintOf(err) == "" || h.fake.Calls("chat.postMessage") != 2 {
		t.Fatalf("%v after %d calls", err, h.fake.Calls("chat.postMessage"))
	}
	if strings.Contains(err.Error(), h.fake.BotToken()) {
		t.Fatal("the token is in the error")
	}
}

func TestAMessageThatWasRemovedIsLeftAlone(t *testing.T) {
	h := newHouse(t, slackfake.Options{})
	a := h.approval("AP-1")
	b := h.board(h.settings(), "")
	sync(t, b, a)
	m := h.main(t, "approval/AP-1")
	if !h.fake.Workspace().Delete(m.Channel, m.TS) {
		t.Fatal("not deleted")
	}
	a.State, a.Version = access.ApprovalDenied, 2
	sync(t, b, a)
	sync(t, b, a)
	if n := len(h.fake.Find("approval/AP-1")); n != 0 {
		t.Fatalf("%d came back", n)
	}
}

func TestHoldsAreOneMessageARun(t *testing.T) {
	h := newHouse(t, slackfake.Options{Lag: 5 * time.Second})
	b := h.board(h.settings(), "")
	holds := []access.Hold{{ID: "H-1", System: "erp", Reason: "31 actions are more than 25", Actions: 31, Accounts: 30, Version: 1},
		{ID: "H-2", System: "saas", Reason: "the snapshot is partial", Actions: 2, Accounts: 2, Version: 1}}
	if err := b.Holds(t.Context(), "R-1", []access.Hold{{ID: "H-0", ReleasedAt: h.now(), Version: 2}}); err != nil || len(h.fake.Posts()) != 0 {
		t.Fatalf("%v, %d posts", err, len(h.fake.Posts()))
	}
	dies(t, func() { _ = h.board(h.settings(), notice.StepPosted).Holds(t.Context(), "R-1", holds) })
	for range 3 {
		if err := b.Holds(t.Context(), "R-1", holds); err != nil {
			t.Fatal(err)
		}
	}
	got := text(t, h.main(t, "hold/R-1"))
	for _, want := range []string{"31 actions", "muster release H-1", "muster release H-2", "33 actions on 32 accounts"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	for i := range holds {
		holds[i].ReleasedAt, holds[i].ReleasedBy, holds[i].Version = h.now(), "W-1", 2
	}
	if err := b.Holds(t.Context(), "R-1", holds); err != nil {
		t.Fatal(err)
	}
	if got := text(t, h.main(t, "hold/R-1")); !strings.Contains(got, "Nothing is held any more") || strings.Contains(got, "muster release") {
		t.Errorf("after the release: %s", got)
	}
}

func TestTenThousandFindingsAreOneMessageAnOwner(t *testing.T) {
	h := newHouse(t, slackfake.Options{NoLimits: true})
	var digests []notice.Digest
	for o := range 300 {
		worker := fmt.Sprintf("W-%05d", o)
		h.people[worker] = h.fake.AddUser(state.User{Name: strings.ToLower(worker)}).ID
		d := notice.Digest{Organisation: "acme", Run: "R-1", AsOf: h.now(), Owner: access.Approver{Person: worker}, Systems: []string{"erp"}}
		for i := range 10000/300 + 1 {
			severity := []access.Severity{access.Critical, access.High, access.Medium}[i%3]
			d.Findings = append(d.Findings, access.Finding{ID: fmt.Sprintf("F-%d-%d", o, i), Severity: severity, Rule: "r", Change: access.ChangeNew, System: "erp", Subject: fmt.Sprint("user", i)})
		}
		d.Counts = []access.RuleCount{{Rule: "r", System: "erp", Severity: access.High, New: len(d.Findings), Open: len(d.Findings)}}
		digests = append(digests, d)
	}
	b := h.board(h.settings(), "")
	digests = append(digests, notice.Digest{Run: "R-1", Owner: access.Approver{Person: "W-unknown"}})
	for range 2 {
		unreached, err := b.Digests(t.Context(), digests)
		if err != nil || len(unreached) != 1 || unreached[0].Owner.Person != "W-unknown" {
			t.Fatalf("%v, unreached %v", err, len(unreached))
		}
		if err := b.Critical(t.Context(), digests); err != nil {
			t.Fatal(err)
		}
	}
	to := map[string]int{}
	for _, p := range h.fake.Posts() {
		to[p.Channel]++
	}
	for channel, n := range to {
		if limit := 1; n > limit && channel != h.channel.ID {
			t.Errorf("%d messages in %s", n, channel)
		}
	}
	if len(to) != 301 || to[h.channel.ID] != 11 {
		t.Errorf("%d conversations, %d critical messages in the channel", len(to), to[h.channel.ID])
	}
}

func TestCheckRefusesAnotherWorkspace(t *testing.T) {
	h := newHouse(t, slackfake.Options{})
	s := h.settings()
	client := slack.New(s, slack.Options{Sleep: sleep})
	if err := client.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Team = "T0OTHER"
	if err := slack.New(s, slack.Options{}).Check(t.Context()); access.KindOf(err) != access.Invalid || access.HintOf(err) == "" {
		t.Fatalf("another workspace: %v", err)
	}
	s.BotToken = "xoxb-not-a-token"
	err := slack.New(s, slack.Options{}).Check(t.Context())
	if access.KindOf(err) != access.Denied || strings.Contains(err.Error(), "xoxb") {
		t.Fatalf("a wrong token: %v", err)
	}
	h.fake.Close()
	err = slack.New(s, slack.Options{Retry: retry.Policy{Tries: 1}}).Check(t.Context())
	if access.KindOf(err) != access.Transient || strings.Contains(err.Error(), "http") {
		t.Fatalf("no server: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := slack.New(s, slack.Options{}).Check(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
}
