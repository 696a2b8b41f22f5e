package mail_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/retry"
	"muster/internal/testserver/smtp"
	"muster/remediate/approve"
	"muster/remediate/mail"
	"muster/remediate/notice"
	"muster/remediate/notice/noticetest"
	"muster/remediate/remediatetest"
)

const password = "pa55 word/of+the test"

func at(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }

// house is everything around a channel.
type house struct {
	settings mail.Settings
	options  mail.Options
	records  *remediatetest.Records
	ledger   *noticetest.Ledger
	tokens   *approve.Tokens
	log      *lockedBuffer
	clock    *clock
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newHouse(address string) *house {
	h := &house{records: &remediatetest.Records{}, ledger: &noticetest.Ledger{}, tokens: approve.NewTokens([]byte("a key of thirty-two bytes, fixed")), log: &lockedBuffer{}, clock: &clock{now: at(22, 1)}}
	h.settings = mail.Settings{Server: address, From: "muster@acme.example", StartTLS: mail.Never, To: []string{"access@acme.example"}}
	return h
}

// channel is that of a new process; kill names the step at which the process dies.
func (h *house) channel(t *testing.T, kill string) *mail.Channel {
	t.Helper()
	o := h.options
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.Tokens, o.Now, o.Log, o.Host = h.tokens, h.clock.Now, log, "muster.acme.example"
	o.Outbox = &notice.Outbox{Records: h.records, Ledger: h.ledger, Now: h.clock.Now, Log: log, Sleep: h.clock.sleep, Retry: retry.Policy{Sleep: h.clock.sleep}, Step: func(s string) {
		if s == kill && (s == notice.StepIntent || s == notice.StepPosted) {
			runtime.Goexit() // the Outbox sends in goroutines, where a panic would end the tests
		}
		if s == kill {
			panic(killed{s})
		}
	}}
	c, err := mail.New(h.settings, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type killed struct{ at string }

// dying runs what is killed. At the first two steps that shows in the records alone.
func dying(t *testing.T, step string, f func()) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			return
		}
		if step != notice.StepIntent && step != notice.StepPosted {
			t.Fatal("the process was not killed")
		}
	}()
	f()
}

// notices are the records, by key.
func (h *house) notices(t *testing.T) map[string]notice.Notice {
	t.Helper()
	out := map[string]notice.Notice{}
	err := h.records.Documents(t.Context(), access.DocumentQuery{Kind: access.DocNotice}, func(d access.Document) error {
		var n notice.Notice
		out[d.Key] = n
		err := json.Unmarshal(d.Body, &n)
		out[d.Key] = n
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// keepsSecrets looks for tokens and the password in whatever is kept or said.
func (h *house) keepsSecrets(t *testing.T, approvals []access.Approval, errs ...error) {
	t.Helper()
	var kept strings.Builder
	err := h.records.Documents(t.Context(), access.DocumentQuery{}, func(d access.Document) error {
		fmt.Fprintf(&kept, "%+v %s\n", d, d.Body)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&kept, "%+v\n%s\n%v", h.ledger.Events(ledger.Notice), h.log.String(), errs)
	secrets := []string{password, base64.StdEncoding.EncodeToString([]byte(password))}
	for _, a := range approvals {
		for _, x := range slices.Concat(a.Approvers, a.Escalation) {
			secrets = append(secrets, h.tokens.Personal(a.ID, x.Person, a.ExpiresAt)[8:40])
		}
	}
	for _, s := range secrets {
		if strings.Contains(kept.String(), s) {
			t.Errorf("the secret %s is kept or said: %s", s, kept.String())
		}
	}
}

var (
	petra = access.Approver{Person: "W-00012", Name: "Petra Novak", Email: "pnovak@acme.example", Role: "manager"}
	ana   = access.Approver{Person: "W-00077", Name: "Ana Silva", Email: "asilva@acme.example", Role: "owner"}
	maja  = access.Approver{Person: "W-00031", Name: "Maja Lind", Email: "mlind@acme.example", Role: "security"}
)

func approval(id string) access.Approval {
	return access.Approval{
		ID: id, Run: "2026-11-22T01:00:00Z-7f3a", About: access.AboutActions, Title: "Kemi Okafor would lose PAY_VENDOR in erp", Lines: []string{"remove PAY_VENDOR from KOKAFOR in erp"},
		Why: "she moved from Accounts Payable to Procurement on 2026-08-31", Rule: "privilege-creep", FindingID: "F-7Q2K4MZD", Severity: access.High, System: "erp", Person: "W-01442",
		Approvers: []access.Approver{petra, ana}, Escalation: []access.Approver{maja}, Need: 1, RaisedAt: at(22, 1), RemindAt: at(22, 5), EscalateAt: at(23, 1), ExpiresAt: at(25, 1),
		State: access.ApprovalWaiting, Version: 1,
	}
}

func digest(owner access.Approver) notice.Digest {
	return notice.Digest{Organisation: "Acme", Run: "2026-11-22T01:00:00Z-7f3a", AsOf: at(22, 1), Owner: owner, Systems: []string{"erp"},
		Findings: []access.Finding{{ID: "F-7Q2K4MZD", Rule: "privilege-creep", Severity: access.High, System: "erp", Subject: "KOKAFOR", Message: "holds what the new job does not need", FirstSeen: at(20, 1)}},
		Counts:   []access.RuleCount{{Rule: "privilege-creep", System: "erp", Severity: access.High, New: 1, Open: 3}}, Incomplete: []string{"erp is partial: page 3 of 6"}}
}

func startServer(t *testing.T, o smtp.Options) *smtp.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := smtp.Start(ctx, o)
	if errors.Is(err, smtp.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skipf("no SMTP server here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// letter is a message as a reader's program takes it apart.
type letter struct {
	smtp.Message
	Header     netmail.Header
	Subject    string
	Text, HTML string
}

func read(t *testing.T, raw []byte) letter {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	out := letter{Header: m.Header}
	if out.Subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %s, %v", kind, err)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Fatalf("encoded as %v", p.Header)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		body := strings.ReplaceAll(string(text), "\r\n", "\n")
		switch kind := p.Header.Get("Content-Type"); kind {
		case "text/plain; charset=UTF-8":
			out.Text = body
		case "text/html; charset=UTF-8":
			if out.Text == "" {
				t.Fatal("the HTML comes first: the best form is the last (RFC 2046 §5.1.4)")
			}
			out.HTML = body
		default:
			t.Fatalf("a part is %s", kind)
		}
	}
}

// arrived are the messages on a server, by the address that they went to, in the order of arrival.
func arrived(t *testing.T, s *smtp.Server) map[string][]letter {
	t.Helper()
	list, err := s.Messages()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]letter{}
	for _, m := range list {
		l := read(t, m.Raw)
		l.Message = m
		for _, to := range m.To {
			out[to] = append(out[to], l)
		}
	}
	return out
}

var approveLine = regexp.MustCompile(`(?m)^    muster decide (\S+) approve --token (\S+)$`)

// tokenIn gives the token of the command in a letter's text, and sees to it that the HTML has it too.
func tokenIn(t *testing.T, l letter) string {
	t.Helper()
	m := approveLine.FindStringSubmatch(l.Text)
	if m == nil || !strings.Contains(l.HTML, m[0][4:]) || !strings.Contains(l.Text, "deny --token "+m[2]+" --reason") {
		t.Fatalf("no commands in %s\n%s", l.Text, l.HTML)
	}
	return m[2]
}
