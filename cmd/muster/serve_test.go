package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/cmd/muster/cli"
	"muster/remediate/slack/blocks"
	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/state"
)

// TestADecisionInSlackIsCarriedOutWhileServing lets a night ask in Slack and a click be taken, over both ways in: what was approved is done
// at once and the message says so; who may not decide changes nothing.
func TestADecisionInSlackIsCarriedOutWhileServing(t *testing.T) {
	for _, mode := range []string{"socket", "http"} {
		t.Run(mode, func(t *testing.T) {
			o, fake, channel := servedOrg(t, mode)
			o.nightly(cli.ExitClean)
			question := waitForMessage(t, fake, channel, "Disable mtanaka")
			ctx, stop := context.WithCancel(t.Context())
			served := make(chan string, 1)
			go func() {
				var said strings.Builder
				code := run(ctx, []string{"serve", "--config", filepath.Join(o.dir, "muster.yaml"), "--every", "200ms"}, strings.NewReader(""), &said, &said)
				if code != cli.ExitClean {
					served <- said.String()
				}
				close(served)
			}()
			t.Cleanup(func() {
				stop()
				if said := <-served; said != "" {
					t.Errorf("serve said: %s", said)
				}
			})
			for _, user := range []string{"U0STRANGER", "U0MANAGER"} {
				click(t, fake, slackfake.Click{User: user, Channel: channel, TS: question.TS, ActionID: blocks.ActionApprove})
			}
			waitForMessage(t, fake, channel, " (manager) ")
			waitForMessage(t, fake, channel, "ordered at")
			orders, err := filepath.Glob(filepath.Join(o.dir, ".muster/orders/vpn/*/A-*.json"))
			if err != nil || len(orders) != 1 {
				t.Errorf("%d orders were written, want the one that was approved: %v %v", len(orders), orders, err)
			}
			if doubled := fake.Duplicates(); len(doubled) > 0 {
				t.Errorf("messages were posted twice: %v", doubled)
			}
			code, stdout, stderr := o.muster("actions", "--state", "ordered")
			if code != 0 || !strings.Contains(stdout, "disable mtanaka") {
				t.Errorf("actions: exit %d %s %s", code, stdout, stderr)
			}
			if code, stdout, stderr = o.muster("ledger", "verify"); code != 0 {
				t.Errorf("ledger: exit %d %s %s", code, stdout, stderr)
			}
		})
	}
}

// servedOrg is the starter organisation with a leaver to ask about, on a Slack of its own.
func servedOrg(t *testing.T, mode string) (*org, *slackfake.Server, string) {
	t.Helper()
	t.Setenv("MUSTER_ENGINE_LIB", library(t))
	o := &org{t: t, dir: t.TempDir()}
	if code, _, stderr := o.configured("unused", "init", o.dir); code != 0 {
		t.Fatal(stderr)
	}
	fake := slackfake.New(slackfake.Options{NoLimits: true})
	t.Cleanup(fake.Close)
	channel := fake.AddChannel(state.Channel{Name: "access"})
	for _, u := range []state.User{{ID: "U0MANAGER", Name: "amara"}, {ID: "U0STRANGER", Name: "somebody"}} {
		fake.AddUser(u)
	}
	settings := "mode: " + mode
	if mode == "http" {
		address := freeAddress(t)
		fake.SetRequestURL("http://" + address + "/slack/interactions")
		settings += ", listen: " + address
	}
	t.Setenv("SLACK_BOT", fake.BotToken())
	t.Setenv("SLACK_APP", fake.AppToken())
	t.Setenv("SLACK_SECRET", fake.SigningSecret())
	o.edit("muster.yaml", func(s string) string {
		s = strings.Replace(s, "        entitlements: {column: groups, separator: \";\"}\n", "        entitlements: {column: groups, separator: \";\"}\n    remediation: {max_percent: 100}\n", 1)
		return s + `
remediation: {mode: apply, policies: [policies.yaml]}
people:
  security: [W-002]
  identities: [{person: W-001, slack: {team: ` + fake.Team().ID + `, user: U0MANAGER}}]
slack: {team: ` + fake.Team().ID + `, app: ` + fake.App().ID + `, bot_token: {env: SLACK_BOT}, app_token: {env: SLACK_APP}, signing_secret: {env: SLACK_SECRET},
  channel: ` + channel.ID + `, decide_up_to: critical, api_url: "` + fake.APIURL() + `", ` + settings + `}
`
	})
	policy := `policies: [{name: leavers, rules: [leaver-active], mode: approve, step_up: false, approvers: {route: [manager], need: 1}, actions: [disable-account]}, {name: rest, rules: ["*"], mode: off}]`
	if err := os.WriteFile(filepath.Join(o.dir, "policies.yaml"), []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	return o, fake, channel.ID
}

// click presses a button as soon as the app listens.
func click(t *testing.T, fake *slackfake.Server, c slackfake.Click) {
	t.Helper()
	until := time.Now().Add(30 * time.Second)
	for {
		_, err := fake.Click(t.Context(), c)
		if err == nil {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("click of %s: %v", c.User, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// waitForMessage waits until a message of the channel, or of its threads, says something.
func waitForMessage(t *testing.T, fake *slackfake.Server, channel, text string) state.Message {
	t.Helper()
	until := time.Now().Add(60 * time.Second)
	for {
		for _, m := range fake.Messages(channel) {
			if strings.Contains(string(mustJSON(m)), text) {
				return m
			}
			for _, r := range fake.Thread(channel, m.TS) {
				if strings.Contains(string(mustJSON(r)), text) {
					return r
				}
			}
		}
		if time.Now().After(until) {
			t.Fatalf("no message says %q: %s", text, mustJSON(fake.Messages(channel)))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
