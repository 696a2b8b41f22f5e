package mail_test

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/testserver/smtp"
	"muster/remediate/mail"
	"muster/remediate/notice"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func bring(t *testing.T, c *mail.Channel, list ...access.Approval) {
	t.Helper()
	if err := c.Sync(t.Context(), list); err != nil {
		t.Fatal(err)
	}
}

func counts(t *testing.T, s *smtp.Server) map[string]int {
	t.Helper()
	out := map[string]int{}
	for to, list := range arrived(t, s) {
		out[to] = len(list)
	}
	return out
}

func expect(t *testing.T, s *smtp.Server, when string, want map[string]int) {
	t.Helper()
	if got := counts(t, s); !maps.Equal(got, want) {
		t.Fatalf("%s: arrived %v, want %v", when, got, want)
	}
}

// TestTheLifeOfAQuestion goes through everything that mail says about one question, in the order of time.
func TestTheLifeOfAQuestion(t *testing.T) {
	s := startServer(t, smtp.Options{User: "muster", Password: password})
	h := newHouse(s.Addr)
	h.settings.User, h.settings.Password, h.settings.StartTLS, h.settings.CAFile = "muster", password, mail.Required, s.CAFile
	c := h.channel(t, "")
	a := approval("AP-7K2M4QXD")
	a.Need = 2

	bring(t, c, a)
	bring(t, c, a)
	bring(t, h.channel(t, ""), a) // another process knows it too
	expect(t, s, "asked", map[string]int{petra.Email: 1, ana.Email: 1})

	h.clock.set(at(22, 6))
	a.Reminded, a.Version = true, 2
	a.Decisions = []access.Decision{{ID: "D-1", Verdict: access.Approve, By: ana.Person, ByName: ana.Name, Role: ana.Role, Channel: access.ChannelCLI, At: at(22, 4)}}
	bring(t, c, a)
	bring(t, c, a)
	expect(t, s, "reminded: not who has decided", map[string]int{petra.Email: 2, ana.Email: 1})

	h.clock.set(at(23, 2))
	a.Escalated, a.Version = true, 3
	bring(t, c, a)
	bring(t, c, a)
	expect(t, s, "escalated", map[string]int{petra.Email: 2, ana.Email: 1, maja.Email: 1})

	a.State, a.Outcome, a.Version = access.ApprovalApproved, "done 2026-11-23 02:10 UTC", 4
	a.Decisions = append(a.Decisions, access.Decision{ID: "D-2", Verdict: access.Approve, By: maja.Person, ByName: maja.Name, Role: maja.Role, Channel: access.ChannelCLI, At: at(23, 2)})
	bring(t, c, a)
	a.Outcome = "verified by the next snapshot"
	bring(t, c, a)
	expect(t, s, "answered: only who has not decided", map[string]int{petra.Email: 3, ana.Email: 1, maja.Email: 1})

	all := arrived(t, s)
	for _, x := range []access.Approver{petra, ana, maja} {
		for i, l := range all[x.Email] {
			if !l.TLS || l.Login != "muster" || l.From != "muster@acme.example" || len(l.To) != 1 || slices.Contains(l.Options, "SMTPUTF8") {
				t.Errorf("%s %d came as %+v", x.Name, i, l.Message)
			}
			if l.Header.Get("Auto-Submitted") != "auto-generated" {
				t.Errorf("Auto-Submitted: %q", l.Header.Get("Auto-Submitted"))
			}
		}
		person, err := h.tokens.Person(a.ID, tokenIn(t, all[x.Email][0]), at(24, 0))
		if err != nil || person != x.Person {
			t.Errorf("the token of %s is of %q, %v", x.Name, person, err)
		}
		if _, err := h.tokens.Person(a.ID, tokenIn(t, all[x.Email][0]), at(25, 2)); err == nil {
			t.Errorf("the token of %s outlives the question", x.Name)
		}
	}
	mine := all[petra.Email]
	for i, l := range mine[1:] {
		if l.Header.Get("In-Reply-To") != mine[0].Header.Get("Message-Id") || l.Header.Get("References") != mine[0].Header.Get("Message-Id") || l.Subject != "Re: "+mine[0].Subject {
			t.Errorf("letter %d is not threaded: %v", i+1, l.Header)
		}
	}
	if !strings.Contains(mine[1].Text, "a reminder: you were asked 2026-11-22 01:00 UTC") || tokenIn(t, mine[1]) != tokenIn(t, mine[0]) {
		t.Errorf("the reminder says %s", mine[1].Text)
	}
	if !strings.HasPrefix(mine[2].Text, "Approved\n") || !strings.Contains(mine[2].Text, "Approved by Maja Lind (security)") || strings.Contains(mine[2].Text, "--token") {
		t.Errorf("the answer says %s", mine[2].Text)
	}
	if l := all[maja.Email][0]; !strings.HasPrefix(l.Subject, "Escalated, decision needed") || !strings.Contains(l.Text, "nobody has decided this since") {
		t.Errorf("the escalation says %s: %s", l.Subject, l.Text)
	}
	ids := map[string]bool{}
	for _, list := range all {
		for _, l := range list {
			ids[l.Header.Get("Message-Id")] = true
		}
	}
	if len(ids) != 5 {
		t.Errorf("%d message ids for 5 messages", len(ids))
	}
	h.keepsSecrets(t, []access.Approval{a})
	golden(t, "question.eml", mine[0].Raw)
	golden(t, "answered.eml", mine[2].Raw)
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	got = bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n"))
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s (go test -update rewrites it):\n%s", path, got)
	}
}

func TestWhoIsAskedByMail(t *testing.T) {
	s := startServer(t, smtp.Options{})
	noAddress := access.Approver{Person: "W-1", Name: "Nobody Anywhere", Role: "manager"}
	injected := access.Approver{Person: "W-2", Name: "Mallory", Email: "m@acme.example>\r\nRCPT TO:<all@acme.example", Role: "manager"}
	slack := func(_ access.Approval, x access.Approver) bool { return x.Person == petra.Person }
	cases := map[string]struct {
		change    func(*access.Approval)
		elsewhere func(access.Approval, access.Approver) bool
		want      []string
	}{
		"everybody":                                {want: []string{petra.Email, ana.Email}},
		"whom no other channel asks":               {elsewhere: slack, want: []string{ana.Email}},
		"with a token, whoever else asks":          {elsewhere: slack, change: func(a *access.Approval) { a.StepUp = true }, want: []string{petra.Email, ana.Email}},
		"nobody, all are asked elsewhere":          {elsewhere: func(access.Approval, access.Approver) bool { return true }},
		"the office, for those without an address": {change: func(a *access.Approval) { a.Approvers = []access.Approver{noAddress, injected} }, want: []string{"access@acme.example"}},
		"not the office, one has an address":       {change: func(a *access.Approval) { a.Approvers = []access.Approver{noAddress, ana} }, want: []string{ana.Email}},
		"nobody twice":                             {change: func(a *access.Approval) { a.Escalated, a.Escalation = true, []access.Approver{petra, maja, maja} }, want: []string{petra.Email, ana.Email, maja.Email}},
		"not who may decide later":                 {change: func(a *access.Approval) { a.EscalateAt = at(22, 1) }, want: []string{petra.Email, ana.Email}},
		"not who has decided":                      {change: func(a *access.Approval) { a.Decisions = []access.Decision{{By: petra.Person, Verdict: access.Approve}} }, want: []string{ana.Email}},
		"nobody, it was answered":                  {change: func(a *access.Approval) { a.State = access.ApprovalDenied }},
	}
	for name, x := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHouse(s.Addr)
			h.options.Elsewhere = x.elsewhere
			before := counts(t, s)
			a := approval("AP-7K2M4QXD")
			if x.change != nil {
				x.change(&a)
			}
			bring(t, h.channel(t, ""), a)
			var got []string
			for to, n := range counts(t, s) {
				for range n - before[to] {
					got = append(got, to)
				}
			}
			slices.Sort(got)
			slices.Sort(x.want)
			if !slices.Equal(got, x.want) {
				t.Errorf("asked %v, want %v", got, x.want)
			}
		})
	}
}

func TestTheOfficeGetsNoToken(t *testing.T) {
	s := startServer(t, smtp.Options{})
	h := newHouse(s.Addr)
	a := approval("AP-7K2M4QXD")
	a.Approvers[0].Email, a.Approvers[1].Email = "", ""
	bring(t, h.channel(t, ""), a)
	l := arrived(t, s)["access@acme.example"][0]
	if strings.Contains(l.Text+l.HTML, "--token") || !strings.Contains(l.Text, "    muster token AP-7K2M4QXD W-00012\n") {
		t.Errorf("the office reads %s", l.Text)
	}
	a.State = access.ApprovalWithdrawn
	bring(t, h.channel(t, ""), a)
	expect(t, s, "the office hears that it is over", map[string]int{"access@acme.example": 2})
}

func TestReminders(t *testing.T) {
	s := startServer(t, smtp.Options{})
	h := newHouse(s.Addr)
	a := approval("AP-7K2M4QXD")
	a.Approvers = []access.Approver{petra}
	h.clock.set(at(22, 8)) // nobody could be asked before the reminder was due
	a.Reminded = true
	bring(t, h.channel(t, ""), a)
	bring(t, h.channel(t, ""), a)
	expect(t, s, "no reminder right after the question", map[string]int{petra.Email: 1})
	a.Snoozed = map[string]time.Time{petra.Person: at(22, 12)}
	bring(t, h.channel(t, ""), a)
	expect(t, s, "put off", map[string]int{petra.Email: 1})
	h.clock.set(at(22, 13))
	bring(t, h.channel(t, ""), a)
	bring(t, h.channel(t, ""), a)
	expect(t, s, "reminded when she said", map[string]int{petra.Email: 2})
	if l := arrived(t, s)[petra.Email][1]; !strings.Contains(l.Text, "you wanted to be reminded") {
		t.Errorf("it says %s", l.Text)
	}
}

// TestNoNameInASystemBecomesAHeader attacks every header that holds a name.
func TestNoNameInASystemBecomesAHeader(t *testing.T) {
	s := startServer(t, smtp.Options{})
	for name, evil := range map[string]string{
		"line break":   "x\r\nBcc: all@acme.example\r\nX-Evil: 1\r\n\r\n<b>body</b>",
		"bare return":  "x\rBcc: all@acme.example",
		"bare newline": "x\nBcc: all@acme.example",
		"quotes":       `x" <all@acme.example>, "y`,
		"encoded word": "=?utf-8?q?x=0D=0ABcc:_all=40acme.example?=",
		"dot":          "x\r\n.\r\nMAIL FROM:<evil@evil.example>",
		"long":         strings.Repeat("x", 4000),
		"long words":   strings.Repeat("ж😀 ", 1000),
		"right left":   "\u202Eevil عمر",
		"invalid":      "\xff\xfe\x00",
	} {
		t.Run(name, func(t *testing.T) {
			before := len(arrived(t, s)[petra.Email])
			h := newHouse(s.Addr)
			a := approval("AP-7K2M4QXD")
			a.Title, a.Approvers = evil, []access.Approver{{Person: petra.Person, Name: evil, Email: petra.Email, Role: evil}}
			a.Why, a.Lines, a.Run, a.System = evil, []string{evil}, evil, evil
			bring(t, h.channel(t, ""), a)
			list := arrived(t, s)[petra.Email]
			if len(list) != before+1 {
				t.Fatalf("%d messages arrived", len(list)-before)
			}
			l := list[before]
			got := slices.Sorted(maps.Keys(l.Header))
			want := []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To", "X-Auto-Response-Suppress"}
			if !slices.Equal(got, want) {
				t.Errorf("headers %v", got)
			}
			to, err := l.Header.AddressList("To")
			if err != nil || len(to) != 1 || to[0].Address != petra.Email || strings.ContainsAny(to[0].Name+l.Subject, "\r\n") {
				t.Errorf("to %v, subject %q, %v", to, l.Subject, err)
			}
			for line := range bytes.Lines(l.Raw) {
				if len(line) > 80 || !bytes.HasSuffix(line, []byte("\r\n")) || slices.ContainsFunc(line, func(b byte) bool { return b > '~' }) {
					t.Errorf("line of %d bytes: %q", len(line), line)
				}
			}
		})
	}
}

func TestDigests(t *testing.T) {
	s := startServer(t, smtp.Options{Unknown: []string{"gone@acme.example"}})
	h := newHouse(s.Addr)
	h.settings.Console = "https://muster.acme.example"
	none := access.Approver{Person: "W-1", Name: "Nobody Anywhere", Role: "owner"}
	gone := access.Approver{Person: "W-2", Name: "Long Gone", Email: "gone@acme.example", Role: "owner"}
	list := []notice.Digest{digest(petra), digest(none), digest(gone), digest(ana)}
	for range 2 {
		unreached, err := h.channel(t, "").Digests(t.Context(), list)
		if len(unreached) != 1 || unreached[0].Owner.Person != gone.Person {
			t.Errorf("unreached %v", unreached)
		}
		if err != nil && access.KindOf(err) != access.Invalid {
			t.Error(err)
		}
	}
	expect(t, s, "once for each owner and run", map[string]int{petra.Email: 1, ana.Email: 1, "access@acme.example": 1})
	l := arrived(t, s)[petra.Email][0]
	if l.Subject != "Access digest 2026-11-22: 1 new, 0 resolved, 3 open in erp" || !strings.Contains(l.Text, "https://muster.acme.example/findings/F-7Q2K4MZD") || !strings.Contains(l.HTML, `<a href="https://muster.acme.example/findings/F-7Q2K4MZD">`) {
		t.Errorf("%s: %s", l.Subject, l.Text)
	}
	if l := arrived(t, s)["access@acme.example"][0]; !strings.Contains(l.Text, "This is for Nobody Anywhere") {
		t.Errorf("the office reads %s", l.Text)
	}
	h.settings.To = nil
	other := digest(none)
	other.Run = "2026-11-23T01:00:00Z-1111"
	if unreached, err := h.channel(t, "").Digests(t.Context(), []notice.Digest{other}); err != nil || len(unreached) != 1 {
		t.Errorf("without an office: %v, %v", unreached, err)
	}
}

func TestHolds(t *testing.T) {
	s := startServer(t, smtp.Options{})
	h := newHouse(s.Addr)
	office := h.settings.To[0]
	h.settings.To = append(h.settings.To, "second@acme.example")
	run := "2026-11-22T01:00:00Z-7f3a"
	holds := []access.Hold{{ID: "H-1", System: "erp", Reason: "31 actions are more than 25", Run: run, Actions: 31, Accounts: 28}, {ID: "H-2", System: "saas", Reason: "it is partial", Run: run}}
	hold := func(list []access.Hold) {
		t.Helper()
		if err := h.channel(t, "").Holds(t.Context(), run, list); err != nil {
			t.Fatal(err)
		}
	}
	hold(nil)
	hold(holds)
	hold(holds)
	holds[0].ReleasedAt, holds[0].ReleasedBy = at(22, 8), "W-00012"
	hold(holds)
	expect(t, s, "one message for a run", map[string]int{office: 1, "second@acme.example": 1})
	holds[1].ReleasedAt, holds[1].ReleasedBy = at(22, 9), "W-00012"
	hold(holds)
	hold(holds)
	expect(t, s, "and one at the end", map[string]int{office: 2, "second@acme.example": 2})
	list := arrived(t, s)[office]
	if list[1].Header.Get("In-Reply-To") != list[0].Header.Get("Message-Id") || !strings.Contains(list[0].Text, `muster release H-1 --reason "..."`) {
		t.Errorf("%v\n%s", list[1].Header, list[0].Text)
	}
	for key := range h.notices(t) {
		if strings.Contains(key, "@") {
			t.Errorf("the key %s, which the ledger has, names an address", key)
		}
	}
	quiet := newHouse(s.Addr)
	if err := quiet.channel(t, "").Holds(t.Context(), run, holds); err != nil || len(quiet.notices(t)) > 0 {
		t.Errorf("released before anybody was told: %v, %v", quiet.notices(t), err)
	}
}
