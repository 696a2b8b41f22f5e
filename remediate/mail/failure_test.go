package mail_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/testserver/smtp"
	"muster/remediate/mail"
	"muster/remediate/notice"
)

// script answers the nth and later lines of a verb that hold a text; n counts from 0.
func script(verb, has, answer string, from, until int) func(string, string, int) string {
	return func(v, line string, before int) string {
		if v == verb && strings.Contains(line, has) && before >= from && before < until {
			return answer
		}
		return ""
	}
}

func TestWhatTheServerAnswersDecides(t *testing.T) {
	const always = 1 << 20
	cases := map[string]struct {
		answer func(string, string, int) string
		kind   access.Kind  // of the error; "" none
		petra  notice.State // of her message; "" none
		ana    notice.State
		says   string
		taken  int
	}{
		"all is well":                     {nil, "", notice.Sent, notice.Sent, "", 2},
		"greeting 421, then well":         {script("CONNECT", "", "421 4.3.2 busy", 0, 2), "", notice.Sent, notice.Sent, "", 2},
		"greeting 421 for ever":           {script("CONNECT", "", "421 4.3.2 busy", 0, always), access.Throttled, "", "", "421 4.3.2 busy", 0},
		"greeting 554":                    {script("CONNECT", "", "554 5.7.1 go away", 0, always), access.Denied, "", "", "554 5.7.1 go away", 0},
		"no greeting":                     {script("CONNECT", "", "drop", 0, always), access.Transient, "", "", "EOF", 0},
		"mailbox busy, then well":         {script("RCPT", "pnovak", "450 4.2.0 greylisted", 0, 2), "", notice.Sent, notice.Sent, "", 2},
		"mailbox busy for ever":           {script("RCPT", "pnovak", "450 4.2.1 busy", 0, always), access.Throttled, notice.Queued, notice.Sent, "450 4.2.1 busy", 1},
		"mailbox full":                    {script("RCPT", "pnovak", "452 4.2.2 full", 0, always), access.Throttled, notice.Queued, notice.Sent, "452 4.2.2 full", 1},
		"mailbox unknown":                 {script("RCPT", "pnovak", "550 5.1.1 no such user", 0, always), access.Invalid, notice.Failed, notice.Sent, "550 5.1.1 no such user", 1},
		"mailbox name not allowed":        {script("RCPT", "pnovak", "553 5.1.3 bad syntax", 0, always), access.Invalid, notice.Failed, notice.Sent, "553", 1},
		"sender refused":                  {script("MAIL", "", "550 5.7.60 send as denied", 0, always), access.Invalid, notice.Failed, notice.Failed, "send as denied", 0},
		"sign-in required":                {script("MAIL", "", "530 5.7.0 authenticate", 0, always), access.Denied, notice.Failed, notice.Failed, "530", 0},
		"content refused":                 {script(".", "pnovak", "554 5.7.1 spam", 0, always), access.Invalid, notice.Failed, notice.Sent, "554 5.7.1 spam", 1},
		"content 451, then well":          {script(".", "", "451 4.3.0 scanner is away", 0, 3), "", notice.Sent, notice.Sent, "", 2},
		"storage 452 at DATA, then well":  {script("DATA", "", "452 4.3.1 disk full", 0, 3), "", notice.Sent, notice.Sent, "", 2},
		"421 in the middle, then well":    {script("RCPT", "", "421 4.7.0 too many", 0, 2), "", notice.Sent, notice.Sent, "", 2},
		"dropped before the message":      {script("DATA", "", "drop", 0, 2), "", notice.Sent, notice.Sent, "", 2},
		"answers that are no SMTP at all": {script("MAIL", "", "hello", 0, always), access.Transient, notice.Sending, notice.Sending, "hello", 0},
	}
	for name, x := range cases {
		t.Run(name, func(t *testing.T) {
			f := startFake(t, &fake{Answer: x.answer})
			h := newHouse(f.Addr)
			a := approval("AP-7K2M4QXD")
			err := h.channel(t, "").Sync(t.Context(), []access.Approval{a})
			if access.KindOf(err) != x.kind || err != nil && !strings.Contains(err.Error(), x.says) {
				t.Errorf("error of kind %q: %v", access.KindOf(err), err)
			}
			known := h.notices(t)
			for person, want := range map[string]notice.State{petra.Person: x.petra, ana.Person: x.ana} {
				if n := known["mail/approval/AP-7K2M4QXD/"+person]; n.State != want {
					t.Errorf("the message to %s is %q, want %q: %+v", person, n.State, want, n)
				}
			}
			if n := len(f.taken()); n != x.taken {
				t.Errorf("%d messages were taken, want %d", n, x.taken)
			}
			h.keepsSecrets(t, []access.Approval{a}, err)
		})
	}
}

// TestALetterThatMayHaveArrivedIsSentAgainAsTheSame breaks the connection after the server took the message.
func TestALetterThatMayHaveArrivedIsSentAgainAsTheSame(t *testing.T) {
	f := startFake(t, &fake{Answer: script(".", "", "drop", 0, 1)})
	h := newHouse(f.Addr)
	a := approval("AP-7K2M4QXD")
	a.Approvers = a.Approvers[:1]
	if err := h.channel(t, "").Sync(t.Context(), []access.Approval{a}); err != nil {
		t.Fatal(err)
	}
	got := f.taken()
	if len(got) != 2 || got[0] != got[1] || !strings.Contains(got[0], "\r\nMessage-ID: <") {
		t.Errorf("%d messages: %q", len(got), got)
	}
	n := h.notices(t)["mail/approval/AP-7K2M4QXD/"+petra.Person]
	if n.State != notice.Sent || n.Tries != 2 || !strings.Contains(got[0], n.Ref.ID) {
		t.Errorf("%+v", n)
	}
}

func TestAKilledProcessSendsTheSameLetter(t *testing.T) {
	for step, want := range map[string]int{notice.StepIntent: 1, notice.StepPosted: 2, notice.StepEntered: 2, notice.StepSent: 1} {
		t.Run(step, func(t *testing.T) {
			f := startFake(t, &fake{})
			h := newHouse(f.Addr)
			holds := []access.Hold{{ID: "H-1", System: "erp", Reason: "31 actions are more than 25", Run: "r"}}
			dying(t, step, func() { h.channel(t, step).Holds(t.Context(), "r", holds) })
			h.clock.set(at(22, 3))
			if err := h.channel(t, "").Holds(t.Context(), "r", holds); err != nil {
				t.Fatal(err)
			}
			if got := f.taken(); len(got) != want || got[0] != got[len(got)-1] {
				t.Errorf("%d messages, want %d: %q", len(got), want, got)
			}
			if n := len(h.notices(t)); n != 1 {
				t.Errorf("%d records", n)
			}
		})
	}
}

// TestOneMailboxKeepsNobodyElseBack has more mailboxes that take nothing than one batch holds.
func TestOneMailboxKeepsNobodyElseBack(t *testing.T) {
	f := startFake(t, &fake{Answer: script("RCPT", "full", "452 4.2.2 full", 0, 1<<20)})
	h := newHouse(f.Addr)
	a := approval("AP-7K2M4QXD")
	a.Approvers = nil
	for i := range 40 {
		name := "full"
		if i >= 30 {
			name = "well"
		}
		a.Approvers = append(a.Approvers, access.Approver{Person: fmt.Sprint("W-", i), Email: fmt.Sprintf("%s%d@acme.example", name, i)})
	}
	if err := h.channel(t, "").Sync(t.Context(), []access.Approval{a}); access.KindOf(err) != access.Throttled {
		t.Errorf("%v", err)
	}
	if n := len(f.taken()); n != 10 {
		t.Errorf("%d of 10 messages were taken", n)
	}
}

func TestARefusedSignInIsTriedOnce(t *testing.T) {
	f := startFake(t, &fake{Offers: []string{"AUTH PLAIN LOGIN"}, Answer: func(verb, line string, _ int) string {
		if verb == "AUTH" {
			return "535 5.7.8 wrong: " + line + " " + password
		}
		return ""
	}})
	h := newHouse(f.Addr)
	h.settings.User, h.settings.Password = "muster", password
	list := []access.Approval{approval("AP-1"), approval("AP-2"), approval("AP-3"), approval("AP-4")}
	c := h.channel(t, "")
	err := c.Sync(t.Context(), list)
	if access.KindOf(err) != access.Denied || access.HintOf(err) == "" || !strings.Contains(err.Error(), "535 5.7.8 wrong") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if n := f.seen("AUTH"); n != 1 || len(h.notices(t)) != 0 {
		t.Errorf("%d sign-ins, notices %v", n, h.notices(t))
	}
	h.keepsSecrets(t, list, err, c.Check(t.Context()))
}

func TestAServerOutOfReachIsGivenUp(t *testing.T) {
	f := startFake(t, &fake{Answer: script("CONNECT", "", "drop", 0, 1<<20)})
	h := newHouse(f.Addr)
	var list []access.Approval
	for i := range 20 {
		list = append(list, approval(fmt.Sprint("AP-", i)))
	}
	start := h.clock.Now()
	err := h.channel(t, "").Sync(t.Context(), list)
	if access.KindOf(err) != access.Transient || !strings.Contains(err.Error(), "EOF") {
		t.Errorf("%v", err)
	}
	// The waits of four messages run side by side, and add up on this clock.
	if n, waited := f.seen("CONNECT"), h.clock.Now().Sub(start); n > 40 || waited > time.Minute || len(h.notices(t)) > 0 {
		t.Errorf("%d connections in %s, notices %v", n, waited, h.notices(t))
	}
}

// TestATokenThatAServerQuotesIsNotKept refuses messages with what they say, cut at any place.
func TestATokenThatAServerQuotesIsNotKept(t *testing.T) {
	f := startFake(t, &fake{Answer: func(verb, line string, _ int) string {
		if i := strings.Index(line, "--token "); verb == "." && i > 0 {
			return "554 5.7.1 refused: " + strings.ReplaceAll(line[i+12:i+120], "=\r\n", "") + "\x1b[31m"
		}
		return ""
	}})
	h := newHouse(f.Addr)
	a := approval("AP-7K2M4QXD")
	err := h.channel(t, "").Sync(t.Context(), []access.Approval{a})
	if access.KindOf(err) != access.Invalid || !strings.Contains(err.Error(), "554 5.7.1 refused") || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("%v", err)
	}
	h.keepsSecrets(t, []access.Approval{a}, err)
}

func TestTransportSecurity(t *testing.T) {
	good := startServer(t, smtp.Options{User: "muster", Password: password})
	login := startServer(t, smtp.Options{User: "muster", Password: password, Without: []string{"PLAIN"}})
	expired := startServer(t, smtp.Options{Expired: true})
	other := startServer(t, smtp.Options{CertHost: "mx.other.example"})
	clear := startServer(t, smtp.Options{NoTLS: true})
	inside := startServer(t, smtp.Options{NoTLS: true, User: "muster", Password: password})
	signed := func(s *mail.Settings) { s.User, s.Password = "muster", password }
	cases := map[string]struct {
		server *smtp.Server
		change func(*mail.Settings)
		kind   access.Kind
		hint   string
		tls    bool
	}{
		"required, PLAIN":              {good, signed, "", "", true},
		"required, LOGIN":              {login, signed, "", "", true},
		"optional, offered":            {good, func(s *mail.Settings) { signed(s); s.StartTLS = mail.Optional }, "", "", true},
		"optional, not offered":        {clear, func(s *mail.Settings) { s.StartTLS = mail.Optional }, "", "", false},
		"required, not offered":        {clear, nil, access.Denied, "TLS", false},
		"required is the default":      {clear, func(s *mail.Settings) { s.StartTLS = "" }, access.Denied, "TLS", false},
		"never":                        {clear, func(s *mail.Settings) { s.StartTLS = mail.Never }, "", "", false},
		"from the start":               {good, func(s *mail.Settings) { signed(s); s.Server = "127.0.0.1:465" }, "", "", true},
		"from the start, even never":   {good, func(s *mail.Settings) { signed(s); s.Server, s.StartTLS = "127.0.0.1:465", mail.Never }, "", "", true},
		"authority not known":          {good, func(s *mail.Settings) { signed(s); s.CAFile = "" }, access.Invalid, "mail.ca_file", false},
		"authority of another":         {good, func(s *mail.Settings) { signed(s); s.CAFile = expired.CAFile }, access.Invalid, "mail.ca_file", false},
		"from the start, not known":    {good, func(s *mail.Settings) { signed(s); s.CAFile, s.Server = "", "127.0.0.1:465" }, access.Invalid, "mail.ca_file", false},
		"certificate ended":            {expired, nil, access.Invalid, "renew", false},
		"certificate of another host":  {other, nil, access.Invalid, "name in the certificate", false},
		"optional keeps to it as well": {expired, func(s *mail.Settings) { s.StartTLS = mail.Optional }, access.Invalid, "renew", false},
		"wrong password":               {good, func(s *mail.Settings) { signed(s); s.Password = "wrong" }, access.Denied, "mail.password", false},
		"wrong password, LOGIN":        {login, func(s *mail.Settings) { signed(s); s.Password = "wrong" }, access.Denied, "mail.password", false},
		"in clear on this host":        {inside, func(s *mail.Settings) { signed(s); s.StartTLS = mail.Never }, "", "", false},
	}
	for name, x := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHouse(x.server.Addr)
			h.settings.StartTLS, h.settings.CAFile = mail.Required, x.server.CAFile
			if x.change != nil {
				x.change(&h.settings)
			}
			h.options.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if address == "127.0.0.1:465" { // a port that only root may have
					address = x.server.TLSAddr
				}
				return new(net.Dialer).DialContext(ctx, network, address)
			}
			c := h.channel(t, "")
			before := len(arrived(t, x.server)[petra.Email])
			check, err := c.Check(t.Context()), c.Sync(t.Context(), []access.Approval{approval("AP-7K2M4QXD")})
			if access.KindOf(err) != x.kind || access.KindOf(check) != x.kind || !strings.Contains(access.HintOf(err), x.hint) {
				t.Errorf("%v (hint %q); check: %v", err, access.HintOf(err), check)
			}
			h.keepsSecrets(t, nil, err, check)
			list := arrived(t, x.server)[petra.Email][before:]
			if (len(list) == 1) != (x.kind == "") || len(list) == 1 && list[0].TLS != x.tls {
				t.Errorf("arrived %+v", list)
			}
		})
	}
}

// TestThePasswordCrossesNoNetworkInClear takes TLS away from a server elsewhere, as somebody in between could.
func TestThePasswordCrossesNoNetworkInClear(t *testing.T) {
	for _, tls := range []string{mail.Required, mail.Optional, mail.Never} {
		f := startFake(t, &fake{Offers: []string{"AUTH PLAIN LOGIN"}})
		h := newHouse("mx.acme.example:587")
		h.settings.User, h.settings.Password, h.settings.StartTLS = "muster", password, tls
		h.options.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, f.Addr)
		}
		if err := h.channel(t, "").Check(t.Context()); access.KindOf(err) != access.Denied {
			t.Errorf("%s: %v", tls, err)
		}
		if f.seen("AUTH") > 0 {
			t.Errorf("%s: it signs in: %s", tls, f.heard())
		}
	}
}

func TestSignInsThatCannotWork(t *testing.T) {
	for offers, says := range map[string]string{"": "takes no sign-in", "AUTH CRAM-MD5 XOAUTH2": "neither PLAIN nor LOGIN"} {
		f := startFake(t, &fake{Offers: strings.FieldsFunc(offers, func(r rune) bool { return r == '|' })})
		h := newHouse(f.Addr)
		h.settings.User, h.settings.Password = "muster", password
		if err := h.channel(t, "").Check(t.Context()); access.KindOf(err) != access.Denied || !strings.Contains(err.Error(), says) || f.seen("AUTH") > 0 {
			t.Errorf("%q: %v", offers, err)
		}
	}
}

func TestAddressesBeyondASCII(t *testing.T) {
	s := startServer(t, smtp.Options{})
	a := approval("AP-7K2M4QXD")
	a.Approvers = []access.Approver{{Person: "W-1", Name: "Jürgen Öztürk", Email: "jürgen@acme.example", Role: "manager"}, ana}
	if err := newHouse(s.Addr).channel(t, "").Sync(t.Context(), []access.Approval{a}); err != nil {
		t.Fatal(err)
	}
	all := arrived(t, s)
	if len(all["jürgen@acme.example"]) != 1 || !strings.Contains(strings.Join(all["jürgen@acme.example"][0].Options, " "), "SMTPUTF8") {
		t.Errorf("%+v", all["jürgen@acme.example"])
	}
	if len(all[ana.Email]) != 1 || strings.Contains(strings.Join(all[ana.Email][0].Options, " "), "SMTPUTF8") {
		t.Errorf("%+v", all[ana.Email])
	}
	f := startFake(t, &fake{}) // has no SMTPUTF8
	if err := newHouse(f.Addr).channel(t, "").Sync(t.Context(), []access.Approval{a}); access.KindOf(err) != access.Invalid || len(f.taken()) != 1 {
		t.Errorf("%v, %d taken", err, len(f.taken()))
	}
}

func TestConnectionsAreUsedAgainAndTakenLeaveOf(t *testing.T) {
	f := startFake(t, &fake{})
	h := newHouse(f.Addr)
	var list []access.Approval
	for i := range 20 {
		list = append(list, approval(fmt.Sprint("AP-", i)))
	}
	if err := h.channel(t, "").Sync(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	if n, quits := f.seen("CONNECT"), f.seen("QUIT"); len(f.taken()) != 40 || n > 4 || quits != n {
		t.Errorf("%d messages, %d connections, %d ended well", len(f.taken()), n, quits)
	}
	if err := h.channel(t, "").Sync(t.Context(), list); err != nil || f.seen("CONNECT") > 4 {
		t.Errorf("with nothing to send it connects: %v", err)
	}
}

func TestAConnectionThatTheServerClosedIsReplaced(t *testing.T) {
	f := startFake(t, &fake{Answer: script("RSET", "", "drop", 0, 5)})
	h := newHouse(f.Addr)
	var list []access.Approval
	for i := range 10 {
		list = append(list, approval(fmt.Sprint("AP-", i)))
	}
	if err := h.channel(t, "").Sync(t.Context(), list); err != nil || len(f.taken()) != 20 {
		t.Errorf("%d messages, %v", len(f.taken()), err)
	}
}

func TestAServerThatIsSilentIsLeft(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	h := newHouse(l.Addr().String())
	h.options.Open = 200 * time.Millisecond
	start := time.Now()
	if err := h.channel(t, "").Check(t.Context()); access.KindOf(err) != access.Transient || time.Since(start) > 5*time.Second {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
	h.options.Open = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start = time.Now()
	if err := h.channel(t, "").Sync(ctx, []access.Approval{approval("AP-1")}); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 5*time.Second {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
}

// TestAServerThatIsLookingThroughALetterIsHeardOut stops the process while the server makes up its mind.
func TestAServerThatIsLookingThroughALetterIsHeardOut(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := startFake(t, &fake{Answer: func(verb, _ string, _ int) string {
		if verb == "." {
			cancel()
			time.Sleep(300 * time.Millisecond)
		}
		return ""
	}})
	h := newHouse(f.Addr)
	a := approval("AP-7K2M4QXD")
	a.Approvers = a.Approvers[:1]
	err := h.channel(t, "").Sync(ctx, []access.Approval{a})
	if n := h.notices(t)["mail/approval/AP-7K2M4QXD/"+petra.Person]; n.State != notice.Sent {
		t.Errorf("%+v, %v", n, err)
	}
	if err := h.channel(t, "").Sync(t.Context(), []access.Approval{a}); err != nil || len(f.taken()) != 1 {
		t.Errorf("%d messages, %v", len(f.taken()), err)
	}
}

func TestACallThatIsStoppedDoesNotWaitForAServer(t *testing.T) {
	f := startFake(t, &fake{Answer: func(verb, _ string, _ int) string {
		if verb == "RSET" {
			<-t.Context().Done()
		}
		return ""
	}})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var list []access.Approval
	for i := range 10 {
		list = append(list, approval(fmt.Sprint("AP-", i)))
	}
	start := time.Now()
	if err := newHouse(f.Addr).channel(t, "").Sync(ctx, list); err == nil || time.Since(start) > 10*time.Second {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
}

func TestSettingsThatCannotWork(t *testing.T) {
	for name, change := range map[string]func(*house){
		"no port":         func(h *house) { h.settings.Server = "mx.acme.example" },
		"sender":          func(h *house) { h.settings.From = "Muster <muster@acme.example>" },
		"office":          func(h *house) { h.settings.To = []string{"x@acme.example\r\nBcc: y@acme.example"} },
		"start_tls":       func(h *house) { h.settings.StartTLS = "maybe" },
		"no authority":    func(h *house) { h.settings.CAFile = "missing.pem" },
		"not a PEM file":  func(h *house) { h.settings.CAFile = "mail_test.go" },
		"without options": func(h *house) { h.records = nil },
	} {
		h := newHouse("mx.acme.example:587")
		change(h)
		o := mail.Options{Outbox: &notice.Outbox{}, Tokens: h.tokens}
		if h.records == nil {
			o = mail.Options{}
		}
		if _, err := mail.New(h.settings, o); err == nil {
			t.Errorf("%s: no error", name)
		} else if k := access.KindOf(err); k != access.Invalid && k != access.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
}
