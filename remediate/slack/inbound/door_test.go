package inbound_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/remediate"
	"muster/remediate/approve"
	"muster/remediate/notice"
	"muster/remediate/notice/noticetest"
	"muster/remediate/remediatetest"
	"muster/remediate/slack"
	"muster/remediate/slack/inbound"
	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/state"
)

// hr is HR: who is there and active.
type hr map[string]access.Status

func (h hr) Find(_ context.Context, ref string) (access.Person, bool, error) {
	status, ok := h[ref]
	return access.Person{ID: ref, Status: status}, ok, nil
}

// slowDesk lets the Desk be slow, or down.
type slowDesk struct {
	inbound.Desk
	mu   sync.Mutex
	wait chan struct{} // when it is set, decisions wait for it
	down error
}

func (s *slowDesk) state() (chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wait, s.down
}

func (s *slowDesk) set(wait chan struct{}, down error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wait, s.down = wait, down
}

func (s *slowDesk) Decide(ctx context.Context, c approve.Claim) (access.Approval, error) {
	wait, down := s.state()
	if wait != nil {
		<-wait
	}
	if down != nil {
		return access.Approval{}, down
	}
	return s.Desk.Decide(ctx, c)
}

func (s *slowDesk) Refuse(ctx context.Context, a approve.Attempt) error {
	if _, down := s.state(); down != nil {
		return down
	}
	return s.Desk.Refuse(ctx, a)
}

// office is everything between a click and a decision.
type office struct {
	t       *testing.T
	fake    *slackfake.Server
	records *remediatetest.Records
	ledger  *noticetest.Ledger
	desk    *approve.Desk
	slow    *slowDesk
	board   *slack.Board
	folder  string
	channel state.Channel
	users   map[string]string // Slack user by worker
	hr      hr
	door    *inbound.Door
	asked   int
}

// newOffice opens an office with one door, over HTTP or Socket Mode.
func newOffice(t *testing.T, socket bool) *office {
	t.Helper()
	fake := slackfake.New(slackfake.Options{NoLimits: true, AckTimeout: 3 * time.Second})
	o := &office{t: t, fake: fake, records: &remediatetest.Records{}, ledger: &noticetest.Ledger{}, folder: t.TempDir() + "/inbox", users: map[string]string{}, hr: hr{}}
	t.Cleanup(fake.Close)
	o.channel = fake.AddChannel(state.Channel{Name: "access"})
	for _, w := range []string{"W-1", "W-2", "W-3", "W-subject", "W-asker", "W-left"} {
		o.users[w], o.hr[w] = fake.AddUser(state.User{Name: strings.ToLower(w)}).ID, access.StatusActive
	}
	o.hr["W-left"] = access.StatusTerminated
	tokens := approve.NewTokens([]byte("a key for tests, 32 bytes long.."))
	o.desk = &approve.Desk{Records: o.records, Ledger: o.ledger, People: o.hr, Tokens: tokens, Now: time.Now}
	o.slow = &slowDesk{Desk: o.desk}
	s := slack.Settings{Team: fake.Team().ID, App: fake.App().ID, BotToken: fake.BotToken(), AppToken: fake.AppToken(), Secret: fake.SigningSecret(), Channel: o.channel.ID,
		People: o.users, APIURL: fake.APIURL()}
	box := &notice.Outbox{Records: o.records, Ledger: o.ledger, Now: time.Now, Log: slog.New(slog.DiscardHandler), Settle: time.Millisecond}
	o.board = &slack.Board{Client: slack.New(s, slack.Options{Pace: time.Millisecond}), Outbox: box, Buttons: tokens, Now: time.Now}
	o.door = o.newDoor(nil)
	if !socket {
		server := httptest.NewServer(o.door)
		t.Cleanup(server.Close)
		fake.SetRequestURL(server.URL)
		return o
	}
	o.run(func(ctx context.Context) {
		if err := o.door.Socket(ctx); err != nil {
			t.Error(err)
		}
	})
	o.until("the socket", func() bool { return fake.Socket().Connections() > 0 })
	return o
}

// newDoor is that of a new process.
func (o *office) newDoor(step func(string)) *inbound.Door {
	o.t.Helper()
	d, err := inbound.New(inbound.Config{Client: o.board.Client, Board: o.board, Desk: o.slow, Tokens: o.desk.Tokens, People: o.hr, Records: o.records, Folder: o.folder, Now: time.Now, Step: step})
	if err != nil {
		o.t.Fatal(err)
	}
	return d
}

// run lets something run until the test ends or stop is called.
func (o *office) run(f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); f(ctx) }()
	stop = func() { cancel(); <-done }
	o.t.Cleanup(stop)
	return stop
}

func (o *office) until(what string, ok func() bool) {
	o.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	o.t.Fatalf("waited in vain for %s", what)
}

// ask puts a question and posts it.
func (o *office) ask(change func(*access.Approval)) (access.Approval, state.Message) {
	o.t.Helper()
	o.asked++
	a := access.Approval{ID: fmt.Sprintf("AP-%08d", o.asked), Key: fmt.Sprint("k", o.asked), Run: "R-1", About: access.AboutActions, Title: "Kemi Okafor would lose PAY_VENDOR in erp", Why: "she moved",
		Approvers:  []access.Approver{{Person: "W-1", Name: "Petra Novak", Role: "manager"}, {Person: "W-2", Name: "Ana Silva", Role: "owner"}, {Person: "W-left", Name: "Otto Brandt", Role: "owner"}},
		Escalation: []access.Approver{{Person: "W-3", Name: "Maja Lind", Role: "security"}}, Need: 1, Person: "W-subject", Requester: "W-asker", ExpiresAt: time.Now().Add(time.Hour)}
	if change != nil {
		change(&a)
	}
	raised, err := o.desk.Raise(o.t.Context(), []access.Approval{a})
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.board.Sync(o.t.Context(), raised); err != nil {
		o.t.Fatal(err)
	}
	return raised[0], o.fake.Find("approval/" + a.ID)[0]
}

func (o *office) approval(id string) access.Approval {
	o.t.Helper()
	list, err := remediate.Load[access.Approval](o.t.Context(), o.records, access.DocumentQuery{Kind: access.DocApproval, ID: id})
	if err != nil || len(list) != 1 {
		o.t.Fatalf("%v, %d", err, len(list))
	}
	return list[0]
}

// refusals lists why attempts were refused, as the ledger has it.
func (o *office) refusals() []string {
	var out []string
	for _, e := range o.ledger.Events(ledger.Refusal) {
		out = append(out, fmt.Sprint(e.Data.(map[string]any)["why"]))
	}
	return out
}

func (o *office) click(m state.Message, worker, action string) slackfake.Delivery {
	o.t.Helper()
	d, err := o.fake.Click(o.t.Context(), slackfake.Click{User: o.users[worker], Channel: m.Channel, TS: m.TS, ActionID: action})
	if err != nil {
		o.t.Fatal(err)
	}
	return d
}

func (o *office) whispers() string {
	var out []string
	for _, m := range o.fake.Workspace().Whispers() {
		out = append(out, m.Target+": "+m.Text)
	}
	return strings.Join(out, "\n")
}

func both(t *testing.T, f func(t *testing.T, o *office)) {
	for name, socket := range map[string]bool{"http": false, "socket": true} {
		t.Run(name, func(t *testing.T) { f(t, newOffice(t, socket)) })
	}
}

func TestOneClickApproves(t *testing.T) {
	both(t, func(t *testing.T, o *office) {
		o.run(o.door.Work)
		a, m := o.ask(nil)
		if d := o.click(m, "W-1", "muster_approve"); !d.Acknowledged || d.Took > time.Second {
			t.Fatalf("acknowledged %t after %s", d.Acknowledged, d.Took)
		}
		o.until("the decision", func() bool { return o.approval(a.ID).State == access.ApprovalApproved })
		x := o.approval(a.ID).Decisions[0]
		if x.By != "W-1" || x.Channel != access.ChannelSlack || x.Role != "manager" {
			t.Fatalf("%+v", x)
		}
		o.until("the message", func() bool {
			text, _ := json.Marshal(o.fake.Find("approval/" + a.ID)[0].Blocks)
			return !strings.Contains(string(text), "muster_approve") && strings.Contains(string(text), "Approved by")
		})
		o.until("the thread", func() bool { return len(o.fake.Thread(m.Channel, m.TS)) == 3 })
		if r := o.refusals(); len(r) > 0 {
			t.Fatalf("refused: %v", r)
		}
	})
}

func TestADenialAsksForItsReason(t *testing.T) {
	both(t, func(t *testing.T, o *office) {
		o.run(o.door.Work)
		a, m := o.ask(nil)
		o.click(m, "W-2", "muster_deny")
		o.until("the dialog", func() bool { return len(o.fake.Workspace().Views(o.users["W-2"])) == 1 })
		view := o.fake.Workspace().Views(o.users["W-2"])[0]
		d, err := o.fake.Submit(t.Context(), slackfake.Submit{User: o.users["W-2"], View: view.ID, Values: map[string]string{"reason": "  no "}})
		if err != nil || !strings.Contains(string(d.Answer), `"response_action":"errors"`) {
			t.Fatalf("a short reason: %s, %v", d.Answer, err)
		}
		if d, err = o.fake.Submit(t.Context(), slackfake.Submit{User: o.users["W-2"], View: view.ID, Values: map[string]string{"reason": "she covers for <!channel> until Friday"}}); err != nil || len(d.Answer) > 0 && string(d.Answer) != "null" {
			t.Fatalf("%s, %v", d.Answer, err)
		}
		o.until("the decision", func() bool { return o.approval(a.ID).State == access.ApprovalDenied })
		if x := o.approval(a.ID).Decisions[0]; x.By != "W-2" || x.Reason != "she covers for <!channel> until Friday" {
			t.Fatalf("%+v", x)
		}
		o.until("the message", func() bool {
			text, _ := json.Marshal(o.fake.Find("approval/" + a.ID)[0])
			return strings.Contains(string(text), "Denied by") && !strings.Contains(string(text), "<!channel>")
		})
	})
}

func TestSnoozeAndDetails(t *testing.T) {
	o := newOffice(t, true)
	o.run(o.door.Work)
	a, m := o.ask(func(a *access.Approval) { a.ExpiresAt = time.Now().Add(100 * time.Hour) })
	value := "1d|" + o.desk.Tokens.Button(a.ID)
	if _, err := o.fake.Click(t.Context(), slackfake.Click{User: o.users["W-1"], Channel: m.Channel, TS: m.TS, ActionID: "muster_snooze", Value: value}); err != nil {
		t.Fatal(err)
	}
	o.until("the snooze", func() bool { return !o.approval(a.ID).Snoozed["W-1"].IsZero() })
	if d := time.Until(o.approval(a.ID).Snoozed["W-1"]); d < 23*time.Hour || d > 25*time.Hour {
		t.Fatalf("snoozed for %s", d)
	}
	o.until("the answer", func() bool { return strings.Contains(o.whispers(), "You will be reminded") })
	o.click(m, "W-1", "muster_details")
	o.until("the dialog", func() bool { return len(o.fake.Workspace().Views(o.users["W-1"])) == 1 })
	if o.approval(a.ID).State != access.ApprovalWaiting || len(o.refusals()) > 0 {
		t.Fatalf("%s, refused %v", o.approval(a.ID).State, o.refusals())
	}
}

func TestTwoOfTwo(t *testing.T) {
	o := newOffice(t, false)
	o.run(o.door.Work)
	a, m := o.ask(func(a *access.Approval) { a.Need = 2 })
	o.click(m, "W-1", "muster_approve")
	o.until("the first", func() bool { return len(o.approval(a.ID).Decisions) == 1 })
	o.click(m, "W-1", "muster_approve")
	o.until("the refusal", func() bool { return slices.Contains(o.refusals(), string(approve.RefusedTwice)) })
	o.until("the answer", func() bool { return strings.Contains(o.whispers(), "you have decided already") })
	o.click(m, "W-2", "muster_approve")
	o.until("the second", func() bool { return o.approval(a.ID).State == access.ApprovalApproved })
}

func TestAnAcknowledgedClickSurvivesTheProcess(t *testing.T) {
	both(t, func(t *testing.T, o *office) {
		a, m := o.ask(nil)
		if d := o.click(m, "W-1", "muster_approve"); !d.Acknowledged {
			t.Fatal("not acknowledged")
		}
		if o.approval(a.ID).State != access.ApprovalWaiting {
			t.Fatal("decided without anybody at work")
		}
		o.run(o.newDoor(nil).Work)
		o.until("the decision", func() bool { return o.approval(a.ID).State == access.ApprovalApproved })
	})
}

func TestWhatIsHandledTwiceIsDecidedOnce(t *testing.T) {
	o := newOffice(t, false)
	a, m := o.ask(nil)
	o.click(m, "W-1", "muster_approve")
	// The process dies after the Desk has decided: its goroutine ends there, the interaction stays in the inbox.
	died := make(chan struct{})
	dying := o.newDoor(func(s string) {
		if s == inbound.StepDecided {
			close(died)
			select {}
		}
	})
	go dying.Work(t.Context()) // it never comes back
	<-died
	o.run(o.newDoor(nil).Work)
	o.until("the message", func() bool {
		text, _ := json.Marshal(o.fake.Find("approval/" + a.ID)[0].Blocks)
		return strings.Contains(string(text), "Approved by")
	})
	o.until("the refusal", func() bool { return len(o.refusals()) == 1 })
	if d := o.approval(a.ID).Decisions; len(d) != 1 || o.refusals()[0] != string(approve.RefusedClosed) {
		t.Fatalf("%d decisions, refused %v", len(d), o.refusals())
	}
}

func TestADeskThatIsDownLosesNothing(t *testing.T) {
	o := newOffice(t, false)
	o.slow.set(nil, errors.New("the ledger cannot be written"))
	o.run(o.door.Work)
	a, m := o.ask(nil)
	o.click(m, "W-1", "muster_approve")
	o.until("the answer", func() bool { return strings.Contains(o.whispers(), "It is kept") })
	o.slow.set(nil, nil)
	o.until("the decision", func() bool { return o.approval(a.ID).State == access.ApprovalApproved })
}

func TestASlowDeskDelaysNoAcknowledgement(t *testing.T) {
	both(t, func(t *testing.T, o *office) {
		wait := make(chan struct{})
		o.slow.set(wait, nil)
		o.run(o.door.Work)
		var asked []access.Approval
		var g errgroup.Group
		g.SetLimit(30)
		for range 10 {
			a, m := o.ask(nil)
			asked = append(asked, a)
			for i := range 30 { // more in all than the queue holds
				worker := []string{"W-1", "W-2", "W-3"}[i%3]
				g.Go(func() error {
					d, err := o.fake.Click(t.Context(), slackfake.Click{User: o.users[worker], Channel: m.Channel, TS: m.TS, ActionID: "muster_approve"})
					if err == nil && d.Took > 2*time.Second {
						err = fmt.Errorf("acknowledged after %s", d.Took)
					}
					return err
				})
			}
		}
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
		close(wait)
		for _, a := range asked {
			o.until("decision of "+a.ID, func() bool { return o.approval(a.ID).State == access.ApprovalApproved })
		}
		o.until("an answer to every click", func() bool { return len(o.refusals()) == 290 })
		o.until("an empty inbox", func() bool {
			files, err := os.ReadDir(o.folder)
			return err == nil && len(files) == 0
		})
	})
}
