package blocks_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"

	"muster/internal/access"
	"muster/remediate/notice"
	"muster/remediate/slack/blocks"
	"muster/remediate/slack/slackfake/blockkit"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func at(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }

func context() blocks.Context {
	return blocks.Context{People: map[string]string{"W-00012": "U0PNOVAK", "W-00031": "U0MLIND"}}
}

func approval() access.Approval {
	return access.Approval{
		ID: "AP-7K2M4QXD", Run: "2026-11-22T01:00:00Z-7f3a", About: access.AboutActions,
		Title: "Kemi Okafor would lose PAY_VENDOR in erp", Lines: []string{"remove PAY_VENDOR from KOKAFOR in erp", "remove CREATE_VENDOR from KOKAFOR in erp"},
		Why: "she moved from Accounts Payable to Procurement on 2026-08-31", Rule: "privilege-creep", FindingID: "F-7Q2K4MZD", Severity: access.High,
		System: "erp", Person: "W-01442", PersonName: "Kemi Okafor",
		Approvers:  []access.Approver{{Person: "W-00012", Name: "Petra Novak", Role: "manager"}, {Person: "W-00077", Name: "Ana Silva", Role: "owner"}},
		Escalation: []access.Approver{{Person: "W-00031", Name: "Maja Lind", Role: "security"}},
		Need:       1, RaisedAt: at(22, 1), RemindAt: at(22, 5), EscalateAt: at(23, 1), ExpiresAt: at(25, 1), DueAt: at(24, 1), State: access.ApprovalWaiting, Version: 1,
	}
}

const token = "AP-7K2M4QXD.c29tZS1vcGFxdWUtbWFjLW9mLXRoaXJ0eS10d28tYnl0ZXMx"

// hostile is an approval in which every text is an attack.
func hostile() access.Approval {
	a := approval()
	bad := "<!channel> <https://evil.example|Approve> @here & *bold* `code` _x_ :white_check_mark: a\u202Egpj.exe\nline\r\ntwo\x00\u200B\uFEFF"
	a.Title, a.Why, a.Irreversible, a.Lines, a.Conflicts = bad, bad, bad, []string{bad, bad}, []string{bad}
	a.Approvers = []access.Approver{{Person: "W-9", Name: bad, Role: bad}}
	a.System, a.Rule, a.FindingID = bad, bad, bad
	return a
}

func digest(findings int) notice.Digest {
	d := notice.Digest{Organisation: "acme", Run: "2026-11-22T01:00:00Z-7f3a", AsOf: at(22, 1), Owner: access.Approver{Person: "W-00012", Name: "Petra Novak", Role: "owner"},
		Systems: []string{"erp", "directory"}, Before: &notice.Totals{Open: 498}}
	rules := []struct {
		name     string
		severity access.Severity
	}{{"leaver-active", access.Critical}, {"sod-conflict", access.High}, {"privilege-creep", access.Medium}, {"dormant-account", access.Low}}
	counts := map[string]*access.RuleCount{}
	for i := range findings {
		r := rules[i*len(rules)/findings]
		f := access.Finding{ID: fmt.Sprintf("F-%08d", i), Rule: r.name, Severity: r.severity, State: access.Open, Change: access.ChangeStill, System: []string{"erp", "directory"}[i%2],
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
	for i := range 12 {
		d.Done = append(d.Done, notice.Line{ID: fmt.Sprintf("A-%08d", i), Text: fmt.Sprintf("disabled user%03d in directory: left 9 days ago", i)})
	}
	d.Waiting = []notice.Line{{ID: "AP-7K2M4QXD", Text: "Kemi Okafor would lose PAY_VENDOR in erp", Until: at(25, 1)}}
	d.Held = []notice.Line{{ID: "H-3Q2M7KXD", Text: "31 actions in saas: more than 25 at once"}}
	d.Incomplete = []string{"saas is partial (page 3 of 6: 503 after 5 tries)"}
	return d
}

func TestGolden(t *testing.T) {
	resolved := approval()
	resolved.State, resolved.Version, resolved.Outcome = access.ApprovalDenied, 2, "nothing was changed"
	resolved.Decisions = []access.Decision{{Verdict: access.Deny, By: "W-00077", ByName: "Ana Silva", Role: "owner", Channel: access.ChannelSlack, At: at(22, 9), Reason: "she covers for A. Silva until Friday"}}
	expired := approval()
	expired.State, expired.Decisions = access.ApprovalExpired, []access.Decision{{Verdict: access.Expire, At: at(25, 1), Channel: access.ChannelClock}}
	stepUp := approval()
	stepUp.StepUp, stepUp.Severity, stepUp.Need, stepUp.Irreversible = true, access.Critical, 2, "open sessions are ended"
	stepUp.Conflicts = []string{"create vendor + pay vendor"}
	stepUp.Decisions = []access.Decision{{Verdict: access.Approve, By: "W-00012", ByName: "Petra Novak", Role: "manager", Channel: access.ChannelCLI, At: at(22, 9)}}
	long := approval()
	long.Lines = nil
	for i := range 300 {
		long.Lines = append(long.Lines, fmt.Sprintf("remove ENTITLEMENT_%03d from KOKAFOR in erp", i))
	}
	released := []access.Hold{{ID: "H-3Q2M7KXD", System: "saas", Reason: "31 actions are more than 25", Actions: 31, Accounts: 28}, {ID: "H-9Q2M7KXE", System: "erp", Cause: "incomplete",
		Reason: "the snapshot is partial", Actions: 2, Accounts: 2, ReleasedBy: "W-00012", ReleasedAt: at(22, 8), Release: "checked with the vendor, CHG-4711"}}
	linked := digest(3)
	linked.Links.Console = "https://muster.acme.example"
	linked.Done, linked.Held, linked.Incomplete, linked.Before = nil, nil, nil, nil
	quiet := notice.Digest{Organisation: "acme", Run: "r", AsOf: at(22, 1), Systems: []string{"erp"}}
	for name, m := range map[string]any{
		"approval":          blocks.Approval(approval(), token, context()),
		"approval-denied":   blocks.Approval(resolved, token, context()),
		"approval-expired":  blocks.Approval(expired, token, context()),
		"approval-step-up":  blocks.Approval(stepUp, token, context()),
		"approval-long":     blocks.Approval(long, token, context()),
		"approval-hostile":  blocks.Approval(hostile(), token, context()),
		"holds":             blocks.Holds("2026-11-22T01:00:00Z-7f3a", released, context()),
		"digest-500":        blocks.Digest(digest(500), context()),
		"digest-console":    blocks.Digest(linked, context()),
		"digest-nothing":    blocks.Digest(quiet, context()),
		"critical":          blocks.Critical(digest(4), digest(4).Findings[0], context()),
		"view-deny":         blocks.DenyView(approval(), token),
		"view-details-long": blocks.DetailsView(long, context()),
		"view-hostile":      blocks.DetailsView(hostile(), context()),
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			e.SetIndent("", " ")
			if err := e.Encode(m); err != nil {
				t.Fatal(err)
			}
			check(t, b.Bytes())
			path := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b.Bytes(), want) {
				t.Errorf("differs from %s (go test -update rewrites it):\n%s", path, b.Bytes())
			}
		})
	}
}

// check holds the JSON of a message or view against Slack's limits.
func check(t *testing.T, text []byte) {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	list, _ := m["blocks"].([]any)
	surface := blockkit.Message
	if m["type"] == "modal" {
		surface = blockkit.View
	} else if w := blockkit.Weight(list); w > blockkit.MaxWeight {
		t.Errorf("weighs %d, more than %d", w, blockkit.MaxWeight)
	}
	for _, p := range blockkit.Check(list, surface, "/blocks") {
		t.Error(p)
	}
}

func TestDigestOf500FindingsIsSmall(t *testing.T) {
	m := blocks.Digest(digest(500), context())
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if n := utf8.RuneCount(text); len(m.Blocks) > 20 || n >= 10000 {
		t.Fatalf("%d blocks, %d characters", len(m.Blocks), n)
	}
}

func TestHoweverLargeTheModelTheMessageFits(t *testing.T) {
	huge := ""
	for range 5000 {
		huge += "&"
	}
	d := digest(500)
	d.Organisation, d.Run = huge, huge
	for i := range d.Findings {
		d.Findings[i].Subject, d.Findings[i].Message, d.Findings[i].System, d.Findings[i].Rule = huge, huge, huge, huge
	}
	for i := range 40 {
		d.Counts = append(d.Counts, access.RuleCount{Rule: fmt.Sprint(i, huge), Open: 1, Severity: access.High})
		d.Waiting = append(d.Waiting, notice.Line{Text: huge, ID: "AP-1"})
		d.Held, d.Incomplete, d.Systems = append(d.Held, notice.Line{Text: huge}), append(d.Incomplete, huge), append(d.Systems, huge)
	}
	a := hostile()
	a.StepUp, a.Escalated = true, true
	for i := range 100 {
		a.Lines, a.Conflicts = append(a.Lines, huge), append(a.Conflicts, huge)
		a.Approvers = append(a.Approvers, access.Approver{Person: fmt.Sprint(i), Name: huge, Role: huge})
		a.Decisions = append(a.Decisions, access.Decision{Verdict: access.Deny, ByName: huge, Role: huge, Reason: huge})
	}
	a.Title, a.Why, a.Irreversible, a.Run = huge, huge, huge, huge
	answered := a
	answered.State, answered.Outcome = access.ApprovalDenied, huge
	var holds []access.Hold
	for range 100 {
		holds = append(holds, access.Hold{ID: "H-1", System: huge, Reason: huge, Release: huge, ReleasedBy: huge, ReleasedAt: at(1, 1)})
	}
	for name, v := range map[string]any{"digest": blocks.Digest(d, context()), "approval": blocks.Approval(a, token, context()), "answered": blocks.Approval(answered, token, context()),
		"holds": blocks.Holds(huge, holds, context()), "critical": blocks.Critical(d, d.Findings[0], context()), "details": blocks.DetailsView(a, context()), "deny": blocks.DenyView(a, token)} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			check(t, text)
		})
	}
}
