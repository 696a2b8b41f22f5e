package letter_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/text/width"

	"muster/internal/access"
	"muster/remediate/mail/letter"
	"muster/remediate/notice"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func at(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }

const token = "Vy0wMDAxMgB0aHJlZQBhLXRva2VuLXRoYXQtaXMtYXMtbG9uZy1hcy1hLXJlYWwtb25lLWlz"

var (
	petra = access.Approver{Person: "W-00012", Name: "Petra Novak", Email: "pnovak@acme.example", Role: "manager"}
	maja  = access.Approver{Person: "W-00031", Name: "Maja Lind", Email: "mlind@acme.example", Role: "security"}
)

func approval() access.Approval {
	return access.Approval{
		ID: "AP-7K2M4QXD", Run: "2026-11-22T01:00:00Z-7f3a", About: access.AboutActions,
		Title: "Kemi Okafor would lose PAY_VENDOR in erp", Lines: []string{"remove PAY_VENDOR from KOKAFOR in erp", "remove CREATE_VENDOR from KOKAFOR in erp"},
		Why: "she moved from Accounts Payable to Procurement on 2026-08-31", Rule: "privilege-creep", FindingID: "F-7Q2K4MZD", Severity: access.High,
		System: "erp", Person: "W-01442", PersonName: "Kemi Okafor",
		Approvers:  []access.Approver{petra, {Person: "W-00077", Name: "Ana Silva", Role: "owner"}},
		Escalation: []access.Approver{maja},
		Need:       1, RaisedAt: at(22, 1), RemindAt: at(22, 5), EscalateAt: at(23, 1), ExpiresAt: at(25, 1), DueAt: at(24, 1), State: access.ApprovalWaiting, Version: 1,
	}
}

// evil is a text that attacks headers, lines, HTML, readers' eyes and whoever clicks.
const evil = "Mallory\r\nBcc: all@acme.example\r\n\r\n<script>alert(1)</script><img src=http://evil.example/x.png> <a href='https://evil.example'>Approve</a> www.evil.example " +
	"a\u202Egpj.exe zero\u200Bwidth nul\x00 \xff =?utf-8?q?x?= 😀 عمر --token TOKEN"

func hostile() access.Approval {
	a := approval()
	long := strings.Repeat("x", 5000)
	a.Title, a.Why, a.Irreversible, a.Lines, a.Conflicts = evil, evil+long, evil, []string{evil, long, "日本 太郎 would lose 権限 in 人事"}, []string{evil}
	a.Approvers = []access.Approver{{Person: "W-9", Name: evil, Role: evil}}
	a.System, a.Rule, a.FindingID, a.Requester, a.Run = evil, evil, evil, evil, evil
	return a
}

func digest(findings int) notice.Digest {
	d := notice.Digest{Organisation: "Acme", Run: "2026-11-22T01:00:00Z-7f3a", AsOf: at(22, 1), Owner: petra, Systems: []string{"directory", "erp"}, Before: &notice.Totals{Open: 498}}
	rules := []struct {
		name     string
		severity access.Severity
	}{{"leaver-active", access.Critical}, {"sod-conflict", access.High}, {"privilege-creep", access.Medium}, {"dormant-account", access.Low}}
	counts := map[string]*access.RuleCount{}
	for i := range findings {
		r := rules[i*len(rules)/findings]
		f := access.Finding{ID: fmt.Sprintf("F-%08d", i), Rule: r.name, Severity: r.severity, State: access.Open, Change: access.ChangeStill, System: d.Systems[i%2],
			Subject: fmt.Sprintf("user%03d", i), PersonName: fmt.Sprintf("Person %03d", i), Message: "the account is enabled 9 days after its person left", FirstSeen: at(1+i%20, 1)}
		if i%50 == 0 {
			f.Change = access.ChangeNew
		}
		d.Findings = append(d.Findings, f)
		c := counts[r.name]
		if c == nil {
			c = &access.RuleCount{Rule: r.name, System: f.System, Severity: r.severity, Resolved: 2}
			counts[r.name] = c
		}
		c.Open++
		if f.Change == access.ChangeNew {
			c.New++
		}
	}
	for _, r := range rules {
		if c := counts[r.name]; c != nil {
			d.Counts = append(d.Counts, *c)
		}
	}
	for i := range 18 {
		d.Done = append(d.Done, notice.Line{ID: fmt.Sprintf("A-%08d", i), Text: fmt.Sprintf("disabled user%03d in directory: left 9 days ago", i)})
	}
	d.Waiting = []notice.Line{{ID: "AP-7K2M4QXD", Text: "Kemi Okafor would lose PAY_VENDOR in erp", Until: at(25, 1)}}
	d.Held = []notice.Line{{ID: "H-3Q2M7KXD", Text: "31 actions in directory: more than 25 at once"}}
	d.Incomplete = []string{"erp is partial: page 3 of 6: 503 after 5 tries"}
	return d
}

func ask(a access.Approval, to access.Approver, o letter.Occasion) letter.Question {
	return letter.Question{Approval: a, To: to, Occasion: o, Token: token, Until: a.ExpiresAt}
}

// letters are one of each kind.
func letters(t *testing.T) map[string]letter.Letter {
	t.Helper()
	stepUp := approval()
	stepUp.StepUp, stepUp.Severity, stepUp.Need, stepUp.Irreversible = true, access.Critical, 2, "open sessions are ended; mailbox rules are lost"
	stepUp.Conflicts = []string{"create vendor + pay vendor: one person could pay an invented vendor"}
	stepUp.Decisions = []access.Decision{{Verdict: access.Approve, By: "W-00077", ByName: "Ana Silva", Role: "owner", Channel: access.ChannelCLI, At: at(22, 9)}}
	denied := approval()
	denied.State, denied.Outcome = access.ApprovalDenied, "nothing was changed"
	denied.Decisions = []access.Decision{{Verdict: access.Deny, By: "W-00077", ByName: "Ana Silva", Role: "owner", Channel: access.ChannelCLI, At: at(22, 9), Reason: "she covers for A. Silva until Friday"}}
	expired := approval()
	expired.State, expired.Decisions = access.ApprovalExpired, []access.Decision{{Verdict: access.Expire, At: at(25, 1), Channel: access.ChannelClock}}
	escalated := approval()
	escalated.Escalated = true
	long := approval()
	long.Lines = nil
	for i := range 300 {
		long.Lines = append(long.Lines, fmt.Sprintf("remove ENTITLEMENT_%03d from KOKAFOR in erp", i))
	}
	linked := ask(approval(), petra, letter.Asked)
	linked.Links.Console = "https://muster.acme.example"
	office := ask(approval(), access.Approver{}, letter.Asked)
	office.Token = ""
	holds := []access.Hold{{ID: "H-3Q2M7KXD", System: "saas", Reason: "31 actions are more than 25", Actions: 31, Accounts: 28}, {ID: "H-9Q2M7KXE", Reason: "the clock went back"}}
	released := []access.Hold{{ID: "H-3Q2M7KXD", System: "saas", ReleasedBy: "W-00012", ReleasedAt: at(22, 8), Release: "checked with the vendor, CHG-4711"}}
	out := map[string]letter.Letter{}
	add := func(name string, l letter.Letter, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = l
	}
	for name, q := range map[string]letter.Question{
		"question": ask(approval(), petra, letter.Asked), "question-console": linked, "question-step-up": ask(stepUp, petra, letter.Asked), "question-long": ask(long, petra, letter.Asked),
		"question-hostile": ask(hostile(), access.Approver{Person: "W-9", Name: evil, Role: evil}, letter.Asked), "question-office": office,
		"reminder": ask(approval(), petra, letter.Reminder), "reminder-snoozed": ask(approval(), petra, letter.Snoozed),
		"escalation": ask(escalated, maja, letter.Escalated), "reminder-escalated": ask(escalated, maja, letter.Snoozed),
	} {
		l, err := q.Letter()
		add(name, l, err)
	}
	l, err := letter.Answered(denied, petra, notice.Links{})
	add("answered-denied", l, err)
	l, err = letter.Answered(expired, maja, notice.Links{Console: "https://muster.acme.example"})
	add("answered-expired", l, err)
	l, err = letter.Digest(digest(500), false)
	add("digest-500", l, err)
	few := digest(3)
	few.Done, few.Held, few.Incomplete, few.Before, few.Links.Console = nil, nil, nil, nil, "https://muster.acme.example"
	l, err = letter.Digest(few, true)
	add("digest-office", l, err)
	bad := digest(4)
	bad.Organisation, bad.Systems, bad.Incomplete, bad.Held[0].Text = evil, []string{evil, evil}, []string{evil}, evil
	for i := range bad.Findings {
		bad.Findings[i].Subject, bad.Findings[i].Message, bad.Findings[i].System, bad.Findings[i].PersonName = evil, evil, evil, evil
	}
	l, err = letter.Digest(bad, false)
	add("digest-hostile", l, err)
	l, err = letter.Holds("2026-11-22T01:00:00Z-7f3a", holds)
	add("holds", l, err)
	l, err = letter.Released("2026-11-22T01:00:00Z-7f3a", released)
	add("holds-released", l, err)
	return out
}

func TestGolden(t *testing.T) {
	for name, l := range letters(t) {
		t.Run(name, func(t *testing.T) {
			for ending, got := range map[string]string{".txt": "Subject: " + l.Subject + "\n\n" + l.Text, ".html": l.HTML} {
				path := filepath.Join("testdata", name+ending)
				if *update {
					if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal([]byte(got), want) {
					t.Errorf("differs from %s (go test -update rewrites it):\n%s", path, got)
				}
			}
		})
	}
}

// TestTextIsReadableAt78Columns lets only commands be longer: a broken one cannot be copied.
func TestTextIsReadableAt78Columns(t *testing.T) {
	for name, l := range letters(t) {
		for line := range strings.Lines(l.Text) {
			n := 0
			for _, r := range strings.TrimSuffix(line, "\n") {
				switch k := width.LookupRune(r).Kind(); {
				case unicode.In(r, unicode.Mn, unicode.Cf):
				case k == width.EastAsianWide, k == width.EastAsianFullwidth:
					n += 2
				default:
					n++
				}
			}
			if n > 78 && !strings.HasPrefix(line, "    muster ") {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
	}
}

func TestCommandsAreWholeAndHoldTheToken(t *testing.T) {
	l, err := ask(approval(), petra, letter.Asked).Letter()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n    muster decide AP-7K2M4QXD approve --token " + token + "\n", "\n    muster decide AP-7K2M4QXD deny --token " + token + " --reason \"...\"\n"} {
		if !strings.Contains(l.Text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	if n := strings.Count(l.HTML, token); n != 2 {
		t.Errorf("the HTML has the token %d times", n)
	}
}

func TestTheDigestOfALetterDoesNotDependOnItsToken(t *testing.T) {
	one := ask(approval(), petra, letter.Asked)
	other := one
	other.Token = "another"
	changed := one
	changed.Approval.Why = "another reason"
	a, _ := one.Letter()
	b, _ := other.Letter()
	c, _ := changed.Letter()
	if a.Digest != b.Digest || a.Digest == c.Digest || a.Text == b.Text {
		t.Errorf("digests %s, %s, %s", a.Digest, b.Digest, c.Digest)
	}
}
