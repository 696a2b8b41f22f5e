package crash

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"muster/internal/drill/crash/stand"
	"muster/internal/drill/drilltest"
	"muster/internal/ledger"
	"muster/internal/store/engine"
)

func TestMain(m *testing.M) {
	switch {
	case engine.IsChild():
		os.Exit(engine.ChildMain(os.Args))
	case IsChild():
		os.Exit(ChildMain())
	}
	os.Exit(m.Run())
}

// need skips where a server or the engine is not installed; in CI that is a failure.
func need(t *testing.T) {
	t.Helper()
	err := stand.Available()
	if err == nil {
		var e *engine.Engine
		if e, err = engine.Attach(t.Context(), engine.Options{Dir: t.TempDir()}); err == nil {
			err = e.Close()
		}
	}
	drilltest.Need(t, err)
}

// TestKilledAppliesLoseAndDoubleNothing is a short one of `make crash`: each kind of action on each system is killed at one step, some
// messages are, and a few processes at random.
func TestKilledAppliesLoseAndDoubleNothing(t *testing.T) {
	need(t)
	o := Options{Kills: 20, Rounds: 1, Seed: uint64(time.Now().UnixNano())}
	if testing.Short() {
		o.Kills = 5
	}
	result, err := Run(t.Context(), o, drilltest.Lines{T: t})
	if err != nil {
		t.Fatal(err)
	}
	if !result.Passed() || result.Kills < o.Kills+len(pairings()) {
		t.Errorf("\n%s", result)
	}
	t.Logf("\n%s", result)
}

// TestTheDrillFindsWhatNaiveProcessesDo proves that the drill can fail: its victims take what was begun for done, and send again what may
// have arrived.
func TestTheDrillFindsWhatNaiveProcessesDo(t *testing.T) {
	need(t)
	result, err := Run(t.Context(), Options{Rounds: 1, naive: true, systems: []string{stand.Payroll}}, drilltest.Lines{T: t})
	if err != nil {
		t.Fatal(err)
	}
	if result.Passed() || len(result.Lost) == 0 || result.duplicates() == 0 || len(result.Problems) > 0 {
		t.Errorf("\n%s", result)
	}
	if text := result.String(); !strings.Contains(text, "again with: ") || strings.HasSuffix(text, "lost 0 duplicate_posts 0\n") {
		t.Errorf("the report says\n%s", text)
	}
}

func TestChangesAreWeighedByTheirTime(t *testing.T) {
	at := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	write := func(seconds float64) stand.Write {
		return stand.Write{At: at.Add(time.Duration(seconds * float64(time.Second)))}
	}
	intent := &tape{intent: &ledger.Entry{Time: at}, receipts: []receipt{{Entry: ledger.Entry{Time: at.Add(10 * time.Second)}}}}
	for name, c := range map[string]struct {
		writes        []stand.Write
		doubled, lost int
		others        int
	}{
		"once":                 {[]stand.Write{write(1)}, 0, 0, 0},
		"twice":                {[]stand.Write{write(1), write(2)}, 1, 0, 0},
		"never":                {nil, 0, 1, 0},
		"before the intent":    {[]stand.Write{write(-1)}, 0, 1, 1},
		"after the receipt":    {[]stand.Write{write(3), write(11)}, 0, 0, 1},
		"within the tolerance": {[]stand.Write{write(-0.005)}, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := &drill{measure: map[string]int{}, result: Result{Doubled: map[string]string{}, Lost: map[string]string{}}}
			x := &deed{Case: stand.Case{System: stand.CRM, Kind: "disable-account"}, id: "A-1"}
			d.measure[measureOf(x.Case, false)] = 1
			others := d.weigh(x, intent, c.writes)
			if len(d.result.Doubled) != c.doubled || len(d.result.Lost) != c.lost || len(others) != c.others {
				t.Errorf("doubled %v, lost %v, others %v", d.result.Doubled, d.result.Lost, others)
			}
		})
	}
	twice := &tape{receipts: []receipt{{}, {}}}
	if doubled(twice) == "" || doubled(&tape{receipts: []receipt{{}, {Recovered: true}}}) != "" {
		t.Error("two receipts that say that it was done are not told from one and a recovery's")
	}
}

func TestBadUse(t *testing.T) {
	for _, args := range [][]string{{"-nonsense"}, {"more"}, {"-kills", "-1"}, {"-rounds", "99"}} {
		var out, errs bytes.Buffer
		if code := Command(context.Background(), args, &out, &errs); code != 4 || out.Len() > 0 {
			t.Errorf("%v: exit %d, %s", args, code, out.String())
		}
	}
}
