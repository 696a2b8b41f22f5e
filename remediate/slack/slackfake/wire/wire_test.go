package wire_test

import (
	"fmt"
	"testing"
	"time"

	"muster/remediate/slack/slackfake/wire"
)

// TestSignatureIsThatOfTheDocumentation uses the example of docs.slack.dev/authentication/verifying-requests-from-slack.
func TestSignatureIsThatOfTheDocumentation(t *testing.T) {
	body := "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA" +
		"&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
		"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	if got := wire.Signature("8f742231b10e8888abcd99yyyzzz85a5", 1531420618, []byte(body)); got != "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503" {
		t.Errorf("signed as %s", got)
	}
}

func TestRandomFaultsComeInTheirShareAndAgainWithTheSeed(t *testing.T) {
	draw := func(seed uint64) (string, map[wire.Kind]int) {
		f := wire.NewFaults()
		f.Random("chat.postMessage", seed, map[wire.Kind]float64{wire.TooMany: 0.2, wire.Commit + wire.Drop: 0.3})
		series, counts := "", map[wire.Kind]int{}
		for range 1000 {
			kind := f.Take("chat.postMessage").Kind
			series += string(kind) + " "
			counts[kind]++
		}
		if f.Take("auth.test").Kind != wire.NoFault {
			t.Error("another method fails too")
		}
		f.Clear()
		if f.Take("chat.postMessage").Kind != wire.NoFault {
			t.Error("it fails after Clear")
		}
		return series, counts
	}
	one, counts := draw(7)
	if again, _ := draw(7); again != one {
		t.Error("the same seed gives another series")
	}
	if other, _ := draw(8); other == one {
		t.Error("another seed gives the same series")
	}
	if counts[wire.TooMany] < 150 || counts[wire.TooMany] > 250 || counts[wire.Commit+wire.Drop] < 250 || counts[wire.Commit+wire.Drop] > 350 {
		t.Errorf("of 1,000: %v", counts)
	}
}

func TestQueuedFaultsComeFirstAndInOrder(t *testing.T) {
	f := wire.NewFaults()
	f.Random("*", 1, map[wire.Kind]float64{wire.Hang: 1})
	f.Next("*", wire.Fault{Kind: wire.Drop}, 1)
	f.Next("a", wire.Fault{Kind: wire.Internal}, 2)
	f.Next("a", wire.Fault{}, 1)
	var got []wire.Kind
	for range 5 {
		got = append(got, f.Take("a").Kind)
	}
	if fmt.Sprintf("%q", got) != `["500" "500" "" "drop" "hang"]` {
		t.Errorf("faults are %q", got)
	}
}

func TestClockRunsAtItsScale(t *testing.T) {
	fast := wire.Clock(1000)
	begin := fast()
	time.Sleep(20 * time.Millisecond)
	if passed := fast().Sub(begin); passed < 15*time.Second {
		t.Errorf("%s passed", passed)
	}
	if off := time.Until(wire.Clock(0)()).Abs(); off > time.Second {
		t.Errorf("the plain clock is off by %s", off)
	}
}
