package spoof

import (
	"os"
	"strings"
	"testing"

	"muster/internal/drill/drilltest"
	stage "muster/internal/drill/spoof/house"
	"muster/internal/ledger"
	"muster/internal/store/engine"
	"muster/internal/testserver/smtp"
	"muster/remediate/approve"
)

func TestMain(m *testing.M) {
	if engine.IsChild() {
		os.Exit(engine.ChildMain(os.Args))
	}
	os.Exit(m.Run())
}

// program builds muster, where the mail server is that the drill needs.
func program(t *testing.T) string {
	t.Helper()
	server, err := smtp.Start(t.Context(), smtp.Options{})
	drilltest.Need(t, err)
	server.Stop()
	return drilltest.Program(t)
}

// TestNothingForgedIsTaken is a short one of `make spoof`: of like attempts one in many, every reason to refuse, and every honest way.
func TestNothingForgedIsTaken(t *testing.T) {
	r, err := Run(t.Context(), Options{Seed: 1, Every: 40, Muster: program(t)}, drilltest.Lines{T: t})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Good() {
		t.Errorf("%s; %d honest; never refused as %q\n%s", r, r.Honest, r.missing(), strings.Join(r.Faults, "\n"))
	}
	t.Log(r)
}

// TestTheDrillFindsWhatIsTaken shows the drill's judge what would be wrong.
func TestTheDrillFindsWhatIsTaken(t *testing.T) {
	refusal := stage.Entry{Kind: ledger.Refusal, Approval: "AP-1", Channel: "slack", Why: "stranger", Who: "abc"}
	decision := stage.Entry{Kind: ledger.Decision, Approval: "AP-1", By: "W-1"}
	before := map[string]string{"approval AP-1": "1 waiting {}", "action A-1": "1 waiting {}"}
	with := func(id, body string) map[string]string {
		return map[string]string{"approval AP-1": before["approval AP-1"], "action A-1": before["action A-1"], id: body}
	}
	change := func(f func(*stage.Entry)) stage.Entry {
		e := refusal
		f(&e)
		return e
	}
	for _, c := range []struct {
		name     string
		got      []stage.Entry
		after    map[string]string
		accepted int
		faults   int
	}{
		{"refused as it should be", []stage.Entry{refusal}, before, 0, 0},
		{"decided", []stage.Entry{decision}, before, 1, 1},
		{"refused and decided", []stage.Entry{refusal, decision}, before, 1, 1},
		{"refused, and the question changed", []stage.Entry{refusal}, with("approval AP-1", "2 approved {}"), 1, 1},
		{"refused, and the action changed", []stage.Entry{refusal}, with("action A-1", "2 ordered {}"), 1, 1},
		{"refused, and there is a new action", []stage.Entry{refusal}, with("action A-2", "1 planned {}"), 1, 1},
		{"refused, and the question is gone", []stage.Entry{refusal}, map[string]string{"action A-1": before["action A-1"]}, 1, 1},
		{"not on the ledger", nil, before, 0, 1},
		{"twice on the ledger", []stage.Entry{refusal, refusal}, before, 0, 1},
		{"refused for another reason", []stage.Entry{change(func(e *stage.Entry) { e.Why = "closed" })}, before, 0, 1},
		{"refused about another question", []stage.Entry{change(func(e *stage.Entry) { e.Approval = "AP-2" })}, before, 0, 1},
		{"refused, and nobody knows whom", []stage.Entry{change(func(e *stage.Entry) { e.Who = "" })}, before, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &house{before: before, result: Result{Kinds: map[approve.RefusalKind]int{}}}
			h.judge(attempt{group: "g", name: "n", about: "AP-1", why: approve.RefusedStranger}, c.got, c.after)
			if h.result.Accepted != c.accepted || len(h.result.Faults) != c.faults {
				t.Errorf("accepted %d, faults %q", h.result.Accepted, h.result.Faults)
			}
		})
	}
}

func TestWhatIsGood(t *testing.T) {
	all := map[approve.RefusalKind]int{}
	for _, k := range kinds() {
		all[k] = 1
	}
	good := Result{Tried: 200, Honest: minHonest, Kinds: all}
	if !good.Good() || good.String() != "tried 200 accepted 0" {
		t.Errorf("%s is good: %t", good, good.Good())
	}
	few := map[approve.RefusalKind]int{approve.RefusedTeam: 200}
	for name, bad := range map[string]Result{"one taken": {Tried: 200, Accepted: 1, Honest: minHonest, Kinds: all}, "a fault": {Tried: 200, Honest: minHonest, Kinds: all, Faults: []string{"x"}},
		"nothing honest": {Tried: 200, Kinds: all}, "a reason missing": {Tried: 200, Honest: minHonest, Kinds: few}, "nothing tried": {Honest: minHonest, Kinds: all}} {
		if bad.Good() {
			t.Errorf("%s is good", name)
		}
	}
}
