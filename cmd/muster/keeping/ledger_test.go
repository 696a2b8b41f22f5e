package keeping

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"muster/cmd/muster/cli"
	"muster/internal/ledger"
)

// interrupted is standard output; the command is interrupted when it writes the first bytes.
type interrupted struct {
	bytes.Buffer
	stop func()
}

func (w *interrupted) Write(p []byte) (int, error) {
	w.stop()
	return w.Buffer.Write(p)
}

// TestAnExportThatIsInterruptedGivesItsCursor: what was printed are whole lines, and the next export goes on behind them.
func TestAnExportThatIsInterruptedGivesItsCursor(t *testing.T) {
	dir := t.TempDir()
	l, err := ledger.Open(dir, ledger.Options{Origin: "muster.example/acme"})
	if err != nil {
		t.Fatal(err)
	}
	events := make([]ledger.Event, 700)
	for i := range events {
		events[i] = ledger.Event{Type: ledger.Config, Data: fmt.Sprint(strings.Repeat("x", 500), i)}
	}
	if _, err := l.Append(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"raw", "ocsf"} {
		for _, follow := range []bool{false, true} {
			ctx, stop := context.WithCancel(t.Context())
			out, told := &interrupted{stop: stop}, &bytes.Buffer{}
			export := func(ctx context.Context, args ...string) error {
				app := &cli.App{Stdout: out, Stderr: told, Format: "table"}
				c := LedgerCommands(app, func() (string, error) { return dir, nil })[0]
				c.SilenceErrors, c.SilenceUsage = true, true
				c.SetArgs(append([]string{"--format", format}, args...))
				return c.ExecuteContext(ctx)
			}
			if err := export(ctx, fmt.Sprintf("--follow=%t", follow)); (err == nil) != follow {
				t.Errorf("%s, follow %t: %v", format, follow, err)
			}
			n := strings.Count(out.String(), "\n")
			cursor, ok := strings.CutPrefix(strings.TrimSpace(told.String()), "cursor ")
			if !ok || !strings.HasPrefix(cursor, fmt.Sprint(n, ":")) || n == 0 || n == len(events) || !strings.HasSuffix(out.String(), "}\n") {
				t.Fatalf("%s, follow %t: %d whole lines, told %q", format, follow, n, told)
			}
			out.stop = func() {}
			if err := export(t.Context(), "--after", cursor); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(out.String(), "\n"); n != len(events) {
				t.Errorf("%s, follow %t: %d lines after both", format, follow, n)
			}
		}
	}
}
